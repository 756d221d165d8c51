"""A bell: rung from any thread or signal handler, it ends the wait of whoever sleeps beside it."""

from __future__ import annotations

import contextlib
import selectors
import socket


class Bell:
    """Wakes one sleeper, also where it is rung before he sleeps."""

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._near, selectors.EVENT_READ)

    def ring(self) -> None:
        """End the wait, or the next one; never blocks and never raises."""
        with contextlib.suppress(OSError):
            self._far.send(b".")

    def wait(self, seconds: float, *files: int) -> bool:
        """Sleep until it rings, one of *files* can be read, or the time is over.

        :param files: descriptors.
        :returns: whether it was something other than the time.
        """
        for file in files:
            self._selector.register(file, selectors.EVENT_READ)
        try:
            woken = bool(self._selector.select(max(0.0, seconds)))
        finally:
            for file in files:
                self._selector.unregister(file)
        with contextlib.suppress(BlockingIOError):
            while self._near.recv(4096):
                pass
        return woken

    def close(self) -> None:
        """Give back its descriptors."""
        self._selector.close()
        self._near.close()
        self._far.close()
