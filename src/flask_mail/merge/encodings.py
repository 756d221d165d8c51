"""In which encoding a file is. Nothing is guessed that could send a wrong name: what is not certain is asked for."""

from __future__ import annotations

import codecs
import collections.abc as c
import contextlib
import pathlib
import typing as t

from ..errors import MergeError

_MARKS: t.Final = (  # longer ones first: a UTF-32 mark begins like one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORKBOOKS: t.Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How those of spreadsheets begin: ``.xlsx`` and ``.ods`` are ZIP files, ``.xls`` is a compound file."""
_CANDIDATES: t.Final = {"gb18030": "Chinese", "big5": "Chinese, traditional", "cp1252": "western"}
"""What spreadsheets write where they do not write Unicode, and where."""


def of(path: pathlib.Path, wanted: str | None) -> str:
    """The encoding of the file at *path*.

    :param wanted: the one to use, if one was asked for.
    :raises MergeError: there is no such file or no such encoding, or it has to be asked for.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as error:
        raise MergeError(f"{path} cannot be read: {error.strerror}") from None
    if start.startswith(_WORKBOOKS):
        raise MergeError(f"{path} is a workbook, or packed: open it in its program and save it as CSV UTF-8")
    if wanted is not None:
        return _known(wanted)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if (count := start.count(0)) == 0:
        return "utf-8"
    if count < len(start) // 8:
        raise MergeError(f"{path} is no text: there are null octets in it. Save it as CSV UTF-8")
    little = start[1::2].count(0) > start[::2].count(0)
    raise MergeError(
        f"{path} is no text, or UTF-16 without a mark at its beginning: choose it with "
        f"encoding='utf-16-{'le' if little else 'be'}' (--encoding), or save it as CSV UTF-8."
    )


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name)
    except LookupError:
        raise MergeError(f"encoding: there is none called {name!r}; common ones are utf-8, gb18030, cp1252") from None
    if found.name == "gb2312" or found.name == "gbk":
        return "gb18030"  # both are part of it, and what is called so often holds more
    return "utf-8-sig" if found.name == "utf-8" else found.name


@contextlib.contextmanager
def opened(path: pathlib.Path, encoding: str) -> c.Generator[t.TextIO]:
    """The file at *path*.

    :raises MergeError: in the block, at a line that is not in *encoding*.
    """
    with path.open(encoding=encoding, newline="") as file:
        try:
            yield file
        except UnicodeError as error:
            raise MergeError(_told(path, encoding, error)) from None


def _told(path: pathlib.Path, encoding: str, error: UnicodeError) -> str:
    number, octets = _first_bad_line(path, encoding)
    if number == 0:
        return f"{path} is not in {encoding}: {error}. Choose another encoding (--encoding)."
    if encoding not in ("utf-8", "utf-8-sig"):
        return f"{path} line {number} is not in {encoding}. Choose another encoding (--encoding)."
    readings = [f"{name} ({where}) {text!r}" for name, where in _CANDIDATES.items() if (text := _read(octets, name))]
    if not readings:
        return f"{path} line {number} is not in UTF-8. Choose its encoding (--encoding), or save it as CSV UTF-8."
    return (
        f"{path} line {number} is not in UTF-8. It would read: {'; '.join(readings)}. Choose the right one, such as "
        f"--encoding {readings[0].partition(' ')[0]}, or save it as CSV UTF-8."
    )


def _first_bad_line(path: pathlib.Path, encoding: str) -> tuple[int, bytes]:
    """Its number, from 1, and its octets; 0 where lines are not to be told apart without decoding."""
    if encoding.startswith(("utf-16", "utf-32")):
        return 0, b""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                return number, line
    return 0, b""


def _read(octets: bytes, encoding: str) -> str:
    try:
        text = octets.decode(encoding).strip()
    except UnicodeError:
        return ""
    return text if len(text) <= 60 else f"{text[:57]}..."
