"""Proxies on loopback: HTTP CONNECT and SOCKS 5, with user and password, which can also fail."""

from __future__ import annotations

import base64
import collections.abc as c
import contextlib
import selectors
import socket
import struct
import threading
import typing as t

from .server import Gone
from .server import HOST

Trouble = c.Callable[["Client"], object]


class Client:
    """One client of a proxy; what a fault is handed in place of a server's link."""

    encrypted = False

    def __init__(self, server: Proxy, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock

    def read(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            if not (more := self.sock.recv(count - len(octets))):
                raise Gone
            octets += more
        return octets

    def read_head(self) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.read(1)
        return head

    def send(self, octets: bytes) -> None:
        try:
            self.sock.sendall(octets)
        except OSError:
            raise Gone from None

    def finish(self) -> t.NoReturn:
        self.sock.shutdown(socket.SHUT_WR)
        self.drain()

    def drain(self) -> t.NoReturn:
        while self.sock.recv(65536):
            pass
        raise Gone


class Proxy:
    """A proxy.

    :param scheme: ``http`` or ``socks5``.
    :param login: user and password it asks for.
    :param trouble: what it does when it has heard where to connect to, instead of doing so.
    :param greeted: whether servers greet first; their greeting then comes along with the proxy's reply.
    """

    def __init__(
        self,
        scheme: str,
        login: tuple[str, str] | None = None,
        trouble: Trouble | None = None,
        *,
        greeted: bool = True,
    ) -> None:
        self.scheme = scheme
        self.greeted = greeted
        self.login = login
        self.trouble = trouble
        self.targets: list[tuple[str, int]] = []
        """What clients asked for, as they named it."""
        self.peers: list[str] = []
        """Where they came from."""
        self.stopping = threading.Event()
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._clients: list[Client] = []
        self._threads: list[threading.Thread] = []

    def url(self, userinfo: str = "") -> str:
        return f"{self.scheme}://{userinfo and userinfo + '@'}{HOST}:{self.port}"

    def __enter__(self) -> t.Self:
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with socket.create_connection((HOST, self.port)):
            self._threads[0].join()
        self._listener.close()
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            sock, (peer, _) = self._listener.accept()
            if self.stopping.is_set():
                sock.close()
                return
            self.peers.append(peer)
            self._clients.append(Client(self, sock))
            self._threads.append(threading.Thread(target=self._serve, args=(self._clients[-1],), daemon=True))
            self._threads[-1].start()

    def _serve(self, client: Client) -> None:
        with contextlib.closing(client.sock), contextlib.suppress(Gone, OSError):
            target, success = self._http(client) if self.scheme == "http" else self._socks(client)
            self.targets.append(target)
            if self.trouble is not None:
                self.trouble(client)
                client.finish()
            with socket.create_connection(target) as upstream:
                client.send(success + (upstream.recv(65536) if self.greeted else b""))
                _relay(client.sock, upstream)

    def _http(self, client: Client) -> tuple[tuple[str, int], bytes]:
        request, *headers = client.read_head().decode().split("\r\n")
        if self.login is not None:
            expected = base64.b64encode(":".join(self.login).encode()).decode()
            given = [header.partition(": Basic ")[2] for header in headers if header.startswith("Proxy-Authorization")]
            if given != [expected]:
                client.send(f"HTTP/1.1 407 Not with {''.join(given)}\r\nContent-Length: 0\r\n\r\n".encode())
                client.finish()
        host, _, port = request.split(" ")[1].rpartition(":")
        return (host.strip("[]"), int(port)), b"HTTP/1.1 200 Connection established\r\nVia: 1.1 faulty\r\n\r\n"

    def _socks(self, client: Client) -> tuple[tuple[str, int], bytes]:  # RFC 1928, RFC 1929
        client.read(client.read(2)[1])
        if self.login is not None:
            client.send(b"\x05\x02")
            user = client.read(client.read(2)[1])
            password = client.read(client.read(1)[0])
            good = (user.decode(), password.decode()) == self.login
            client.send(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                client.finish()
        else:
            client.send(b"\x05\x00")
        kind = client.read(4)[3]
        host = socket.inet_ntoa(client.read(4)) if kind == 1 else client.read(client.read(1)[0]).decode()
        (port,) = struct.unpack("!H", client.read(2))
        return (host, port), b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Pass on what comes from either, until one ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select():
                octets = t.cast(socket.socket, key.fileobj).recv(65536)
                if not octets:
                    return
                key.data.sendall(octets)
