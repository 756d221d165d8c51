"""Finding what is to be sent on its way again, where ids travel and messages stay."""

from __future__ import annotations

import collections.abc as c
import time

import sqlalchemy as sa

from .schema import messages
from .schema import state_by_id
from .store import Store


def due(store: Store, now: float, limit: int) -> list[str]:
    """Messages that have waited until *now*."""
    waited = (messages.c.state == "waiting") & (messages.c.due <= now)
    with store.engine.connect() as connection:
        return list(connection.execute(sa.select(messages.c.id).where(waited).limit(limit)).scalars())


def take(
    store: Store, waited: c.Collection[str], since: float, before: float, limit: int
) -> tuple[list[str], list[str]]:
    """Note of messages that they are sent on their way now.

    :param waited: those that had waited, which are ready by now.
    :param since: when these were found; what has become ready after that had waited, too.
    :param before: the others only if they have been ready since then.
    :returns: the ids of those that are ready, and of those that were with a worker that died.
    """
    there, still = [state.in_(("ready", "suspect")) for state in (messages.c.state, state_by_id)]
    old = messages.c.due <= before
    slipped = (messages.c.due > since) & (messages.c.due > messages.c.created)
    columns = sa.select(messages.c.id, messages.c.state, messages.c.rank, messages.c.due)
    with store.engine.begin() as connection:
        found = {row.id: row for row in connection.execute(columns.where(there & (old | slipped)).limit(limit))}
        for some in _parts(waited):
            found |= {row.id: row for row in connection.execute(columns.where(still & messages.c.id.in_(some)))}
        chosen = sorted(found.values(), key=lambda row: (row.rank, row.due, row.id))
        now = time.time()
        for some in _parts(found):
            connection.execute(messages.update().where(still & messages.c.id.in_(some)).values(due=now))
    return [row.id for row in chosen if row.state == "ready"], [row.id for row in chosen if row.state == "suspect"]


def _parts(ids: c.Iterable[str]) -> c.Iterator[list[str]]:
    """As many as a statement may name."""
    everything = list(ids)
    return (everything[start : start + 500] for start in range(0, len(everything), 500))
