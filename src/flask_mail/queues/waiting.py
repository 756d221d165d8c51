"""What waits in a process: the most urgent first, what is for later when its time has come. No threads in here."""

from __future__ import annotations

import dataclasses as d
import heapq

from ..submission import Submission


@d.dataclass(slots=True, eq=False)
class Item:
    """A submission that waits, or is being sent.

    :param submission: what is left to be sent: its recipients are those without an outcome.
    :param number: its place in the order of coming.
    :param due: not to be sent earlier, in seconds since the epoch.
    :param expires: to be given up then, likewise.
    :param perishable: whether nobody wants it any more then.
    :param attempts: how many have failed.
    :param error: of the last one.
    """

    id: str
    submission: Submission
    number: int
    priority: int
    due: float
    expires: float
    key: str | None = None
    perishable: bool = False
    attempts: int = 0
    error: Exception | None = None

    @property
    def recipients(self) -> tuple[str, ...]:
        return self.submission.envelope.recipients


class Waiting:
    """Items by the order in which they are to go: by priority, then as they came."""

    def __init__(self) -> None:
        self._ready: list[tuple[int, int, Item]] = []
        self._later: list[tuple[float, int, Item]] = []

    def __len__(self) -> int:
        return len(self._ready) + len(self._later)

    def add(self, item: Item) -> None:
        heapq.heappush(self._later, (item.due, item.number, item))

    def pop(self, now: float) -> Item | None:
        """Take the first of those that are due at *now*."""
        while self._later and self._later[0][0] <= now:
            item = heapq.heappop(self._later)[-1]
            heapq.heappush(self._ready, (-item.priority, item.number, item))
        return heapq.heappop(self._ready)[-1] if self._ready else None

    def due(self) -> float | None:
        """When the next one is due; ``None`` where none waits."""
        if self._ready:
            return 0.0
        return self._later[0][0] if self._later else None

    def take_later(self, now: float) -> list[Item]:
        """Take all that are not due at *now*."""
        early = [entry for entry in self._later if entry[0] > now]
        self._later = [entry for entry in self._later if entry[0] <= now]
        heapq.heapify(self._later)
        return [item for _, _, item in sorted(early)]

    def take_all(self) -> list[Item]:
        """Take all, in no matter which state."""
        items = [entry[-1] for entry in (*self._ready, *self._later)]
        self._ready.clear()
        self._later.clear()
        return sorted(items, key=lambda item: (-item.priority, item.number))
