"""Writes what became of messages, over the driver's own connection.

This is done for each few messages, with a commit to disk: what SQLAlchemy does for a statement beyond its text would
take longer than all the rest. The text is SQLAlchemy's, made once.
"""

from __future__ import annotations

import contextlib
import functools
import os
import typing as t

import sqlalchemy as sa


class Ledger:
    """One statement and a connection to run it on; used by one thread.

    :param engine: the outbox's.
    :param statement: what to run, once for each message.
    :param last: what to run before each commit.
    :param keep: whether to keep the connection from one time to the next; others cannot have it then.
    """

    def __init__(self, engine: sa.Engine, statement: sa.UpdateBase, *, last: str = "", keep: bool = False) -> None:
        self._engine = engine
        self._text, self._order = _compiled(engine.dialect, statement)
        self._last = last
        self._keep = keep
        self._connection: t.Any = None
        self._process = os.getpid()

    def write(self, rows: list[dict[str, t.Any]]) -> int:
        """Run the statement for each of *rows*, its parameters by name, and commit.

        :returns: how many rows of the table were changed.
        :raises sqlalchemy.exc.DBAPIError: the database refuses; nothing is written.
        """
        given = rows if self._order is None else [tuple([row[name] for name in self._order]) for row in rows]
        connection = self._open()
        try:
            cursor = connection.cursor()
            cursor.executemany(self._text, given)
            changed: int = cursor.rowcount
            if self._last:
                cursor.execute(self._last)
            cursor.close()
            connection.commit()
        except BaseException as error:
            self.close(broken=True)
            driver = self._engine.dialect.loaded_dbapi
            if isinstance(error, driver.Error):
                raise sa.exc.DBAPIError.instance(self._text, None, error, driver.Error) from error
            raise
        if not self._keep:
            self.close()
        return changed

    def close(self, *, broken: bool = False) -> None:
        """Give back the connection.

        :param broken: it is not to be used again.
        """
        connection, self._connection = self._connection, None
        if connection is not None and self._process == os.getpid():
            with contextlib.suppress(Exception):
                connection.invalidate() if broken else connection.close()

    def _open(self) -> t.Any:
        if self._process != os.getpid():
            _of_parents.append(self._connection)  # to close it here would end the parent's
            self._connection, self._process = None, os.getpid()
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        return self._connection


_of_parents: list[t.Any] = []


@functools.lru_cache(maxsize=16)
def _compiled(dialect: sa.Dialect, statement: sa.UpdateBase) -> tuple[str, tuple[str, ...] | None]:
    """The text, and the order of its parameters where they have no names."""
    compiled = statement.compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()) or None
