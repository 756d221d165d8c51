"""Content as it goes after DATA: its dots stuffed, and ended by one (RFC 5321 §4.5.2)."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

DOTS: t.Final = (b".\r\n", b"\r\n.\r\n")
"""What ends the content: after a whole line, and after one without its end."""

_LINE_WITH_DOT = re.compile(rb"\r\n\.")  # as a pattern it is found in half the time


def with_dot(content: bytes) -> bytes:
    """*content* as it goes after DATA, see :func:`dot_stuffed`."""
    if _LINE_WITH_DOT.search(content):
        content = content.replace(b"\r\n.", b"\r\n..")
    return b"".join((b"." if content[:1] == b"." else b"", content, DOTS[content[-2:] not in (b"\r\n", b"")]))


def dot_stuffed(chunks: c.Iterable[bytes]) -> c.Iterator[bytes]:
    """*chunks* as they go after DATA (RFC 5321 §4.5.2), and last the final dot: one of :data:`DOTS`."""
    tail = b"\r\n"
    for chunk in chunks:
        stuffed = chunk.replace(b"\r\n.", b"\r\n..") if _LINE_WITH_DOT.search(chunk) else chunk
        edge = (tail + chunk[:2]).find(b"\r\n.")
        if edge >= 0:  # the line before ends in the chunk before
            stuffed = stuffed[:edge] + b"." + stuffed[edge:]
        yield stuffed
        tail = (tail + chunk[-2:])[-2:]
    yield DOTS[tail != b"\r\n"]
