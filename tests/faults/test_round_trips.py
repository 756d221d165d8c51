"""Round trips, counted by servers that do not answer before they have heard all that may come without waiting.

No clock is read: a client that waits too early waits for ever, and the test ends with its timeout. That TCP connects
counts as one turn, and so does everything that the server writes after it has listened.
"""

from __future__ import annotations

import collections.abc as c
import contextlib

import pytest
from flask import Flask

from flask_mail import Mail
from flask_mail import Message

from .server import Conversation
from .server import FaultyServer

GROUPED = ("MAIL", "RCPT", "RSET", "DATA")
PIPELINING = ("PIPELINING",)
CHUNKING = ("PIPELINING", "CHUNKING")


def whole_groups(talk: Conversation) -> bool:
    return talk.last in GROUPED


def windows(size: int, messages: int) -> c.Callable[[Conversation], bool]:
    """Answers when *size* messages more have come, and when all have."""

    def patient(talk: Conversation) -> bool:
        taken = len(talk.server.taken)
        return talk.last in GROUPED or (talk.last == "final dot" and taken % size != 0 and taken < messages)

    return patient


def dots_with_groups(messages: int) -> c.Callable[[Conversation], bool]:
    """Answers a dot when the next group has come with it."""

    def patient(talk: Conversation) -> bool:
        return talk.last in GROUPED or (talk.last == "final dot" and len(talk.server.taken) < messages)

    return patient


@contextlib.contextmanager
def mailer(offers: tuple[str, ...], patient: c.Callable[[Conversation], bool]) -> c.Iterator[tuple[FaultyServer, Mail]]:
    app = Flask("app_of_a_test")
    with FaultyServer(*offers, patient=patient) as server:
        app.config.update(server.config, MAIL_DEFAULT_SENDER="from@example.com", MAIL_TIMEOUT=10, MAIL_POOL_SIZE=0)
        yield server, Mail(app)


def message(recipients: int = 1) -> Message:
    return Message("Hello", [f"user{number}@example.com" for number in range(recipients)], "x" * 2000 + "\n")


@pytest.mark.parametrize("recipients", [1, 50])
@pytest.mark.parametrize(("offers", "allowed"), [(PIPELINING, 2), (CHUNKING, 1)], ids=["PIPELINING", "CHUNKING"])
def test_one_message_on_an_open_connection(offers: tuple[str, ...], allowed: int, recipients: int) -> None:
    with mailer(offers, whole_groups) as (server, mail), mail.connect() as connection:
        for _ in range(3):
            before = len(server.turns)
            assert connection.send(message(recipients)).complete
            assert len(server.turns) - before <= allowed


@pytest.mark.parametrize(("offers", "allowed"), [(PIPELINING, 5), (CHUNKING, 4)], ids=["PIPELINING", "CHUNKING"])
def test_one_message_on_a_new_connection(offers: tuple[str, ...], allowed: int) -> None:
    """The reply to QUIT is not waited for, and so not counted."""
    with mailer(offers, whole_groups) as (server, mail):
        assert mail.send(message()).complete
        assert server.connections + len([step for step in server.turns if step != "QUIT"]) <= allowed


@pytest.mark.parametrize(
    ("offers", "window", "allowed"),
    [(PIPELINING, 16, 1.05), (CHUNKING, 16, 0.1), (CHUNKING, 64, 0.03)],
    ids=["dot with the next group", "BDAT window 16", "BDAT window 64"],
)
def test_many_messages(offers: tuple[str, ...], window: int, allowed: float) -> None:
    messages = 640
    patient = windows(window, messages) if offers == CHUNKING else dots_with_groups(messages)
    with mailer(offers, patient) as (server, mail):
        results = mail.send_many((message() for _ in range(messages)), connections=1, window=window)
        assert all(result.ok for result in results)
        turns = [step for step in server.turns if step in ("RCPT", "DATA", "final dot")]
        assert len(turns) / messages <= allowed
        assert len(server.taken) == messages
        assert server.connections == 1


def test_a_server_that_offers_nothing_is_asked_one_thing_at_a_time() -> None:
    with mailer((), lambda talk: False) as (server, mail), mail.connect() as connection:
        before = len(server.turns)
        assert connection.send(message(3)).complete
        assert server.turns[before:] == ["MAIL", "RCPT", "RCPT", "RCPT", "DATA", "final dot"]
