"""One thread of the process that renews the leases of short work: to start one for each batch of a few messages would
take as long as a good part of the batch."""

from __future__ import annotations

import collections.abc as c
import contextlib
import threading
import time
import typing as t

from . import process
from .leases import Leases

LOOK: t.Final = 1.0
"""Seconds between looks at what is to be renewed, at most."""

IDLE: t.Final = 60.0
"""Seconds without work, after which the thread ends."""


class Renewal:
    """Renews leases for as long as somebody works under them; its thread begins when it is first needed."""

    def __init__(self) -> None:
        process.watch(self)
        self.begin_anew()

    def begin_anew(self) -> None:
        """No thread yet: at first, and in a child after a fork."""
        self._changed = threading.Condition(threading.Lock())
        self._due: dict[Leases, float] = {}
        self._look = LOOK
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def of(self, leases: Leases) -> c.Generator[None]:
        """Have *leases* renewed meanwhile."""
        with self._changed:
            self._due[leases] = time.monotonic() + leases.pause
            if leases.pause < self._look:
                self._look = leases.pause
                self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mail-outbox-lease", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._due.pop(leases, None)

    def close(self) -> None:
        """The process ends, and its threads with it."""

    def _run(self) -> None:
        needed = time.monotonic()
        while True:
            with self._changed:
                self._changed.wait(self._look)
                now = time.monotonic()
                if self._due:
                    needed = now
                elif now - needed > IDLE:
                    self._thread, self._look = None, LOOK
                    return
                ripe = [leases for leases, due in self._due.items() if due <= now]
                for leases in ripe:
                    self._due[leases] = now + leases.pause
            for leases in ripe:
                leases.renew_or_tell(now)


renewal: t.Final = Renewal()
"""This process's."""
