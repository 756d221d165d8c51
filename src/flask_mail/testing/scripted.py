"""A delivery that does what it is told to, for tests of queues: no server, no socket."""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses as d
import smtplib
import threading
import time
import types
import typing as t

from ..errors import delivery_error
from ..errors import DeliveryError
from ..queues.base import Delivery
from ..queues.base import Event
from ..queues.base import Sent
from ..submission import Receipt
from ..submission import Reply
from ..submission import Submission

Line = Reply | Exception


@d.dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver.

    :param submission: what was to be delivered; its recipients are those it was offered to.
    :param content: its octets.
    :param time: when, in seconds since the epoch.
    """

    submission: Submission
    content: bytes
    time: float

    @property
    def recipients(self) -> tuple[str, ...]:
        return self.submission.envelope.recipients


class ScriptedDelivery(Delivery):
    """Accepts everybody, but as :attr:`script` says, and keeps what it was asked for and told."""

    def __init__(self) -> None:
        self.script: dict[str, list[Line | types.EllipsisType]] = {}
        """By recipient: replies that refuse it, or errors to raise, one for each attempt, after which it is accepted;
        one that ``...`` follows is for all attempts."""
        self.attempts: list[Attempt] = []
        """What it was asked to deliver, in order."""
        self.events: list[Event] = []
        """What it was told, in order."""
        self.accepted: collections.Counter[tuple[str, str]] = collections.Counter()
        """How often each message was accepted for each recipient, by Message-ID and address."""
        self._changed = threading.Condition()

    def deliver(self, submission: Submission, /) -> Receipt:
        """See :meth:`flask_mail.queues.base.Delivery.deliver`."""
        with self._changed:
            self.attempts.append(Attempt(submission, bytes(submission.content), time.time()))
            try:
                return self._outcome(submission)
            finally:
                self._changed.notify_all()

    def _outcome(self, submission: Submission) -> Receipt:
        recipients = submission.envelope.recipients
        said = {who: line for who in recipients if (line := self._line(who)) is not None}
        for line in said.values():
            if isinstance(line, Exception):
                raise line
        refused = {who: line for who, line in said.items() if isinstance(line, Reply)}
        accepted = tuple(who for who in recipients if who not in refused)
        if not accepted:
            first = next(iter(refused.values()))
            error = smtplib.SMTPRecipientsRefused({who: (reply.code, reply.raw) for who, reply in refused.items()})
            raise delivery_error(error, stage="rcpt", transient=first.transient, reply=first)
        self.accepted.update((submission.message_id, who) for who in accepted)
        return Receipt(submission.message_id, accepted, refused)

    def _line(self, recipient: str) -> Line | None:
        lines = self.script.get(recipient, [])
        if not lines:
            return None
        line = lines[0] if lines[1:] == [...] else lines.pop(0)
        assert not isinstance(line, types.EllipsisType), "... has to follow what is to be repeated"
        return line

    def deliver_many(
        self,
        tagged: c.Iterable[tuple[t.Any, Submission, t.Any] | None],
        /,
        *,
        connections: int,
        window: int = 16,
        kept: bool = False,
    ) -> c.Generator[Sent]:
        """See :meth:`flask_mail.queues.base.Delivery.deliver_many`; one after another."""
        for each in tagged:
            if each is None:
                continue
            try:
                yield [(each[0], self.deliver(each[1]))]
            except DeliveryError as error:
                yield [(each[0], error)]
            yield []

    def transient(self, reply: Reply, /) -> bool:
        """By the first digit."""
        return reply.transient

    def tell(self, event: Event, /) -> None:
        """Keep *event*."""
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def told(self, kind: str) -> list[Event]:
        """The events of *kind* so far."""
        with self._changed:
            return [event for event in self.events if event.kind == kind]

    def wait(self, seconds: float) -> None:
        """Return when something has happened, or after so many seconds."""
        with self._changed:
            self._changed.wait(seconds)
