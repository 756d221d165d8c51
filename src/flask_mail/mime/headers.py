"""Header lines: folded where they must be, encoded where they must be, and never broken (RFC 5322 §2.2).

Every function returns whole lines that end in ``\\n``; :func:`.tree.chunks` makes CRLF of them. Values have passed
the gate when they come here, or pass it here.
"""

from __future__ import annotations

import re

from ..errors import BadHeaderError
from . import words
from .charsets import Charset
from .charsets import UTF8
from .gate import gate
from .gate import shown

LINE = 78  # what a line should have at most, RFC 5322 §2.1.1
LIMIT = 998  # what it must not exceed
_WORD_LINE = 76  # what a line with an encoded word must not exceed, RFC 2047 §2
_WORD = re.compile(r"[ \t]*[^ \t]+")


def fold(name: str, value: str, line: int = LINE) -> str | None:
    """The header *name* with ASCII *value*, folded at blanks; no run of blanks is changed, no word broken.

    :param line: octets that a line shall have at most, if the words allow it.
    :returns: the lines, or ``None`` where a single word is too long for any line.
    """
    if len(name) + len(value) + 2 <= line:
        return f"{name}: {value}\n"
    lines: list[str] = []
    current = f"{name}:"
    length = len(current)
    pending = [current]
    for word in _WORD.findall(f" {value}"):
        if length + len(word) > line and (len(pending) > 1 or lines):
            lines.append("".join(pending))
            pending, length = [], 0
        pending.append(word)
        length += len(word)
        if length > LIMIT:
            return None
    lines.append("".join(pending))
    return "\n".join(lines) + "\n"


def text(name: str, value: str, charset: Charset = UTF8, field: str = "") -> str:
    """An unstructured header, such as Subject: any text comes out as it went in.

    :param field: the field of the message, for errors; the header's name by default.
    :raises BadHeaderError: *value* holds what the gate refuses.
    """
    if not value.isprintable():
        gate(value, field or name)
    if value.isascii() and value == value.strip(" \t") and not ("=?" in value and words.looks_encoded(value)):
        if len(name) + len(value) <= LINE - 2:
            return f"{name}: {value}\n"
        folded = fold(name, value)
        if folded is not None:
            return folded
    return f"{name}: " + "\n ".join(words.encode(value, charset, _WORD_LINE - len(name) - 2)) + "\n"


def structured(name: str, value: str, field: str = "", line: int = LINE) -> str:
    """A header of ASCII tokens, such as References or List-Unsubscribe: never encoded, never broken.

    :raises BadHeaderError: *value* is not ASCII, holds what the gate refuses or has a word over 998 octets.
    """
    if not gate(value, field or name).isascii():
        raise BadHeaderError(f"{field or name} must be ASCII: {shown(value)}", field=field or name)
    folded = fold(name, value.strip(" \t"), line)
    if folded is None:
        raise BadHeaderError(
            f"{field or name} has a word too long for a line of 998 octets: {shown(value)}", field=field or name
        )
    return folded


def folded_subject_is_sound(value: str) -> bool:
    """Whether a subject of several lines is folded as RFC 5322 §2.2.3 allows: CRLF, then a blank, then text."""
    for number, line in enumerate(value.split("\r\n")):
        if not line.strip() or "\r" in line or "\n" in line:
            return False
        if number and line[0] not in " \t":
            return False
    return True


def subject(value: str, charset: Charset = UTF8) -> str:
    """The Subject; one that its writer folded stays as it is, byte by byte.

    :raises BadHeaderError: a line break that is no folding, or what the gate refuses.
    """
    if len(value) < 70 and value.isascii() and value.isprintable() and "=?" not in value and value == value.strip():
        return f"Subject: {value}\n"  # as most subjects are
    if "\n" not in value and "\r" not in value:
        return text("Subject", value, charset, "subject")
    if not folded_subject_is_sound(value):
        raise BadHeaderError(f"subject must not contain a bare line break: {shown(value)}", field="subject")
    unfolded = gate(value.replace("\r\n", ""), "subject")
    longest = max(map(len, f"Subject: {value}".split("\r\n")))
    if value.isascii() and longest <= LIMIT and not words.looks_encoded(unfolded):
        return "Subject: " + value.replace("\r\n", "\n") + "\n"
    return text("Subject", unfolded, charset, "subject")
