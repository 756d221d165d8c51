"""Where it is played: a database, a server, and the processes that are killed."""

from __future__ import annotations

import collections
import collections.abc as c
import contextlib
import dataclasses as d
import functools
import hashlib
import json
import multiprocessing
import multiprocessing.process
import os
import pathlib
import signal
import time
import typing as t

import sqlalchemy as sa

from flask_mail.queues.outbox.schema import contents
from flask_mail.queues.outbox.schema import messages
from flask_mail.queues.outbox.schema import OPEN
from flask_mail.queues.outbox.schema import workers
from flask_mail.queues.outbox.store import Store

from . import site
from .server import Accepted

whole = sa.select(messages, contents.c.content).outerjoin(contents, contents.c.id == messages.c.id)
"""All there is of the messages."""

LEASE = 2.0
FOREVER = 120.0
"""Seconds after which what is waited for is taken to have failed."""


def until(condition: c.Callable[[], object], what: str = "it", seconds: float = FOREVER) -> None:
    """Return once *condition* holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} never came to that"
        time.sleep(0.003)


@functools.cache
def nursery() -> t.Any:
    """Makes processes of one that has everything loaded: a hundred of them start in the time of one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.queues.chaos.site"])
    return context


class Worker:
    """``flask mail worker`` in a process of its own."""

    def __init__(self, stage: Stage, *arguments: str, point: str = "", **config: t.Any) -> None:
        self.output = stage.folder / "worker.log"
        given = ({**stage.config, **config}, arguments, str(self.output), point)
        self.process = nursery().Process(target=site.run_worker, args=given, daemon=True)
        self.process.start()

    @property
    def alive(self) -> bool:
        return t.cast(bool, self.process.is_alive())

    def kill(self) -> None:
        self.process.kill()
        self.process.join(FOREVER)

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def terminate(self) -> float:
        """Tell it to stop; return the seconds it takes."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        self.process.join(FOREVER)
        assert self.process.exitcode == 0, f"{self.process.exitcode}: {self.output.read_text()}"
        return time.monotonic() - began

    def ended(self) -> int:
        """Its exit code, once it has one."""
        self.process.join(FOREVER)
        assert self.process.exitcode is not None, "it does not end"
        return t.cast(int, self.process.exitcode)


@d.dataclass(frozen=True)
class Score:
    """What came of it.

    :param messages: how many there were to be sent.
    :param lost: recipients who did not get what they were to get.
    :param duplicates: copies beyond the first, by recipient.
    :param altered: copies that differ, or were for nobody.
    :param states: the messages by their state in the outbox.
    """

    messages: int
    lost: tuple[str, ...]
    duplicates: int
    altered: int
    states: dict[str, int]


class Stage:
    """A database with an outbox in it, and a server.

    :param folder: for files.
    :param url: the database; an SQLite file in *folder* where it is ``None``.
    :param server: a :class:`.server.Recorder`, or what else has a port.
    :param config: settings that win.
    """

    def __init__(self, folder: pathlib.Path, url: str | None, server: t.Any, **config: t.Any) -> None:
        self.folder = folder
        self.server = server
        self.told_file = folder / "told.jsonl"
        self.config: dict[str, t.Any] = {
            "INSTANCE": str(folder),
            "TOLD": str(self.told_file),
            "MAIL_PORT": server.port,
            "MAIL_OUTBOX_URL": url,
            "MAIL_OUTBOX_LEASE": LEASE,
            **config,
        }
        self.app = site.create_app({**self.config, "MAIL_OUTBOX_URL": url})
        self.store = self._made(url)
        self._workers: list[Worker] = []

    def _made(self, url: str | None) -> Store:
        if url is not None:
            assert self.app.test_cli_runner().invoke(args=["mail", "outbox", "init"]).exit_code == 0
        return site.store_of(self.app)

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            if worker.alive:
                with contextlib.suppress(ProcessLookupError):
                    worker.signal(signal.SIGCONT)
                worker.kill()
        self.store.engine.dispose()

    def worker(self, *arguments: str, point: str = "", **config: t.Any) -> Worker:
        """Start a worker; it ends with the stage."""
        made = Worker(self, *arguments, point=point, **config)
        self._workers.append(made)
        return made

    def put(self, number: int, *, sender: str = "n.{}@chaos.example", body: str = "Line\n.dot\n" * 40) -> None:
        """Queue messages, each to a recipient of its own."""
        import flask_mail

        every = (
            flask_mail.Message(
                f"Number {each}", [f"to.{each}@chaos.example"], body=body, envelope_from=sender.format(each)
            )
            for each in range(number)
        )
        with self.app.app_context():
            for result in self.app.extensions["mail"].send_many(every, later=True):
                assert result.error is None

    def put_one(self, *recipients: str, sender: str = "one@chaos.example", **options: t.Any) -> str:
        """Queue one message."""
        import flask_mail

        message = flask_mail.Message("One", recipients, body="One.\n", envelope_from=sender)
        with self.app.app_context():
            return t.cast(str, self.app.extensions["mail"].send_later(message, **options))

    @property
    def accepted(self) -> list[Accepted]:
        """What the server has taken."""
        return t.cast("list[Accepted]", self.server.accepted)

    @property
    def told(self) -> list[dict[str, t.Any]]:
        """What the signals told."""
        return [json.loads(line) for line in self.told_file.read_text().splitlines()] if self.told_file.exists() else []

    def states(self) -> dict[str, int]:
        """How many messages there are in each state."""
        count = sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state)
        with self.store.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(count)}

    def working(self, worker: Worker | int) -> bool:
        """Whether it has begun; before that, it would die of SIGTERM as any program does.

        :param worker: or the id of its process.
        """
        process = worker.process.pid if isinstance(worker, Worker) else worker
        with self.store.engine.connect() as connection:
            known = sa.select(workers.c.id).where(workers.c.process == process)
            return connection.execute(known).first() is not None

    def row(self, id: str) -> t.Any:
        with self.store.engine.connect() as connection:
            return connection.execute(sa.select(messages).where(messages.c.id == id)).one()

    def over(self) -> bool:
        """Whether nothing is left to be sent."""
        return not set(OPEN) & set(self.states())

    def drain(self, *arguments: str) -> Score:
        """Let a worker that is not killed send what is left."""
        worker = self.worker(*arguments)
        until(lambda: self.working(worker), "the worker")
        until(self.over, "the outbox")
        worker.terminate()
        return self.score()

    def score(self, sender: str = "") -> Score:
        """Compare what is in the outbox with what the server has.

        :param sender: what the senders of the messages that count begin with.
        """
        copies: collections.Counter[tuple[str, str]] = collections.Counter()
        digests: dict[str, set[str]] = {}
        for each in self.accepted:
            if not each.sender.startswith(sender):
                continue
            copies.update((each.message_id, who) for who in each.recipients)
            digests.setdefault(each.message_id, set()).add(each.sha256)
        lost: list[str] = []
        altered = 0
        number = 0
        with self.store.engine.connect() as connection:
            for row in connection.execute(whole.where(messages.c.sender.startswith(sender))):
                number += 1
                wanted = {
                    (row.message_id, who[0]) for who in row.recipients if not who[0].startswith(("no.", "never."))
                }
                lost += [f"{row.id} {row.state} {who}" for _, who in wanted if not copies[row.message_id, who]]
                altered += len(digests.pop(row.message_id, set()) - {hashlib.sha256(row.content).hexdigest()})
        duplicates = sum(count - 1 for count in copies.values())
        return Score(number, tuple(lost), duplicates, altered + len(digests), self.states())
