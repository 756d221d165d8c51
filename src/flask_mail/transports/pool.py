"""Open sessions, kept for the next message.

A session is handed to one thread at a time and never to two processes. What comes back broken is not kept; what the
server has closed meanwhile is noticed before it is used, and costs one new connection.
"""

from __future__ import annotations

import dataclasses as d
import os
import threading
import time
import weakref

from ..errors import DeliveryError
from ..submission import Receipt
from ..submission import Submission
from .smtp import SMTPSession
from .smtp import SMTPTransport
from .wire import Client


@d.dataclass(slots=True)
class _Kept:
    session: SMTPSession
    since: float = 0.0


class Pool:
    """Sessions of one transport.

    :param transport: what opens them.
    :param size: how many are kept open at most; 0 keeps none.
    :param idle: seconds for which one is kept.
    :param max_emails: messages one session carries at most.
    """

    def __init__(self, transport: SMTPTransport, *, size: int, idle: float, max_emails: int | None = None) -> None:
        self.transport = transport
        self._size = size
        self._idle = idle
        self._max_emails = max_emails
        self._kept: list[_Kept] = []
        self._lock = threading.Lock()
        _pools.add(self)
        weakref.finalize(self, _close_each, self._kept)  # also at exit

    def open(self) -> PooledSession:
        """A session: one that is kept, the latest used first, else a new one.

        :raises DeliveryError: a new one was needed and could not be opened.
        """
        kept = self._find()
        return PooledSession(self, kept or self.transport.open(), reused=kept is not None)

    def lend(self) -> SMTPSession:
        """The same as it is, for whoever drives it himself, sees to it that it may be dead, and gives it back.

        :raises DeliveryError: a new one was needed and could not be opened.
        """
        return self._find() or self.transport.open()

    def give_back(self, session: SMTPSession) -> None:
        """Keep a session, with nothing on its way, for the next message, or close it."""
        worn = self._max_emails is not None and session.carried >= self._max_emails
        fit = not worn and session.alive
        with self._lock:
            if fit and len(self._kept) < self._size:
                session.kept = True
                self._kept.append(_Kept(session, time.monotonic()))
                return
        session.close()

    def close(self) -> None:
        """Close all sessions that are kept."""
        with self._lock:
            _close_each(self._kept)

    def forget(self) -> None:
        """After a fork, in the child: the sessions are the parent's. Closes this process's end without a word."""
        self._lock = threading.Lock()
        for one in self._kept:
            one.session.host.close()
        self._kept.clear()

    def _find(self) -> SMTPSession | None:
        """One that is kept, and that the server has not closed meanwhile as far as can be seen."""
        while (kept := self._take()) is not None:
            if kept.session.alive:
                return kept.session
            kept.session.close()
        return None

    def _take(self) -> _Kept | None:
        oldest = time.monotonic() - self._idle
        with self._lock:
            stale = [one for one in self._kept if one.since < oldest]
            self._kept[:] = [one for one in self._kept if one.since >= oldest]
            taken = self._kept.pop() if self._kept else None
        for one in stale:
            one.session.close()
        return taken


class PooledSession:
    """A session on loan; :meth:`close` gives it back."""

    def __init__(self, pool: Pool, session: SMTPSession, *, reused: bool) -> None:
        self._pool = pool
        self._session: SMTPSession | None = session
        self._reused = reused
        self.host: Client = session.host
        """The ``smtplib.SMTP`` underneath."""

    @property
    def alive(self) -> bool:
        """Whether another submission can be sent."""
        return self._session is not None and self._session.alive

    def send(self, submission: Submission, /) -> Receipt:
        """See :meth:`SMTPSession.send`. A kept session that turns out dead is replaced, once."""
        assert self._session is not None
        try:
            return _counted(self._session, submission)
        except DeliveryError as error:
            if not self._reused or self.alive or error.in_doubt or not _says_gone(error):
                raise
        self._reused = False
        self._session.close()
        self._session = self._pool.transport.open()
        self.host = self._session.host
        return _counted(self._session, submission)

    def close(self) -> None:
        """Give the session back."""
        if self._session is not None:
            self._pool.give_back(self._session)
            self._session = None


def _counted(session: SMTPSession, submission: Submission) -> Receipt:
    receipt = session.send(submission)
    session.carried += 1
    return receipt


def _says_gone(error: DeliveryError) -> bool:
    return error.reply is None or error.reply.code == 421


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _close_each(kept: list[_Kept]) -> None:
    while kept:
        kept.pop().session.close()


def _forget_all() -> None:
    for pool in list(_pools):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
