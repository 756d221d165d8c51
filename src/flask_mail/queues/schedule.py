"""When to try again (RFC 5321 §4.5.4.1)."""

from __future__ import annotations

import dataclasses as d
import random
import typing as t

JITTER: t.Final = 0.2
"""By which part each delay is varied at most, so that what failed together does not come back together."""


@d.dataclass(frozen=True, slots=True)
class Schedule:
    """The delays between attempts.

    :param delays: seconds to wait after the first, second, ... failed attempt; the last one repeats.
    :param keep_for: seconds after which a submission is given up.
    """

    delays: tuple[float, ...] = (60.0, 300.0, 900.0, 3600.0, 7200.0, 10800.0, 14400.0)
    keep_for: float = 432_000.0

    def delay(self, attempts: int) -> float:
        """Seconds to wait after so many failed attempts."""
        delay = self.delays[min(max(attempts, 1), len(self.delays)) - 1]
        return delay * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 # not a secret
