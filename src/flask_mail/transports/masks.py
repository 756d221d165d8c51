"""Keeping secrets out of what is shown, also where a server repeats them."""

from __future__ import annotations

import base64
import collections.abc as c
import re
import typing as t
import urllib.parse

SHORTEST: t.Final = 4
"""Octets of what is masked; less would blacken every reply and tell more than it hides."""


class Hidden(str):
    """A string that no traceback shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def pattern(secrets: c.Iterable[str]) -> re.Pattern[bytes] | None:
    """What finds *secrets*: as they are, in base64, or percent-encoded; ``None`` where there are none."""
    found = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
    longest_first = sorted(found, key=len, reverse=True)
    return re.compile(b"|".join(map(re.escape, longest_first))) if found else None


def masked(raw: bytes, hidden: re.Pattern[bytes] | None) -> bytes:
    """*raw* with what *hidden* finds replaced."""
    return raw if hidden is None else hidden.sub(b"***", raw)


def _forms(secret: str) -> c.Iterator[bytes]:
    octets = secret.encode("utf-8")
    yield octets
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(octets).rstrip(b"=")
    for quoted in (urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)):
        yield quoted.encode()
        yield re.sub("%..", lambda escape: escape[0].lower(), quoted).encode()
