"""What programs and tests out there do with Flask-Mail beyond its documentation, each seen in public repositories."""

from __future__ import annotations

import collections.abc as c
import contextlib
import copy
import email
import pickle
import smtplib
import types
import typing as t
from unittest import mock

import pytest
from flask import current_app
from flask import Flask

import flask_mail
from flask_mail import BadHeaderError
from flask_mail import Connection
from flask_mail import Mail
from flask_mail import Message

from ..conftest import SENDER
from ..servers import Server

MakeApp = c.Callable[..., Flask]


def hello(**fields: t.Any) -> Message:
    return Message(**{"subject": "hello", "recipients": ["to@example.com"], "body": "hi", **fields})


# The extension in the place of its state


@pytest.mark.parametrize("bound", [True, False])
def test_mail_itself_as_the_extension(make_app: MakeApp, smtp_auth: Server, bound: bool) -> None:
    app = make_app(smtp_auth)
    mail = Mail(app) if bound else Mail()
    if not bound:
        mail.init_app(app)
    app.extensions["mail"] = mail
    with app.app_context():
        mail.send(hello())
        current_app.extensions["mail"].send(hello())
        with mail.connect() as connection:
            connection.send(hello())
        assert mail.port == current_app.extensions["mail"].port == smtp_auth.port
    assert [delivery.sender for delivery in smtp_auth.wait(3)] == [SENDER] * 3


def test_mail_itself_as_the_extension_in_tests(make_app: MakeApp, smtp: Server) -> None:
    app = make_app(smtp, TESTING=True)
    mail = Mail(app)
    app.extensions["mail"] = mail
    with app.app_context(), mail.record_messages() as outbox:
        mail.send(hello())
    assert len(outbox) == 1
    assert smtp.connections == 0


def test_something_else_as_the_extension(app: Flask, mail: Mail) -> None:
    app.extensions["mail"] = fake = mock.MagicMock()
    with app.app_context():
        message = hello()
        current_app.extensions["mail"].send(message)
    fake.send.assert_called_once_with(message)


# Patched methods


@pytest.mark.parametrize("name", ["Mail.send", "_MailMixin.send", "Message.send", "Connection.send"])
def test_a_patched_send_sends_nothing(app: Flask, mail: Mail, smtp: Server, name: str) -> None:
    with app.app_context(), mock.patch(f"flask_mail.{name}") as send:
        mail.send(hello())
        mail.send_message("hello", ["to@example.com"], "hi")
    assert send.call_count == 2
    assert smtp.deliveries == []


@pytest.mark.parametrize("name", ["_Mail.send", "_MailMixin.send"])
def test_a_patched_send_of_the_state_sends_nothing(app: Flask, mail: Mail, smtp: Server, name: str) -> None:
    with app.app_context(), mock.patch(f"flask_mail.{name}") as send:
        app.extensions["mail"].send(hello())
    send.assert_called_once()
    assert smtp.deliveries == []


def test_a_patched_send_that_fails(app: Flask, mail: Mail) -> None:
    down = mock.patch("flask_mail.Mail.send", side_effect=smtplib.SMTPException("down"))
    with app.app_context(), down, pytest.raises(smtplib.SMTPException, match="down"):
        mail.send_message("hello", ["to@example.com"], "hi")


def test_a_patched_connect(app: Flask, mail: Mail) -> None:
    with app.app_context(), mock.patch.object(Mail, "connect") as connect:
        message = hello()
        mail.send(message)
    connection = connect.return_value.__enter__.return_value
    connection.send.assert_called_once_with(message)


def test_send_replaced_for_one_mail(app: Flask, mail: Mail, smtp: Server) -> None:
    sent: list[Message] = []
    mail.send = sent.append  # type: ignore[assignment, method-assign]
    with app.app_context():
        mail.send_message("hello", ["to@example.com"], "hi")
    assert [message.subject for message in sent] == ["hello"]
    assert smtp.connections == 0


def test_a_connection_send_of_ones_own_finds_the_host_open(app: Flask, mail: Mail, smtp: Server) -> None:
    def send(self: Connection, message: Message, envelope_from: str | None = None) -> None:
        self.host.sendmail("bounces@example.com", ["to@example.com"], message.as_bytes(), [], [])

    with app.app_context(), mock.patch.object(Connection, "send", send):
        mail.send(hello())
    assert smtp.wait()[0].sender == "bounces@example.com"


def test_a_message_send_of_ones_own(app: Flask, mail: Mail, smtp: Server) -> None:
    class Bounced(Message):
        def send(self, connection: Connection) -> t.Any:
            connection.send(self, "bounces@example.com")

    class Raw(Message):
        def send(self, connection: Connection) -> t.Any:
            connection.host.sendmail("raw@example.com", self.recipients, bytes(self))

    with app.app_context():
        for kind in (Bounced, Raw):
            mail.send(kind("hello", ["to@example.com"], "hi"))
    assert [delivery.sender for delivery in smtp.wait(2)] == ["bounces@example.com", "raw@example.com"]


# Subclasses and states made by hand


def test_a_state_made_by_hand_and_its_connection(app: Flask, mail: Mail, smtp_auth: Server) -> None:
    state = flask_mail._Mail(  # type: ignore[attr-defined]
        smtp_auth.host,
        smtp_auth.username,
        smtp_auth.password,
        smtp_auth.port,
        False,  # use_tls
        False,  # use_ssl
        "second@example.com",
        False,  # debug
        None,  # max_emails
        False,  # suppress
        False,  # ascii_attachments
    )
    with app.app_context():
        connection = Connection(state)
        connection.__enter__()
        connection.send(hello())
        connection.__exit__(None, None, None)
    [delivery] = smtp_auth.wait()
    assert delivery.login == smtp_auth.username
    smtp_auth.wait_for(lambda: smtp_auth.open_connections == 0)


def test_a_second_server_for_bulk_mail(app: Flask, mail: Mail, smtp_starttls: Server) -> None:
    state = mail.init_mail({**app.config, **smtp_starttls.config})
    with app.app_context(), Connection(state) as connection:
        connection.send(hello())
    assert smtp_starttls.wait()[0].tls


def test_a_connection_that_configures_its_own_host(make_app: MakeApp, smtp_auth: Server) -> None:
    class Named(Connection):
        def configure_host(self) -> smtplib.SMTP:
            host = smtplib.SMTP(self.mail.server, self.mail.port, local_hostname="client.example.com")
            host.set_debuglevel(int(self.mail.debug))
            host.login(self.mail.username, self.mail.password)
            return host

    class State(flask_mail._Mail):  # type: ignore[attr-defined, name-defined, misc]
        def connect(self) -> Connection:
            return Named(current_app.extensions["mail"])

        def send(self, message: Message) -> t.Any:
            with self.connect() as connection:
                connection.send(message, self.envelope_from)

    class Own(Mail):
        def init_mail(self, config: t.Any, debug: bool | int = False, testing: bool = False) -> t.Any:
            values = super().init_mail(config, debug, testing)
            names = ["server", "username", "password", "port", "use_tls", "use_ssl", "default_sender", "debug"]
            state = State(*(getattr(values, name) for name in [*names, "max_emails", "suppress", "ascii_attachments"]))
            state.envelope_from = "bounces@example.com"
            return state

        def send(self, message: Message) -> t.Any:
            return self.state.send(message)

    app = make_app(smtp_auth)
    mail = Own(app)
    with app.app_context():
        mail.send(hello(recipients=["Ä <to@example.com>"]))
        app.extensions["mail"].send(hello())
    first, second = smtp_auth.wait(2)
    assert first.helo == second.helo == "client.example.com"
    assert first.sender == second.sender == "bounces@example.com"
    assert first.recipients == ("to@example.com",)


# Messages


def test_headers_of_an_attachment_as_pairs(app: Flask, mail: Mail, smtp: Server) -> None:
    """Flask-Mail 0.9.1 took pairs, 0.10.0 takes a mapping."""
    with app.app_context():
        message = hello(html='<img src="cid:logo">')
        message.attach("logo.png", "image/png", b"\x89PNG", "inline", headers=[["Content-ID", "<logo>"]])  # type: ignore[arg-type]
        message.attach("logo2.png", "image/png", b"\x89PNG", "inline", headers={"Content-ID": "<logo2>"})
        mail.send(message)
    parts = smtp.wait()[0].message.walk()
    assert [part["Content-ID"] for part in parts if part.get_content_type() == "image/png"] == ["<logo>", "<logo2>"]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda message: pickle.loads(pickle.dumps(message))])
def test_a_message_survives_copying_and_a_queue_that_pickles(
    app: Flask, mail: Mail, smtp: Server, again: c.Callable[[Message], Message]
) -> None:
    with app.app_context():
        message = hello(html="<p>hi", cc=[("Ä", "cc@example.com")])
        message.attach("a.txt", "text/plain", b"attached")
        mail.send(again(message))
    [delivery] = smtp.wait()
    assert delivery.recipients == ("to@example.com", "cc@example.com")
    assert [part.get_content() for part in delivery.message.iter_attachments()] == ["attached"]


def test_fields_set_one_by_one(app: Flask, mail: Mail, smtp: Server) -> None:
    with app.app_context():
        message = Message()
        message.subject = "hello"
        message.sender = ("Me", "me@example.com")
        message.recipients = ["to@example.com"]
        message.cc = ["cc@example.com"]
        message.bcc = ["bcc@example.com"]
        message.reply_to = "reply@example.com"
        message.body = "hi"
        message.html = "<p>hi"
        message.charset = "utf-8"
        message.date = 1700000000
        message.extra_headers = {"X-Priority": "1"}
        mail.send(message)
    [delivery] = smtp.wait()
    assert delivery.sender == "me@example.com"
    assert delivery.recipients == ("to@example.com", "cc@example.com", "bcc@example.com")
    assert delivery.message["X-Priority"] == "1"
    assert delivery.message["Date"].datetime.timestamp() == 1700000000


def test_a_body_that_is_not_text_is_sent_as_its_text(app: Flask, mail: Mail, smtp: Server) -> None:
    from markupsafe import Markup

    with app.app_context():
        mail.send(hello(body=Markup("a &amp; b"), html=Markup("<p>a &amp; b")))
    body = smtp.wait()[0].message.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == "<p>a &amp; b"


@pytest.mark.parametrize("name", ["smtplib.SMTP", "flask_mail.smtplib.SMTP"])
@pytest.mark.parametrize("way", ["send", "connect"])
def test_a_patched_smtplib_reaches_no_server(app: Flask, mail: Mail, smtp: Server, name: str, way: str) -> None:
    with app.app_context(), mock.patch(name) as patched:
        message = hello()
        if way == "send":
            mail.send(message)
        else:
            with mail.connect() as connection:
                connection.send(message)
    patched.assert_called_once_with(smtp.host, smtp.port)
    sender, recipients, octets, *_ = patched.return_value.sendmail.call_args.args
    assert (sender, recipients, octets) == (SENDER, ["to@example.com"], message.as_bytes())
    patched.return_value.quit.assert_called_once_with()
    assert smtp.connections == 0


def test_hasattr_of_a_mail_without_app_answers() -> None:
    assert not hasattr(Mail(), "server")
    assert getattr(Mail(), "suppress", None) is None


class Redirecting(Connection):
    """Staging, as programs wrote it before there was a setting."""

    def send(self, message: Message, envelope_from: t.Any = None) -> t.Any:
        message.recipients = ["safe@example.com"]
        message.subject = f"[staging] {message.subject}"
        return super().send(message, envelope_from)


def test_a_connection_of_ones_own_may_change_the_message_on_its_way(app: Flask, mail: Mail, smtp: Server) -> None:
    with app.app_context(), mock.patch.object(Mail, "connect", lambda self: Redirecting(self.in_force())):
        mail.send(hello())
    [delivery] = smtp.wait()
    assert delivery.recipients == ("safe@example.com",)
    assert delivery.message["Subject"] == "[staging] hello"


def test_a_message_of_ones_own_may_name_its_recipients_when_it_is_sent(app: Flask, mail: Mail, smtp: Server) -> None:
    class Late(Message):
        def send(self, connection: t.Any) -> t.Any:
            self.recipients = ["late@example.com"]
            return super().send(connection)

    with app.app_context():
        mail.send(Late("hello", body="hi"))
    assert smtp.wait()[0].recipients == ("late@example.com",)


def test_a_duck_for_a_connection(app: Flask, mail: Mail, smtp: Server) -> None:
    sent: list[Message] = []

    class Duck:
        def __enter__(self) -> Duck:
            return self

        def __exit__(self, *_: object) -> None: ...

        def send(self, message: Message) -> None:
            sent.append(message)

    with app.app_context(), mock.patch.object(Mail, "connect", return_value=Duck()):
        mail.send(hello())
    assert len(sent) == 1
    assert smtp.connections == 0


SIGNED = b"Subject: signed\nTo: to@example.com\n\n.signed\n"


@pytest.mark.parametrize("name", ["as_bytes", "_message", "as_string"])
def test_the_octets_of_ones_own_are_what_is_sent(app: Flask, mail: Mail, smtp: Server, name: str) -> None:
    gives = {
        "as_bytes": lambda self: SIGNED,
        "_message": lambda self: email.message_from_bytes(SIGNED),
        "as_string": lambda self: SIGNED.decode(),
    }
    signed = type("Signed", (Message,), {name: gives[name]})
    with app.app_context():
        mail.send(signed("hello", ["to@example.com"], "unsigned"))
        assert [result.ok for result in mail.send_many([signed("hello", ["to@example.com"], "x")])] == [True]
    assert [d.content for d in smtp.wait(2)] == [SIGNED.replace(b"\n", b"\r\n")] * 2


@pytest.mark.parametrize("where", ["class", "message"])
def test_octets_that_are_patched_in_are_what_is_sent(app: Flask, mail: Mail, smtp: Server, where: str) -> None:
    with app.app_context():
        message, other = hello(), Message("other", ["to@example.com"], "the other's")
        if where == "class":
            wanted = SIGNED
            with mock.patch.object(Message, "as_bytes", return_value=wanted):
                mail.send(message)
        else:
            wanted = other.as_bytes()
            message.as_bytes = other.as_bytes  # type: ignore[method-assign]
            mail.send(message)
    assert [delivery.content.splitlines() for delivery in smtp.wait()] == [wanted.splitlines()]


@pytest.mark.parametrize("where", ["class", "message"])
def test_bad_headers_that_are_found_by_what_is_patched_in(app: Flask, mail: Mail, smtp: Server, where: str) -> None:
    bad = Message("two\nlines", ["to@example.com"], "x")
    message = hello()
    with app.app_context(), contextlib.ExitStack() as stack:
        if where == "class":
            stack.enter_context(mock.patch.object(Message, "has_bad_headers", return_value=True))
        else:
            message.has_bad_headers = bad.has_bad_headers  # type: ignore[method-assign]
        with pytest.raises(BadHeaderError, match="has_bad_headers"):
            mail.send(message)
    assert smtp.deliveries == []


@pytest.mark.parametrize("given", ["Mail", "state", "namespace"])
def test_what_a_connection_is_made_of(app: Flask, mail: Mail, smtp: Server, given: str) -> None:
    attributes = "server username password port use_tls use_ssl default_sender debug max_emails suppress"
    made_of = {
        "Mail": mail,
        "state": mail.state,
        "namespace": types.SimpleNamespace(**{name: getattr(mail, name) for name in attributes.split()}),
    }
    with app.app_context(), Connection(made_of[given]) as connection:  # type: ignore[arg-type]
        connection.send(hello())
    assert smtp.wait()[0].sender == SENDER


@pytest.mark.parametrize("method", ["sendmail", "connect", "login"])
def test_a_patched_method_of_smtplib_lets_no_mail_out_by_another_way(
    app: Flask, mail: Mail, smtp: Server, method: str
) -> None:
    with app.app_context(), mock.patch(f"smtplib.SMTP.{method}") as patched:
        if method == "sendmail":
            mail.send(hello())
            assert patched.call_args.args[:2] == (SENDER, ["to@example.com"])
        elif method == "connect":
            patched.return_value = (220, b"mocked")
            with pytest.raises(smtplib.SMTPServerDisconnected):
                mail.send(hello())
    assert smtp.deliveries == []


@pytest.mark.parametrize(
    "name", "MIMEText blinker charset current_app formataddr formatdate make_msgid parseaddr re time PY3".split()
)
def test_what_leaked_from_flask_mail_is_still_there(name: str) -> None:
    assert getattr(flask_mail, name) is not None


@pytest.mark.parametrize("message", [None, "text", []])
def test_what_is_no_message_is_said_to_be_none(mail: Mail, message: t.Any) -> None:
    with pytest.raises(TypeError, match="takes a Message"):
        mail.send(message)
    with pytest.raises(TypeError, match="takes a Flask application"):
        Mail("app")  # type: ignore[arg-type]
