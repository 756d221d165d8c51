"""The outbox's worker: made for an application, and run inside it where ``MAIL_OUTBOX_WORKER`` says so."""

from __future__ import annotations

import collections.abc as c
import logging
import os
import threading
import typing as t

from flask import Flask

from ..errors import ConfigError
from ..queues import process
from ..queues.base import Queue
from ..settings import Settings

if t.TYPE_CHECKING:
    from ..queues.worker import Worker

logger: logging.Logger = logging.getLogger("flask_mail")

AGAIN: t.Final = 30.0
"""Seconds after which a worker that failed, for instance because the database was away, begins again."""


def make_worker(
    state: Settings,
    queue: Queue,
    *,
    connections: int = 4,
    batch: int = 100,
    progress: c.Callable[[t.Any], object] | None = None,
) -> Worker:
    """A worker for the outbox that *queue* puts into.

    :raises ConfigError: it is no outbox.
    :raises QueueError: its tables are missing.
    """
    store = getattr(queue, "store", None)
    if store is None:
        raise ConfigError(
            f"MAIL_QUEUE is {state.queue!r}, but a worker is for MAIL_QUEUE = 'outbox' only.", key="MAIL_QUEUE"
        )
    from ..queues.worker import Worker

    t.cast(t.Any, queue).prepare()
    return Worker(
        store,
        queue.delivery,
        queue.schedule,
        connections=connections,
        batch=batch,
        lease=state.outbox_lease,
        hold=state.in_doubt == "hold",
        keep=state.outbox_keep,
        progress=progress,
    )


class Background:
    """A worker in a thread of the application, begun when it is first needed, in each process anew.

    :param state: the application's settings.
    :param queue: returns its queue.
    """

    def __init__(self, state: Settings, queue: c.Callable[[], Queue]) -> None:
        self._state = state
        self._queue = queue
        process.watch(self)
        self.begin_anew()

    def begin_anew(self) -> None:
        """No thread yet: at first, and in a child after a fork."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._worker: Worker | None = None
        self._closed = threading.Event()

    def woken(self, ids: list[str]) -> None:
        """Something was queued, and committed."""
        self.start()
        if (worker := self._worker) is not None:
            worker.wake()

    def start(self) -> None:
        """Begin to work, unless that is done."""
        if self._thread is not None or self._closed.is_set():
            return
        with self._lock:
            if self._thread is None:
                process.attend()
                self._thread = threading.Thread(target=self._run, name="mail-outbox-worker", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._worker = make_worker(self._state, self._queue())
                if self._closed.is_set():
                    return
                self._worker.run()
            except Exception:
                logger.exception("The outbox's worker failed; it begins again in %s seconds", AGAIN)
            self._closed.wait(AGAIN)

    def close(self) -> None:
        """End, with what is on its way; what is not sent stays in the outbox."""
        self._closed.set()
        if (worker := self._worker) is not None:
            worker.stop()
        if (thread := self._thread) is not None and thread is not threading.current_thread():
            thread.join(self._state.shutdown_timeout)


def start_with_requests(app: Flask, start: c.Callable[[], object]) -> None:
    """Call *start* with the first request that each process of *app* serves: what an earlier one has left is sent
    then, even if nothing is queued."""
    begun: set[int] = set()

    def begin() -> None:
        if os.getpid() not in begun:
            begun.add(os.getpid())
            start()

    app.before_request_funcs.setdefault(None, []).append(begin)
