"""How long to leave a server alone that cannot be reached, trusted or logged in to."""

from __future__ import annotations

import random
import time
import typing as t

from .schedule import JITTER

SECONDS: t.Final = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0)
"""Pauses after the first, second, ... trouble in a row; the last one repeats."""

LONGEST: t.Final = SECONDS[-1] * (1 + JITTER)


class Pause:
    """Grows with each trouble, and is over with the first conversation that works."""

    def __init__(self) -> None:
        self.troubles: int = 0
        """How many there were in a row."""
        self._until = 0.0

    @property
    def until(self) -> float:
        """When it is over, in seconds since the epoch; the past where a clock that was set back would prolong it."""
        return 0.0 if self._until - time.time() > LONGEST else self._until

    @until.setter
    def until(self, moment: float) -> None:
        self._until = moment

    def begin(self, now: float) -> float:
        """There was trouble; what others met at the same time is no more of it.

        :returns: when to try again.
        """
        if now < self.until:
            return self.until
        seconds = SECONDS[min(self.troubles, len(SECONDS) - 1)]
        self.troubles += 1
        self.until = now + seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 # not a secret
        return self.until

    def end(self) -> None:
        """A conversation has worked."""
        self.troubles, self.until = 0, 0.0
