"""The page of the outbox, for a queue that can tell what is in it.

The mailbox knows no queue: whatever the application's queue is, if it does what :class:`Outbox` says, there is a page.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import typing as t


@d.dataclass(frozen=True, slots=True)
class Trouble:
    """Messages that wait or have failed for the same reason.

    :param reply: what the server said, or what went wrong.
    :param count: how many messages it is about.
    :param ids: which ones; perhaps not all.
    :param final: whether they are given up, rather than tried again.
    """

    reply: str
    count: int
    ids: tuple[str, ...]
    final: bool = False


@t.runtime_checkable
class Outbox(t.Protocol):
    """What a queue offers to be looked at here."""

    def counts(self) -> c.Mapping[str, int]:
        """How many messages there are, by state, in the order in which to show them."""
        ...

    def oldest_waiting(self) -> float | None:
        """For how many seconds the message that has waited longest has done so; ``None`` where none waits."""
        ...

    def sent_per_minute(self) -> c.Sequence[int]:
        """How many messages were sent in each of the last 60 minutes, the latest last."""
        ...

    def troubles(self) -> c.Sequence[Trouble]:
        """What went wrong with what is not sent, grouped by reply, the most frequent first."""
        ...

    def retry(self, ids: c.Sequence[str]) -> int:
        """Try these at once, also those that were given up.

        :returns: how many that are.
        """
        ...

    def cancel(self, ids: c.Sequence[str]) -> int:
        """Give these up.

        :returns: how many that are.
        """
        ...


def of(settings: t.Any) -> Outbox | None:
    """The outbox of an application; ``None`` where its queue has none to show."""
    find = getattr(settings, "get_queue", None)
    if find is None or settings.queue == "thread":
        return None
    queue = find()
    return queue if isinstance(queue, Outbox) else None


@d.dataclass(frozen=True, slots=True)
class Bar:
    """One minute in the chart, in its coordinates."""

    x: float
    y: float
    height: float
    label: str


WIDTH: t.Final = 600
HEIGHT: t.Final = 96


def bars(counts: c.Sequence[int]) -> list[Bar]:
    """A chart of *counts*, :data:`WIDTH` by :data:`HEIGHT`."""
    highest = max([*counts, 1])
    step = WIDTH / max(len(counts), 1)
    found: list[Bar] = []
    for number, count in enumerate(counts):
        height = max(count / highest * (HEIGHT - 2), 2 if count else 1)
        ago = len(counts) - 1 - number
        when = "this minute" if ago == 0 else f"{ago} min ago"
        found.append(Bar(round(number * step, 2), round(HEIGHT - height, 2), round(height, 2), f"{when}: {count}"))
    return found
