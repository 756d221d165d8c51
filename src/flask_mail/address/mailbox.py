"""A mailbox, and the one parser that makes it from what programmers write."""

from __future__ import annotations

import dataclasses as d
import functools
import re

from ..errors import AddressError
from ..errors import BadHeaderError
from ..mime import words
from ..mime.charsets import Charset
from ..mime.charsets import UTF8
from ..mime.gate import gate
from ..mime.gate import is_sound
from ..mime.gate import shown
from .domain import DOMAIN
from .domain import to_ascii

LONGEST = 500
"""Octets of an address: what ``RCPT TO:<...>`` has room for in a line of 512 (RFC 5321 §4.5.3.1.4)."""

_TEXT = 1 << 18  # characters of a whole input with its display name; more is no address
_SHORT = 255  # octets that a domain may have, RFC 5321 §4.5.3.1.2
_CACHED = 200  # characters of an input that is worth remembering

_ATEXT = r"!#$%&'*+\-/=?^_`{|}~0-9A-Za-z"
_PLAIN = re.compile(rf"[{_ATEXT}.]+@{DOMAIN}\Z")
_LOCAL = re.compile(rf"[{_ATEXT}.\u0080-\U0010ffff]+\Z")
_QUOTED_LOCAL = re.compile(r'"((?:[^"\\]|\\.)*)"\Z')
_ANGLE = re.compile(r'<[ \t]*((?:"(?:[^"\\]|\\.)*"|[^"<>\s@]+)@[^"<>\s@]+)[ \t]*>{1,2}\Z')
_COMMENT = re.compile(r"(\S+)[ \t]*\(([^()]*)\)\Z")
_PIECES = re.compile(r'\\.|"|[^"\\]+|\\')
_SEVERAL = "there seems to be more than one; give several as a list"
_SPECIAL = re.compile(r'[][\\()<>@,:;".]')


@d.dataclass(frozen=True, slots=True)
class Mailbox:
    """One mail address, as the header shows it and as the envelope names it.

    :param name: the display name, any text; empty without one.
    :param address: the addr-spec, its domain in ASCII (IDNA 2008).
    """

    name: str
    address: str
    domain: str = d.field(init=False, repr=False, compare=False)
    """The domain in ASCII."""
    key: str = d.field(init=False, repr=False, compare=False)
    """What makes two mailboxes the same: the domain without case, the local part with it (RFC 5321 §2.4)."""
    text: str = d.field(init=False, repr=False, compare=False)
    """The mailbox as header text in ASCII or, where the address has it, UTF-8; only the name is ever encoded."""

    def __post_init__(self) -> None:
        write = object.__setattr__
        address = self.address
        local, _, domain = address.rpartition("@")
        write(self, "domain", domain)
        write(self, "key", address if domain.islower() else f"{local}@{domain.lower()}")
        write(self, "text", self.header(UTF8) if self.name else address)

    @property
    def utf8(self) -> bool:
        """Whether it takes SMTPUTF8 to reach it (RFC 6531)."""
        return not self.address.isascii()

    def header(self, charset: Charset) -> str:
        """The mailbox as header text, its name in *charset* where it has to be encoded."""
        return f"{phrase(self.name, charset)} <{self.address}>" if self.name else self.address

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


def phrase(name: str, charset: Charset) -> str:
    """A display name as a header shows it (RFC 5322 §3.2.5): bare, quoted, or as encoded words."""
    if not name.isascii() or not name.isprintable() or "  " in name or name != name.strip() or "=?" in name:
        return " ".join(words.encode(name, charset, 64))
    if len(name) > 60 and max(map(len, name.split(" "))) > 60:
        return " ".join(words.encode(name, charset, 64))
    if _SPECIAL.search(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return name


class _Refused(Exception):
    """Why an input is not one address."""


def parse(text: str, field: str, *, lenient: bool = False) -> Mailbox:
    """One address written as text: ``a@example.com``, ``Name <a@example.com>`` or ``"Doe, J." <a@example.com>``.

    :param text: what the programmer wrote.
    :param field: the field of the message, for errors.
    :param lenient: drop CR and LF instead of refusing them.
    :raises BadHeaderError: a control character.
    :raises AddressError: it is not exactly one address.
    """
    try:
        return _remembered(text) if len(text) <= _CACHED else _parsed(text)
    except BadHeaderError:
        return _parse_again(text, field, lenient)
    except _Refused as refused:
        raise AddressError(f"{field}: {shown(text)} is not one mail address: {refused}", field=field) from None


def _parse_again(text: str, field: str, lenient: bool) -> Mailbox:
    return parse(gate(one_line(text) if lenient else text, field), field)


def one_line(text: str) -> str:
    """*text* without CR and LF."""
    return text.replace("\r", "").replace("\n", "")


def pair(name: str, address: str, field: str, *, lenient: bool = False) -> Mailbox:
    """One address given as display name and address; the name is text and cannot change the address.

    :param lenient: drop CR and LF instead of refusing them.
    :raises BadHeaderError: a control character.
    :raises AddressError: *address* is not exactly one address.
    """
    try:
        if len(name) + len(address) <= _CACHED:
            return _remembered_pair(name, address)
        return _paired(name, address)
    except BadHeaderError:
        if lenient:
            name, address = one_line(name), one_line(address)
        return pair(gate(name, field), gate(address, field), field)
    except _Refused as refused:
        raise AddressError(
            f"{field}: {shown(address)}, with the name {shown(name)}, is not one mail address: {refused}", field=field
        ) from None


def _parsed(text: str) -> Mailbox:
    if len(text) < _SHORT and "=?" not in text and _PLAIN.match(text):
        return Mailbox("", text)
    text = gate(text, "").strip()
    if len(text) > _TEXT:
        raise _Refused("it is too long")
    angle = _ANGLE.search(text) if text.endswith(">") else None
    if angle is not None:
        return Mailbox(_name(text[: angle.start()]), _address(angle[1]))
    commented = _COMMENT.match(text) if text.endswith(")") else None
    if commented is not None:
        return Mailbox(commented[2].strip(), _address(commented[1]))
    return Mailbox("", _address(text))


def _paired(name: str, address: str) -> Mailbox:
    if len(name) > _TEXT:
        raise _Refused("the name is too long")
    gate(name, "")
    address = gate(address, "").strip()
    if address.endswith(">"):  # one surplus bracket is a slip of the pen that Flask-Mail forgives
        address = address[:-1].removeprefix("<")
    return Mailbox(name, _address(address))


_remembered = functools.lru_cache(maxsize=2048)(_parsed)
_remembered_pair = functools.lru_cache(maxsize=2048)(_paired)


def _name(text: str) -> str:
    """The display name before an address in angle brackets; commas in it separate nothing."""
    text = text.strip()
    if not text:
        return ""
    name, outside = unquoted(text) if '"' in text else (text, text)
    if "<" in outside or ">" in outside or ("@" in outside and ("," in outside or ";" in outside)):
        raise _Refused(_SEVERAL)
    if words.looks_encoded(name):
        decoded = words.decode(name)
        return decoded if is_sound(decoded) else name
    return name


def unquoted(text: str) -> tuple[str, str]:
    """*text* with its quoted strings read (RFC 5322 §3.2.4), and what stands outside of them; takes linear time.

    A quote that is never closed is a character like any other.
    """
    pieces = _PIECES.findall(text)
    if pieces.count('"') % 2:
        return text, text
    inside = False
    name: list[str] = []
    outside: list[str] = []
    for piece in pieces:
        if piece == '"':
            inside = not inside
            continue
        name.append(piece[1] if inside and len(piece) == 2 and piece[0] == "\\" else piece)
        if not inside:
            outside.append(piece)
    return "".join(name), "".join(outside)


def _address(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        raise _Refused("there is no @ in it")
    if len(text.encode("utf-8", "replace")) > LONGEST:
        raise _Refused(f"it has more than {LONGEST} octets")
    if "," in domain or ";" in domain:
        raise _Refused(_SEVERAL)
    ascii_domain = to_ascii(domain)
    if ascii_domain is None:
        raise _Refused(f"{shown(domain)} is not a domain")
    if not _LOCAL.match(local):
        local = _quoted_local(local)
    elif not local.isascii() and not local.isprintable():
        raise _Refused(f"{shown(local)} holds what cannot be printed")
    if "=?" in local:  # some readers decode encoded words here, too, and see another address
        raise _Refused(f"{shown(local)} looks like an encoded word of RFC 2047")
    return f"{local}@{ascii_domain}"


def _quoted_local(local: str) -> str:
    quoted = _QUOTED_LOCAL.match(local)
    if quoted is None:
        many = "," in local or ";" in local
        raise _Refused(_SEVERAL if many else f"{shown(local)} is not a local part")
    content = re.sub(r"\\(.)", r"\1", quoted[1])
    if _LOCAL.match(content) and content.strip("."):
        return content
    escaped = content.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
