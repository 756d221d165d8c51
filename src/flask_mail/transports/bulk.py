"""Many submissions over several connections, driven by one thread.

Each connection has its :class:`~.dialogue.Line`; this file only moves octets. Submissions are pulled when a
connection has room for one, so nothing grows with their number. A lost connection ends the messages that were in
doubt, and only those: the others go over the next one.
"""

from __future__ import annotations

import collections
import collections.abc as c
import contextlib
import selectors
import smtplib
import socket
import ssl
import time
import typing as t

from ..errors import DeliveryError
from ..submission import Reply
from .dialogue import Conversation
from .dialogue import Job
from .dialogue import Line
from .dialogue import READ
from .pace import Pace
from .replies import ReplyReader
from .smtp import SMTPSession

FULL: t.Final = 262_144
"""Octets waiting to be written, from which on a connection is given no more."""

MOST: t.Final = 16_384
"""Octets read at once."""

MANY_ENDED: t.Final = 64
"""Jobs that have ended, after which the caller is to see them first."""

ATTEMPTS: t.Final = 3
"""Connections a message may be lost with, not being in doubt, before it is given up."""


class Lane:
    """One connection, without blocking."""

    def __init__(self, session: SMTPSession, window: int, feed: c.Callable[[], Job | None], room: int | None) -> None:
        self.session = session
        self.line: Line = Line(session.offer, window)
        self.reading: bool = False
        self.until: float = 0.0
        """When the reply that is waited for has to be here."""
        self.events: int = 0
        """What its socket is watched for."""
        self._feed = feed
        self._room = room
        self._conversation: Conversation | None = None
        self._replies = ReplyReader()
        self._out: list[bytes] = []
        self._pending = 0
        self._timeouts = session.endpoint.timeouts
        assert session.host.sock is not None
        self.sock: socket.socket = session.host.sock
        self.sock.setblocking(False)

    @property
    def writing(self) -> bool:
        return self._pending > 0

    @property
    def idle(self) -> bool:
        """Whether nothing is on the way."""
        return self._conversation is None

    @property
    def worn(self) -> bool:
        """Whether it has carried as many messages as one connection may."""
        return self._room == 0

    def advance(self, *, readable: bool) -> bool:
        """Take what has come, and decide what is to be written.

        :returns: whether the conversation goes on; ``False`` where there was nothing to send.
        :raises OSError: the connection is lost.
        """
        if readable:
            self._read()
        return self._converse()

    def close(self) -> None:
        if self.session.host.sock is not None:
            self.session.host.sock.setblocking(True)
        self.session.close()

    def _next(self) -> Job | None:
        if self._room == 0:
            return None
        job = self._feed()
        if job is not None and self._room is not None:
            self._room -= 1
        return job

    def _converse(self) -> bool:
        answer: Reply | None = None
        if self._conversation is None:
            self._conversation = self.line.converse(self._next)
        elif self._pending >= FULL or (self.reading and (answer := self._replies.take()) is None):
            return True
        self.reading = False
        go_on, take, put = self._conversation.send, self._replies.take, self._out.append
        try:
            while self._pending < FULL:
                step = go_on(answer)
                if step is not READ:
                    answer = None
                    put(step)
                    self._pending += len(step)
                elif (answer := take()) is None:
                    self.reading = True
                    self._set_clock()
                    return True
        except StopIteration:
            self._conversation = None
            return False
        return True

    def _set_clock(self) -> None:
        stage = self.line.jobs[0].stage if self.line.jobs else "default"
        self.until = time.monotonic() + self._timeouts.of(stage)

    def write(self) -> None:
        """Write what was decided on, or as much of it as can be.

        :raises OSError: the connection is lost.
        """
        octets = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        try:
            sent = self.sock.send(octets)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        self._pending = len(octets) - sent
        self._out = [octets[sent:]] if self._pending else []
        self._set_clock()

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            while True:
                octets = self.sock.recv(MOST)
                if not octets:
                    raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
                self._replies.feed(octets)
                if not (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
                    return


class Bulk:
    """Sends jobs; iterate over it for them, in the order in which they end.

    :param connect: opens a session.
    :param jobs: what to send, pulled when there is room.
    :param connections: how many connections at most.
    :param window: how many messages of one connection may be on the way.
    :param max_emails: how many messages one connection carries.
    :param pace: how fast they may leave.
    """

    def __init__(
        self,
        connect: c.Callable[[], SMTPSession],
        jobs: c.Iterable[Job],
        *,
        connections: int,
        window: int,
        max_emails: int | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._connect = connect
        self._jobs = iter(jobs)
        self._connections = connections
        self._window = window
        self._max_emails = max_emails
        self._pace = pace or Pace()
        self._lanes: list[Lane] = []
        self._ahead: collections.deque[Job] = collections.deque()
        self._more = True
        self._fault: Exception | None = None
        self._ended: collections.deque[Job] = collections.deque()
        self._losses: collections.Counter[int] = collections.Counter()
        self._hopeless: DeliveryError | None = None
        self._selector = selectors.DefaultSelector()

    def __iter__(self) -> c.Iterator[Job]:
        try:
            while True:
                while self._ended:
                    yield self._ended.popleft()
                if not self._lanes and not self._look_ahead() and not self._ended:
                    break
                self._widen()
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
        if not self._more or len(self._ended) >= MANY_ENDED:
            return False
        try:
            job = next(self._jobs)
        except StopIteration:
            self._more = False
        except Exception as error:  # of the caller's own iterable: what is on its way is brought to its end first
            self._more, self._fault = False, error
        else:
            (self._ended if job.done else self._ahead).append(job)
        return self._more

    def _feed(self) -> Job | None:
        """The next job, unless it is too soon for one."""
        if self._pace.wait() > 0 or not self._look_ahead():
            return None
        self._pace.sent()
        return self._ahead.popleft()

    def _widen(self) -> None:
        """Open another connection, where there is work for one."""
        if len(self._lanes) >= self._connections or self._pace.wait() > 0 or not self._look_ahead():
            return
        if self._lanes and not all(lane.reading or lane.writing for lane in self._lanes):
            return
        try:
            if self._hopeless is not None:
                raise self._hopeless
            lane = Lane(self._connect(), self._window, self._feed, self._max_emails)
        except DeliveryError as error:
            self._unreachable(error)
            return
        self._lanes.append(lane)
        self._selector.register(lane.sock, selectors.EVENT_READ, lane)
        self._advance(lane, readable=False)

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

    def _turn(self) -> None:
        """Write what is to be written, wait until some connection can go on, and let it."""
        for lane in list(self._lanes):
            if lane.writing:
                self._write(lane)
        while len(self._ahead) < len(self._lanes) and self._pull():
            pass  # what is composed now goes out as soon as a reply comes
        ready = {key.data: events for key, events in self._selector.select(self._patience())}
        now = time.monotonic()
        for lane in list(self._lanes):
            if lane.idle and lane in ready:  # what nobody asked for is goodbye
                self._drop(lane)
            elif lane in ready or not (lane.reading or lane.writing):
                self._advance(lane, readable=ready.get(lane, 0) & selectors.EVENT_READ > 0)
            elif now >= lane.until:
                self._lost(lane, TimeoutError("the server did not answer in time"))

    def _patience(self) -> float:
        """Seconds until something has to happen."""
        now = time.monotonic()
        waits = [lane.until - now if lane.reading or lane.writing else 0.0 for lane in self._lanes if not lane.idle]
        if (pause := self._pace.wait()) > 0:
            waits.append(pause)
        elif self._ahead and any(lane.idle for lane in self._lanes):
            return 0.0
        return max(0.0, min(waits, default=0.0))

    def _advance(self, lane: Lane, *, readable: bool) -> None:
        try:
            going_on = lane.advance(readable=readable)
        except (OSError, ValueError) as error:
            self._lost(lane, error)
            return
        except BaseException:
            self._drop(lane)
            raise
        self._ended += lane.line.finished
        lane.line.finished.clear()
        if not going_on and not lane.writing and (lane.worn or not (self._look_ahead() or self._more)):
            self._drop(lane)

    def _write(self, lane: Lane) -> None:
        try:
            lane.write()
        except OSError as error:
            self._lost(lane, error)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if lane.writing else 0)
        if events != lane.events:
            lane.events = events
            self._selector.modify(lane.sock, events, lane)

    def _lost(self, lane: Lane, error: Exception) -> None:
        lane.session.host.close()
        for job in lane.line.broken(error):
            self._losses[id(job)] += 1
            if self._losses[id(job)] >= ATTEMPTS:
                job.fail(error)
                self._ended.append(job)
            else:
                self._ahead.append(job)
        self._ended += lane.line.finished
        for job in self._ended:
            self._losses.pop(id(job), None)
        self._drop(lane)

    def _drop(self, lane: Lane) -> None:
        self._lanes.remove(lane)
        self._selector.unregister(lane.sock)
        lane.close()
