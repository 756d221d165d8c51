"""Connections that a server ends while they are kept or just when they are used: replaced in silence, and once."""

from __future__ import annotations

import collections.abc as c
import smtplib
import socket
import struct
import typing as t

import pytest

from flask_mail import DeliveryError
from flask_mail import Message

from ..servers import Authority
from .faults import reset
from .mailing import EACH_OFFER
from .mailing import mailer
from .mailing import PIPELINING
from .mailing import send
from .server import Conversation
from .server import FaultyServer
from .server import Link


def second(stage: str, what: t.Any) -> c.Callable[[Conversation, str, str], t.Any]:
    """Trouble at *stage* of a connection's second message."""

    def trouble(talk: Conversation, step: str, _: str) -> t.Any:
        carried = sum(taken.connection == talk.link.number for taken in talk.server.taken)
        return what if step == stage and carried == 1 else None

    return trouble


def fin(link: Link) -> None:
    link.sock.shutdown(socket.SHUT_WR)


def rst(link: Link) -> None:
    link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.sock.shutdown(socket.SHUT_RD)  # wakes the thread that reads, which closes
    link.server.wait_for(lambda: link.server.open == 0)


def bye(link: Link) -> None:
    link.send(b"421 4.4.2 idle for too long\r\n")
    fin(link)


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "TLS"])
@pytest.mark.parametrize("goodbye", [fin, rst, bye])
@EACH_OFFER
def test_one_that_the_server_has_closed_is_replaced(
    offers: tuple[str, ...], goodbye: t.Any, tls: bool, authority: Authority
) -> None:
    with FaultyServer(*offers, context=authority.server_context() if tls else None, implicit=tls) as server:
        mail = mailer(server, MAIL_USE_SSL=tls, MAIL_TLS_CA=authority.ca_file)
        for number in range(1, 4):
            send(mail)
            assert server.connections == number
            goodbye(server.links[-1])
        assert len(server.taken) == 3


@pytest.mark.parametrize("goodbye", [fin, rst, bye])
@EACH_OFFER
def test_an_open_connection_that_the_server_has_closed_is_replaced_too(offers: tuple[str, ...], goodbye: t.Any) -> None:
    """``mail.connect()``, and then a long time until the next message."""
    with FaultyServer(*offers) as server, mailer(server).connect() as connection:
        for number in range(1, 4):
            assert connection.send(Message("Hello", ["to@example.com"], "x")).complete
            assert server.connections == number
            goodbye(server.links[-1])


def bye_and_stay(link: Link) -> None:
    """A server that says goodbye, and leaves it to the client to close."""
    link.send(b"421 4.3.2 not on this one\r\n")
    link.drain()


@pytest.mark.parametrize(
    "goodbye",
    [Link.finish, reset, "421 4.3.2 not on this one", bye_and_stay],
    ids=["FIN", "RST", "421", "421 without FIN"],
)
@EACH_OFFER
def test_one_that_closes_when_it_is_used_is_replaced_too(offers: tuple[str, ...], goodbye: t.Any) -> None:
    """The server hung up in the moment before; but what it may have, it is not sent again."""
    with FaultyServer(*offers, trouble=second("MAIL", goodbye)) as server:
        mail = mailer(server)
        send(mail, "first@example.com")
        if "CHUNKING" in offers and goodbye is reset:
            with pytest.raises(ConnectionResetError) as caught:
                send(mail, "second@example.com")
            assert t.cast(t.Any, caught.value).in_doubt
        else:
            send(mail, "second@example.com")
            assert [taken.recipients for taken in server.taken] == [["first@example.com"], ["second@example.com"]]
            assert server.connections == 2


def test_it_is_replaced_only_once() -> None:
    def trouble(talk: Conversation, stage: str, _: str) -> t.Any:
        return "421 4.3.2 not now" if stage == "MAIL" and talk.server.taken else None

    with FaultyServer(*PIPELINING, trouble=trouble) as server:
        mail = mailer(server)
        send(mail)
        with pytest.raises(smtplib.SMTPSenderRefused, match="not now"):
            send(mail)
        assert server.connections == 2


@pytest.mark.parametrize("refusal", ["450 4.2.0 later", "550 5.7.1 never"])
@EACH_OFFER
def test_a_refusal_is_no_reason_to_replace_it(offers: tuple[str, ...], refusal: str) -> None:
    refused = iter([None, refusal])
    with FaultyServer(
        *offers, trouble=lambda talk, stage, _: next(refused, None) if stage == "MAIL" else None
    ) as server:
        mail = mailer(server)
        send(mail)
        with pytest.raises(smtplib.SMTPSenderRefused):
            send(mail)
        send(mail)
        assert (len(server.taken), server.connections) == (2, 1)


@EACH_OFFER
def test_nor_is_a_refusal_with_which_the_server_hangs_up(offers: tuple[str, ...]) -> None:
    def never(link: Link) -> None:
        link.send(b"554 5.7.1 never, and good riddance\r\n")
        fin(link)
        link.drain()

    with FaultyServer(*offers, trouble=second("MAIL", never)) as server:
        mail = mailer(server)
        send(mail)
        with pytest.raises(smtplib.SMTPSenderRefused, match="good riddance"):
            send(mail)
        assert server.connections == 1
        send(mail)
        assert (len(server.taken), server.connections) == (2, 2)


@EACH_OFFER
def test_one_that_failed_is_never_handed_out_again(offers: tuple[str, ...]) -> None:
    """The reply comes after all, too late: it must not answer the next message."""

    def late(link: Link) -> None:
        link.server.wait_for(lambda: link.server.connections == 2)
        link.send(b"550 5.0.0 for the message before\r\n")

    with FaultyServer(*offers, trouble=second("final dot", late)) as server:
        mail = mailer(server, MAIL_TIMEOUT={"default": 10, "end-of-data": 0.2})
        send(mail)
        with pytest.raises(TimeoutError) as caught:
            send(mail)
        assert t.cast(t.Any, caught.value).in_doubt
        send(mail)
        assert server.connections == 2


@EACH_OFFER
def test_one_that_says_more_than_it_is_asked_is_not_used_again(offers: tuple[str, ...]) -> None:
    def chatter(talk: Conversation, stage: str, _: str) -> t.Any:
        if stage != "final dot":
            return None

        def take_and_chat(link: Link) -> None:
            talk.take(b"")
            talk.reply("250 2.0.0 and another thing")

        return take_and_chat

    with FaultyServer(*offers, trouble=chatter) as server:
        mail = mailer(server)
        for _ in range(3):
            send(mail)
        with mail.connect() as connection:
            for _ in range(3):
                assert connection.send(Message("Hello", ["to@example.com"], "x")).complete
        assert len({taken.connection for taken in server.taken}) == len(server.taken) == 6


def test_a_deaf_server_costs_a_timeout_and_then_nothing() -> None:
    """A connection that a firewall has dropped: nothing comes back, not even RST."""
    with FaultyServer(*PIPELINING, trouble=second("MAIL", Link.drain)) as server:
        mail = mailer(server, MAIL_TIMEOUT={"default": 10, "mail": 0.2})
        send(mail)
        send(mail)
        assert server.connections == 2


def test_an_error_of_the_replacement_is_what_is_raised() -> None:
    def trouble(talk: Conversation, stage: str, _: str) -> t.Any:
        if stage == "greeting" and talk.link.number == 2:
            return "554 5.7.1 you again"
        return Link.finish if stage == "MAIL" and talk.server.taken else None

    with FaultyServer(*PIPELINING, trouble=trouble) as server:
        mail = mailer(server)
        send(mail)
        with pytest.raises(smtplib.SMTPConnectError, match="you again") as caught:
            send(mail)
        assert isinstance(caught.value, DeliveryError)
        assert caught.value.stage == "greeting"
