"""Who watches what goes out can tell, after a crash, which messages a server may have."""

from __future__ import annotations

import time

import pytest
from flask import Flask

import flask_mail
from flask_mail import Message

from ..faults.faults import reset
from ..faults.server import Conversation
from ..faults.server import FaultyServer
from ..servers import Server


def letters(number: int) -> list[Message]:
    return [Message("Hello", [f"user{n}@example.com"], "Hello", sender="me@example.com") for n in range(number)]


@pytest.mark.parametrize("config", [{}, {"MAIL_TRANSPORT": "memory"}])
def test_each_message_is_told_of_before_it_is_out(app: Flask, smtp: Server, config: dict[str, str]) -> None:
    app.config.update(config)
    mail = flask_mail.Mail(app)
    told: dict[int, str] = {}
    arrived: list[int] = []

    def sending(index: int, message_id: str) -> None:
        arrived.append(len(smtp.deliveries))
        told[index] = message_id

    messages = letters(5)
    results = list(mail.send_many(messages, connections=1, sending=sending, ordered=True))
    assert told == {result.index: result.receipt.message_id for result in results if result.receipt}
    assert sorted(told) == list(range(5))
    if not config:
        assert arrived == [0, 1, 2, 3, 4]
        assert [each.message["Message-ID"] for each in smtp.wait(5)] == [told[index] for index in range(5)]


def test_what_never_goes_out_is_not_told_of(mail: flask_mail.Mail, smtp: Server) -> None:
    smtp.refused["user1@example.com"] = "550 5.1.1 no such user"
    messages = letters(4)
    messages[2].subject = "a\nb"
    told: list[int] = []
    results = list(mail.send_many(messages, sending=lambda index, message_id: told.append(index), connections=1))
    assert len(results) == 4
    assert sorted(told) == [0, 3]


@pytest.mark.parametrize("offers", [(), ("PIPELINING",), ("PIPELINING", "CHUNKING")])
def test_what_a_server_has_was_told_of_at_every_moment(offers: tuple[str, ...], app: Flask) -> None:
    """Also where it was lost with its connection, and sent again."""
    told: set[str] = set()
    untold: list[str] = []
    lost: list[str] = []

    def trouble(talk: Conversation, stage: str, argument: str) -> object:
        if stage == "final dot":
            recipient = talk.rcpts[0].partition("<user")[2].partition("@")[0]
            if recipient not in told:
                untold.append(recipient)
            if recipient == "3" and not lost:
                lost.append(recipient)
                return reset
        return None

    with FaultyServer(*offers, trouble=trouble) as server:
        app.config.update(MAIL_SERVER=server.host, MAIL_PORT=server.port)
        mail = flask_mail.Mail(app)
        results = list(mail.send_many(letters(12), connections=2, sending=lambda index, _: told.add(str(index))))
        assert len(results) == 12
        assert (untold, lost) == ([], ["3"])


def test_a_rate_of_its_own(mail: flask_mail.Mail) -> None:
    start = time.monotonic()
    assert all(result.ok for result in mail.send_many(letters(4), rate="10/s"))
    assert 0.29 < time.monotonic() - start < 3


@pytest.mark.parametrize("rate", ["fast", "", "0/s"])
def test_a_rate_that_is_none(mail: flask_mail.Mail, rate: str) -> None:
    with pytest.raises(flask_mail.ConfigError, match="^rate "):
        mail.send_many(letters(1), rate=rate)
