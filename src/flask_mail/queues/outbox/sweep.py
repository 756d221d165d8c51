"""Finding what is to be sent on its way again, where ids travel and messages stay."""

from __future__ import annotations

import collections.abc as c
import time

import sqlalchemy as sa

from .schema import messages
from .store import Store


def due(store: Store, limit: int) -> list[str]:
    """Messages that have waited until now."""
    waited = (messages.c.state == "waiting") & (messages.c.due <= time.time())
    with store.engine.connect() as connection:
        return list(connection.execute(sa.select(messages.c.id).where(waited).limit(limit)).scalars())


def take(store: Store, waited: c.Collection[str], before: float, limit: int) -> tuple[list[str], list[str]]:
    """Note of messages that they are sent on their way now.

    :param waited: those that had waited, which are ready by now.
    :param before: the others only if they have been ready since then.
    :returns: the ids of those that are ready, and of those that were with a worker that died.
    """
    states = messages.c.state.in_(("ready", "suspect"))
    with store.engine.begin() as connection:
        columns = sa.select(messages.c.id, messages.c.state, messages.c.rank, messages.c.due)
        found = list(connection.execute(columns.where(states & (messages.c.due <= before)).limit(limit)))
        for start in range(0, len(waited), 500):
            some = list(waited)[start : start + 500]
            found += connection.execute(columns.where(states & (messages.c.due > before) & messages.c.id.in_(some)))
        found.sort(key=lambda row: (row.rank, row.due, row.id))
        now = time.time()
        for start in range(0, len(found), 500):
            some = [row.id for row in found[start : start + 500]]
            connection.execute(messages.update().where(states & messages.c.id.in_(some)).values(due=now))
    return [row.id for row in found if row.state == "ready"], [row.id for row in found if row.state == "suspect"]
