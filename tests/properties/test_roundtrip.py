"""What went in comes out: any text, any names, any nesting of parts."""

from __future__ import annotations

import email.header
import email.message
import typing as t

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_mail import Attachment
from flask_mail import Message

from . import reading
from . import strategies as mine

SENDER, READER = "sender@example.com", "reader@example.com"


def composed(**fields: t.Any) -> bytes:
    message = Message(**{"sender": SENDER, "recipients": [READER], "date": 0.0, **fields})
    octets = message.as_bytes()
    assert octets == message.as_bytes(), "other octets at the second call"
    reading.assert_wire(octets)
    return octets


def old_text(message: email.message.Message, name: str) -> str:
    """A header as programs of old read it: unfolded, then decoded piece by piece."""
    raw = str(message[name]).replace("\r\n", "").replace("\n", "")
    return str(email.header.make_header(email.header.decode_header(raw)))


@given(mine.header_text)
def test_any_subject(subject: str) -> None:
    octets = composed(subject=subject)
    assert (reading.fields(octets).text("Subject") or "") == subject
    assert (reading.standard(octets)["Subject"] or "") == subject
    if subject:
        assert old_text(reading.old(octets), "Subject") == subject


@given(mine.header_text)
def test_any_header_of_ones_own(value: str) -> None:
    octets = composed(extra_headers={"X-Note": value})
    assert reading.fields(octets).text("X-Note") == value
    assert reading.standard(octets)["X-Note"] == value


@given(mine.pair, st.lists(mine.pair, min_size=1, max_size=4), st.lists(mine.pair, max_size=3))
def test_any_names_and_addresses(sender: mine.Pair, to: list[mine.Pair], cc: list[mine.Pair]) -> None:
    octets = composed(sender=sender, recipients=to, cc=cc, reply_to=list(reversed(to)))
    asked_to, asked_cc = once(to), once([*to, *cc])[len(once(to)) :]
    for name, asked in (("From", [sender]), ("To", asked_to), ("Cc", asked_cc), ("Reply-To", once(to[::-1]))):
        assert reading.mailboxes(reading.fields(octets), name) == asked
        header = reading.standard(octets)[name]
        found = [(each.display_name, each.addr_spec) for each in header.addresses] if header else []
        # Before Python 3.13 the standard library keeps blanks between encoded words of a name.
        assert [(squeezed(display), spec) for display, spec in found] == [
            (squeezed(text), spec) for text, spec in asked
        ]


def once(pairs: list[mine.Pair]) -> list[mine.Pair]:
    """The pairs without addresses that came before."""
    return [pair for number, pair in enumerate(pairs) if pair[1] not in [other[1] for other in pairs[:number]]]


def squeezed(text: str) -> str:
    return "".join(text.split())


def normalised(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(
    mine.body_text,
    st.none() | mine.body_text,
    st.dictionaries(st.sampled_from(["json", "x-amp-html", "markdown"]), mine.body_text),
)
def test_any_bodies(body: str, html: str | None, alts: dict[str, str]) -> None:
    octets = composed(body=body, html=html, alts=alts)
    asked = [("text/plain", body), *((f"text/{kind}", text) for kind, text in alts.items())]
    asked += [] if html is None else [("text/html", html)]
    for message in (reading.standard(octets), reading.old(octets)):
        found = [(part.get_content_type(), reading.text(part)) for part in reading.leaves(message)]
        assert found == [(kind, normalised(text)) for kind, text in asked]
        assert message.is_multipart() == (len(asked) > 1)


@given(mine.attachments, mine.body_text, st.booleans(), st.booleans())
def test_any_nesting_of_parts(given_files: list[dict[str, t.Any]], body: str, has_html: bool, shows: bool) -> None:
    html = "<p>x</p>" if has_html else None
    if has_html and shows:
        html = "".join(f'<img src="cid:{each["content_id"]}">' for each in given_files)
    octets = composed(body=body, html=html, attachments=[Attachment(**each) for each in given_files])
    for message in (reading.standard(octets), reading.old(octets)):
        assert not any(part.defects for part in message.walk())
        files = [part for part in reading.leaves(message) if part.get_content_disposition()]
        assert sorted(map(reading.content, files)) == sorted(each["data"] for each in given_files)
        assert reading.text(reading.leaves(message)[0]) == normalised(body)
    assert sum(b"multipart/" in line for line in octets.split(b"\r\n") if line.startswith(b"Content-Type:")) <= 3


@given(mine.file_name)
def test_any_file_name(name: str) -> None:
    octets = composed(attachments=[Attachment(name, "application/pdf", b"x")])
    part = octets.split(b"\r\n--")[2].partition(b"\r\n")[2]
    assert reading.file_name(reading.fields(part)) == name
    assert reading.leaves(reading.old(octets))[1].get_filename() == name.strip()
    # Not get_filename(): with this policy it unquotes what is unquoted already.
    assert reading.leaves(reading.standard(octets))[1]["Content-Disposition"].params["filename"] == name


@settings(max_examples=30)
@given(st.integers(0, 4 * 57 * 1024), st.integers(1, 60_000))
def test_data_of_any_size_from_a_file_of_short_reads(size: int, short: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    octets = composed(attachments=[Attachment("x.bin", None, Reluctant(data, short))])
    assert reading.content(reading.leaves(reading.standard(octets))[1]) == data


class Reluctant:
    """An open file that gives less than it is asked for."""

    def __init__(self, data: bytes, short: int) -> None:
        self.data, self.short, self.position = data, short, 0

    def read(self, size: int = -1) -> bytes:
        size = len(self.data) if size < 0 else size
        block = self.data[self.position : self.position + min(size, self.short)]
        self.position += len(block)
        return block

    def seek(self, position: int, whence: int = 0) -> int:
        self.position = position + (len(self.data) if whence == 2 else 0)
        return self.position

    def tell(self) -> int:
        return self.position


@given(
    st.sampled_from(["shift_jis", "gb18030", "iso-8859-1", "big5", "euc-kr", "koi8-r", "us-ascii"]),
    mine.header_text,
    mine.body_text,
)
def test_any_text_in_any_charset(charset: str, subject: str, body: str) -> None:
    octets = composed(subject=subject, body=body, charset=charset)
    assert (reading.fields(octets).text("Subject") or "") == subject
    assert reading.text(reading.standard(octets)) == normalised(body)
