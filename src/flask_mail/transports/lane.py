"""One connection of many messages, without blocking: what it has to write, and what has come.

What is sent next the :class:`~.dialogue.Line` decides; this file only moves octets.
"""

from __future__ import annotations

import collections
import collections.abc as c
import math
import selectors
import smtplib
import socket
import ssl
import time
import typing as t

from ..submission import Reply
from .dialogue import Conversation
from .dialogue import Line
from .dialogue import READ
from .dialogue import Step
from .job import Job
from .lost import ended
from .lost import lost
from .lost import SMTPTimeoutError
from .lost import TooLateError
from .smtp import SMTPSession
from .wire import MOST

TOO_LATE: t.Final = "its lease ran out"

FULL: t.Final = 262_144
"""Octets waiting to be written, from which on a connection is given no more."""


class Lane:
    """One connection, without blocking.

    :param session: its own until it is closed, or released.
    :param window: how many messages may be on the way.
    :param feed: the next job.
    :param most: how many messages the session carries.
    """

    def __init__(self, session: SMTPSession, window: int, feed: c.Callable[[], Job | None], most: int | None) -> None:
        self.session = session
        self.line: Line = session.line
        self.line.window = window
        self.line.waking = self._kept = session.kept
        self.reading: bool = False
        self.until: float = 0.0
        """When the reply that is waited for has to be here."""
        self.events: int = 0
        """What its socket is watched for."""
        self.gone: int = 0
        """Octets written."""
        self._feed = feed
        self._most = most
        self._conversation: Conversation | None = None
        self._replies = session.host.replies
        self._out: list[bytes] = []
        self._pending = 0
        self._carried = self._kept
        self._failed: Exception | None = None
        self._first: Job | None = None
        self._since = 0.0
        self._timeouts = session.endpoint.timeouts
        assert session.host.sock is not None
        self.sock: socket.socket = session.host.sock
        session.host.hurry()
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
        return self._most is not None and self.session.carried >= self._most

    @property
    def cold(self) -> bool:
        """Whether it was kept, and the server has not answered since: it may have hung up long ago."""
        return self._kept and bool(self.line.jobs) and self.line.jobs[0].stage == "mail"

    @property
    def healthy(self) -> bool:
        """Whether others can go on with its session."""
        return self.idle and not self.writing and self._failed is None and self.session.host.alive

    @property
    def wanted(self) -> int:
        """What its socket is to be watched for."""
        if not self._pending:
            return selectors.EVENT_READ
        return selectors.EVENT_WRITE | (0 if self._replies.full else selectors.EVENT_READ)

    def expired(self, now: float) -> Exception | None:
        """What is to be said where it has no time left: its messages are not its own any longer, or what it waits for
        should have come."""
        if self.overdue:
            return TooLateError(TOO_LATE)
        if now >= self.until and (self.reading or self._pending > 0):
            return SMTPTimeoutError("the server did not answer in time")
        return None

    @property
    def overdue(self) -> bool:
        """Whether what it sends is not its own to send any longer."""
        jobs = self.line.jobs
        return bool(jobs) and (lease := jobs[0].lease) is not None and time.monotonic() >= lease.until

    def hear(self) -> bool:
        """Receive what has come; return whether anything has, if only the end."""
        return not self._replies.full and (self._read() or self._failed is not None)

    def advance(self) -> bool:
        """Take what was received, and decide what is to be written.

        :returns: whether the conversation goes on; ``False`` where there was nothing to send.
        :raises OSError: the connection is lost, and what the server had said before is taken.
        """
        going_on = self._converse()
        if self._failed is not None:
            raise self._failed
        if not going_on and self._replies.unread:
            raise smtplib.SMTPServerDisconnected("the server said more than it was asked")
        return going_on

    def finished(self) -> c.Collection[Job]:
        """The jobs that have ended since."""
        if not self.line.finished:
            return ()
        self._carried, self._kept = True, False
        ended, self.line.finished = self.line.finished, collections.deque()
        return ended

    def release(self) -> SMTPSession:
        """Its session, for others to go on with."""
        self.sock.settimeout(self._timeouts.step)
        return self.session

    def close(self) -> None:
        """Say goodbye, but not amid a message: a chunk that lacks as many octets would take it for its end."""
        if not self.idle:
            self.session.host.close()
        self.session.close()

    def _next(self) -> Job | None:
        if self._failed is not None or self.worn:
            return None
        job = self._feed()
        if job is not None:
            self.session.carried += 1
        return job

    def _converse(self) -> bool:
        answer: Reply | None = None
        if self._conversation is None:
            self._conversation = self.line.converse(self._next)
        elif self._pending >= FULL or (self.reading and (answer := self._replies.take()) is None):
            return True
        self.reading = False
        if answer is not None and answer.code == 421:
            self._told_goodbye(answer)
        go_on, put, jobs, take = self._conversation.send, self._out.append, self.line.jobs, self._replies.take
        if self.session.host.log:
            go_on = self._logged
        try:
            while self._pending < FULL:
                step = go_on(answer)
                if step is not READ:
                    answer = None
                    put(step)
                    self._pending += len(step)
                    jobs[-1].end = self.gone + self._pending
                elif (answer := take()) is None:
                    self.reading = True
                    if self._pending:
                        self.until = math.inf  # the clock starts when it is written
                    else:
                        self._set_clock()
                    return True
                elif answer.code == 421:
                    self._told_goodbye(answer)
        except StopIteration:
            self._conversation = None
            return False
        return True

    def _logged(self, answer: Reply | None) -> bytes | Step:
        """Go on with the conversation, and write down what is said."""
        assert self._conversation is not None
        if answer is not None:
            self.session.host.trace_reply(answer)
        step = self._conversation.send(answer)
        if step is not READ:
            self.session.host.trace_octets(step, content=self.line.jobs[-1].in_content)
        return step

    def _told_goodbye(self, reply: Reply) -> None:
        """What is said to a connection that has done its work is no answer to what was asked last."""
        if not (self._carried or self.line.finished):
            return
        if (first := self.line.jobs[0]).stage != "end-of-data":
            first.in_doubt = False
            raise smtplib.SMTPResponseException(reply.code, reply.raw)

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
            self.advance()
            return
        self.gone += sent
        self._pending = len(octets) - sent
        self._out = [octets[sent:]] if self._pending else []
        if sent or self.until == math.inf:  # it may be long since it was decided on
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
