"""A worker is killed at a point that has a name, each time with a message of its own."""

from __future__ import annotations

import contextlib
import dataclasses as d
import pathlib
import tempfile

from . import server
from . import site
from .server import Recorder
from .stage import Score
from .stage import Stage

POINTS = (
    "before-claim", "after-claim", "before-connect", "after-connect", "mail", "rcpt", "data", "content",
    "dot", "replied", "before-commit", "after-commit",
)  # fmt: skip
"""In the order in which they come."""

IN_DOUBT = ("dot", "replied", "before-commit")
"""Between the dot and the commit: a message is sent again."""

LARGE = "0123456789" * 6 + "\n"


@d.dataclass(frozen=True)
class Point:
    """What came of dying at one."""

    name: str
    kills: int
    score: Score

    @property
    def held(self) -> bool:
        """Whether the promise was kept."""
        score = self.score
        most = self.kills if self.name in IN_DOUBT else 0
        all_sent = score.states == {"sent": score.messages}
        return not score.lost and score.duplicates <= most and not score.altered and all_sent


def die_at(name: str, url: str | None, times: int) -> Point:
    """Kill *times* workers at a point, then let one send what is left.

    :param url: an empty database; ``None`` for an SQLite file.
    """
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        stage = stack.enter_context(Stage(folder, url, stack.enter_context(Recorder(folder)), MAIL_OUTBOX_LEASE=1))
        body = LARGE * 100_000 if name == "content" else "Line\n" * 20
        stage.put(times, sender=f"die.{name}.{{}}@chaos.example", body=body)
        point = name if name in site.POINTS else ""
        assert point or name in server.STAGES
        for _ in range(times):
            code = stage.worker("--concurrency", "1", "--batch", "1", point=point).ended()
            assert code == -9, f"{name}: the worker was not killed, but ended with {code}"
        return Point(name, times, stage.drain())
