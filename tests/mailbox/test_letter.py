"""Taking a mail apart, whatever it is."""

from __future__ import annotations

import pathlib
import time
import typing as t

import pytest
from flask import Flask

from flask_mail import Mail
from flask_mail import Message
from flask_mail.mailbox.letter import Letter
from flask_mail.mailbox.snippet import snippet
from flask_mail.mailbox.summary import summary

CORPUS = pathlib.Path(__file__).parents[1] / "corpus"


def letter_of(message: Message) -> Letter:
    message.sender = message.sender or "me@example.com"
    return Letter(message.as_bytes())


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.eml")), ids=lambda path: path.name)
def test_the_mails_of_the_corpus(path: pathlib.Path) -> None:
    letter = Letter(path.read_bytes())
    assert letter.trouble == ""
    assert letter.header("subject")
    assert letter.readable
    assert letter.parts[0].depth == 0


def test_parts_in_their_order() -> None:
    message = Message("Hello", ["joe@example.com"], html="<p>Hi")
    message.html += f"<img src='cid:{message.embed(b'x', 'a.png', 'image/png')}'>"
    message.attach("täxt.txt", "text/plain", "not the body")
    letter = letter_of(message)
    assert [(part.depth, part.content_type) for part in letter.parts] == [
        (0, "multipart/mixed"),
        (1, "multipart/alternative"),
        (2, "text/plain"),
        (2, "multipart/related"),
        (3, "text/html"),
        (3, "image/png"),
        (1, "text/plain"),
    ]
    assert letter.text is not None
    assert letter.text.startswith("Hi")
    assert [(part.safe_name, part.inline, part.octets) for part in letter.attachments] == [
        ("a.png", True, b"x"),
        ("täxt.txt", False, b"not the body"),
    ]
    assert summary(letter)["attachments"] == 1


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n\r\n",
        b"no headers at all",
        b"Subject: =?utf-8?b?%%%?= =?nonsense?q?x?=\r\n\r\nx",
        b"Subject: \xff\xfe raw octets\r\n\r\n\xff\xfe",
        b"Content-Type: text/html; charset=klingon\r\n\r\n<p>\xe4",
        b"Content-Type: text/plain; charset*=x'y'z; name*0*=a''%ff%\r\n\r\nx",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nnever ends",
        b"Content-Type: /;=;\r\nContent-Disposition: ;;;filename\r\nContent-Transfer-Encoding: nonsense\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!not base64!!!",
        b"Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nSubject: inside\r\n\r\nx",
        b"X: \x00\x01\x1b[31m\r\n\r\n\x00",
    ],
)
def test_a_broken_mail_is_shown_as_far_as_it_goes(octets: bytes) -> None:
    letter = Letter(octets)
    assert summary(letter)["size"] == len(octets)
    for part in letter.parts:
        assert part.safe_name
        assert isinstance(part.text, str)
    for name, value, raw in letter.headers:
        assert not any(ord(each) < 32 for each in name + value)
        (name + value + raw).encode("utf-8")


@pytest.mark.parametrize("depth", [50, 5000])
def test_nesting_is_followed_only_so_far(depth: int) -> None:
    open_ = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    started = time.perf_counter()
    letter = Letter(f"Subject: Deep\r\n{open_}\r\nx".encode())
    assert len(letter.parts) == (51 if depth == 50 else 1)
    assert ("not taken apart" in letter.trouble) is (depth == 5000)
    assert letter.header("Subject") == "Deep"
    assert time.perf_counter() - started < 5


def test_a_test_of_a_mail_reads_like_one() -> None:
    message = Message('Confirm "now"', ["Joe <joe@example.com>"], bcc=["boss@example.com"])
    message.html = (
        "<p>Hi</p><p>Please confirm your address.</p><p><a href='https://x.example/c/1'><b>Confirm</b> it</a>"
    )
    message.attach("terms.pdf", "application/pdf", b"%PDF")
    made = snippet(letter_of(message), ["joe@example.com", "boss@example.com"])
    assert made == (
        "def test_confirm_now(outbox):\n"
        "    ...  # what sends the mail\n"
        "\n"
        '    msg = outbox.one(to="joe@example.com", subject="Confirm \\"now\\"")\n'
        '    assert "Please confirm your address." in msg.text\n'
        '    assert msg.link("Confirm it")\n'
        '    assert msg.attachment("terms.pdf")\n'
    )


def test_the_test_of_any_mail_compiles() -> None:
    for path in CORPUS.glob("*.eml"):
        compile(snippet(Letter(path.read_bytes()), ["a@example.com"]), path.name, "exec")
    compile(snippet(Letter(b'Subject: """\\\r\nTo: "\\" <x@y>\r\n\r\n\\'), []), "hostile", "exec")


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("Subject: 10 m² for you", "def test_10_m2_for_you(outbox):"),
        ("Subject: ½ ①", "def test_1_2_1(outbox):"),
        ("Subject: ::::", "def test_the_mail(outbox):"),
        ("Subject: a\u202egnp.exe\u2066", 'subject="a\\u202egnp.exe\\u2066")'),
        ("Subject: x\u2028import os", 'subject="x\\u2028import os")'),
        ("Subject: x\r\nTo: =?utf-8?q?M=C3=BCller=2C_J=C3=B6rg?= <j@x.example>", 'one(to="j@x.example", '),
        ("Subject: x", 'one(recipients="joe@example.com", '),
    ],
)
def test_hostile_and_odd_headers_in_the_test_of_a_mail(header: str, line: str) -> None:
    made = snippet(Letter(f"{header}\r\n\r\nHello\x1b[31m there\x00\r\n".encode()), ["joe@example.com"])
    compile(made, "a test", "exec")
    assert line in made
    assert all(each.isprintable() for each in made.replace("\n", ""))


@pytest.mark.parametrize(
    ("html", "line"),
    [
        ("<a href='https://x.example/1'>Here</a> <a href='https://x.example/2'>Here</a>", None),
        ("<a href='https://x.example/1'>Here</a> <a href='https://x.example/2'>There</a>", 'link("Here")'),
        ("<a href='#top'>Up</a><a href='https://x.example'><img alt='Shop &amp; more'></a>", 'link("Shop & more")'),
        ("<a href='https://x.example'>Here</a><![ ", 'link("Here")'),
    ],
)
def test_a_link_in_the_test_of_a_mail_is_one_of_its_kind(html: str, line: str | None) -> None:
    made = snippet(Letter(f"Content-Type: text/html\r\n\r\n{html}".encode()), ["joe@example.com"])
    assert (line in made) if line else ("link" not in made)
    assert "msg.text" not in made  # it has none


def test_a_line_with_blanks_inside_is_quoted_as_it_is() -> None:
    assert '"Total:   12 EUR" in msg.text' in snippet(Letter(b"\r\nTotal:   12 EUR\r\n"), [])


def test_a_recipient_beside_a_name_with_a_comma_is_no_bcc(app: Flask) -> None:
    with app.app_context():
        message = Message("Hello", [("Müller, Jörg", "jm@x.example")], "x", cc=[("a@b.example", "c@x.example")])
        letter = letter_of(message)
    assert (letter.addresses("to"), letter.addresses("Cc")) == (["jm@x.example"], ["c@x.example"])


def test_a_long_name_is_cut_and_has_no_folders() -> None:
    content = f'Content-Disposition: attachment; filename="../{"a" * 200}. "\r\n\r\nx'
    [part] = Letter(content.encode()).parts
    assert part.safe_name == "a" * 120


def test_the_test_of_a_mail_passes_where_the_mail_is_sent(outbox: t.Any) -> None:
    app = Flask("app_of_a_test")
    app.config["MAIL_DEFAULT_SENDER"] = "me@example.com"
    mail = Mail(app)
    html = "<p>Please confirm.</p><a href='https://x.example'>Yes</a>"
    message = Message("Confirm", ["Joe <joe@example.com>"], html=html)
    message.attach("terms.pdf", "application/pdf", b"%PDF")
    mail.send(message)
    names: dict[str, t.Any] = {}
    exec(snippet(Letter(message.as_bytes()), []), names)
    names["test_confirm"](outbox)
    message.subject = "Another"
    exec(snippet(letter_of(message), []), names)
    with pytest.raises(AssertionError):
        names["test_another"](outbox)
