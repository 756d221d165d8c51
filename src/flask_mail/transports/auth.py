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
import re
import smtplib
import typing as t

from ..errors import ConfigError
from ..submission import Reply
from .masks import Hidden
from .masks import masked
from .masks import pattern
from .wire import Client

Token = c.Callable[[], str]

# 503 is for whatever comes out of turn (RFC 5321 §4.2.2), so also for AUTH where no login is offered: the words decide
_ALREADY = re.compile(rb"already\b.{0,20}(?:auth|log)|(?:auth\w*|logged in)\b.{0,20}\balready", re.IGNORECASE)


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
    """Log in. Whatever the server says from then on, the secret is masked in it.

    :returns: the mechanism used.
    :raises smtplib.SMTPAuthenticationError: the server said no.
    :raises smtplib.SMTPNotSupportedError: the server offers no login, or no mechanism known here.
    :raises ConfigError: ``MAIL_OAUTH2_TOKEN`` returns no token.
    """
    mechanism = _choose(client, account)
    secret = Hidden(account.password) if account.token is None else _fresh(account.token)
    client.hide(True)
    try:
        _MECHANISMS[mechanism](_Exchange(client, account.username, secret, host, port))
    except Exception as error:
        raise error.with_traceback(None) from None  # the frames below hold the password
    finally:
        client.hide(False)
    return mechanism


def _fresh(token: Token) -> Hidden:
    """A token for this login."""
    fresh = t.cast(object, token())
    if isinstance(fresh, str) and re.fullmatch("[!-~]+", fresh):
        return Hidden(fresh)
    del fresh  # it may be one, with a line end behind
    raise ConfigError(
        "MAIL_OAUTH2_TOKEN has to return an access token: a string of ASCII characters without blanks and line ends.",
        key="MAIL_OAUTH2_TOKEN",
    )


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

    def __init__(self, client: Client, username: str, secret: str, host: str, port: int) -> None:
        self.username = username
        self.secret = secret
        self.host = host
        self.port = port
        self._client = client
        self._shown_nowhere = [secret]

    def ask(self, line: str, argument: str = "") -> Reply:
        """Send a line and take the reply.

        :param argument: its end, which holds the secret.
        """
        self._shown_nowhere.append(argument)
        self._client.mask(*self._shown_nowhere)
        return self._client.command(line + argument)

    def finish(self, reply: Reply, challenge: bytes = b"") -> None:
        """Take the last reply.

        :param challenge: what the server said before it, readable.
        :raises smtplib.SMTPAuthenticationError: it is not positive, and no word of a login that happened already.
        """
        if reply.code != 235 and not (reply.code == 503 and _ALREADY.search(reply.raw)):
            said = [reply.raw, masked(challenge, pattern(self._shown_nowhere))]
            raise smtplib.SMTPAuthenticationError(reply.code, b"\n".join(filter(None, said)))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def _plain(exchange: _Exchange) -> None:  # RFC 4616
    exchange.finish(exchange.ask("AUTH PLAIN ", _base64(f"\0{exchange.username}\0{exchange.secret}")))


def _login(exchange: _Exchange) -> None:
    reply = exchange.ask(f"AUTH LOGIN {_base64(exchange.username)}")
    exchange.finish(exchange.ask("", _base64(exchange.secret)) if reply.code == 334 else reply)


def _cram_md5(exchange: _Exchange) -> None:  # RFC 2195
    reply = exchange.ask("AUTH CRAM-MD5")
    if reply.code == 334:
        digest = hmac.new(exchange.secret.encode("utf-8"), _decoded(reply.raw), hashlib.md5).hexdigest()
        reply = exchange.ask("", _base64(f"{exchange.username} {digest}"))
    exchange.finish(reply)


def _xoauth2(exchange: _Exchange) -> None:
    """Google's and Microsoft's; where it fails the server first says why, in base64 and JSON."""
    _by_token(exchange, "XOAUTH2", f"user={exchange.username}\x01auth=Bearer {exchange.secret}\x01\x01", then="")


def _oauthbearer(exchange: _Exchange) -> None:  # RFC 7628
    name = exchange.username.replace("=", "=3D").replace(",", "=2C")
    said = f"n,a={name},\x01host={exchange.host}\x01port={exchange.port}\x01auth=Bearer {exchange.secret}\x01\x01"
    _by_token(exchange, "OAUTHBEARER", said, then=_base64("\x01"))


def _by_token(exchange: _Exchange, mechanism: str, said: str, then: str) -> None:
    reply = exchange.ask(f"AUTH {mechanism} ", _base64(said))
    challenge = b""
    if reply.code == 334:
        challenge = _decoded(reply.raw)
        reply = exchange.ask(then)
    exchange.finish(reply, challenge)


def _decoded(challenge: bytes) -> bytes:
    """A challenge as it was before base64; as it came, where it is none."""
    try:
        return base64.b64decode(challenge)
    except ValueError:
        return challenge


_BY_TOKEN = ("OAUTHBEARER", "XOAUTH2")
_BY_PASSWORD = ("CRAM-MD5", "PLAIN", "LOGIN")
_MECHANISMS: dict[str, c.Callable[[_Exchange], None]] = {
    "CRAM-MD5": _cram_md5,
    "PLAIN": _plain,
    "LOGIN": _login,
    "XOAUTH2": _xoauth2,
    "OAUTHBEARER": _oauthbearer,
}
