"""How fast mail may leave: ``"14/s"``, ``"30/m"``."""

from __future__ import annotations

import dataclasses as d
import time
import typing as t

LATE: t.Final = 0.01
"""Seconds by which a wait may last too long, as those of a system do, and which are made up for."""


@d.dataclass(slots=True)
class Pace:
    """Spreads messages evenly.

    :param messages: how many, 0 for no limit.
    :param seconds: in how many seconds.
    """

    messages: int = 0
    seconds: float = 1.0
    _next: float = 0.0

    def wait(self) -> float:
        """Seconds until the next message may leave; 0 if now."""
        return max(0.0, self._next - time.monotonic()) if self.messages else 0.0

    def sent(self) -> None:
        """Count a message that leaves now."""
        if self.messages:
            self._next = max(self._next, time.monotonic() - LATE) + self.seconds / self.messages
