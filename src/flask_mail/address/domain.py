"""Domains as the wire wants them: IDNA 2008 with the mapping of UTS 46, so ``straße.example`` stays itself."""

from __future__ import annotations

import functools
import ipaddress
import re

import idna

_LABEL = r"[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?"
DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
"""A domain in ASCII, as a pattern. Underscores are in no host name, and in mail addresses all the same."""

_ASCII = re.compile(rf"{DOMAIN}\Z")


def to_ascii(domain: str) -> str | None:
    """*domain* in ASCII, or ``None`` where it is no domain (RFC 5321 §4.1.2, §4.1.3; RFC 5890).

    :param domain: a host name, in any script, or an address literal in brackets.
    """
    return _to_ascii(domain) if len(domain) <= 255 else None


@functools.lru_cache(maxsize=512)
def _to_ascii(domain: str) -> str | None:
    if domain.startswith("["):
        return domain if _is_literal(domain) else None
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    return domain if _ASCII.match(domain) else None


def _is_literal(domain: str) -> bool:
    inside = domain[1:-1]
    version = 6 if inside[:5].lower() == "ipv6:" else 4
    try:
        return domain.endswith("]") and ipaddress.ip_address(inside[5:] if version == 6 else inside).version == version
    except ValueError:
        return False
