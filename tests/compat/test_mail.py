"""``Mail`` and the state at ``app.extensions["mail"]`` as programs for Flask-Mail use them."""

from __future__ import annotations

import collections.abc as c
import typing as t

import pytest
from flask import Flask

from flask_mail import Connection
from flask_mail import Mail
from flask_mail import Message

from ..conftest import SENDER
from ..servers import Server

MakeApp = c.Callable[..., Flask]
StartServer = c.Callable[..., Server]

DEFAULTS = {
    "server": "127.0.0.1",
    "username": None,
    "password": None,
    "port": 25,
    "use_tls": False,
    "use_ssl": False,
    "default_sender": None,
    "debug": 0,
    "max_emails": None,
    "suppress": False,
    "ascii_attachments": False,
}
GIVEN = {
    "MAIL_SERVER": "mail.example.com",
    "MAIL_USERNAME": "me",
    "MAIL_PASSWORD": "secret",
    "MAIL_PORT": 587,
    "MAIL_USE_TLS": True,
    "MAIL_USE_SSL": False,
    "MAIL_DEFAULT_SENDER": ("Me", "me@example.com"),
    "MAIL_DEBUG": True,
    "MAIL_MAX_EMAILS": 10,
    "MAIL_SUPPRESS_SEND": True,
    "MAIL_ASCII_ATTACHMENTS": True,
}


def hello(**fields: t.Any) -> Message:
    return Message(**{"subject": "hello", "recipients": ["to@example.com"], "body": "hi", **fields})


# Making one


def test_mail_of_an_app() -> None:
    app = Flask(__name__)
    mail = Mail(app)
    assert mail.app is app
    assert mail.state is app.extensions["mail"]


def test_mail_of_no_app_yet() -> None:
    mail = Mail()
    assert mail.app is None
    assert mail.state is None


def test_init_app_returns_the_state() -> None:
    app = Flask(__name__)
    state = Mail().init_app(app)
    assert state is app.extensions["mail"]


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_documented_defaults(name: str) -> None:
    state = Mail().init_mail({})
    assert getattr(state, name) == DEFAULTS[name]
    assert type(getattr(state, name)) is type(DEFAULTS[name])


@pytest.mark.parametrize("key", GIVEN)
def test_every_key_is_read(key: str) -> None:
    name = key.removeprefix("MAIL_").lower().replace("suppress_send", "suppress")
    state = Mail().init_mail(GIVEN)
    assert getattr(state, name) == GIVEN[key]
    app = Flask(__name__)
    app.config.update(GIVEN)
    assert getattr(Mail(app), name) == GIVEN[key]


def test_ssl_is_read() -> None:
    assert Mail().init_mail({"MAIL_USE_SSL": True}).use_ssl is True


def test_debug_and_testing_are_defaults_of_their_settings() -> None:
    state = Mail().init_mail({}, True, True)
    assert (state.debug, state.suppress) == (1, True)
    state = Mail().init_mail({}, debug=2)
    assert (state.debug, state.suppress) == (2, False)
    state = Mail().init_mail({"MAIL_DEBUG": False, "MAIL_SUPPRESS_SEND": False}, debug=True, testing=True)
    assert (state.debug, state.suppress) == (0, False)


def test_init_mail_gives_what_the_app_has() -> None:
    app = Flask(__name__)
    app.config.update(GIVEN)
    mail = Mail(app)
    assert mail.state is not None
    assert mail.state.__dict__ == mail.init_mail(app.config, app.debug, app.testing).__dict__
    assert set(DEFAULTS) <= set(mail.state.__dict__)
    assert mail.state.__dict__ != mail.init_mail({}).__dict__


def test_init_app_late_and_again_reads_the_settings_as_they_are_then(
    make_app: MakeApp, start_server: StartServer
) -> None:
    first, second = start_server(), start_server(auth=True)
    mail = Mail()
    app = make_app(first)
    app.config.update(second.config)
    mail.init_app(app)
    with app.app_context():
        mail.send(hello())
    app.config.update({"MAIL_USERNAME": None, "MAIL_PASSWORD": None, **first.config})
    assert mail.init_app(app) is app.extensions["mail"]
    with app.app_context():
        mail.send(hello())
    assert (len(first.deliveries), len(second.deliveries)) == (1, 1)


# Reading and changing the state


def test_the_state_is_readable_through_mail(app: Flask, mail: Mail) -> None:
    state = app.extensions["mail"]
    assert {name: getattr(mail, name) for name in DEFAULTS} == {name: getattr(state, name) for name in DEFAULTS}


def test_a_change_is_seen_at_once(app: Flask, mail: Mail, start_server: StartServer) -> None:
    other = start_server(auth=True)
    state = app.extensions["mail"]
    state.port = other.port
    state.username, state.password = other.username, other.password
    with app.app_context():
        mail.send(hello())
    assert other.wait()[0].login == other.username


@pytest.mark.parametrize("through", ["state", "extensions"])
def test_suppressing_by_hand_and_lifting_it(app: Flask, mail: Mail, smtp: Server, through: str) -> None:
    state = mail.state if through == "state" else app.extensions["mail"]
    assert state is not None
    state.suppress = True
    with app.app_context():
        mail.send(hello())
        assert smtp.connections == 0
        state.suppress = False
        mail.send(hello())
    assert len(smtp.wait()) == 1


def test_the_default_sender_may_go_and_come(app: Flask, mail: Mail, smtp: Server) -> None:
    with app.app_context():
        app.extensions["mail"].default_sender = None
        with pytest.raises(AssertionError):
            mail.send(hello())
        app.extensions["mail"].default_sender = "second@example.com"
        mail.send(hello())
    assert smtp.wait()[0].sender == "second@example.com"


# Sending


def test_send(app: Flask, mail: Mail, smtp: Server) -> None:
    with app.app_context():
        message = hello(body="test")
        mail.send(message)
    [delivery] = smtp.wait()
    assert message.date is not None
    assert delivery.sender == SENDER
    assert delivery.recipients == ("to@example.com",)
    assert delivery.message["Subject"] == "hello"
    assert delivery.message.get_content().strip() == "test"


def test_send_message(app: Flask, mail: Mail, smtp: Server) -> None:
    with app.app_context():
        mail.send_message("hello", ["one@example.com"], "by position")
        mail.send_message(subject="hello", recipients=["two@example.com"], body="by name")
    one, two = smtp.wait(2)
    assert (one.recipients, one.message.get_content().strip()) == (("one@example.com",), "by position")
    assert (two.recipients, two.message.get_content().strip()) == (("two@example.com",), "by name")


def test_the_state_sends_itself(app: Flask, mail: Mail, smtp: Server) -> None:
    state = app.extensions["mail"]
    with app.app_context(), state.record_messages() as outbox:
        state.send(hello())
        state.send_message("hello", ["to@example.com"], "hi")
        with state.connect() as connection:
            assert isinstance(connection, Connection)
            connection.send(hello())
    assert len(smtp.wait(3)) == len(outbox) == 3


@pytest.mark.parametrize(
    ("kind", "secure"), [("smtp", False), ("smtp_auth", False), ("smtp_starttls", True), ("smtp_tls", True)]
)
def test_every_kind_of_server(request: pytest.FixtureRequest, make_app: MakeApp, kind: str, secure: bool) -> None:
    server: Server = request.getfixturevalue(kind)
    app = make_app(server)
    mail = Mail(app)
    with app.app_context():
        mail.send(hello())
    [delivery] = server.wait()
    assert delivery.tls is secure
    assert delivery.login == (server.username if server.auth else None)


def test_one_mail_for_several_apps(make_app: MakeApp, start_server: StartServer) -> None:
    mail = Mail()
    servers = [start_server(), start_server()]
    apps = [make_app(server) for server in servers]
    for app in apps:
        mail.init_app(app)
    for app in reversed(apps):
        with app.app_context():
            mail.send(hello(subject=str(apps.index(app))))
    for number, server in enumerate(servers):
        assert [delivery.message["Subject"] for delivery in server.deliveries] == [str(number)]


def test_an_app_that_was_never_initialised(mail: Mail) -> None:
    stranger, unbound = Flask("a stranger"), Mail()
    with stranger.app_context(), pytest.raises(RuntimeError):
        unbound.connect()


# Recording


def test_record_messages_while_suppressed(make_app: MakeApp, smtp: Server) -> None:
    app = make_app(smtp, TESTING=True)
    mail = Mail(app)
    with app.app_context(), mail.record_messages() as outbox:
        mail.send(hello())
        mail.send_message("second", ["to@example.com"], "hi")
        assert [message.subject for message in outbox] == ["hello", "second"]
        assert (outbox[0].sender, outbox[0].recipients, outbox[0].body) == (SENDER, ["to@example.com"], "hi")
        assert isinstance(outbox, list)
        assert isinstance(outbox[0], Message)
    assert smtp.connections == 0


def test_record_messages_while_really_sending_only_inside_the_block(app: Flask, mail: Mail, smtp: Server) -> None:
    with app.app_context():
        with mail.record_messages() as outer:
            mail.send(hello(subject="one"))
            with mail.record_messages() as inner:
                mail.send(hello(subject="two"))
        mail.send(hello(subject="three"))
    assert [message.subject for message in outer] == ["one", "two"]
    assert [message.subject for message in inner] == ["two"]
    assert len(smtp.wait(3)) == 3


def test_what_failed_is_not_recorded(app: Flask, mail: Mail, smtp: Server) -> None:
    smtp.replies["MAIL"] = "554 5.7.1 not from you"
    with app.app_context(), mail.record_messages() as outbox:
        with pytest.raises(Exception, match="not from you"):
            mail.send(hello())
        assert outbox == []
