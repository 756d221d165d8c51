"""Keeping the outbox in order: leases that are renewed or have run out, what has waited long enough, what is over."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import time
import typing as t

import sqlalchemy as sa

from .schema import contents
from .schema import DONE
from .schema import messages

DEATHS: t.Final = 3
"""Workers that may die over a message before it is given up."""

HELD: t.Final = "a worker died while it had it, and MAIL_IN_DOUBT is 'hold': a server may have it or not"

MORE_DEATHS: t.Final = 7
"""So many more at most, where workers seem to die of something else."""

MANY: t.Final = 5000
"""Messages that are changed at once at most."""

_SKIPPING: t.Final = ("postgresql", "mysql", "mariadb")
"""Databases in which one claim goes round what another one has locked."""


@d.dataclass(frozen=True, slots=True)
class Dead:
    """A message whose workers died over it.

    :param recipients: who was not offered it, or perhaps was.
    :param why: what there is to say of it.
    """

    id: str
    message_id: str
    recipients: tuple[str, ...]
    why: str


def renew(engine: sa.Engine, owners: c.Collection[str], seconds: float) -> None:
    """See :meth:`.Store.renew`."""
    now = time.time()
    held = messages.c.owner.in_(owners) & (messages.c.state == "sending") & (messages.c.due > now)
    held &= messages.c.due < now + seconds
    renewed = True
    while renewed:
        with engine.begin() as connection:
            renewed = bool(_update(connection, held, due=now + seconds))


def sweep(engine: sa.Engine, *, hold: bool = False) -> tuple[list[Dead], bool]:
    """See :meth:`.Store.sweep`."""
    now = time.time()
    with engine.begin() as connection:
        late = (messages.c.state == "sending") & (messages.c.due <= now)
        given_up: list[Dead] = []
        if connection.execute(sa.select(messages.c.id).where(late).limit(1)).first() is not None:
            given_up = _bury(connection, late, now)
            if hold:
                given_up += _give_up(connection, late, "held", HELD, now)
            deaths = messages.c.deaths + 1
            _update(connection, late, state="suspect", deaths=deaths, owner=None, due=now)
        _update(connection, (messages.c.state == "waiting") & (messages.c.due <= now), state="ready")
        suspects = connection.execute(sa.select(messages.c.id).where(messages.c.state == "suspect").limit(1))
        return given_up, suspects.first() is not None


def purge(engine: sa.Engine, seconds: float, *, state: str | None = None) -> int:
    """See :meth:`.Store.purge`."""
    old = messages.c.state.in_(DONE if state is None else (state,)) & (messages.c.due <= time.time() - seconds)
    count = 0
    while True:
        with engine.begin() as connection:
            ids = [row.id for row in connection.execute(sa.select(messages.c.id).where(old).limit(MANY))]
            if ids:
                connection.execute(contents.delete().where(contents.c.id.in_(ids)))
                connection.execute(messages.delete().where(messages.c.id.in_(ids)))
        count += len(ids)
        if len(ids) < MANY:
            return count


def _bury(connection: sa.Connection, late: sa.ColumnElement[bool], now: float) -> list[Dead]:
    """Give up the messages that workers die of."""
    which = late & (messages.c.deaths >= DEATHS - 1)
    if connection.execute(sa.select(messages.c.id).where(which).limit(1)).first() is None:
        return []
    which = late & (messages.c.deaths >= DEATHS - 1 + _mistaken(connection, now))
    return _give_up(connection, which, "dead", f"{DEATHS} workers died while they had it", now)


def _give_up(connection: sa.Connection, which: sa.ColumnElement[bool], state: str, why: str, now: float) -> list[Dead]:
    values = {"state": state, "deaths": messages.c.deaths + 1, "owner": None, "error": {"text": why}, "due": now}
    ids = _update(connection, which, **values)
    columns = (messages.c.id, messages.c.message_id, messages.c.recipients)
    found = connection.execute(sa.select(*columns).where(messages.c.id.in_(ids))) if ids else ()
    return [Dead(row.id, row.message_id, tuple(x[0] for x in row.recipients if x[1] == "open"), why) for row in found]


def _mistaken(connection: sa.Connection, now: float) -> int:
    """How many messages were sent of late though two workers had died with them, one of them with nothing else:
    so much do workers die of something else, and so many more deaths does it take to blame a message."""
    spared = (messages.c.state == "sent") & (messages.c.due > now - 3600) & (messages.c.deaths >= DEATHS - 1)
    return len(list(connection.execute(sa.select(messages.c.id).where(spared).limit(MORE_DEATHS))))


def _update(connection: sa.Connection, which: sa.ColumnElement[bool], **values: t.Any) -> list[str]:
    """Change messages, but for those that another transaction holds: to wait for it might be to wait for ever.

    :returns: their ids.
    """
    chosen = sa.select(messages.c.id).where(which).limit(MANY)
    if connection.dialect.name == "sqlite" and connection.dialect.update_returning:  # one after the other writes
        if connection.execute(chosen.limit(1)).first() is None:  # who only looks waits for nobody
            return []
        change = messages.update().where(messages.c.id.in_(chosen)).values(values)
        return [row.id for row in connection.execute(change.returning(messages.c.id))]
    chosen = chosen.order_by(messages.c.id)
    if connection.dialect.name in _SKIPPING:
        chosen = chosen.with_for_update(skip_locked=True)
    ids = [row.id for row in connection.execute(chosen)]
    if not ids:
        return ids
    change = messages.update().where(messages.c.id.in_(ids), which).values(values)  # SQLite has locked nothing yet
    if connection.dialect.update_returning:
        return [row.id for row in connection.execute(change.returning(messages.c.id))]
    connection.execute(change)
    return ids
