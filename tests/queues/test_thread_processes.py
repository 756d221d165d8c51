"""The queue of threads where processes end, fork and are told to stop."""

from __future__ import annotations

import collections
import collections.abc as c
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from flask_mail.queues.unsent import Unsent
from flask_mail.queues.unsent import UnsentFolder

from ..faults.server import Conversation
from ..faults.server import FaultyServer
from ..servers.debian import free_port
from ..servers.debian import ROOT
from .sending import PATIENCE

HEAD = """
import atexit, multiprocessing, os, signal, sys, threading, time
from flask_mail.queues.schedule import Schedule
from flask_mail.queues.thread import ThreadQueue
from tests.queues.sending import Sending, submission
port, folder, timeout = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
queue = ThreadQueue(Sending(port), Schedule((60.0,), 3600.0), unsent=folder, shutdown_timeout=timeout)
def put(*names):
    for name in names:
        queue.put(submission(name))
"""

Begin = c.Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(tmp_path: pathlib.Path) -> c.Iterator[Begin]:
    """Start a program that has a queue; with what it says in a pipe."""
    with contextlib.ExitStack() as stack:

        def begun(code: str, port: int, timeout: float = PATIENCE) -> subprocess.Popen[str]:
            program = tmp_path / "program.py"
            program.write_text(HEAD + textwrap.dedent(code))
            process = subprocess.Popen(
                [sys.executable, program, str(port), tmp_path / "unsent", str(timeout)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield begun


@pytest.fixture
def gate() -> c.Iterator[tuple[FaultyServer, threading.Event]]:
    """A server that takes nothing before an event is set."""
    opened = threading.Event()

    def wait(talk: Conversation, stage: str, _: str) -> None:
        if stage == "MAIL":
            opened.wait(PATIENCE)

    with FaultyServer(trouble=wait) as server:
        yield server, opened
        opened.set()


def ended(process: subprocess.Popen[str], status: int = 0) -> str:
    """What *process* wrote to its standard error, once it has ended."""
    _, error = process.communicate(timeout=2 * PATIENCE)
    assert process.returncode == status, error
    return error


def unsent(tmp_path: pathlib.Path) -> dict[str, Unsent]:
    found = list(UnsentFolder(tmp_path / "unsent"))
    assert len({each.message_id for each in found}) == len(found)
    return {each.message_id.strip("<>").partition("@")[0]: each for each in found}


def arrived(server: FaultyServer) -> dict[str, int]:
    return collections.Counter(taken.content.splitlines()[-1].decode()[1:] for taken in server.taken)


@pytest.mark.parametrize(
    ("end", "status"), [("", 0), ("sys.exit(3)", 3), ("raise RuntimeError", 1), ("os.kill(os.getpid(), 2)", -2)]
)
def test_a_process_that_ends_sends_first(begin: Begin, tmp_path: pathlib.Path, end: str, status: int) -> None:
    with FaultyServer() as server:
        error = ended(begin(f"put(*range(50))\n{end}", server.port), status)
        assert arrived(server) == {str(number): 1 for number in range(50)}
        assert ("Traceback" in error) is (status in (1, -2))
    assert unsent(tmp_path) == {}


def test_a_full_queue_and_a_dead_server_lose_nothing_in_silence(begin: Begin, tmp_path: pathlib.Path) -> None:
    error = ended(begin("put(*range(1000))", free_port()))
    kept = unsent(tmp_path)
    assert set(kept) == {str(number) for number in range(1000)}
    assert all(str(each.path) in error for each in kept.values())
    assert all(each.submission().envelope.recipients == ("to@example.com",) for each in kept.values())


def test_nor_does_one_that_hangs_and_the_end_comes_in_time(begin: Begin, tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = begin("put(*range(20))\nprint('ending', flush=True)", listener.getsockname()[1], timeout=0.3)
        assert process.stdout is not None
        assert process.stdout.readline() == "ending\n"
        begun = time.monotonic()
        ended(process)
        assert time.monotonic() - begun < 5
    kept = unsent(tmp_path)
    assert set(kept) == {str(number) for number in range(20)}
    assert sum(each.in_doubt for each in kept.values()) == 2  # those that the threads had begun with


def test_ctrl_c_at_the_end_puts_the_rest_away_at_once(
    begin: Begin, tmp_path: pathlib.Path, gate: tuple[FaultyServer, threading.Event]
) -> None:
    server, _ = gate
    process = begin("put(*range(20))\nprint('ending', flush=True)", server.port)
    assert process.stdout is not None
    assert process.stdout.readline() == "ending\n"
    server.wait_for(lambda: server.verbs.count("MAIL") == 2)
    while process.poll() is None:  # it may not be at its end yet
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    assert set(unsent(tmp_path)) == {str(number) for number in range(20)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_ends_the_program_in_good_order(
    begin: Begin, tmp_path: pathlib.Path, gate: tuple[FaultyServer, threading.Event], number: signal.Signals
) -> None:
    """As servers of applications have it: a handler that exits."""
    server, opened = gate
    code = f"""
    signal.signal({int(number)}, lambda *_: sys.exit(0))
    put(*range(20))
    signal.pause()
    """
    process = begin(code, server.port)
    server.wait_for(lambda: server.verbs.count("MAIL") == 2)
    process.send_signal(number)
    opened.set()
    ended(process)
    assert arrived(server) == {str(number): 1 for number in range(20)}


def test_a_child_sends_what_it_was_given_and_not_what_its_parent_was(
    begin: Begin, gate: tuple[FaultyServer, threading.Event]
) -> None:
    server, opened = gate
    code = """
    put(*range(10))
    children = []
    for child in "ab":
        pid = os.fork()
        if not pid:
            put(*(f"{child}{number}" for number in range(5)))
            sys.exit(len(queue) == 0)
        children.append(pid)
    print("forked", flush=True)
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0
    """
    process = begin(code, server.port)
    assert process.stdout is not None
    assert process.stdout.readline() == "forked\n"
    opened.set()
    ended(process)
    expected = [*map(str, range(10)), *(f"{child}{number}" for child in "ab" for number in range(5))]
    assert arrived(server) == dict.fromkeys(expected, 1)


def test_a_fork_amid_everything(begin: Begin) -> None:
    """Children that are born at any moment have a queue that works."""
    code = """
    def work(name):
        for number in range(60):
            put(f"{name}.{number}")
    threads = [threading.Thread(target=work, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for child in range(10):
        if not (pid := os.fork()):
            put(f"child{child}")
            queue.close()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    for thread in threads:
        thread.join()
    """
    with FaultyServer() as server:
        ended(begin(code, server.port))
        expected = [*(f"{name}.{number}" for name in "xyz" for number in range(60)), *(f"child{n}" for n in range(10))]
        assert arrived(server) == dict.fromkeys(expected, 1)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_send_before_they_end(begin: Begin, method: str) -> None:
    code = f"""
    if __name__ == "__main__":
        context = multiprocessing.get_context({method!r})
        put("parent")
        process = context.Process(target=put, args=("one", "two"))
        process.start()
        process.join()
        assert process.exitcode == 0
    """
    with FaultyServer() as server:
        ended(begin(code, server.port))
        assert arrived(server) == {"parent": 1, "one": 1, "two": 1}


def test_what_is_put_at_the_very_end_is_sent(begin: Begin) -> None:
    code = """
    atexit.register(put, "at exit")
    def late():
        threading.main_thread().join()
        put("after the main thread")
    threading.Thread(target=late).start()
    """
    with FaultyServer() as server:
        ended(begin(code, server.port))
        assert arrived(server) == {"at exit": 1, "after the main thread": 1}


def test_the_reloader_does_not_lose_what_is_queued(begin: Begin, tmp_path: pathlib.Path) -> None:
    code = """
    from werkzeug.serving import run_simple
    once = folder + ".once"
    if os.environ.get("WERKZEUG_RUN_MAIN") and os.path.exists(once):
        os._exit(0)  # the second life
    def touch():
        open(once, "x").close()
        put(*range(20))
        os.utime(__file__, (time.time() + 10,) * 2)
    if os.environ.get("WERKZEUG_RUN_MAIN"):
        threading.Timer(0.3, touch).start()
    run_simple("127.0.0.1", 0, lambda *_: [], use_reloader=True, reloader_type="stat", reloader_interval=0.05)
    """
    with FaultyServer() as server:
        ended(begin(code, server.port))
        assert arrived(server) == {str(number): 1 for number in range(20)}
