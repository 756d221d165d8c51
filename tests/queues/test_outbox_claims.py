"""Claims, leases and what is made of those that ran out, at the edges where two workers meet."""

from __future__ import annotations

import collections.abc as c
import contextlib
import gc
import itertools
import json
import pathlib
import signal
import sqlite3
import threading
import time
import typing as t
from concurrent import futures

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from flask_mail.queues.base import Lease
from flask_mail.queues.outbox import claiming
from flask_mail.queues.outbox import engine
from flask_mail.queues.outbox import ledger
from flask_mail.queues.outbox import rows
from flask_mail.queues.outbox import Store
from flask_mail.queues.outbox import sweep
from flask_mail.queues.outbox import upkeep
from flask_mail.queues.outbox.database import BUSY
from flask_mail.queues.outbox.rows import Claimed
from flask_mail.queues.outbox.schema import messages
from flask_mail.queues.outbox.store import Settlement

from .sending import submission
from .sending import until

_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/outbox.sqlite"
    return t.cast(str, request.getfixturevalue("postgres_database"))


@pytest.fixture
def open_store(url: str) -> c.Iterator[c.Callable[[], Store]]:
    made: list[sa.Engine] = []

    def opened() -> Store:
        made.append(engine(url))
        return Store(made[-1])

    opened().create()
    yield opened
    for each in made:
        each.dispose()


@pytest.fixture
def store(open_store: c.Callable[[], Store]) -> c.Iterator[Store]:
    opened = open_store()
    yield opened
    opened.let_go()


def put(store: Store, number: int) -> list[str]:
    now = time.time()
    new = [
        rows.row(submission(next(_numbers)), now=now, not_before=None, expires=now + 900, priority=0, key=None)
        for _ in range(number)
    ]
    return store.insert_now(new)


def lease() -> Lease:
    return Lease(f"somebody:{next(_numbers)}", time.monotonic() + 60)


def states(store: Store) -> dict[str, int]:
    with store.engine.connect() as connection:
        found = connection.execute(sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state))
        return {row[0]: row[1] for row in found}


def sent(claimed: Claimed) -> Settlement:
    recipients = [[each[0], "accepted"] for each in claimed.recipients]
    return Settlement(claimed.id, claimed.lease.owner, "sent", time.time(), claimed.attempts, recipients)


def die(store: Store, *, suspects: bool) -> list[Claimed]:
    """Claim one message for a worker that dies at once, and sweep."""
    found = store.claim(lease(), -1.0, 1, suspects=suspects)
    store.sweep()
    return found


def test_a_claim_takes_no_more_than_it_should(store: Store) -> None:
    put(store, 50)
    assert len(store.claim(lease(), 60.0, 1)) == 1
    assert len(store.claim(lease(), 60.0, 7)) == 7
    assert states(store) == {"ready": 42, "sending": 8}


def test_a_claim_takes_no_more_octets_than_memory_is_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, 10)
    (first,) = store.claim(lease(), 60.0, 1)
    size = len(first.submission.content)
    monkeypatch.setattr(claiming, "CLAIMED", 3 * size - 1)
    assert len(store.claim(lease(), 60.0, 9)) == 3
    monkeypatch.setattr(claiming, "CLAIMED", 1)  # one is taken, however large it is
    assert len(store.claim(lease(), 60.0, 9)) == 1
    monkeypatch.undo()
    assert len(store.claim(lease(), 60.0, 9)) == 5


def test_a_lease_is_renewed_for_all_that_it_is_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "MANY", 5)
    put(store, 24)
    held, other = lease(), lease()
    store.claim(held, 2.0, 12)
    store.claim(other, 2.0, 12)
    store.renew([held.owner], 100.0)
    with store.engine.connect() as connection:
        due = sa.select(sa.func.min(messages.c.due))
        assert connection.execute(due.where(messages.c.owner == held.owner)).scalar_one() > time.time() + 90
        late = sa.select(sa.func.max(messages.c.due)).where(messages.c.owner == other.owner)
        assert connection.execute(late).scalar_one() < time.time() + 3


def test_what_is_sent_while_leases_are_looked_at_stays_sent(
    store: Store, open_store: c.Callable[[], Store], url: str
) -> None:
    put(store, 1)
    (claimed,) = store.claim(lease(), -1.0, 1)
    other = open_store()
    written: list[int] = []

    def settle(connection: t.Any, cursor: t.Any, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE mail_outbox ") and not written and url.startswith("sqlite"):
            written.append(other.settle([sent(claimed)]).wait())
            other.let_go()

    sa.event.listen(store.engine, "before_cursor_execute", settle)
    store.sweep()
    sa.event.remove(store.engine, "before_cursor_execute", settle)
    if url.startswith("sqlite"):  # elsewhere the row is locked
        assert written == [1]
        assert states(store) == {"sent": 1}
    else:
        assert states(store) == {"suspect": 1}
        assert store.settle([sent(claimed)]).wait() == 0


def test_a_worker_whose_lease_ran_out_writes_nothing_and_knows_it(store: Store) -> None:
    put(store, 2)
    first, second = store.claim(lease(), -1.0, 2)
    done = sent(first)
    assert store.settle([done]).wait() == 1
    store.sweep()
    (again,) = store.claim(lease(), 60.0, 1, suspects=True)
    assert again.id == second.id
    stale = sent(second)
    assert store.settle([stale]).wait() == 0
    assert store.settled([done, stale]) == {first.id}
    store.release([second])
    store.suspect([second])
    assert states(store) == {"sent": 1, "sending": 1}


def test_what_was_torn_from_a_worker_is_suspect_at_once_or_held(store: Store) -> None:
    put(store, 2)
    first, second = store.claim(lease(), 60.0, 2)
    store.suspect([first])
    store.suspect([second], hold=True)
    assert states(store) == {"suspect": 1, "held": 1}
    (again,) = store.claim(lease(), 60.0, 5, suspects=True)
    assert (again.id, again.attempts, again.deaths) == (first.id, 2, 0)


def test_the_third_death_is_the_last(store: Store) -> None:
    put(store, 1)
    die(store, suspects=False)
    die(store, suspects=True)
    assert states(store) == {"suspect": 1}
    die(store, suspects=True)
    assert states(store) == {"dead": 1}


def test_where_workers_die_of_something_else_a_message_is_not_blamed_so_soon(store: Store) -> None:
    put(store, 1)
    die(store, suspects=False)
    die(store, suspects=True)
    (innocent,) = store.claim(lease(), 60.0, 1, suspects=True)
    assert store.settle([sent(innocent)]).wait() == 1
    put(store, 1)
    die(store, suspects=False)
    for _ in range(2):
        die(store, suspects=True)
        assert states(store) == {"sent": 1, "suspect": 1}
    die(store, suspects=True)
    assert states(store) == {"sent": 1, "dead": 1}


def test_what_is_settled_together_is_one_transaction(store: Store) -> None:
    put(store, 3)
    first, second, third = store.claim(lease(), 60.0, 3)
    with pytest.raises(sa.exc.IntegrityError):
        store.settle([sent(first), sent(second)._replace(attempts=None), sent(third)]).wait()  # type: ignore[arg-type]
    assert states(store) == {"sending": 3}
    assert store.settle([sent(first), sent(second), sent(third)]).wait() == 3
    assert states(store) == {"sent": 3}


@contextlib.contextmanager
def locked(store: Store) -> c.Iterator[None]:
    """Nobody else can write."""
    with store.engine.begin() as connection:
        connection.execute(sa.text("LOCK TABLE mail_outbox IN EXCLUSIVE MODE"))
        yield


@pytest.fixture
def postgres_store(postgres_database: str, request: pytest.FixtureRequest) -> c.Iterator[Store]:
    made = sa.create_engine(postgres_database, connect_args=getattr(request, "param", {}))
    opened = Store(made)
    opened.create()
    yield opened
    opened.let_go()
    made.dispose()


@pytest.mark.parametrize(
    "postgres_store", [{}, {"prepare_threshold": None}, {"client_encoding": "latin1"}], indirect=True
)
def test_postgresql_is_handed_what_became_of_messages_and_not_waited_for(postgres_store: Store) -> None:
    store = postgres_store
    put(store, 6)
    claimed = store.claim(lease(), 60.0, 3)
    first, second, third = claimed
    with locked(store):
        answer = store.settle([sent(first)._replace(error={"text": "\u00e9\u5bb6\x00"}), sent(second)])
        assert states(store) == {"ready": 3, "sending": 3}
    assert len(store.claim(lease(), 60.0, 1)) == 1  # what is asked next has to wait, and the answer is not lost
    assert states(store) == {"ready": 2, "sending": 2, "sent": 2}
    assert answer.wait() == answer.wait() == 2
    assert store.settle([sent(second), sent(third)]).wait() == 1
    with store.engine.connect() as connection:
        said = connection.execute(sa.select(messages.c.error).where(messages.c.id == first.id)).scalar_one()
    assert said == {"text": "\u00e9\u5bb6\x00"}


def test_what_postgresql_was_handed_it_keeps_when_the_thread_goes(postgres_store: Store) -> None:
    store = postgres_store
    put(store, 1)
    [claimed] = store.claim(lease(), 60.0, 1)
    with locked(store):
        answer = store.settle([sent(claimed)])
        leaving = threading.Thread(target=store._ledger().close)
        leaving.start()
        assert states(store) == {"sending": 1}
    leaving.join(30)
    assert states(store) == {"sent": 1}
    assert answer.wait() == 1


def test_where_the_connection_to_postgresql_is_lost_meanwhile_it_is_told(postgres_store: Store) -> None:
    store = postgres_store
    put(store, 2)
    first, second = store.claim(lease(), 60.0, 2)
    store.settle([sent(first)]).wait()
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
    with locked(store):
        answer = store.settle([sent(second)])
        with store.engine.connect() as connection:  # while the lock is there: it waits for it
            left = sa.text(f"{end} current_database() AND query LIKE 'UPDATE %'")
            assert len(connection.execute(left).all()) == 1
        with pytest.raises(sa.exc.OperationalError):
            answer.wait()
        with pytest.raises(sa.exc.OperationalError):
            answer.wait()
    assert states(store) == {"sending": 1, "sent": 1}
    assert store.settle([sent(second)]).wait() == 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="an interruption by a signal")
def test_who_is_interrupted_stops_waiting_and_not_the_commit(postgres_store: Store) -> None:
    store = postgres_store
    put(store, 1)
    [claimed] = store.claim(lease(), 60.0, 1)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with locked(store):
            answer = store.settle([sent(claimed)])
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                answer.wait()
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(sa.exc.OperationalError):  # it is not known
        answer.wait()
    until(lambda: states(store) == {"sent": 1})


def test_nothing_is_left_on_a_connection_to_postgresql(postgres_store: Store) -> None:
    store = postgres_store
    put(store, 1)
    store.settle([sent(each) for each in store.claim(lease(), 60.0, 1)])
    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'flask_mail%'"
    with store._ledger()._cursor(in_transaction=False) as cursor:
        assert cursor.execute(prepared).fetchone() == (1,)
    store.let_go()
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql(prepared.replace("%", "%%")).scalar_one() == 0
        assert not connection.connection.driver_connection.autocommit  # type: ignore[union-attr]


def test_a_connection_is_given_back_as_it_was(store: Store) -> None:
    put(store, 1)
    store.settle([sent(each) for each in store.claim(lease(), 60.0, 1)]).wait()
    store.let_go()
    with store.engine.connect() as connection:
        if store.engine.dialect.name == "sqlite":
            assert connection.execute(sa.text("PRAGMA busy_timeout")).scalar_one() == 1000 * BUSY
        connection.execute(messages.delete())
        connection.rollback()
    assert states(store) == {"sent": 1}


def test_on_sqlite_a_worker_waits_for_another_writer(tmp_path: pathlib.Path) -> None:
    store = Store(engine(f"sqlite:///{tmp_path}/outbox.sqlite?timeout=60"))
    store.create()
    put(store, 1)
    tried = threading.Event()
    seen: list[str] = []

    def watch(statement: str) -> None:
        seen.append(statement)
        if seen.count("BEGIN IMMEDIATE") > 2:
            tried.set()

    def claim() -> int:
        try:
            return len(store.claim(lease(), 60.0, 1))
        finally:
            store.let_go()

    event.listen(store.engine, "connect", lambda raw, _: raw.set_trace_callback(watch))
    store.engine.dispose()
    with sqlite3.connect(tmp_path / "outbox.sqlite") as other, futures.ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE mail_outbox SET rank = -7")
        claimed = pool.submit(claim)
        assert tried.wait(30)
        assert not claimed.done()
        other.commit()
        assert claimed.result(30) == 1
    other.close()
    assert states(store) == {"sending": 1}
    store.engine.dispose()


@pytest.mark.parametrize("asked", ["queued", "claimed", "settled"])
def test_on_sqlite_a_commit_waits_for_those_who_read(tmp_path: pathlib.Path, asked: str) -> None:
    """Where the file is the application's, and not written ahead, nobody may read while it is written."""
    store = Store(sa.create_engine(f"sqlite:///{tmp_path}/app.sqlite?timeout=60"))
    store.create()
    put(store, 2)
    (claimed,) = store.claim(lease(), 60.0, 1)
    store.let_go()
    tried = threading.Event()

    def write() -> int:
        try:
            if asked == "queued":
                return len(put(store, 1))
            return len(store.claim(lease(), 60.0, 1)) if asked == "claimed" else store.settle([sent(claimed)]).wait()
        finally:
            store.let_go()

    event.listen(
        store.engine,
        "connect",
        lambda raw, _: raw.set_trace_callback(lambda statement: tried.set() if statement == "COMMIT" else None),
    )
    store.engine.dispose()
    reader = sqlite3.connect(tmp_path / "app.sqlite", isolation_level=None)
    with contextlib.closing(reader), futures.ThreadPoolExecutor(1) as pool:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM mail_outbox").fetchall()
        wrote = pool.submit(write)
        assert tried.wait(30)
        assert not futures.wait([wrote], 0.2).done
        reader.execute("COMMIT")
        assert wrote.result(30) == 1
    store.engine.dispose()


def test_on_sqlite_a_transaction_that_is_there_already_waits(tmp_path: pathlib.Path) -> None:
    """As it is with ``autocommit=False`` of Python 3.12."""

    class InTransaction(sqlite3.Connection):
        def __init__(self, *given: t.Any, **named: t.Any) -> None:
            super().__init__(*given, **named)
            self.execute("BEGIN")

        def commit(self) -> None:
            self.execute("COMMIT")
            self.execute("BEGIN")

        def rollback(self) -> None:
            self.execute("ROLLBACK")
            self.execute("BEGIN")

    connect = {"factory": InTransaction, "timeout": 60}
    store = Store(sa.create_engine(f"sqlite:///{tmp_path}/app.sqlite", connect_args=connect))
    store.create()
    other = sqlite3.connect(tmp_path / "app.sqlite", isolation_level=None)
    with contextlib.closing(other), futures.ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        wrote = pool.submit(put, store, 1)
        assert not futures.wait([wrote], 0.2).done
        other.execute("COMMIT")
        assert len(wrote.result(30)) == 1
    store.engine.dispose()


def test_on_sqlite_who_finds_nothing_to_change_waits_for_nobody(tmp_path: pathlib.Path) -> None:
    store = Store(engine(f"sqlite:///{tmp_path}/outbox.sqlite?timeout=0"))
    store.create()
    put(store, 1)
    with contextlib.closing(sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.sweep() == ([], False)
        store.renew(["somebody:1"], 60.0)
    store.engine.dispose()


def test_a_connection_that_a_thread_left_behind_is_as_it_was(store: Store) -> None:
    put(store, 1)

    def work() -> None:
        store.settle([sent(each) for each in store.claim(lease(), 60.0, 1)]).wait()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    del thread
    gc.collect()
    assert store.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with store.engine.connect() as connection:
        if store.engine.dialect.name == "sqlite":
            assert connection.execute(sa.text("PRAGMA busy_timeout")).scalar_one() == 1000 * BUSY
        connection.execute(messages.delete())
        connection.rollback()
    assert states(store) == {"sent": 1}


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("returning", [False, True])
def test_claims_are_in_order_and_what_is_too_late_is_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch, by_id: bool, returning: bool
) -> None:
    monkeypatch.setattr(store.engine.dialect, "update_returning", returning)  # MariaDB's returns nothing
    now = time.time()
    ids = {}
    for name, priority, expires in (("late", 9, 1), ("low", -1, 9), ("old", 0, 9), ("new", 0, 9)):
        new = rows.row(submission(name), now=now, not_before=None, expires=now + expires, priority=priority, key=None)
        (ids[name],) = store.insert_now([new])
    everything = [*reversed(ids.values()), "nobody"]
    found = store.claim_ids(lease(), 60.0, everything) if by_id else store.claim(lease(), 60.0, 10)
    assert [each.id for each in found] == [ids[name] for name in ("late", "old", "new", "low")]
    assert [each.id for each in found.take_expired(now + 2)] == [ids["late"]]
    assert [found.take().id for _ in range(len(found))] == [ids[name] for name in ("old", "new", "low")]
    assert not found


@pytest.mark.parametrize("asked", ["claimed", "swept"])
def test_what_is_named_is_found_without_looking_through_all_that_waits(tmp_path: pathlib.Path, asked: str) -> None:
    store = Store(engine(f"sqlite:///{tmp_path}/outbox.sqlite"))
    store.create()
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    def taken() -> int:
        steps[0] = 0
        ids = put(store, 600)
        if asked == "claimed":
            assert len(store.claim_ids(lease(), 60.0, ids)) == 600
        else:
            assert len(sweep.take(store, ids, time.time(), 0.0, 10_000)[0]) == 600
        return steps[0]

    event.listen(store.engine, "connect", lambda raw, _: raw.set_progress_handler(step, 100))
    store.engine.dispose()
    few = taken()
    put(store, 20_000)
    assert taken() < 2 * few
    store.let_go()
    store.engine.dispose()


def statement(store: Store, which: str) -> tuple[str, dict[str, t.Any]]:
    """What a claim says to PostgreSQL, and its parameters but those of the claim itself."""
    text, _, given = ledger._compiled(store.engine.dialect, claiming._steps(store.engine.dialect, which).take)
    return text, {**given, "new_owner": "me:1", "until": 0.0, "octets": 1e9}


@pytest.mark.parametrize("which", ["ready", "ids"])
@pytest.mark.parametrize("counted", ["none", "millions"])
def test_a_claim_on_postgresql_reads_only_what_it_takes(postgres_database: str, which: str, counted: str) -> None:
    """Also while the database has not counted yet how many there are to be sent now; and where it thinks that there are
    many, it does not compile the plan each time, which takes longer than all the rest."""

    def read(node: dict[str, t.Any]) -> int:
        return max([node["Actual Rows"] * node["Actual Loops"], *(read(each) for each in node.get("Plans", ()))])

    made = engine(postgres_database)
    store = Store(made)
    store.create()
    if counted == "none":
        analyse(made)
    ids = put(store, 2000)
    if counted == "millions":
        analyse(made)
    text, given = statement(store, which)
    with made.begin() as connection:
        if counted == "millions":
            connection.exec_driver_sql("UPDATE pg_class SET reltuples = reltuples * 2000 WHERE relname = 'mail_outbox'")
        plan: list[dict[str, t.Any]] = connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", {**given, "most": 10, "ids": ids[:10]}
        ).scalar_one()
    assert read(plan[0]["Plan"]) == 10
    assert "JIT" not in plan[0]
    made.dispose()


def analyse(made: sa.Engine) -> None:
    with made.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE mail_outbox, mail_outbox_content")


def test_a_claim_on_postgresql_hides_nothing_that_it_does_not_take(postgres_database: str) -> None:
    made = engine(postgres_database)
    store = Store(made)
    store.create()
    ids = put(store, 10)
    with made.connect() as connection:
        size = connection.execute(sa.select(messages.c.size).limit(1)).scalar_one()
    text, given = statement(store, "ready")
    with made.begin() as connection:  # in which it goes on, as it does until all contents have come
        found = connection.exec_driver_sql(text, {**given, "most": 10, "octets": 2.5 * size}).all()
        assert [row[1] for row in found] == ids[:3]
        assert {each.id for each in store.claim(lease(), 60.0, 10)} == set(ids[3:])
    store.let_go()
    made.dispose()


@pytest.mark.parametrize(
    "recipients",
    [
        [["to@example.com", "open"]],
        [['"a \\"quoted\\" one"@exämple.com', "accepted", 250, 'said "yes"\n\\ 家 \ud83d\udc96 \udc80']],
        [["a@example.com", "failed", -1, ""], ["b@example.com", "open"]],
    ],
)
def test_recipients_are_json_whichever_way_it_is_written(recipients: list[rows.Recipient]) -> None:
    assert rows.as_json(recipients) == json.dumps(recipients)
