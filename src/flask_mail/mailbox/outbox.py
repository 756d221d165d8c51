"""What the page of the outbox shows, for a queue that can tell what is in it.

The mailbox knows no queue: ``app.extensions["mail"].outbox`` is asked for, and does what :class:`Outbox` says.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import typing as t

from ..errors import MailError

WRONG: t.Final = ("waiting", "held", "failed", "expired", "dead")
"""The states of messages that something went wrong with."""

GIVEN_UP: t.Final = ("failed", "expired", "dead")
"""Those of them in which nothing more is tried."""

MOST: t.Final = 1000
"""How many messages are looked at for what went wrong, the newest."""


class Stats(t.Protocol):
    """How an outbox stands: messages by state, and for how many seconds the oldest has waited."""

    @property
    def states(self) -> c.Mapping[str, int]: ...
    @property
    def oldest(self) -> float | None: ...
    @property
    def workers(self) -> int: ...


class Entry(t.Protocol):
    """A message in an outbox, with what went wrong last."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def error(self) -> c.Mapping[str, t.Any] | None: ...


class Outbox(t.Protocol):
    """What is asked of an outbox; see :class:`flask_mail.queues.outbox.Outbox`."""

    def stats(self) -> Stats: ...
    def rates(self) -> c.Sequence[int]: ...
    def entries(self, *, state: c.Collection[str], limit: int) -> c.Sequence[Entry]: ...
    def retry(self, *ids: str) -> c.Sequence[str]: ...
    def cancel(self, *ids: str) -> c.Sequence[str]: ...


def of(settings: t.Any) -> Outbox | None:
    """The outbox of an application; ``None`` where its queue has none."""
    if settings.queue == "thread":
        return None
    try:
        return t.cast("Outbox", settings.outbox)
    except MailError:
        return None


@d.dataclass(frozen=True, slots=True)
class Trouble:
    """Messages that something went wrong with in the same way.

    :param reply: what the server said, or what went wrong.
    :param final: whether they are given up, rather than tried again.
    :param ids: which they are.
    """

    reply: str
    final: bool
    ids: list[str]


def troubles(outbox: Outbox) -> list[Trouble]:
    """What went wrong with what is not sent, the most frequent first."""
    found: dict[tuple[str, bool], Trouble] = {}
    for entry in outbox.entries(state=WRONG, limit=MOST):
        reply = str((entry.error or {}).get("text") or entry.state)
        final = entry.state in GIVEN_UP
        found.setdefault((reply, final), Trouble(reply, final, [])).ids.append(entry.id)
    return sorted(found.values(), key=lambda trouble: -len(trouble.ids))


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
