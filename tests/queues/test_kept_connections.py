"""The connections of one batch of ids are the next one's, as long as they are good: what Celery's tasks send over."""

from __future__ import annotations

import collections
import collections.abc as c
import contextlib
import itertools
import pathlib
import socket
import subprocess
import sys
import textwrap
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_mail import email_deferred
from flask_mail import email_failed
from flask_mail import Mail
from flask_mail import Message
from flask_mail.extension.background import make_worker
from flask_mail.queues.outbox import metadata
from flask_mail.queues.outbox import OutboxQueue
from flask_mail.queues.worker import Tally
from flask_mail.transports.bulk import Bulk

from ..faults.faults import hang
from ..faults.faults import reset
from ..faults.link import Link
from ..faults.mailing import EACH_OFFER
from ..faults.mailing import mailer
from ..faults.mailing import PIPELINING
from ..faults.mailing import send
from ..faults.server import Conversation
from ..faults.server import FaultyServer
from ..servers import Authority


class Bench:
    """An application with an outbox, of which ids are sent."""

    def __init__(self, server: FaultyServer, folder: pathlib.Path, **config: t.Any) -> None:
        url = f"sqlite:///{folder}/outbox.sqlite"
        self.mail: Mail = mailer(server, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=url, **config)
        self.state: t.Any = self.mail.state
        self.queue: OutboxQueue = self.state.get_queue()
        self.queue.store.create()
        self._numbers = itertools.count()

    def send(self, count: int, connections: int = 4, **options: t.Any) -> Tally:
        """Queue so many messages, and send them as a task does."""
        messages = [Message("x", [f"{next(self._numbers)}@example.com"], "x") for _ in range(count)]
        ids = [str(result.id) for result in self.mail.send_many(messages, later=True)]
        return make_worker(self.state, self.queue, connections=connections, **options).send(ids)

    @property
    def attempts(self) -> set[int]:
        with self.queue.store.engine.connect() as connection:
            return set(connection.execute(sa.select(metadata.tables["mail_outbox"].c.attempts)).scalars())

    @contextlib.contextmanager
    def watched(self) -> c.Generator[list[str]]:
        """What is told that went wrong meanwhile."""
        told: list[str] = []

        def tell(sender: object, **kwargs: t.Any) -> None:
            told.append(str(kwargs["error"]))

        app = t.cast(Flask, self.mail.app)
        with email_deferred.connected_to(tell, app), email_failed.connected_to(tell, app):
            yield told


def taken_once(server: FaultyServer, count: int) -> bool:
    recipients = collections.Counter(taken.recipients[0] for taken in server.taken)
    return recipients == {f"{number}@example.com": 1 for number in range(count)}


@EACH_OFFER
def test_they_are_kept_from_one_batch_to_the_next(offers: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    with FaultyServer(*offers) as server:
        bench = Bench(server, tmp_path)
        bench.send(30)
        opened = server.connections
        for _ in range(4):
            assert bench.send(30).sent == 30
        assert 1 <= opened <= server.connections <= 4
        assert server.verbs.count("QUIT") == 0
        assert taken_once(server, 150)


@EACH_OFFER
def test_all_are_used_from_the_first(
    offers: tuple[str, ...], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New ones are opened one after the other, since each costs a wait; these cost none."""
    turn, lanes = Bulk._turn, list[int]()

    def counted(bulk: t.Any) -> None:
        lanes.append(len(bulk._lanes))
        turn(bulk)

    monkeypatch.setattr(Bulk, "_turn", counted)
    with FaultyServer(*offers) as server:
        bench = Bench(server, tmp_path, MAIL_POOL_SIZE=4)
        pool = bench.state.pool_of(bench.state.get_transport())
        for session in [pool.lend() for _ in range(3)]:
            pool.give_back(session)
        assert bench.send(30, connections=4).sent == 30
        assert lanes[0] == 4, "three kept, and a new one"
        lanes.clear()
        assert bench.send(2, connections=4).sent == 2
        assert lanes[0] == 2, "no more than there is work for"
        assert taken_once(server, 32)


@EACH_OFFER
def test_mail_send_uses_the_same(offers: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    with FaultyServer(*offers) as server:
        bench = Bench(server, tmp_path)
        for _ in range(3):
            send(bench.mail, "at-once@example.com")
            assert bench.send(3, connections=1).sent == 3
        assert (len(server.taken), server.connections) == (12, 1)


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "STARTTLS"])
def test_also_over_tls(implicit: bool, authority: Authority, tmp_path: pathlib.Path) -> None:
    with FaultyServer(*PIPELINING, context=authority.server_context(), implicit=implicit) as server:
        tls = {"MAIL_USE_SSL": implicit, "MAIL_USE_TLS": not implicit, "MAIL_TLS_CA": authority.ca_file}
        bench = Bench(server, tmp_path, **tls)
        for _ in range(3):
            assert bench.send(5, connections=1).sent == 5
        assert server.connections == 1


def test_a_worker_that_runs_on_closes_its_own(tmp_path: pathlib.Path) -> None:
    with FaultyServer(*PIPELINING) as server:
        bench = Bench(server, tmp_path)
        bench.mail.send_later(Message("x", ["0@example.com"], "x"))
        assert make_worker(bench.state, bench.queue).run(burst=True).sent == 1
        server.wait_for(lambda: server.verbs.count("QUIT") == 1)


@pytest.mark.usefixtures("no_collector")
@EACH_OFFER
def test_a_worker_that_fails_leaves_none_open(offers: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    """However long the error is kept, whose traceback leads to what the worker was doing."""

    def fail(tally: Tally) -> None:
        raise LookupError

    with FaultyServer(*offers) as server:
        bench = Bench(server, tmp_path, MAIL_POOL_SIZE=0)
        with pytest.raises(LookupError) as kept:
            bench.send(50, connections=2, progress=fail)
        server.wait_for(lambda: server.open == 0)
        assert kept.value.__traceback__


# No longer good


@EACH_OFFER
def test_those_that_the_server_has_closed_meanwhile(offers: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    with FaultyServer(*offers) as server:
        bench = Bench(server, tmp_path)
        bench.send(20)
        for link in server.links:
            link.sock.shutdown(socket.SHUT_WR)
        opened = server.connections
        with bench.watched() as told:
            assert bench.send(20).sent == 20
        assert (told, bench.attempts) == ([], {1})
        assert server.connections > opened
        assert taken_once(server, 40)


def goodbye(link: Link) -> None:
    link.send(b"421 4.4.2 you were idle for too long\r\n")
    link.finish()


ENDS: dict[str, c.Callable[[Link], object]] = {"end": Link.finish, "reset": reset, "goodbye": goodbye}


@EACH_OFFER
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_those_that_turn_out_dead_cost_no_attempt(
    end: c.Callable[[Link], object], offers: tuple[str, ...], tmp_path: pathlib.Path
) -> None:
    """Eight of them, one after the other: more than a message may be lost with."""
    dead = 0

    def at_first(talk: Conversation, stage: str, _: str) -> c.Callable[[Link], object] | None:
        return end if talk.link.number <= dead and stage in ("MAIL", "RSET") else None

    with FaultyServer(*offers, trouble=at_first) as server:
        bench = Bench(server, tmp_path, MAIL_POOL_SIZE=8)
        transport = bench.state.get_transport()
        pool = bench.state.pool_of(transport)
        for session in [pool.lend() for _ in range(8)]:
            pool.give_back(session)
        assert server.open == server.connections == 8
        dead = 8
        with bench.watched() as told:
            assert bench.send(1).sent == 1
        assert (told, bench.attempts) == ([], {1})
        assert server.connections == 9
        assert taken_once(server, 1)


@EACH_OFFER
def test_one_that_is_silent_is_replaced(offers: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    def mute(talk: Conversation, stage: str, _: str) -> c.Callable[[Link], object] | None:
        if talk.link.number == 1 and talk.server.taken and stage in ("MAIL", "RSET"):
            return hang
        return None

    with FaultyServer(*offers, trouble=mute) as server:
        bench = Bench(server, tmp_path, MAIL_TIMEOUT=0.2)
        bench.send(1)
        with bench.watched() as told:
            assert bench.send(5, connections=1).sent == 5
        assert (told, bench.attempts) == ([], {1})
        assert server.connections == 2


@EACH_OFFER
def test_a_message_at_which_the_server_hangs_up_is_given_up_all_the_same(
    offers: tuple[str, ...], tmp_path: pathlib.Path
) -> None:
    def poisoned(talk: Conversation, stage: str, argument: str) -> c.Callable[[Link], object] | None:
        return Link.finish if stage == "RCPT" and "<2@" in argument else None

    with FaultyServer(*offers, trouble=poisoned) as server:
        bench = Bench(server, tmp_path)
        bench.send(2, connections=2)
        with bench.watched() as told:
            assert bench.send(1).deferred == 1
        assert len(told) == 1
        assert server.connections <= 6


@EACH_OFFER
def test_what_the_server_was_not_asked_for_is_no_answer_to_the_next(
    offers: tuple[str, ...], tmp_path: pathlib.Path
) -> None:
    def more(talk: Conversation, stage: str, _: str) -> None:
        if stage == "final dot":
            talk.reply("250 2.0.0 taken, and")
        return

    with FaultyServer(*offers, trouble=more) as server:
        bench = Bench(server, tmp_path)
        bench.send(1)
        server.wait_for(lambda: server.open == 0)


@EACH_OFFER
def test_one_that_is_cut_short_is_not_kept(offers: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    def hold(talk: Conversation, stage: str, _: str) -> c.Callable[[Link], object] | None:
        if stage == "final dot" and talk.server.taken:
            return hang
        return None

    class Stop(BaseException):
        pass

    def stop(_: Tally) -> None:
        raise Stop

    with FaultyServer(*offers, trouble=hold) as server:
        bench = Bench(server, tmp_path)
        messages = [Message("x", [f"{number}@example.com"], "x") for number in range(2)]
        ids = [str(result.id) for result in bench.mail.send_many(messages, later=True)]
        worker = make_worker(bench.state, bench.queue, connections=1, progress=stop)
        with pytest.raises(Stop):
            worker.send(ids)
        server.wait_for(lambda: server.open == 0)


# What one leaves to the next


@EACH_OFFER
def test_what_was_refused_is_reset_before_the_next(offers: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    def refuse(talk: Conversation, stage: str, argument: str) -> str | None:
        return "550 5.1.1 nobody" if stage == "RCPT" and "<0@" in argument else None

    with FaultyServer(*offers, trouble=refuse) as server:
        bench = Bench(server, tmp_path)
        assert bench.send(1).failed == 1
        assert bench.send(2, connections=1).sent == 2
        assert bench.attempts == {1}
        assert server.connections == 1


@EACH_OFFER
def test_what_mail_send_was_refused_is_reset_too(offers: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    def refuse(talk: Conversation, stage: str, argument: str) -> str | None:
        return "550 5.1.1 nobody" if stage == "RCPT" and "<nobody@" in argument else None

    with FaultyServer(*offers, trouble=refuse) as server:
        bench = Bench(server, tmp_path)
        send(bench.mail)
        with pytest.raises(Exception, match="nobody"):
            send(bench.mail, "nobody@example.com")
        assert bench.send(2, connections=1).sent == 2
        assert server.connections == 1


# How many, and how long


@EACH_OFFER
def test_one_carries_only_so_many_messages(offers: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    with FaultyServer(*offers) as server:
        bench = Bench(server, tmp_path, MAIL_MAX_EMAILS=3)
        for _ in range(3):
            send(bench.mail)
            bench.send(3, connections=1)
        assert collections.Counter(taken.connection for taken in server.taken) == {1: 3, 2: 3, 3: 3, 4: 3}


def test_no_more_are_kept_than_may_be(tmp_path: pathlib.Path) -> None:
    def all_at_once(talk: Conversation, stage: str, _: str) -> None:
        if stage == "final dot":
            talk.server.wait_for(lambda: talk.server.connections >= 5)

    with FaultyServer(*PIPELINING, trouble=all_at_once) as server:
        bench = Bench(server, tmp_path, MAIL_POOL_SIZE=2)
        bench.send(10, connections=5)
        server.wait_for(lambda: server.open == 2)


def test_none_is_kept_with_a_size_of_0(tmp_path: pathlib.Path) -> None:
    with FaultyServer(*PIPELINING) as server:
        bench = Bench(server, tmp_path, MAIL_POOL_SIZE=0)
        bench.send(1)
        server.wait_for(lambda: server.open == 0 and server.verbs.count("QUIT") == 1)
        bench.send(1)
        assert server.connections == 2


def test_a_fork_shares_none(tmp_path: pathlib.Path) -> None:
    code = """
        import os, pathlib, sys
        from tests.queues.test_kept_connections import Bench
        class Server:
            config = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": int(sys.argv[1])}
        bench = Bench(Server, pathlib.Path(sys.argv[2]))
        bench.send(3, connections=1)
        child = os.fork()
        if child == 0:
            assert bench.send(3, connections=1).sent == 3
            assert bench.send(3, connections=1).sent == 3
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert bench.send(3, connections=1).sent == 3
    """
    with FaultyServer(*PIPELINING) as server:
        command = [sys.executable, "-c", textwrap.dedent(code), str(server.port), str(tmp_path)]
        subprocess.run(command, check=True, timeout=60, cwd=pathlib.Path(__file__).parents[2])
        assert [taken.connection for taken in server.taken] == [1] * 3 + [2] * 6 + [1] * 3
        assert [number for number, verb in server.lines if verb == "QUIT"] == [1], "the child is no part of it"
