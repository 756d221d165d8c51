"""What a server offers, and what becomes of a message that needs more: it is refused before a word is said of it."""

from __future__ import annotations

import contextlib
import logging
import smtplib
import typing as t

import pytest
from flask import Flask

from flask_mail import DeliveryError
from flask_mail import Mail
from flask_mail import Message
from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Submission
from flask_mail.transports.connect import Endpoint
from flask_mail.transports.smtp import SMTPTransport

from .server import Conversation
from .server import FaultyServer

WAYS = {"nothing": (), "PIPELINING": ("PIPELINING",), "CHUNKING": ("PIPELINING", "CHUNKING")}
EACH_WAY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@contextlib.contextmanager
def mailer(*offers: str, trouble: t.Any = None) -> t.Iterator[tuple[FaultyServer, Mail]]:
    app = Flask("app_of_a_test")
    with FaultyServer(*offers, trouble=trouble) as server:
        app.config.update(server.config, MAIL_DEFAULT_SENDER="from@example.com", MAIL_TIMEOUT=10)
        yield server, Mail(app)


def message(*recipients: str, **options: t.Any) -> Message:
    return Message("Hello", [*recipients] or ["to@example.com"], options.pop("body", "x\n"), **options)


def refused(server: FaultyServer, mail: Mail, what: Message) -> t.Any:
    """The error of *what*, of which the server never hears; the messages beside it are sent."""
    with pytest.raises(smtplib.SMTPException) as caught:
        mail.send(what)
    assert isinstance(caught.value, DeliveryError)
    assert not caught.value.transient
    assert not caught.value.in_doubt
    assert "MAIL" not in server.verbs
    results = list(mail.send_many([message(), what, message()], ordered=True))
    assert [result.ok for result in results] == [True, False, True]
    assert type(results[1].error) is type(caught.value)
    assert server.verbs.count("MAIL") == len(server.taken) == 2
    return caught.value


@EACH_WAY
def test_a_message_that_is_too_large(way: tuple[str, ...]) -> None:
    with mailer(*way, "SIZE 2000") as (server, mail):
        error = refused(server, mail, message(body=("x" * 70 + "\n") * 100))
        assert isinstance(error, smtplib.SMTPSenderRefused)
        assert error.smtp_code == 552
        assert "the server takes 2000" in str(error)
        for taken in server.taken:
            assert taken.mail == f"FROM:<from@example.com> SIZE={len(taken.content)}"


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE many", "SIZE " + "9" * 5000])
def test_a_size_that_says_nothing_limits_nothing(size: str) -> None:
    with mailer(size) as (server, mail):
        assert mail.send(message(body=("x" * 70 + "\n") * 1000)).complete
        assert "SIZE=" in server.taken[0].mail


@EACH_WAY
def test_34_a_mailbox_that_is_not_ascii(way: tuple[str, ...]) -> None:
    foreign = message("jörg@example.com", "用户@例子.example")
    with mailer(*way) as (server, mail):
        assert "SMTPUTF8" in str(refused(server, mail, foreign))
    with mailer(*way, "SMTPUTF8", "8BITMIME") as (server, mail):
        assert mail.send(foreign).complete
        assert "SMTPUTF8" in server.taken[0].mail.split()
        assert server.taken[0].recipients[0] == "jörg@example.com"
        mail.send(message())
        assert "SMTPUTF8" not in server.taken[1].mail


@EACH_WAY
def test_8bit_is_asked_for_where_it_is_offered(way: tuple[str, ...]) -> None:
    eightbit = message(body="Grüße\n", mail_options=["BODY=8BITMIME"])
    with mailer(*way, "8BITMIME") as (server, mail):
        assert mail.send(eightbit).complete
        assert "BODY=8BITMIME" in server.taken[0].mail.split()
    with mailer(*way) as (server, mail):
        assert mail.send(eightbit).complete
        assert "BODY" not in server.taken[0].mail
        assert server.taken[0].content.isascii()


@EACH_WAY
def test_8bit_that_was_composed_elsewhere_is_not_sent_to_who_cannot_take_it(way: tuple[str, ...]) -> None:
    envelope = Envelope("from@example.com", ("to@example.com",), ("BODY=8BITMIME",))
    submission = Submission(envelope, Content(["Subject: x\r\n\r\nGrüße\r\n".encode()]), "<1@example.com>")
    for offers in ((), ("8BITMIME",)):
        with FaultyServer(*way, *offers) as server:
            session = SMTPTransport(Endpoint(server.host, server.port)).open()
            if offers:
                assert session.send(submission).complete
                assert "Grüße".encode() in server.taken[0].content
            else:
                with pytest.raises(smtplib.SMTPNotSupportedError, match="8BITMIME"):
                    session.send(submission)
                assert "MAIL" not in server.verbs
            session.close()


@EACH_WAY
def test_delivery_status_notifications(way: tuple[str, ...], caplog: pytest.LogCaptureFixture) -> None:
    asked = message(mail_options=["RET=HDRS", "ENVID=x1"], rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;a@b"])
    with mailer(*way, "DSN") as (server, mail):
        assert mail.send(asked).complete
        assert server.taken[0].mail.split()[1:] == ["RET=HDRS", "ENVID=x1"]
        assert server.taken[0].rcpts[0].split()[1:] == ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;a@b"]
        assert caplog.text == ""
    with mailer(*way) as (server, mail), caplog.at_level(logging.WARNING, "flask_mail"):
        assert mail.send(asked).complete
        assert server.taken[0].mail == "FROM:<from@example.com>"
        assert server.taken[0].rcpts == ("TO:<to@example.com>",)
    for option in ("RET=HDRS", "ENVID=x1", "NOTIFY=SUCCESS,FAILURE"):
        assert f"{option} is not sent, since the server offers no delivery status notifications" in caplog.text


@EACH_WAY
@pytest.mark.parametrize("bulk", [False, True], ids=["send", "send_many"])
@pytest.mark.parametrize(
    ("offers", "words", "sizes"),
    [
        ((), None, [1000, 1000, 100]),
        (("LIMITS MAILMAX=100 RCPTMAX=900",), None, [900, 900, 300]),
        (("LIMITS RCPTMAX=5000",), None, [1000, 1000, 100]),
        (("LIMITS RCPTMAX=0 RCPTMAX=x",), None, [1000, 1000, 100]),
        ((), "452 4.5.3 too many recipients", [800, 800, 500]),
    ],
    ids=["1000 at most", "RFC 9422", "a large limit", "a limit that is none", "452"],
)
def test_many_recipients_take_several_transactions(
    way: tuple[str, ...], offers: tuple[str, ...], words: str | None, sizes: list[int], bulk: bool
) -> None:
    """RFC 5321 §4.5.3.1.10, RFC 9422. Each gets the message once, and the receipt names them in their order."""

    def trouble(talk: Conversation, stage: str, _: str) -> str | None:
        return words if stage == "RCPT" and len(talk.rcpts) >= 800 else None

    everybody = [f"user{number}@example.com" for number in range(2100)]
    with mailer(*way, *offers, trouble=trouble if words else None) as (server, mail):
        if bulk:
            [result] = mail.send_many([message(*everybody)])
            receipt = t.cast(t.Any, result.receipt)
        else:
            receipt = mail.send(message(*everybody))
        assert receipt.accepted == tuple(everybody)
        assert receipt.complete
        assert [len(taken.rcpts) for taken in server.taken] == sizes
        assert len({taken.content for taken in server.taken}) == 1
        assert server.connections == 1


@EACH_WAY
def test_a_part_of_many_recipients_refused(way: tuple[str, ...]) -> None:
    def trouble(_: Conversation, stage: str, argument: str) -> str | None:
        return "550 5.1.1 nobody here" if stage == "RCPT" and "7@" in argument else None

    everybody = [f"user{number}@example.com" for number in range(1500)]
    with mailer(*way, trouble=trouble) as (_, mail):
        receipt = mail.send(message(*everybody))
        assert list(receipt.refused) == [who for who in everybody if "7@" in who]
        assert list(receipt.accepted) == [who for who in everybody if "7@" not in who]


@EACH_WAY
def test_37_the_name_to_greet_with(way: tuple[str, ...]) -> None:
    with mailer(*way) as (server, mail):
        app = t.cast(Flask, mail.app)
        app.config.update(MAIL_LOCAL_HOSTNAME="client.example.com")
        mail.init_app(app)
        assert mail.send(message()).complete
        assert all(result.ok for result in mail.send_many([message()]))
        assert [line for _, line in server.lines if line.startswith("EHLO")] == ["EHLO client.example.com"] * 2


def answers(**replies: str) -> t.Any:
    """A server that has these answers to EHLO and HELO."""

    def trouble(talk: Conversation, stage: str, argument: str) -> str | None:
        return replies.get(talk.server.verbs[-1]) if stage == "EHLO" else None

    return trouble


def test_a_server_that_knows_no_extensions() -> None:
    """RFC 5321 §3.2: EHLO is refused, HELO is not."""
    with mailer(trouble=answers(EHLO="502 5.5.1 what?")) as (server, mail):
        assert mail.send(message()).complete
        assert server.verbs[:3] == ["EHLO", "HELO", "MAIL"]


@pytest.mark.parametrize(
    ("replies", "config"),
    [
        ({"EHLO": "450 4.7.1 not now"}, {}),
        ({"EHLO": "550 5.7.1 not you", "HELO": "501 5.5.4 nor this"}, {}),
        ({"EHLO": "550 5.7.1 not you", "HELO": "421 4.0.0 bye"}, {}),
        ({"EHLO": "550 5.7.1 not you"}, {"MAIL_USE_TLS": True}),
        ({"EHLO": "550 5.7.1 not you"}, {"MAIL_USERNAME": "me", "MAIL_PASSWORD": "secret"}),
    ],
)
def test_what_is_said_to_ehlo_counts(replies: dict[str, str], config: dict[str, t.Any]) -> None:
    """Where HELO does not help, or what is needed is an extension."""
    with mailer(trouble=answers(**replies)) as (server, mail):
        app = t.cast(Flask, mail.app)
        app.config.update(config)
        mail.init_app(app)
        with pytest.raises(smtplib.SMTPHeloError) as caught:
            mail.send(message())
        assert str(t.cast(t.Any, caught.value).reply) == replies["EHLO"]
        assert "MAIL" not in server.verbs
