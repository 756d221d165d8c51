"""Text in columns of a terminal or a mail: how wide it is, and where it may be broken (UAX #11, UAX #14)."""

from __future__ import annotations

import collections.abc as c
import re
import unicodedata

WIDTH = 78
"""Columns of a line of a mail (RFC 5322 §2.1.1)."""

_NEVER_FIRST = frozenset("、。，．：；？！…‥）〕］｝〉》」』】〗’”·ー々゛゜％‰℃")
_NEVER_LAST = frozenset("（〔［｛〈《「『【〖‘“￥＄")
_WORD = re.compile(r"\S+")


def columns(text: str) -> int:
    """How many columns *text* takes: Chinese characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 1


def wrapped(text: str, width: int, start: str = "", indent: str = "") -> c.Iterator[str]:
    """The lines of *text*, none wider than *width* but for words that cannot be broken, such as addresses of pages.

    :param start: what the first line begins with.
    :param indent: what all others begin with.
    """
    if len(start) + len(text) <= width and (text.isascii() or columns(text) + columns(start) <= width):
        yield start + text
        return
    line, room = [start], width - columns(start)
    for blank, piece in _pieces(text):
        wide = columns(piece)
        if wide + blank > room and len(line) > 1:
            yield "".join(line).rstrip()
            line, room = [indent], width - columns(indent)
            blank = 0
        elif len(line) == 1:
            blank = 0
        line += [" ", piece] if blank else [piece]
        room -= wide + blank
    yield "".join(line).rstrip()


def _pieces(text: str) -> c.Iterator[tuple[int, str]]:
    """What stays together, each with the columns of the blank before it."""
    for word in _WORD.findall(text):
        if word.isascii() or (word.startswith("<") and "://" in word):
            yield 1, word
            continue
        blank, piece = 1, ""
        for character in word:
            if piece and _breaks(piece[-1], character):
                yield blank, piece
                blank, piece = 0, ""
            piece += character
        yield blank, piece


def _breaks(before: str, after: str) -> bool:
    """Whether a line may end between two characters that no blank parts: beside a wide one, where typography allows."""
    if after in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    return _width(before) == 2 or _width(after) == 2
