"""Attachments' data: read block by block from memory, disk or an open file.

A blob can be read any number of times and gives the same octets each time; where that cannot be kept, because a
file changed or was closed, it raises instead of sending something else.
"""

from __future__ import annotations

import codecs
import collections.abc as c
import io
import os
import typing as t

from ..errors import ContentError
from .base64 import Blob
from .base64 import BLOCK
from .charsets import codec_of


class Memory:
    """Octets in memory; blocks are views, not copies."""

    __slots__ = ("octets", "size")

    def __init__(self, octets: bytes) -> None:
        self.octets: bytes = octets
        self.size: int = len(octets)

    def blocks(self) -> c.Iterator[bytes | memoryview]:
        view = memoryview(self.octets)
        for start in range(0, self.size, BLOCK):
            yield view[start : start + BLOCK]


class Disk:
    """A file named by its path, opened when it is read.

    :raises ContentError: it cannot be read.
    """

    __slots__ = ("_changed", "_field", "_path", "size")

    def __init__(self, path: str | os.PathLike[str], field: str) -> None:
        try:
            with open(path, "rb") as file:
                status = os.fstat(file.fileno())
        except OSError as error:
            raise ContentError(f"{field}: {error}", field=field) from error
        self._path, self._field = path, field
        self.size: int = status.st_size
        self._changed = status.st_mtime_ns

    def blocks(self) -> c.Iterator[bytes | memoryview]:
        try:
            with open(self._path, "rb") as file:
                if os.fstat(file.fileno()).st_mtime_ns != self._changed:
                    raise _differs(self._field)
                left = self.size
                while left:
                    block = _whole_lines(file, left, self._field)
                    left -= len(block)
                    yield block
        except OSError as error:
            raise ContentError(f"{self._field}: {error}", field=self._field) from error


class Stream:
    """An open file that can be rewound. All of it is read, wherever it stands, and it is left standing there."""

    __slots__ = ("_field", "_file", "size")

    def __init__(self, file: t.IO[bytes], field: str) -> None:
        self._file, self._field = file, field
        here = file.tell()
        self.size: int = file.seek(0, io.SEEK_END)
        file.seek(here)

    def blocks(self) -> c.Iterator[bytes | memoryview]:
        position = 0
        while position < self.size:
            try:
                here = self._file.tell()
                self._file.seek(position)
                block = _whole_lines(self._file, self.size - position, self._field)
                self._file.seek(here)
            except ContentError:
                raise
            except (OSError, ValueError) as error:
                raise ContentError(f"{self._field}: the file cannot be read: {error}", field=self._field) from error
            position += len(block)
            yield block


def _whole_lines(file: t.IO[bytes], left: int, field: str) -> bytes:
    """The next block, though *file* may give less than it is asked for: only the last one may end inside a line."""
    block = file.read(min(BLOCK, left))
    while len(block) % 57 and len(block) < left:
        more = file.read(min(BLOCK, left) - len(block))
        if not more:
            break
        block += more
    if not block or (len(block) % 57 and len(block) < left):
        raise _differs(field)
    return block


def _differs(field: str) -> ContentError:
    return ContentError(f"{field}: the file changed between composing and sending", field=field)


def is_file(data: object) -> bool:
    """Whether *data* is an open file, or wraps one as Werkzeug's ``FileStorage`` does."""
    return hasattr(data, "read")


def read(data: t.Any, encoding: str | None, field: str) -> bytes:
    """The octets of an attachment's *data* in memory."""
    if _is_octets(data):
        return bytes(data)
    codec = codec_of(encoding, field) if encoding else "utf-8"
    try:
        return str(data).encode(codec)
    except UnicodeEncodeError as error:
        raise ContentError(f"{field}: cannot be encoded in {encoding or codec}: {error}", field=field) from None


def _is_octets(data: t.Any) -> t.TypeGuard[bytes | bytearray]:
    return isinstance(data, (bytes, bytearray, memoryview))


def is_text(data: t.Any) -> bool:
    """Whether *data* is text, lazy or not, that is encoded here."""
    return not (_is_octets(data) or isinstance(data, os.PathLike) or is_file(data))


def is_utf8(octets: Blob) -> bool:
    """Whether *octets* are UTF-8 beyond ASCII; looks at them block by block."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    beyond = False
    try:
        for block in octets.blocks():
            piece = bytes(block)
            beyond = beyond or not piece.isascii()
            if beyond:
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return beyond


def blob(data: t.Any, encoding: str | None, field: str) -> Blob:
    """Attachment *data* as something that can be read block by block.

    :param data: octets, text, a path, or an open file that can be rewound.
    :param encoding: the character set of text; UTF-8 by default.
    :raises ContentError: it cannot be read or encoded.
    """
    if isinstance(data, os.PathLike):
        return Disk(t.cast("os.PathLike[str]", data), field)
    if rewindable(data):
        return Stream(getattr(data, "stream", data), field)
    return Memory(read(rereadable(data, field), encoding, field))


def rereadable(data: t.Any, field: str) -> t.Any:
    """*data*, or what was in it if it is a file that can be read only once, or a file of text."""
    if not is_file(data) or rewindable(data):
        return data
    try:
        if isinstance(data, io.TextIOBase) and data.seekable():
            data.seek(0)
        return data.read()
    except (OSError, ValueError) as error:
        raise ContentError(f"{field}: the file cannot be read: {error}", field=field) from error


def rewindable(data: t.Any) -> bool:
    """Whether *data* is an open binary file that can be read again."""
    file = getattr(data, "stream", data)
    if isinstance(file, io.TextIOBase) or not is_file(file) or getattr(file, "closed", False):
        return False
    seekable = getattr(file, "seekable", None)
    return bool(seekable() if seekable is not None else hasattr(file, "seek"))
