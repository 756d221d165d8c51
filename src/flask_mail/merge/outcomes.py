"""What becomes of a row."""

from __future__ import annotations

import dataclasses as d
import typing as t

from ..errors import DeliveryError
from ..errors import MessageError
from ..errors import STAGES
from ..extension import Result

Kind = t.Literal["accepted", "queued", "refused", "failed", "in-doubt", "invalid", "suppressed"]

KINDS: t.Final = t.get_args(Kind)

SETTLED: t.Final = frozenset(("accepted", "queued", "refused", "in-doubt"))
"""What is not tried again. All others went to nobody, for a reason that may pass or be mended."""

_BEFORE = frozenset(STAGES[: STAGES.index("rcpt")])


@d.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row.

    :param line: the line of the file that the row begins in, from 1.
    :param address: whom it is to; as it was written, empty where it had none.
    :param outcome: ``accepted``: the server took it. ``queued``: the queue did. ``refused``: the server never will.
        ``failed``: it did not, but may later. ``in-doubt``: the connection was lost before the server said so.
        ``invalid``: no mail could be made of the row. ``suppressed``: sending is suppressed.
    :param message_id: the Message-ID; empty where there is no mail.
    :param reply: what the server said, else what went wrong.
    """

    line: int
    address: str
    outcome: Kind
    message_id: str = ""
    reply: str = ""

    @property
    def settled(self) -> bool:
        """Whether the row is not to be tried again."""
        return self.outcome in SETTLED


def outcome_of(result: Result, line: int, address: str) -> Outcome:
    """What *result* says of the row at *line*."""
    receipt, error = result.receipt, result.error
    if receipt is not None:
        kind: Kind = "suppressed" if receipt.suppressed else "accepted"
        return Outcome(line, address, kind, receipt.message_id, "" if receipt.reply is None else str(receipt.reply))
    if result.id is not None:
        return Outcome(line, address, "queued", result.message.msgId)
    if isinstance(error, MessageError):
        return Outcome(line, address, "invalid", reply=str(error))
    if not isinstance(error, DeliveryError):
        return Outcome(line, address, "failed", reply=f"{type(error).__name__}: {error}")
    told = f"{type(error).__name__}: {error}" if error.reply is None else str(error.reply)
    return Outcome(line, address, _kind_of(error), result.message.msgId, told)


def _kind_of(error: DeliveryError) -> Kind:
    if error.in_doubt:
        return "in-doubt"
    final = error.reply is not None and not error.transient
    return "refused" if final and not before_recipients(error) else "failed"


def before_recipients(error: Exception | None) -> bool:
    """Whether it failed before a recipient was named, and so will with other recipients, too."""
    return isinstance(error, DeliveryError) and not error.in_doubt and error.stage in _BEFORE
