"""``Connection`` as programs for Flask-Mail use it: over real servers, and with its host patched."""

from __future__ import annotations

import collections.abc as c
import typing as t
from unittest import mock

import pytest
from flask import Flask

from flask_mail import BadHeaderError
from flask_mail import Connection
from flask_mail import Mail
from flask_mail import Message

from ..conftest import SENDER
from ..servers import Server

MakeApp = c.Callable[..., Flask]


@pytest.fixture(autouse=True)
def context(app: Flask, mail: Mail) -> c.Iterator[None]:
    with app.app_context():
        yield


def hello(**fields: t.Any) -> Message:
    return Message(**{"subject": "hello", "recipients": ["to@example.com"], "body": "hi", **fields})


# Over a real server


@pytest.mark.parametrize("kind", ["smtp", "smtp_auth", "smtp_starttls", "smtp_tls"])
def test_many_messages_over_one_connection(request: pytest.FixtureRequest, make_app: MakeApp, kind: str) -> None:
    server: Server = request.getfixturevalue(kind)
    other = make_app(server)
    with other.app_context(), Mail(other).connect() as connection:
        for number in range(20):
            connection.send(hello(subject=str(number)))
        assert connection.num_emails == 20
    assert [delivery.message["Subject"] for delivery in server.wait(20)] == [str(n) for n in range(20)]
    assert server.connections == 1
    assert server.verbs.count("AUTH") == (1 if server.auth else 0)
    server.wait_for(lambda: server.open_connections == 0)


def test_the_connection_opens_on_entering_and_quits_on_leaving(mail: Mail, smtp: Server) -> None:
    connection = mail.connect()
    assert isinstance(connection, Connection)
    assert connection.host is None
    assert connection.num_emails == 0
    with connection as entered:
        assert entered is connection
        assert connection.host is not None
        smtp.wait_for(lambda: smtp.open_connections == 1)
    smtp.wait_for(lambda: smtp.open_connections == 0)
    assert smtp.verbs[-1] == "QUIT"


def test_leaving_by_an_error_closes_too_and_keeps_the_error(mail: Mail, smtp: Server) -> None:
    def send_and_fail() -> None:
        with mail.connect() as connection:
            connection.send(hello())
            raise LookupError("of the caller")

    with pytest.raises(LookupError, match="of the caller"):
        send_and_fail()
    smtp.wait_for(lambda: smtp.open_connections == 0)
    assert len(smtp.deliveries) == 1


def test_the_state_makes_connections(app: Flask, mail: Mail, smtp: Server) -> None:
    with Connection(app.extensions["mail"]) as connection:
        assert connection.mail is app.extensions["mail"]
        connection.send(hello())
    assert len(smtp.wait()) == 1


def test_a_message_sends_itself(mail: Mail, smtp: Server) -> None:
    with mail.connect() as connection:
        hello().send(connection)
    assert smtp.wait()[0].recipients == ("to@example.com",)


def test_send_message_makes_one(mail: Mail, smtp: Server) -> None:
    with mail.connect() as connection:
        connection.send_message("hello", ["one@example.com"], "by position")
        connection.send_message(subject="hello", recipients=["two@example.com"], body="by name")
    assert [d.recipients for d in smtp.wait(2)] == [("one@example.com",), ("two@example.com",)]
    assert smtp.deliveries[0].sender == SENDER


@pytest.mark.parametrize("sender", ["bounces@example.com", ("Bounces", "bounces@example.com")])
def test_the_envelope_sender_may_differ_from_the_header(mail: Mail, smtp: Server, sender: t.Any) -> None:
    with mail.connect() as connection:
        connection.send(hello(), envelope_from=sender)
        connection.send(hello(), sender)
        connection.send(hello())
    first, second, third = smtp.wait(3)
    assert first.sender == second.sender == "bounces@example.com"
    assert first.message["From"] == SENDER
    assert third.sender == SENDER


def test_the_options_of_mail_and_rcpt_reach_the_server(mail: Mail, smtp: Server) -> None:
    options = {"mail_options": ["RET=HDRS", "ENVID=QQ314159"], "rcpt_options": ["NOTIFY=SUCCESS,FAILURE"]}
    with mail.connect() as connection:
        connection.send(hello(recipients=["one@example.com", "two@example.com"], **options))
    [delivery] = smtp.wait()
    assert {"RET=HDRS", "ENVID=QQ314159"} <= set(delivery.mail_options)
    assert delivery.rcpt_options == ("NOTIFY=SUCCESS,FAILURE",) * 2


@pytest.mark.parametrize("most", [1, 2, 5])
def test_a_new_connection_after_so_many_emails(app: Flask, mail: Mail, smtp: Server, most: int) -> None:
    app.extensions["mail"].max_emails = most
    with mail.connect() as connection:
        for number in range(5):
            connection.send(hello())
            assert connection.num_emails == (number + 1) % most
    assert len(smtp.wait(5)) == 5
    conversations = " ".join(smtp.verbs).split("QUIT")
    assert max(conversation.split().count("DATA") for conversation in conversations) == most
    assert smtp.connections in (-(-5 // most), 5 // most + 1)


def test_names_are_in_the_header_and_addresses_in_the_envelope(mail: Mail, smtp: Server) -> None:
    with mail.connect() as connection:
        connection.send(hello(sender=("Ä", "from@example.com"), recipients=["Ü <one@example.com>", "two@example.com"]))
    [delivery] = smtp.wait()
    assert delivery.sender == "from@example.com"
    assert delivery.recipients == ("one@example.com", "two@example.com")


@pytest.mark.parametrize("body", ["hi", "Öö", "a line\n.\nwith a dot\n..\n", "x" * 5000])
def test_any_body_arrives(mail: Mail, smtp: Server, body: str) -> None:
    with mail.connect() as connection:
        connection.send(hello(body=body))
    assert smtp.wait()[0].message.get_content().splitlines() == body.splitlines()


def test_configure_host_gives_what_sends(app: Flask, mail: Mail, smtp: Server) -> None:
    connection = mail.connect()
    host = connection.configure_host()
    host.sendmail("from@example.com", ["to@example.com"], b"Subject: by hand\r\n\r\nhi\r\n", [], [])
    host.quit()
    assert smtp.wait()[0].message["Subject"] == "by hand"


def test_the_host_is_what_smtplib_gives(mail: Mail, smtp: Server) -> None:
    with mail.connect() as connection:
        smtp.refused["nobody@example.com"] = "550 5.1.1 no such user"
        refused = connection.host.sendmail(
            "from@example.com",
            ["to@example.com", "nobody@example.com"],
            b"Subject: by hand\r\n\r\nhi\r\n",
            mail_options=["RET=HDRS"],
            rcpt_options=["NOTIFY=NEVER"],
        )
        connection.send(hello())
    assert refused == {"nobody@example.com": (550, b"5.1.1 no such user")}
    assert [d.message["Subject"] for d in smtp.wait(2)] == ["by hand", "hello"]


def test_suppressed_there_is_no_host(app: Flask, mail: Mail, smtp: Server) -> None:
    app.extensions["mail"].suppress = True
    with mail.record_messages() as outbox, mail.connect() as connection:
        assert connection.host is None
        for _ in range(3):
            connection.send(hello())
        assert connection.num_emails == 3
        assert connection.host is None
    assert len(outbox) == 3
    assert smtp.connections == 0


# Errors


def test_without_sender_or_recipients(app: Flask, mail: Mail, smtp: Server) -> None:
    with mail.connect() as connection:
        with pytest.raises(AssertionError):
            connection.send(hello(recipients=[]))
        app.extensions["mail"].default_sender = None
        with pytest.raises(AssertionError):
            connection.send(hello())
        connection.send(hello(sender="from@example.com"))
    assert [delivery.sender for delivery in smtp.wait()] == ["from@example.com"]


def test_a_bad_header(mail: Mail, smtp: Server) -> None:
    with mail.connect() as connection, pytest.raises(BadHeaderError):
        connection.send(hello(subject="testing\n\r"))
    assert "MAIL" not in smtp.verbs


# With the host patched, as tests out there do


@pytest.mark.parametrize("suppressed", [True, False])
@pytest.mark.parametrize(
    "fields",
    [
        {"body": "body"},
        {"body": "Öö"},
        {"cc": ["cc@example.com"], "bcc": ["bcc@example.com"]},
        {"mail_options": ["BODY=8BITMIME"], "rcpt_options": ["NOTIFY=NEVER"]},
    ],
)
def test_a_patched_host_is_called_as_smtplib(
    app: Flask, mail: Mail, smtp: Server, fields: dict[str, t.Any], suppressed: bool
) -> None:
    app.extensions["mail"].suppress = suppressed
    with mail.connect() as connection, mock.patch.object(connection, "host") as host:
        message = hello(sender="from@example.com", **fields)
        connection.send(message)
        host.sendmail.assert_called_once_with(
            "from@example.com", mock.ANY, message.as_bytes(), message.mail_options, message.rcpt_options
        )
        recipients = host.sendmail.call_args.args[1]
    assert isinstance(recipients, list)
    assert sorted(recipients) == sorted(["to@example.com", *message.cc, *message.bcc])
    assert smtp.deliveries == []
    assert connection.num_emails == 1


def test_a_patched_host_is_given_addresses_as_flask_mail_writes_them(mail: Mail) -> None:
    with mail.connect() as connection, mock.patch.object(connection, "host") as host:
        message = hello(sender="from@example.com", recipients=["ÄÜÖ → ✓ <to@example.com>"])
        connection.send(message)
        host.sendmail.assert_called_once_with(
            "from@example.com",
            ["=?utf-8?b?w4TDnMOWIOKGkiDinJM=?= <to@example.com>"],
            message.as_bytes(),
            message.mail_options,
            message.rcpt_options,
        )


def test_a_host_put_there_by_hand_sends_and_quits(app: Flask, mail: Mail) -> None:
    app.extensions["mail"].suppress = True
    host = mock.Mock()
    host.sendmail.return_value = {}
    with mail.connect() as connection:
        connection.host = host
        connection.send(hello(), envelope_from="bounces@example.com")
    assert host.sendmail.call_args.args[0] == "bounces@example.com"
    host.quit.assert_called_once_with()


def test_only_sendmail_of_the_host_patched(mail: Mail, smtp: Server) -> None:
    with mail.connect() as connection:
        with mock.patch.object(connection.host, "sendmail", return_value={}) as sendmail:
            connection.send(hello())
            assert sendmail.call_args.args[:2] == (SENDER, ["to@example.com"])
        assert smtp.deliveries == []
        connection.send(hello())
    assert len(smtp.wait()) == 1


def test_configure_host_patched(mail: Mail, smtp: Server) -> None:
    with mock.patch.object(Connection, "configure_host") as configure:
        configure.return_value.sendmail.return_value = {}
        mail.send(hello())
        assert configure.return_value.sendmail.call_args.args[:2] == (SENDER, ["to@example.com"])
        configure.return_value.quit.assert_called_once_with()
    assert smtp.connections == 0


def test_a_patched_host_that_raises(mail: Mail) -> None:
    with mail.record_messages() as outbox, mail.connect() as connection:
        with mock.patch.object(connection, "host") as host:
            host.sendmail.side_effect = ConnectionResetError("gone")
            with pytest.raises(ConnectionResetError):
                connection.send(hello())
        assert outbox == []
