"""Workers that are killed, stopped or told to end while they send. The long form: ``python -m tests.queues.chaos``."""

from __future__ import annotations

import collections.abc as c
import contextlib
import importlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import typing as t

import pytest

from flask_mail.queues.outbox.schema import messages

from ..servers.debian import ROOT
from ..servers.postgres import Postgres
from .chaos.points import die_at_each
from .chaos.server import Recorder
from .chaos.stage import Stage
from .chaos.stage import until
from .chaos.storm import storm

MakeStage = c.Callable[..., Stage]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    """An empty database; ``None`` for an SQLite file."""
    if request.param == "sqlite":
        return None
    return t.cast(str, request.getfixturevalue("postgres_database"))


@pytest.fixture
def make_stage(tmp_path: pathlib.Path) -> c.Iterator[MakeStage]:
    with contextlib.ExitStack() as stack:

        def make(url: str | None = None, *, delay: float = 0.0, **config: t.Any) -> Stage:
            server = stack.enter_context(Recorder(tmp_path, delay=delay))
            return stack.enter_context(Stage(tmp_path, url, server, **config))

        yield make


def test_nothing_is_lost_when_workers_are_killed_at_random(url: str | None) -> None:
    come_of_it = storm(url, workers=2, kills=4, messages=200)
    assert come_of_it.held, come_of_it


def test_nothing_is_lost_and_little_repeated_at_whichever_point_a_worker_is_killed(url: str | None) -> None:
    times = 2
    came_of_it = die_at_each(url, times)
    assert [each for each in came_of_it if not each.held] == []
    assert sum(each.duplicates for each in came_of_it) == 3 * times


def test_a_worker_that_is_told_to_end_under_load_loses_and_repeats_nothing(
    url: str | None, make_stage: MakeStage
) -> None:
    stage = make_stage(url, delay=0.002)
    stage.put(1200)
    for number in range(20 if url is None else 5):
        worker = stage.worker()
        until(lambda: stage.working(worker), "the worker")  # noqa: B023
        before = len(stage.accepted)
        until(lambda: len(stage.accepted) > before or stage.over(), "a message")  # noqa: B023
        assert worker.terminate() < 15.0
        assert "sending" not in stage.states(), f"its leases are not released, the {number}. time"
    score = stage.drain()
    assert (score.lost, score.duplicates, score.altered) == ((), 0, 0)
    assert score.states == {"sent": 1200}


def test_a_worker_that_stood_still_past_its_lease_writes_nothing(make_stage: MakeStage, url: str | None) -> None:
    stage = make_stage(url, delay=0.3, MAIL_OUTBOX_LEASE=1)
    refused = stage.put_one("no.body@chaos.example", priority=1)
    sent = stage.put_one("to@chaos.example")
    stale = stage.worker("--concurrency", "1", "--batch", "10")
    until(lambda: stage.row(sent).state == "sending" or stage.accepted, "the claim")
    until(lambda: stage.row(refused).state == "failed", "the refusal")
    stale.signal(signal.SIGSTOP)
    until(lambda: stage.row(sent).due < time.time(), "the end of the lease")
    other = stage.worker("--concurrency", "1")
    until(stage.over, "the outbox")
    rows = stage.row(refused), stage.row(sent)
    stale.signal(signal.SIGCONT)
    stale.terminate()
    other.terminate()
    assert (stage.row(refused), stage.row(sent)) == rows
    assert len(stage.accepted) <= 2
    assert [told["id"] for told in stage.told] == [refused]


def test_a_worker_that_stood_still_tells_nothing_of_what_another_has_seen_to(make_stage: MakeStage) -> None:
    stage = make_stage(MAIL_OUTBOX_LEASE=1)
    point = stage.put_one("never.one@chaos.example", "no.body@chaos.example", sender="die.nowhere@chaos.example")
    stale = stage.worker("--concurrency", "1", point="stop-settle")
    until(lambda: stage.row(point).state == "sending", "the claim")
    until(lambda: stage.row(point).due < time.time(), "the end of the lease")
    other = stage.worker("--concurrency", "1")
    until(lambda: len(stage.told) == 2, "what is told of a refusal and of a delay")
    before = stage.row(point), stage.told
    stale.signal(signal.SIGCONT)
    stale.terminate()
    other.terminate()
    assert (stage.row(point), stage.told) == before


def test_a_message_that_kills_its_worker_is_a_dead_letter_after_three(make_stage: MakeStage) -> None:
    stage = make_stage(MAIL_OUTBOX_LEASE=1)
    stage.put(10)
    poison = stage.put_one("to@chaos.example", sender="poison.one@chaos.example", priority=1)
    stage.put(10)
    codes: list[int | None] = []
    sent: list[int] = []
    while stage.row(poison).state != "dead":
        worker = stage.worker()
        until(lambda: not worker.alive or stage.row(poison).state == "dead", "the end")  # noqa: B023
        codes.append(None if worker.alive else worker.ended())
        sent.append(len(stage.accepted))
        if worker.alive:
            until(stage.over, "the outbox")
            worker.terminate()
    assert codes == [-9, -9, -9, None]
    assert sent == [0, 0, 20, 20], "the others wait for more than one lease"
    assert stage.states() == {"sent": 20, "dead": 1}
    assert [(told["kind"], told["id"], told["recipients"]) for told in stage.told] == [
        ("failed", poison, ["to@chaos.example"])
    ]


def test_who_has_a_mail_is_not_offered_it_again(make_stage: MakeStage, url: str | None) -> None:
    stage = make_stage(url, MAIL_RETRY_SCHEDULE="0.1")
    everybody = ("a@chaos.example", "no.b@chaos.example", "later.c@chaos.example", "never.d@chaos.example")
    id = stage.put_one(*everybody)
    worker = stage.worker("--concurrency", "1")
    until(lambda: len(stage.accepted) == 2 and stage.row(id).state == "waiting", "the second attempt")
    with stage.store.engine.begin() as connection:
        connection.execute(messages.update().values(expires=time.time()))  # time passes
    until(lambda: stage.row(id).state == "expired", "the end")
    worker.terminate()
    row = stage.row(id)
    states = {each[0]: each[1:3] for each in row.recipients}
    assert states["a@chaos.example"] == ["accepted", 250]
    assert states["no.b@chaos.example"] == ["failed", 550]
    assert states["later.c@chaos.example"] == ["accepted", 250]
    assert states["never.d@chaos.example"][1] == 450
    assert [each.recipients for each in stage.accepted] == [("a@chaos.example",), ("later.c@chaos.example",)]
    (first, said), (second, said_last) = [
        (told["recipients"], told["error"]) for told in stage.told if told["kind"] == "failed"
    ]
    assert (first, second) == (["no.b@chaos.example"], ["never.d@chaos.example"])
    assert "550" in said
    assert "450" in said_last


@pytest.mark.parametrize(("in_doubt", "state", "copies"), [("resend", "sent", 2), ("hold", "held", 1)])
def test_a_connection_that_breaks_after_the_dot(make_stage: MakeStage, in_doubt: str, state: str, copies: int) -> None:
    stage = make_stage(MAIL_IN_DOUBT=in_doubt, MAIL_RETRY_SCHEDULE="0.1")
    id = stage.put_one("to@chaos.example", sender="reset.one@chaos.example")
    worker = stage.worker()
    until(lambda: stage.row(id).state == state, "the end")
    worker.terminate()
    assert len(stage.accepted) == copies
    assert len({each.sha256 for each in stage.accepted}) == 1


def test_what_a_killed_worker_had_is_held_where_that_is_asked_for_and_nobody_is_left_in_the_dark(
    make_stage: MakeStage,
) -> None:
    stage = make_stage(MAIL_IN_DOUBT="hold", MAIL_OUTBOX_LEASE=1)
    id = stage.put_one("to@chaos.example", sender="die.dot.one@chaos.example")
    assert stage.worker("--concurrency", "1").ended() == -9
    worker = stage.worker()
    until(lambda: stage.told, "what is told")
    worker.terminate()
    assert stage.states() == {"held": 1}
    assert len(stage.accepted) == 1
    ((kind, told_id, error),) = [(told["kind"], told["id"], told["error"]) for told in stage.told]
    assert (kind, told_id) == ("failed", id)
    assert error == "a worker died while it had it, and MAIL_IN_DOUBT is 'hold': a server may have it or not; " + (
        "it is not tried again"
    )


def test_a_worker_that_is_told_to_end_over_and_over_ends(make_stage: MakeStage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        stage = make_stage(MAIL_PORT=mute.getsockname()[1])
        stage.put(1)
        worker = stage.worker(point="impatient")
        connected, _ = mute.accept()

        def told_again() -> bool:
            if worker.alive:
                worker.signal(signal.SIGTERM)
            return not worker.alive

        with connected:
            until(told_again, "the end", 15.0)


def test_a_worker_has_time_for_what_is_on_its_way_and_ends_in_fifteen_seconds() -> None:
    patience = importlib.import_module("flask_mail.cli.worker").AT_ONCE
    assert importlib.import_module("flask_mail.queues.worker").LAST_WORDS < patience < 15.0


def test_a_worker_that_connects_to_a_server_which_says_nothing_ends_in_time(make_stage: MakeStage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        stage = make_stage(MAIL_PORT=mute.getsockname()[1], MAIL_OUTBOX_LEASE=60)
        stage.put(20)
        worker = stage.worker(point="impatient")
        connected, _ = mute.accept()
        with connected:
            worker.terminate()
        assert set(stage.states()) <= {"ready", "suspect"}


def test_what_nobody_wants_any_more_is_not_sent(make_stage: MakeStage, url: str | None) -> None:
    stage = make_stage(url)
    late = stage.put_one("to@chaos.example", expires=0.2)
    until(lambda: stage.row(late).expires < time.time(), "the end of its time")
    in_time = stage.put_one("to@chaos.example", expires=60)
    score = stage.drain()
    assert score.states == {"expired": 1, "sent": 1}
    assert stage.row(in_time).state == "sent"
    assert [(told["kind"], told["id"]) for told in stage.told] == [("failed", late)]
    assert "its time was over" in stage.row(late).error["text"]


def test_the_command_as_it_is_typed(make_stage: MakeStage) -> None:
    stage = make_stage()
    stage.put(50)
    command = [sys.executable, "-m", "flask", "--app", "tests.queues.chaos.site", "mail", "worker"]
    environment = {**os.environ, "CHAOS_CONFIG": json.dumps(stage.config)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as worker:
        until(lambda: stage.working(worker.pid) and stage.over(), "the outbox")
        worker.send_signal(signal.SIGTERM)
        said, _ = worker.communicate(timeout=15)
    assert worker.returncode == 0, said
    assert "50 sent, 0 deferred, 0 failed" in said
    assert stage.score().duplicates == 0


def test_many_processes_make_the_tables_at_once(make_stage: MakeStage, tmp_path: pathlib.Path) -> None:
    stage = make_stage()
    fresh = {"MAIL_OUTBOX_URL": f"sqlite:///{tmp_path}/fresh.sqlite"}
    workers = [stage.worker("--burst", **fresh) for _ in range(12)]
    assert [worker.ended() for worker in workers] == [0] * 12, (tmp_path / "worker.log").read_text()


def test_a_database_that_is_killed_under_load_loses_nothing(make_stage: MakeStage) -> None:
    with Postgres() as server, server.database() as url:
        stage = make_stage(url, delay=0.002, MAIL_OUTBOX_LEASE=2)
        stage.put(200)
        worker = stage.worker()
        until(lambda: len(stage.accepted) > 50, "some messages")
        server.kill()
        stage.store.engine.dispose()
        server.start()
        until(stage.over, "the outbox")
        worker.terminate()
        score = stage.score()
        assert (score.lost, score.altered, score.states) == ((), 0, {"sent": 200})
        assert score.duplicates <= 4
