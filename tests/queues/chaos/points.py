"""A worker is killed at a point that has a name, each time with a message of its own."""

from __future__ import annotations

import contextlib
import dataclasses as d
import pathlib
import tempfile
import time

from flask_mail.queues.outbox.schema import messages

from . import server
from . import site
from .server import Recorder
from .stage import Stage

POINTS = (
    "after-claim", "before-connect", "after-connect", "mail", "rcpt", "data", "content", "dot", "replied",
    "before-commit", "after-handing", "after-commit", "before-claim",
)  # fmt: skip
"""In the order in which they come, but that what was not claimed comes last: another worker would claim it.

``after-handing``: PostgreSQL was handed what became of a message, and did not answer yet; elsewhere it is committed."""

IN_DOUBT = ("dot", "replied", "before-commit")
"""Between the dot and the commit: a message is sent again."""

LARGE = "0123456789" * 6 + "\n"


@d.dataclass(frozen=True)
class Point:
    """What came of dying at one so many times: messages lost, sent more than once, and altered."""

    name: str
    kills: int
    lost: int
    duplicates: int
    altered: int

    @property
    def held(self) -> bool:
        """Whether the promise was kept."""
        most = self.kills if self.name in IN_DOUBT else 0
        return not self.lost and self.duplicates <= most and not self.altered


def die_at_each(url: str | None, times: int) -> list[Point]:
    """Kill *times* workers at each point, then let one send what is left.

    :param url: an empty database; ``None`` for an SQLite file.
    """
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        stage = stack.enter_context(Stage(folder, url, stack.enter_context(Recorder(folder)), MAIL_OUTBOX_LEASE=600))
        for name in POINTS:
            _die_at(stage, name, times)
        with stage.store.engine.begin() as connection:  # time passes
            connection.execute(messages.update().where(messages.c.state == "sending").values(due=time.time()))
        everything = stage.drain()
        assert everything.states == {"sent": times * len(POINTS)}, everything
        return [_point(stage, name, times) for name in POINTS]


def _die_at(stage: Stage, name: str, times: int) -> None:
    body = LARGE * 100_000 if name == "content" else "Line\n" * 20
    assert name in (*site.POINTS, *server.STAGES)
    point = name if name in site.POINTS else ""
    for number in range(times):
        stage.put(1, sender=f"die.{name}.{number}@chaos.example", body=body)
        code = stage.worker("--concurrency", "1", point=point).ended()
        assert code == -9, f"{name}: the worker was not killed, but ended with {code}"


def _point(stage: Stage, name: str, times: int) -> Point:
    score = stage.score(sender=f"die.{name}.")
    return Point(name, times, len(score.lost), score.duplicates, score.altered)
