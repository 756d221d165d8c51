"""Where all mail of a test goes."""

from __future__ import annotations

import collections.abc as c
import contextlib
import functools
import threading
import typing as t

from flask import current_app
from flask import has_app_context

from ..extension.capture import captured_by
from ..message import Message
from ..queues.base import Delivery
from ..submission import Receipt
from ..submission import Submission
from . import telling
from .captured import CapturedMessage
from .conversation import CapturedTransport
from .faults import MailFaults
from .matching import as_arguments
from .matching import check
from .matching import mismatches
from .queueing import CapturedQueue
from .queueing import Queued


class Outbox(list[CapturedMessage]):
    """The mails that were sent, oldest first, in a list that can be asked for one of them.

    The questions of :meth:`one` and :meth:`all` name fields of :class:`CapturedMessage`: ``to``, ``cc``, ``bcc``,
    ``recipients``, ``reply_to``, ``sender``, ``subject``, ``text``, ``html``, ``template``, ``message_id``, ``tags``
    and ``attachments`` (their names). Each is asked for with a value, a compiled pattern that is searched for, or a
    function that gets the field and says yes. Where a field is a list, a single value or a pattern asks for one of it,
    and a list for all of it, in any order. Addresses may be written in any way that a :class:`flask_mail.Message`
    takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faults: MailFaults = MailFaults()
        """What is to go wrong."""
        self.failed: list[CapturedMessage] = []
        """The mails that could not be sent; each has its ``error``."""
        self._waiting: list[Queued] = []

    @property
    def queued(self) -> list[CapturedMessage]:
        """The mails that wait in the queue, oldest first: what ``send_later`` was given."""
        return [queued.mail for queued in self._waiting]

    def one(self, **criteria: t.Any) -> CapturedMessage:
        """The one mail that was sent with these fields; without any, the only mail that was sent.

        :raises AssertionError: there is none, or there are several; it says of each mail why it is not the one.
        :raises TypeError: there is no such field.
        """
        __tracebackhide__ = True
        check(criteria, "one()")
        found = self._matching(criteria)
        if len(found) == 1:
            return found[0]
        asked = f" with {as_arguments(criteria)}" if criteria else ""
        if found:
            raise AssertionError(telling.several(asked, found))
        raise AssertionError(telling.none(asked, self, self.queued, self.failed, criteria))

    def all(self, **criteria: t.Any) -> list[CapturedMessage]:
        """The mails that were sent with these fields, oldest first; there may be none.

        :raises TypeError: there is no such field.
        """
        check(criteria, "all()")
        return self._matching(criteria)

    def assert_empty(self) -> None:
        """See that nothing was sent, and that nothing waits in the queue.

        :raises AssertionError: it lists what there is.
        """
        __tracebackhide__ = True
        if self or self._waiting:
            raise AssertionError(telling.not_empty(self, self.queued))

    def deliver_queued(self) -> list[CapturedMessage]:
        """Do what a queue's worker does: offer all that is queued to the server, once, whenever it may leave.

        A mail that failed for now stays queued, one that failed for good goes to :attr:`failed`; its ``error`` says
        why.

        :returns: the mails that somebody has got now.
        """
        delivered: list[CapturedMessage] = []
        for queued in list(self._waiting):
            had = queued.sent
            queued.attempt()
            if not queued.left:
                self._waiting.remove(queued)
            if queued.sent and not had:
                self.append(queued.mail)
                delivered.append(queued.mail)
            elif not queued.left and not queued.sent:
                self.failed.append(queued.mail)
        return delivered

    def enqueue(self, queued: Queued) -> None:
        """Let a mail wait until :meth:`deliver_queued`."""
        self._waiting.append(queued)

    def waits(self, submission: Submission) -> bool:
        """Whether *submission* is one of those that wait, and not sent by itself."""
        return any(queued.submission is submission for queued in self._waiting)

    def clear(self) -> None:
        """Forget all mails, those that are queued or failed too."""
        super().clear()
        self.failed.clear()
        self._waiting.clear()

    def _matching(self, criteria: c.Mapping[str, t.Any]) -> list[CapturedMessage]:
        return [mail for mail in self if not mismatches(mail, criteria)]


class _Taking:
    """Takes all mail of the process into an outbox; see :class:`flask_mail.extension.capture.Capture`."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._composed: dict[int, tuple[Submission, Message]] = {}
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()

    def transport(self, state: t.Any, /) -> CapturedTransport:
        return CapturedTransport(self._outbox.faults, functools.partial(self._keep, state), state)

    def composed(self, message: Message, submission: Submission, /) -> None:
        with self._lock:
            self._composed[id(submission)] = submission, message

    def queue(self, state: t.Any, delivery: Delivery, /) -> CapturedQueue:
        return CapturedQueue(
            delivery,
            add=self._outbox.enqueue,
            as_mail=functools.partial(self._mail, state),
            keys=self._keys,
            session=lambda: _session_of(state),
        )

    def _keep(self, state: t.Any, submission: Submission, receipt: Receipt | None, error: Exception | None) -> None:
        if self._outbox.waits(submission):  # then the queue tells
            return
        mail = self._mail(state, submission)
        mail.receipt, mail.error = receipt, error
        (self._outbox if error is None else self._outbox.failed).append(mail)

    def _mail(self, state: t.Any, submission: Submission) -> CapturedMessage:
        with self._lock:
            _, message = self._composed.get(id(submission), (None, None))
        return CapturedMessage(
            submission.envelope,
            _octets(submission),
            list(submission.tags),
            dict(submission.metadata),
            state,
            None if message is None else message.snapshot(),
        )


def _session_of(state: t.Any) -> t.Any:
    """The session whose transaction a mail joins: Flask-SQLAlchemy's, where the outbox is in its database."""
    if state.queue != "outbox" or state.outbox_url or not has_app_context():
        return None
    return getattr(current_app.extensions.get("sqlalchemy"), "session", None)


def _octets(submission: Submission) -> bytes:
    """The content, as far as it can be read: a file that was attached may be gone."""
    read = bytearray()
    with contextlib.suppress(OSError, ValueError):
        for chunk in submission.content:
            read += chunk
    return bytes(read)


@contextlib.contextmanager
def capture_mail() -> c.Generator[Outbox]:
    """Take all mail that is sent inside the block, by any application and from any thread; none leaves the process,
    whatever the settings say.

    The pytest fixture ``outbox`` is this; with ``unittest``, ``self.enterContext(capture_mail())`` in ``setUp``.
    """
    outbox = Outbox()
    with captured_by(_Taking(outbox)):
        yield outbox
