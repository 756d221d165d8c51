"""What is read from and written to the outbox's tables. Each call is one transaction, and its own connection.

Whoever changes a claimed row has to name its owner, so that a worker which stood still while its lease ran out writes
nothing: see :meth:`Store.settle`.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import json
import operator
import threading
import time
import typing as t

import sqlalchemy as sa

from ..base import Lease
from . import claiming
from .ledger import Ledger
from .rows import as_json
from .rows import Claimed
from .rows import Claims
from .rows import Recipient
from .schema import contents
from .schema import DONE
from .schema import messages
from .schema import metadata
from .schema import workers

DEATHS: t.Final = 3
"""Workers that may die over a message before it is given up."""

CHANNEL: t.Final = "flask_mail_outbox"
"""On which PostgreSQL tells workers that there is something to send."""

NOTIFY: t.Final = f"SELECT pg_notify('{CHANNEL}', '')"

HELD: t.Final = "a worker died while it had it, and MAIL_IN_DOUBT is 'hold': a server may have it or not"

MORE_DEATHS: t.Final = 7
"""So many more at most, where workers seem to die of something else."""

MANY: t.Final = 5000
"""Messages that are changed at once at most."""

_by_id = operator.attrgetter("id")
_SKIPPING: t.Final = ("postgresql", "mysql", "mariadb")
"""Databases in which one claim goes round what another one has locked."""


class Settlement(t.NamedTuple):
    """What is to be written of a claimed message.

    :param state: see :mod:`.schema`.
    :param due: when something is to be done about it next, in seconds since the epoch.
    :param error: what went wrong last, as JSON.
    :param kept_by: the owner that goes on with it, if any.
    """

    id: str
    owner: str
    state: str
    due: float
    attempts: int
    recipients: list[Recipient]
    error: dict[str, t.Any] | None = None
    kept_by: str | None = None


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


class Store:
    """The outbox in one database.

    :param engine: SQLAlchemy's engine, or what returns it.
    """

    def __init__(self, engine: sa.Engine | c.Callable[[], sa.Engine]) -> None:
        self._engine = engine
        self._threads = threading.local()

    @property
    def engine(self) -> sa.Engine:
        return self._engine if isinstance(self._engine, sa.Engine) else self._engine()

    def create(self) -> None:
        """Make the tables that are missing."""
        with self.engine.begin() as connection:
            raw: t.Any = connection.connection.driver_connection
            if connection.dialect.name == "sqlite" and not raw.in_transaction:
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # several processes may be about to
            metadata.create_all(connection)

    def missing(self, connection: sa.Connection | None = None) -> bool:
        """Whether a table is missing."""
        if connection is None:
            with self.engine.connect() as connection:
                return self.missing(connection)
        there = sa.inspect(connection)
        return not all(there.has_table(table.name) for table in metadata.sorted_tables)

    def insert(self, connection: t.Any, rows: list[dict[str, t.Any]]) -> list[str]:
        """Insert within the transaction of *connection*, which may be an ORM session.

        :returns: the ids; of a row whose key was there already, the id of that one.
        """
        keyed = [row for row in rows if row["key"] is not None]
        if not keyed:
            connection.execute(messages.insert(), rows)
            connection.execute(contents.insert(), [{"id": row["id"], "content": row["content"]} for row in rows])
            return [row["id"] for row in rows]
        return [self._insert_once(connection, row) for row in rows]

    def insert_now(self, rows: list[dict[str, t.Any]]) -> list[str]:
        """Insert in a transaction of its own, and wake who waits for it. No row may have a key."""
        texts = [
            {
                **row,
                "recipients": as_json(row["recipients"]),
                "options": json.dumps(row["options"]) if row["options"] else "{}",
                "details": json.dumps(row["details"]) if row["details"] else "{}",
            }
            for row in rows
        ]
        engine = self.engine
        last = NOTIFY if engine.dialect.name == "postgresql" else ""
        Ledger(engine).write((_INSERT, texts), (_INSERT_CONTENT, texts), last=last)
        return [row["id"] for row in rows]

    def _insert_once(self, connection: t.Any, row: dict[str, t.Any]) -> str:
        connection.execute(_insert_ignoring(self.engine.dialect.name), [row])
        if row["key"] is not None:
            found: str = connection.execute(sa.select(messages.c.id).where(messages.c.key == row["key"])).scalar_one()
            if found != row["id"]:
                return found
        connection.execute(contents.insert(), [{"id": row["id"], "content": row["content"]}])
        return t.cast(str, row["id"])

    # Claiming

    def claim(self, lease: Lease, seconds: float, limit: int, *, suspects: bool = False) -> Claims:
        """Take up to *limit* messages that are ready, by priority and age.

        :param seconds: how long the lease is.
        :param suspects: take those that were with a worker that died instead.
        """
        return claiming.claim(self._ledger(), lease, seconds, limit, suspects=suspects)

    def claim_ids(self, lease: Lease, seconds: float, ids: c.Collection[str]) -> Claims:
        """Take those of *ids* that are ready, or were with a worker that died."""
        return claiming.claim_ids(self._ledger(), lease, seconds, ids)

    # What was claimed

    def settle(self, settlements: c.Sequence[Settlement]) -> int:
        """Write what became of claimed messages, in one transaction.

        :returns: how many it was; fewer where the lease of some has run out and another worker has them.
        """
        if not settlements:
            return 0
        rows: list[dict[str, t.Any]] = [
            {
                "b_id": each.id,
                "b_owner": each.owner,
                "state": each.state,
                "due": each.due,
                "attempts": each.attempts,
                "owner": each.kept_by,
                "recipients": as_json(each.recipients),
                "error": None if each.error is None else json.dumps(each.error),
            }
            for each in sorted(settlements, key=_by_id)  # one order of locks for all
        ]
        return self._ledger().write((_SETTLE, rows))

    def settled(self, settlements: c.Sequence[Settlement]) -> set[str]:
        """Those of *settlements* that stand in the outbox as they were written; their ids."""
        wrote = {(each.id, each.state, each.due) for each in settlements}
        columns = (messages.c.id, messages.c.state, messages.c.due)
        with self.engine.connect() as connection:
            found = connection.execute(sa.select(*columns).where(messages.c.id.in_([each.id for each in settlements])))
            return {row.id for row in found if (row.id, row.state, row.due) in wrote}

    def let_go(self) -> None:
        """Give back the connection that this thread settles over."""
        if (found := getattr(self._threads, "ledger", None)) is not None:
            found.close()

    def _ledger(self) -> Ledger:
        """This thread's."""
        found: Ledger | None = getattr(self._threads, "ledger", None)
        if found is None:
            found = self._threads.ledger = Ledger(self.engine, keep=True)
        return found

    def renew(self, owners: c.Collection[str], seconds: float) -> None:
        """Let the leases of *owners* last for so many seconds from now, unless they have run out."""
        now = time.time()
        held = messages.c.owner.in_(owners) & (messages.c.state == "sending") & (messages.c.due > now)
        held &= messages.c.due < now + seconds
        renewed = True
        while renewed:
            with self.engine.begin() as connection:
                renewed = bool(self._update(connection, held, due=now + seconds))

    def _update(self, connection: sa.Connection, which: sa.ColumnElement[bool], **values: t.Any) -> list[str]:
        """Change messages, but for those that another transaction holds: to wait for it might be to wait for ever.

        :returns: their ids.
        """
        chosen = sa.select(messages.c.id).where(which).order_by(messages.c.id).limit(MANY)
        if self.engine.dialect.name in _SKIPPING:
            chosen = chosen.with_for_update(skip_locked=True)
        ids = [row.id for row in connection.execute(chosen)]
        if not ids:
            return ids
        change = messages.update().where(messages.c.id.in_(ids), which).values(values)  # SQLite has locked nothing yet
        if self.engine.dialect.update_returning:
            return [row.id for row in connection.execute(change.returning(messages.c.id))]
        connection.execute(change)
        return ids

    def release(self, claims: c.Collection[Claimed]) -> None:
        """Give back what was claimed and not begun; it costs no attempt."""
        if claims:
            now = time.time()
            with self.engine.begin() as connection:
                connection.execute(
                    _RELEASE, [{"b_id": each.id, "b_owner": each.lease.owner, "due": now} for each in claims]
                )

    def suspect(self, claims: c.Collection[Claimed], *, hold: bool = False) -> None:
        """Give up what was begun, and has come to no end, without waiting for the lease to run out.

        :param hold: leave it to somebody to decide.
        """
        if claims:
            values = {"state": "held" if hold else "suspect", "due": time.time()}
            with self.engine.begin() as connection:
                connection.execute(
                    _SUSPECT, [{"b_id": each.id, "b_owner": each.lease.owner, **values} for each in claims]
                )

    def sweep(self, *, hold: bool = False) -> tuple[list[Dead], bool]:
        """Make ready what has waited for long enough, and see to what dead workers have left.

        :param hold: leave that to somebody to decide.
        :returns: the messages given up, and whether there are suspects.
        """
        now = time.time()
        with self.engine.begin() as connection:
            late = (messages.c.state == "sending") & (messages.c.due <= now)
            given_up: list[Dead] = []
            if connection.execute(sa.select(messages.c.id).where(late).limit(1)).first() is not None:
                given_up = self._bury(connection, late, now)
                if hold:
                    given_up += self._give_up(connection, late, "held", HELD, now)
                deaths = messages.c.deaths + 1
                self._update(connection, late, state="suspect", deaths=deaths, owner=None, due=now)
            self._update(connection, (messages.c.state == "waiting") & (messages.c.due <= now), state="ready")
            suspects = connection.execute(sa.select(messages.c.id).where(messages.c.state == "suspect").limit(1))
            return given_up, suspects.first() is not None

    def _bury(self, connection: sa.Connection, late: sa.ColumnElement[bool], now: float) -> list[Dead]:
        """Give up the messages that workers die of."""
        which = late & (messages.c.deaths >= DEATHS - 1)
        if connection.execute(sa.select(messages.c.id).where(which).limit(1)).first() is None:
            return []
        which = late & (messages.c.deaths >= DEATHS - 1 + self._mistaken(connection, now))
        return self._give_up(connection, which, "dead", f"{DEATHS} workers died while they had it", now)

    def _give_up(
        self, connection: sa.Connection, which: sa.ColumnElement[bool], state: str, why: str, now: float
    ) -> list[Dead]:
        values = {"state": state, "deaths": messages.c.deaths + 1, "owner": None, "error": {"text": why}, "due": now}
        ids = self._update(connection, which, **values)
        columns = (messages.c.id, messages.c.message_id, messages.c.recipients)
        found = connection.execute(sa.select(*columns).where(messages.c.id.in_(ids))) if ids else ()
        return [
            Dead(row.id, row.message_id, tuple(x[0] for x in row.recipients if x[1] == "open"), why) for row in found
        ]

    def _mistaken(self, connection: sa.Connection, now: float) -> int:
        """How many messages were sent of late though two workers had died with them, one of them with nothing else:
        so much do workers die of something else, and so many more deaths does it take to blame a message."""
        spared = (messages.c.state == "sent") & (messages.c.due > now - 3600) & (messages.c.deaths >= DEATHS - 1)
        return len(list(connection.execute(sa.select(messages.c.id).where(spared).limit(MORE_DEATHS))))

    def purge(self, seconds: float, *, state: str | None = None) -> int:
        """Delete what has been over for so long; return how many messages that were.

        :param state: only what is in this state.
        """
        old = messages.c.state.in_(DONE if state is None else (state,)) & (messages.c.due <= time.time() - seconds)
        count = 0
        while True:
            with self.engine.begin() as connection:
                ids = [row.id for row in connection.execute(sa.select(messages.c.id).where(old).limit(MANY))]
                if ids:
                    connection.execute(contents.delete().where(contents.c.id.in_(ids)))
                    connection.execute(messages.delete().where(messages.c.id.in_(ids)))
            count += len(ids)
            if len(ids) < MANY:
                return count

    # Who works

    def report(self, worker: str, host: str, process: int, started: float) -> None:
        """Note that a worker is alive."""
        now = time.time()
        with self.engine.begin() as connection:
            seen = connection.execute(workers.update().where(workers.c.id == worker).values(seen=now))
            if not seen.rowcount:
                values = {"id": worker, "host": host, "process": process, "started": started, "seen": now}
                connection.execute(workers.insert().values(values))
            connection.execute(workers.delete().where(workers.c.seen < now - 86_400))

    def dismiss(self, worker: str) -> None:
        """Note that a worker has ended."""
        with self.engine.begin() as connection:
            connection.execute(workers.delete().where(workers.c.id == worker))


_INSERT: t.Final = messages.insert().values({column.name: sa.bindparam(column.name) for column in messages.c})
_INSERT_CONTENT: t.Final = contents.insert().values({column.name: sa.bindparam(column.name) for column in contents.c})
_OWN: t.Final = messages.update().where(
    messages.c.id == sa.bindparam("b_id"),
    messages.c.owner == sa.bindparam("b_owner"),
    messages.c.state == sa.literal_column("'sending'"),
)
_RELEASE: t.Final = _OWN.values(state="ready", due=sa.bindparam("due"), attempts=messages.c.attempts - 1, owner=None)
_SUSPECT: t.Final = _OWN.values(state=sa.bindparam("state"), due=sa.bindparam("due"), owner=None)
_SETTLE: t.Final = _OWN.values(
    state=sa.bindparam("state"),
    due=sa.bindparam("due"),
    attempts=sa.bindparam("attempts"),
    recipients=sa.bindparam("recipients"),
    error=sa.bindparam("error"),
    owner=sa.bindparam("owner"),
)


def _insert_ignoring(dialect: str) -> t.Any:
    """An INSERT that does nothing where the key is there."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(messages).on_conflict_do_nothing()
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(messages).on_conflict_do_nothing()
    return messages.insert().prefix_with("IGNORE")
