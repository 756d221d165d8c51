"""The outbox takes all mail of a test, whoever sends it and whatever the settings say."""

from __future__ import annotations

import asyncio
import collections.abc as c
import io
import re
import threading
import types
import typing as t
import unittest

import jinja2
import pytest
from flask import Flask

from flask_mail import Connection
from flask_mail import Mail
from flask_mail import Message
from flask_mail.mailbox.forwarding import forward
from flask_mail.mailbox.letter import Letter
from flask_mail.testing import capture_mail
from flask_mail.testing import CapturedMessage
from flask_mail.testing import Outbox
from flask_mail.transports import Transport

from ..servers import Server

ANN, BOB = "ann@example.com", "bob@example.com"


def make_mail(**config: t.Any) -> Mail:
    app = Flask("app_of_a_test")
    app.config.update(MAIL_DEFAULT_SENDER=("The shop", "shop@example.com"), **config)
    return Mail(app)


def hello(*recipients: t.Any, **fields: t.Any) -> Message:
    return Message(fields.pop("subject", "Hello"), list(recipients) or [ANN], fields.pop("body", "Hello."), **fields)


class Forbidden(Transport):
    """What a test must not send with."""

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], /) -> t.NoReturn:
        raise AssertionError("a test is about to send")


SETTINGS = {
    "as by default": {},
    "in a test": {"TESTING": True},
    "suppressed": {"MAIL_SUPPRESS_SEND": True},
    "not suppressed in a test": {"TESTING": True, "MAIL_SUPPRESS_SEND": False},
    "with a server": {"MAIL_SERVER": "smtp.example.com", "MAIL_PORT": 587, "MAIL_USE_TLS": True},
    "with a provider": {"MAIL_PROVIDER": "gmail", "MAIL_USERNAME": "me@gmail.com", "MAIL_PASSWORD": "secret"},
    "with another transport": {"MAIL_TRANSPORT": Forbidden},
    "without kept connections": {"MAIL_POOL_SIZE": 0},
    "with a limit": {"MAIL_RATE_LIMIT": "1/h", "MAIL_MAX_EMAILS": 1},
}


async def _asend(mail: Mail) -> None:
    await mail.asend(hello())


def _in_a_thread(mail: Mail) -> None:
    thread = threading.Thread(target=lambda: mail.send(hello()))
    thread.start()
    thread.join()


def _over_a_connection(mail: Mail) -> None:
    with mail.connect() as connection:
        connection.send(hello())


def _as_smtplib_would(mail: Mail) -> None:
    with mail.connect() as connection:
        content = bytes(hello(sender="shop@example.com"))
        connection.host.sendmail("shop@example.com", [ANN], content)


WAYS: dict[str, c.Callable[[Mail], object]] = {
    "send": lambda mail: mail.send(hello()),
    "send_message": lambda mail: mail.send_message("Hello", [ANN], "Hello."),
    "asend": lambda mail: asyncio.run(_asend(mail)),
    "send_many": lambda mail: list(mail.send_many([hello()])),
    "send_individually": lambda mail: mail.send_individually(hello(BOB), [ANN]),
    "a thread": _in_a_thread,
    "a connection": _over_a_connection,
    "a connection's host": _as_smtplib_would,
    "a message": lambda mail: hello().send(mail.connect()),
    "Flask-Mail's attributes alone": lambda mail: Connection(
        types.SimpleNamespace(server="smtp.example.com", default_sender="shop@example.com", suppress=True)
    ).send(hello()),
}


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("way", WAYS)
def test_whatever_is_sent_is_captured(settings: str, way: str, outbox: Outbox) -> None:
    WAYS[way](make_mail(**SETTINGS[settings]))
    mail = outbox.one()
    assert mail.recipients == [ANN]
    assert mail.subject == "Hello"
    assert mail.text == "Hello."


def test_the_sender_hears_what_a_server_would_have_said(outbox: Outbox) -> None:
    receipt = make_mail(TESTING=True).send(hello(ANN, BOB))
    assert receipt.accepted == (ANN, BOB)
    assert not receipt.suppressed
    assert outbox.one().receipt is receipt


def test_a_limit_does_not_slow_a_test_down(outbox: Outbox) -> None:
    results = list(make_mail(MAIL_RATE_LIMIT="1/h").send_many(hello() for _ in range(20)))
    assert all(result.ok for result in results)
    assert len(outbox) == 20


def test_several_applications_share_the_outbox(outbox: Outbox) -> None:
    for name in ("one", "two"):
        make_mail().send(hello(subject=name))
    assert [mail.subject for mail in outbox] == ["one", "two"]


def test_an_application_made_before_is_captured_and_sends_again_afterwards(
    app: Flask, mail: Mail, smtp: Server
) -> None:
    mail.send(hello(subject="before"))
    with capture_mail() as outbox:
        mail.send(hello(subject="meanwhile"))
    mail.send(hello(subject="after"))
    assert [one.subject for one in outbox] == ["meanwhile"]
    assert [one.message["Subject"] for one in smtp.deliveries] == ["before", "after"]


def test_a_connection_that_is_open_already_sends_nothing_either(mail: Mail, smtp: Server) -> None:
    with mail.connect() as connection:
        connection.send(hello(subject="before"))
        with capture_mail() as outbox:
            connection.send(hello(subject="meanwhile"))
        connection.send(hello(subject="after"))
    assert [one.subject for one in outbox] == ["meanwhile"]
    assert [one.message["Subject"] for one in smtp.deliveries] == ["before", "after"]


def test_what_the_mailbox_sends_on_is_captured_too(outbox: Outbox) -> None:
    mail = make_mail(MAIL_SERVER="smtp.example.com")
    assert mail.app is not None
    octets = bytes(hello(sender="shop@example.com"))
    record = {"sender": "shop@example.com", "message_id": "<1@example.com>"}
    said = forward(Letter(octets), record, BOB, mail.in_force(), mail.app)
    assert said.startswith("Sent to bob@example.com.")
    assert outbox.one().recipients == [BOB]


def test_a_command_that_sends_is_captured_too(outbox: Outbox) -> None:
    app = make_mail(MAIL_SERVER="smtp.example.com").app
    assert app is not None
    result = app.test_cli_runner().invoke(args=["mail", "send-test", ANN])
    assert result.exit_code == 0, result.output
    assert outbox.one().to == [ANN]


def test_the_inner_of_two_captures_takes_the_mail(outbox: Outbox) -> None:
    mail = make_mail()
    with capture_mail() as inner:
        mail.send(hello())
    assert len(inner) == 1
    outbox.assert_empty()


def test_the_aliases_are_the_same(outbox: Outbox, mail_outbox: Outbox) -> None:
    assert outbox is mail_outbox


class TestUnderUnittest(unittest.TestCase):
    def test_the_outbox_needs_no_pytest(self) -> None:
        outbox = self.enterContext(capture_mail())
        make_mail().send(hello())
        assert outbox.one().to == [ANN]


# What an entry shows


@pytest.fixture
def letter(outbox: Outbox) -> CapturedMessage:
    """One mail with something of everything."""
    message = Message(
        "Grüße",
        recipients=[("Änn, A.", ANN), "Bob <bob@example.com>"],
        cc=["carl@example.com"],
        bcc=["eve@straße.example"],
        reply_to="help@example.com",
        html=(
            '<p>Hello. <a href="https://shop.example/confirm/1?a=b&amp;c=d"><b>Confirm</b>\n your address</a>'
            '<a href="https://shop.example/"><img alt="The shop" src="cid:x"></a><a href="#top">top</a>'
            '<a href="mailto:help@example.com" aria-label="Write"></a></p>'
        ),
        extra_headers={"List-Unsubscribe": "<https://shop.example/leave>"},
        tags=["welcome"],
        metadata={"user": 7},
    )
    message.attach("terms.pdf", "application/pdf", b"%PDF-1.7")
    message.attach("grüße.txt", "text/plain", "Schöne Grüße".encode())
    message.attach("log.txt", "text/plain", io.BytesIO(b"from a file"))
    message.embed(b"\x89PNG\r\n\x1a\n", "logo.png")
    make_mail(MAIL_SUBJECT_PREFIX="[Shop]").send(message)
    message.subject = "changed later"
    return outbox.one()


def test_an_entry_shows_the_mail_as_it_was_sent(letter: CapturedMessage) -> None:
    assert letter.subject == "[Shop] Grüße"
    assert letter.sender == "shop@example.com"
    assert letter.to == [ANN, BOB]
    assert letter.cc == ["carl@example.com"]
    assert letter.bcc == ["eve@xn--strae-oqa.example"]
    assert letter.reply_to == ["help@example.com"]
    assert letter.recipients == list(letter.envelope.recipients)
    assert letter["List-Unsubscribe"] == "<https://shop.example/leave>"
    assert letter["X-Nothing"] is None
    assert letter.text.startswith("Hello. ")
    assert letter.html.startswith("<p>Hello. <a")
    assert letter.tags == ["welcome"]
    assert letter.metadata == {"user": 7}
    assert letter.template is None
    assert letter.message is not None
    assert letter.message.subject == "Grüße"
    assert letter.message_id == letter.message.msgId
    assert letter.content == bytes(letter.message)
    assert repr(letter) == "<CapturedMessage '[Shop] Grüße' to ann@example.com, bob@example.com>"


def test_a_mailbox_beyond_ascii_is_shown(outbox: Outbox) -> None:
    make_mail().send(hello("用户@example.com"))
    assert outbox.one(to="用户@example.com").to == ["用户@example.com"]


def test_a_link_is_found_by_what_the_reader_sees(letter: CapturedMessage) -> None:
    confirm = "https://shop.example/confirm/1?a=b&c=d"
    assert letter.link("Confirm your address") == confirm
    assert letter.link("Confirm") == confirm
    assert letter.link(re.compile("^confirm", re.IGNORECASE)) == confirm
    assert letter.link(re.compile("/confirm/")) == confirm
    assert letter.link("The shop") == "https://shop.example/"
    assert letter.link("Write") == "mailto:help@example.com"


@pytest.mark.parametrize(
    ("text", "label", "url"),
    [
        ("Confirm: https://shop.example/1.", "Confirm", "https://shop.example/1"),
        ("Confirm your address:\n\n  <https://shop.example/1>\n", "Confirm your address", "https://shop.example/1"),
        ("Read (https://shop.example/a_(b)) it", "Read", "https://shop.example/a_(b)"),
        ("请确认：https://shop.example/1。", "请确认", "https://shop.example/1"),
    ],
)
def test_a_link_in_plain_text_is_called_as_its_line_or_the_one_before(
    text: str, label: str, url: str, outbox: Outbox
) -> None:
    make_mail().send(hello(body=text))
    mail = outbox.one()
    assert mail.link(label) == url
    assert mail.link() == url


def test_a_link_of_two_meanings_is_refused_and_an_exact_one_preferred(outbox: Outbox) -> None:
    links = "".join(f'<a href="https://x.example/{n}">{text}</a>' for n, text in enumerate(("Go", "Go on", "Go back")))
    make_mail().send(hello(html=links))
    mail = outbox.one()
    assert mail.link("Go") == "https://x.example/0"
    with pytest.raises(AssertionError, match="2 links match 'Go '"):
        mail.link("Go ")
    with pytest.raises(AssertionError, match="3 links in"):
        mail.link()


def test_an_attachment_is_found_by_its_name(letter: CapturedMessage) -> None:
    assert letter.attachment("terms.pdf").data == b"%PDF-1.7"
    assert letter.attachment("terms.pdf").content_type == "application/pdf"
    assert letter.attachment("grüße.txt").text == "Schöne Grüße"
    assert letter.attachment("log.txt").data == b"from a file"
    assert letter.attachment(re.compile(r"\.png$")).content_id is not None
    assert [each.filename for each in letter.attachments] == ["logo.png", "terms.pdf", "grüße.txt", "log.txt"]


def test_a_mail_that_was_attached_is_an_attachment(outbox: Outbox) -> None:
    inner = hello(sender="shop@example.com").as_bytes()
    message = hello()
    message.attach("inner.eml", "message/rfc822", inner)
    make_mail().send(message)
    assert b"Subject: Hello" in outbox.one().attachment("inner.eml").data


@pytest.mark.parametrize("broken", ["<![ ", "<![ x>", "<![if !mso]>", "<!>", "<![nonsense[x]]>", "<?"])
def test_a_broken_declaration_hides_no_link_before_it(outbox: Outbox, broken: str) -> None:
    make_mail().send(hello(html=f"<a href='https://x.example'>Go</a>{broken}"))
    assert outbox.one().link("Go") == "https://x.example"
    assert [finding.rule for finding in outbox.one().lint() if finding.level == "error"] == []


def test_a_mail_may_have_html_only_or_nothing(outbox: Outbox) -> None:
    make_mail().send(Message("Nothing", [ANN]))
    assert (outbox.one().text.strip(), outbox.one().html, outbox.one().links) == ("", "", [])


def test_an_entry_can_be_looked_over_as_its_readers_will_see_it(outbox: Outbox) -> None:
    mail = make_mail()
    mail.send(hello(subject="Plain"))
    mail.send(hello(subject="Broken", html='<p>Hello. <img src="cid:nowhere"></p>'))
    assert outbox[0].lint() == []
    assert "cid-broken" in {finding.rule for finding in outbox[1].lint()}


# Asking for one


@pytest.fixture
def three(outbox: Outbox) -> Outbox:
    mail = make_mail()
    mail.send(hello(("Ann", ANN), subject="Welcome", tags=["a", "b"]))
    mail.send(hello(ANN, BOB, subject="Invoice 17", bcc=["eve@example.com"]))
    message = hello(BOB, subject="Terms", html="<p>Our terms</p>")
    message.attach("terms.pdf", "application/pdf", b"%PDF")
    mail.send(message)
    return outbox


@pytest.mark.parametrize(
    ("criteria", "subject"),
    [
        ({"subject": "Welcome"}, "Welcome"),
        ({"subject": re.compile(r"\d+$")}, "Invoice 17"),
        ({"subject": lambda subject: subject.startswith("T")}, "Terms"),
        ({"to": ANN, "subject": re.compile("Invoice")}, "Invoice 17"),
        ({"to": [ANN]}, "Welcome"),
        ({"to": {BOB, ANN}}, "Invoice 17"),
        ({"to": "Bobby <BOB@EXAMPLE.COM>".replace("BOB", "bob"), "html": re.compile("terms")}, "Terms"),
        ({"to": ("Ann", ANN), "bcc": None}, "Welcome"),
        ({"to": lambda addresses: len(addresses) == 2}, "Invoice 17"),
        ({"to": re.compile("^bob@"), "cc": None, "attachments": "terms.pdf"}, "Terms"),
        ({"bcc": "eve@example.com"}, "Invoice 17"),
        ({"recipients": "eve@example.com"}, "Invoice 17"),
        ({"tags": "a"}, "Welcome"),
        ({"tags": ["b", "a"]}, "Welcome"),
        ({"attachments": re.compile("pdf")}, "Terms"),
        ({"sender": "shop@example.com", "text": "Hello.", "html": "", "bcc": None}, "Welcome"),
    ],
)
def test_one_is_found_by_value_pattern_or_function(three: Outbox, criteria: dict[str, t.Any], subject: str) -> None:
    assert three.one(**criteria).subject == subject


def test_all_that_match_are_found_in_their_order(three: Outbox) -> None:
    assert [mail.subject for mail in three.all(to=BOB)] == ["Invoice 17", "Terms"]
    assert three.all(to="joe@example.com") == []
    assert three.all() == three


def test_the_template_is_a_field(outbox: Outbox) -> None:
    app = Flask("app_of_a_test")
    app.config.update(MAIL_DEFAULT_SENDER="shop@example.com")
    app.jinja_loader = jinja2.DictLoader({"mail/welcome.txt": "Hello {{ name }}."})
    mail = Mail(app)
    with app.app_context():
        mail.send_template("mail/welcome", [ANN], subject="Hello", name="Ann")
    mail.send(hello(subject="Another"))
    assert outbox.one(template="mail/welcome").text == "Hello Ann."
    assert outbox.one(template=re.compile("welcome$")).subject == "Hello"
    assert outbox.one(template=None).subject == "Another"


def test_a_field_that_does_not_exist_is_a_clear_error(outbox: Outbox) -> None:
    with pytest.raises(TypeError) as caught:
        outbox.one(subjct="Welcome")
    assert str(caught.value) == "one() got 'subjct', which is no field of a mail; did you mean 'subject'?"
    with pytest.raises(TypeError, match=r"all\(\) got 'x', which is no field of a mail; a mail has to, cc, "):
        outbox.all(x=1)


def test_an_outbox_can_be_emptied(three: Outbox) -> None:
    three.clear()
    three.assert_empty()
