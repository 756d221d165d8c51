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


@functools.lru_cache(maxsize=32)
def _charset(name: str, field: str) -> Charset:
    try:
        if codecs.lookup(name).name == "utf-8":
            return UTF8
        found = email.charset.Charset(name)
        label = str(found.output_charset)
        codec = str(found.output_codec or label)
        transparent = _TRANSPARENT.encode(codec) == _TRANSPARENT.encode("ascii") and label.isascii()
    except (LookupError, ValueError, email.errors.CharsetError):
        transparent, label, codec = False, "", ""
    if not transparent:
        raise ContentError(f"{field}: {shown(name)} is not a character set for mail", field=field)
    return Charset(label, codec, wide=label == "iso-2022-jp")
