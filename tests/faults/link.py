"""A server's end of one connection, in clear or over TLS; every octet that comes is kept."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import typing as t


class Hearing(t.Protocol):
    """Where what comes is kept."""

    context: ssl.SSLContext | None
    implicit: bool
    raw: bytearray
    plain: bytearray
    open: int
    connections: int
    stopping: threading.Event
    lines: list[tuple[int, str]]

    def wait_for(self, condition: t.Callable[[], bool], timeout: float = 10) -> None: ...


class Gone(Exception):
    """The client has closed the connection, or it was closed on it."""


class Link:
    """One connection, in clear or over TLS.

    :param number: which connection of the server it is, from 1.
    """

    def __init__(self, server: Hearing, sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self.encrypted = False
        self._tls: ssl.SSLObject | None = None
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()

    def receive(self) -> bytes:
        """What comes next.

        :raises Gone: nothing does.
        """
        while True:
            if self._tls is None:
                octets = self._receive_raw()
            else:
                try:
                    octets = self._tls.read(65536)
                except ssl.SSLWantReadError:
                    self._in.write(self._receive_raw())
                    continue
                except ssl.SSLError:
                    raise Gone from None
            if not octets:
                raise Gone
            self.server.plain += octets
            return octets

    def send(self, octets: bytes) -> None:
        try:
            if self._tls is not None:
                self._tls.write(octets)
                octets = self._out.read()
            self.sock.sendall(octets)
        except OSError:
            raise Gone from None

    def start_tls(self) -> None:
        context = self.server.context
        assert context is not None
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        while not self.encrypted:
            try:
                self._tls.do_handshake()
                self.encrypted = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self.sock.sendall(self._out.read())  # the alert
                raise Gone from None
            with contextlib.suppress(OSError):
                self.sock.sendall(self._out.read())
            if not self.encrypted:
                self._in.write(self._receive_raw())

    def finish(self) -> t.NoReturn:
        """Close in order: FIN, and everything that still comes is read."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.drain()

    def drain(self) -> t.NoReturn:
        """Read until the client closes."""
        while True:
            self._receive_raw()

    def _receive_raw(self) -> bytes:
        try:
            octets = self.sock.recv(65536)
        except OSError:
            octets = b""
        self.server.raw += octets
        if not octets:
            raise Gone
        return octets
