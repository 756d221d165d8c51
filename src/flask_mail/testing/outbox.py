"""Where all mail of a test goes."""

from __future__ import annotations

import collections.abc as c
import contextlib
import threading
import typing as t

from ..delivery import deliver
from ..delivery import opened
from ..errors import DeliveryError
from ..extension.capture import captured_by
from ..extension.connection import tell
from ..extension.connection import tell_failure
from ..message import Message
from ..submission import Receipt
from ..submission import Submission
from . import telling
from .captured import CapturedMessage
from .conversation import CapturedTransport
from .faults import MailFaults
from .matching import as_arguments
from .matching import check
from .matching import mismatches


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
        self._waiting: dict[CapturedMessage, tuple[t.Any, Submission]] = {}

    @property
    def queued(self) -> list[CapturedMessage]:
        """The mails that wait in the queue, oldest first: what ``send_later`` was given."""
        return list(self._waiting)

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
        """Do what a queue's worker does: send all that is queued, once, whenever it may leave.

        A mail that fails for now stays queued, one that fails for good goes to :attr:`failed`; each has its ``error``.

        :returns: what was sent.
        """
        return [
            mail for mail, (state, submission) in list(self._waiting.items()) if self._deliver(mail, state, submission)
        ]

    def enqueue(self, mail: CapturedMessage, state: t.Any, submission: Submission) -> None:
        """Let *mail* wait until :meth:`deliver_queued` sends its *submission*."""
        self._waiting[mail] = state, submission

    def clear(self) -> None:
        """Forget all mails, those that are queued or failed too."""
        super().clear()
        self.failed.clear()
        self._waiting.clear()

    def _matching(self, criteria: c.Mapping[str, t.Any]) -> list[CapturedMessage]:
        return [mail for mail in self if not mismatches(mail, criteria)]

    def _deliver(self, mail: CapturedMessage, state: t.Any, submission: Submission) -> bool:
        transport = CapturedTransport(self.faults, None, state)
        try:
            mail.receipt = deliver(submission, opened(transport.open, state), state)
        except DeliveryError as error:
            mail.error = error
            if mail.message is not None:
                tell_failure(state, mail.message, submission.envelope.recipients, error)
            if not error.transient:
                del self._waiting[mail]
                self.failed.append(mail)
            return False
        mail.error = None
        del self._waiting[mail]
        self.append(mail)
        if mail.message is not None:
            tell(state, mail.message, mail.receipt)
        return True


class _Taking:
    """Takes all mail of the process into an outbox; see :class:`flask_mail.extension.capture.Capture`."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._composed: dict[int, tuple[Submission, Message]] = {}
        self._lock = threading.Lock()

    def transport(self, state: t.Any, /) -> CapturedTransport:
        return CapturedTransport(self._outbox.faults, self._keep, state)

    def composed(self, message: Message, submission: Submission, /) -> None:
        with self._lock:
            self._composed[id(submission)] = submission, message

    def queued(self, state: t.Any, submission: Submission, /, *, not_before: t.Any = None) -> None:
        mail = self._mail(submission)
        mail.not_before = not_before
        self._outbox.enqueue(mail, state, submission)

    def _keep(self, submission: Submission, receipt: Receipt | None, error: Exception | None) -> None:
        mail = self._mail(submission)
        mail.receipt, mail.error = receipt, error
        (self._outbox if error is None else self._outbox.failed).append(mail)

    def _mail(self, submission: Submission) -> CapturedMessage:
        with self._lock:
            _, message = self._composed.get(id(submission), (None, None))
        return CapturedMessage(
            submission.envelope,
            _octets(submission),
            list(submission.tags),
            dict(submission.metadata),
            None if message is None else message.snapshot(),
        )


def _octets(submission: Submission) -> bytes:
    """The content, as far as it can be read: a file that was attached may be gone."""
    read = bytearray()
    with contextlib.suppress(OSError):
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
