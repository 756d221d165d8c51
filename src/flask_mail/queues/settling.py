"""What became of the messages that a worker sent: it is committed first, then told.

What the server said is committed as it comes: what came together in one transaction, and nothing waits for more. While
the database does so, the connections go on with what is next.
"""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses as d
import logging
import time
import typing as t

from sqlalchemy import exc

from ..diagnosis import advise
from ..errors import QueueError
from ..submission import Receipt
from .base import Delivery
from .base import Event
from .base import Outcome
from .base import Sent
from .leases import Leases
from .outbox.ledger import Answer
from .outbox.rows import Claimed
from .outbox.store import Settlement
from .outbox.store import Store
from .outbox.upkeep import Dead
from .pause import Pause
from .remaining import offered_to
from .remaining import refusal
from .schedule import Schedule
from .verdict import judge
from .verdict import Verdict

logger: logging.Logger = logging.getLogger("flask_mail")

T = t.TypeVar("T")


@d.dataclass(slots=True)
class Tally:
    """What a worker has done.

    :param sent: messages that everybody has whom they were for.
    :param failed: messages that some or all will not get.
    :param deferred: attempts after which a message will be tried again.
    """

    sent: int = 0
    failed: int = 0
    deferred: int = 0
    trouble: Exception | None = None
    """Why the server could not be reached, trusted or logged in to, the last time that it was tried."""

    def __str__(self) -> str:
        return f"{self.sent} sent, {self.deferred} deferred, {self.failed} failed"


@d.dataclass(slots=True, eq=False)
class Begun:
    """What is being written down.

    :param rows: what ended.
    :param settlements: what is to be written of each.
    :param events: what is to be told once it is.
    :param answer: the database's; ``None`` where it has to be asked again.
    """

    rows: list[Claimed]
    settlements: list[Settlement]
    events: list[Event]
    answer: Answer | None


class Settling:
    """Writes down and tells what became of messages.

    :param schedule: when to try again.
    :param pause: begins where the way to the server fails.
    :param hold: leave what is in doubt to somebody to decide.
    :param progress: called after each commit.
    """

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        schedule: Schedule,
        leases: Leases,
        pause: Pause,
        *,
        hold: bool,
        progress: c.Callable[[Tally], object] | None = None,
    ) -> None:
        self.tally: Tally = Tally()
        self._store = store
        self._delivery = delivery
        self._schedule = schedule
        self._leases = leases
        self._pause = pause
        self._hold = hold
        self._progress = progress
        self._begun: Begun | None = None
        self.going_on: collections.deque[Claimed] = collections.deque()
        """Messages that have recipients left to be offered them."""

    def begin(self, ended: Sent) -> None:
        """Hand what ended together over to the database. What was begun before has to be at its end.

        :raises sqlalchemy.exc.DBAPIError: the database fails, for as long as the leases last.
        """
        assert self._begun is None
        if not ended:
            return
        try:
            events: list[Event] = []
            now = time.time()
            settlements = [
                self._usual(row, outcome, now, events) or self._settlement(row, outcome, now, events)
                for row, outcome in ended
            ]
            answer = self._insist(lambda: self._store.settle(settlements))
        except BaseException:
            self._count_down(row for row, _ in ended)
            raise
        self._begun = Begun([row for row, _ in ended], settlements, events, answer)

    def end(self) -> bool:
        """See that what was begun is committed, then tell of it. What is interrupted can be ended again.

        :returns: whether anything was begun.
        :raises sqlalchemy.exc.DBAPIError: the database fails, for as long as the leases last.
        """
        if (begun := self._begun) is None:
            return False
        try:
            going_on = self._end(begun)
        except Exception:
            self._over(begun, [])
            raise
        self._over(begun, going_on)
        if self._progress is not None:
            self._progress(self.tally)
        return True

    def _over(self, begun: Begun, going_on: list[Claimed]) -> None:
        self._begun = None
        self.going_on.extendleft(reversed(going_on))
        self._count_down([row for row in begun.rows if row not in going_on] if going_on else begun.rows)

    def release(self, unbegun: list[Claimed]) -> None:
        """Give back what was not begun."""
        if not unbegun:
            return
        try:
            self._insist(lambda: self._store.release(unbegun))
        finally:
            self._count_down(unbegun)

    def expire(self, late: list[Claimed]) -> None:
        """Give up what nobody wants any more."""
        if not late:
            return
        now = time.time()
        errors = [_too_late(row) for row in late]
        settlements = [
            Settlement(row.id, row.lease.owner, "expired", now, row.attempts - 1, row.recipients, _told(error))
            for row, error in zip(late, errors, strict=True)
        ]
        self._store.settle(settlements).wait()
        self.tally.failed += len(late)
        for row, error in zip(late, errors, strict=True):
            self._delivery.tell(_event("failed", row, row.open, error))

    def bury(self, given_up: c.Iterable[Dead]) -> None:
        """Tell of what is not tried again, since workers died over it."""
        for dead in given_up:
            self.tally.failed += 1
            error = QueueError(f"{dead.why}; it is not tried again")
            self._delivery.tell(Event("failed", dead.id, dead.message_id, dead.recipients, error))

    def _end(self, begun: Begun) -> list[Claimed]:
        settlements = begun.settlements
        if self._insist(lambda: self._written(begun)) < len(settlements):
            ours = self._insist(lambda: self._store.settled(settlements))
            taken_over = len(settlements) - len(ours)
            if taken_over:
                logger.warning("%s messages were taken over by another worker, which tells of them", taken_over)
            begun.events = [event for event in begun.events if event.id in ours]
            settlements = [each for each in settlements if each.id in ours]
        while begun.events:
            self._delivery.tell(begun.events.pop(0))
        kept = {each.id for each in settlements if each.kept_by}
        return [row for row in begun.rows if row.id in kept] if kept else []

    def _written(self, begun: Begun) -> int:
        """How many are written; where that is not known, they are written again."""
        answer, begun.answer = begun.answer or self._store.settle(begun.settlements), None
        return answer.wait()

    def _count_down(self, rows: c.Iterable[Claimed]) -> None:
        for row in rows:
            self._leases.count_down(row.lease)

    def _insist(self, call: c.Callable[[], T]) -> T:
        """Try again for as long as nobody else can have the messages: what was sent should be known to be."""
        until = 0.0
        while True:
            try:
                return call()
            except exc.OperationalError as error:
                until = until or self._leases.shortest
                if time.monotonic() > until:
                    raise
                logger.warning("The outbox's database failed; trying again: %s", error.orig)
                time.sleep(0.2)

    def _usual(self, row: Claimed, outcome: Outcome, now: float, events: list[Event]) -> Settlement | None:
        """What :meth:`_settlement` says of a message with one recipient, who has it now; of others ``None``."""
        if (
            not isinstance(outcome, Receipt)
            or len(row.recipients) != 1
            or outcome.accepted != row.submission.envelope.recipients
            or outcome.refused
        ):
            return None
        self._has_worked()
        self.tally.sent += 1
        events.append(_event("sent", row, outcome.accepted))
        row.mark("accepted", {outcome.accepted[0]: outcome.reply})
        return Settlement(row.id, row.lease.owner, "sent", now, row.attempts, row.recipients)

    def _settlement(self, row: Claimed, outcome: Outcome, now: float, events: list[Event]) -> Settlement:
        verdict = judge(row.submission.envelope.recipients, outcome, self._delivery.transient)
        if verdict.way:
            return self._not_offered(row, verdict, now, events)
        self._has_worked()
        row.mark("accepted", dict.fromkeys(verdict.accepted, outcome.reply if isinstance(outcome, Receipt) else None))
        row.mark("failed", verdict.failed)
        row.mark("open", verdict.again)
        if verdict.failed:
            events.append(_event("failed", row, tuple(verdict.failed), verdict.error or refusal(verdict.failed)))
        if row.earlier is not None:
            verdict = verdict.after(row.earlier)
        error = verdict.error or refusal({**verdict.failed, **verdict.again})
        told = None if error is None else _told(error)
        if verdict.left and now < row.expires:
            return self._next_transaction(row, verdict, now, told)
        state, due = self._next_state(row, verdict, now)
        if state == "waiting":
            self.tally.deferred += 1
            again = verdict.error or refusal(verdict.again)
            events.append(_event("deferred", row, tuple(verdict.again), again, due))
        elif state == "sent":
            self.tally.sent += 1
            events.append(_event("sent", row, verdict.accepted))
        else:
            self.tally.failed += 1
            if verdict.again:
                events.append(_event("failed", row, tuple(verdict.again), error))
            if verdict.left:
                events.append(_event("failed", row, verdict.left, _too_late(row)))
        return Settlement(row.id, row.lease.owner, state, due, row.attempts, row.recipients, told)

    def _has_worked(self) -> None:
        """There was a conversation."""
        if self._pause.troubles:
            self._pause.end()
        self.tally.trouble = None

    def _next_transaction(
        self, row: Claimed, verdict: Verdict, now: float, told: dict[str, t.Any] | None
    ) -> Settlement:
        """One transaction is over, and there are recipients for another: it stays with us, and goes on at once."""
        row.earlier = verdict
        row.submission = offered_to(row.submission, verdict.left)
        owner, due = row.lease.owner, now + self._leases.seconds
        return Settlement(row.id, owner, "sending", due, row.attempts, row.recipients, told, kept_by=owner)

    def _next_state(self, row: Claimed, verdict: Verdict, now: float) -> tuple[str, float]:
        if verdict.left:
            return "expired", now
        if verdict.again:
            if verdict.in_doubt and self._hold:
                return "held", now
            due = now + self._schedule.delay(row.attempts)
            return ("expired", now) if due > row.expires else ("waiting", due)
        return ("sent" if all(each[1] == "accepted" for each in row.recipients) else "failed"), now

    def _not_offered(self, row: Claimed, verdict: Verdict, now: float, events: list[Event]) -> Settlement:
        """The server could not be reached, trusted or logged in to: it costs no attempt, and nothing else is tried."""
        assert verdict.error is not None
        due = self._pause.begin(now)
        self.tally.trouble = verdict.error
        attempts = row.attempts - (row.earlier is None)
        state = "ready"
        if now > row.expires:
            state = "expired"
            self.tally.failed += 1
            events.append(_event("failed", row, row.open, verdict.error))
        else:
            events.append(_event("deferred", row, row.open, verdict.error, due))
        return Settlement(row.id, row.lease.owner, state, now, attempts, row.recipients, _told(verdict.error))


def _event(
    kind: t.Literal["sent", "deferred", "failed"],
    row: Claimed,
    recipients: tuple[str, ...],
    error: Exception | None = None,
    due: float | None = None,
) -> Event:
    return Event(kind, row.id, row.submission.message_id, recipients, error, due)


def _too_late(row: Claimed) -> Exception:
    said = [f"{each[2]} {each[3]}" for each in row.recipients if each[0] in row.open and len(each) > 3]
    again = f" again; the server had said: {said[0]}" if said else ""
    return TimeoutError(f"its time was over before it could be sent{again}")


def _told(error: Exception) -> dict[str, t.Any]:
    """What is kept of *error*; it holds no secret, since errors do not."""
    reply = getattr(error, "reply", None)
    stage = getattr(error, "stage", None)
    told: dict[str, t.Any] = {"text": f"{reply}" if reply is not None else f"{error}" or type(error).__name__}
    if stage is not None:
        told |= {"stage": stage, "cause": advise(error).cause}
    return told
