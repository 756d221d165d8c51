"""The worker: takes messages out of the outbox and sends them, over several connections driven by one thread.

What became of a message is committed before it is told of. In which order things happen is what the promise rests on:

1.  A message is claimed, and its attempt counted, before anything of it is sent (:mod:`.supply`).
2.  What the server said is handed to the database as it comes (:mod:`.settling`).
3.  A claim is a lease (:mod:`.leases`). Where it runs out because the worker stood still, nothing more of it is begun
    or written.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import logging
import os
import secrets
import socket
import threading
import time
import typing as t

from sqlalchemy import exc

from .base import Delivery
from .base import Sent
from .leases import Leases
from .outbox.listener import Listener
from .outbox.rows import Claimed
from .outbox.store import Store
from .pause import Pause
from .renewal import renewal
from .schedule import Schedule
from .settling import Settling
from .settling import Tally as Tally
from .supply import Supply
from .supply import SWEEP

logger: logging.Logger = logging.getLogger("flask_mail")

LAST_WORDS: t.Final = 12.0
"""Seconds that what is on its way has to end when the worker is told to stop."""

DATABASE: t.Final = 120.0
"""Seconds for which the outbox's database may fail before the worker gives up."""

HEALTH: t.Final = 60.0
"""Seconds between two lines that say how it goes."""


class Worker:
    """Sends what is in the outbox, until :meth:`stop`.

    :param store: the outbox's tables.
    :param delivery: what to send with.
    :param schedule: when to try again.
    :param connections: how many connections at most.
    :param batch: how many messages to claim at once.
    :param lease: seconds for which they are claimed; renewed while they are being sent.
    :param hold: leave what is in doubt to somebody to decide, instead of sending it again.
    :param keep: seconds for which what is over is kept.
    :param progress: called after each commit.
    """

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        schedule: Schedule,
        *,
        connections: int = 4,
        batch: int = 100,
        lease: float = 60.0,
        hold: bool = False,
        keep: float = 604_800.0,
        progress: c.Callable[[Tally], object] | None = None,
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._connections = connections
        self._name = f"{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._pause = Pause()
        self._listener = Listener(store.engine)
        self._leases = Leases(store, self._name, lease)
        self._settling = Settling(store, delivery, schedule, self._leases, self._pause, hold=hold, progress=progress)
        self._supply = Supply(
            store,
            self._leases,
            self._settling,
            self._pause,
            self._listener,
            batch=connections if hold else max(batch, connections),
            hold=hold,
            keep=keep,
        )
        self.tally: Tally = self._settling.tally
        self._stopping = False
        self._failing = 0.0

    def stop(self) -> None:
        """Take nothing more, bring to an end what is on its way, and return from :meth:`run`; from any thread, or a
        signal handler."""
        self._leases.close(time.monotonic() + LAST_WORDS)
        self._stopping = self._supply.stopped = True
        self._listener.bell.ring()

    def wake(self) -> None:
        """There is something to send."""
        self._listener.bell.ring()

    def run(self, *, burst: bool = False) -> Tally:
        """Work.

        :param burst: return when there is nothing to send right now.
        :raises sqlalchemy.exc.SQLAlchemyError: the database fails; what was claimed comes free with its lease.
        """
        self._supply.burst = burst
        with self._keeper():
            try:
                while not self._stopping:
                    try:
                        self._work()
                        if not self._wait():
                            break
                    except exc.OperationalError as error:
                        self._patience(error)
            finally:
                with contextlib.suppress(Exception):
                    self._store.dismiss(self._name)
                self._store.let_go()
                self._listener.close()
        return self.tally

    def send(self, ids: c.Collection[str]) -> Tally:
        """Send those of *ids* that are still to be sent, and return; what is to be tried again is left for later.

        :raises sqlalchemy.exc.SQLAlchemyError: as with :meth:`run`.
        """
        try:
            if self._supply.give(ids):
                with renewal.of(self._leases):
                    self._work(kept=True)
        finally:
            self._listener.close()
        return self.tally

    def _work(self, *, kept: bool = False) -> None:
        """Send until there is nothing to send for a while.

        :param kept: whether to use connections that are kept open.
        """
        sent = self._delivery.deliver_many(self._supply.stream(), connections=self._connections, kept=kept)
        try:
            with contextlib.closing(sent):  # which the traceback of an error keeps
                for together in sent:
                    self._settling.end()
                    self._settle(together)
        finally:
            try:
                self._settling.end()
            finally:
                self._supply.give_back()

    def _settle(self, together: Sent) -> None:
        """Have it written what became of these."""
        ended: Sent = []
        unbegun: list[Claimed] = []
        now = time.monotonic()
        for row, outcome in together:
            self._supply.ended(row)
            if isinstance(outcome, TimeoutError) and _cut_short(row, outcome, now):
                unbegun.append(row)
            else:
                ended.append((row, outcome))
        try:
            self._settling.begin(ended)
        finally:
            self._settling.release(unbegun)

    def _wait(self) -> bool:
        """Sleep until there may be something to do; return whether to go on."""
        pause = self._pause.until - time.time()
        if self._stopping or (self._supply.burst and (pause > 0 or not self._supply.look())):
            return False
        if not self._supply.waits:
            self._listener.wait(pause if pause > 0 else SWEEP)
        return True

    def _patience(self, error: exc.OperationalError) -> None:
        """The database fails: wait for it, but not for ever.

        :raises sqlalchemy.exc.OperationalError: it has failed for too long.
        """
        now = time.monotonic()
        if self._failing <= self._supply.looked:  # it has worked since
            self._failing = now
        if now - self._failing > DATABASE:
            raise error
        logger.warning("The outbox's database failed; trying again: %s", error.orig)
        self._listener.bell.wait(1.0)

    # Beside it all

    @contextlib.contextmanager
    def _keeper(self) -> c.Generator[None]:
        """Have leases renewed meanwhile, and the worker known in the outbox."""
        ended = threading.Event()
        thread = threading.Thread(target=self._keep_alive, args=(ended,), name="mail-outbox-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _keep_alive(self, ended: threading.Event) -> None:
        """Renew leases, say that the worker is there, and how it goes."""
        started, reported, told = time.time(), 0.0, time.monotonic()
        while True:
            now = time.monotonic()
            self._leases.renew_or_tell(now)
            if now - reported > 15.0:
                reported = now
                self._report(started)
            if now - told > HEALTH:
                told = now
                logger.info("Outbox worker %s: %s", self._name, self.tally)
            if ended.wait(self._leases.pause):
                return

    def _report(self, started: float) -> None:
        try:
            self._store.report(self._name, socket.gethostname(), os.getpid(), started)
        except Exception:
            logger.exception("The outbox's database does not answer, and does not know that this worker is there")


def _cut_short(row: Claimed, outcome: TimeoutError, now: float) -> bool:
    """Whether it ended because its lease does, before a server can have it."""
    return (row.lease.closed or now >= row.lease.until) and not getattr(outcome, "in_doubt", False)
