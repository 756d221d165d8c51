"""Claims messages and writes what became of them, over the driver's own connection.

This is done for each few messages, with a commit to disk: what SQLAlchemy does for a statement beyond its text would
take longer than all the rest. The text is SQLAlchemy's, made once.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import functools
import operator
import os
import time
import typing as t

import sqlalchemy as sa
from sqlalchemy import exc

from .handed import Prepared

SHORT: t.Final = 0.0001
"""Seconds to wait for another writer of an SQLite file at first: about as long as one takes."""

LONG: t.Final = 0.005
"""Seconds to wait at once at most."""

Ask = c.Callable[[sa.Executable, dict[str, t.Any]], list[t.Any]]
"""Runs a statement with its parameters by name, and returns the rows it gives."""


class Ledger:
    """A connection to write over; used by one thread.

    :param engine: the outbox's.
    :param keep: whether to keep the connection from one time to the next; others cannot have it then.
    """

    def __init__(self, engine: sa.Engine, *, keep: bool = False) -> None:
        self.engine = engine
        self._keep = keep
        self.at_once: bool = keep and _commits_at_once(engine)
        """Whether what is sent together is a transaction by itself."""
        self._connection: t.Any = None
        self._prepared: dict[sa.UpdateBase, Prepared] = {}
        self._unanswered: Answer | None = None
        self._patience: int | None = None  # milliseconds, on SQLite
        self._process = os.getpid()

    def write(self, *parts: tuple[sa.UpdateBase, list[dict[str, t.Any]]], last: str = "") -> int:
        """Run statements in one transaction, each of them once for each of its rows.

        :param parts: a statement, and its parameters by name for each row.
        :param last: what to run before the commit.
        :returns: how many rows of its table the first one changed.
        :raises sqlalchemy.exc.DBAPIError: the database refuses; nothing is written.
        """
        counts = list[int]()
        with self._cursor(in_transaction=True) as cursor:
            self._lock(cursor)
            for statement, rows in parts:
                text, order, _ = _compiled(self.engine.dialect, statement)
                cursor.executemany(text, rows if order is None else _in_order(rows, order))
                counts.append(cursor.rowcount)
            if last:
                cursor.execute(last)
        return counts[0]

    def hand_over(self, statement: sa.UpdateBase, rows: list[dict[str, t.Any]]) -> Answer:
        """Run a statement for each of *rows* in one transaction, and do not wait for it where the database has all it
        needs; elsewhere it is written when this returns.

        :returns: what it came to.
        :raises sqlalchemy.exc.DBAPIError: the database refuses, and nothing is written; where the connection was lost
            it may be.
        """
        if not self.at_once:
            return Answer(self.write((statement, rows)))
        with self._told():
            connection = self._open().driver_connection
            if (prepared := self._prepared.get(statement)) is None:
                prepared = self._prepared[statement] = Prepared(connection, statement)
            answers = prepared.hand_over(rows)
        self._unanswered = Answer(take=lambda: self._take(prepared, answers))
        return self._unanswered

    def _take(self, prepared: Prepared, answers: int) -> int:
        self._unanswered = None
        with self._told():
            return prepared.take(answers)

    @contextlib.contextmanager
    def transaction(self, *, single: bool = False) -> c.Generator[Ask]:
        """Run statements in one transaction, one after the other.

        :param single: it is only one.
        :raises sqlalchemy.exc.DBAPIError: the database refuses; nothing is written.
        """
        if self.engine.dialect.update_returning:
            with self._cursor(in_transaction=not (single and self.at_once)) as cursor:
                yield functools.partial(self._ask, cursor)
        else:  # on MariaDB, whose lists of parameters SQLAlchemy has to write out
            with self.engine.begin() as connection:
                yield lambda statement, values: _rows(connection.execute(statement, values))

    @contextlib.contextmanager
    def _cursor(self, *, in_transaction: bool) -> c.Generator[t.Any]:
        with self._told():
            connection = self._open()
            if self.at_once and not in_transaction:
                with _committing_at_once(connection.driver_connection):
                    yield connection.cursor(binary=True)
            else:
                cursor = connection.cursor()
                yield cursor
                cursor.close()
                connection.commit()
        if not self._keep:
            self.close()

    @contextlib.contextmanager
    def _told(self) -> c.Generator[None]:
        """Have the driver's errors told as SQLAlchemy does. Whatever goes wrong, the connection is not used again."""
        try:
            yield
        except BaseException as error:
            self.close(broken=True)
            driver = self.engine.dialect.loaded_dbapi
            if isinstance(error, driver.Error):
                raise exc.DBAPIError.instance(None, None, error, driver.Error) from error
            raise

    def _ask(self, cursor: t.Any, statement: sa.Executable, values: dict[str, t.Any]) -> list[t.Any]:
        text, order, given = _compiled(self.engine.dialect, statement)
        values = {**given, **values}
        if isinstance(statement, sa.UpdateBase):
            self._lock(cursor)
        cursor.execute(text, values if order is None else [values[name] for name in order])
        return t.cast("list[t.Any]", cursor.fetchall())

    def _lock(self, cursor: t.Any) -> None:
        """Begin to write, where one at a time may.

        SQLite waits for another writer in steps that soon are a hundred times as long as it takes to write down what
        became of a few messages, and another one is there first. Whatever else there is to wait for is left to it: a
        commit may have to wait for readers, where the file is not written ahead.
        """
        if self._patience is None or self._connection.in_transaction:
            return
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            _begin(cursor, self._patience / 1000)
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {self._patience}")

    def close(self, *, broken: bool = False) -> None:
        """Give back the connection.

        :param broken: it is not to be used again.
        """
        if self._unanswered is not None and not broken and self._process == os.getpid():
            self._unanswered.come()
        connection, self._connection = self._connection, None
        prepared, self._prepared, self._unanswered = self._prepared, {}, None
        if connection is not None and self._process == os.getpid():
            with contextlib.suppress(Exception):
                for each in () if broken else prepared.values():
                    each.forget()
            with contextlib.suppress(Exception):
                connection.invalidate() if broken else connection.close()

    def _open(self) -> t.Any:
        if self._process != os.getpid():
            _of_parents.append(self._connection)  # to close it here would end the parent's
            self._connection, self._process = None, os.getpid()
            self._prepared, self._unanswered = {}, None
        if self._unanswered is not None:
            self._unanswered.come()
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> t.Any:
        """A connection of the engine's, which is given back by closing it."""
        connection: t.Any = self.engine.raw_connection()
        if self.engine.dialect.driver == "pysqlite" and _has_codes(connection.driver_connection):
            self._patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
        return connection


class Answer:
    """What became of what was handed to a database.

    :param changed: how many rows it changed, where that is known already.
    :param take: else waits for it, once.
    """

    def __init__(self, changed: int = 0, take: c.Callable[[], int] | None = None) -> None:
        self._changed = changed
        self._take = take
        self._error: exc.DBAPIError | None = None

    def wait(self) -> int:
        """How many rows were changed, once they are.

        :raises sqlalchemy.exc.DBAPIError: the database refused, and nothing is written; where the connection was lost
            it may be.
        """
        self.come()
        if self._error is not None:
            raise self._error
        return self._changed

    def come(self) -> None:
        """Wait until it is there, whatever it says."""
        take, self._take = self._take, None
        if take is None:
            return
        try:
            self._changed = take()
        except exc.DBAPIError as error:
            self._error = error
        except BaseException as error:
            self._error = exc.OperationalError(None, None, error)
            raise


_of_parents: list[t.Any] = []


def _has_codes(connection: object) -> bool:
    """Whether it is a connection of Python's own driver for SQLite, whose errors have codes."""
    import sqlite3  # there are Pythons without

    return isinstance(connection, sqlite3.Connection)


def _begin(cursor: t.Any, seconds: float) -> None:
    """Begin a transaction of SQLite's that writes, and wait for others as long as *seconds*."""
    import sqlite3

    until, pause = time.monotonic() + seconds, SHORT
    while True:
        try:
            cursor.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(pause)
        pause = min(pause * 1.5, LONG)


def _commits_at_once(engine: sa.Engine) -> bool:
    """Whether the driver sends a statement with all its parameters at once, so that PostgreSQL takes them for one
    transaction: that saves two of three round trips."""
    pipeline = getattr(engine.dialect.loaded_dbapi, "Pipeline", None)
    return engine.dialect.driver == "psycopg" and pipeline is not None and bool(pipeline.is_supported())


@contextlib.contextmanager
def _committing_at_once(connection: t.Any) -> c.Generator[None]:
    """Have each statement a transaction by itself: nobody else finds the connection like that, however it is left."""
    before = connection.autocommit
    connection.autocommit = True
    yield
    connection.autocommit = before


def _in_order(rows: list[dict[str, t.Any]], order: tuple[str, ...]) -> list[tuple[t.Any, ...]]:
    pick = t.cast("c.Callable[[dict[str, t.Any]], tuple[t.Any, ...]]", operator.itemgetter(*order))
    return list(map(pick, rows))


def _rows(result: sa.CursorResult[t.Any]) -> list[t.Any]:
    return [tuple(row) for row in result] if result.returns_rows else []


@functools.lru_cache(maxsize=32)
def _compiled(dialect: sa.Dialect, statement: t.Any) -> tuple[str, tuple[str, ...] | None, dict[str, t.Any]]:
    """The text, the order of its parameters where they have no names, and their values, of those that have one."""
    compiled = statement.compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()) or None, dict(compiled.params)
