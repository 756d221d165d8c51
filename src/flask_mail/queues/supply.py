"""What a worker sends next: it claims messages as there is room for them, and looks after those that wait.

What a dead worker has left is tried alone, one message at a time: so the one that killed it is found, and the others
are not counted as its accomplices.
"""

from __future__ import annotations

import collections.abc as c
import time
import typing as t

from ..submission import Submission
from .base import Lease
from .leases import Leases
from .outbox.listener import Listener
from .outbox.rows import Claimed
from .outbox.rows import Claims
from .outbox.store import Store
from .pause import Pause
from .settling import Settling

SWEEP: t.Final = 1.0
"""Seconds between looks at what has waited long enough, and at leases that have run out."""

PURGE: t.Final = 600.0
"""Seconds between deletions of what is over."""

IDLE: t.Final = 20.0
"""Seconds for which connections are kept when there is nothing to send."""

ASIDE: t.Final = 0.02
"""Seconds between looks for more while something is on its way."""


class Supply:
    """The messages that a worker is to send.

    :param settling: what to do about those that nobody wants any more.
    :param batch: how many messages to claim at once.
    :param hold: leave what dead workers had to somebody to decide.
    :param keep: seconds for which what is over is kept.
    """

    def __init__(
        self,
        store: Store,
        leases: Leases,
        settling: Settling,
        pause: Pause,
        listener: Listener,
        *,
        batch: int,
        hold: bool,
        keep: float,
    ) -> None:
        self.stopped: bool = False
        self.burst: bool = False
        """Whether to end when there is nothing to send right now."""
        self._store = store
        self._leases = leases
        self._settling = settling
        self._pause = pause
        self._listener = listener
        self._batch = batch
        self._hold = hold
        self._keep = keep
        self._given = False
        """Whether to send what was given, and nothing else."""
        self._claims: Claims | None = None
        self._going_on = settling.going_on
        self._under_way: dict[str, Claimed] = {}
        self._suspects = False
        self._alone = False
        self.looked: float = 0.0
        """When the database was last asked for messages, and answered, on the clock of ``time.monotonic``."""
        self._swept = self._purged = 0.0

    def stream(self) -> c.Iterator[tuple[Claimed, Submission, Lease] | None]:
        """The messages one after the other, as :meth:`.Delivery.deliver_many` wants them."""
        idle_since = time.monotonic()
        while not self.stopped and time.time() >= self._pause.until:
            if self._claims or self._going_on or self.look():
                row = self._going_on.popleft() if self._going_on else t.cast(Claims, self._claims).take()
                self._under_way[row.id] = row
                yield row, row.submission, row.lease
                idle_since = time.monotonic()
            elif self._under_way:
                yield None
            elif self._settling.end():
                continue
            elif self.burst or time.monotonic() - idle_since > IDLE:
                return
            else:
                self._listener.wait(SWEEP)

    def look(self) -> bool:
        """Claim what there is; return whether there is anything."""
        if self._given:
            return False
        now = time.monotonic()
        if self._under_way and now - self.looked < ASIDE:
            return False
        self._sweep(now)
        if self._suspects or self._alone:  # a suspect is tried alone, with all of its transactions
            self._settling.end()
            if self._under_way or self._going_on:
                return bool(self._going_on)
        lease = self._leases.new(now)
        found = self._store.claim(lease, self._leases.seconds, 1, suspects=True) if self._suspects else None
        self._alone = self._suspects = bool(found)
        if not found:
            found = self._store.claim(lease, self._leases.seconds, self._batch)
        self.looked = time.monotonic()
        self._take_over(found)
        return bool(found)

    def give(self, ids: c.Collection[str]) -> bool:
        """Send these, and nothing else; return whether there are any."""
        self._given = self.burst = True
        lease = self._leases.new(time.monotonic())
        self._take_over(self._store.claim_ids(lease, self._leases.seconds, ids))
        return bool(self._claims)

    def ended(self, row: Claimed) -> None:
        """It is not on its way any more."""
        self._under_way.pop(row.id, None)

    def give_back(self) -> None:
        """Nothing is sent any more: what was not begun is for others, and what was torn from us is suspect."""
        unbegun, doubtful = [*self._going_on, *(self._claims or ())], list(self._under_way.values())
        self._going_on.clear()
        self._under_way.clear()
        self._claims = None
        for row in (*unbegun, *doubtful):
            self._leases.count_down(row.lease)
        self._store.release(unbegun)
        self._store.suspect(doubtful, hold=self._hold)

    @property
    def waits(self) -> bool:
        """Whether there is something that was claimed and not begun."""
        return bool(self._claims or self._going_on)

    def _take_over(self, found: Claims) -> None:
        self._settling.expire(found.take_expired(time.time()))
        self._claims = found
        self._leases.hold(found.lease, len(found))

    def _sweep(self, now: float) -> None:
        if now - self._swept < SWEEP:
            return
        self._swept = now
        given_up, self._suspects = self._store.sweep(hold=self._hold)
        self._settling.bury(given_up)
        if now - self._purged > PURGE:
            self._purged = now
            self._store.purge(self._keep)
