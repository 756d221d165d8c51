"""The server's end of AUTH (RFC 4954), for the mechanisms known here."""

from __future__ import annotations

import base64
import collections.abc as c
import hashlib
import hmac
import json
import typing as t

NO = "535 5.7.8 Error: authentication failed"
NONCE = "<1896.697170952@faulty.example>"


class Talk(t.Protocol):
    def ask(self, challenge: str) -> str: ...


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def decode(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


class Login:
    """Logins on one connection.

    :param accounts: passwords or tokens by user name.
    """

    def __init__(self, talk: Talk, accounts: c.Mapping[str, str]) -> None:
        self._talk = talk
        self._accounts = accounts
        self.user: str | None = None

    def attempt(self, argument: str) -> str:
        """The final reply to ``AUTH argument``."""
        mechanism, _, initial = argument.partition(" ")
        user = getattr(self, f"_{mechanism.lower().replace('-', '_')}")(initial)
        if user is None:
            return NO
        self.user = user
        return "235 2.7.0 welcome"

    def _checked(self, user: str, secret: str) -> str | None:
        return user if self._accounts.get(user) == secret else None

    def _plain(self, initial: str) -> str | None:
        _, user, password = decode(initial or self._talk.ask("")).split("\0")
        return self._checked(user, password)

    def _login(self, initial: str) -> str | None:
        user = decode(initial or self._talk.ask(encode("User Name")))
        return self._checked(user, decode(self._talk.ask(encode("Password"))))

    def _cram_md5(self, _: str) -> str | None:
        user, _, digest = decode(self._talk.ask(encode(NONCE))).rpartition(" ")
        password = self._accounts.get(user, "")
        expected = hmac.new(password.encode(), NONCE.encode(), hashlib.md5).hexdigest()
        return user if digest == expected else None

    def _xoauth2(self, initial: str) -> str | None:
        fields = dict(field.partition("=")[::2] for field in decode(initial).split("\x01") if field)
        return self._bearer(fields["user"], fields["auth"], then="")

    def _oauthbearer(self, initial: str) -> str | None:
        header, *pairs = decode(initial).split("\x01")
        fields = dict(pair.partition("=")[::2] for pair in pairs if pair)
        user = header.split(",")[1].removeprefix("a=").replace("=2C", ",").replace("=3D", "=")
        return self._bearer(user, fields["auth"], then="\x01")

    def _bearer(self, user: str, auth: str, then: str) -> str | None:
        """Who has a good token; who has not is told why, and has to answer *then* (RFC 7628 §3.2.3)."""
        if self._checked(user, auth.removeprefix("Bearer ")):
            return user
        answer = self._talk.ask(encode(json.dumps({"status": "invalid_token", "scope": "https://mail.example/"})))
        assert decode(answer) == then
        return None
