"""What can go wrong at any step of a conversation: the columns of the matrix."""

from __future__ import annotations

import collections.abc as c
import socket
import struct

from .server import Conversation
from .server import Link

LATER = "450 4.7.1 not now"
NEVER = "550 5.7.1 never"
CLOSING = "421 4.3.2 closing"
ONE_MEGABYTE = b"250 " + b"x" * 1_000_000 + b"\r\n"
ENDLESS = b"250-and another one\r\n" * 500
DRIP = 0.02
"""Seconds between two octets."""


def close(link: Link) -> None:
    link.finish()


def reset(link: Link) -> None:
    """Close with RST, without having read what has come."""
    link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.sock.close()


def hang(link: Link) -> None:
    link.drain()


def garbage(link: Link) -> None:
    link.send(b"\x80\xff<html>\x00 no mail here\r\n")
    link.drain()


def drip(link: Link) -> None:
    """One octet at a time, for ever."""
    link.send(b"250-")
    while not link.server.stopping.wait(DRIP):
        link.send(b"x")


def drip_handshake(link: Link) -> None:
    """A record of TLS that looks good and never ends."""
    for octet in b"\x16\x03\x03\x40\x00" + bytes(10_000):
        link.send(bytes([octet]))
        if link.server.stopping.wait(DRIP):
            return


def endless(link: Link) -> None:
    while True:
        link.send(ENDLESS)


def one_line(link: Link) -> None:
    link.send(ONE_MEGABYTE)
    link.drain()


FAULTS: dict[str, str | c.Callable[[Link], None]] = {
    "4xx": LATER,
    "5xx": NEVER,
    "421": CLOSING,
    "close": close,
    "reset": reset,
    "hang": hang,
    "garbage": garbage,
    "drip": drip,
    "endless": endless,
    "1 MB line": one_line,
}


class Once:
    """Trouble at one step; after it everything else is refused with other words, which nobody is to see.

    :param stage: where.
    :param fault: a key of :data:`FAULTS`.
    """

    def __init__(self, stage: str, fault: str) -> None:
        self.stage = stage
        self.fault = fault
        self._happened = False

    def __call__(self, conversation: Conversation, stage: str, argument: str) -> str | c.Callable[[Link], None] | None:
        if self._happened:
            return "421 4.0.0 these words hide the first"
        if stage != self.stage:
            return None
        self._happened = True
        fault = FAULTS[self.fault]
        return _instead_of_tls(fault) if stage == "handshake" else fault


class Always(Once):
    """The same trouble on every connection, and at that step only."""

    def __call__(self, conversation: Conversation, stage: str, argument: str) -> str | c.Callable[[Link], None] | None:
        self._happened = False
        return super().__call__(conversation, stage, argument)


def _instead_of_tls(fault: str | c.Callable[[Link], None]) -> c.Callable[[Link], None]:
    def answer(link: Link) -> None:
        link.sock.recv(1)  # the client has begun
        if isinstance(fault, str):
            link.send(fault.encode() + b"\r\n")
            link.finish()
        elif fault is drip:
            drip_handshake(link)
        else:
            fault(link)

    return answer
