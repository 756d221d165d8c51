"""Text bodies: 7bit where it can be, else quoted-printable or base64, whichever is shorter (RFC 2045 §6)."""

from __future__ import annotations

import binascii
import re

from ..errors import ContentError
from . import base64
from .charsets import Charset
from .charsets import encoded
from .charsets import UTF8

_LIMIT = 998  # octets of a line without CRLF, RFC 5322 §2.1.1
_SHIFT = re.compile("[\x0e\x0f\x1b]")  # what switches sets inside ISO-2022, RFC 1468
_LITERAL = bytes(octet for octet in range(0x20, 0x7F) if octet != 0x3D) + b"\t\r\n"


def has_long_line(text: str | bytes, newline: str | bytes) -> bool:
    """Whether a line has more than 998 octets; looks at a few places only."""
    position, end = 0, len(text)
    while end - position > _LIMIT:
        found = text.rfind(newline, position, position + _LIMIT + 1)  # type: ignore[arg-type]
        if found < 0:
            return True
        position = found + 1
    return False


def normalised(text: str, field: str) -> str:
    """*text* with every line end as ``\\n``.

    :raises ContentError: it holds NUL (RFC 5322 §4).
    """
    if "\0" in text:
        raise ContentError(f"{field} must not contain NUL", field=field)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def encode(text: str, charset: Charset, field: str) -> tuple[Charset, str, str]:
    """*text* ready to be written: the character set used, the transfer encoding and the body.

    :raises ContentError: NUL or a lone surrogate.
    """
    if "\0" in text or "\r" in text:
        text = normalised(text, field)
    if text.isascii() and (charset is UTF8 or not _SHIFT.search(text)) and not has_long_line(text, "\n"):
        return charset, "7bit", text
    charset, octets = _octets(text, charset, field)
    if charset.wide and octets.isascii() and not has_long_line(octets, b"\n"):
        return charset, "7bit", octets.decode("ascii")
    special = len(octets.translate(None, _LITERAL))
    if special * 6 <= len(octets):  # each takes two more octets in quoted-printable; base64 takes a third more
        return charset, "quoted-printable", quoted_printable(octets)
    return charset, "base64", base64.text(octets.replace(b"\n", b"\r\n"))


def _octets(text: str, charset: Charset, field: str) -> tuple[Charset, bytes]:
    octets = None if charset is UTF8 else encoded(text, charset)
    if octets is not None:
        return charset, octets
    try:
        return UTF8, text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ContentError(
            f"{field} holds the lone surrogate U+{ord(text[error.start]):04X} at {error.start}", field=field
        ) from None


def quoted_printable(octets: bytes) -> str:
    """Octets with ``\\n`` line ends in quoted-printable (RFC 2045 §6.7)."""
    return binascii.b2a_qp(octets, quotetabs=False, istext=True).decode("ascii")
