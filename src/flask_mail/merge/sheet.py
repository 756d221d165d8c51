"""CSV as spreadsheets write it: commas, semicolons or tabs, names in the first line, quotes where they are needed."""

from __future__ import annotations

import collections
import collections.abc as c
import csv
import dataclasses as d
import pathlib
import re
import typing as t

from ..errors import MergeError
from . import encodings

_DELIMITERS: t.Final = ",;\t|"
_SEPARATOR = re.compile(r"sep=(.)\s*\Z", re.IGNORECASE)  # what some spreadsheets write before all else


@d.dataclass(frozen=True, slots=True)
class Header:
    """The first line.

    :param names: its columns as templates call them; a column without a name is empty, and left out.
    :param delimiter: what stands between them.
    :param address_column: which of them has the address.
    :param skip: how many lines stand before it.
    """

    names: tuple[str, ...]
    delimiter: str
    address_column: str
    skip: int

    @classmethod
    def read(cls, path: pathlib.Path, encoding: str, address_column: str, delimiter: str | None) -> Header:
        """The header of the file at *path*.

        :raises MergeError: it has none, or no such column.
        """
        if delimiter is not None and len(delimiter) != 1:
            raise MergeError(f"delimiter is {delimiter!r}, but it has to be one character")
        with encodings.opened(path, encoding) as lines:
            line, skip = lines.readline(), 0
            while (separator := _SEPARATOR.match(line)) or (line and not line.strip()):
                delimiter = delimiter or (separator[1] if separator else None)
                line, skip = lines.readline(), skip + 1
        if not line:
            raise MergeError(f"{path} is empty: its first line has to name the columns")
        found = max(
            _readings(line, delimiter), key=lambda reading: (_place(reading[0], address_column) >= 0, len(reading[0]))
        )
        place = _place(found[0], address_column)
        if place < 0:
            raise MergeError(_missing(path, found[0], address_column, delimiter))
        names = tuple(map(_variable, found[0]))
        [twice] = [name for name, count in collections.Counter(filter(None, names)).items() if count > 1][:1] or [""]
        if twice:
            raise MergeError(f"{path} has two columns called {twice!r}: give one another name")
        return cls(names, found[1], names[place], skip)


def _readings(line: str, delimiter: str | None) -> c.Iterator[tuple[list[str], str]]:
    for each in delimiter or _DELIMITERS:
        yield [name.strip() for name in next(csv.reader([line], delimiter=each, skipinitialspace=True))], each


def _place(names: list[str], wanted: str) -> int:
    """Where the column stands; -1 if it does not. Capitals do not matter, unless there is one written just so."""
    if wanted in names:
        return names.index(wanted)
    folded = [name.casefold() for name in names]
    return folded.index(wanted.casefold()) if wanted.casefold() in folded else -1


def _missing(path: pathlib.Path, names: list[str], wanted: str, delimiter: str | None) -> str:
    if any("@" in name for name in names):
        return f"{path}: the first line has to name the columns, {wanted!r} among them; it has an address in it."
    shown = ", ".join(map(repr, names))
    told = f"{path} has no column {wanted!r}; it has {shown}."
    if len(names) == 1 and delimiter is None:
        return f"{told} Say what stands between columns (--delimiter), or which one has the address (--address-column)."
    likely = next((name for name in names if "mail" in name.casefold() or "邮" in name), names[0])
    return f"{told} Say which one has the address, such as --address-column {likely!r}."


def _variable(name: str) -> str:
    """A column's name as templates can write it: ``First name`` is ``First_name``."""
    return re.sub(r"\W+", "_", name).strip("_") if not name.isidentifier() else name


def cells(lines: t.TextIO, header: Header) -> c.Iterator[tuple[int, list[str] | str]]:
    """The cells of each row after the header, and the line it begins in; what is wrong, where they cannot be read.

    Rows without content are left out.
    """
    for _ in range(header.skip):
        lines.readline()
    reader = csv.reader(lines, delimiter=header.delimiter, skipinitialspace=True, strict=True)
    before = 0
    while True:
        try:
            found: list[str] | str = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            found = _told(error, reader.line_num - before)
        line, first, before = header.skip + before + 1, before == 0, reader.line_num
        if not first and any(found):
            yield line, found


def _told(error: csv.Error, lines: int) -> str:
    more = f"; it took {lines} lines, which were not read" if lines > 1 else ""
    if "unexpected end" in str(error) or "larger than field limit" in str(error):
        return f"a quotation mark in it is never closed{more}"
    return f"it cannot be read as CSV ({error}){more}"
