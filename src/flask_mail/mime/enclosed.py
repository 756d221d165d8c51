"""A message inside a message, which must not be encoded (RFC 2046 §5.2.1)."""

from __future__ import annotations

import collections.abc as c
import typing as t

from .base64 import Blob
from .headers import LIMIT


class Enclosed:
    """The octets of a blob with every line end as CRLF, read block by block."""

    __slots__ = ("_blob", "size")

    def __init__(self, blob: Blob, size: int) -> None:
        self._blob = blob
        self.size: int = size

    @classmethod
    def of(cls, blob: Blob) -> t.Self | None:
        """The message in *blob*; ``None`` if it would have to be encoded: 8-bit octets, NUL or long lines."""
        size = line = 0
        for piece in _pieces(blob):
            if not piece.isascii() or b"\0" in piece:
                return None
            lengths = [len(each) for each in piece.split(b"\r\n")]
            lengths[0] += line
            if max(lengths) > LIMIT:
                return None
            size, line = size + len(piece), lengths[-1]
        return cls(blob, size) if size else None

    def __iter__(self) -> c.Iterator[bytes]:
        return _pieces(self._blob)

    def __contains__(self, mark: bytes) -> bool:
        """Whether *mark*, which has no line end in it, stands anywhere in the message."""
        rest = b""
        for piece in _pieces(self._blob):
            seen = rest + piece
            if mark in seen:
                return True
            rest = seen[-len(mark) :]
        return False


def _pieces(blob: Blob) -> c.Iterator[bytes]:
    """The blocks of *blob* with CRLF; one that ends in CR waits for what follows."""
    rest = b""
    for block in blob.blocks():
        octets, rest = rest + block, b""
        if octets.endswith(b"\r"):
            octets, rest = octets[:-1], b"\r"
        yield octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if rest:
        yield b"\r\n"
