"""``Message`` and ``Attachment`` as programs for Flask-Mail use them."""

from __future__ import annotations

import collections.abc as c
import email.policy
import email.utils
import re
import time
import typing as t
from email.message import EmailMessage

import pytest
from flask import Flask

from flask_mail import Attachment
from flask_mail import BadHeaderError
from flask_mail import Mail
from flask_mail import Message

from ..conftest import SENDER
from ..servers import Server


@pytest.fixture(autouse=True)
def context(app: Flask, mail: Mail) -> c.Iterator[None]:
    with app.app_context():
        yield


def letter(**fields: t.Any) -> Message:
    """A message with all it needs, and what the test is about."""
    return Message(**{"subject": "subject", "sender": "from@example.com", "recipients": ["to@example.com"], **fields})


def parsed(message: Message) -> EmailMessage:
    """*message* as the standard library reads its octets."""
    return t.cast(EmailMessage, email.message_from_bytes(message.as_bytes(), policy=email.policy.default))


class Lazy:
    """A string that is made when it is needed, as translations are."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


# What a message is made of


def test_all_arguments_by_position() -> None:
    attachment = Attachment("a.txt", "text/plain", b"a")
    message = Message(
        "subject",
        ["to@example.com"],
        "body",
        "<p>html",
        {"calendar": "BEGIN:VCALENDAR"},
        "from@example.com",
        ["cc@example.com"],
        ["bcc@example.com"],
        [attachment],
        "reply@example.com",
        1700000000.0,
        "utf-8",
        {"X-Extra": "yes"},
        ["RET=HDRS"],
        ["NOTIFY=NEVER"],
    )
    assert message.subject == "subject"
    assert message.recipients == ["to@example.com"]
    assert message.body == "body"
    assert message.html == "<p>html"
    assert message.alts == {"calendar": "BEGIN:VCALENDAR", "html": "<p>html"}
    assert message.sender == "from@example.com"
    assert message.cc == ["cc@example.com"]
    assert message.bcc == ["bcc@example.com"]
    assert message.attachments == [attachment]
    assert message.reply_to == "reply@example.com"
    assert message.date == 1700000000.0
    assert message.charset == "utf-8"
    assert message.extra_headers == {"X-Extra": "yes"}
    assert message.mail_options == ["RET=HDRS"]
    assert message.rcpt_options == ["NOTIFY=NEVER"]


def test_what_is_not_given() -> None:
    message = Message()
    assert message.subject == ""
    assert message.sender == SENDER
    for name in ("recipients", "cc", "bcc", "attachments", "mail_options", "rcpt_options"):
        assert getattr(message, name) == [], name
    assert message.alts == {}
    for name in ("body", "html", "reply_to", "date", "charset", "extra_headers"):
        assert getattr(message, name) is None, name


def test_two_messages_share_no_list() -> None:
    Message().add_recipient("one@example.com")
    Message().attach("a.txt", "text/plain", b"a")
    Message().alts["html"] = "<p>"
    assert (Message().recipients, Message().attachments, Message().alts) == ([], [], {})


def test_add_recipient() -> None:
    message = Message("subject", recipients=["one@example.com"])
    message.add_recipient("two@example.com")
    message.add_recipient(("Three", "three@example.com"))
    assert message.recipients == ["one@example.com", "two@example.com", ("Three", "three@example.com")]


def test_send_to_is_everybody_once() -> None:
    message = letter(recipients=["to@example.com"], cc=["cc@example.com"], bcc=["bcc@example.com"])
    assert set(message.send_to) == {"to@example.com", "cc@example.com", "bcc@example.com"}
    message.add_recipient("cc@example.com")
    assert len(message.send_to) == 3
    assert "bcc@example.com" in message.send_to
    assert message.send_to == {"to@example.com", "cc@example.com", "bcc@example.com"}


def test_a_sender_as_a_pair_reads_back_as_text() -> None:
    assert Message(sender=("Me", "me@example.com")).sender == "Me <me@example.com>"


def test_the_default_sender_as_a_pair_reads_back_as_text(app: Flask) -> None:
    app.extensions["mail"].default_sender = ("Me", "me@example.com")
    assert Message().sender == "Me <me@example.com>"


def test_the_default_sender_is_read_when_the_message_is_made(app: Flask) -> None:
    app.extensions["mail"].default_sender = "first@example.com"
    message = Message()
    app.extensions["mail"].default_sender = "second@example.com"
    assert message.sender == "first@example.com"


def test_html_is_a_view_on_alts() -> None:
    message = Message(html="<p>one")
    assert message.alts == {"html": "<p>one"}
    message.alts["html"] = "<p>two"
    assert message.html == "<p>two"
    message.html = None
    assert message.alts == {}
    message.html = "<p>three"
    assert message.alts["html"] == "<p>three"


def test_alts_are_a_mapping_or_pairs() -> None:
    assert Message(alts={"html": "<p>"}).html == "<p>"
    assert Message(alts=[("html", "<p>"), ("calendar", "BEGIN:")]).alts == {"html": "<p>", "calendar": "BEGIN:"}


# Attachments


def test_attach_by_position_and_by_name() -> None:
    message = Message()
    message.attach("report.pdf", "application/pdf", b"%PDF", "inline", {"Content-ID": "<report>"})
    message.attach(data=b"text", content_type="text/plain")
    first, second = message.attachments
    assert isinstance(first, Attachment)
    assert (first.filename, first.content_type, first.data) == ("report.pdf", "application/pdf", b"%PDF")
    assert (first.disposition, first.headers) == ("inline", {"Content-ID": "<report>"})
    assert (second.filename, second.content_type, second.data) == (None, "text/plain", b"text")
    assert (second.disposition, second.headers) == ("attachment", {})


@pytest.mark.parametrize(
    ("filename", "data", "content_type"),
    [
        ("a.png", b"", "image/png"),
        ("a.csv", "a,b", "text/csv"),
        (None, "text", "text/plain"),
        (None, b"octets", "application/octet-stream"),
        ("name.without-type-x", b"octets", "application/octet-stream"),
        ("name.without-type-x", "text", "text/plain"),
    ],
)
def test_the_type_of_an_attachment_is_guessed(filename: str | None, data: str | bytes, content_type: str) -> None:
    assert Attachment(filename, data=data).content_type == content_type


def test_an_attachment_without_data_is_refused() -> None:
    with pytest.raises(ValueError, match="data"):
        Attachment("a.txt", "text/plain")


def test_attachments_arrive_as_they_were(mail: Mail, smtp: Server) -> None:
    octets = bytes(range(256)) * 50
    message = letter(body="see below", attachments=[Attachment("a b.bin", data=octets)])
    message.attach("notes.txt", "text/plain", "line one\nline two\n", headers={"Content-ID": "<notes>"})
    mail.send(message)
    received = smtp.wait()[0].message
    assert received.get_content_type() == "multipart/mixed"
    first, second = received.iter_attachments()
    assert (first.get_filename(), first.get_content_type()) == ("a b.bin", "application/octet-stream")
    assert first.get_content() == octets
    assert second.get_payload(decode=True) in (b"line one\nline two\n", b"line one\r\nline two\r\n")
    assert second["Content-ID"] == "<notes>"


def test_a_plain_file_name_stands_as_it_is() -> None:
    message = letter(body="hello")
    message.attach("test doc.txt", "text/plain", b"this is a test")
    assert 'Content-Disposition: attachment; filename="test doc.txt"' in re.sub(r"\r?\n\s+", " ", message.as_string())


def test_any_file_name_arrives(mail: Mail, smtp: Server) -> None:
    name = "ünicöde ←→ ✓.txt"
    message = letter(body="hello")
    message.attach(name, "text/plain", b"this is a test")
    mail.send(message)
    [attachment] = smtp.wait()[0].message.iter_attachments()
    assert attachment.get_filename() == name


def test_file_names_become_ascii_where_the_state_says_so(mail: Mail) -> None:
    assert mail.state is not None
    mail.state.ascii_attachments = True
    message = letter(body="hello")
    message.attach("ünicödeß ←.→ ✓.txt", "text/plain", b"this is a test")
    [attachment] = parsed(message).iter_attachments()
    assert attachment.get_filename() == "unicode . .txt"


# Octets


def test_the_four_ways_to_the_text_agree() -> None:
    message = letter(body="some plain text", date=1700000000)
    assert message.as_string() == str(message)
    assert message.as_bytes() == bytes(message)
    assert message.as_bytes() == message.as_string().encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def test_a_plain_message() -> None:
    received = parsed(letter(body="Hello Joe,\nHow are you?"))
    assert received.get_content_type() == "text/plain"
    assert received.get_content_charset() == "utf-8"
    assert received.get_content().splitlines() == ["Hello Joe,", "How are you?"]


def test_text_and_html() -> None:
    received = parsed(letter(body="Hello", html="<p>Hello</p>"))
    [alternative] = [part for part in received.walk() if part.get_content_type() == "multipart/alternative"]
    assert [part.get_content_type() for part in alternative.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().rstrip("\n") for part in alternative.iter_parts()] == ["Hello", "<p>Hello</p>"]


def test_html_alone_and_other_alternatives_are_multipart() -> None:
    assert "Content-Type: multipart/alternative" in letter(html="<p>Hello</p>").as_string()
    message = letter(alts={"json": '{"msg": "Hello"}'})
    received = parsed(message)
    assert "multipart/alternative" in [part.get_content_type() for part in received.walk()]
    assert "text/json" in [part.get_content_type() for part in received.walk()]


def test_text_html_and_attachment() -> None:
    message = letter(body="Hello", html="<p>Hello</p>")
    message.attach(data=b"this is a test", content_type="text/plain")
    received = parsed(message)
    assert received.get_content_type() == "multipart/mixed"
    body, attachment = received.iter_parts()
    assert [part.get_content().rstrip("\n") for part in body.iter_parts()] == ["Hello", "<p>Hello</p>"]
    assert attachment.get_payload(decode=True) == b"this is a test"


@pytest.mark.parametrize(
    ("charset", "text", "written"),
    [
        (None, "normal ascii text", "utf-8"),
        (None, "ünicöde ←→ ✓", "utf-8"),
        ("utf-8", "内容", "utf-8"),
        ("us-ascii", "normal ascii text", "us-ascii"),
        ("shift_jis", "内容", "iso-2022-jp"),
        ("iso-8859-1", "déjà vu", "iso-8859-1"),
    ],
)
def test_the_charset_of_the_body(charset: str | None, text: str, written: str) -> None:
    message = letter(body=text, html=f"<p>{text}", charset=charset)
    for part in parsed(message).walk():
        if part.get_content_maintype() == "text":
            assert part.get_content_charset() == written
            assert text in part.get_content()


def test_the_charset_of_the_headers() -> None:
    message = letter(
        sender=("送信者", "from@example.com"),
        subject="表題",
        reply_to="返信先 <somebody@example.com>",
        charset="shift_jis",
        body="内容",
    )
    text = message.as_string()
    for field in ("From", "Subject", "Reply-To"):
        assert f"{field}: =?iso-2022-jp?" in text
    received = parsed(message)
    assert received["Subject"] == "表題"
    assert received["From"].addresses[0].display_name == "送信者"
    assert received["Reply-To"].addresses[0].display_name == "返信先"


# Headers


def test_the_headers_everybody_sees(mail: Mail, smtp: Server) -> None:
    mail.send(
        letter(
            body="hello",
            recipients=["to@example.com", ("Second", "two@example.com")],
            cc=["cc@example.com"],
            bcc=["bcc@example.com"],
            reply_to="Somebody <somebody@example.com>",
            extra_headers={"X-Extra-Header": "Yes"},
        )
    )
    [delivery] = smtp.wait()
    received = delivery.message
    assert received["Subject"] == "subject"
    assert received["From"] == "from@example.com"
    assert [a.addr_spec for a in received["To"].addresses] == ["to@example.com", "two@example.com"]
    assert received["To"].addresses[1].display_name == "Second"
    assert received["Cc"] == "cc@example.com"
    assert received["Reply-To"].addresses[0].addr_spec == "somebody@example.com"
    assert received["Reply-To"].addresses[0].display_name == "Somebody"
    assert received["X-Extra-Header"] == "Yes"
    assert b"bcc@example.com" not in delivery.content
    assert delivery.recipients == ("to@example.com", "two@example.com", "cc@example.com", "bcc@example.com")


def test_a_message_without_subject_has_no_subject_header(mail: Mail) -> None:
    message = letter(subject="", body="text")
    mail.send(message)
    assert "Subject" not in parsed(message)


def test_a_date_that_was_given_is_written() -> None:
    moment = time.time()
    assert f"Date: {email.utils.formatdate(moment, localtime=True)}" in letter(body="hello", date=moment).as_string()


def test_sending_dates_the_message(mail: Mail, smtp: Server) -> None:
    message = letter(body="hello")
    before = time.time()
    mail.send(message)
    assert message.date is not None
    assert before <= message.date <= time.time()
    stamp = email.utils.parsedate_to_datetime(smtp.wait()[0].message["Date"]).timestamp()
    assert int(before) <= stamp <= time.time()


def test_the_message_id() -> None:
    message = letter(body="hello")
    assert re.fullmatch(r"<[^<>\s@]+@[^<>\s@]+>", message.msgId)
    assert f"Message-ID: {message.msgId}" in message.as_string()
    assert letter().msgId != message.msgId
    message.msgId = "<mine@example.com>"
    assert parsed(message)["Message-ID"] == "<mine@example.com>"


@pytest.mark.parametrize(
    "sender",
    [("ÄÜÖ → ✓", "from@example.com>"), "ÄÜÖ → ✓ <from@example.com>>", "ÄÜÖ → ✓ <from@example.com>"],
)
def test_a_sender_in_any_script_also_with_a_stray_bracket(sender: t.Any) -> None:
    text = letter(sender=sender, body="hello").as_string()
    assert "From: =?utf-8?b?w4TDnMOWIOKGkiDinJM=?= <from@example.com>" in text


def test_names_in_any_script_arrive(mail: Mail, smtp: Server) -> None:
    mail.send(
        letter(
            body="hello",
            sender="ÄÜÖ → ✓ <from@example.com>",
            recipients=["Ä <t1@example.com>", ("张伟", "t2@example.com")],
            cc=["Ö <cc@example.com>"],
        )
    )
    received = smtp.wait()[0].message
    assert [(a.display_name, a.addr_spec) for a in received["To"].addresses] == [
        ("Ä", "t1@example.com"),
        ("张伟", "t2@example.com"),
    ]
    assert received["Cc"].addresses[0].display_name == "Ö"
    assert received["From"].addresses[0].display_name == "ÄÜÖ → ✓"


def test_a_lazy_subject_is_resolved(mail: Mail, smtp: Server) -> None:
    message = letter(subject=Lazy("sübject"), body="hello")
    assert "=?utf-8?q?s=C3=BCbject?=" in message.as_string()
    mail.send(message)
    assert smtp.wait()[0].message["Subject"] == "sübject"


@pytest.mark.parametrize("subject", ["表題 " * 20, "é", "a " * 100 + "é", "plain and long " * 10])
def test_any_subject_arrives(mail: Mail, smtp: Server, subject: str) -> None:
    mail.send(letter(subject=subject.strip(), body="hello"))
    assert smtp.wait()[0].message["Subject"] == subject.strip()


# What is refused


@pytest.mark.parametrize(
    "subject",
    [
        "testing\r\n",
        "testing\n\r",
        "testing\nBcc: victim@example.com",
        "testing\rBcc: victim@example.com",
        "testing\r\nBcc: victim@example.com",
        "testing\r\n testing\r\n ",
        "testing\r\n testing\r\n\t",
        "testing\r\n testing\r\n\n",
        "testing\r\n\r\nbody",
    ],
)
def test_a_bad_line_break_in_the_subject_is_refused(mail: Mail, smtp: Server, subject: str) -> None:
    message = letter(subject=subject, body="hello")
    assert message.has_bad_headers() is True
    with pytest.raises(BadHeaderError):
        mail.send(message)
    assert smtp.deliveries == []


def test_a_folded_subject_is_kept(mail: Mail, smtp: Server) -> None:
    subject = "testing\r\n testing\r\n testing \r\n \ttesting"
    message = letter(subject=subject, body="hello")
    assert message.has_bad_headers() is False
    mail.send(message)
    assert subject in message.as_bytes().decode()
    assert subject.encode() in smtp.wait()[0].content


@pytest.mark.parametrize(
    "fields",
    [
        {"sender": "from@example.com\r\n"},
        {"sender": ("Me\r\nBcc: victim@example.com", "from@example.com")},
        {"sender": "from\r\n@example.com"},
        {"reply_to": "evil@example.com\r"},
        {"reply_to": ("Evil\n", "evil@example.com")},
        {"recipients": ["to@example.com", "to\r\n@example.com"]},
        {"recipients": [("To\n", "to@example.com")]},
    ],
)
def test_a_line_break_in_an_address_is_refused(mail: Mail, smtp: Server, fields: dict[str, t.Any]) -> None:
    message = letter(body="hello", **fields)
    assert message.has_bad_headers() is True
    with pytest.raises(BadHeaderError):
        mail.send(message)
    assert smtp.deliveries == []


@pytest.mark.parametrize("field", ["sender", "reply_to", "recipients"])
def test_a_line_break_in_an_address_never_reaches_the_text(field: str) -> None:
    bad = f"{field}\r\nBcc: victim@example.com"
    message = letter(body="hello", **{field: [bad] if field == "recipients" else bad})
    try:
        text = message.as_string()
    except (BadHeaderError, ValueError):
        return
    assert "\nBcc:" not in text


def test_good_headers_are_not_bad() -> None:
    message = letter(reply_to=("A", "a@example.com"), recipients=["b@example.com", ("C", "c@example.com")])
    assert message.has_bad_headers() is False


def test_the_old_name_of_has_bad_headers_is_deprecated() -> None:
    with pytest.warns(DeprecationWarning, match="has_bad_headers"):
        assert letter().is_bad_headers() is False
    with pytest.warns(DeprecationWarning, match="has_bad_headers"):
        assert letter(subject="a\nb").is_bad_headers() is True


def test_without_sender(app: Flask, mail: Mail, smtp: Server) -> None:
    app.extensions["mail"].default_sender = None
    with pytest.raises(AssertionError):
        mail.send(Message("testing", recipients=["to@example.com"], body="testing"))
    assert smtp.deliveries == []


@pytest.mark.parametrize("nobody", [None, [], ()])
def test_without_recipients(mail: Mail, smtp: Server, nobody: t.Any) -> None:
    with pytest.raises(AssertionError):
        mail.send(Message("testing", recipients=nobody, body="testing"))
    assert smtp.deliveries == []


def test_copies_alone_are_recipients(mail: Mail, smtp: Server) -> None:
    mail.send(Message("testing", bcc=["bcc@example.com"], body="testing"))
    assert smtp.wait()[0].recipients == ("bcc@example.com",)
