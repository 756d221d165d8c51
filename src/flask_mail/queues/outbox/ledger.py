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
from sqlalchemy import exc


class Ledger:
    """A connection to write over; used by one thread.

    :param engine: the outbox's.
    :param keep: whether to keep the connection from one time to the next; others cannot have it then.
    """

    def __init__(self, engine: sa.Engine, *, keep: bool = False) -> None:
        self._engine = engine
        self._keep = keep
        self._connection: t.Any = None
        self._process = os.getpid()

    def write(self, *parts: tuple[sa.UpdateBase, list[dict[str, t.Any]]], last: str = "") -> int:
        """Run statements in one transaction, each of them once for each of its rows.

        :param parts: a statement, and its parameters by name for each row.
        :param last: what to run before the commit.
        :returns: how many rows of its table the first one changed.
        :raises sqlalchemy.exc.DBAPIError: the database refuses; nothing is written.
        """
        text, counts = "", list[int]()
        try:
            connection = self._open()
            cursor = connection.cursor()
            for statement, rows in parts:
                text, order = _compiled(self._engine.dialect, statement)
                cursor.executemany(text, rows if order is None else [tuple([row[n] for n in order]) for row in rows])
                counts.append(cursor.rowcount)
            if last:
                cursor.execute(last)
            cursor.close()
            connection.commit()
        except BaseException as error:
            self.close(broken=True)
            driver = self._engine.dialect.loaded_dbapi
            if isinstance(error, driver.Error):
                raise exc.DBAPIError.instance(text, None, error, driver.Error) from error
            raise
        if not self._keep:
            self.close()
        return counts[0]

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
