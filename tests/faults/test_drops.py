"""Connections that drop at any of ten bulk messages: ten outcomes, nothing lost, nothing sent twice.

A server takes ten messages and once, at one of them, hangs up: instead of replying to MAIL, to RCPT or to DATA, while
the content comes, or when it has all of it and has taken it. Only the last leaves a doubt; that message is reported and
not sent again. Over CHUNKING the content has come by the time of DATA, so there the doubt begins.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import socket
import typing as t

import pytest
from flask import Flask

from flask_mail import DeliveryError
from flask_mail import Mail
from flask_mail import Message
from flask_mail import Result

from .faults import reset
from .mailing import OFFERS
from .server import Conversation
from .server import FaultyServer
from .server import Link
from .server import Taken

STAGES = ("MAIL", "RCPT", "DATA", "content", "final dot")
TEN = 10
LINES = ("x" * 70 + "\n") * 100_000

CASES = [
    (offer, stage, number)
    for offer in OFFERS
    for stage in STAGES
    for number in ((0, TEN // 2, TEN - 1) if stage == "content" else range(TEN))  # large ones take their time
]


class Drop:
    """Hangs up once.

    :param number: at which message, from 0.
    :param stage: at which step of it; at the final dot the message is taken, and nobody is told.
    :param how: what hanging up is.
    """

    def __init__(self, number: int, stage: str, how: c.Callable[[Link], object]) -> None:
        self.number = number
        self.stage = stage
        self.how = how
        self.happened = False

    def __call__(self, talk: Conversation, stage: str, argument: str) -> str | c.Callable[[Link], object] | None:
        amid = self.stage == "content"
        if self.happened or stage != ("DATA" if amid else self.stage) or self._at(talk, argument) != self.number:
            return None
        self.happened = True
        if amid:
            return self._amid_content(talk)
        if stage == "final dot":
            return self._after_taking(talk)
        return self.how

    def _at(self, talk: Conversation, argument: str) -> int:
        recipient = argument if self.stage == "RCPT" else talk.rcpts[0] if talk.rcpts else ""
        sender = argument if self.stage == "MAIL" else talk.mail or ""
        return int((recipient or sender).partition("<user")[2].partition("@")[0] or -1)

    def _amid_content(self, talk: Conversation) -> c.Callable[[Link], object]:
        def drop(link: Link) -> None:
            if "CHUNKING" not in talk.server.offers:
                link.send(b"354 go on\r\n")
                link.receive()
            self.how(link)

        return drop

    def _after_taking(self, talk: Conversation) -> c.Callable[[Link], object]:
        def drop(link: Link) -> None:
            talk.server.take(Taken(link.number, talk.mail or "", tuple(talk.rcpts), b""))
            self.how(link)

        return drop


def ten(large: int | None = None) -> c.Iterator[Message]:
    """Ten messages, of which one may be larger than what fits between client and server."""
    for number in range(TEN):
        body = LINES if number == large else f"Hello {number}"
        yield Message(f"No. {number}", [f"user{number}@example.com"], body, sender=f"user{number}@example.org")


def results_of(server: FaultyServer, connections: int, large: int | None = None) -> list[Result]:
    app = Flask("app_of_a_test")
    app.config.update(server.config, MAIL_TIMEOUT=10)
    return list(Mail(app).send_many(ten(large), connections=connections, window=16, ordered=True))


def recipients(server: FaultyServer) -> list[str]:
    return sorted(recipient for taken in server.taken for recipient in taken.recipients)


EVERYBODY = sorted(f"user{number}@example.com" for number in range(TEN))


def finish_unread(link: Link) -> None:
    """Close in order, and read on only when the client has seen it and comes again: else it may hand over all of the
    content in one write meanwhile, and would be right to be in doubt."""
    with contextlib.suppress(OSError):
        link.sock.shutdown(socket.SHUT_WR)
    server = t.cast(FaultyServer, link.server)
    server.wait_for(lambda: server.connections > link.number)
    link.drain()


@pytest.mark.parametrize(("offer", "stage", "number"), CASES)
def test_a_server_that_closes_in_order_costs_nothing(offer: str, stage: str, number: int) -> None:
    drop = Drop(number, stage, finish_unread if stage == "content" else Link.finish)
    with FaultyServer(*OFFERS[offer], trouble=drop) as server:
        results = results_of(server, 1, large=number if stage == "content" else None)
        assert drop.happened
        assert [result.index for result in results] == list(range(TEN))
        doubtful = [result.index for result in results if result.error is not None]
        assert doubtful == ([number] if stage == "final dot" or (offer, stage) == ("CHUNKING", "DATA") else [])
        assert (
            recipients(server) == EVERYBODY
            if stage == "final dot"
            else [who for index, who in enumerate(EVERYBODY) if index not in doubtful]
        )
        for index in doubtful:
            error = results[index].error
            assert isinstance(error, DeliveryError)
            assert (error.in_doubt, error.transient) == (True, True)
        assert server.connections == (1 if doubtful == [TEN - 1] else 2)


@pytest.mark.parametrize(("offer", "stage", "number"), CASES)
def test_a_connection_that_breaks_off_leaves_no_message_untold(offer: str, stage: str, number: int) -> None:
    """A reset may have swallowed replies, so over CHUNKING all that was on its way is in doubt; still nothing is lost
    without a word, and nothing sent twice."""
    drop = Drop(number, stage, t.cast(t.Any, reset))
    with FaultyServer(*OFFERS[offer], trouble=drop) as server:
        results = results_of(server, 1, large=number if stage == "content" else None)
        assert drop.happened
        assert len(results) == TEN
        taken = recipients(server)
        assert len(taken) == len(set(taken))
        assert {EVERYBODY[result.index] for result in results if result.ok} <= set(taken)
        for result in results:
            if result.error is not None:
                assert isinstance(result.error, DeliveryError)
                assert result.error.in_doubt
        if offer != "CHUNKING":
            assert taken == EVERYBODY
            assert [result.index for result in results if not result.ok] == ([number] if stage == "final dot" else [])
        else:
            told = {EVERYBODY[result.index] for result in results if not result.ok}
            assert set(taken) | told == set(EVERYBODY)


@pytest.mark.parametrize("offer", ["nothing", "PIPELINING"])
def test_who_was_refused_before_the_drop_is_asked_for_again(offer: str) -> None:
    """What the first connection said of a recipient is forgotten with it."""

    def trouble(talk: Conversation, stage: str, argument: str) -> t.Any:
        if talk.link.number > 1:
            return None
        return "450 4.2.1 not now" if "user1@" in argument else Link.finish if stage == "DATA" else None

    app = Flask("app_of_a_test")
    with FaultyServer(*OFFERS[offer], trouble=trouble) as server:
        app.config.update(server.config, MAIL_TIMEOUT=10, MAIL_DEFAULT_SENDER="from@example.com")
        [result] = Mail(app).send_many([Message("Hello", ["user0@example.com", "user1@example.com"], "x")])
        assert result.receipt is not None
        assert (result.receipt.accepted, result.receipt.refused) == (("user0@example.com", "user1@example.com"), {})
        assert server.connections == 2


@pytest.mark.parametrize("way", ["send", "send_many"])
@pytest.mark.parametrize("offer", OFFERS)
def test_of_many_recipients_those_in_doubt_are_named(offer: str, way: str) -> None:
    """The second of three transactions is lost at its dot: it was taken, and nobody told."""

    def trouble(talk: Conversation, stage: str, _: str) -> t.Any:
        return Drop(0, stage, Link.finish)._after_taking(talk) if stage == "final dot" and talk.server.taken else None

    everybody = [f"user{number}@example.com" for number in range(5)]
    app = Flask("app_of_a_test")
    with FaultyServer(*OFFERS[offer], "LIMITS RCPTMAX=2", trouble=trouble) as server:
        app.config.update(server.config, MAIL_TIMEOUT=10, MAIL_DEFAULT_SENDER="from@example.com")
        message = Message("Hello", everybody, "x")
        receipt: t.Any
        if way == "send":
            receipt = Mail(app).send(message)
        else:
            [result] = Mail(app).send_many([message])
            receipt = result.receipt
        assert receipt.accepted == tuple(everybody[:2])
        assert list(receipt.refused) == everybody[2:]
        assert receipt.in_doubt == tuple(everybody[2:4])
        assert [taken.recipients for taken in server.taken] == [everybody[:2], everybody[2:4]]


@pytest.mark.parametrize("offer", OFFERS)
def test_the_other_connections_go_on(offer: str) -> None:
    with FaultyServer(*OFFERS[offer], trouble=Drop(4, "MAIL", Link.finish)) as server:
        assert all(result.ok for result in results_of(server, connections=3))
        assert recipients(server) == EVERYBODY


@pytest.mark.parametrize("offer", OFFERS)
def test_a_message_that_breaks_every_connection_fails_alone(offer: str) -> None:
    def trouble(_: Conversation, stage: str, argument: str) -> t.Any:
        return Link.finish if stage == "MAIL" and "<user3@" in argument else None

    with FaultyServer(*OFFERS[offer], trouble=trouble) as server:
        results = results_of(server, connections=1)
        assert [result.index for result in results if not result.ok] == [3]
        assert not t.cast(t.Any, results[3].error).in_doubt
        assert len(recipients(server)) == TEN - 1


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
@pytest.mark.parametrize("offer", OFFERS)
def test_a_server_that_ends_every_connection_after_three_messages(offer: str, stage: str) -> None:
    """As many do, with 421."""

    def trouble(talk: Conversation, step: str, _: str) -> t.Any:
        carried = sum(taken.connection == talk.link.number for taken in talk.server.taken)
        return "421 4.7.0 too many messages on this connection" if step == stage and carried == 3 else None

    with FaultyServer(*OFFERS[offer], trouble=trouble) as server:
        results = results_of(server, connections=1)
        assert [result.error for result in results] == [None] * TEN
        assert recipients(server) == EVERYBODY
        assert server.connections == 4


@pytest.mark.parametrize("offer", OFFERS)
def test_a_server_that_has_no_room_at_all_is_not_asked_for_ever(offer: str) -> None:
    def trouble(_: Conversation, stage: str, __: str) -> t.Any:
        return "421 4.3.2 not now" if stage == "MAIL" else None

    with FaultyServer(*OFFERS[offer], trouble=trouble) as server:
        results = results_of(server, connections=1)
        assert [str(t.cast(t.Any, result.error).reply) for result in results] == ["421 4.3.2 not now"] * TEN
        assert server.connections == TEN


@pytest.mark.parametrize("offer", OFFERS)
def test_what_the_server_said_before_it_hung_up_counts(offer: str) -> None:
    """It refuses a message, closes, and the connection breaks while more is written to it."""

    def trouble(talk: Conversation, stage: str, argument: str) -> t.Any:
        if stage != "MAIL" or "<user3@" not in argument:
            return None

        def refuse(link: Link) -> None:
            link.send(b"554 5.7.1 not you\r\n")
            reset_after(link)

        return refuse

    with FaultyServer(*OFFERS[offer], trouble=trouble) as server:
        results = results_of(server, connections=1)
        error = t.cast(t.Any, results[3].error)
        assert (error.stage, error.reply.code, error.in_doubt) == ("mail", 554, False)


def reset_after(link: Link) -> None:
    """Close without having read: the system answers what still comes with RST."""
    link.sock.close()
