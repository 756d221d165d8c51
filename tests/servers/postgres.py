"""Debian's PostgreSQL, with durable commits (``fsync`` is on), on loopback."""

from __future__ import annotations

import contextlib
import itertools
import signal
import typing as t

import psycopg

from .process import program
from .process import ServerProcess
from .recording import HOST

BIN = "/usr/lib/postgresql/*/bin"


class Postgres(ServerProcess):
    """A cluster of its own; everybody on loopback may do everything."""

    name = "postgres"
    signal = signal.SIGINT  # "fast": does not wait for clients to leave

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)

    def prepare(self) -> None:
        self.run(
            program("initdb", BIN), "-D", f"{self.folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-instructions",
        )  # fmt: skip

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": "on",
            "synchronous_commit": "on",
            "log_min_messages": "error",
        }
        given = [f"--{name}={value}" for name, value in settings.items()]
        return [program("postgres", BIN), "-D", f"{self.folder}/data", *given]

    def answers(self) -> bool:
        try:
            psycopg.connect(self._dsn("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str = "postgres") -> str:
        """The URL of *database*, as SQLAlchemy writes it."""
        return f"postgresql+psycopg://postgres@{HOST}:{self.port}/{database}"

    @contextlib.contextmanager
    def database(self) -> t.Iterator[str]:
        """Make an empty database, give its URL, and drop it."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run *statement* outside of a transaction."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def _dsn(self, database: str) -> str:
        return f"host={HOST} port={self.port} user=postgres dbname={database}"
