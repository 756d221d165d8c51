"""Three recipients, each taken, refused for now or refused for good: all 27 mixtures, over each kind of server."""

from __future__ import annotations

import collections.abc as c
import contextlib
import itertools
import smtplib
import typing as t

import pytest
from flask import Flask

from flask_mail import DeliveryError
from flask_mail import email_dispatched
from flask_mail import email_failed
from flask_mail import Mail
from flask_mail import Message

from .mailing import OFFERS
from .server import Conversation
from .server import FaultyServer

REPLIES = {"250": None, "4xx": "450 4.2.1 not now", "5xx": "550 5.1.1 nobody here"}
MIXTURES = list(itertools.product(REPLIES, repeat=3))


class Told:
    """What receivers of the signals were told."""

    def __init__(self) -> None:
        self.failed: list[tuple[tuple[str, ...], Exception]] = []
        self.dispatched: list[Message] = []

    def fail(self, app: Flask, *, recipients: tuple[str, ...], error: Exception, **_: object) -> None:
        self.failed.append((recipients, error))

    def dispatch(self, app: Flask, message: Message) -> None:
        self.dispatched.append(message)


@pytest.fixture
def told() -> c.Iterator[Told]:
    told = Told()
    with email_failed.connected_to(told.fail), email_dispatched.connected_to(told.dispatch):
        yield told


@contextlib.contextmanager
def mailer(offer: str, mixture: tuple[str, ...]) -> c.Iterator[tuple[FaultyServer, Mail]]:
    answers = {f"<user{number}@example.com>": REPLIES[answer] for number, answer in enumerate(mixture)}

    def trouble(_: Conversation, stage: str, argument: str) -> str | None:
        return answers.get(argument.partition(":")[2].split(" ")[0]) if stage == "RCPT" else None

    app = Flask("app_of_a_test")
    with FaultyServer(*OFFERS[offer], trouble=trouble) as server:
        app.config.update(server.config, MAIL_DEFAULT_SENDER="from@example.com")
        yield server, Mail(app)


def expected(mixture: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Who is accepted, and who is refused with which reply."""
    everybody = [(f"user{number}@example.com", REPLIES[answer]) for number, answer in enumerate(mixture)]
    return tuple(who for who, reply in everybody if reply is None), {who: reply for who, reply in everybody if reply}


def message() -> Message:
    return Message("Hello", [f"user{number}@example.com" for number in range(3)], "x")


def check(outcome: t.Any, mixture: tuple[str, ...], server: FaultyServer, told: Told) -> None:
    """*outcome* is the receipt or the error."""
    accepted, refused = expected(mixture)
    if accepted:
        assert outcome.accepted == accepted
        assert {who: str(reply) for who, reply in outcome.refused.items()} == refused
        assert outcome.complete is not bool(refused)
    else:
        assert isinstance(outcome, DeliveryError)
        assert isinstance(outcome, smtplib.SMTPRecipientsRefused)
        assert {who: f"{code} {raw.decode()}" for who, (code, raw) in outcome.recipients.items()} == refused
        assert (outcome.stage, outcome.in_doubt) == ("rcpt", False)
        assert outcome.transient is ("4xx" in mixture)
        assert str(outcome.reply) == refused["user0@example.com"]
    assert [tuple(taken.recipients) for taken in server.taken] == ([accepted] if accepted else [])
    assert server.smuggled == b""
    assert len(told.dispatched) == bool(accepted)
    assert [recipients for recipients, _ in told.failed] == ([tuple(refused)] if refused else [])
    for _, error in told.failed:
        assert isinstance(error, smtplib.SMTPRecipientsRefused)
        assert set(error.recipients) == set(refused)


@pytest.mark.parametrize("mixture", MIXTURES, ids="-".join)
@pytest.mark.parametrize("offer", OFFERS)
def test_send(offer: str, mixture: tuple[str, ...], told: Told) -> None:
    with mailer(offer, mixture) as (server, mail):
        outcome: t.Any
        try:
            outcome = mail.send(message())
        except smtplib.SMTPRecipientsRefused as error:
            outcome = error
        check(outcome, mixture, server, told)
        assert mail.send(Message("Next", ["other@example.com"], "x")).complete
        assert server.taken[-1].recipients == ["other@example.com"]
        assert server.connections == 1


@pytest.mark.parametrize("mixture", MIXTURES, ids="-".join)
@pytest.mark.parametrize("offer", OFFERS)
def test_send_many(offer: str, mixture: tuple[str, ...], told: Told) -> None:
    with mailer(offer, mixture) as (server, mail):
        [result] = mail.send_many([message()])
        assert result.ok is ("4xx" not in mixture and "5xx" not in mixture)
        check(result.receipt or result.error, mixture, server, told)


@pytest.mark.parametrize("offer", OFFERS)
def test_all_mixtures_over_one_connection(offer: str) -> None:
    """None spills over into the next."""

    def trouble(_: Conversation, stage: str, argument: str) -> str | None:
        mixture, _, number = argument.partition("<")[2].partition("@")[0].partition(".")
        return REPLIES[MIXTURES[int(mixture)][int(number)]] if stage == "RCPT" else None

    app = Flask("app_of_a_test")
    with FaultyServer(*OFFERS[offer], trouble=trouble) as server:
        app.config.update(server.config, MAIL_DEFAULT_SENDER="from@example.com")
        messages = [
            Message(f"{number}", [f"{number}.{recipient}@example.com" for recipient in range(3)], f"for {number}\n")
            for number in range(len(MIXTURES))
        ]
        results = list(Mail(app).send_many(messages, connections=1, ordered=True))
        for number, (mixture, result) in enumerate(zip(MIXTURES, results, strict=True)):
            wanted = tuple(f"{number}.{index}@example.com" for index, answer in enumerate(mixture) if answer == "250")
            assert (result.receipt.accepted if result.receipt else ()) == wanted
            contents = [t.content for t in server.taken if tuple(t.recipients) == wanted]
            assert [f"for {number}\r\n".encode() in content for content in contents] == [True] * bool(wanted)
        assert server.connections == 1
        assert server.smuggled == b""
