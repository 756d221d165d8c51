"""Many messages: composed as there is room, sent over several connections, one outcome each."""

from __future__ import annotations

import collections.abc as c
import contextlib
import copy
import dataclasses as d
import itertools
import time
import typing as t

from ..address import listed
from ..delivery import deliver
from ..delivery import explain
from ..delivery import log_refusals
from ..delivery import opened
from ..errors import DeliveryError
from ..errors import MailError
from ..message import Message
from ..settings.times import parse_rate
from ..submission import Content
from ..submission import fields_of
from ..submission import Receipt
from ..submission import Submission
from ..transports.base import Session
from ..transports.bulk import Bulk
from ..transports.job import Job
from ..transports.pace import Pace
from ..transports.smtp import SMTPTransport
from .capture import capturing
from .connection import InForce
from .connection import tell
from .connection import tell_failure
from .overridden import composed

MANY_EARLY: t.Final = 1000
"""Results that wait for an earlier one, from which on no more messages are pulled."""


Watcher = c.Callable[[int, str], object]
"""Is told the place of a message among the others, and its Message-ID, when the last of it is about to go out."""


@d.dataclass(frozen=True, slots=True, init=False)
class Result:
    """What became of one of many messages.

    :param index: its place among the messages, from 0.
    :param message: the message.
    :param receipt: who was accepted; ``None`` where it failed.
    :param error: why it went to nobody; its ``in_doubt`` says whether the server may have it all the same.
    :param id: what the queue calls it, where it was queued instead of sent.
    """

    index: int
    message: Message
    receipt: Receipt | None = None
    error: Exception | None = None
    id: str | None = None

    def __init__(
        self,
        index: int,
        message: Message,
        receipt: Receipt | None = None,
        error: Exception | None = None,
        id: str | None = None,
    ) -> None:
        set_index, set_message, set_receipt, set_error, set_id = _RESULT
        set_index(self, index)
        set_message(self, message)
        set_receipt(self, receipt)
        set_error(self, error)
        set_id(self, id)

    @property
    def ok(self) -> bool:
        """Whether everybody was accepted, or would have been while sending is suppressed; or it is queued."""
        return self.id is not None or (self.receipt is not None and self.receipt.complete)


_RESULT: t.Final = fields_of(Result)


@d.dataclass(frozen=True, slots=True)
class Progress:
    """How far :meth:`Mail.send_many` has come.

    :param done: messages with an outcome.
    :param failed: those of them that went to nobody.
    :param total: how many there are, where the iterable knows its length.
    :param seconds: the time since the start.
    """

    done: int
    failed: int
    total: int | None
    seconds: float

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0


def individually(message: Message, recipients: c.Iterable[t.Any]) -> c.Iterator[Message]:
    """*message* once for each recipient, with a Message-ID of its own."""
    for recipient in listed(recipients, "recipients"):
        single = copy.copy(message)
        single.recipients, single.cc, single.bcc = [recipient], [], []
        yield single


def send_many(
    state: InForce,
    messages: c.Iterable[Message],
    *,
    connections: int,
    window: int,
    progress: c.Callable[[Progress], object] | None,
    ordered: bool,
    rate: str | None = None,
    sending: Watcher | None = None,
) -> c.Iterator[Result]:
    """See :meth:`.sending.Sending.send_many`.

    :raises ValueError: *connections* or *window* is less than 1.
    :raises ConfigError: *rate* is none.
    """
    for name, value in (("connections", connections), ("window", window)):
        if value < 1:
            raise ValueError(f"send_many: {name} is {value!r}, but it has to be 1 or more")
    outcomes = _Outcomes(state, parse_rate("rate", rate) if rate is not None else state.rate_limit, sending)
    results = outcomes.of(messages, connections, window)
    if ordered:
        results = outcomes.in_order(results)
    return _told(state, results, progress, t.cast("int | None", getattr(messages, "__len__", lambda: None)()))


def queued(results: c.Iterable[tuple[int, Message, str | Exception]]) -> c.Iterator[Result]:
    """What became of messages that were queued."""
    for index, message, outcome in results:
        if isinstance(outcome, Exception):
            yield Result(index, message, error=outcome)
        else:
            yield Result(index, message, id=outcome)


def _told(
    state: InForce,
    results: c.Generator[Result],
    progress: c.Callable[[Progress], object] | None,
    total: int | None,
) -> c.Iterator[Result]:
    start, failed = time.monotonic(), 0
    with contextlib.closing(results):  # the traceback of a failed one leads to this frame, and keeps them
        for done, result in enumerate(results, 1):
            failed += result.receipt is None
            if progress is not None:
                progress(Progress(done, failed, total, time.monotonic() - start))
            yield result


def _meant_for(message: Message) -> tuple[str, ...]:
    """Whom a message was for that could not be composed: perhaps for their sake."""
    try:
        return tuple(map(str, message.send_to))
    except Exception:
        return ()


class _Watched(Content):
    """Content that tells when all of it was read, before the last of it is handed over: where that fails, the server
    does not get it."""

    __slots__ = ("_read",)

    def __init__(self, content: Content, read: c.Callable[[], object]) -> None:
        self._parts, self.size = content._parts, content.size
        self._read = read

    def whole(self) -> bytes | None:
        octets = super().whole()
        if octets is not None:
            self._read()
        return octets

    def __iter__(self) -> c.Iterator[bytes]:
        last: bytes | None = None
        for chunk in super().__iter__():
            if last is not None:
                yield last
            last = chunk
        self._read()
        if last is not None:
            yield last


class _Outcomes:
    """Composes, sends and tells."""

    def __init__(self, state: InForce, rate: tuple[int, float] | None, sending: Watcher | None) -> None:
        self._state = state
        self._sending = sending
        messages, seconds = (rate if capturing() is None else None) or (0, 1.0)
        self._pace = Pace(messages, seconds)
        self._early: dict[int, Result] = {}

    def in_order(self, results: c.Generator[Result]) -> c.Generator[Result]:
        """*results* in the order of their messages."""
        expected = itertools.count()
        index = next(expected)
        with contextlib.closing(results):
            for result in results:
                self._early[result.index] = result
                while index in self._early:
                    yield self._early.pop(index)
                    index = next(expected)

    def of(self, messages: c.Iterable[Message], connections: int, window: int) -> c.Generator[Result]:
        transport = self._state.get_transport()
        if self._state.suppressed_now() or not isinstance(transport, SMTPTransport):
            return self._one_by_one(messages)
        endpoint = transport.endpoint
        jobs = (self._job(index, message, endpoint.host, endpoint.port) for index, message in enumerate(messages))
        bulk = Bulk(
            transport.open,
            jobs,
            connections=connections,
            window=window,
            max_emails=self._state.max_emails,
            pace=self._pace,
            hold=lambda: len(self._early) >= MANY_EARLY,
        )
        return self._results(bulk)

    def _results(self, bulk: Bulk) -> c.Generator[Result]:
        with contextlib.closing(iter(bulk)) as jobs:
            yield from map(self._result, jobs)

    def _job(self, index: int, message: Message, host: str, port: int) -> Job:
        """A job for *message*; one that has ended where it cannot be composed."""
        try:
            job = Job(self._composed(index, message), host, port)
        except Exception as error:
            job = Job.unsendable(error)
            job.tag = index, message, _meant_for(message)
        else:
            job.tag = index, message, job.submission.envelope.recipients
        return job

    def _composed(self, index: int, message: Message) -> Submission:
        submission, sending = composed(message, self._state), self._sending
        if sending is None:
            return submission
        content = _Watched(submission.content, lambda: sending(index, submission.message_id))
        return Submission(submission.envelope, content, submission.message_id, submission.tags, submission.metadata)

    def _result(self, job: Job) -> Result:
        index, message, recipients = job.tag
        try:
            return self._sent(index, message, job.outcome())
        except Exception as error:
            if isinstance(error, DeliveryError):
                explain(error, self._state)
            return self._failed(index, message, recipients, error)

    def _sent(self, index: int, message: Message, receipt: Receipt) -> Result:
        log_refusals(receipt, self._state)
        tell(self._state, message, receipt)
        return Result(index, message, receipt)

    def _failed(self, index: int, message: Message, recipients: tuple[str, ...], error: Exception) -> Result:
        if isinstance(error, MailError):
            tell_failure(self._state, message, recipients, error)
        return Result(index, message, error=error)

    def _one_by_one(self, messages: c.Iterable[Message]) -> c.Generator[Result]:
        """Over a transport with nothing to gain from several connections, or none at all."""
        session: Session | None = None
        try:
            for index, message in enumerate(messages):
                submission: Submission | None = None
                try:
                    submission = self._composed(index, message)
                    if self._state.suppressed_now():
                        receipt = Receipt(submission.message_id, suppressed=True)
                    else:
                        if (seconds := self._pace.wait()) > 0:  # sleeping for no time takes some
                            time.sleep(seconds)
                        self._pace.sent()
                        session = session or opened(self._state.get_transport().open, self._state)
                        receipt = deliver(submission, session, self._state)
                except Exception as error:
                    if session is not None and not getattr(session, "alive", True):
                        session.close()
                        session = None
                    recipients = submission.envelope.recipients if submission else _meant_for(message)
                    yield self._failed(index, message, recipients, error)
                else:
                    yield self._sent(index, message, receipt)
        finally:
            if session is not None:
                session.close()
