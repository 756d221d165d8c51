"""Hears from the database that there is something to send: LISTEN and NOTIFY of PostgreSQL.

Other databases say nothing, and are looked into now and then.
"""

from __future__ import annotations

import contextlib
import typing as t

import sqlalchemy as sa

from ..bell import Bell
from .store import CHANNEL

LOOK: t.Final = 1.0
"""Seconds after which a database that says nothing is looked into."""

LOOK_ALL_THE_SAME: t.Final = 5.0
"""Seconds after which one that speaks is, too: what it said may have been lost with a connection."""


class Listener:
    """One worker's ear.

    :param engine: the outbox's.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.bell: Bell = Bell()
        self._engine = engine
        self._speaks = engine.dialect.name == "postgresql"
        self._connection: t.Any = None

    def wait(self, seconds: float) -> bool:
        """Sleep until there may be something to send, at most so long; return whether there may be."""
        if not self._speaks:
            return self.bell.wait(min(seconds, LOOK))
        try:
            deaf = self._connection is None
            raw = self._listening()
            if deaf:  # what was committed before it listened, nobody has told it
                return True
            woken = self.bell.wait(min(seconds, LOOK_ALL_THE_SAME), raw.fileno())
            _take_in(raw)
        except Exception:  # whatever the driver raises: the next query tells better
            self._hang_up()
            return self.bell.wait(min(seconds, LOOK))
        return woken

    def close(self) -> None:
        """Give back its connection and descriptors."""
        self._hang_up()
        self.bell.close()

    def _listening(self) -> t.Any:
        """The driver's connection."""
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection.execute(sa.text(f"LISTEN {CHANNEL}"))
        return self._connection.connection.driver_connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.invalidate()
                connection.close()


def _take_in(raw: t.Any) -> None:
    """Take what has come from the socket, so that it does not wake us again."""
    if hasattr(raw, "poll"):  # psycopg2
        raw.poll()
        raw.notifies.clear()
    elif hasattr(raw, "pgconn"):  # psycopg
        raw.pgconn.consume_input()
        while raw.pgconn.notifies() is not None:
            pass
