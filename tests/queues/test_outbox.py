"""The outbox on real databases: what is queued, when it is sent, and what becomes of it. Each test on both of them."""

from __future__ import annotations

import collections.abc as c
import contextlib
import datetime
import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import threading
import time
import typing as t

import pytest
import sqlalchemy as sa
from flask import current_app
from flask import Flask
from sqlalchemy import orm

import flask_mail
from flask_mail import email_deferred
from flask_mail import email_failed
from flask_mail import email_queued
from flask_mail import Mail
from flask_mail import Message
from flask_mail import QueueError
from flask_mail.extension.background import make_worker
from flask_mail.extension.runtime import runtimes
from flask_mail.queues.base import Lease
from flask_mail.queues.outbox import Entry
from flask_mail.queues.outbox import metadata
from flask_mail.queues.outbox import OutboxQueue
from flask_mail.queues.outbox import Store
from flask_mail.queues.outbox.database import engine
from flask_mail.queues.outbox.database import PAGE
from flask_mail.queues.worker import Tally
from flask_mail.submission import Submission

from ..servers import data
from ..servers import line
from ..servers import ScriptedServer
from ..servers import Server
from ..servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/outbox.sqlite"
    return t.cast(str, request.getfixturevalue("postgres_database"))


class Bench:
    """An application with an outbox."""

    def __init__(self, app: Flask, server: Server) -> None:
        self.app = app
        self.server = server
        self.mail = Mail(app)
        self.state: t.Any = self.mail.state
        self.queue: OutboxQueue = self.state.get_queue()
        self.queue.store.create()

    def later(self, name: object = 1, *recipients: str, **terms: t.Any) -> str:
        message = Message(f"Number {name}", list(recipients) or ["to@example.com"], f"This is {name}.")
        return self.mail.send_later(message, **terms)

    def work(self, **options: t.Any) -> Tally:
        """Send what can be sent now."""
        return make_worker(self.state, self.queue, **options).run(burst=True)

    def entry(self, id: str) -> Entry:
        found = self.state.outbox.get(id)
        assert found is not None
        return t.cast(Entry, found)

    def let_come(self, id: str) -> None:
        """Let the time pass until a message that waits is due."""
        table = metadata.tables["mail_outbox"]
        with self.queue.store.engine.begin() as connection:
            connection.execute(table.update().where(table.c.id == id).values(due=time.time() - 1))

    @property
    def subjects(self) -> list[str]:
        return [str(delivery.message["subject"]) for delivery in self.server.deliveries]


@pytest.fixture
def bench(make_app: c.Callable[..., Flask], smtp: Server, url: str) -> c.Iterator[Bench]:
    app = make_app(smtp, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=url)
    made = Bench(app, smtp)
    with app.app_context():
        yield made
    made.queue.store.engine.dispose()


# Queueing


def test_what_is_queued_is_sent_by_a_worker(bench: Bench) -> None:
    id = bench.later("one", "a@example.com", "b@example.com")
    assert bench.server.deliveries == []
    assert bench.work().sent == 1
    (delivery,) = bench.server.deliveries
    assert delivery.recipients == ("a@example.com", "b@example.com")
    assert delivery.message.get_content().strip() == "This is one."
    entry = bench.entry(id)
    assert entry.state == "sent"
    assert entry.message_id == delivery.message["message-id"]
    assert {who: state for who, (state, _) in entry.recipients.items()} == {
        "a@example.com": "accepted",
        "b@example.com": "accepted",
    }
    assert bench.work().sent == 0


def test_it_is_composed_when_it_is_queued(bench: Bench) -> None:
    message = Message("Before", ["to@example.com"], "Before.")
    bench.mail.send_later(message)
    message.subject = "After"
    with pytest.raises(flask_mail.BadHeaderError):
        bench.mail.send_later(Message("a\nb", ["to@example.com"]))
    bench.work()
    assert bench.subjects == ["Before"]


def test_it_is_committed_when_the_call_returns(bench: Bench) -> None:
    bench.later()
    another = engine(bench.state.outbox_url)
    with another.connect() as connection:
        assert connection.execute(sa.text("SELECT state FROM mail_outbox")).scalar_one() == "ready"
    another.dispose()


def test_sqlite_writes_to_disk_with_each_commit(tmp_path: pathlib.Path) -> None:
    with engine(f"sqlite:///{tmp_path}/new/outbox.sqlite").connect() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar_one() == 2  # FULL
        assert connection.execute(sa.text("PRAGMA page_size")).scalar_one() == PAGE


def test_other_databases_need_no_python_with_sqlite() -> None:
    program = """
import sys
sys.modules["sqlite3"] = None
import flask_mail.queues.outbox, flask_mail.queues.worker
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_key_queues_once(bench: Bench) -> None:
    first = bench.later("one", key="welcome-1")
    assert bench.later("two", key="welcome-1") == first
    bench.work()
    assert bench.later("three", key="welcome-1") == first
    bench.work()
    assert bench.subjects == ["Number one"]


def test_a_key_queues_once_from_many_threads(bench: Bench) -> None:
    ids: list[str] = []

    def queue() -> None:
        with bench.app.app_context():
            ids.append(bench.later("one", key="k"))

    threads = [threading.Thread(target=queue) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert bench.work().sent == 1


def test_forty_threads_queue_over_fifteen_connections(bench: Bench) -> None:
    ids: list[str] = []

    def queue() -> None:
        with bench.app.app_context():
            ids.extend(bench.later(number) for number in range(5))

    threads = [threading.Thread(target=queue) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 200
    assert bench.state.outbox.stats().states == {"ready": 200}


def test_all_of_a_submission_survives(bench: Bench) -> None:
    many = [f"to-{number}@example.com" for number in range(2990)]
    message = Message("Grüße", ["jörg@exämple.com", *many], "Häuser, 家", sender="sören@example.com")
    message.envelope_from = "bounces+jörg@example.com"
    message.mail_options, message.rcpt_options = ["RET=HDRS", "ENVID=a+2Bb"], ["NOTIFY=SUCCESS,FAILURE"]
    message.tags, message.metadata = ["welcome", "ü"], {"user": 1, "größe": [1.5, None, "\0"]}
    message.attach("data.bin", "application/octet-stream", bytes(range(256)) * 8000)
    put: list[Submission] = []
    original = bench.queue.put

    def keep(submission: Submission, /, **terms: t.Any) -> str:
        put.append(submission)
        return original(submission, **terms)

    bench.queue.put = keep  # type: ignore[method-assign]
    bench.mail.send_later(message)
    (claimed,) = bench.queue.store.claim(Lease("somebody:1", time.monotonic() + 60), 60.0, 1)
    found, (given,) = claimed.submission, put
    assert found.envelope == given.envelope
    assert found.envelope.sender == "bounces+jörg@example.com"
    assert {"SMTPUTF8", "RET=HDRS"} <= set(found.envelope.mail_options)
    assert (found.message_id, found.tags, found.metadata) == (given.message_id, given.tags, given.metadata)
    assert bytes(found.content) == bytes(given.content)
    assert len(found.content) > 2_000_000


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"delay": 1, "at": 2}, "give delay or at, not both"),
        ({"delay": -1}, "delay is -1, but it has to be seconds, 0 or more, or a timedelta"),
        ({"delay": "soon"}, "delay is 'soon', but it has to be seconds, 0 or more, or a timedelta"),
        ({"delay": datetime.timedelta(-1)}, "but it has to be seconds, 0 or more, or a timedelta"),
        ({"delay": datetime.datetime(2030, 1, 1)}, "but it has to be seconds, 0 or more, or a timedelta"),
        ({"delay": float("nan")}, "delay is nan, but it has to be seconds, 0 or more, or a timedelta"),
        ({"delay": float("inf")}, "delay is inf, but it has to be before the year 9000"),
        ({"delay": 10**400}, "but it has to be before the year 9000"),
        ({"at": datetime.datetime.max}, "but it has to be before the year 9000"),
        ({"expires": 1e12}, r"expires is 1000000000000.0, but it has to be before the year 9000"),
        ({"expires": "tomorrow"}, "expires is 'tomorrow', but it has to be a datetime, or seconds, .* or a timedelta"),
        ({"at": "noon"}, "at is 'noon', but it has to be a datetime, or seconds since the epoch"),
        ({"expires": datetime.timedelta(seconds=1), "delay": 5}, "which is before the message could be sent"),
        ({"priority": "high"}, "priority is 'high', but it has to be a whole number; higher goes first"),
        ({"key": ""}, "key is '', but it has to be a string of 1 to 200 characters, without NUL"),
        ({"key": "a\0b"}, "but it has to be a string of 1 to 200 characters, without NUL"),
        ({"key": "\udc80"}, "but it has to be a string of 1 to 200 characters, without NUL"),
        ({"key": "k" * 201}, "but it has to be a string of 1 to 200 characters, without NUL"),
    ],
)
def test_terms_that_are_none_say_so(bench: Bench, terms: dict[str, t.Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bench.later(**terms)
    assert bench.state.outbox.entries() == []


def test_what_is_for_later_waits(bench: Bench) -> None:
    ids = [
        bench.later("delay", delay=60),
        bench.later("timedelta", delay=datetime.timedelta(minutes=1)),
        bench.later("at", at=datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)),
        bench.later("past", at=datetime.datetime(2020, 1, 1)),
    ]
    assert bench.work().sent == 1
    assert bench.subjects == ["Number past"]
    for id in ids[:3]:
        assert 50 < bench.entry(id).due - time.time() < 61
        bench.let_come(id)
    assert bench.work().sent == 3


def test_a_higher_priority_goes_first_and_then_the_older_one(bench: Bench) -> None:
    for name, priority in (("low", -1), ("first", 0), ("high", 5), ("second", 0)):
        bench.later(name, priority=priority)
    bench.work(connections=1, batch=2)
    assert bench.subjects == ["Number high", "Number first", "Number second", "Number low"]


def test_many_are_queued_together(bench: Bench) -> None:
    def messages() -> c.Iterator[Message]:
        for number in range(1200):
            yield Message(f"Number {number}", ["to@example.com" if number != 7 else "nobody"], "Text.")

    results = list(bench.mail.send_many(messages(), later=True))
    assert [result.index for result in results] == list(range(1200))
    assert [result.index for result in results if not result.ok] == [7]
    assert isinstance(results[7].error, flask_mail.AddressError)
    assert bench.state.outbox.stats().states == {"ready": 1199}
    assert len({result.id for result in results}) == 1200


def test_what_is_queued_together_is_sent_in_its_order(bench: Bench) -> None:
    names = [f"Number {number}" for number in range(60)]
    list(bench.mail.send_many((Message(name, ["to@example.com"], "Text.") for name in names), later=True))
    bench.work(connections=1)
    assert bench.subjects == names


def test_while_sending_is_suppressed_nothing_is_queued(make_app: c.Callable[..., Flask], smtp: Server) -> None:
    app = make_app(smtp, MAIL_QUEUE="outbox", TESTING=True)
    mail = Mail(app)
    queued: list[tuple[str, str]] = []

    def record(sender: Flask, message: Message, **told: t.Any) -> None:
        queued.append((message.subject, told["id"]))

    with app.app_context(), mail.record_messages() as outbox, email_queued.connected_to(record):
        id = mail.send_later(Message("Captured", ["to@example.com"], "Text."))
    assert queued == [("Captured", id)]
    assert [message.subject for message in outbox] == ["Captured"]
    assert not pathlib.Path(app.instance_path, "outbox.sqlite").exists()


def test_the_default_is_a_file_in_the_instance_folder(
    make_app: c.Callable[..., Flask], smtp: Server, tmp_path: pathlib.Path
) -> None:
    app = Flask("app", instance_path=str(tmp_path / "instance"))
    app.config.update(make_app(smtp).config)
    app.config["MAIL_QUEUE"] = "outbox"
    bench = Bench(app, smtp)
    bench.later()
    assert (tmp_path / "instance" / "outbox.sqlite").exists()
    assert bench.work().sent == 1


# Transactions


def test_it_joins_the_transaction_of_a_session(bench: Bench, url: str) -> None:
    with orm.Session(bench.queue.store.engine) as session:
        bench.later("rolled back", session=session)
        session.rollback()
        bench.later("committed", session=session)
        if url.startswith("postgresql"):  # SQLite has one writer at a time
            assert bench.work().sent == 0
        session.commit()
    assert bench.work().sent == 1
    assert bench.subjects == ["Number committed"]


def test_it_joins_the_transaction_of_a_connection(bench: Bench) -> None:
    with bench.queue.store.engine.connect() as connection:
        bench.later("rolled back", session=connection)
        connection.rollback()
        bench.later("committed", session=connection)
        connection.commit()
    assert bench.work().sent == 1
    assert bench.subjects == ["Number committed"]


def test_a_savepoint_takes_its_mail_with_it(bench: Bench) -> None:
    with orm.Session(bench.queue.store.engine) as session:
        bench.later("outer", session=session)
        with session.begin_nested() as savepoint:
            bench.later("inner", session=session)
            savepoint.rollback()
        session.commit()
    bench.work()
    assert bench.subjects == ["Number outer"]


def test_it_joins_the_transaction_of_a_scoped_session(bench: Bench) -> None:
    session = orm.scoped_session(orm.sessionmaker(bench.queue.store.engine))
    for name, end in (("rolled back", session.rollback), ("committed", session.commit)):
        bench.later(name, session=session)
        end()
    session.remove()
    bench.work()
    assert bench.subjects == ["Number committed"]


class Asynchronous:
    """Looks as SQLAlchemy's ``AsyncSession`` does."""

    async def run_sync(self) -> None: ...


@pytest.mark.parametrize(
    ("session", "said"),
    [
        ("db", "session is a str, but it has to be a Session, scoped_session or Connection of SQLAlchemy"),
        (sa.create_engine("sqlite://"), "session is a Engine, but it has to be a Session"),
        (Asynchronous(), "session is a Asynchronous, .* call await session.run_sync"),
    ],
)
def test_a_session_that_is_none_says_so(bench: Bench, session: t.Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        bench.later(session=session)
    assert bench.state.outbox.entries() == []


def test_who_sends_is_told_when_all_is_committed(bench: Bench) -> None:
    told: list[list[str]] = []
    bench.queue.committed = told.append
    with orm.Session(bench.queue.store.engine) as session:
        outer = bench.later("outer", session=session)
        with session.begin_nested():
            inner = bench.later("inner", session=session)
        assert told == []  # a savepoint was released, and may still be rolled back
        session.commit()
        assert told == [[outer], [inner]]
        bench.later("rolled back", session=session)
        session.rollback()
        session.commit()
    assert told == [[outer], [inner]]


def test_a_commit_does_not_fail_because_nobody_can_be_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def fail(ids: list[str]) -> None:
        raise RuntimeError("can't start new thread")

    bench.queue.committed = fail
    with orm.Session(bench.queue.store.engine) as session:
        bench.later("joined", session=session)
        session.commit()
    bench.later("alone")
    assert bench.work().sent == 2
    assert [record.getMessage() for record in caplog.records] == [
        "Messages are in the outbox, but who sends them could not be told; they are found later"
    ] * 2


@pytest.mark.parametrize("committed", [True, False])
def test_it_joins_the_transaction_of_flask_sqlalchemy(
    make_app: c.Callable[..., Flask], smtp: Server, url: str, committed: bool
) -> None:
    from flask_sqlalchemy import SQLAlchemy

    app = make_app(smtp, MAIL_QUEUE="outbox", SQLALCHEMY_DATABASE_URI=url)
    database = SQLAlchemy(app)

    class User(database.Model):  # type: ignore[name-defined, misc, unused-ignore]
        id = sa.Column(sa.Integer, primary_key=True)
        name = sa.Column(sa.String(20))

    with app.app_context():
        database.create_all()
        bench = Bench(app, smtp)
        database.session.add(User(name="Joe"))
        bench.later("welcome")
        database.session.commit() if committed else database.session.rollback()
        assert bench.work().sent == committed
        assert database.session.query(User).count() == committed
        database.session.remove()
        database.engine.dispose()
    assert len(smtp.deliveries) == committed


def test_without_a_context_it_has_a_transaction_of_its_own(
    make_app: c.Callable[..., Flask], smtp: Server, url: str
) -> None:
    from flask_sqlalchemy import SQLAlchemy

    app = make_app(smtp, MAIL_QUEUE="outbox", SQLALCHEMY_DATABASE_URI=url)
    database = SQLAlchemy(app)
    bench = Bench(app, smtp)
    bench.later()
    assert bench.work().sent == 1
    with app.app_context():
        database.engine.dispose()


def test_tables_are_made_on_sqlite_and_asked_for_elsewhere(
    make_app: c.Callable[..., Flask], smtp: Server, url: str
) -> None:
    app = make_app(smtp, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=url)
    mail = Mail(app)
    message = Message("Hello", ["to@example.com"], "Text.")
    if url.startswith("sqlite"):
        mail.send_later(message)
    else:
        with pytest.raises(
            QueueError, match="tables are missing in its database, and nothing was queued. Make them by"
        ):
            mail.send_later(message)
        runner = app.test_cli_runner()
        assert "The outbox's tables are there: postgresql" in runner.invoke(args=["mail", "outbox", "init"]).output
        mail.send_later(message)
    state: t.Any = mail.state
    assert state.outbox.stats().states == {"ready": 1}
    state.get_queue().store.engine.dispose()


def test_tables_missing_within_a_transaction_are_made_in_it_on_sqlite(
    make_app: c.Callable[..., Flask], smtp: Server, tmp_path: pathlib.Path
) -> None:
    app = make_app(smtp, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=f"sqlite:///{tmp_path}/app.sqlite")
    mail = Mail(app)
    state: t.Any = mail.state
    queue = state.get_queue()
    for end in ("rollback", "commit"):
        with orm.Session(queue.store.engine) as session:
            mail.send_later(Message("Hello", ["to@example.com"], "Text."), session=session)
            getattr(session, end)()
    assert state.outbox.stats().states == {"ready": 1}


# The worker


class Working:
    """A worker in a thread."""

    def __init__(self, bench: Bench, **options: t.Any) -> None:
        self.worker = make_worker(bench.state, bench.queue, **options)
        self.thread = threading.Thread(target=self.worker.run)

    def __enter__(self) -> t.Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.stop()
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.mark.parametrize("smtp_only", [True, False])
def test_a_worker_that_waits_for_its_turn_can_be_stopped(bench: Bench, smtp_only: bool) -> None:
    bench.state.rate_limit = (1, 60.0)
    if not smtp_only:
        bench.state.transport = "memory"
    for number in range(3):
        bench.later(number)
    with Working(bench):
        until = time.monotonic() + 20
        while bench.state.outbox.stats().states.get("sent") != 1:
            assert time.monotonic() < until
            time.sleep(0.02)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert bench.state.outbox.stats().states == {"sent": 1, "ready": 2}
    assert {entry.attempts for entry in bench.state.outbox.entries(state="ready")} == {0}


@pytest.fixture
def rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers do not look by themselves."""
    monkeypatch.setattr("flask_mail.queues.supply.SWEEP", 60.0)
    monkeypatch.setattr("flask_mail.queues.outbox.listener.LOOK_ALL_THE_SAME", 60.0)


def test_a_commit_wakes_a_worker(bench: Bench, url: str, rarely: None) -> None:
    waits: list[float] = []
    with Working(bench):
        bench.later("first")
        bench.server.wait(1, timeout=20)
        for number in range(5):
            with orm.Session(bench.queue.store.engine) as session:
                bench.later(number, session=session)
                began = time.monotonic()
                session.commit()
            bench.server.wait(number + 2, timeout=20)
            waits.append(time.monotonic() - began)
            until = time.monotonic() + 20
            while bench.state.outbox.stats().states != {"sent": number + 2}:  # it sleeps again, or is about to
                assert time.monotonic() < until
    assert max(waits) < 3  # looked into each second
    if url.startswith("postgresql"):
        assert sorted(waits)[2] < 0.3


def test_a_worker_goes_on_after_its_database_was_away(
    make_app: c.Callable[..., Flask], smtp: Server, postgres: Postgres, postgres_database: str
) -> None:
    bench = Bench(make_app(smtp, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=postgres_database), smtp)
    name = sa.make_url(postgres_database).database
    with Working(bench):
        bench.later("before")
        smtp.wait(1, timeout=20)
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        with pytest.raises(QueueError):
            bench.later("away")
        postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        bench.later("after")
        smtp.wait(2, timeout=30)
    bench.queue.store.engine.dispose()
    assert bench.subjects == ["Number before", "Number after"]


# What becomes of it


@contextlib.contextmanager
def _told(*signals: t.Any) -> c.Iterator[list[tuple[str, dict[str, t.Any]]]]:
    """What is told by some signals: the name of each, and what came with it."""
    found: list[tuple[str, dict[str, t.Any]]] = []

    def recorder(name: str) -> c.Callable[..., None]:
        def record(sender: Flask, **told: t.Any) -> None:
            assert current_app.name == sender.name  # receivers find the application
            found.append((name, told))

        return record

    with contextlib.ExitStack() as stack:
        for signal in signals:
            stack.enter_context(signal.connected_to(stack.push(_Kept(recorder(signal.name))).call))
        yield found


class _Kept:
    """Holds on to a receiver, which its signal does not."""

    def __init__(self, call: c.Callable[..., None]) -> None:
        self.call = call

    def __exit__(self, *_: object) -> None:
        pass


def test_who_accepted_is_never_offered_it_again(bench: Bench) -> None:
    bench.server.refused["later@example.com"] = "450 4.2.0 Greylisted, try again later"
    bench.server.refused["never@example.com"] = "550 5.1.1 No such user"
    id = bench.later("one", "now@example.com", "later@example.com", "never@example.com")
    with _told(email_deferred, email_failed) as told:
        bench.work()
    entry = bench.entry(id)
    assert entry.state == "waiting"
    assert entry.recipients == {
        "now@example.com": ("accepted", "250 2.0.0 OK: queued as 1"),
        "later@example.com": ("open", "450 4.2.0 Greylisted, try again later"),
        "never@example.com": ("failed", "550 5.1.1 No such user"),
    }
    assert [(name, each["id"], each["recipients"]) for name, each in told] == [
        ("email-failed", id, ("never@example.com",)),
        ("email-deferred", id, ("later@example.com",)),
    ]
    assert 47 < entry.due - time.time() < 73
    bench.server.refused.clear()
    bench.let_come(id)
    bench.work()
    assert [delivery.recipients for delivery in bench.server.deliveries] == [
        ("now@example.com",),
        ("later@example.com",),
    ]
    first, second = bench.server.deliveries
    assert first.content == second.content
    assert bench.entry(id).state == "failed"  # one of them will not get it


def test_a_refused_message_fails_with_the_reply(bench: Bench) -> None:
    bench.server.replies["DATA"] = "554 5.7.1 Looks like spam"
    id = bench.later()
    with _told(email_failed) as told:
        bench.work()
    ((_, failed),) = told
    assert failed["message_id"] == bench.entry(id).message_id
    assert failed["recipients"] == ("to@example.com",)
    entry = bench.entry(id)
    assert entry.state == "failed"
    assert entry.error is not None
    assert entry.error["text"] == "554 5.7.1 Looks like spam"
    assert entry.error["cause"] == "spam-content"


def test_attempts_and_delays_follow_the_schedule(bench: Bench) -> None:
    bench.state.retry_schedule, bench.state.retry_for = (100.0, 1000.0), 3000.0
    bench.queue = bench.state.get_queue()
    bench.server.replies["DATA"] = "451 4.3.0 Try again later"
    id = bench.later()
    for attempt, delay in ((1, 100), (2, 1000), (3, 1000)):
        assert bench.work().deferred == 1
        entry = bench.entry(id)
        assert entry.attempts == attempt
        assert 0.79 * delay < entry.due - time.time() < 1.21 * delay
        bench.let_come(id)
    table = metadata.tables["mail_outbox"]
    with bench.queue.store.engine.begin() as connection:
        connection.execute(table.update().values(expires=time.time() + 500))
    with _told(email_failed) as told:
        bench.work()
    assert [each["id"] for _, each in told] == [id]
    assert bench.entry(id).state == "expired"


def test_trouble_on_the_way_costs_no_attempt_and_stops_the_others(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.state.port = 1
    ids = [bench.later(number) for number in range(3)]
    with _told(email_deferred, email_failed) as told:
        tally = bench.work()
    assert isinstance(tally.trouble, ConnectionRefusedError)
    assert [(bench.entry(id).state, bench.entry(id).attempts) for id in ids] == [("ready", 0)] * 3
    ((name, what),) = told  # the one that was to be the first
    assert (name, what["id"], what["recipients"]) == ("email-deferred", ids[0], ("to@example.com",))
    assert isinstance(what["error"], ConnectionRefusedError)
    assert what["due"] > bench.entry(ids[0]).due
    bench.state.port = bench.server.port
    assert bench.work().sent == 3


@pytest.mark.parametrize(("policy", "state"), [("resend", "waiting"), ("hold", "held")])
def test_in_doubt(bench: Bench, scripted: c.Callable[..., ScriptedServer], policy: str, state: str) -> None:
    silent = scripted([b"220 hello\r\n", line, b"250 hello\r\n", *[line, b"250 ok\r\n"] * 2, line, b"354 go\r\n", data])
    bench.state.in_doubt, bench.state.port = policy, silent.port
    bench.queue = bench.state.get_queue()
    id = bench.later()
    bench.work()
    assert bench.entry(id).state == state
    bench.state.port = bench.server.port
    if policy == "hold":
        assert bench.work().sent == 0
        assert bench.state.outbox.retry(id) == [id]
    else:
        bench.let_come(id)
    assert bench.work().sent == 1


# Looking after it


def test_retry_cancel_and_purge(bench: Bench) -> None:
    bench.server.refused["bad@example.com"] = "550 5.1.1 No such user"
    bad = bench.later("bad", "bad@example.com")
    waits = bench.later("waits", delay=100)
    bench.work()
    outbox = bench.state.outbox
    assert [entry.id for entry in outbox.entries(state="failed")] == [bad]
    assert outbox.cancel(waits, bad) == [waits]
    bench.server.refused.clear()
    assert outbox.retry(state="failed") == [bad]
    assert bench.work().sent == 1
    assert outbox.stats().states == {"sent": 1, "cancelled": 1}
    assert outbox.stats().sent_last_hour == 1
    assert sum(outbox.rates()) == 1
    assert outbox.purge(3600) == 0
    assert outbox.purge(0, state="cancelled") == 1
    assert outbox.purge(0) == 1
    assert outbox.entries() == []
    with pytest.raises(ValueError, match="state is 'sending', but it has to be one of waiting, failed"):
        outbox.retry(state="sending")


def test_a_dead_letter_that_is_tried_again_has_all_its_lives(bench: Bench) -> None:
    id = bench.later()
    table = metadata.tables["mail_outbox"]
    with bench.queue.store.engine.begin() as connection:
        connection.execute(table.update().values(state="dead", deaths=3, due=time.time()))
    assert bench.work().sent == 0
    assert bench.state.outbox.retry(id) == [id]
    with bench.queue.store.engine.connect() as connection:
        assert connection.execute(sa.select(table.c.deaths)).scalar_one() == 0
    assert bench.work().sent == 1


def test_what_is_over_is_kept_for_so_long_and_no_longer(bench: Bench) -> None:
    old, new = bench.later("old"), bench.later("new")
    bench.work()
    table = metadata.tables["mail_outbox"]
    with bench.queue.store.engine.begin() as connection:
        connection.execute(table.update().where(table.c.id == old).values(due=time.time() - 700_000))
    bench.work()
    assert [entry.id for entry in bench.state.outbox.entries()] == [new]


def test_the_commands(bench: Bench) -> None:
    run = bench.app.test_cli_runner().invoke
    id = bench.later("one", "a@example.com", "b@example.com", key="k", priority=3)
    listed = run(args=["mail", "outbox", "list", "--to", "b@example", "--json"]).output
    told = json.loads(listed)
    assert (told["id"], told["state"], told["key"], told["priority"]) == (id, "ready", "k", 3)
    shown = run(args=["mail", "outbox", "show", id[:20]]).output
    assert "state       ready, after 0 attempts" in shown
    assert "subject     Number one" in shown
    assert "recipient   a@example.com: open" in shown
    assert run(args=["mail", "outbox", "show", id, "--content"]).stdout_bytes.endswith(b"This is one.")
    assert "1 sent, 0 deferred, 0 failed" in run(args=["mail", "worker", "--burst"]).output
    assert run(args=["mail", "outbox", "list", "--state", "ready"]).output == "There are no such messages.\n"
    stats = json.loads(run(args=["mail", "outbox", "stats", "--json"]).output)
    assert stats["states"] == {"sent": 1}
    cancelled = run(args=["mail", "outbox", "cancel", id])
    assert cancelled.exit_code == 1
    assert cancelled.output == (
        f"0 messages will not be sent.\n{id}: there is no such message, or its state does not allow that.\n"
    )
    assert run(args=["mail", "outbox", "purge", "--older-than", "0s"]).output == "1 message deleted.\n"
    bad = run(args=["mail", "outbox", "purge", "--older-than", "soon"])
    assert bad.exit_code == 2
    assert "'soon' is no duration; write it as 90s, 15m, 4h or 5d" in bad.output


def test_messages_are_found_by_their_recipients_and_nothing_else(bench: Bench) -> None:
    bench.server.refused["ann@example.com"] = "550 5.1.1 No such user, said the doorman"
    ann, joerg = bench.later(1, "ann@example.com"), bench.later(2, "jörg@example.com", "bob+%_x@example.com")
    bench.work()

    def found(recipient: str, **others: t.Any) -> list[str]:
        return [entry.id for entry in bench.state.outbox.entries(recipient=recipient, **others)]

    assert found("ANN@") == [ann]
    assert found("JÖRG@") == found("bob+%_") == [joerg]
    assert found("doorman") == found("accepted") == found("%@") == []
    assert found("example.com") == [joerg, ann]
    assert found("example.com", limit=1) == [joerg]
    assert found("example.com", older_than=0) == [joerg, ann]
    assert found("example.com", older_than=3600) == []


@pytest.mark.parametrize(
    "arguments",
    ["worker --burst", "outbox init", "outbox list", "outbox stats", "outbox purge", "outbox retry 1", "outbox show 1"],
)
def test_the_commands_say_why_where_the_database_is_away(
    make_app: c.Callable[..., Flask], smtp: Server, arguments: str
) -> None:
    app = make_app(smtp, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL="postgresql+psycopg://me:canary@127.0.0.1:1/none")
    Mail(app)
    result = app.test_cli_runner().invoke(args=["mail", *arguments.split()])
    assert result.exit_code == 1
    assert result.output.startswith("The outbox cannot be read or written: connection failed: ")
    assert result.output.count("\n") == 1
    assert "canary" not in result.output


def test_a_worker_says_why_it_cannot_work(make_app: c.Callable[..., Flask], smtp: Server) -> None:
    for config, said in (
        ({"MAIL_QUEUE": "thread"}, "MAIL_QUEUE is 'thread', but a worker is for MAIL_QUEUE = 'outbox' only."),
        ({"MAIL_QUEUE": "outbox", "TESTING": True}, "Sending is suppressed (MAIL_SUPPRESS_SEND or TESTING)"),
    ):
        app = make_app(smtp, **config)
        Mail(app)
        result = app.test_cli_runner().invoke(args=["mail", "worker", "--burst"])
        assert result.exit_code == 1
        assert said in result.output


def test_a_worker_in_the_application_needs_no_other_process(
    bench: Bench, rarely: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_mail.queues.outbox.listener.LOOK", 60.0)
    app = Flask("with_worker")
    app.config.update(bench.app.config, MAIL_OUTBOX_WORKER="thread")
    mail = Mail(app)
    mail.send_later(Message("At once", ["to@example.com"], "Text."))
    bench.server.wait(1, timeout=20)
    until = time.monotonic() + 20
    while bench.state.outbox.stats().states != {"sent": 1}:
        assert time.monotonic() < until
    mail.send_later(Message("And this", ["to@example.com"], "Text."))
    bench.server.wait(2, timeout=20)
    runtimes[t.cast(t.Any, mail.state)].close()
    assert bench.subjects == ["At once", "And this"]


def test_a_worker_says_how_it_goes_where_logging_is_not_configured(tmp_path: pathlib.Path) -> None:
    program = f"""
from flask import Flask
from flask_mail import Mail, Message
from flask_mail.queues import worker
worker.HEALTH = 0.0
app = Flask("health")
app.config.update(MAIL_QUEUE="outbox", MAIL_OUTBOX_URL="sqlite:///{tmp_path}/o.sqlite", MAIL_TRANSPORT="memory",
    MAIL_DEFAULT_SENDER="a@example.com", MAIL_RATE_LIMIT="2/s", MAIL_OUTBOX_LEASE=1)
mail = Mail(app)
for number in range(4):
    mail.send_later(Message("x", ["b@example.com"], "x"))
print(app.test_cli_runner().invoke(args=["mail", "worker", "--burst"]).stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert re.search(r"INFO Outbox worker \S+: [1-4] sent, 0 deferred, 0 failed", done.stdout), done


# What the database says


def test_a_database_that_cannot_be_reached_is_an_error_that_says_so(
    make_app: c.Callable[..., Flask], smtp: Server
) -> None:
    app = make_app(smtp, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL="postgresql+psycopg://me:canary@127.0.0.1:1/none")
    mail = Mail(app)
    with pytest.raises(QueueError) as caught:
        mail.send_later(Message("Hello", ["to@example.com"], "Secret text."))
    assert "The message was not queued, since the outbox's database said: connection failed" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nonsense://x", "sqlalchemy.dialects:nonsense. Set it to a URL that SQLAlchemy knows, such as 'sqlite:"),
        ("nonsense", "MAIL_OUTBOX_URL has to be a URL such as 'postgresql+psycopg://user@host/database'."),
    ],
)
def test_a_url_that_is_none(make_app: c.Callable[..., Flask], smtp: Server, given: str, said: str) -> None:
    with pytest.raises(flask_mail.ConfigError, match=re.escape(said)):
        Mail(make_app(smtp, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=given)).send_later(Message("a", ["b@example.com"]))


def test_the_outbox_holds_no_secret_and_no_pickle(bench: Bench, url: str) -> None:
    bench.state.username, bench.state.password = "me", "canary-password"
    bench.later()
    with bench.queue.store.engine.connect() as connection:
        (row,) = connection.execute(sa.text("SELECT * FROM mail_outbox")).mappings()
        (content,) = connection.execute(sa.text("SELECT content FROM mail_outbox_content")).scalars()
    assert "canary" not in repr(dict(row))
    assert {type(value) for value in row.values()} <= {str, int, float, bytes, list, dict, type(None)}
    assert bytes(content).startswith(b"From: support@mysite.example\r\n")


def test_the_extra_is_named_where_it_is_missing(
    make_app: c.Callable[..., Flask], smtp: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("flask_mail.queues.outbox")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(flask_mail.MissingExtraError, match=r"pip install 'Flask-Postbox\[outbox\]'"):
        Mail(make_app(smtp, MAIL_QUEUE="outbox")).send_later(Message("a", ["b@example.com"]))


def test_the_tables_can_be_migrated_with_the_applications_own() -> None:
    assert set(metadata.tables) == {"mail_outbox", "mail_outbox_content", "mail_outbox_worker"}
    with sa.create_engine("sqlite://").connect() as connection:
        metadata.create_all(connection)
        assert sa.inspect(connection).get_unique_constraints("mail_outbox") == []
        assert isinstance(connection.connection.driver_connection, sqlite3.Connection)
    assert Store(sa.create_engine("sqlite://")).missing()
