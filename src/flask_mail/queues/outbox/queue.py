"""Queueing as a row in a database: within the caller's transaction where there is one, else in one of its own."""

from __future__ import annotations

import collections.abc as c
import logging
import threading
import time
import typing as t

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc
from sqlalchemy import orm

from ...errors import ConfigError
from ...errors import QueueError
from ...submission import Submission
from ..base import Delivery
from ..base import Queue
from ..schedule import Schedule
from . import rows
from .database import engine
from .schema import metadata
from .store import NOTIFY
from .store import Store

logger: logging.Logger = logging.getLogger("flask_mail")

Session = t.Any
"""An ORM session or a Core connection of SQLAlchemy."""


class OutboxQueue(Queue):
    """Keeps submissions in a database until a worker has sent them.

    :param delivery: what to send with.
    :param schedule: when to try again.
    :param store: the outbox's tables.
    :param session: returns the session whose transaction to join, or ``None`` where there is none.
    :param committed: called with the ids of what was queued, once that is committed.
    :param own: whether nobody else uses the store's engine.
    """

    def __init__(
        self,
        delivery: Delivery,
        schedule: Schedule,
        store: Store,
        *,
        session: c.Callable[[], Session | None] = lambda: None,
        committed: c.Callable[[list[str]], object] = lambda ids: None,
        own: bool = False,
    ) -> None:
        super().__init__(delivery, schedule)
        self.store = store
        self._session = session
        self.own = own
        self.committed: c.Callable[[list[str]], object] = committed
        """Called with the ids of what is to be sent, and is committed."""
        self._ready = False
        self._lock = threading.Lock()

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], delivery: Delivery, /) -> t.Self:
        """Keep it in the database that ``MAIL_OUTBOX_URL`` names."""
        try:
            store = Store(engine(config["MAIL_OUTBOX_URL"]))
        except (exc.ArgumentError, exc.NoSuchModuleError, ImportError) as error:
            raise ConfigError(
                f"MAIL_OUTBOX_URL cannot be used: {error}. Set it to a URL that SQLAlchemy knows, such as "
                f"'sqlite:////var/lib/shop/outbox.sqlite' or 'postgresql+psycopg://user@host/name', and see that the "
                f"database's driver is installed.",
                key="MAIL_OUTBOX_URL",
            ) from error
        return cls(delivery, Schedule(config["MAIL_RETRY_SCHEDULE"], config["MAIL_RETRY_FOR"]), store, own=True)

    def put(
        self,
        submission: Submission,
        /,
        *,
        not_before: float | None = None,
        expires: float | None = None,
        priority: int = 0,
        key: str | None = None,
        session: Session | None = None,
    ) -> str:
        """See :meth:`.Queue.put`. Without a session to join, it is committed when this returns."""
        if key is not None and len(key) > 200:
            raise QueueError(f"The key {key[:40]!r}... has {len(key)} characters; 200 is the most.")
        return self._insert([self._row(submission, not_before, expires, priority, key)], session)[0]

    def put_many(
        self,
        submissions: c.Sequence[Submission],
        /,
        *,
        not_before: float | None = None,
        expires: float | None = None,
        priority: int = 0,
        session: Session | None = None,
    ) -> list[str]:
        """See :meth:`.Queue.put_many`: all in one transaction."""
        if not submissions:
            return []
        return self._insert([self._row(each, not_before, expires, priority, None) for each in submissions], session)

    def close(self, timeout: float | None = None) -> None:
        """Close the connections that are kept to a database of its own; nothing in it is lost."""
        if self.own:
            self.store.engine.dispose()

    def _row(
        self,
        submission: Submission,
        not_before: float | None,
        expires: float | None,
        priority: int,
        key: str | None,
    ) -> dict[str, t.Any]:
        now = time.time()
        if expires is None:
            expires = max(now, not_before or now) + self.schedule.keep_for
        return rows.row(submission, now=now, not_before=not_before, expires=expires, priority=priority, key=key)

    def _insert(self, new: list[dict[str, t.Any]], session: Session | None) -> list[str]:
        session = self._session() if session is None else _joinable(session)
        try:
            if session is None:
                self.prepare()
                ids = self._insert_alone(new)
                _tell(self.committed, ids)
                return ids
            self._prepare_within(session)
            ids = self.store.insert(session, new)
            _notify(session)
            self._when_committed(session, ids)
            return ids
        except exc.SQLAlchemyError as error:
            raise _unqueued(error) from error

    def _insert_alone(self, new: list[dict[str, t.Any]]) -> list[str]:
        if all(row["key"] is None for row in new):
            return self.store.insert_now(new)
        with self.store.engine.begin() as connection:
            ids = self.store.insert(connection, new)
            _notify(connection)
        return ids

    def prepare(self) -> None:
        """See that the tables are there; on SQLite, make them.

        :raises QueueError: they are not.
        """
        if self._ready:
            return
        with self._lock:
            if self._ready:
                return
            if self.store.engine.dialect.name == "sqlite":
                self.store.create()
            elif self.store.missing():
                raise QueueError(_NO_TABLES)
            self._ready = True

    def _prepare_within(self, session: Session) -> None:
        """The same within a transaction, which may hold the only lock there is, and may still be rolled back."""
        if self._ready:
            return
        connection = session if isinstance(session, sa.Connection) else session.connection()
        if not self.store.missing(connection):
            self._ready = True
        elif connection.dialect.name == "sqlite":
            metadata.create_all(connection)
        else:
            raise QueueError(_NO_TABLES)

    def _when_committed(self, session: Session, ids: list[str]) -> None:
        """Tell of *ids* once an ORM session has committed. Of a Core connection that cannot be known."""
        if not isinstance(session, sa.Connection):
            session.info.setdefault(_PENDING, []).append((self.committed, ids))


_PENDING: t.Final = "flask_mail_outbox"
"""Where a session notes whom to tell of its commit."""


@event.listens_for(orm.Session, "after_commit")
def _tell_of_commit(session: orm.Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint was released, and nothing is committed
    for tell, ids in session.info.pop(_PENDING, ()):
        _tell(tell, ids)


@event.listens_for(orm.Session, "after_soft_rollback")
def _forget(session: orm.Session, previous: orm.SessionTransaction) -> None:
    if not previous.nested:
        session.info.pop(_PENDING, None)


def _tell(tell: c.Callable[[list[str]], object], ids: list[str]) -> None:
    """Tell of what is committed; whatever that raises, the mail is queued, and the caller's work is done."""
    try:
        tell(ids)
    except Exception:
        logger.exception("Messages are in the outbox, but who sends them could not be told; they are found later")


def _joinable(session: Session) -> Session:
    """*session*, if it is one whose transaction can be joined.

    :raises TypeError: it is none.
    """
    kinds: tuple[type[t.Any], ...] = (orm.Session, orm.scoped_session, sa.Connection)
    if isinstance(session, kinds):
        return t.cast(Session, session)
    remedy = "a Session, scoped_session or Connection of SQLAlchemy"
    if hasattr(session, "run_sync"):
        remedy += "; with an asynchronous one, call await session.run_sync(lambda s: mail.send_later(..., session=s))"
    raise TypeError(f"send_later: session is a {type(session).__name__}, but it has to be {remedy}")


_NO_TABLES: t.Final = (
    "The outbox's tables are missing in its database, and nothing was queued. Make them by 'flask mail outbox init', "
    "or by a migration with flask_mail.queues.outbox.metadata."
)


def _notify(connection: Session) -> None:
    """Wake the workers when the transaction is committed, where the database can."""
    bound = connection if isinstance(connection, sa.Connection) else connection.connection()
    if bound.dialect.name == "postgresql":
        connection.execute(sa.text(NOTIFY))


def _unqueued(error: exc.SQLAlchemyError) -> QueueError:
    """What to say where the database refused; never its parameters, which hold the mail."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    low = said.lower()
    remedy = "See whether MAIL_OUTBOX_URL is right, and whether the database is up."
    for words, hint in _REMEDIES.items():
        if words in low:
            remedy = hint
            break
    return QueueError(f"The message was not queued, since the outbox's database said: {said}. {remedy}")


_REMEDIES: t.Final = {
    "locked": "Another transaction holds the database for too long; commit sooner, or use PostgreSQL.",
    "queuepool limit": "More threads hold connections than there are; raise pool_size or max_overflow of the engine.",
    "disk is full": "Make room on the disk.",
    "disk i/o": "See whether the disk is full, or fails.",
    "no space left": "Make room on the disk.",
    "readonly": "Let the application's user write to the file and to its folder.",
    "read-only": "Let the application's user write to it.",
    "unable to open": "See that the folder exists and may be written to by the application's user.",
    "no such table": "Make the tables by 'flask mail outbox init'.",
    "does not exist": "Make the tables by 'flask mail outbox init', or correct MAIL_OUTBOX_URL.",
}
