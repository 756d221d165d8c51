"""The check of the queue: what waits, and whether anybody sends it."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ..errors import MailError
from .exam import Exam
from .exam import Seen
from .report import Trouble

OLD: t.Final = 900.0
"""Seconds after which what could be sent has waited for too long."""


def queue(exam: Exam) -> Seen:
    """Whether the outbox can be read, has its tables, and a worker that sends what is in it."""
    assert exam.case.state is not None
    try:
        stats = exam.case.state.outbox.stats()
    except MailError as error:
        return Seen("", (exam.trouble("queue-unusable", error=exam.clean(str(error).rstrip("."))),))
    except Exception as error:  # of SQLAlchemy, or of a driver
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return Seen("", (exam.trouble("queue-database", error=exam.clean(said.rstrip("."))),))
    waiting = sum(stats.states.get(state, 0) for state in ("ready", "waiting", "suspect", "sending"))
    figure = exam.say("queue", waiting=waiting, workers=stats.workers)
    return Seen(figure, tuple(_troubles(exam, stats)))


def _troubles(exam: Exam, stats: t.Any) -> c.Iterator[Trouble]:
    inside = exam.values["MAIL_OUTBOX_WORKER"] is not None or exam.values["MAIL_OUTBOX_DISPATCH"] == "celery"
    if stats.workers == 0 and not inside:
        yield exam.trouble("queue-no-worker", grave=stats.oldest is not None)
    elif stats.oldest is not None and stats.oldest > OLD:
        yield exam.trouble("queue-slow", grave=False, minutes=round(stats.oldest / 60))
    failed = stats.states.get("failed", 0) + stats.states.get("expired", 0) + stats.states.get("dead", 0)
    if failed:
        yield exam.trouble("queue-failed", grave=False, count=failed)
    if held := stats.states.get("held", 0):
        yield exam.trouble("queue-held", grave=False, count=held)
