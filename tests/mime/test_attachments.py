"""Attachments: any data, from anywhere, with the right headers."""

from __future__ import annotations

import collections.abc as c
import email
import email.policy
import io
import os
import pathlib
import tempfile
import tracemalloc
import typing as t

import pytest
from werkzeug.datastructures import FileStorage

from flask_mail import Attachment
from flask_mail import Message
from flask_mail.compose import compose
from flask_mail.errors import BadHeaderError
from flask_mail.errors import ContentError
from flask_mail.mime import blobs
from flask_mail.mime.attachments import attachment_part
from flask_mail.mime.base64 import Base64
from flask_mail.mime.base64 import BLOCK
from flask_mail.mime.base64 import lines

from ..properties import reading

DATA = bytes(range(256)) * 1000


def part(attachment: Attachment, **options: t.Any) -> email.message.EmailMessage:
    """The attachment as the standard library reads it."""
    made = attachment_part(attachment, "attachments[0]", **options)
    body = b"".join(
        piece.replace("\n", "\r\n").encode() if isinstance(piece, str) else b"".join(t.cast("t.Any", piece))
        for piece in made.body
    )
    octets = made.head.replace("\n", "\r\n").encode() + b"\r\n" + body
    return t.cast("email.message.EmailMessage", email.message_from_bytes(octets, policy=email.policy.default))


class OnceOnly(io.RawIOBase):
    """A stream such as a socket or a pipe: it cannot be rewound."""

    def __init__(self, data: bytes) -> None:
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        return self._rest.readinto(buffer)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    file = tmp_path / "报告.bin"
    file.write_bytes(DATA)
    return file


@pytest.fixture
def sources(path: pathlib.Path) -> c.Iterator[dict[str, t.Any]]:
    with path.open("rb") as file, tempfile.SpooledTemporaryFile() as spooled:
        spooled.write(DATA)
        yield {
            "bytes": DATA,
            "bytearray": bytearray(DATA),
            "memoryview": memoryview(DATA),
            "path": path,
            "open file": file,
            "BytesIO": io.BytesIO(DATA),
            "spooled file": spooled,
            "pipe": OnceOnly(DATA),
            "upload": FileStorage(io.BytesIO(DATA), "x.bin", content_type="application/x-thing"),
        }


def test_data_from_anywhere_and_the_same_again(sources: dict[str, t.Any]) -> None:
    for name, data in sources.items():
        attachment = Attachment("x.bin", None, data)
        for _ in range(2):
            assert part(attachment).get_content() == DATA, name


def test_an_open_file_is_left_where_it_stood(path: pathlib.Path) -> None:
    with path.open("rb") as file:
        file.seek(100)
        assert part(Attachment("x.bin", None, file)).get_content() == DATA
        assert file.tell() == 100


@pytest.mark.parametrize("text", ["héllo", "名前\r\n", "plain", ""])
def test_text_goes_as_utf8_with_its_charset(text: str) -> None:
    """Flask-Mail 0.10.0 sends it as Latin-1 without a charset, or not at all."""
    for data in (text, io.StringIO(text)):
        found = part(Attachment("a.txt", "text/plain", data))
        assert found.get_content_charset() == "utf-8"
        assert found.get_payload(decode=True) == text.encode()


def test_octets_of_text_get_a_charset_only_where_it_is_known() -> None:
    assert part(Attachment("a.csv", "text/csv", "é".encode())).get_content_charset() == "utf-8"
    assert part(Attachment("a.csv", "text/csv", "é".encode("latin-1"))).get_content_charset() is None
    assert part(Attachment("a.csv", "text/csv", b"a")).get_content_charset() is None


@pytest.mark.parametrize(
    ("octets", "charset"),
    [
        ("é".encode(), "utf-8"),
        (b"x" * (BLOCK - 1) + "é".encode(), "utf-8"),  # cut at the border of a block
        (b"x" * BLOCK + b"\xc3", None),
        ("é".encode("latin-1"), None),
        (b"a", None),
    ],
)
def test_octets_of_text_have_the_same_charset_from_anywhere(
    octets: bytes, charset: str | None, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(octets)
    with file.open("rb") as opened:
        for data in (
            octets,
            bytearray(octets),
            memoryview(octets),
            file,
            opened,
            io.BytesIO(octets),
            FileStorage(io.BytesIO(octets), "a.csv"),
            OnceOnly(octets),
        ):
            found = part(Attachment("a.csv", "text/csv", data))
            assert (found.get_content_charset(), found.get_payload(decode=True)) == (charset, octets), data


@pytest.mark.parametrize("kind", ["text/plain", "message/rfc822"])
def test_a_large_file_is_never_in_memory(kind: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "a.txt"
    line = b"Subject: x" + b"y" * 50 + b"\r\n"
    file.write_bytes((line if kind == "message/rfc822" else "é".encode() * 30 + b"\n") * 100_000)
    in_memory = file.read_bytes()
    for data in (file, in_memory):
        tracemalloc.start()
        made = attachment_part(Attachment("a", kind, data), "attachments[0]")
        total = sum(len(piece) for piece in t.cast("t.Any", made.body[0]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert total == t.cast("t.Any", made.body[0]).size
        assert peak < 2_000_000


def test_a_charset_that_is_asked_for_is_used() -> None:
    found = part(Attachment("a.csv", "text/csv; charset=gbk", "名前"))
    assert (found.get_content_charset(), found.get_payload(decode=True)) == ("gbk", "名前".encode("gbk"))
    with pytest.raises(ContentError, match=r"^attachments\[0\]"):
        part(Attachment("a.csv", "text/csv; charset=us-ascii", "é"))


@pytest.mark.parametrize("name", ["shift_jis", "euc-jp", "iso-2022-jp", "big5", "latin-1"])
def test_text_is_in_the_charset_that_the_label_names(name: str) -> None:
    """Messages in Shift_JIS travel as ISO-2022-JP, but a file is what its label says."""
    text = "é" if name == "latin-1" else "日本"
    found = part(Attachment("a.txt", f"text/plain; charset={name}", text))
    assert (found.get_content_charset(), found.get_payload(decode=True)) == (name, text.encode(name))


@pytest.mark.parametrize(
    ("filename", "data", "kind"),
    [
        ("a.pdf", b"", "application/pdf"),
        ("a.tar.gz", b"", "application/gzip"),
        ("a.unknown-thing", b"", "application/octet-stream"),
        ("a.unknown-thing", "", "text/plain"),
        (None, b"", "application/octet-stream"),
        (None, "", "text/plain"),
    ],
)
def test_the_type_is_guessed_from_the_name(filename: str | None, data: t.Any, kind: str) -> None:
    assert Attachment(filename, None, data).content_type == kind


def test_names_and_types_come_with_paths_files_and_uploads(path: pathlib.Path) -> None:
    upload = Attachment(data=FileStorage(io.BytesIO(b"x"), "photo.png", content_type="image/png"))
    assert (upload.filename, upload.content_type) == ("photo.png", "image/png")
    assert Attachment(data=path).filename == "报告.bin"
    with path.open("rb") as file:
        assert Attachment(data=file).filename == "报告.bin"
    assert Attachment(data=io.BytesIO(b"")).filename is None


def test_data_is_required() -> None:
    with pytest.raises(ValueError, match="'data' argument is required"):
        Attachment("a.txt")


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("test doc.txt", "test doc.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("a\tb.txt", "a b.txt"),
        ("dir/", None),
        (".", "attachment"),
        ("../..", "attachment"),
        (".profile", ".profile"),
        ("", None),
        (None, None),
    ],
)
def test_file_names_have_no_directories(given: str | None, sent: str | None) -> None:
    assert part(Attachment(given, "text/plain", b"x")).get_filename() == sent


def test_a_chinese_name_is_there_for_new_and_for_old_readers() -> None:
    made = attachment_part(Attachment("测试.pdf", None, b"x"), "attachments[0]")
    assert "Content-Disposition: attachment; filename*=UTF8''%E6%B5%8B%E8%AF%95.pdf\n" in made.head
    assert 'Content-Type: application/pdf;\n name="=?utf-8?b?5rWL6K+VLnBkZg==?="\n' in made.head


@pytest.mark.parametrize(
    ("given", "sent"), [("ünicödeß ←.→ ✓.txt", "unicode . .txt"), ("测试.pdf", "attachment.pdf"), ("测", "attachment")]
)
def test_names_can_be_reduced_to_ascii(given: str, sent: str) -> None:
    assert part(Attachment(given, "text/plain", b"x"), ascii_names=True).get_filename() == sent


def test_headers_of_ones_own_are_honoured() -> None:
    own = {
        "X-Note": "名",
        "Content-ID": "<logo@x>",
        "Content-Description": "A file",
        "Content-Transfer-Encoding": "base64",
    }
    for headers in (own, list(own.items())):  # Flask-Mail 0.9 took pairs
        found = part(Attachment("a.txt", "text/plain", b"x", headers=headers))
        assert (found["X-Note"], found["Content-ID"], found["Content-Description"]) == ("名", "<logo@x>", "A file")
        assert len(found.get_all("Content-Transfer-Encoding") or []) == 1


def test_headers_of_ones_own_replace_and_never_double() -> None:
    own = {"Content-Type": "text/x-own; a=b", "Content-Disposition": 'inline; filename="own.txt"'}
    found = part(Attachment("a.txt", "text/plain", b"x", headers=own))
    assert found.get_content_type() == "text/x-own"
    assert (found.get_content_disposition(), found.get_filename()) == ("inline", "own.txt")
    assert len(found.keys()) == len(set(found.keys()))


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("attachments[0].filename", {"filename": "a\r\nBcc: x"}),
        ("attachments[0].content_type", {"content_type": "text/plain\r\nBcc: x"}),
        ("attachments[0].content_type", {"content_type": "nonsense"}),
        ("attachments[0].disposition", {"disposition": "inline\r\nBcc: x"}),
        ("attachments[0].content_id", {"content_id": "a b"}),
        ("attachments[0].content_id", {"content_id": "a\r\nb"}),
        ("attachments[0].headers", {"headers": {"X Y": "z"}}),
        ("attachments[0].headers['X-Y']", {"headers": {"X-Y": "z\r\nBcc: x"}}),
        ("attachments[0].headers['MIME-Version']", {"headers": {"MIME-Version": "2.0"}}),
        ("attachments[0].headers['Content-Transfer-Encoding']", {"headers": {"Content-Transfer-Encoding": "7bit"}}),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_field(field: str, values: dict[str, t.Any]) -> None:
    with pytest.raises(BadHeaderError) as caught:
        part(Attachment(**{"content_type": "text/plain", "data": b"x", **values}))
    assert caught.value.field == field


@pytest.mark.parametrize("kind", ["multipart/mixed", "multipart/alternative; boundary=x"])
def test_an_attachment_is_no_container(kind: str) -> None:
    with pytest.raises(ContentError):
        part(Attachment(None, kind, b"x"))
    with pytest.raises(ContentError):
        part(Attachment(None, "text/plain", b"x", headers={"Content-Type": kind}))


def test_a_message_inside_a_message_is_not_encoded() -> None:
    inside = b"Subject: inside\n\nHello\n"
    found = part(Attachment("a.eml", "message/rfc822", inside))
    assert found["Content-Transfer-Encoding"] == "7bit"
    assert t.cast("t.Any", found.get_payload(0))["Subject"] == "inside"
    for octets in ("Subject: é\n\n".encode(), b"x" * 1000, b""):
        found = part(Attachment("a.eml", "message/rfc822", octets))
        assert (found.get_content_type(), found.get_content()) == ("application/octet-stream", octets)


@pytest.mark.parametrize(
    "size", [0, 1, 2, 56, 57, 58, 113, 114, 115, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 57]
)
def test_base64_has_the_size_it_says_and_lines_of_76(size: int) -> None:
    data = os.urandom(size)
    encoded = Base64(blobs.Memory(data))
    octets = b"".join(encoded)
    assert len(octets) == encoded.size
    assert octets.split(b"\r\n") == (lines(data) or [b""])
    assert max(map(len, octets.split(b"\r\n"))) <= 76
    assert (
        email.message_from_bytes(b"Content-Transfer-Encoding: base64\r\n\r\n" + octets).get_payload(decode=True) == data
    )


def test_a_file_that_is_not_there_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ContentError, match=r"^attachments\[0\]: .*no-such-file") as caught:
        part(Attachment(data=tmp_path / "no-such-file"))
    assert caught.value.field == "attachments[0]"


def test_a_file_that_changes_before_it_is_sent_stops_the_sending(path: pathlib.Path) -> None:
    message = Message("x", ["to@example.com"], "x", sender="from@example.com", attachments=[Attachment(data=path)])
    content = compose(message, None).content
    path.write_bytes(b"other")
    with pytest.raises(ContentError, match="changed between composing and sending"):
        bytes(content)
    path.unlink()
    with pytest.raises(ContentError):
        bytes(content)


def test_an_open_file_that_shrinks_or_is_closed_stops_the_sending() -> None:
    file = io.BytesIO(DATA)
    content = Base64(blobs.blob(file, None, "attachments[0]"))
    file.truncate(100)
    with pytest.raises(ContentError, match="changed between"):
        b"".join(content)
    file.close()
    with pytest.raises(ContentError, match="cannot be read"):
        b"".join(content)
    with pytest.raises(ContentError, match="cannot be read"):
        part(Attachment("x", None, file))


def test_two_readers_of_one_open_file_do_not_disturb_each_other() -> None:
    content = Base64(blobs.blob(io.BytesIO(DATA), None, "attachments[0]"))
    pairs = list(zip(content, content, strict=True))
    assert [one for one, _ in pairs] == [other for _, other in pairs]


@pytest.mark.parametrize("kind", ["path", "open file"])
def test_twenty_mebibytes_take_less_than_two_of_memory(tmp_path: pathlib.Path, kind: str) -> None:
    """Flask-Mail 0.10.0 takes 185 MiB for them."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        for _ in range(20):
            file.write(os.urandom(1 << 20))
    with path.open("rb") as opened:
        data = path if kind == "path" else opened
        message = Message("x", ["to@example.com"], "x", sender="from@example.com", attachments=[Attachment(data=data)])
        tracemalloc.start()
        try:
            content = compose(message, None).content
            size = sum(map(len, content))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert size == content.size > 20 << 20
    assert peak < 2 << 20


def test_attachments_stand_in_the_order_given() -> None:
    message = Message("x", ["to@example.com"], "x", sender="from@example.com")
    for number in range(5):
        message.attach(f"{number}.txt", "text/plain", b"x")
    files = reading.leaves(reading.standard(message.as_bytes()))[1:]
    assert [file.get_filename() for file in files] == ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt"]
