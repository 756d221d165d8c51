"""The worker: takes messages out of the outbox and sends them, over several connections driven by one thread.

What became of a message is committed before it is told of. In which order things happen is what the promise rests on:

1.  A message is claimed, and its attempt counted, before anything of it is sent.
2.  What the server said is committed as it comes: what came together in one transaction, and nothing waits.
3.  A claim is a lease. Where it runs out because the worker stood still, nothing more of it is begun or written.
4.  What a dead worker has left is tried alone, one message at a time: so the one that killed it is found, and the
    others are not counted as its accomplices.
"""

from __future__ import annotations

import collections
import collections.abc as c
import contextlib
import dataclasses as d
import itertools
import logging
import math
import os
import secrets
import socket
import threading
import time
import typing as t

from sqlalchemy import exc

from ..diagnosis import advise
from ..errors import QueueError
from ..submission import Receipt
from ..submission import Submission
from .base import Delivery
from .base import Event
from .base import Lease
from .base import Outcome
from .base import Sent
from .outbox.listener import Listener
from .outbox.rows import Claimed
from .outbox.store import Settlement
from .outbox.store import Store
from .pause import Pause
from .remaining import offered_to
from .remaining import refusal
from .schedule import Schedule
from .verdict import judge
from .verdict import Verdict

logger: logging.Logger = logging.getLogger("flask_mail")

T = t.TypeVar("T")

SWEEP: t.Final = 1.0
"""Seconds between looks at what has waited long enough, and at leases that have run out."""

PURGE: t.Final = 600.0
"""Seconds between deletions of what is over."""

IDLE: t.Final = 20.0
"""Seconds for which connections are kept when there is nothing to send."""

ASIDE: t.Final = 0.02
"""Seconds between looks for more while something is on its way."""

LAST_WORDS: t.Final = 12.0
"""Seconds that what is on its way has to end when the worker is told to stop."""

DATABASE: t.Final = 120.0
"""Seconds for which the outbox's database may fail before the worker gives up."""

HEALTH: t.Final = 60.0
"""Seconds between two lines that say how it goes."""


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


class Worker:
    """Sends what is in the outbox, until :meth:`stop`.

    :param store: the outbox's tables.
    :param delivery: what to send with.
    :param schedule: when to try again.
    :param connections: how many connections at most.
    :param batch: how many messages to claim at once.
    :param lease: seconds for which they are claimed; renewed while they are being sent.
    :param hold: leave what is in doubt to somebody to decide, instead of sending it again.
    :param keep: seconds for which what is over is kept.
    :param progress: called after each commit.
    """

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        schedule: Schedule,
        *,
        connections: int = 4,
        batch: int = 100,
        lease: float = 60.0,
        hold: bool = False,
        keep: float = 604_800.0,
        progress: c.Callable[[Tally], object] | None = None,
    ) -> None:
        self.tally: Tally = Tally()
        self._store = store
        self._delivery = delivery
        self._schedule = schedule
        self._connections = connections
        self._batch = connections if hold else max(batch, connections)
        self._lease = lease
        self._hold = hold
        self._keep = keep
        self._progress = progress
        self._name = f"{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._claims = itertools.count(1)
        self._listener = Listener(store.engine)
        self._leases: dict[Lease, int] = {}
        self._ready: collections.deque[Claimed] = collections.deque()
        self._under_way: dict[str, Claimed] = {}
        self._pause = Pause()
        self._suspects = False
        self._alone = False
        self._stopping = False
        self._end = math.inf
        """When everything has to have come to its end, on the clock of ``time.monotonic``."""
        self._burst = False
        self._given = False
        """Whether to send what was given, and nothing else."""
        self._swept = self._purged = self._looked = self._failing = 0.0

    def stop(self) -> None:
        """Take nothing more, bring to an end what is on its way, and return from :meth:`run`; from any thread, or a
        signal handler."""
        self._end = min(self._end, time.monotonic() + LAST_WORDS)
        self._stopping = True
        for lease in list(self._leases):
            lease.until, lease.closed = min(lease.until, self._end), True
        self._listener.bell.ring()

    def wake(self) -> None:
        """There is something to send."""
        self._listener.bell.ring()

    def run(self, *, burst: bool = False) -> Tally:
        """Work.

        :param burst: return when there is nothing to send right now.
        :raises sqlalchemy.exc.SQLAlchemyError: the database fails; what was claimed comes free with its lease.
        """
        self._burst = burst
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep_alive, args=(ended,), name="mail-outbox-lease", daemon=True)
        keeper.start()
        try:
            while not self._stopping:
                try:
                    self._work()
                    if not self._wait():
                        break
                except exc.OperationalError as error:
                    self._patience(error)
        finally:
            ended.set()
            keeper.join()
            with contextlib.suppress(Exception):
                self._store.dismiss(self._name)
            self._store.let_go()
            self._listener.close()
        return self.tally

    def send(self, ids: c.Collection[str]) -> Tally:
        """Send those of *ids* that are still to be sent, and return; what is to be tried again is left for later.

        :raises sqlalchemy.exc.SQLAlchemyError: as with :meth:`run`.
        """
        lease = Lease(f"{self._name}:{next(self._claims)}", time.monotonic() + self._lease)
        self._ready.extend(self._expire(self._store.claim_ids(lease, self._lease, ids), time.time()))
        self._leases[lease] = len(self._ready)
        self._burst = self._given = True
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep_alive, args=(ended,), name="mail-outbox-lease", daemon=True)
        try:
            if self._ready:
                keeper.start()
                self._work()
        finally:
            ended.set()
            self._listener.close()
        return self.tally

    def _work(self) -> None:
        """Send until there is nothing to send for a while."""
        sent = self._delivery.deliver_many(self._stream(), connections=self._connections)
        try:
            for together in sent:
                self._settle(together)
        finally:
            unbegun, doubtful = list(self._ready), list(self._under_way.values())
            self._ready.clear()
            self._under_way.clear()
            for row in (*unbegun, *doubtful):
                self._count_down(row.lease)
            self._store.release(unbegun)
            self._store.suspect(doubtful, hold=self._hold)  # it was torn from them

    def _wait(self) -> bool:
        """Sleep until there may be something to do; return whether to go on."""
        pause = self._pause.until - time.time()
        if self._stopping or (self._burst and (pause > 0 or not self._look())):
            return False
        if not self._ready:
            self._listener.wait(pause if pause > 0 else SWEEP)
        return True

    def _patience(self, error: exc.OperationalError) -> None:
        """The database fails: wait for it, but not for ever.

        :raises sqlalchemy.exc.OperationalError: it has failed for too long.
        """
        now = time.monotonic()
        if self._failing and now - self._failing > DATABASE:
            raise error
        self._failing = self._failing or now
        logger.warning("The outbox's database failed; trying again: %s", error.orig)
        self._listener.bell.wait(1.0)

    # What to send next

    def _stream(self) -> c.Iterator[tuple[Claimed, Submission, Lease] | None]:
        idle_since = time.monotonic()
        while not self._stopping and time.time() >= self._pause.until:
            if self._ready or self._look():
                row = self._ready.popleft()
                self._under_way[row.id] = row
                yield row, row.submission, row.lease
                idle_since = time.monotonic()
            elif self._under_way:
                yield None
            elif self._burst or time.monotonic() - idle_since > IDLE:
                return
            else:
                self._listener.wait(SWEEP)

    def _look(self) -> bool:
        """Claim what there is; return whether there is anything."""
        if self._given:
            return False
        now = time.monotonic()
        if self._under_way and now - self._looked < ASIDE:
            return False
        self._sweep(now)
        if self._suspects and self._under_way:
            return False
        if not self._suspects and self._alone and self._under_way:
            return False  # a suspect is tried alone
        lease = Lease(f"{self._name}:{next(self._claims)}", now + self._lease)
        found = self._store.claim(lease, self._lease, 1, suspects=True) if self._suspects else []
        self._alone = self._suspects = bool(found)
        if not found:
            found = self._store.claim(lease, self._lease, self._batch)
        self._looked, self._failing = time.monotonic(), 0.0
        lease.until = min(lease.until, self._end)
        in_time = self._expire(found, time.time())
        self._ready.extend(in_time)
        if in_time:
            self._leases[lease] = len(in_time)
            lease.closed = lease.closed or self._stopping
        return bool(in_time)

    def _expire(self, found: list[Claimed], now: float) -> list[Claimed]:
        """Give up what nobody wants any more; return the others."""
        late = [row for row in found if row.expires <= now]
        if not late:
            return found
        errors = [_too_late(row) for row in late]
        self._store.settle(
            [
                Settlement(row.id, row.lease.owner, "expired", now, row.attempts - 1, row.recipients, _as_json(error))
                for row, error in zip(late, errors, strict=True)
            ]
        )
        self.tally.failed += len(late)
        for row, error in zip(late, errors, strict=True):
            self._delivery.tell(_event("failed", row, row.open, error))
        return [row for row in found if row.expires > now]

    def _sweep(self, now: float) -> None:
        if now - self._swept < SWEEP:
            return
        self._swept = now
        given_up, self._suspects = self._store.sweep(hold=self._hold)
        for dead in given_up:
            self.tally.failed += 1
            error = QueueError(f"{dead.why}; it is not tried again")
            self._delivery.tell(Event("failed", dead.id, dead.message_id, dead.recipients, error))
        if now - self._purged > PURGE:
            self._purged = now
            self._store.purge(self._keep)

    # What became of it

    def _settle(self, together: Sent) -> None:
        """Commit what ended together, then tell of it."""
        ended: Sent = []
        unbegun: list[Claimed] = []
        going_on: list[Claimed] = []
        now = time.monotonic()
        for row, outcome in together:
            self._under_way.pop(row.id, None)
            lapsed = row.lease.closed or now >= row.lease.until
            if lapsed and isinstance(outcome, TimeoutError) and not getattr(outcome, "in_doubt", False):
                unbegun.append(row)  # cut short
            else:
                ended.append((row, outcome))
        try:
            self._write(ended, going_on)
            self._insist(lambda: self._store.release(unbegun))
        finally:
            for row, _ in together:
                if row not in going_on:
                    self._count_down(row.lease)
        if self._progress is not None:
            self._progress(self.tally)

    def _write(self, ended: Sent, going_on: list[Claimed]) -> None:
        """Write what became of messages, and tell of it.

        :param going_on: is given those that have recipients left to be offered them.
        """
        events: list[Event] = []
        now = time.time()
        settlements = [self._settlement(row, outcome, now, events) for row, outcome in ended]
        if self._insist(lambda: self._store.settle(settlements)) < len(settlements):
            ours = self._insist(lambda: self._store.settled(settlements))
            taken_over = len(settlements) - len(ours)
            if taken_over:
                logger.warning("%s messages were taken over by another worker, which tells of them", taken_over)
            events = [event for event in events if event.id in ours]
            settlements = [each for each in settlements if each.id in ours]
        kept = {each.id for each in settlements if each.kept_by}
        going_on += [row for row, _ in ended if row.id in kept]
        self._ready.extendleft(reversed(going_on))
        for event in events:
            self._delivery.tell(event)

    def _insist(self, call: c.Callable[[], T]) -> T:
        """Try again for as long as nobody else can have the messages: what was sent should be known to be."""
        until = min([lease.until for lease in self._leases], default=time.monotonic() + self._lease)
        while True:
            try:
                return call()
            except exc.OperationalError as error:
                if time.monotonic() > until:
                    raise
                logger.warning("The outbox's database failed; trying again: %s", error.orig)
                time.sleep(0.2)

    def _settlement(self, row: Claimed, outcome: Outcome, now: float, events: list[Event]) -> Settlement:
        verdict = judge(row.submission.envelope.recipients, outcome, self._delivery.transient)
        if verdict.way:
            return self._not_offered(row, verdict, now, events)
        self._pause.end()
        self.tally.trouble = None
        row.mark("accepted", dict.fromkeys(verdict.accepted, outcome.reply if isinstance(outcome, Receipt) else None))
        row.mark("failed", verdict.failed)
        row.mark("open", verdict.again)
        if verdict.failed:
            events.append(_event("failed", row, tuple(verdict.failed), verdict.error or refusal(verdict.failed)))
        if row.earlier is not None:
            verdict = verdict.after(row.earlier)
        error = verdict.error or refusal({**verdict.failed, **verdict.again})
        if verdict.left and now < row.expires:
            return self._next_transaction(row, verdict, now, error)
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
        told = None if error is None else _as_json(error)
        return Settlement(row.id, row.lease.owner, state, due, row.attempts, row.recipients, told)

    def _next_transaction(self, row: Claimed, verdict: Verdict, now: float, error: Exception | None) -> Settlement:
        """One transaction is over, and there are recipients for another: it stays with us, and goes on at once."""
        row.earlier = verdict
        row.submission = offered_to(row.submission, verdict.left)
        owner, told = row.lease.owner, None if error is None else _as_json(error)
        return Settlement(
            row.id, owner, "sending", now + self._lease, row.attempts, row.recipients, told, kept_by=owner
        )

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
        told = _as_json(verdict.error)
        attempts = row.attempts - (row.earlier is None)
        if now > row.expires:
            self.tally.failed += 1
            events.append(_event("failed", row, row.open, verdict.error))
            return Settlement(row.id, row.lease.owner, "expired", now, attempts, row.recipients, told)
        events.append(_event("deferred", row, row.open, verdict.error, due))
        return Settlement(row.id, row.lease.owner, "ready", now, attempts, row.recipients, told)

    def _count_down(self, lease: Lease) -> None:
        if lease in self._leases:
            self._leases[lease] -= 1
            if self._leases[lease] <= 0:
                del self._leases[lease]

    # Beside it all

    def _keep_alive(self, ended: threading.Event) -> None:
        """Renew leases, say that the worker is there, and how it goes."""
        started, reported, told = time.time(), 0.0, time.monotonic()
        if self._given and ended.wait(min(self._lease / 3, 5.0)):
            return
        while True:
            now = time.monotonic()
            try:
                self._renew(now)
                if now - reported > 15.0 and not self._given:
                    reported = now
                    self._store.report(self._name, socket.gethostname(), os.getpid(), started)
            except Exception:
                logger.exception("The outbox's database does not answer; leases run out unless it does soon")
            if now - told > HEALTH:
                told = now
                logger.info("Outbox worker %s: %s", self._name, self.tally)
            if ended.wait(min(self._lease / 3, 5.0)):
                return

    def _renew(self, now: float) -> None:
        held = [lease for lease in list(self._leases) if now < lease.until]
        if held:
            self._store.renew([lease.owner for lease in held], self._lease)
            for lease in held:
                lease.until = min(now + self._lease, self._end)


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


def _as_json(error: Exception) -> dict[str, t.Any]:
    """What is kept of *error*; it holds no secret, since errors do not."""
    reply = getattr(error, "reply", None)
    stage = getattr(error, "stage", None)
    told: dict[str, t.Any] = {"text": f"{reply}" if reply is not None else f"{error}" or type(error).__name__}
    if stage is not None:
        told |= {"stage": stage, "cause": advise(error).cause}
    return told
