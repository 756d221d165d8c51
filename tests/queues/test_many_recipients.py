"""A message to more recipients than one transaction takes: each transaction is committed before the next one begins."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import time
import typing as t

import pytest
import sqlalchemy as sa

from flask_mail.extension.background import make_worker
from flask_mail.queues.outbox.schema import messages
from flask_mail.queues.settling import Begun
from flask_mail.queues.settling import Settling
from flask_mail.queues.supply import Supply
from flask_mail.queues.worker import Tally
from flask_mail.queues.worker import Worker

from .chaos.server import Recorder
from .chaos.stage import Stage
from .chaos.stage import until

MANY = [f"to.{number}@chaos.example" for number in range(2500)]
MakeStage = c.Callable[..., Stage]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_stage(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> c.Iterator[MakeStage]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_database")
    with contextlib.ExitStack() as stack:

        def make(*, delay: float = 0.0, most: int = 10_000, chunking: bool = False, **config: t.Any) -> Stage:
            server = stack.enter_context(Recorder(tmp_path, delay=delay, most=most, chunking=chunking))
            return stack.enter_context(Stage(tmp_path, url, server, **config))

        yield make


def working(stage: Stage, **options: t.Any) -> Worker:
    state = stage.app.extensions["mail"]
    with stage.app.app_context():
        return make_worker(state, state.get_queue(), **options)


def work(stage: Stage) -> Tally:
    """Send what there is in this process."""
    with stage.app.app_context():
        return working(stage).run(burst=True)


def everybody(stage: Stage) -> list[str]:
    return [who for each in stage.accepted for who in each.recipients]


@pytest.mark.parametrize("chunking", [False, True])
def test_a_worker_killed_between_two_transactions_repeats_neither(make_stage: MakeStage, chunking: bool) -> None:
    stage = make_stage(chunking=chunking)
    id = stage.put_one(*MANY, sender="die.next.one@chaos.example")
    assert stage.worker("--concurrency", "1").ended() == -9
    assert everybody(stage) == MANY[:1000]
    state = {who[0]: who[1] for who in stage.row(id).recipients}
    assert [who for who, what in state.items() if what == "accepted"] == MANY[:1000]
    score = stage.drain("--concurrency", "1")
    assert (score.lost, score.duplicates, score.altered) == ((), 0, 0)
    assert everybody(stage) == MANY
    row = stage.row(id)
    assert (row.state, row.attempts, row.deaths) == ("sent", 2, 1)


@pytest.mark.parametrize("most", [10_000, 400])
def test_all_its_transactions_are_one_attempt(make_stage: MakeStage, most: int) -> None:
    stage = make_stage(most=most)
    id = stage.put_one(*MANY)
    assert work(stage).sent == 1
    parts = [1000, 1000, 500] if most > 1000 else [400] * 6 + [100]
    assert [len(each.recipients) for each in stage.accepted] == parts
    assert sorted(everybody(stage)) == sorted(MANY)
    row = stage.row(id)
    assert (row.state, row.attempts, row.owner) == ("sent", 1, None)
    assert stage.told == []


def test_a_worker_for_ids_sends_all_transactions(make_stage: MakeStage) -> None:
    stage = make_stage()
    id = stage.put_one(*MANY)
    assert working(stage).send([id]).sent == 1
    stage.store.let_go()
    assert everybody(stage) == MANY


def test_what_a_worker_died_with_is_tried_alone_until_its_last_transaction(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who dies with it would be blamed, too."""
    stage = make_stage()
    ids = [stage.put_one(*recipients) for recipients in (MANY, ["a@chaos.example"], ["b@chaos.example"])]
    suspects = messages.update().where(messages.c.id.in_(ids[:2])).values(state="suspect", deaths=1)
    with stage.store.engine.begin() as connection:
        connection.execute(suspects)
    worker, together = working(stage), []
    stream = Supply.stream

    def watched(supply: t.Any) -> c.Iterator[t.Any]:
        for each in stream(supply):
            if each is None:
                yield each
                continue
            with stage.store.engine.connect() as connection:
                sending = sa.select(messages.c.id).where(messages.c.state == "sending").order_by(messages.c.id)
                together.append([ids.index(id) for (id,) in connection.execute(sending)])
            yield each

    monkeypatch.setattr(Supply, "stream", watched)
    with stage.app.app_context():
        assert worker.run(burst=True).sent == 3
    assert together == [[0], [0], [0], [1], [2]]
    assert sorted(everybody(stage)) == sorted([*MANY, "a@chaos.example", "b@chaos.example"])


@pytest.mark.parametrize("parts", [1, 3])
def test_who_is_interrupted_writes_and_tells_what_the_server_has_said(
    make_stage: MakeStage, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    stage = make_stage()
    id = stage.put_one(*MANY[: 1000 * (parts - 1)], "no.b@chaos.example", "a@chaos.example")
    end = Settling._written
    interruptions = iter([True])

    def interrupted(settling: Settling, begun: Begun) -> int:
        written = end(settling, begun)
        if next(interruptions, False):
            raise KeyboardInterrupt
        return written

    monkeypatch.setattr(Settling, "_written", interrupted)
    worker = working(stage)
    with stage.app.app_context(), pytest.raises(KeyboardInterrupt):
        worker.run(burst=True)
    row = stage.row(id)
    if parts > 1:  # the rest is for the next one
        assert row.state == "ready"
        assert work(stage).failed == 1
    assert stage.row(id).state == "failed"
    assert everybody(stage) == [*MANY[: 1000 * (parts - 1)], "a@chaos.example"]
    assert [(told["kind"], told["recipients"]) for told in stage.told] == [("failed", ["no.b@chaos.example"])]


def test_where_progress_cannot_be_shown_the_rest_is_given_back(make_stage: MakeStage) -> None:
    stage = make_stage()
    id = stage.put_one(*MANY)

    def broken(tally: Tally) -> None:
        raise BrokenPipeError

    with stage.app.app_context(), pytest.raises(BrokenPipeError):
        working(stage, progress=broken).run(burst=True)
    assert stage.row(id).state == "ready"
    assert work(stage).sent == 1
    assert sorted(everybody(stage)) == sorted(MANY)


def test_who_is_refused_in_one_transaction_is_told_of_and_tried_again_after_all(make_stage: MakeStage) -> None:
    stage = make_stage()
    id = stage.put_one("later.a@chaos.example", "no.b@chaos.example", *MANY, "later.c@chaos.example")
    assert work(stage).deferred == 1
    assert sorted(everybody(stage)) == sorted(MANY)
    row = stage.row(id)
    assert (row.state, row.attempts) == ("waiting", 1)
    assert row.due > time.time() + 40
    assert {who[0]: who[1] for who in row.recipients if who[0] not in MANY} == {
        "later.a@chaos.example": "open",
        "no.b@chaos.example": "failed",
        "later.c@chaos.example": "open",
    }
    assert [(told["kind"], told["recipients"]) for told in stage.told] == [
        ("failed", ["no.b@chaos.example"]),
        ("deferred", ["later.a@chaos.example", "later.c@chaos.example"]),
    ]


def test_a_worker_told_to_end_between_transactions_gives_the_rest_back(make_stage: MakeStage) -> None:
    stage = make_stage(delay=0.4)
    id = stage.put_one(*MANY)
    worker = stage.worker("--concurrency", "1")
    until(lambda: stage.accepted, "the first transaction")
    worker.terminate()
    row = stage.row(id)
    assert (row.state, row.attempts, row.owner) == ("ready", 0, None)
    score = stage.drain()
    assert (score.lost, score.duplicates) == ((), 0)
    assert stage.row(id).attempts == 1


def test_what_expires_between_transactions_fails_for_the_rest(make_stage: MakeStage) -> None:
    stage = make_stage(delay=1.2)
    id = stage.put_one(*MANY, expires=1)
    assert work(stage).failed == 1
    assert everybody(stage) == MANY[:1000]
    assert stage.row(id).state == "expired"
    ((kind, recipients),) = [(told["kind"], told["recipients"]) for told in stage.told]
    assert (kind, recipients) == ("failed", MANY[1000:])
