"""The leases of a batch of ids are renewed while it is sent, by one thread that all batches of a process share."""

from __future__ import annotations

import collections.abc as c
import pathlib
import subprocess
import sys
import textwrap
import threading
import time
import typing as t

import pytest
import sqlalchemy as sa

from flask_mail.queues import renewal
from flask_mail.queues.leases import Leases
from flask_mail.queues.outbox import metadata
from flask_mail.queues.renewal import Renewal

from ..faults.mailing import PIPELINING
from ..faults.server import Conversation
from ..faults.server import FaultyServer
from .test_kept_connections import Bench


class Counted:
    """Leases that count how often they were renewed."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.times = 0
        self.renewed = threading.Condition()

    def renew_or_tell(self, now: float) -> None:
        with self.renewed:
            self.times += 1
            self.renewed.notify_all()

    def wait(self, times: int) -> bool:
        with self.renewed:
            return self.renewed.wait_for(lambda: self.times >= times, 10)


def leases(pause: float) -> t.Any:
    return Counted(pause)


def test_what_is_sent_for_longer_than_its_lease_stays_its_own(tmp_path: pathlib.Path) -> None:
    url = f"sqlite:///{tmp_path}/outbox.sqlite"
    dues: list[float] = []

    def renewed() -> bool:
        with sa.create_engine(url).connect() as connection:
            dues.append(connection.execute(sa.select(metadata.tables["mail_outbox"].c.due)).scalar_one())
        return dues[-1] > dues[0] + 1

    def hold_back(talk: Conversation, stage: str, _: str) -> None:
        end = time.monotonic() + 10
        while stage == "final dot" and not renewed() and time.monotonic() < end:
            time.sleep(0.05)

    with FaultyServer(*PIPELINING, trouble=hold_back) as server:
        bench = Bench(server, tmp_path, MAIL_OUTBOX_LEASE=1)
        assert bench.send(1).sent == 1
        assert dues[-1] > dues[0] + 1
        assert bench.attempts == {1}


def test_several_are_renewed_over_and_over() -> None:
    renewing = Renewal()
    seldom, often = leases(0.05), leases(0.01)
    with renewing.of(seldom), renewing.of(often):
        assert often.wait(5)
        assert seldom.wait(2)


def test_a_shorter_pause_does_not_wait_for_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "LOOK", 600.0)
    renewing = Renewal()
    with renewing.of(leases(600.0)), renewing.of(often := leases(0.01)):
        assert often.wait(3)


def test_what_is_over_is_not_renewed() -> None:
    renewing = Renewal()
    over, still = leases(0.01), leases(0.01)
    with renewing.of(still):
        with renewing.of(over):
            assert over.wait(1)
        before = over.times
        assert still.wait(still.times + 5)
        assert over.times <= before + 1, "one that was being renewed as it ended"


def test_there_is_one_thread_which_ends_when_there_was_nothing_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "IDLE", 0.0)
    renewing: t.Any = Renewal()
    for _ in range(2):
        with renewing.of(counted := leases(0.01)):
            thread = renewing._thread
            with renewing.of(leases(0.01)):
                assert renewing._thread is thread
            assert counted.wait(1)
        thread.join(10)
        assert not thread.is_alive()
        assert renewing._thread is None


def test_one_that_fails_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    failed = threading.Semaphore(0)

    class Broken:
        def renew(self, owners: c.Collection[str], seconds: float) -> None:
            failed.release()
            raise OSError("disk I/O error")

    held = Leases(t.cast(t.Any, Broken()), "me", 0.03)
    held.hold(lease := held.new(time.monotonic()), 1)
    lease.until += 60
    with Renewal().of(held):
        assert failed.acquire(timeout=10)
        assert failed.acquire(timeout=10)
    assert "The outbox's database does not answer" in caplog.text


def test_a_fork_has_a_thread_of_its_own(tmp_path: pathlib.Path) -> None:
    code = """
        import os, sys
        from flask_mail.queues.renewal import renewal
        from tests.queues.test_renewal import leases
        with renewal.of(first := leases(0.01)):
            assert first.wait(1)
            child = os.fork()
            if child == 0:
                assert not renewal._due
                with renewal.of(second := leases(0.01)):
                    os._exit(0 if second.wait(3) else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert first.wait(first.times + 2)
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60, cwd=pathlib.Path(__file__).parents[2]
    )
