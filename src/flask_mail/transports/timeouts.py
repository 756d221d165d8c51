"""How long an SMTP conversation may take, and each step of it."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import time


@d.dataclass(frozen=True, slots=True)
class Timeouts:
    """How long things may take, in seconds.

    :param step: one step: connecting, a reply, a write.
    :param stages: other values for the stages named, e.g. ``{"end-of-data": 600}`` (RFC 5321 §4.5.3.2).
    :param total: connecting and logging in together; likewise each message.
    """

    step: float = 30.0
    stages: c.Mapping[str, float] = d.field(default_factory=dict[str, float])
    total: float = 600.0

    def of(self, stage: str) -> float:
        """What *stage* may take."""
        return self.stages.get(stage, self.step)

    def left(self, stage: str, until: float) -> float:
        """What *stage* may take where all has to end at *until*."""
        return max(min(self.of(stage), until - time.monotonic()), 0.001)
