"""The outbox's own database, where the application has none to join: made so that what is committed stays."""

from __future__ import annotations

import contextlib
import os
import pathlib
import typing as t
import weakref

import sqlalchemy as sa
from sqlalchemy import event

BUSY: t.Final = 30.0
"""Seconds to wait for another writer of an SQLite file."""

PAGE: t.Final = 8192
"""Octets of a page of an SQLite file: a usual mail fits into one, and is written in one piece."""


def engine(url: str) -> sa.Engine:
    """An engine for *url*. An SQLite file is written ahead and to disk with each commit (WAL, ``synchronous=FULL``).

    :raises sqlalchemy.exc.ArgumentError: *url* is none.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        made = sa.create_engine(parsed, pool_pre_ping=True)
    else:
        if parsed.database and not parsed.database.startswith((":", "file:")):
            with contextlib.suppress(OSError):  # what is queued first is told of it, with the remedy
                pathlib.Path(parsed.database).resolve().parent.mkdir(parents=True, exist_ok=True)
        made = sa.create_engine(parsed, connect_args={} if "timeout" in parsed.query else {"timeout": BUSY})
        event.listen(made, "connect", _be_durable)
    keep_from_children(made)
    return made


def file_url(path: str | os.PathLike[str]) -> str:
    """The URL of an SQLite file."""
    return sa.URL.create("sqlite", database=os.fspath(path)).render_as_string()


def keep_from_children(made: sa.Engine) -> None:
    """Let a child process after a fork open connections of its own."""
    _engines.add(made)


def _be_durable(connection: t.Any, record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA page_size = {PAGE}")  # counts where the file is new
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


_engines: weakref.WeakSet[sa.Engine] = weakref.WeakSet()


def _forget_connections() -> None:
    for each in list(_engines):
        each.dispose(close=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_connections)
