"""A server that does to each connection what a script says."""

from __future__ import annotations

import collections.abc as c
import contextlib
import socket
import ssl
import struct
import threading
import typing as t

from .recording import HOST


class Peer:
    """One connection of a :class:`ScriptedServer`, as its steps see it."""

    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self._server = server
        self.sock = sock
        self._buffer = b""

    def send(self, octets: bytes) -> None:
        self.sock.sendall(octets)

    def close(self) -> None:
        self.sock.close()

    def read_until(self, end: bytes) -> bytes:
        """What came, up to and with *end*; less when the client closed first."""
        while end not in self._buffer:
            more = self.sock.recv(65536)
            if not more:
                break
            self._buffer += more
        found, mark, self._buffer = self._buffer.partition(end)
        return found + mark


Step = bytes | c.Callable[[Peer], None]
"""Octets to send, or what to do to the connection: one of the functions below."""


def line(peer: Peer) -> None:
    """Read one line."""
    peer._server._heard(peer.read_until(b"\r\n"))


def data(peer: Peer) -> None:
    """Read up to the final dot (RFC 5321 §4.5.2)."""
    peer._server._heard(peer.read_until(b"\r\n.\r\n"))


def hang(peer: Peer) -> None:
    """Say nothing more until the server stops."""
    peer._server._stopping.wait()


def reset(peer: Peer) -> None:
    """Close with RST instead of FIN."""
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.sock.close()


def start_tls(context: ssl.SSLContext) -> c.Callable[[Peer], None]:
    """A step that speaks TLS from here on."""

    def step(peer: Peer) -> None:
        peer.sock = context.wrap_socket(peer.sock, server_side=True)

    return step


class ScriptedServer:
    """A server on loopback that does to each connection what its script says, then closes it.

    :param scripts: the steps for the first connection, the second, ...; the last serves all that follow.
    """

    def __init__(self, *scripts: c.Sequence[Step]) -> None:
        self._scripts = scripts
        self._listener = socket.create_server((HOST, 0))
        self.host = HOST
        self.port: int = self._listener.getsockname()[1]
        self.received: list[bytes] = []
        """What the steps :func:`line` and :func:`data` read, over all connections."""
        self.connections = 0
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._peers: list[Peer] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def config(self) -> dict[str, t.Any]:
        return {"MAIL_SERVER": self.host, "MAIL_PORT": self.port}

    def wait_for(self, condition: c.Callable[[], bool], timeout: float = 5) -> None:
        """Return once *condition* holds; it is asked again whenever something was read or a client came."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout), f"not within {timeout} s; received: {self.received}"

    def start(self) -> t.Self:
        self._threads[0].start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        with socket.create_connection((self.host, self.port)):  # wakes the thread that accepts
            self._threads[0].join()
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):  # closed already
                peer.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def __enter__(self) -> t.Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._stopping.is_set():
                sock.close()
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self._peers.append(Peer(self, sock))
            self._threads.append(threading.Thread(target=self._serve, args=(self._peers[-1], script), daemon=True))
            self._threads[-1].start()
            with self._changed:
                self.connections += 1
                self._changed.notify_all()

    def _serve(self, peer: Peer, script: c.Sequence[Step]) -> None:
        with contextlib.closing(peer), contextlib.suppress(OSError):  # the client may go away first
            for step in script:
                if isinstance(step, bytes):
                    peer.send(step)
                else:
                    step(peer)

    def _heard(self, octets: bytes) -> None:
        with self._changed:
            self.received.append(octets)
            self._changed.notify_all()
