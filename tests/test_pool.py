"""Connections that ``mail.send`` keeps: used again while they are good, replaced in silence when they are not."""

from __future__ import annotations

import collections.abc as c
import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
import typing as t

import pytest
from flask import Flask

from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Submission
from flask_mail.transports.connect import Endpoint
from flask_mail.transports.pool import Pool
from flask_mail.transports.smtp import SMTPTransport

from .faults.mailing import EACH_OFFER
from .faults.mailing import mailer
from .faults.mailing import PIPELINING
from .faults.mailing import send
from .faults.server import Conversation
from .faults.server import FaultyServer
from .servers import Authority
from .servers.sink import Sink


@EACH_OFFER
def test_a_connection_is_used_again(offers: tuple[str, ...]) -> None:
    with FaultyServer(*offers) as server:
        mail = mailer(server)
        for _ in range(5):
            send(mail)
        assert (len(server.taken), server.connections) == (5, 1)


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "STARTTLS"])
def test_also_over_tls_and_logged_in(implicit: bool, authority: Authority) -> None:
    """What TLS 1.3 sends by itself, session tickets, is no goodbye."""
    login = {"mechanisms": "PLAIN", "accounts": {"me": "secret"}}
    with FaultyServer(context=authority.server_context(), implicit=implicit, **login) as server:  # type: ignore[arg-type]
        mail = mailer(server, MAIL_USE_SSL=implicit, MAIL_USE_TLS=not implicit, MAIL_TLS_CA=authority.ca_file)
        app = t.cast(Flask, mail.app)
        app.config.update(MAIL_USERNAME="me", MAIL_PASSWORD="secret")
        mail.init_app(app)
        for _ in range(3):
            send(mail)
        assert (len(server.taken), server.connections) == (3, 1)


def test_none_is_kept_with_a_size_of_0() -> None:
    with FaultyServer(*PIPELINING) as server:
        mail = mailer(server, MAIL_POOL_SIZE=0)
        send(mail)
        send(mail)
        assert server.connections == 2
        server.wait_for(lambda: server.open == 0)


def test_no_more_are_kept_than_may_be() -> None:
    def all_at_once(talk: Conversation, stage: str, _: str) -> None:
        if stage == "final dot":
            talk.server.wait_for(lambda: talk.server.connections >= 5)

    with FaultyServer(*PIPELINING, trouble=all_at_once) as server:
        mail = mailer(server, MAIL_POOL_SIZE=2)
        threads = [threading.Thread(target=send, args=(mail,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.wait_for(lambda: server.open == 2)
        assert len(server.taken) == 5


def test_one_that_was_idle_too_long_is_not_used() -> None:
    with FaultyServer(*PIPELINING) as server:
        mail = mailer(server, MAIL_POOL_IDLE=0.05)
        send(mail)
        time.sleep(0.06)
        send(mail)
        assert server.connections == 2
        server.wait_for(lambda: server.verbs.count("QUIT") == 1)


def test_one_carries_only_so_many_messages() -> None:
    with FaultyServer(*PIPELINING) as server:
        mail = mailer(server, MAIL_MAX_EMAILS=3)
        for _ in range(7):
            send(mail)
        assert server.connections == 3


def test_an_interrupt_amid_a_message_closes_it() -> None:
    class Interrupted:
        size = 10

        def __iter__(self) -> c.Iterator[bytes]:
            yield b"Subject: "
            raise KeyboardInterrupt

    with FaultyServer(*PIPELINING) as server:
        pool = Pool(SMTPTransport(Endpoint(server.host, server.port)), size=2, idle=30)
        session = pool.open()
        with pytest.raises(KeyboardInterrupt):
            session.send(Submission(Envelope("a@x", ("b@x",)), Content([Interrupted()]), "<1@x>"))
        session.close()
        server.wait_for(lambda: server.open == 0)
        assert server.taken == []


def test_other_settings_use_no_old_connection() -> None:
    with FaultyServer(*PIPELINING) as one, FaultyServer(*PIPELINING) as other:
        mail = mailer(one)
        send(mail)
        mail.in_force().port = other.port  # type: ignore[attr-defined]
        send(mail)
        assert (len(one.taken), len(other.taken)) == (1, 1)
        one.wait_for(lambda: one.open == 0)


def run(code: str, server: FaultyServer) -> None:
    head = f"""
        import os
        from flask import Flask
        from flask_mail import Mail, Message
        app = Flask("app")
        app.config.update(MAIL_SERVER={server.host!r}, MAIL_PORT={server.port}, MAIL_DEFAULT_SENDER="from@example.com")
        mail = Mail(app)
        def sockets():
            with os.scandir("/proc/self/fd") as found:
                return sum(os.path.islink(fd) and os.readlink(fd).startswith("socket:") for fd in found)
        def send(who):
            assert mail.send(Message("Hello", [who + "@example.com"], "x")).complete
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(code)], check=True, timeout=60)


@EACH_OFFER
def test_a_fork_shares_no_connection(offers: tuple[str, ...]) -> None:
    code = """
        send("before")
        with mail.connect() as connection:
            connection.send(Message("Hello", ["open@example.com"], "x"))
            open_before = sockets()
            child = os.fork()
            if child == 0:
                assert sockets() == open_before - 1, "what is kept is closed, what is in use is the program's"
                send("child")
                connection.send(Message("Hello", ["child-open@example.com"], "x"))
                send("child")
            else:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
                send("parent")
                connection.send(Message("Hello", ["parent-open@example.com"], "x"))
    """
    with FaultyServer(*offers) as server:
        run(code, server)
        by: dict[str, set[int]] = {}
        for taken in server.taken:
            by.setdefault(taken.recipients[0].partition("@")[0], set()).add(taken.connection)
        assert by["before"] == by["parent"] == {1}
        assert by["open"] == by["parent-open"] == {2}
        assert len(by["child"]) == len(by["child-open"]) == 1
        assert len(by["child"] | by["child-open"] | {1, 2}) == 4
        # Nor does the child say goodbye on a connection of its parent's.
        parents = [verb.partition(" ")[0] for number, verb in server.lines if number in (1, 2)]
        assert parents.count("QUIT") == 2
        server.wait_for(lambda: server.open == 0)


def test_a_fork_amid_many_messages_leaves_the_parents_alone() -> None:
    code = """
        messages = (Message("x", [f"{n}@example.com"], "x") for n in range(300))
        results = mail.send_many(messages, connections=2)
        done = [next(results).ok for _ in range(10)]
        child = os.fork()
        if child == 0:
            results.close()
            send("child")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        done += [result.ok for result in results]
        assert done == [True] * 300
    """
    with FaultyServer("PIPELINING", "CHUNKING") as server:
        run(code, server)
        recipients = [taken.recipients[0] for taken in server.taken]
        assert sorted(recipients) == sorted(["child@example.com", *(f"{n}@example.com" for n in range(300))])


def test_a_fork_amid_another_threads_send_leaves_nothing_locked() -> None:
    code = """
        import signal, threading
        from flask_mail.extension.runtime import runtimes
        send("before")
        held, done = threading.Event(), threading.Event()
        def hold():
            runtime = runtimes[mail.in_force()]
            with runtime._lock, runtime._pool._lock:
                held.set()
                done.wait()
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            send("child")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        done.set()
        thread.join()
    """
    with FaultyServer(*PIPELINING) as server:
        run(code, server)
        assert [taken.recipients for taken in server.taken] == [["before@example.com"], ["child@example.com"]]


def test_all_are_closed_at_exit() -> None:
    with FaultyServer(*PIPELINING) as server:
        run('send("one")', server)
        server.wait_for(lambda: server.verbs.count("QUIT") == 1 and server.open == 0)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_32_threads_send_1000_messages_each_exactly_once() -> None:
    gc.collect()  # what other tests have left
    before = descriptors()
    with Sink() as sink:
        mail = mailer(sink, MAIL_POOL_SIZE=8)
        failures: list[Exception] = []

        def work(thread: int) -> None:
            try:
                for number in range(1000):
                    send(mail, f"{thread}.{number}@example.com")
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        mail.in_force().pool_size = 0  # type: ignore[attr-defined]
        send(mail, "last@example.com")  # other settings: those that were kept are closed
        recipients, connections = sink.stop()
        assert recipients.pop("last@example.com") == 1
        assert set(recipients.values()) == {1}
        assert len(recipients) == 32_000
        assert connections < 3200
    assert descriptors() <= before
