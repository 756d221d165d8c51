"""Of several tasks with one key, the first that is done: noted in Redis, where the broker is one."""

from __future__ import annotations

import collections.abc as c
import contextlib
import math
import time
import typing as t

from ...errors import QueueError
from .broker import is_redis

_seen: dict[str, str] = {}
"""Where the broker is this process's memory, as in tests, so are the keys."""


class Keys:
    """The keys of the messages that *celery_app* carries.

    Each of several calls with one key sends a task, with the same id. Which of them is done is decided by the worker
    that comes first; and it holds when that task is done again, after a crash or when it is to be tried again.
    """

    def __init__(self, celery_app: t.Any) -> None:
        self._celery = celery_app

    def check(self) -> None:
        """See that keys can be kept.

        :raises QueueError: the broker is none that keeps anything.
        """
        if not is_redis(self._celery) and not self._in_memory():
            raise QueueError(
                "key= needs a place where all workers look: with MAIL_QUEUE = 'celery' that is the broker, if it is "
                "Redis. Use MAIL_QUEUE = 'outbox', with MAIL_OUTBOX_DISPATCH = 'celery', for any other."
            )

    def first(self, message: c.Mapping[str, t.Any]) -> bool:
        """Whether this copy of *message* is the one to be sent."""
        name, copy = f"flask_mail:{message['id']}", str(message["copy"])
        if self._in_memory():
            return _seen.setdefault(name, copy) == copy
        seconds = max(1, math.ceil(message["expires"] - time.time()))
        with self._redis() as client:
            if client.set(name, copy, nx=True, ex=seconds):
                return True
            found = client.get(name)
        return bool(found == copy.encode() or found == copy)

    def _in_memory(self) -> bool:
        return str(self._celery.conf.broker_url or "").startswith("memory:")

    @contextlib.contextmanager
    def _redis(self) -> c.Generator[t.Any]:
        with self._celery.connection_for_write() as connection:
            yield connection.default_channel.client
