"""A delivery over SMTP that keeps what it is told, and submissions to deliver."""

from __future__ import annotations

import threading
import time
import typing as t

from flask_mail.delivery import deliver
from flask_mail.queues.base import Event
from flask_mail.queues.base import Sent
from flask_mail.queues.schedule import Schedule
from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Receipt
from flask_mail.submission import Reply
from flask_mail.submission import Submission
from flask_mail.transports.connect import Endpoint
from flask_mail.transports.pool import Pool
from flask_mail.transports.smtp import SMTPTransport
from flask_mail.transports.timeouts import Timeouts

PATIENCE = 20.0
"""Seconds after which what is waited for is taken to have failed."""
SOON = Schedule((0.01,), 60.0)
"""Tries again at once."""


class Sending:
    """A delivery to the server at a port of loopback."""

    def __init__(self, port: int, step: float = 10.0) -> None:
        self.pool = Pool(SMTPTransport(Endpoint("127.0.0.1", port, timeouts=Timeouts(step))), size=4, idle=30.0)
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def deliver(self, submission: Submission, /) -> Receipt:
        session = self.pool.open()
        try:
            return deliver(submission, session)
        finally:
            session.close()

    def deliver_many(
        self, tagged: t.Any, /, *, connections: int, window: int = 16, kept: bool = False
    ) -> t.Generator[Sent]:
        raise NotImplementedError

    def transient(self, reply: Reply, /) -> bool:
        return reply.transient

    def tell(self, event: Event, /) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def told(self, kind: str) -> list[Event]:
        with self._changed:
            return [event for event in self.events if event.kind == kind]

    def wait(self, kind: str, count: int = 1) -> list[Event]:
        """The events of *kind*, as soon as there are so many."""
        with self._changed:
            found = self._changed.wait_for(lambda: len(self.told(kind)) >= count, PATIENCE)
            assert found, f"less than {count} times {kind}: {self.events}"
        return self.told(kind)


def submission(name: object = 1, *recipients: str, sender: str = "from@example.com") -> Submission:
    """One with *name* in its Message-ID and as its last line."""
    message_id = f"<{name}@queues.example>"
    content = f"From: {sender}\r\nMessage-ID: {message_id}\r\n\r\n.{name}\r\n".encode()
    return Submission(Envelope(sender, recipients or ("to@example.com",)), Content((content,)), message_id)


def until(condition: t.Callable[[], object]) -> None:
    """Return once *condition* holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)
