"""Getting to a server that can be trusted: socket, TLS, greeting, login.

No octet of a password leaves over a connection that is neither TLS nor within this machine, unless a setting says so.
"""

from __future__ import annotations

import base64
import collections.abc as c
import dataclasses as d
import functools
import hashlib
import hmac
import ipaddress
import smtplib
import socket
import ssl

from ..errors import ConfigError
from .failures import refused
from .failures import Stages
from .wire import Client
from .wire import TLSClient


@d.dataclass(frozen=True, slots=True)
class Account:
    """A user name and its password."""

    username: str
    password: str = d.field(repr=False)


@d.dataclass(frozen=True, slots=True)
class Trust:
    """What makes a TLS connection good.

    :param verify: check certificate and host name.
    :param ca: PEM file of the authorities to trust instead of the system's.
    """

    verify: bool = True
    ca: str | None = None

    def context(self) -> ssl.SSLContext:
        """The context, made once for each trust: loading the system's authorities takes some 80 ms."""
        return _context(self)


@functools.lru_cache(maxsize=32)
def _context(trust: Trust) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=trust.ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"MAIL_TLS_CA is {trust.ca!r}, which cannot be read as a PEM file of certificates ({error}).",
            key="MAIL_TLS_CA",
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@d.dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and how to speak to it.

    :param security: ``"plain"``, ``"starttls"`` or ``"tls"``.
    :param timeout: seconds for each step.
    :param log: log the conversation.
    """

    host: str
    port: int
    security: str = "plain"
    account: Account | None = None
    trust: Trust = Trust()
    timeout: float = 30.0
    cleartext_auth: bool = False
    log: bool = False


def connect(endpoint: Endpoint) -> Client:
    """Open a connection that has been greeted, secured and logged in as *endpoint* says.

    :raises DeliveryError: with the stage at which it failed; the socket is closed.
    """
    at = Stages(endpoint.host, endpoint.port)
    with at("connect"):
        sock = socket.create_connection((endpoint.host, endpoint.port), endpoint.timeout)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        kind: type[Client] = Client
        if endpoint.security == "tls":
            with at("tls"):
                sock = endpoint.trust.context().wrap_socket(sock, server_hostname=endpoint.host)
            kind = TLSClient
        client = kind(sock, timeout=endpoint.timeout, log=endpoint.log)
    except BaseException:
        sock.close()
        raise
    try:
        with at("greeting"):
            reply = client.read_reply()
            if reply.code != 220:
                refused(smtplib.SMTPConnectError, reply)
        _prepare(client, endpoint, at)
    except BaseException:
        client.leave()
        raise
    return client


def _prepare(client: Client, endpoint: Endpoint, at: Stages) -> None:
    with at("ehlo"):
        client.ehlo_or_helo_if_needed()
    if endpoint.security == "starttls" or _wants_tls(client, endpoint):
        _start_tls(client, endpoint, at)
    if endpoint.account is not None:
        with at("auth"):
            if not (_encrypted(client) or _within_machine(client) or endpoint.cleartext_auth):
                raise smtplib.SMTPNotSupportedError(
                    f"{endpoint.host} offers no TLS on port {endpoint.port}, so the password was not sent. Use a port "
                    f"with TLS (587 with MAIL_USE_TLS, 465 with MAIL_USE_SSL), or, if the network in between is "
                    f"yours, set MAIL_ALLOW_CLEARTEXT_AUTH."
                )
            log_in(client, endpoint.account)


def _wants_tls(client: Client, endpoint: Endpoint) -> bool:
    """Whether to use a STARTTLS that was not asked for: only to protect a password."""
    return (
        endpoint.account is not None
        and endpoint.security == "plain"
        and not endpoint.cleartext_auth
        and not _within_machine(client)
        and client.has_extn("starttls")
    )


def _start_tls(client: Client, endpoint: Endpoint, at: Stages) -> None:
    with at("starttls"):
        if not client.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError(
                f"{endpoint.host} does not offer STARTTLS on port {endpoint.port}. Where the port speaks TLS from the "
                f"start (465), set MAIL_USE_SSL instead of MAIL_USE_TLS."
            )
        reply = client.command("STARTTLS")
        if reply.code != 220:
            refused(smtplib.SMTPResponseException, reply)
        if client.unread:  # RFC 3207 §6: what came in clear must not be taken for what comes protected
            client.close()
            raise smtplib.SMTPServerDisconnected("the server sent more in clear text after its reply to STARTTLS")
    with at("tls"):
        assert client.sock is not None
        try:
            client.sock.settimeout(endpoint.timeout)
            client.sock = endpoint.trust.context().wrap_socket(client.sock, server_hostname=endpoint.host)
        except BaseException:
            client.close()
            raise
    client.ehlo_resp = client.helo_resp = None  # RFC 3207 §4.2: forget what was said in clear
    client.esmtp_features = {}
    client.does_esmtp = False
    with at("ehlo"):
        client.ehlo_or_helo_if_needed()


def _encrypted(client: Client) -> bool:
    return isinstance(client.sock, ssl.SSLSocket)


def _within_machine(client: Client) -> bool:
    assert client.sock is not None
    try:
        return ipaddress.ip_address(client.sock.getpeername()[0].split("%")[0]).is_loopback
    except (OSError, ValueError):
        return False


def log_in(client: Client, account: Account) -> None:
    """Log in by the strongest mechanism the server offers, in one attempt.

    :raises smtplib.SMTPAuthenticationError: the server said no.
    :raises smtplib.SMTPNotSupportedError: the server offers no login, or no mechanism known here.
    """
    if not client.has_extn("auth"):
        raise smtplib.SMTPNotSupportedError(
            "The server offers no login (AUTH). Where it asks for none, unset MAIL_USERNAME and MAIL_PASSWORD; where "
            "it offers login over TLS only, set MAIL_USE_TLS."
        )
    offered = client.esmtp_features["auth"].upper().split()
    exchange = next((_MECHANISMS[mechanism] for mechanism in _MECHANISMS if mechanism in offered), None)
    if exchange is None:
        raise smtplib.SMTPNotSupportedError(f"No way to log in that is known here is offered: {' '.join(offered)}")
    client.hide(True)
    try:
        exchange(client, account)
    finally:
        client.hide(False)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def _converse(client: Client, first: str, *rest: str) -> None:
    """Send the lines, each but the last to be answered by 334."""
    reply = client.command(first)
    for line in rest:
        if reply.code != 334:
            break
        reply = client.command(line)
    if reply.code not in (235, 503):  # 503: logged in already
        refused(smtplib.SMTPAuthenticationError, reply)


def _plain(client: Client, account: Account) -> None:  # RFC 4616
    _converse(client, f"AUTH PLAIN {_base64(chr(0) + account.username + chr(0) + account.password)}")


def _login(client: Client, account: Account) -> None:
    _converse(client, f"AUTH LOGIN {_base64(account.username)}", _base64(account.password))


def _cram_md5(client: Client, account: Account) -> None:  # RFC 2195
    reply = client.command("AUTH CRAM-MD5")
    if reply.code != 334:
        refused(smtplib.SMTPAuthenticationError, reply)
    challenge = base64.b64decode(reply.raw)
    digest = hmac.new(account.password.encode("utf-8"), challenge, hashlib.md5).hexdigest()
    _converse(client, _base64(f"{account.username} {digest}"))


_MECHANISMS: dict[str, c.Callable[[Client, Account], None]] = {
    "CRAM-MD5": _cram_md5,
    "PLAIN": _plain,
    "LOGIN": _login,
}
