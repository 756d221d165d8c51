"""Putting a submission into a task, and what becomes of it in a worker."""

from __future__ import annotations

import collections.abc as c
import os
import time
import typing as t
import uuid

from ...submission import Submission
from .. import record
from ..base import Delivery
from ..base import Event
from ..base import Queue
from ..pause import Pause
from ..remaining import held
from ..remaining import offered_to
from ..remaining import refusal
from ..schedule import Schedule
from ..unsent import ExpiredError
from ..unsent import UnsentFolder
from ..verdict import judge
from . import broker
from .keys import Keys
from .served import celery_of
from .tasks import deliver

NAMES: t.Final = uuid.UUID("d5e5d4e2-5a3c-4c0e-9d51-2f2d5c1f4f6a")
"""Where the ids that are made of keys come from (RFC 9562 §5.5)."""


class CeleryQueue(Queue):
    """Hands submissions to Celery, and does its tasks in the workers.

    :param unsent: the folder for what could not be sent in time, on the worker's machine.
    :param hold: put a submission away, instead of sending it again, where the server may have it.
    :param celery: returns the Celery to use.
    """

    def __init__(
        self,
        delivery: Delivery,
        schedule: Schedule,
        *,
        unsent: str | os.PathLike[str],
        hold: bool = False,
        celery: c.Callable[[], t.Any] = lambda: celery_of(None),
    ) -> None:
        super().__init__(delivery, schedule)
        self.unsent: UnsentFolder = UnsentFolder(unsent)
        self.celery: c.Callable[[], t.Any] = celery
        self._hold = hold
        self._pause = Pause()

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], delivery: Delivery, /) -> t.Self:
        """Use the application's Celery, or the default one."""
        return cls(
            delivery,
            Schedule(config["MAIL_RETRY_SCHEDULE"], config["MAIL_RETRY_FOR"]),
            unsent=config["MAIL_UNSENT_PATH"],
            hold=config["MAIL_IN_DOUBT"] == "hold",
        )

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
        """See :meth:`.base.Queue.put`. With a key, the id is made of it; *session* means nothing here.

        :raises QueueError: the broker does not take it, or cannot see to it that a key is used once.
        :raises ConfigError: there is no Celery.
        """
        celery_app = self.celery()
        submission = held(submission)
        number = uuid.uuid4().hex if key is None else uuid.uuid5(NAMES, f"{celery_app.main}\0{key}").hex
        now = time.time()
        due = not_before or 0.0
        message = {
            "id": number,
            "mail": record.to_json(submission),
            "due": due,
            "expires": max(now, due) + self.schedule.keep_for if expires is None else expires,
            "perishable": expires is not None,
            "attempts": 0,
            "priority": priority,
        }
        if key is not None:
            Keys(celery_app).check()
            message["copy"] = uuid.uuid4().hex
        self._publish(message, due)
        return number

    def work(self, message: dict[str, t.Any]) -> None:
        """Do what a task asks for: attempt to deliver, and send on its way again what is left.

        :raises QueueError: it could not be sent on its way again.
        """
        now = time.time()
        if message["expires"] <= now:
            self._give_up(message, None)
        elif (wait := max(message["due"], self._pause.until)) > now and not self._at_once():
            self._publish(message, wait)
        elif "copy" not in message or self._at_once() or Keys(self.celery()).first(message):
            self._attempt(message)

    def _attempt(self, message: dict[str, t.Any]) -> None:
        submission = record.from_json(message["mail"])
        recipients = submission.envelope.recipients
        try:
            outcome: t.Any = self.delivery.deliver(submission)
        except Exception as error:
            outcome = error
        verdict = judge(recipients, outcome, self.delivery.transient)
        if verdict.accepted:
            self._tell("sent", message, verdict.accepted)
        if verdict.failed:
            self._tell("failed", message, tuple(verdict.failed), verdict.error or refusal(verdict.failed))
        now = time.time()
        if verdict.way:
            due = self._pause.begin(now)
        else:
            self._pause.end()
            message = {**message, "attempts": message["attempts"] + 1}
            due = now + self.schedule.delay(message["attempts"])
        if not verdict.again:
            return
        why = verdict.error or refusal(verdict.again)
        mail = {**message["mail"], "recipients": list(verdict.again)}
        message = {**message, "mail": mail, "due": due}
        if verdict.in_doubt and self._hold:
            self._put_aside(message, why, in_doubt=True)
        elif self._at_once() or (due >= message["expires"] and not verdict.way):
            self._give_up(message, why)
        else:
            self._publish(message, due)
            self._tell("deferred", message, tuple(verdict.again), why, due)

    def _at_once(self) -> bool:
        """Whether tasks are done where they are put, and there is no later."""
        return bool(self.celery().conf.task_always_eager)

    def _publish(self, message: dict[str, t.Any], due: float) -> None:
        celery_app = self.celery()
        urgency = broker.priority(celery_app, message["priority"])
        name = None if "copy" in message else message["id"]  # of several copies, none has the name
        broker.publish(celery_app.tasks[deliver.name], celery_app, [message], due=due, task_id=name, priority=urgency)

    def _give_up(self, message: dict[str, t.Any], error: Exception | None) -> None:
        """Its time is over. What nobody wants any more is not kept."""
        if not message["perishable"]:
            self._put_aside(message, error)
            return
        error = error or ExpiredError()
        self._tell("failed", message, tuple(message["mail"]["recipients"]), error)

    def _put_aside(self, message: dict[str, t.Any], error: Exception | None, *, in_doubt: bool = False) -> None:
        submission = offered_to(record.from_json(message["mail"]), message["mail"]["recipients"])
        told = self.unsent.put_aside(submission, error or ExpiredError(), in_doubt=in_doubt)
        self._tell("failed", message, submission.envelope.recipients, told)

    def _tell(
        self,
        kind: t.Literal["sent", "deferred", "failed"],
        message: dict[str, t.Any],
        recipients: tuple[str, ...],
        error: Exception | None = None,
        due: float | None = None,
    ) -> None:
        self.delivery.tell(Event(kind, message["id"], message["mail"]["message_id"], recipients, error, due))
