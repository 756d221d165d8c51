"""Logging in (RFC 4954): the strongest mechanism that is offered, once.

A second attempt with the same password can lock an account, so there is none. No line that holds a secret is logged,
and none is left in the frames of a traceback.
"""

from __future__ import annotations

import base64
import collections.abc as c
import dataclasses as d
import hashlib
import hmac
import smtplib
import urllib.parse

from ..submission import Reply
from .wire import Client

Token = c.Callable[[], str]


@d.dataclass(frozen=True, slots=True)
class Account:
    """Whom to log in as.

    :param username: the name.
    :param password: the password.
    :param token: called at each login for an OAuth 2.0 access token, which then stands for the password.
    """

    username: str
    password: str = d.field(default="", repr=False)
    token: Token | None = d.field(default=None, repr=False)


def log_in(client: Client, account: Account, host: str, port: int) -> str:
    """Log in.

    :returns: the mechanism used.
    :raises smtplib.SMTPAuthenticationError: the server said no.
    :raises smtplib.SMTPNotSupportedError: the server offers no login, or no mechanism known here.
    """
    mechanism = _choose(client, account)
    client.hide(True)
    try:
        _MECHANISMS[mechanism](_Exchange(client, account, host, port))
    except Exception as error:
        raise error.with_traceback(None) from None  # the frames below hold the password
    finally:
        client.hide(False)
    return mechanism


def _choose(client: Client, account: Account) -> str:
    if not client.has_extn("auth"):
        raise smtplib.SMTPNotSupportedError(
            "The server offers no login (AUTH). Where it asks for none, unset MAIL_USERNAME and MAIL_PASSWORD; where "
            "it offers login over TLS only, set MAIL_USE_TLS."
        )
    offered = client.esmtp_features["auth"].upper().split()
    usable = _BY_TOKEN if account.token else _BY_PASSWORD
    for mechanism in usable:
        if mechanism in offered:
            return mechanism
    raise smtplib.SMTPNotSupportedError(
        f"The server offers to log in by {', '.join(offered)}; with "
        f"{'MAIL_OAUTH2_TOKEN' if account.token else 'MAIL_PASSWORD'} it can be {', '.join(usable)}."
        + ("" if account.token or not {*offered} & {*_BY_TOKEN} else " Set MAIL_OAUTH2_TOKEN.")
    )


class _Exchange:
    """One login under way."""

    def __init__(self, client: Client, account: Account, host: str, port: int) -> None:
        self.account = account
        self.host = host
        self.port = port
        self._client = client
        self._secrets = [account.password]

    def ask(self, line: str) -> Reply:
        """Send a line, take the reply, with every secret that the server repeats masked."""
        reply = self._client.command(line)
        return Reply(reply.code, masked(reply.raw, self._secrets))

    def token(self) -> str:
        """A fresh access token."""
        assert self.account.token is not None
        self._secrets.append(token := self.account.token())
        return token

    def finish(self, reply: Reply, challenge: str = "") -> None:
        """Take the last reply.

        :param challenge: what the server said before it, readable.
        :raises smtplib.SMTPAuthenticationError: it is not positive.
        """
        if reply.code not in (235, 503):  # 503: logged in already
            raw = reply.raw + (f"\n{challenge}".encode() if challenge else b"")
            raise smtplib.SMTPAuthenticationError(reply.code, masked(raw, self._secrets))


def masked(raw: bytes, secrets: c.Iterable[str]) -> bytes:
    """*raw* without the secrets, also where they are written in base64 or percent-encoded."""
    for secret in filter(None, secrets):
        octets = secret.encode("utf-8")
        for form in (octets, base64.b64encode(octets), urllib.parse.quote(secret, safe="").encode()):
            raw = raw.replace(form, b"***")
    return raw


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def _plain(exchange: _Exchange) -> None:  # RFC 4616
    account = exchange.account
    exchange.finish(exchange.ask(f"AUTH PLAIN {_base64(f'{chr(0)}{account.username}{chr(0)}{account.password}')}"))


def _login(exchange: _Exchange) -> None:
    reply = exchange.ask(f"AUTH LOGIN {_base64(exchange.account.username)}")
    exchange.finish(exchange.ask(_base64(exchange.account.password)) if reply.code == 334 else reply)


def _cram_md5(exchange: _Exchange) -> None:  # RFC 2195
    reply = exchange.ask("AUTH CRAM-MD5")
    if reply.code == 334:
        account = exchange.account
        digest = hmac.new(account.password.encode("utf-8"), base64.b64decode(reply.raw), hashlib.md5).hexdigest()
        reply = exchange.ask(_base64(f"{account.username} {digest}"))
    exchange.finish(reply)


def _xoauth2(exchange: _Exchange) -> None:
    """Google's and Microsoft's; where it fails the server first says why, in base64 and JSON."""
    said = f"user={exchange.account.username}\x01auth=Bearer {exchange.token()}\x01\x01"
    _by_token(exchange, "XOAUTH2", said, then="")


def _oauthbearer(exchange: _Exchange) -> None:  # RFC 7628
    name = exchange.account.username.replace("=", "=3D").replace(",", "=2C")
    said = f"n,a={name},\x01host={exchange.host}\x01port={exchange.port}\x01auth=Bearer {exchange.token()}\x01\x01"
    _by_token(exchange, "OAUTHBEARER", said, then=_base64("\x01"))


def _by_token(exchange: _Exchange, mechanism: str, said: str, then: str) -> None:
    reply = exchange.ask(f"AUTH {mechanism} {_base64(said)}")
    challenge = ""
    if reply.code == 334:
        try:
            challenge = base64.b64decode(reply.raw).decode("utf-8", "replace")
        except ValueError:
            challenge = reply.text
        reply = exchange.ask(then)
    exchange.finish(reply, challenge)


_BY_TOKEN = ("OAUTHBEARER", "XOAUTH2")
_BY_PASSWORD = ("CRAM-MD5", "PLAIN", "LOGIN")
_MECHANISMS: dict[str, c.Callable[[_Exchange], None]] = {
    "CRAM-MD5": _cram_md5,
    "PLAIN": _plain,
    "LOGIN": _login,
    "XOAUTH2": _xoauth2,
    "OAUTHBEARER": _oauthbearer,
}
