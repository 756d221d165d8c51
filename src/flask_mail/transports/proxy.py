"""Through the proxy of ``MAIL_PROXY``: SOCKS by python-socks, and HTTP CONNECT (RFC 9110 §9.3.6).

HTTP is spoken here because a mail server greets first: its greeting may come along with the proxy's reply, of which not
an octet too many may be read. What goes wrong is named without the proxy's password, and in time.
"""

from __future__ import annotations

import base64
import collections.abc as c
import contextlib
import re
import socket
import time
import typing as t
import urllib.parse

from ..errors import ConfigError
from ..errors import delivery_error
from ..errors import MissingExtraError
from .masks import masked
from .masks import pattern

MAX_HEAD: t.Final = 65_536
"""Octets of an HTTP reply, its body not counted."""

SOCKS_TRANSIENT: t.Final = (1, 3, 4, 5, 6)
"""Reply codes that another try may not get (RFC 1928 §6)."""

_STATUS = re.compile(rb"HTTP/1\.\d (\d{3})[ \r]([^\r]*)")


class ProxyTimeoutError(ConnectionError, TimeoutError):
    """The proxy took longer than it may."""


class _Refused(Exception):
    """The proxy's own words."""

    def __init__(self, words: str, transient: bool) -> None:
        super().__init__(words)
        self.transient = transient


class _Timed(socket.socket):
    """A socket of which all reading and writing together ends in time."""

    until: float

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        self.settimeout(max(self.until - time.monotonic(), 0.001))
        return super().recv(size, flags)

    def sendall(self, octets: t.Any, flags: int = 0, /) -> None:
        self.settimeout(max(self.until - time.monotonic(), 0.001))
        super().sendall(octets, flags)


Reach = c.Callable[[str, int], socket.socket]


def through(url: str, host: str, port: int, reach: Reach, seconds: float) -> socket.socket:
    """A socket to *host* through a proxy.

    :param url: of the proxy; it may hold a user name and a password.
    :param reach: opens a socket to a host and port: here, to the proxy.
    :param seconds: what all of it may take.
    :raises ConfigError: *url* is none of a proxy.
    :raises ConnectionError: the proxy cannot be reached, refuses, or is none.
    :raises TimeoutError: it took too long.
    """
    proxy = _parsed(url)
    where = f"The proxy of MAIL_PROXY, {proxy.hostname}:{proxy.port},"
    timed: _Timed | None = None
    try:
        timed = _opened(proxy, reach, time.monotonic() + seconds)
        (_connect if proxy.scheme == "http" else _socks)(timed, proxy, host, port)
        return socket.socket(fileno=timed.detach())
    except (OSError, ValueError, MissingExtraError, _Refused) as error:
        problem = _named(where, error, pattern([_login(proxy), _text(proxy.password)]), seconds)
    finally:
        if timed is not None:
            timed.close()
        del proxy, url  # what a traceback shows of this frame holds no password
    raise problem.with_traceback(None)


def _parsed(url: str) -> urllib.parse.SplitResult:
    with contextlib.suppress(ValueError):  # which repeats a part of it
        parsed = urllib.parse.urlsplit(url)
        if parsed.scheme in ("http", "socks4", "socks5") and parsed.hostname and parsed.port:
            return parsed
        del parsed
    raise ConfigError(
        "MAIL_PROXY cannot be understood; it looks like socks5://user:password@host:1080 or http://host:3128, and "
        "special characters in its password are percent-encoded.",
        key="MAIL_PROXY",
    )


def _text(part: str | None) -> str:
    return urllib.parse.unquote(part or "")


def _login(proxy: urllib.parse.SplitResult) -> str:
    return f"{_text(proxy.username)}:{_text(proxy.password)}"


def _opened(proxy: urllib.parse.SplitResult, reach: Reach, until: float) -> _Timed:
    assert proxy.hostname is not None
    assert proxy.port is not None
    sock = reach(proxy.hostname, proxy.port)
    timed = _Timed(sock.family, sock.type, sock.proto, fileno=sock.detach())
    timed.until = until
    return timed


def _named(where: str, error: Exception, hidden: re.Pattern[bytes] | None, seconds: float) -> Exception:
    if isinstance(error, (MissingExtraError, ConfigError)):
        return error
    if isinstance(error, TimeoutError):
        return ProxyTimeoutError(f"{where} did not answer within {seconds:g} s.")
    said = masked(str(error).encode("utf-8", "replace"), hidden).decode("utf-8", "replace")
    if isinstance(error, _Refused):
        refusal = ConnectionError(f"{where} refused to connect: {said}")
        return delivery_error(refusal, stage="connect", transient=error.transient)
    return ConnectionError(f"{where} cannot be used: {said}")


def _connect(sock: _Timed, proxy: urllib.parse.SplitResult, host: str, port: int) -> None:
    host = host if host.isascii() else host.encode("idna").decode("ascii")
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    auth = f"Proxy-Authorization: Basic {base64.b64encode(_login(proxy).encode()).decode()}\r\n"
    sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{auth if proxy.username else ''}\r\n".encode("ascii"))
    head = _head(sock)
    if (status := _STATUS.match(head)) is None:
        raise _Refused(f"its answer is not HTTP: {head[:80].decode('latin-1')!r}", transient=False)
    code = int(status[1])
    if not 200 <= code < 300:
        raise _Refused(status[0][9:].decode("latin-1").strip(), transient=code >= 500 or code in (408, 429))


def _head(sock: socket.socket) -> bytes:
    """The head of a reply, and not an octet of what follows; what is none only in part."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) <= MAX_HEAD and b"HTTP/".startswith(head[:5]):
        if not (peeked := sock.recv(4096, socket.MSG_PEEK)):
            raise ConnectionError("it closed the connection")
        end = (head + peeked).find(b"\r\n\r\n")
        head += sock.recv(len(peeked) if end < 0 else end + 4 - len(head))
    return head if len(head) <= MAX_HEAD else b""


class _Reached:
    """Hands python-socks a connection that is open already."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def connect(self, **_: t.Any) -> socket.socket:
        return self._sock


def _socks(sock: _Timed, proxy: urllib.parse.SplitResult, host: str, port: int) -> None:
    try:
        from python_socks import ProxyError
        from python_socks.sync import Proxy
    except ImportError:
        raise MissingExtraError("MAIL_PROXY", "socks") from None
    if not (_text(proxy.username) + _text(proxy.password)).isascii():
        raise ConfigError(
            "MAIL_PROXY has a user name or password with characters outside ASCII, which SOCKS gives no way to write.",
            key="MAIL_PROXY",
        )
    try:
        Proxy.from_url(proxy.geturl(), forward=t.cast(t.Any, _Reached(sock))).connect(host, port)
    except ProxyError as error:
        raise _Refused(str(error), transient=error.error_code in SOCKS_TRANSIENT) from None
