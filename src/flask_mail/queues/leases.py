"""The leases of one worker: for how long it may act on what it has claimed."""

from __future__ import annotations

import itertools
import logging
import math
import time

from .base import Lease
from .outbox.store import Store

logger: logging.Logger = logging.getLogger("flask_mail")


class Leases:
    """Each is held until the last message of its claim has come to an end.

    :param name: the worker's; it begins the owner of each.
    :param seconds: for which messages are claimed.
    """

    def __init__(self, store: Store, name: str, seconds: float) -> None:
        self.seconds = seconds
        self._store = store
        self._name = name
        self._claims = itertools.count(1)
        self._held: dict[Lease, int] = {}
        self._end = math.inf
        """When everything has to have come to its end, on the clock of ``time.monotonic``."""

    def new(self, now: float) -> Lease:
        """One for a claim that is made now."""
        return Lease(f"{self._name}:{next(self._claims)}", now + self.seconds)

    def hold(self, lease: Lease, number: int) -> None:
        """Note that *lease* is for so many messages."""
        if number:
            self._held[lease] = number
            if self._end < math.inf:
                lease.until, lease.closed = min(lease.until, self._end), True

    def count_down(self, lease: Lease) -> None:
        """One of its messages has come to an end."""
        if lease in self._held:
            self._held[lease] -= 1
            if self._held[lease] <= 0:
                del self._held[lease]

    def close(self, end: float) -> None:
        """Let nothing more be begun, and everything end by *end*; from any thread, or a signal handler."""
        self._end = min(self._end, end)
        for lease in list(self._held):
            lease.until, lease.closed = min(lease.until, self._end), True

    @property
    def pause(self) -> float:
        """Seconds after which they are to be renewed."""
        return min(self.seconds / 3, 5.0)

    def renew(self, now: float) -> None:
        """Let those that have not run out last for as long again."""
        held = [lease for lease in list(self._held) if now < lease.until]
        if held:
            self._store.renew([lease.owner for lease in held], self.seconds)
            for lease in held:
                lease.until = min(now + self.seconds, self._end)

    def renew_or_tell(self, now: float) -> None:
        """The same; where the database fails it is logged, and they run out unless a later time succeeds."""
        try:
            self.renew(now)
        except Exception:
            logger.exception("The outbox's database does not answer; leases run out unless it does soon")

    @property
    def shortest(self) -> float:
        """When the first of them runs out."""
        return min([lease.until for lease in self._held], default=time.monotonic() + self.seconds)
