"""Many submissions over several connections, driven by one thread.

Each connection has its :class:`~.dialogue.Line`; this file only moves octets. Submissions are pulled when a
connection has room for one, so nothing grows with their number. A lost connection ends the messages that were in
doubt, and only those: the others go over the next one.
"""

from __future__ import annotations

import collections
import collections.abc as c
import copy
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
from .failures import failure
from .lost import ended
from .lost import lost
from .lost import SMTPTimeoutError
from .pace import Pace
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
        self.gone: int = 0
        """Octets written."""
        self._feed = feed
        self._room = room
        self._conversation: Conversation | None = None
        self._replies = session.host.replies
        self._out: list[bytes] = []
        self._pending = 0
        self._carried = False
        self._failed: Exception | None = None
        self._first: Job | None = None
        self._since = 0.0
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

    @property
    def wanted(self) -> int:
        """What its socket is to be watched for."""
        if not self._pending:
            return selectors.EVENT_READ
        return selectors.EVENT_WRITE | (0 if self._replies.full else selectors.EVENT_READ)

    @property
    def late(self) -> bool:
        """Whether what it waits for should have come by now."""
        return (self.reading or self._pending > 0) and time.monotonic() >= self.until

    def advance(self, *, readable: bool) -> bool:
        """Take what has come, and decide what is to be written.

        :returns: whether the conversation goes on; ``False`` where there was nothing to send.
        :raises OSError: the connection is lost, and what the server had said before is taken.
        """
        if readable and not self._replies.full:
            self._read()
        going_on = self._converse()
        if self._failed is not None:
            raise self._failed
        return going_on

    def finished(self) -> c.Iterator[Job]:
        """The jobs that have ended since."""
        while self.line.finished:
            self._carried = True
            yield self.line.finished.popleft()

    def close(self) -> None:
        if self.session.host.sock is not None:
            self.session.host.sock.setblocking(True)
        self.session.close()

    def _next(self) -> Job | None:
        if self._room == 0 or self._failed is not None:
            return None
        job = self._feed()
        if job is not None and self._room is not None:
            self._room -= 1
        return job

    def _converse(self) -> bool:
        answer: Reply | None = None
        if self._conversation is None:
            self._conversation = self.line.converse(self._next)
        elif self._pending >= FULL or (self.reading and (answer := self._taken()) is None):
            return True
        self.reading = False
        go_on, put, jobs = self._conversation.send, self._out.append, self.line.jobs
        try:
            while self._pending < FULL:
                step = go_on(answer)
                if step is not READ:
                    answer = None
                    put(step)
                    self._pending += len(step)
                    jobs[-1].end = self.gone + self._pending
                elif (answer := self._taken()) is None:
                    self.reading = True
                    self._set_clock()
                    return True
        except StopIteration:
            self._conversation = None
            return False
        return True

    def _taken(self) -> Reply | None:
        """The next reply; goodbye to a connection that has done its work is no answer to what was asked last."""
        reply = self._replies.take()
        if reply is None or reply.code != 421 or not (self._carried or self.line.finished):
            return reply
        if (first := self.line.jobs[0]).stage != "end-of-data":
            first.in_doubt = False
            raise smtplib.SMTPResponseException(reply.code, reply.raw)
        return reply

    def _set_clock(self) -> None:
        """From now on it may take as long as the stage of the first job, which has a deadline too."""
        now, first = time.monotonic(), self.line.jobs[0] if self.line.jobs else None
        if first is not self._first:
            self._first, self._since = first, now
        allowed = self._timeouts.of(first.stage if first else "default")
        self.until = min(now + allowed, self._since + self._timeouts.total)

    def write(self) -> None:
        """Write what was decided on, or as much of it as can be.

        :raises OSError: the connection is lost.
        """
        octets = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        try:
            sent = self.sock.send(octets)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        except OSError as error:
            while not self._replies.full and self._read():
                pass  # it may have said why
            self._lose(error)
            self.advance(readable=False)
            return
        self.gone += sent
        self._pending = len(octets) - sent
        self._out = [octets[sent:]] if self._pending else []
        if sent:
            self._set_clock()

    def _read(self) -> bool:
        """Take what has come; return whether anything has."""
        try:
            octets = self.sock.recv(MOST)
            if not octets:
                raise ended(self.sock)
            self._replies.feed(octets)
            while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                self._replies.feed(self.sock.recv(MOST))
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as error:
            self._lose(error)
            return False
        return True

    def _lose(self, error: OSError) -> None:
        self._failed = self._failed or lost(error)
        self._out, self._pending = [], 0


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
        if self._hopeless is not None:
            self._unreachable(copy.copy(self._hopeless))
            return
        try:
            lane = Lane(self._connect(), self._window, self._feed, self._max_emails)
        except Exception as error:  # of MAIL_OAUTH2_TOKEN, for instance
            self._unreachable(failure(error, "connect"))
            return
        self._lanes.append(lane)
        lane.events = selectors.EVENT_READ
        self._selector.register(lane.sock, lane.events, lane)
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
        for lane in list(self._lanes):
            if lane.idle and lane in ready:  # what nobody asked for is goodbye
                self._drop(lane)
            elif lane in ready or not (lane.reading or lane.writing):
                self._advance(lane, readable=ready.get(lane, 0) & selectors.EVENT_READ > 0)
            if lane.late and lane in self._lanes:
                self._lost(lane, SMTPTimeoutError("the server did not answer in time"))

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
        """Send over another connection what the server cannot have, but the message that it breaks at only so often."""
        lane.session.host.close()
        broken_at = lane.line.jobs[0] if lane.line.jobs else None
        for job in reversed(lane.line.broken(error, lane.gone)):
            job.losses += job is broken_at
            if job.losses < ATTEMPTS:
                self._ahead.appendleft(job)
            else:
                job.fail(error)
                self._ended.append(job)
        self._ended += lane.finished()
        self._drop(lane)

    def _drop(self, lane: Lane) -> None:
        self._lanes.remove(lane)
        self._selector.unregister(lane.sock)
        lane.close()
