"""Mail by Celery, with a real Redis and real worker processes."""

from __future__ import annotations

import base64
import collections
import collections.abc as c
import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import typing as t

import pytest
import redis
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging
from flask import Flask

from flask_mail import ConfigError
from flask_mail import Mail
from flask_mail import Message
from flask_mail import QueueError
from flask_mail.queues import celery as ours
from flask_mail.queues.base import Delivery
from flask_mail.queues.base import Queue
from flask_mail.queues.celery import broker
from flask_mail.queues.celery.served import served_by
from flask_mail.queues.schedule import Schedule
from flask_mail.testing import QueueContract

from ..faults.server import Conversation
from ..faults.server import FaultyServer
from ..servers.debian import free_port
from ..servers.debian import ROOT
from ..servers.redis import Redis
from .celery_app import create_app
from .sending import until

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("own_registry")]  # Celery warns of much


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Applications of other tests are none of ours."""
    monkeypatch.setattr("flask_mail.queues.celery.served._served", {})


FLAGS = ["-l", "info", "--without-gossip", "--without-mingle", "--without-heartbeat"]


def _leave_logging(**_: object) -> None:
    """As it is."""


class TestContract(QueueContract):
    """With a worker in this process."""

    moment = 0.6  # a worker's clock for what is for later ticks once a second, or so

    @pytest.fixture(autouse=True)
    def worker(self, own_registry: None, redis_url: str, tmp_path: pathlib.Path) -> c.Iterator[None]:
        self.folder = tmp_path
        self.celery = Celery("contract", broker=redis_url)
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        app = Flask("app_of_a_test")
        app.extensions["celery"] = self.celery
        options: dict[str, t.Any] = {"current": lambda: False, "worker": None, "hold": lambda: False}
        ours.serve(app, lambda: self.queue, **options)
        setup_logging.connect(_leave_logging)  # a worker would set up that of the whole process
        try:
            with start_worker(self.celery, pool="solo", perform_ping_check=False, loglevel="error"):
                yield
        finally:
            setup_logging.disconnect(_leave_logging)

    def make_queue(self, delivery: Delivery, schedule: Schedule) -> Queue:
        self.queue = ours.CeleryQueue(delivery, schedule, unsent=self.folder / "unsent", celery=lambda: self.celery)
        return self.queue


class Workers:
    """Worker processes for an application that is configured like that of the test."""

    def __init__(self, config: dict[str, t.Any], folder: pathlib.Path) -> None:
        self._config = config
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.app = create_app(**config)
        self.mail: Mail = self.app.extensions["mail"]

    def start(self, concurrency: int = 2) -> subprocess.Popen[bytes]:
        path = "tests.queues.celery_app:celery_app"
        with (self._folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", path, "worker", "-c", str(concurrency), *FLAGS],
                cwd=ROOT,
                env={**os.environ, "CONFIG": json.dumps(self._config), "INSTANCE": str(self._folder)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """The worker and all its children, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log(self) -> str:
        return (self._folder / "worker.log").read_text()

    def send(self, name: object, *recipients: str, **terms: t.Any) -> str:
        message = Message(str(name), list(recipients) or [f"{name}@example.com"], f"No. {name}")
        return self.mail.send_later(message, **terms)

    def close(self) -> None:
        for process in self._processes:
            self.kill(process)


Start = c.Callable[..., Workers]


@pytest.fixture
def workers(redis_url: str, tmp_path: pathlib.Path) -> c.Iterator[Start]:
    """Configure workers whose mail goes to a server; they end with the test."""
    with contextlib.ExitStack() as stack, redis.Redis.from_url(redis_url) as client:
        client.flushall()

        def make(server: FaultyServer | int, visible: float = 3600, url: str = redis_url, **config: t.Any) -> Workers:
            where = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": server} if isinstance(server, int) else server.config
            options = {"visibility_timeout": visible, "socket_connect_timeout": 2, "unacked_mutex_expire": 1}
            celery = {
                "broker_url": url,
                "broker_transport_options": options,
                "broker_connection_retry_on_startup": True,
                "task_publish_retry": False,
                "worker_prefetch_multiplier": 1,
            }
            made = Workers({**where, "CELERY": celery, "MAIL_RETRY_SCHEDULE": [0.2], **config}, tmp_path)
            stack.callback(made.close)
            return made

        yield make


def arrived(server: FaultyServer) -> dict[str, int]:
    return collections.Counter(each.partition("@")[0] for taken in list(server.taken) for each in taken.recipients)


def forsaken(url: str, visible: float) -> None:
    """Return when all that dead workers had is Redis's again: a worker that starts then finds it at once, and one that
    runs looks only now and then."""
    with redis.Redis.from_url(url) as client:
        until(lambda: not client.zcount("unacked_index", time.time() - visible, "+inf"))


KEPT = ("celery", "celery\x06\x163", "unacked")
"""Where Redis has tasks."""


def names(count: int) -> set[str]:
    return {str(number) for number in range(count)}


def test_messages_are_sent_by_workers(workers: Start) -> None:
    with FaultyServer() as server:
        made = workers(server)
        ids = {made.send(number) for number in range(20)}
        made.start()
        server.wait_for(lambda: len(server.taken) == 20, 30)
        assert arrived(server) == dict.fromkeys(names(20), 1)
        assert len(ids) == 20
        until(lambda: all(f"[{id}] succeeded" in made.log() for id in ids))  # the id is the task's
        assert "No. 7" not in made.log()  # no content in there


def test_a_worker_that_ends_says_goodbye_to_the_server(workers: Start) -> None:
    with FaultyServer() as server:
        made = workers(server)
        process = made.start(concurrency=1)
        for number in range(3):
            made.send(number)
        server.wait_for(lambda: len(server.taken) == 3, 30)
        assert "QUIT" not in server.verbs
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        server.wait_for(lambda: server.verbs.count("QUIT") == server.connections == 1)


def test_what_travels_is_json_without_secrets(workers: Start, redis_url: str) -> None:
    made = workers(25, MAIL_USERNAME="user-of-ours", MAIL_PASSWORD="secret-of-ours")
    made.send(1)
    with redis.Redis.from_url(redis_url) as client:
        (raw,) = client.lrange("celery", 0, -1) or client.lrange("celery\x06\x163", 0, -1)
    task = json.loads(raw)
    assert task["content-type"] == "application/json"
    ((message,), _, _) = json.loads(base64.b64decode(task["body"]))
    assert message["mail"]["recipients"] == ["1@example.com"]
    everything = raw + base64.b64decode(message["mail"]["content"]) + json.dumps(message).encode()
    assert b"No. 1" in everything
    assert b"of-ours" not in everything
    assert "No. 1" not in json.dumps(task["headers"])  # which monitors show


def test_who_was_refused_for_now_is_tried_again_by_the_schedule(workers: Start) -> None:
    offered: list[str] = []

    def refuse(_: Conversation, stage: str, argument: str) -> str | None:
        if stage != "RCPT":
            return None
        offered.append(argument.partition("<")[2].partition("@")[0])
        if offered[-1] == "gone":
            return "550 5.1.1 nobody"
        return "450 4.2.1 not now" if offered[-1] == "later" and len(offered) < 5 else None

    with FaultyServer(trouble=refuse) as server:
        made = workers(server)
        made.send(1, "here@example.com", "gone@example.com", "later@example.com")
        made.start()
        server.wait_for(lambda: len(server.taken) == 2, 30)
        assert offered == ["here", "gone", "later", "later", "later"]
        assert server.taken[0].content == server.taken[1].content
        until(lambda: "will not be, to gone@example.com" in made.log())


def test_a_delay_longer_than_redis_waits_is_one_delivery(workers: Start) -> None:
    """Redis gives a task that a worker holds to others, too, once its visibility timeout is over."""
    with FaultyServer() as server:
        made = workers(server, visible=2)
        due = time.time() + 5
        made.send("later", at=due)
        made.start()
        server.wait_for(lambda: len(server.taken) == 1, 30)
        assert time.time() >= due
        made.send("another")
        server.wait_for(lambda: len(server.taken) == 2, 30)
        assert arrived(server) == {"later": 1, "another": 1}
        assert made.log().count("received") >= 4  # it hopped


def test_a_key_is_used_once_by_all_workers(workers: Start) -> None:
    with FaultyServer() as server:
        made = workers(server)
        ids = [made.send(number, "a@example.com", key="welcome") for number in range(10)]
        made.start()
        made.send("end")
        server.wait_for(lambda: "end" in arrived(server), 30)
        until(lambda: made.log().count("succeeded") == 11)
        assert arrived(server) == {"a": 1, "end": 1}
        assert len(set(ids)) == 1


def test_what_cannot_be_sent_in_time_is_put_away_by_the_worker(workers: Start, tmp_path: pathlib.Path) -> None:
    with FaultyServer(trouble=lambda _, stage, __: "451 4.3.0 not now" if stage == "MAIL" else None) as server:
        made = workers(server, MAIL_RETRY_FOR=1, MAIL_RETRY_SCHEDULE=[0.1])
        made.send(1)
        made.start()
        until(lambda: list((tmp_path / "unsent").glob("*.json")))
        (kept,) = (tmp_path / "unsent").glob("*.json")
        assert json.loads(kept.read_bytes())["recipients"] == ["1@example.com"]
        until(lambda: "will not be, to 1@example.com" in made.log())


def test_a_child_that_is_killed_costs_nothing(workers: Start) -> None:
    """The worker notices, and the broker gives its task to another child."""
    killed: list[int] = []

    def trouble(talk: Conversation, stage: str, _: str) -> None:
        if stage == "MAIL" and len(killed) < 3:
            children = subprocess.run(["pgrep", "-P", str(worker.pid)], capture_output=True, text=True).stdout.split()
            killed.append(int(children[0]))
            os.kill(killed[-1], signal.SIGKILL)

    with FaultyServer(trouble=trouble) as server:
        made = workers(server)
        worker = made.start(1)
        for number in range(10):
            made.send(number)
        server.wait_for(lambda: len(arrived(server)) == 10, 60)
        assert arrived(server) == dict.fromkeys(names(10), 1)


def test_workers_that_are_killed_cost_at_most_what_was_on_its_way(workers: Start, redis_url: str) -> None:
    """What plain ``celery`` promises with Redis: a copy for each message in flight, and the loss of one for each worker
    that is killed as a whole: Redis has no way to give a message to a worker and to note that in one step."""
    count, kills, concurrency = 400, 4, 2
    contents: dict[str, set[bytes]] = collections.defaultdict(set)
    with FaultyServer("PIPELINING") as server:
        made = workers(server, visible=3)
        for number in range(count):
            made.send(number)
        dice = random.Random(7)
        for number in range(kills):
            worker = made.start(concurrency)
            goal = min(count - 20, (number + 1) * 60 + dice.randrange(40))
            server.wait_for(lambda goal=goal: len(arrived(server)) >= goal, 60)  # type: ignore[misc]
            made.kill(worker)
        forsaken(redis_url, 3)
        made.start(concurrency)
        with redis.Redis.from_url(redis_url) as client:
            until(lambda: not any(client.exists(key) for key in KEPT))
        found = arrived(server)
        for taken in server.taken:
            contents[taken.recipients[0]].add(taken.content)
    assert len(names(count) - set(found)) <= kills
    assert sum(found.values()) - len(found) <= kills * 2 * concurrency  # one being sent and one waiting, for each child
    assert all(len(each) == 1 for each in contents.values())


def test_a_broker_that_is_restarted(workers: Start) -> None:
    """While it is away ``send_later`` says so; what it had, it still has, but for what was on its way to the worker."""
    with FaultyServer() as server, Redis() as own:
        made = workers(server, visible=2, url=own.url)
        worker = made.start()
        for number in range(100):
            made.send(number)
        server.wait_for(lambda: len(server.taken) >= 10, 30)
        own.stop()
        with pytest.raises(QueueError, match="broker did not take the task"):
            made.send("away")
        own.start()
        for number in range(100, 120):
            made.send(number)
        made.kill(worker)  # some come back by themselves, others end, and a process manager starts the next
        forsaken(own.url, 2)
        made.start()
        with redis.Redis.from_url(own.url) as client:
            until(lambda: not any(client.exists(key) for key in KEPT))
        found = arrived(server)
        assert len(names(120) - set(found)) <= 2
        assert sum(found.values()) - len(found) <= 2 * 2 * 2


OUTBOX = {"MAIL_QUEUE": "outbox", "MAIL_OUTBOX_DISPATCH": "celery"}


def test_a_child_keeps_its_connection_for_the_next_task(workers: Start, tmp_path: pathlib.Path) -> None:
    with FaultyServer("PIPELINING") as server:
        made = workers(server, MAIL_OUTBOX_URL=f"sqlite:///{tmp_path}/outbox.sqlite", **OUTBOX)
        made.start(concurrency=1)
        for number in range(5):
            made.send(number)
        until(lambda: made.mail.outbox.stats().states == {"sent": 5})
        assert server.connections == 1


def test_the_outbox_sends_ids_and_a_broker_that_loses_them_loses_nothing(
    workers: Start, tmp_path: pathlib.Path, postgres_database: str
) -> None:
    with FaultyServer() as server, Redis() as own:
        made = workers(server, url=own.url, MAIL_OUTBOX_URL=postgres_database, MAIL_OUTBOX_LEASE=2, **OUTBOX)
        made.mail.get_queue().store.create()  # type: ignore[attr-defined]
        queue = made.mail.get_queue()
        worker = made.start()
        for number in range(60):
            made.send(number)
        server.wait_for(lambda: len(server.taken) >= 20, 30)
        made.kill(worker)
        with redis.Redis.from_url(own.url) as client:
            client.flushall()  # the ids are gone
        own.kill()
        begun = time.monotonic()
        for number in range(60, 80):
            made.send(number)  # taken all the same
        assert time.monotonic() - begun < 15  # one try to reach the broker, not twenty
        own.start()
        made.start()
        end = time.monotonic() + 60
        while len(arrived(server)) < 80:
            assert time.monotonic() < end, arrived(server)
            ours.sweep(made.app, queue, grace=0.2)  # as cron or Celery beat would
            with contextlib.suppress(AssertionError):
                server.wait_for(lambda: len(arrived(server)) == 80, 0.5)
        found = arrived(server)
        assert set(found) == names(80)
        assert sum(found.values()) - 80 <= 4  # what was in flight when the worker was killed


def test_many_ids_go_in_one_task(workers: Start, redis_url: str, tmp_path: pathlib.Path) -> None:
    with FaultyServer() as server:
        made = workers(server, MAIL_OUTBOX_URL=f"sqlite:///{tmp_path}/outbox.sqlite", **OUTBOX)
        messages = [Message("x", [f"{number}@example.com"], "x") for number in range(120)]
        assert len(list(made.mail.send_many(messages, later=True))) == 120
        with redis.Redis.from_url(redis_url) as client:
            assert client.llen("celery") == 3
            assert b"Message-ID" not in base64.b64decode(json.loads(client.lrange("celery", 0, 0)[0])["body"])
        made.start()
        server.wait_for(lambda: len(server.taken) == 120, 30)
        assert arrived(server) == dict.fromkeys(names(120), 1)
        until(lambda: made.mail.outbox.stats().states == {"sent": 120})


def test_a_sweep_hands_over_what_is_due_once(workers: Start, redis_url: str, tmp_path: pathlib.Path) -> None:
    made = workers(25, MAIL_OUTBOX_URL=f"sqlite:///{tmp_path}/outbox.sqlite", **OUTBOX)
    made.send("later", delay=0.3)
    made.send("much later", "a@example.com", delay=3600)
    made.send("now")
    cli = made.app.test_cli_runner()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        until(lambda: cli.invoke(args=["mail", "outbox", "sweep"]).output.startswith("1 handed over"))
        result = cli.invoke(args=["mail", "outbox", "sweep"])
        assert (result.exit_code, result.output[:14]) == (0, "0 handed over ")
        assert client.llen("celery") == 1
        until(lambda: cli.invoke(args=["mail", "outbox", "sweep", "--older-than", "0s"]).output.startswith("2 handed"))
        assert client.llen("celery") == 2
    app = Flask("app_of_a_test", instance_path=str(tmp_path))
    app.config.update(MAIL_QUEUE="outbox")
    Mail(app)
    result = app.test_cli_runner().invoke(args=["mail", "outbox", "sweep"])
    assert (result.exit_code, "flask mail worker sends" in result.output) == (1, True)


def test_without_a_celery_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery._state.default_app", None)
    monkeypatch.setattr("celery._state._tls.current_app", None, raising=False)
    app = Flask("app_of_a_test")
    app.config.update(MAIL_QUEUE="celery", MAIL_DEFAULT_SENDER="from@example.com")
    mail = Mail(app)
    with pytest.raises(ConfigError, match=r"app.extensions\['celery'\].*set_default"):
        mail.send_later(Message("x", ["a@example.com"], "x"))


def test_a_broker_that_is_away_is_an_error_that_says_so(workers: Start) -> None:
    made = workers(25, url=f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(QueueError, match="broker did not take the task.*See whether it is up"):
        made.send(1)


def test_without_redis_a_key_is_refused(workers: Start) -> None:
    made = workers(25, url=f"amqp://127.0.0.1:{free_port()}//")
    with pytest.raises(QueueError, match="MAIL_OUTBOX_DISPATCH"):
        made.send(1, key="once")


def test_eager_tasks_are_done_at_once_and_never_later(tmp_path: pathlib.Path) -> None:
    down = free_port()
    with FaultyServer() as server:
        celery = {"task_always_eager": True, "broker_url": "memory://"}
        app = create_app(CELERY=celery, **server.config, MAIL_UNSENT_PATH=str(tmp_path))
        mail = app.extensions["mail"]
        mail.send_later(Message("x", ["a@example.com"], "x"), delay=3600)
        assert len(server.taken) == 1
        app.config.update(MAIL_PORT=down)
        mail.port = down
        mail.send_later(Message("x", ["b@example.com"], "x"))
    (kept,) = tmp_path.glob("*.json")
    assert "refused" in json.loads(kept.read_bytes())["error"]


def test_a_task_finds_its_application() -> None:
    apps = {name: Flask(name) for name in "abc"}
    celeries = {name: Celery(name, broker="memory://", set_as_current=False) for name in "ab"}
    here: list[str] = []
    for name, app in apps.items():
        app.extensions["celery"] = celeries.get(name)
        options: dict[str, t.Any] = {"worker": None, "hold": None}
        ours.serve(app, lambda name=name: name, current=lambda name=name: name in here, **options)  # type: ignore[misc]
    assert served_by(celeries["b"]).app() is apps["b"]
    here.append("c")
    assert served_by(celeries["b"]).app() is apps["c"]  # the context in which the task runs says more
    here.clear()
    with pytest.raises(ConfigError, match="3 applications could be meant"):
        served_by(Celery("other", broker="memory://", set_as_current=False))


def test_priorities_as_brokers_count() -> None:
    rabbit = Celery("a", broker="amqp://x", set_as_current=False)
    assert [broker.priority(rabbit, wanted) for wanted in (-9, -1, 0, 1, 9)] == [0, 4, 5, 6, 9]
    other = Celery("a", broker="redis://x", set_as_current=False)
    assert [broker.priority(other, wanted) for wanted in (-10, -1, 0, 1, 9)] == [9, 6, 3, 0, 0]
