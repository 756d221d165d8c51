"""Rows of a merge, and where they come from: a spreadsheet's file, JSON lines, anything iterable.

A row that cannot be read says so, and stands among the others. What spoils the whole file, such as an encoding that
is not the file's, is a :class:`MergeError` before the first row.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import json
import os
import pathlib
import typing as t

from ..errors import MergeError
from . import encodings
from .sheet import cells
from .sheet import Header


@d.dataclass(slots=True)
class Row:
    """One row.

    :param line: the line of the file that it begins in, from 1; of an iterable, its place in it.
    :param values: its columns.
    :param fault: why it cannot be read, where it cannot, and what to do.
    """

    line: int
    values: c.Mapping[str, t.Any] = d.field(default_factory=dict[str, t.Any])
    fault: str = ""


class Rows:
    """Rows that can be read again and again, from *source*.

    :param source: a path ending in ``.csv``, ``.tsv`` or ``.txt``; one ending in ``.jsonl``, ``.ndjson`` or ``.json``
        with an object in each line; or an iterable of mappings.
    :param address_column: the column that has the address.
    :param encoding: of the file; found by its first octets, else UTF-8.
    :param delimiter: what stands between columns; found by the first line.
    :raises MergeError: the file is missing, in another encoding, or has no such column.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | c.Iterable[c.Mapping[str, t.Any]],
        *,
        address_column: str = "email",
        encoding: str | None = None,
        delimiter: str | None = None,
    ) -> None:
        self.path: pathlib.Path | None = None
        """The file, where it is one."""
        self.address_column: str = address_column
        """The column that has the address, as the file calls it."""
        self._header: Header | None = None
        if not isinstance(source, (str, os.PathLike)):
            self._mappings = source
            return
        self.path = pathlib.Path(source)
        self._encoding = encodings.of(self.path, encoding)
        if self.path.suffix.lower() not in (".jsonl", ".ndjson", ".json"):
            self._header = Header.read(self.path, self._encoding, address_column, delimiter)
            self.address_column = self._header.address_column
        else:
            self._refuse_array(self.path)

    def __iter__(self) -> c.Iterator[Row]:
        if self.path is None:
            return _mapped(self._mappings)
        return self._sheet(self.path) if self._header is not None else self._lines(self.path)

    def count(self) -> int | None:
        """How many rows there are, the bad ones among them; ``None`` where that takes reading what may be read once.

        :raises MergeError: a line is not in the encoding.
        """
        if self.path is None:
            length = getattr(self._mappings, "__len__", None)
            return None if length is None else t.cast(int, length())
        return sum(1 for _ in self)

    def _refuse_array(self, path: pathlib.Path) -> None:
        """Some lines of an array may be objects by themselves, and would be sent while others were not."""
        with encodings.opened(path, self._encoding) as lines:
            begins = lines.read(1000).lstrip()
        if begins.startswith("["):
            raise MergeError(
                f"{path} is one JSON array, but each line has to hold an object of its own: jq -c '.[]' writes it so"
            )

    def _sheet(self, path: pathlib.Path) -> c.Iterator[Row]:
        assert self._header is not None
        names, width = self._header.names, len(self._header.names)
        with encodings.opened(path, self._encoding) as lines:
            for line, found in cells(lines, self._header):
                if isinstance(found, str):
                    yield Row(line, fault=found)
                elif len(found) == width or (len(found) > width and not any(found[width:])):
                    values = dict(zip(names, found, strict=False))
                    values.pop("", None)
                    yield Row(line, values)
                else:
                    yield Row(line, fault=f"it has {len(found)} columns, and the first line has {width}")

    def _lines(self, path: pathlib.Path) -> c.Iterator[Row]:
        with encodings.opened(path, self._encoding) as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    values = json.loads(line)
                except (ValueError, RecursionError) as error:
                    yield Row(number, fault=f"it is not JSON ({error}); write one object in each line")
                    continue
                yield _checked(number, values)


def _mapped(mappings: c.Iterable[t.Any]) -> c.Iterator[Row]:
    return (_checked(number, values) for number, values in enumerate(mappings, 1))


def _checked(line: int, values: t.Any) -> Row:
    if isinstance(values, c.Mapping):
        return Row(line, t.cast("c.Mapping[str, t.Any]", values))
    return Row(line, fault=f"it has to be a mapping from names to values, not {values!a:.60}")
