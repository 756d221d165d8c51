"""base64 in lines of 76 characters (RFC 2045 §6.8), at nearly the speed of the interpreter's own without lines."""

from __future__ import annotations

import binascii
import collections.abc as c
import functools
import struct
import typing as t

BLOCK = 57 * 1024
"""Octets encoded at a time: 57 of them make one line."""


class Blob(t.Protocol):
    """Octets that can be read any number of times, in blocks of :data:`BLOCK`; only the last may be shorter."""

    @property
    def size(self) -> int: ...
    def blocks(self) -> c.Iterator[bytes | memoryview]: ...


@functools.lru_cache(maxsize=64)
def _lines(count: int) -> struct.Struct:
    return struct.Struct("76s" * count)


def lines(octets: bytes | memoryview) -> list[bytes]:
    """*octets* encoded, as lines without their ends."""
    encoded = binascii.b2a_base64(octets, newline=False)
    count = len(encoded) // 76
    whole: list[bytes] = list(_lines(count).unpack_from(encoded))
    if len(encoded) > count * 76:
        whole.append(encoded[count * 76 :])
    return whole


def text(octets: bytes) -> str:
    """*octets* encoded, with ``\\n`` between lines."""
    return b"\n".join(lines(octets)).decode("ascii")


class Base64:
    """A blob encoded while it is read, with CRLF between lines."""

    __slots__ = ("_blob", "size")

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        characters = (blob.size + 2) // 3 * 4
        self.size: int = characters + 2 * max(0, (characters + 75) // 76 - 1)

    def __iter__(self) -> c.Iterator[bytes]:
        left = self._blob.size
        for block in self._blob.blocks():
            left -= len(block)
            encoded = lines(block)
            if left:
                encoded.append(b"")
            yield b"\r\n".join(encoded)
