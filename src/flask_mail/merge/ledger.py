"""What was sent and what was not, so that nobody gets a mail twice whatever happens to the process.

Two files. The results have one line for each row that has an outcome. Beside them ``<results>.sending`` says of each
row, before the last of its mail goes out, that it does. Rows that stand there and have no outcome are those that were
on the wire when the process was killed: the server may have them or not. What was written stays when the process
dies; a machine that loses power may lose the last of it.
"""

from __future__ import annotations

import array
import collections.abc as c
import itertools
import pathlib
import typing as t
import zlib
from json.encoder import encode_basestring as quoted

from ..errors import MergeError
from .files import Lines
from .files import read
from .outcomes import KINDS
from .outcomes import Outcome

_LONGEST: t.Final = 1 << 20
"""Octets of the journal, from which on what has an outcome is left out of it."""

_TRIED: t.Final = 1
"""The mark of a row that has an outcome, and is tried again."""


class Ledger:
    """Which rows are on the wire, and which were settled before; without files.

    A row is known by its line and its address.
    """

    def __init__(self) -> None:
        self.on_the_wire: dict[int, tuple[str, str]] = {}
        """Address and Message-ID of each row that is, by its line."""
        self.in_doubt: dict[int, str] = {}
        """The rows that were left in doubt before, and are not sent again: their addresses by line."""

    def settled(self, line: int, address: str) -> bool:
        """Whether the row needs nothing more.

        :raises MergeError: the row that was sent had another address.
        """
        return False

    def message_id(self, line: int) -> str | None:
        """The Message-ID under which a row went out that is in doubt, so that two copies can be told for one."""
        return None

    def sending(self, line: int, address: str, message_id: str) -> None:
        """The last of a row's mail is about to go out."""
        self.on_the_wire[line] = address, message_id

    def ended(self, outcome: Outcome) -> None:
        """A row has an outcome."""
        self.on_the_wire.pop(outcome.line, None)

    def close(self) -> None:
        """Nothing more comes."""


class FileLedger(Ledger):
    """A ledger in files.

    :param path: of the results.
    :param resume: go on with what is there. It takes four octets of memory for each row.
    :param resend_in_doubt: send what is in doubt again.
    :raises MergeError: there are results and *resume* is not asked for, they are none, or another merge writes them.
    """

    def __init__(self, path: pathlib.Path, *, resume: bool = False, resend_in_doubt: bool = False) -> None:
        super().__init__()
        if not resume and path.exists():
            raise MergeError(
                f"{path} has the results of an earlier merge: go on with that one (--resume), or name another file "
                f"for the results of this one (--results)."
            )
        self._marks = array.array("I")  # by line: 0, _TRIED, or that of its address
        self._ids: dict[int, str] = {}
        self._results = Lines(path, alone=True)
        try:
            self._journal = Lines(path.with_name(f"{path.name}.sending"))
            try:
                if resume:
                    self._take_up(resend_in_doubt)
                self._journal.replace([])
            except BaseException:
                self._journal.close()
                raise
        except BaseException:
            self._results.close()
            raise

    def settled(self, line: int, address: str) -> bool:
        known = self._marks[line] if line < len(self._marks) else 0
        if known > _TRIED and known != _mark(address):
            raise MergeError(
                f"line {line} has the address {address!r}, but the one that was sent had another, see "
                f"{self._results.path}: to go on, rows have to stand where they stood. Put new ones at the end, or "
                f"into another file."
            )
        return known > _TRIED

    def message_id(self, line: int) -> str | None:
        return self._ids.get(line)

    def sending(self, line: int, address: str, message_id: str) -> None:
        self.on_the_wire[line] = address, message_id
        if self._journal.size < _LONGEST:
            self._journal.add(_journaled(line, address, message_id))
        else:
            self._journal.replace(_journaled(line, *known) for line, known in self.on_the_wire.items())

    def ended(self, outcome: Outcome) -> None:
        self._results.add(_written(outcome))
        self.on_the_wire.pop(outcome.line, None)

    def close(self) -> None:
        self._journal.close()
        self._results.close()
        if not self.on_the_wire:
            self._journal.path.unlink(missing_ok=True)
            if self._results.path.stat().st_size == 0:
                self._results.path.unlink()

    def _take_up(self, resend_in_doubt: bool) -> None:
        """Read the results, and write them again without the rows that are to be tried again."""

        def kept(outcome: Outcome) -> bool:
            return outcome.settled and not (resend_in_doubt and outcome.outcome == "in-doubt")

        path = self._results.path
        for outcome in _outcomes(path):
            self._take(outcome, settled=kept(outcome))
        lost = list(self._lost())
        for outcome in lost:
            self._take(outcome, settled=kept(outcome))
        self._results.replace(map(_written, filter(kept, itertools.chain(_outcomes(path), lost))))

    def _take(self, outcome: Outcome, *, settled: bool) -> None:
        line = outcome.line
        if line >= len(self._marks):
            self._marks.extend(itertools.repeat(0, line + 1 - len(self._marks)))
        if self._marks[line] <= _TRIED:
            self._marks[line] = _mark(outcome.address) if settled else _TRIED
        if outcome.outcome == "in-doubt" and settled:
            self.in_doubt[line] = outcome.address
        elif outcome.outcome == "in-doubt":
            self._ids[line] = outcome.message_id

    def _lost(self) -> c.Iterator[Outcome]:
        """The rows that were on the wire when the process was killed."""
        found: dict[int, Outcome] = {}
        for _, (line, address, message_id) in read(self._journal.path):
            if line >= len(self._marks) or not self._marks[line]:
                found[line] = Outcome(line, address, "in-doubt", message_id, "the process ended before the reply came")
        return iter(found.values())


def _mark(address: str) -> int:
    return zlib.crc32(address.encode("utf-8", "surrogatepass")) | 2


def _journaled(line: int, address: str, message_id: str) -> bytes:
    return f"[{line}, {quoted(address)}, {quoted(message_id)}]\n".encode("utf-8", "backslashreplace")


def _written(outcome: Outcome) -> bytes:
    """A line of JSON, which in a merge takes a tenth of the time that ``json.dumps`` would take."""
    text = (
        f'{{"line": {outcome.line}, "address": {quoted(outcome.address)}, "outcome": "{outcome.outcome}", '
        f'"message_id": {quoted(outcome.message_id)}, "reply": {quoted(outcome.reply)}}}\n'
    )
    return text.encode("utf-8", "backslashreplace")


def _outcomes(path: pathlib.Path) -> c.Iterator[Outcome]:
    for number, values in read(path):
        outcome = _read(values)
        if outcome is None:
            raise MergeError(f"{path} line {number} is not what a merge writes; mend it, or move it away")
        yield outcome


def _read(values: t.Any) -> Outcome | None:
    """The outcome in *values*, if they hold one."""
    try:
        outcome = Outcome(**values)
        known = outcome.outcome in KINDS and outcome.line > 0 and len(outcome.address) >= 0
    except TypeError:
        return None
    return outcome if known else None
