"""What a queue is: it takes a submission now, and sees to it that it is sent later.

A queue knows submissions, never messages, and it sends nothing itself: it is handed a :class:`Delivery` by whoever
makes it. What it promises about a crash, its own page says; what every queue has to do,
:class:`flask_mail.testing.QueueContract` tests.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import typing as t

from ..submission import Receipt
from ..submission import Reply
from ..submission import Submission
from .schedule import Schedule

Outcome = Receipt | Exception
"""What became of one attempt: who was accepted and who refused, or why it went to nobody."""

Sent = list[tuple[t.Any, Outcome]]
"""Attempts that ended together, each with the tag it was given."""


@d.dataclass(slots=True, eq=False)
class Lease:
    """How long a worker may act on what it has claimed.

    :param owner: what stands in the rows while it may.
    :param until: on the clock of ``time.monotonic``.
    :param closed: whether nothing more of it is to be begun, since the worker is told to stop.
    """

    owner: str
    until: float
    closed: bool = False


class Delivery(t.Protocol):
    """How a queue delivers; an application's settings are behind it. Safe to use from several threads at once."""

    def deliver(self, submission: Submission, /) -> Receipt:
        """Send one submission, over a connection that is kept open.

        :raises DeliveryError: nobody was accepted.
        """
        ...

    def deliver_many(
        self,
        tagged: c.Iterable[tuple[t.Any, Submission, Lease] | None],
        /,
        *,
        connections: int,
        window: int = 16,
        kept: bool = False,
    ) -> c.Generator[Sent]:
        """Send any number, over several connections driven by the calling thread.

        :param tagged: triples of a tag, a submission and its lease, pulled as there is room. ``None`` says that there
            is nothing right now, and is asked again when something has ended.
        :param kept: whether to use connections that are kept open, and to keep them open afterwards.
        :returns: lists of what ended together: tag and outcome; who closes it before its end hangs up. An empty list
            may say that what is next is on its way, before it is waited for. Of a submission to more recipients than
            one transaction takes, the first transaction ends it; :attr:`.Receipt.unoffered` names the others.
        """
        ...

    def transient(self, reply: Reply, /) -> bool:
        """Whether a recipient refused with *reply* is worth another attempt."""
        ...

    def tell(self, event: Event, /) -> None:
        """Send the signal that belongs to *event*, and log it. Never raises."""
        ...


@d.dataclass(frozen=True, slots=True)
class Event:
    """Something that became of a queued submission, and that its sender may want to know.

    :param kind: ``"sent"``, ``"deferred"`` (will be tried again) or ``"failed"`` (will not).
    :param id: what :meth:`Queue.put` returned.
    :param message_id: its Message-ID.
    :param recipients: whom it is about.
    :param error: why; for ``"sent"`` ``None``.
    :param due: when it will be tried again, in seconds since the epoch.
    """

    kind: t.Literal["sent", "deferred", "failed"]
    id: str
    message_id: str
    recipients: tuple[str, ...]
    error: Exception | None = None
    due: float | None = None


class Queue:
    """Base class of all queues; the subclass overrides :meth:`put`.

    :param delivery: what to send with.
    :param schedule: when to try again.
    """

    def __init__(self, delivery: Delivery, schedule: Schedule) -> None:
        self.delivery = delivery
        self.schedule = schedule

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], delivery: Delivery, /) -> t.Self:
        """Make a queue from an application's settings.

        :param config: the application's configuration, with every ``MAIL_*`` setting parsed and present.
        :raises ConfigError: a setting this queue needs is missing or wrong.
        """
        return cls(delivery, Schedule(config["MAIL_RETRY_SCHEDULE"], config["MAIL_RETRY_FOR"]))

    def put(
        self,
        submission: Submission,
        /,
        *,
        not_before: float | None = None,
        expires: float | None = None,
        priority: int = 0,
        key: str | None = None,
        session: t.Any = None,
    ) -> str:
        """Take a submission.

        :param not_before: not to be sent earlier, in seconds since the epoch.
        :param expires: to be given up then, in seconds since the epoch; by the schedule where it is ``None``.
        :param priority: higher goes first.
        :param key: where a submission was taken with the same key, this one is not, and the first one's id is returned.
        :param session: the database session whose transaction it joins, where the queue is kept in a database.
        :returns: its id.
        :raises QueueError: it could not be taken, and nothing of it was kept.
        """
        raise NotImplementedError(f"{type(self).__name__} does not override put()")

    def put_many(
        self,
        submissions: c.Sequence[Submission],
        /,
        *,
        not_before: float | None = None,
        expires: float | None = None,
        priority: int = 0,
        session: t.Any = None,
    ) -> list[str]:
        """Take several submissions, all or none where the queue can.

        :returns: their ids, in order. For the rest see :meth:`put`.
        """
        return [
            self.put(each, not_before=not_before, expires=expires, priority=priority, session=session)
            for each in submissions
        ]

    def close(self, timeout: float | None = None) -> None:
        """Stop taking and sending.

        :param timeout: seconds it may take; by the queue's settings where it is ``None``.
        """
