"""Sends a merge, and tells what became of each row."""

from __future__ import annotations

import collections
import collections.abc as c
import typing as t

from ..errors import MailError
from ..errors import MergeError
from ..errors import QueueError
from ..extension import Result
from ..extension.state import State
from ..message import Message
from .ledger import Ledger
from .letters import Letters
from .outcomes import before_recipients
from .outcomes import Outcome
from .outcomes import outcome_of
from .rows import Row
from .rows import Rows

HOPELESS: t.Final = 3
"""Rows one after the other that failed before their recipients were named: so would all others."""


class _Pending(t.NamedTuple):
    """A row that was handed to ``send_many``.

    :param fault: why no mail could be made of it, where none could.
    """

    line: int
    address: str
    fault: str | None = None


class Merge:
    """A merge under way; iterate over it, once, for an :class:`Outcome` of each row."""

    def __init__(
        self,
        state: State,
        rows: Rows,
        letters: Letters,
        ledger: Ledger,
        *,
        rate: str | None = None,
        connections: int = 4,
        later: bool = False,
    ) -> None:
        self.rows = rows
        """Where the rows come from."""
        self.counts: collections.Counter[str] = collections.Counter()
        """How many rows came to each outcome."""
        self.skipped: int = 0
        """Rows that were settled before."""
        self.interrupted: bool = False
        """Whether it was stopped before the last row."""
        self._letters = letters
        self._ledger = ledger
        self._pending: dict[int, _Pending] = {}
        self._later = later and not state.suppressed_now()
        results = state.send_many(
            self._messages(), connections=connections, rate=rate, sending=self._sending, later=self._later
        )
        self._results = t.cast("c.Generator[Result]", results)

    def __iter__(self) -> c.Iterator[Outcome]:
        return self.outcomes()

    def outcomes(self) -> c.Generator[Outcome]:
        """What iterating gives; who closes it before its end leaves the files as they have to be.

        :raises DeliveryError: the server cannot be reached, does not let us in, or does not take our sender.
        :raises QueueError: the queue takes no mail.
        :raises TemplateError: there is no such template.
        :raises MergeError: rows were sent that now have another address.
        """
        unreached = 0
        try:
            for result in self._results:
                outcome = self._ended(result)
                yield outcome
                unreached = unreached + 1 if before_recipients(result.error) else 0
                if unreached >= HOPELESS and result.error is not None:
                    raise result.error
                if self.interrupted and not self._ledger.on_the_wire:
                    break
        except QueueError as error:  # and so nothing of what was to be queued together is
            for line, address in self.on_the_wire.items():
                yield self._noted(Outcome(line, address, "failed", reply=str(error)))
            raise
        finally:
            self._results.close()
            self._ledger.close()

    @property
    def done(self) -> int:
        """Rows that need nothing more."""
        return self.skipped + self.counts.total()

    @property
    def in_doubt(self) -> c.Mapping[int, str]:
        """The rows that are in doubt from before and are not sent again: their addresses by line."""
        return self._ledger.in_doubt

    @property
    def on_the_wire(self) -> dict[int, str]:
        """The rows that are on their way: their addresses by line. After the end, those that it was cut off at."""
        return {line: address for line, (address, _) in self._ledger.on_the_wire.items()}

    def stop(self) -> bool:
        """Take no more rows; what is on the wire comes to its end. May be called from a signal's handler.

        :returns: whether anything is on the wire, and so the end is to be waited for.
        """
        self.interrupted = True
        return bool(self._ledger.on_the_wire)

    def _messages(self) -> c.Iterator[Message]:
        index = 0
        for row in self.rows:
            if self.interrupted:
                return
            message = self._message(index, row)
            if message is not None:
                yield message
                index += 1

    def _message(self, index: int, row: Row) -> Message | None:
        """The message for *row*; one that cannot be sent, where the row is bad, and none where it is settled."""
        try:
            address = self._letters.address(row)
        except MergeError as error:
            return self._bad(index, row.line, "", error)
        if self._ledger.settled(row.line, address):
            self.skipped += 1
            return None
        try:
            message = self._letters.message(row, address)
            if (known := self._ledger.message_id(row.line)) is not None:
                message.msgId = known
            if self._later:
                self._ledger.sending(row.line, address, message.msgId)
        except Exception as error:
            if self._letters.is_lost(error):
                raise
            return self._bad(index, row.line, address, error)
        self._pending[index] = _Pending(row.line, address)
        return message

    def _bad(self, index: int, line: int, address: str, error: Exception) -> Message:
        """Have it told in its turn, so that nothing piles up."""
        told = str(error) if isinstance(error, MailError) else f"{type(error).__name__}: {error}"
        self._pending[index] = _Pending(line, address, told)
        return Message()

    def _sending(self, index: int, message_id: str) -> None:
        line, address, _ = self._pending[index]
        self._ledger.sending(line, address, message_id)

    def _ended(self, result: Result) -> Outcome:
        line, address, fault = self._pending.pop(result.index)
        if fault is not None:
            return self._noted(Outcome(line, address, "invalid", reply=fault))
        return self._noted(outcome_of(result, line, address))

    def _noted(self, outcome: Outcome) -> Outcome:
        self._ledger.ended(outcome)
        self.counts[outcome.outcome] += 1
        return outcome
