"""What is read from and written to the outbox's tables. Each call is one transaction.

Whoever changes a claimed row has to name its owner, so that a worker which stood still while its lease ran out writes
nothing: see :meth:`Store.settle`.
"""

from __future__ import annotations

import collections.abc as c
import json
import operator
import threading
import time
import typing as t

import sqlalchemy as sa

from ..base import Lease
from . import claiming
from . import upkeep
from .ledger import Answer
from .ledger import Ledger
from .rows import as_json
from .rows import Claimed
from .rows import Claims
from .rows import Recipient
from .schema import contents
from .schema import messages
from .schema import metadata
from .schema import workers
from .upkeep import Dead

CHANNEL: t.Final = "flask_mail_outbox"
"""On which PostgreSQL tells workers that there is something to send."""

NOTIFY: t.Final = f"SELECT pg_notify('{CHANNEL}', '')"

_by_id = operator.attrgetter("id")


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
        """Insert in a transaction of its own, and wake who waits for it. No row may have a key; what is JSON in them
        becomes text."""
        for row in rows:
            row["recipients"] = as_json(row["recipients"])
            row["options"] = json.dumps(row["options"]) if row["options"] else "{}"
            row["details"] = json.dumps(row["details"]) if row["details"] else "{}"
        engine = self.engine
        last = NOTIFY if engine.dialect.name == "postgresql" else ""
        Ledger(engine).write((_INSERT, rows), (_INSERT_CONTENT, rows), last=last)
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

    def settle(self, settlements: c.Sequence[Settlement]) -> Answer:
        """Hand over what became of claimed messages, to be written in one transaction; see :meth:`.Ledger.hand_over`.

        :returns: tells how many it was; fewer where the lease of some has run out and another worker has them.
        """
        if not settlements:
            return Answer()
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
        return self._ledger().hand_over(_SETTLE, rows)

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

    def renew(self, owners: c.Collection[str], seconds: float) -> None:
        """Let the leases of *owners* last for so many seconds from now, unless they have run out."""
        upkeep.renew(self.engine, owners, seconds)

    def sweep(self, *, hold: bool = False) -> tuple[list[Dead], bool]:
        """Make ready what has waited for long enough, and see to what dead workers have left.

        :param hold: leave that to somebody to decide.
        :returns: the messages given up, and whether there are suspects.
        """
        return upkeep.sweep(self.engine, hold=hold)

    def purge(self, seconds: float, *, state: str | None = None) -> int:
        """Delete what has been over for so long; return how many messages that were.

        :param state: only what is in this state.
        """
        return upkeep.purge(self.engine, seconds, state=state)

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
