"""A statement with all its rows, handed to PostgreSQL in one piece; its answer is taken later.

PostgreSQL commits what it was handed, whether or not anybody waits for that, or is still there, unless its
``client_connection_check_interval`` says otherwise. So the mail servers can be given what is next meanwhile.

psycopg's own pipeline writes each row by itself and waits for the end; and what interrupts its waiting cancels what is
waited for.
"""

from __future__ import annotations

import collections.abc as c
import importlib
import itertools
import operator
import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

LOOK: t.Final = 0.1
"""Seconds after which one who waits is interrupted at the latest, where somebody wants that."""

_NUMBERED: t.Final = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

_numbers = itertools.count(1)


class Prepared:
    """A statement as one connection knows it.

    :param connection: psycopg's, which is in no transaction, and nobody else's until :meth:`forget`.
    :param statement: one that returns no rows, and for which all parameters have a name.
    """

    def __init__(self, connection: t.Any, statement: sa.UpdateBase) -> None:
        compiled = statement.compile(dialect=_NUMBERED)
        self._text = str(compiled).encode()
        self._pick: c.Callable[[dict[str, t.Any]], tuple[t.Any, ...]] = operator.itemgetter(*compiled.positiontup or ())
        self._connection = connection
        self._encoding: str = connection.info.encoding
        self._lasts = connection.prepare_threshold is not None
        """Whether it may be kept from one time to the next: what stands between, like PgBouncer, may not have that."""
        self._name = f"flask_mail_{next(_numbers)}".encode() if self._lasts else b""
        self._known = False

    def hand_over(self, rows: c.Sequence[dict[str, t.Any]]) -> int:
        """Have it run for each of *rows*, in one transaction. When this returns the operating system has all of it.

        :returns: how many answers there will be.
        :raises psycopg.Error: the connection is lost.
        """
        raw = self._connection.pgconn
        raw.enter_pipeline_mode()
        prepare = not self._known
        if prepare:
            raw.send_prepare(self._name, self._text)
            self._known = self._lasts
        for row in rows:
            values = [None if value is None else str(value).encode(self._encoding) for value in self._pick(row)]
            raw.send_query_prepared(self._name, values)
        raw.pipeline_sync()
        if raw.flush():
            _wait(raw, _written(raw))
        return prepare + len(rows) + 1

    def take(self, answers: int) -> int:
        """Wait until it is committed.

        :param answers: what :meth:`hand_over` returned.
        :returns: how many rows it changed.
        :raises psycopg.Error: it failed, and nothing of it is written.
        """
        errors = _psycopg("errors")
        raw = self._connection.pgconn
        changed = 0
        results = _wait(raw, _answers(raw, answers))
        for result in results:
            if result.error_message:
                raise errors.error_from_result(result, encoding=self._encoding)
            changed += result.command_tuples or 0
        if len(results) < answers:
            raise errors.OperationalError("the connection was lost")
        raw.exit_pipeline_mode()
        return changed

    def forget(self) -> None:
        """Leave nothing of it on the connection."""
        if self._known:
            self._connection.execute(b"DEALLOCATE " + self._name)
            self._known = False


def _psycopg(part: str) -> t.Any:
    return importlib.import_module(f"psycopg.{part}")


def _wait(raw: t.Any, steps: c.Generator[t.Any, t.Any, t.Any]) -> t.Any:
    return _psycopg("waiting").wait(steps, raw.socket, LOOK)


def _written(raw: t.Any) -> c.Generator[t.Any, t.Any]:
    """Write what is left."""
    waiting = _psycopg("waiting")
    while raw.flush():
        if (yield waiting.Wait.RW) & waiting.Ready.R:
            raw.consume_input()


def _answers(raw: t.Any, number: int) -> c.Generator[t.Any, t.Any, list[t.Any]]:
    """So many answers, or as many as there are before the connection is lost."""
    waiting = _psycopg("waiting")
    results: list[t.Any] = []
    ends = 0
    while len(results) < number and ends < 2:  # each has an end, and a lost connection has nothing but ends
        while raw.is_busy():
            yield waiting.Wait.R
            raw.consume_input()
        result = raw.get_result()
        ends = ends + 1 if result is None else 0
        if result is not None:
            results.append(result)
    return results
