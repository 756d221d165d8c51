"""Databases that cannot be written to: whoever queues mail is told why, and nothing of it is there."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import sqlite3
import subprocess
import sys
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask

import flask_mail
from flask_mail import QueueError
from flask_mail.queues.outbox import engine
from flask_mail.queues.outbox import Store
from flask_mail.queues.outbox.schema import contents
from flask_mail.queues.outbox.schema import messages

from ..servers.debian import ROOT
from ..servers.postgres import Postgres


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def send(file: pathlib.Path) -> c.Callable[..., str]:
    """Queue a message in the file."""
    app = _app(f"sqlite:///{file}")

    def sent(**options: t.Any) -> str:
        with app.app_context():
            message = flask_mail.Message("x", ["to@example.com"], body="x" * 5000)
            return t.cast(str, app.extensions["mail"].send_later(message, **options))

    return sent


def _app(url: str) -> Flask:
    app = Flask("broken")
    app.config.update(MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=url, MAIL_DEFAULT_SENDER="from@example.com")
    flask_mail.Mail(app)
    return app


def _there(url: str) -> tuple[int, int]:
    """How many messages there are, and how many contents."""
    made = sa.create_engine(url)
    with made.connect() as connection:
        counts = [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (messages, contents)
        ]
    made.dispose()
    return counts[0], counts[1]


@pytest.mark.parametrize("key", [None, "once"])
def test_a_disk_that_is_full(send: c.Callable[..., str], file: pathlib.Path, key: str | None) -> None:
    """As full as a limit on the size of the process's files makes it; in a child, since a limit is for ever."""
    send()
    program = f"""
import resource, signal, sys
import pytest
from tests.queues.test_broken_databases import _app, _there
import flask_mail
app = _app("sqlite:///{file}")
with app.app_context():
    send = lambda: app.extensions["mail"].send_later(
        flask_mail.Message("x", ["to@example.com"], body="x" * 300_000), key={key!r})
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    with pytest.raises(flask_mail.QueueError, match="was not queued, since the outbox's database said: ") as caught:
        send()
    print(caught.value)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert _there("sqlite:///{file}") == (1, 1)
    send()
    assert _there("sqlite:///{file}") == (2, 2)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "See whether the disk is full, or fails" in done.stdout
    assert "to@example.com" not in done.stdout


def test_a_database_that_may_not_grow(file: pathlib.Path) -> None:
    made = engine(f"sqlite:///{file}")
    store = Store(made)
    store.create()
    app = _app(f"sqlite:///{file}")
    with app.app_context():
        queue = app.extensions["mail"].get_queue()
        sa.event.listen(queue.store.engine, "connect", _allow_few_pages)
        with pytest.raises(QueueError, match=r"database or disk is full\. Make room on the disk"):
            app.extensions["mail"].send_later(flask_mail.Message("x", ["to@example.com"], body="x" * 500_000))
    assert _there(f"sqlite:///{file}") == (0, 0)
    made.dispose()


def _allow_few_pages(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA max_page_count = 30")


def test_a_database_that_is_locked(file: pathlib.Path) -> None:
    url = f"sqlite:///{file}?timeout=0.2"
    app = _app(url)
    with app.app_context():
        mail = app.extensions["mail"]
        mail.send_later(flask_mail.Message("x", ["to@example.com"], body="x"))
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(QueueError, match="locked. Another transaction holds the database for too long"):
                mail.send_later(flask_mail.Message("x", ["to@example.com"], body="x"))
            with pytest.raises(QueueError, match="locked"):
                mail.send_later(flask_mail.Message("x", ["to@example.com"], body="x"), key="once")
            other.execute("ROLLBACK")
        assert _there(f"sqlite:///{file}") == (1, 1)
        mail.send_later(flask_mail.Message("x", ["to@example.com"], body="x"), key="once")
    assert _there(f"sqlite:///{file}") == (2, 2)


def test_a_database_that_may_only_be_read(send: c.Callable[..., str], file: pathlib.Path) -> None:
    """By the way that holds for root, too."""
    send()
    app = _app(f"sqlite:///file:{file}?mode=ro&uri=true")
    with app.app_context(), pytest.raises(QueueError, match="readonly database. Let the application's user write"):
        app.extensions["mail"].send_later(flask_mail.Message("x", ["to@example.com"], body="x"))
    assert _there(f"sqlite:///{file}") == (1, 1)


def test_a_folder_that_cannot_be_made(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    app = _app(f"sqlite:///{tmp_path}/file/outbox.sqlite")
    with app.app_context(), pytest.raises(QueueError, match="unable to open database file. See that the folder"):
        app.extensions["mail"].send_later(flask_mail.Message("x", ["to@example.com"], body="x"))


def test_a_file_that_is_no_database(file: pathlib.Path) -> None:
    file.write_bytes(b"no database at all\n" * 500)
    app = _app(f"sqlite:///{file}")
    with app.app_context(), pytest.raises(QueueError, match="file is not a database"):
        app.extensions["mail"].send_later(flask_mail.Message("x", ["to@example.com"], body="x"))


def test_a_postgresql_that_may_only_be_read(postgres: Postgres, postgres_database: str) -> None:
    app = _app(postgres_database)
    assert app.test_cli_runner().invoke(args=["mail", "outbox", "init"]).exit_code == 0
    name = sa.make_url(postgres_database).database
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with app.app_context():
        mail = app.extensions["mail"]
        mail.get_queue().store.engine.dispose()
        with pytest.raises(QueueError, match="read-only transaction. Let the application's user write to it"):
            mail.send_later(flask_mail.Message("x", ["to@example.com"], body="x"))
        mail.get_queue().store.engine.dispose()
    assert _there(postgres_database) == (0, 0)


def test_a_postgresql_whose_connections_were_cut(postgres: Postgres, postgres_database: str) -> None:
    app = _app(postgres_database)
    assert app.test_cli_runner().invoke(args=["mail", "outbox", "init"]).exit_code == 0
    name = sa.make_url(postgres_database).database
    with app.app_context():
        mail = app.extensions["mail"]
        for _ in range(3):
            mail.send_later(flask_mail.Message("x", ["to@example.com"], body="x"))
            postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        mail.get_queue().store.engine.dispose()
    assert _there(postgres_database) == (3, 3)


@pytest.mark.parametrize("key", [None, "once"])
def test_a_postgresql_that_went_away(postgres: Postgres, postgres_database: str, key: str | None) -> None:
    app = _app(postgres_database)
    assert app.test_cli_runner().invoke(args=["mail", "outbox", "init"]).exit_code == 0
    name = sa.make_url(postgres_database).database
    with app.app_context():
        mail = app.extensions["mail"]
        mail.send_later(flask_mail.Message("x", ["to@example.com"], body="x"))
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        with pytest.raises(
            QueueError, match="The message was not queued, since the outbox's database said: connection"
        ):
            mail.send_later(flask_mail.Message("x", ["to@example.com"], body="x"), key=key)
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        mail.send_later(flask_mail.Message("x", ["to@example.com"], body="x"), key=key)
        mail.get_queue().store.engine.dispose()
    assert _there(postgres_database) == (2, 2)
