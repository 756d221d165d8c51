"""A queue that keeps what it gets, until a test says that its worker comes by.

It promises what every queue does: a key is taken once, and what belongs to a transaction comes with its commit.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import typing as t
import uuid

from ..errors import ConfigError
from ..errors import MailError
from ..queues.base import Delivery
from ..queues.base import Event
from ..queues.base import Outcome
from ..queues.base import Queue
from ..queues.remaining import held
from ..queues.remaining import offered_to
from ..queues.remaining import refusal
from ..queues.schedule import Schedule
from ..queues.verdict import judge
from ..queues.verdict import Verdict
from ..submission import Submission
from .captured import CapturedMessage
from .transactions import at_the_end


@d.dataclass(slots=True, eq=False)
class Queued:
    """One mail that waits.

    :param id: what the queue calls it.
    :param delivery: what to send it with.
    :param left: who is to get it yet.
    """

    id: str
    mail: CapturedMessage
    submission: Submission
    delivery: Delivery
    left: tuple[str, ...] = ()
    sent: bool = False
    """Whether anybody has it."""

    def __post_init__(self) -> None:
        self.left = self.submission.envelope.recipients

    def attempt(self) -> None:
        """Offer it to those who are left, once, and tell what became of it."""
        self.submission = offered_to(self.submission, self.left)
        verdict = judge(self.left, self._outcome(), self.delivery.transient)
        self.mail.error = verdict.error
        self.left = tuple(verdict.again)
        self.sent = self.sent or bool(verdict.accepted)
        self._tell(verdict)

    def _outcome(self) -> Outcome:
        try:
            self.mail.receipt = self.delivery.deliver(self.submission)
        except (MailError, OSError, ValueError) as error:
            return error
        return self.mail.receipt

    def _tell(self, verdict: Verdict) -> None:
        kinds: dict[t.Literal["sent", "deferred", "failed"], tuple[tuple[str, ...], Exception | None]] = {
            "sent": (verdict.accepted, None),
            "deferred": (tuple(verdict.again), verdict.error or refusal(verdict.again)),
            "failed": (tuple(verdict.failed), verdict.error or refusal(verdict.failed)),
        }
        for kind, (recipients, error) in kinds.items():
            if recipients:
                self.delivery.tell(Event(kind, self.id, self.submission.message_id, recipients, error))


class CapturedQueue(Queue):
    """Stands in for the queue of an application.

    :param delivery: what the queue would send with.
    :param add: is given what is queued, once that is final.
    :param as_mail: makes of a submission what a test looks at.
    :param keys: the ids of what was taken with a key.
    :param session: finds the database session whose transaction is joined where none is named.
    """

    def __init__(
        self,
        delivery: Delivery,
        *,
        add: c.Callable[[Queued], object],
        as_mail: c.Callable[[Submission], CapturedMessage],
        keys: dict[str, str],
        session: c.Callable[[], t.Any],
    ) -> None:
        super().__init__(delivery, Schedule())
        self._add = add
        self._as_mail = as_mail
        self._keys = keys
        self._session = session

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
        """Keep *submission*; see :meth:`flask_mail.queues.base.Queue.put`."""
        if key is not None and key in self._keys:
            return self._keys[key]
        mail = self._as_mail(submission)
        queued = Queued(uuid.uuid4().hex, mail, held(submission), self.delivery)
        mail.queue_id, mail.not_before = queued.id, not_before
        if key is not None:
            self._keys[key] = queued.id
        session = self._session() if session is None else session
        if session is None:
            self._add(queued)
        else:
            at_the_end(session, committed=lambda: self._add(queued), undone=lambda: self._forget(key))
        return queued.id

    @property
    def store(self) -> t.NoReturn:
        """There is none.

        :raises ConfigError: whoever asks for it wants the outbox of the application.
        """
        raise ConfigError(
            "While a test captures mail, what is queued stands in its fixture outbox, and not in the outbox of the "
            "application. To test that one, leave the fixture out; smtp_server is a server to deliver to.",
            key="MAIL_QUEUE",
        )

    def _forget(self, key: str | None) -> None:
        if key is not None:
            self._keys.pop(key, None)
