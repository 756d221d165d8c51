"""A connection for a single message: QUIT goes out together with the content, and nothing is told wrong for it."""

from __future__ import annotations

import socket
import typing as t

import pytest

from flask_mail import Message
from flask_mail.errors import DeliveryError

from .faults import reset
from .mailing import EACH_OFFER
from .mailing import mailer
from .server import Conversation
from .server import FaultyServer
from .server import Link

GROUPS = ("PIPELINING",)
CHUNKS = ("PIPELINING", "CHUNKING")


def message(recipients: int = 1) -> Message:
    return Message("Hello", [f"user{number}@example.com" for number in range(recipients)], "x\n")


def test_quit_comes_together_with_the_content() -> None:
    def patient(talk: Conversation) -> bool:
        """A server that answers content when it has heard more waits in vain for a client that waits."""
        return talk.last == "final dot"

    with FaultyServer(*GROUPS, patient=patient) as server:
        assert mailer(server, MAIL_POOL_SIZE=0).send(message()).complete
        server.wait_for(lambda: server.open == 0)
        assert server.verbs.count("QUIT") == 1


@EACH_OFFER
def test_each_connection_is_ended_by_one_quit(offers: tuple[str, ...]) -> None:
    with FaultyServer(*offers) as server:
        mail = mailer(server, MAIL_POOL_SIZE=0)
        for _ in range(3):
            assert mail.send(message()).complete
        server.wait_for(lambda: server.verbs.count("QUIT") == 3 and server.open == 0)
        assert server.connections == len(server.taken) == 3


@EACH_OFFER
def test_a_mail_of_several_transactions_is_sent_whole(offers: tuple[str, ...]) -> None:
    with FaultyServer(*offers) as server:
        assert len(mailer(server, MAIL_POOL_SIZE=0).send(message(2500)).accepted) == 2500
        server.wait_for(lambda: server.open == 0)
        assert [len(taken.rcpts) for taken in server.taken] == [1000, 1000, 500]
        assert server.connections == server.verbs.count("QUIT") == 1


@pytest.mark.parametrize(
    ("offers", "step"),
    [
        *[(offers, step) for offers in ((), GROUPS, CHUNKS) for step in ("MAIL", "RCPT", "final dot")],
        *[(offers, "DATA") for offers in ((), GROUPS)],
    ],
)
def test_a_refusal_is_told_and_the_connection_ended_politely(offers: tuple[str, ...], step: str) -> None:
    def refuse(_: Conversation, stage: str, __: str) -> str | None:
        return "554 5.7.1 no" if stage == step else None

    with FaultyServer(*offers, trouble=refuse) as server:
        with pytest.raises(DeliveryError) as caught:
            mailer(server, MAIL_POOL_SIZE=0).send(message())
        assert caught.value.reply is not None
        assert caught.value.reply.code == 554
        assert not caught.value.in_doubt
        server.wait_for(lambda: server.open == 0)
        assert server.verbs.count("QUIT") == 1


@pytest.mark.parametrize(("step", "doubtful"), [("DATA", False), ("final dot", True)])
def test_what_is_in_doubt_is_told(step: str, doubtful: bool) -> None:
    def hang_up(_: Conversation, stage: str, __: str) -> t.Any:
        return reset if stage == step else None

    with FaultyServer(*GROUPS, trouble=hang_up) as server:
        with pytest.raises(DeliveryError) as caught:
            mailer(server, MAIL_POOL_SIZE=0).send(message())
        assert caught.value.in_doubt is doubtful


def silent(_: Conversation, stage: str, __: str) -> t.Any:
    """A server that does not answer QUIT, and listens on."""
    return (lambda _: None) if stage == "QUIT" else None


def test_content_that_was_written_before_quit_was_not_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    class Torn(socket.socket):
        """Tears off before the last line of what it sends, if that is QUIT."""

        def send(self, octets: t.Any, flags: int = 0, /) -> int:
            if bytes(octets) == b"QUIT\r\n":
                raise ConnectionResetError
            return super().send(bytes(octets).removesuffix(b"QUIT\r\n"), flags)

    monkeypatch.setattr(socket, "socket", Torn)
    with FaultyServer(*GROUPS, trouble=lambda _, stage, __: Link.drain if stage == "final dot" else None) as server:
        with pytest.raises(DeliveryError) as caught:
            mailer(server, MAIL_POOL_SIZE=0).send(message())
        assert caught.value.in_doubt


def test_a_connection_that_has_said_quit_is_not_used_again() -> None:
    class Twice(Message):
        def send(self, connection: t.Any) -> t.Any:
            connection.send(Message("First", self.recipients, "x"))
            return connection.send(Message("Second", self.recipients, "x"))

    with FaultyServer(*GROUPS, trouble=silent) as server:
        assert mailer(server, MAIL_POOL_SIZE=0).send(Twice("Hello", ["user@example.com"], "x")).complete
        assert len(server.taken) == server.connections == 2
        server.wait_for(lambda: server.open == 0)
        assert server.verbs.count("QUIT") == 2


def test_the_reply_to_quit_is_not_taken_for_that_to_the_content() -> None:
    def garbled(talk: Conversation, stage: str, _: str) -> str | None:
        return {"final dot": "what?", "QUIT": "554 5.5.1 no"}.get(stage)

    with FaultyServer(*GROUPS, trouble=garbled) as server:
        with pytest.raises(DeliveryError) as caught:
            mailer(server, MAIL_POOL_SIZE=0).send(message())
        assert caught.value.in_doubt
        assert caught.value.reply is None
