"""Many submissions over several connections, driven by one thread.

Each connection is a :class:`~.lane.Lane`. Submissions are pulled when one has room, so nothing grows with their number.
A lost connection ends the messages that were in doubt, and only those: the others go over the next one.
"""

from __future__ import annotations

import collections
import collections.abc as c
import contextlib
import copy
import os
import selectors
import time
import typing as t

from ..errors import DeliveryError
from .failures import failure
from .job import Job
from .lane import Lane
from .lane import TOO_LATE
from .lost import TooLateError
from .pace import Pace
from .smtp import SMTPSession

MANY_ENDED: t.Final = 64
"""Jobs that have ended, after which the caller is to see them first."""

ATTEMPTS: t.Final = 3
"""Connections a message may be lost with, not being in doubt, before it is given up; one that hangs is enough."""

LOOK: t.Final = 1.0
"""Seconds after which leases are looked at again."""


class Bulk:
    """Sends jobs; iterate over it for them, in the order in which they end.

    :param connect: opens a session, or takes one that was kept.
    :param jobs: what to send, pulled when there is room; ``None`` among them says that there is nothing right now.
    :param connections: how many connections at most.
    :param window: how many messages of one connection may be on the way.
    :param max_emails: how many messages one connection carries.
    :param pace: how fast they may leave.
    :param hold: whether the caller wants to see what is on its way before more is pulled.
    :param keep: is given the sessions that are not needed any more, and could go on.
    """

    def __init__(
        self,
        connect: c.Callable[[], SMTPSession],
        jobs: c.Iterable[Job | None],
        *,
        connections: int,
        window: int,
        max_emails: int | None = None,
        pace: Pace | None = None,
        hold: c.Callable[[], bool] = lambda: False,
        keep: c.Callable[[SMTPSession], object] = SMTPSession.close,
    ) -> None:
        self._connect = connect
        self._jobs = iter(jobs)
        self._connections = connections
        self._window = window
        self._max_emails = max_emails
        self._pace = pace or Pace()
        self._hold = hold
        self._keep = keep
        self._lanes: list[Lane] = []
        self._ahead: collections.deque[Job] = collections.deque()
        self._more = True
        self._fault: Exception | None = None
        self._ended: collections.deque[Job] = collections.deque()
        self._hopeless: DeliveryError | None = None
        self._selector = selectors.DefaultSelector()
        self._brisk = False
        """Whether all connections had replies when they were looked at last."""
        self._process = os.getpid()

    def __iter__(self) -> c.Generator[Job]:
        with contextlib.closing(self._run()) as ends:
            for _ in ends:
                while self._ended:
                    yield self._ended.popleft()

    def batches(self) -> c.Generator[list[Job]]:
        """The jobs in lists of those that ended together: nobody waits for others to fill one. An empty list says that
        what is next was written, or as much of it as could be, and will be waited for."""
        with contextlib.closing(self._run(twice=True)) as ends:
            for _ in ends:
                batch = list(self._ended)
                self._ended.clear()
                yield batch

    def _run(self, *, twice: bool = False) -> c.Generator[None]:
        """Send; stop by whenever there is something in :attr:`_ended`.

        :param twice: and once more when that was taken, and what is next is on its way.
        """
        try:
            while True:
                while self._ended:
                    yield
                    if twice:
                        self._write_on()
                        self._prepare()
                        if not self._ended:
                            yield
                if not self._lanes and not self._look_ahead() and not self._ended:
                    break
                self._widen()
                self._write_on()
                self._turn()
            if self._fault is not None:
                raise self._fault
        finally:
            for lane in list(self._lanes):
                self._drop(lane)
            self._selector.close()

    def _look_ahead(self) -> bool:
        """Whether there is another job to send; those that have ended before are passed on."""
        while not self._ahead and self._pull():
            pass
        return bool(self._ahead)

    def _pull(self) -> bool:
        """Take another job from the caller; return whether there may be more."""
        if not self._more or len(self._ended) >= MANY_ENDED or self._hold():
            return False
        try:
            job = next(self._jobs)
        except StopIteration:
            self._more = False
        except Exception as error:  # of the caller's own iterable: what is on its way is brought to its end first
            self._more, self._fault = False, error
        else:
            if job is None:
                return False
            (self._ended if job.done else self._ahead).append(job)
        return self._more

    def _feed(self) -> Job | None:
        """The next job, unless it is too soon for one."""
        while self._pace.wait() <= 0 and (self._ahead or self._look_ahead()):
            job = self._ahead.popleft()
            if not _too_late(job):
                self._pace.sent()
                return job
            self._let_go(job)
        return None

    def _let_go(self, job: Job) -> None:
        job.fail(TooLateError(TOO_LATE))
        self._ended.append(job)

    def _widen(self) -> None:
        """Open another connection, where there is work for one; of those that were kept, as many as there is work for,
        since they cost no wait."""
        while self._has_work_for_another() and self._open_another():
            pass

    def _has_work_for_another(self) -> bool:
        if len(self._lanes) >= self._connections or self._pace.wait() > 0 or not self._look_ahead():
            return False
        return all(lane.reading or lane.writing for lane in self._lanes)

    def _open_another(self) -> bool:
        """Have another lane; return whether its connection was kept."""
        if self._hopeless is not None:
            self._unreachable(copy.copy(self._hopeless))
            return False
        try:
            lane = Lane(self._connect(), self._window, self._feed, self._max_emails)
        except Exception as error:  # of MAIL_OAUTH2_TOKEN, for instance
            self._unreachable(failure(error, "connect"))
            return False
        self._lanes.append(lane)
        lane.events = selectors.EVENT_READ
        self._selector.register(lane.sock, lane.events, lane)
        self._advance(lane)
        return lane.session.kept

    def _unreachable(self, error: DeliveryError) -> None:
        """No connection: go on with those there are, else the next message is not sent."""
        if not error.transient:
            self._hopeless = error  # a refused login is not tried again for every message
        if self._lanes:
            self._connections = len(self._lanes)
            return
        job = self._ahead.popleft()
        job.stage = error.stage or "connect"
        job.fail(error)
        self._ended.append(job)

    def _write_on(self) -> None:
        """Write what is to be written."""
        for lane in list(self._lanes):
            if lane.writing:
                self._write(lane)

    def _prepare(self) -> None:
        """Have what is next composed: it goes out as soon as a reply comes."""
        while len(self._ahead) < len(self._lanes) and self._pull():
            pass

    def _turn(self) -> None:
        """Let go on what can."""
        if self._ahead and _too_late(self._ahead[0]):  # which need not wait for its turn
            self._let_go(self._ahead.popleft())
        self._prepare()
        if not (self._brisk and self._listen()):
            self._wait()
        self._keep_time()

    def _listen(self) -> bool:
        """Where replies came faster than messages were composed they have probably come again: look, without asking
        first which. Return whether any had come."""
        came = self._look()
        if 0 < came < len(self._lanes):
            came += self._look()
        self._brisk = came == len(self._lanes)
        return came > 0

    def _look(self) -> int:
        """Let those go on whose replies have come; return how many that were.

        While they were seen to, others' have often come. It costs little to look again, and what ends together is one
        commit to whoever writes it down.
        """
        came = 0
        for lane in list(self._lanes):
            if lane.reading and not lane.writing and lane.hear():
                came += 1
                self._advance(lane)
        return came

    def _wait(self) -> None:
        """Wait until some connection can go on, and let it."""
        ready = {key.data: events for key, events in self._selector.select(self._patience())}
        self._brisk = len(ready) == len(self._lanes)
        for lane in list(self._lanes):
            if lane.idle and lane in ready:  # what nobody asked for is goodbye
                self._drop(lane)
            elif lane in ready or not (lane.reading or lane.writing):
                if ready.get(lane, 0) & selectors.EVENT_READ:
                    lane.hear()
                self._advance(lane)
        if 0 < len(ready) < len(self._lanes):
            self._look()

    def _keep_time(self) -> None:
        """Give up what has taken too long."""
        now = time.monotonic()
        for lane in list(self._lanes):
            if (error := lane.expired(now)) is not None:
                self._lost(lane, error)

    def _patience(self) -> float:
        """Seconds until something has to happen."""
        now = time.monotonic()
        waits = [lane.until - now if lane.reading or lane.writing else 0.0 for lane in self._lanes if not lane.idle]
        if (pause := self._pace.wait()) > 0:
            waits.append(min(pause, LOOK))
        elif self._ahead and any(lane.idle for lane in self._lanes):
            return 0.0
        if any(lane.line.jobs and lane.line.jobs[0].lease for lane in self._lanes):
            waits.append(LOOK)  # a lease may be cut short
        return max(0.0, min(waits, default=0.0))

    def _advance(self, lane: Lane) -> None:
        try:
            going_on = lane.advance()
        except Exception as error:
            self._lost(lane, error)
            return
        except BaseException:
            self._drop(lane)
            raise
        self._ended += lane.finished()
        if not going_on and not lane.writing and (lane.worn or not (self._look_ahead() or self._more)):
            self._drop(lane)

    def _write(self, lane: Lane) -> None:
        if lane.overdue:
            self._lost(lane, TooLateError(TOO_LATE))
            return
        try:
            lane.write()
        except OSError as error:
            self._lost(lane, error)
            return
        events = lane.wanted
        if events != lane.events:
            lane.events = events
            self._selector.modify(lane.sock, events, lane)

    def _lost(self, lane: Lane, error: Exception) -> None:
        """Send over another connection what the server cannot have, but the message that it breaks at only so often.
        That a kept connection is dead no message is to blame for."""
        lane.session.host.close()
        if lane.line.jobs and (not lane.cold or isinstance(error, TooLateError)):
            broken_at = lane.line.jobs[0]
            broken_at.losses += ATTEMPTS if isinstance(error, TimeoutError) else 1
            if broken_at.losses >= ATTEMPTS:
                broken_at.cut(lane.gone)
                broken_at.fail(error)
        self._ahead.extendleft(reversed(lane.line.broken(error, lane.gone)))
        self._ended += lane.finished()
        self._drop(lane)

    def _drop(self, lane: Lane) -> None:
        self._lanes.remove(lane)
        if self._process == os.getpid():  # after a fork, in the child, it is the parent's
            self._selector.unregister(lane.sock)
        if lane.healthy:
            self._keep(lane.release())
        else:
            lane.close()


def _too_late(job: Job) -> bool:
    return job.lease is not None and (job.lease.closed or time.monotonic() >= job.lease.until)
