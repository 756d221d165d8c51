"""Getting to a server that can be trusted: socket, TLS, greeting, login.

No octet of a password leaves over a connection that is neither TLS nor within this machine, unless a setting says so.
"""

from __future__ import annotations

import contextlib
import dataclasses as d
import ipaddress
import math
import smtplib
import socket
import ssl
import time
import traceback
import typing as t

from ..submission import Reply
from .auth import Account
from .auth import log_in
from .failures import refused
from .failures import stage
from .masks import Hidden
from .proxy import through
from .timeouts import Timeouts
from .tls import Trust
from .wire import Client
from .wire import TLSClient

MANY_SERVERS: t.Final = 100
"""Servers for which the name to greet them with is remembered."""


@d.dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and how to speak to it.

    :param security: ``"plain"``, ``"starttls"`` or ``"tls"``.
    :param cleartext_auth: send a password without TLS to another machine.
    :param hostname: the name to greet with.
    :param source: the address to connect from, and its port or 0.
    :param proxy: URL of a SOCKS5 or HTTP CONNECT proxy.
    :param log: log the conversation.
    """

    host: str
    port: int
    security: str = "plain"
    account: Account | None = None
    trust: Trust = Trust()
    timeouts: Timeouts = Timeouts()
    cleartext_auth: bool = False
    hostname: str | None = None
    source: tuple[str, int] | None = None
    proxy: str | None = d.field(default=None, repr=False)
    log: bool = False

    def at(self, name: str) -> t.ContextManager[None]:
        """A block whose errors are failures of the stage *name* with this server."""
        return stage(name, self.host, self.port, self.security)


def connect(endpoint: Endpoint) -> Client:
    """Open a connection that has been greeted, secured and logged in as *endpoint* says.

    :raises DeliveryError: with the stage at which it failed; the socket is closed.
    """
    until = time.monotonic() + endpoint.timeouts.total
    client = begin(open_socket(endpoint, until), endpoint, until)
    try:
        welcome(client, endpoint)
        greet(client, endpoint)
        if wants_tls(client, endpoint):
            start_tls(client, endpoint)
            greet(client, endpoint)
        authenticate(client, endpoint)
    except BaseException:
        client.leave()
        raise
    client.rest()
    return client


# The steps of connect, for whoever takes them one by one


def open_socket(endpoint: Endpoint, until: float = math.inf) -> socket.socket:
    """Connect, through the proxy where there is one.

    :param until: when all of connecting has to end.
    :raises DeliveryError: of the stage ``connect``.
    """
    with endpoint.at("connect"):
        return _open(endpoint, endpoint.timeouts.left("connect", until))


def begin(sock: socket.socket, endpoint: Endpoint, until: float | None = None) -> Client:
    """Take a connected socket, and secure it where TLS comes first.

    :param until: when all of connecting has to end; by default its time begins now.
    :raises DeliveryError: of the stage ``tls``; the socket is closed.
    """
    until = time.monotonic() + endpoint.timeouts.total if until is None else until
    try:
        kind: type[Client] = Client
        if endpoint.security == "tls":
            with endpoint.at("tls"):
                sock = _handshake(sock, endpoint, until)
            kind = TLSClient
        name = endpoint.hostname or _own_name(endpoint, sock)
        client = kind(sock, timeouts=endpoint.timeouts, hostname=name, log=endpoint.log)
    except BaseException:
        sock.close()
        raise
    client.begin(until)
    return client


def _own_name(endpoint: Endpoint, sock: socket.socket) -> str:
    """The name to greet *endpoint* with. A name and an address change so seldom that they are found out each minute."""
    key = endpoint.host, endpoint.port, endpoint.source, endpoint.proxy, sock.family
    minute = int(time.monotonic() // 60)
    found = _own_names.get(key)
    if found is None or found[0] != minute:
        if len(_own_names) > MANY_SERVERS:
            _own_names.clear()
        found = _own_names[key] = minute, local_name(sock)
    return found[1]


def local_name(sock: socket.socket) -> str:
    """The name to greet with, found without DNS: the host's own where it is qualified, else an address literal
    (RFC 5321 §4.1.3)."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


_own_names: dict[tuple[object, ...], tuple[int, str]] = {}


def _open(endpoint: Endpoint, seconds: float) -> socket.socket:
    """A socket to the server, through the proxy where there is one."""

    def reach(host: str, port: int) -> socket.socket:
        return _reached(host, port, endpoint.source, seconds)

    if endpoint.proxy:
        return through(Hidden(endpoint.proxy), endpoint.host, endpoint.port, reach, seconds)
    return reach(endpoint.host, endpoint.port)


def _reached(host: str, port: int, source: tuple[str, int] | None, seconds: float) -> socket.socket:
    """A socket to the first address that answers; all of them together have one timeout."""
    found = _addresses(host, port)
    until = time.monotonic() + seconds
    first: OSError | None = None
    for number, (family, kind, protocol, _, address) in enumerate(found):
        left = max((until - time.monotonic()) / (len(found) - number), 0.01)
        try:
            return _connected(socket.socket(family, kind, protocol), address, source, left)
        except OSError as error:
            first = first or error
    raise first or OSError("getaddrinfo returns no address")


def _addresses(host: str, port: int) -> list[tuple[int, int, int, str, t.Any]]:
    """What ``getaddrinfo`` finds, which need not be asked for what is an address already."""
    try:
        if type(port) is int and socket.inet_pton(socket.AF_INET, host):
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))]
    except (OSError, TypeError):
        pass  # it is a name
    return [*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _connected(sock: socket.socket, address: t.Any, source: tuple[str, int] | None, seconds: float) -> socket.socket:
    try:
        sock.settimeout(seconds)
        if source is not None:
            sock.bind(source)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _handshake(sock: socket.socket, endpoint: Endpoint, until: float) -> ssl.SSLSocket:
    sock.settimeout(endpoint.timeouts.left("tls", until))
    with contextlib.suppress(OSError):  # TLS writes in records, one after the other
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return endpoint.trust.context().wrap_socket(sock, server_hostname=endpoint.host)
    except BaseException as error:
        _close_half_made(error)
        raise


def _close_half_made(error: BaseException) -> None:
    """Close the socket that ``wrap_socket()`` was about to make of another, which is closed already: where that was
    reset before, or the handshake is interrupted, Python 3.11 leaves it to whoever has the traceback."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if isinstance(made := frame.f_locals.get("self"), ssl.SSLSocket):
            made.close()


def welcome(client: Client, endpoint: Endpoint) -> Reply:
    """Read the server's greeting.

    :raises DeliveryError: of the stage ``greeting``: it does not come, or is a refusal.
    """
    with endpoint.at("greeting"):
        client.limit = endpoint.timeouts.of("greeting")
        reply = client.read_reply()
        if reply.code != 220:
            refused(smtplib.SMTPConnectError, reply)
    client.banner = reply.text
    return reply


def greet(client: Client, endpoint: Endpoint) -> None:
    """Say EHLO, else HELO.

    :raises DeliveryError: of the stage ``ehlo``.
    """
    with endpoint.at("ehlo"):
        client.limit = endpoint.timeouts.of("ehlo")
        code, text = client.ehlo()
        if code == 250:
            return
        if code >= 500 and endpoint.security != "starttls" and endpoint.account is None:
            with contextlib.suppress(OSError):  # what it said to EHLO counts
                if client.helo()[0] == 250:  # RFC 5321 §3.2: it knows no extensions, and none is needed
                    return
        raise smtplib.SMTPHeloError(code, text)


def wants_tls(client: Client, endpoint: Endpoint) -> bool:
    """Whether to say STARTTLS: it was asked for, or is offered and a password needs it."""
    return endpoint.security == "starttls" or (
        endpoint.account is not None
        and endpoint.security == "plain"
        and not endpoint.cleartext_auth
        and not _within_machine(client, endpoint)
        and client.has_extn("starttls")
    )


def start_tls(client: Client, endpoint: Endpoint) -> None:
    """Change to TLS; the server has to be greeted again.

    :raises DeliveryError: of the stage ``starttls`` or ``tls``.
    """
    with endpoint.at("starttls"):
        if not client.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError(
                f"{endpoint.host} does not offer STARTTLS on port {endpoint.port}. Where the port speaks TLS from the "
                f"start (465), set MAIL_USE_SSL instead of MAIL_USE_TLS."
            )
        client.limit = endpoint.timeouts.of("starttls")
        reply = client.command("STARTTLS")
        if reply.code != 220:
            refused(smtplib.SMTPResponseException, reply)
        if client.unread:  # RFC 3207 §6: what came in clear must not be taken for what comes protected
            client.close()
            raise smtplib.SMTPServerDisconnected("the server sent more in clear text after its reply to STARTTLS")
    with endpoint.at("tls"):
        assert client.sock is not None
        try:
            client.sock = _handshake(client.sock, endpoint, client.deadline)
        except BaseException:
            client.close()
            raise
    client.ehlo_resp = client.helo_resp = None  # RFC 3207 §4.2: forget what was said in clear
    client.esmtp_features = {}
    client.does_esmtp = False


def authenticate(client: Client, endpoint: Endpoint) -> str | None:
    """Log in, where there is an account.

    :returns: the mechanism used.
    :raises DeliveryError: of the stage ``auth``.
    """
    if endpoint.account is None:
        return None
    with endpoint.at("auth"):
        if not (_encrypted(client) or _within_machine(client, endpoint) or endpoint.cleartext_auth):
            raise smtplib.SMTPNotSupportedError(
                f"{endpoint.host} offers no TLS on port {endpoint.port}, so the password was not sent. Use a port "
                f"with TLS (587 with MAIL_USE_TLS, 465 with MAIL_USE_SSL), or, if the network in between is "
                f"yours, set MAIL_ALLOW_CLEARTEXT_AUTH."
            )
        client.limit = endpoint.timeouts.of("auth")
        return log_in(client, endpoint.account, endpoint.host, endpoint.port)


def _encrypted(client: Client) -> bool:
    return isinstance(client.sock, ssl.SSLSocket)


def _within_machine(client: Client, endpoint: Endpoint) -> bool:
    """Whether what is sent stays on this machine."""
    if endpoint.proxy:
        return False
    assert client.sock is not None
    try:
        return ipaddress.ip_address(client.sock.getpeername()[0].split("%")[0]).is_loopback
    except (OSError, ValueError):
        return False
