"""Files of lines that stay whole whatever happens to the process that writes them."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import os
import pathlib
import typing as t

from ..errors import MergeError

try:
    import fcntl
except ImportError:  # Windows, where a file that is open for writing cannot be replaced anyway
    fcntl = None  # type: ignore[assignment]

_FLAGS: t.Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class Lines:
    """A file that lines are added to, without a buffer.

    :param path: made where there is none.
    :param alone: refuse a file that another process writes.
    :raises MergeError: it cannot be written, or another process does.
    """

    def __init__(self, path: pathlib.Path, *, alone: bool = False) -> None:
        self.path = path
        self.size: int = 0
        """Octets written by us."""
        self._alone = alone
        self._file = self._opened(path)

    def add(self, line: bytes) -> None:
        """Write a line; it stays when the process dies."""
        self.size += len(line)
        while line:
            line = line[os.write(self._file, line) :]

    def replace(self, lines: c.Iterable[bytes]) -> None:
        """Write *lines* instead of all there was, at once: a reader sees one or the other."""
        beside = self.path.with_name(f"{self.path.name}.new")
        beside.unlink(missing_ok=True)
        old, self._file, self.size = self._file, self._opened(beside), 0
        try:
            for line in lines:
                self.add(line)
            os.fsync(self._file)
        finally:
            os.close(old)
        os.replace(beside, self.path)

    def close(self) -> None:
        """What was written is on the disk."""
        with contextlib.suppress(OSError):
            os.fsync(self._file)
        os.close(self._file)

    def _opened(self, path: pathlib.Path) -> int:
        try:
            file = os.open(path, _FLAGS, 0o600)
        except OSError as error:
            raise MergeError(f"{path} cannot be written: {error.strerror}") from None
        if self._alone and fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(file)
                raise MergeError(f"another merge is writing {path}: wait until it has ended") from None
        return file


def read(path: pathlib.Path) -> c.Iterator[tuple[int, t.Any]]:
    """The values in a file of lines, and their numbers. A last line that was not written to its end is left out.

    :raises MergeError: a line is no JSON.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield number, json.loads(line)
            except ValueError:
                raise MergeError(f"{path} line {number} is not what a merge writes; mend it, or move it away") from None
