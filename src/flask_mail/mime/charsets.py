"""Character sets: what a message asked for, and what travels (RFC 2045 §2.2, RFC 1468)."""

from __future__ import annotations

import codecs
import dataclasses as d
import email.charset
import email.errors
import functools

from ..errors import ContentError
from .gate import gate
from .gate import shown

_NO_CHARSETS = frozenset({"raw-unicode-escape", "unicode-escape", "idna", "punycode", "undefined", "mbcs", "oem"})
_TRANSPARENT = "\r\n" + "".join(map(chr, range(0x20, 0x7F)))


@d.dataclass(frozen=True, slots=True)
class Charset:
    """A character set as it is labelled and encoded.

    :param label: its MIME name in small letters.
    :param codec: the name of Python's codec.
    :param wide: text in it is mostly not ASCII, so headers are always in base64.
    """

    label: str
    codec: str
    wide: bool = False


UTF8 = Charset("utf-8", "utf-8")


def charset(name: str | None, field: str = "charset") -> Charset:
    """The character set that mail uses for *name*: ``shift_jis`` travels as ``iso-2022-jp``.

    :param name: a name Python knows; ``None`` is UTF-8.
    :raises ContentError: no such character set, or one that cannot be the charset of a text part.
    :raises BadHeaderError: a control character in the name.
    """
    if not name:
        return UTF8
    return _charset(gate(str(name), field), field)


def codec_of(name: str, field: str) -> str:
    """Python's codec for text that already has the label *name*, and keeps it.

    :raises ContentError: no such character set, or one that cannot be the charset of a text part.
    :raises BadHeaderError: a control character in the name.
    """
    return _codec(gate(name, field), field)


def encoded(text: str, charset: Charset) -> bytes | None:
    """*text* in *charset*; ``None`` where it would not come back, as ESC does not from the shifts of ISO-2022-JP."""
    try:
        octets = text.encode(charset.codec)
        return octets if charset is UTF8 or octets.decode(charset.codec) == text else None
    except UnicodeError:
        return None


@functools.lru_cache(maxsize=32)
def _charset(name: str, field: str) -> Charset:
    if _codec(name, field) == "utf-8":
        return UTF8
    try:
        found = email.charset.Charset(name)
    except email.errors.CharsetError:
        raise _unfit(name, field) from None
    label = str(found.output_charset)
    codec = str(found.output_codec or label)
    _codec(codec, field)
    return Charset(label, codec, wide=label == "iso-2022-jp")


@functools.lru_cache(maxsize=32)
def _codec(name: str, field: str) -> str:
    try:
        codec = codecs.lookup(name).name
        if name.isascii() and codec not in _NO_CHARSETS and _is_transparent(codec):
            return codec
    except (LookupError, ValueError):
        pass
    raise _unfit(name, field)


def _is_transparent(codec: str) -> bool:
    return _TRANSPARENT.encode(codec) == _TRANSPARENT.encode("ascii")


def _unfit(name: str, field: str) -> ContentError:
    return ContentError(f"{field}: {shown(name)} is not a character set for mail", field=field)
