"""``send_later``: composed now, in the caller's context; sent by whatever ``MAIL_QUEUE`` names."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import datetime
import itertools
import re
import time
import typing as t
import uuid

from flask import Flask

from ..message import Message
from ..queues.base import Queue
from ..signals import email_queued
from ..submission import Submission
from .overridden import composed

CHUNK: t.Final = 500
"""Messages that are queued in one transaction."""

LATEST: t.Final = 221_845_392_000.0
"""The beginning of the year 9000 in seconds since the epoch: no calendar or database has to know of later times."""

_KEY = re.compile(r"[^\x00\ud800-\udfff]{1,200}")

_WANTED: t.Final = {
    "delay": "seconds, 0 or more, or a timedelta that is not negative",
    "at": "a datetime, or seconds since the epoch",
    "expires": "a datetime, or seconds, 0 or more, or a timedelta that is not negative, from now",
}

Moment = float | datetime.timedelta | datetime.datetime


class Queueing(t.Protocol):
    """What queueing asks of the settings in force, beside what composing reads."""

    def find_app(self) -> Flask | None: ...
    def suppressed_now(self) -> bool: ...
    def get_queue(self) -> Queue: ...


@d.dataclass(frozen=True, slots=True)
class Terms:
    """How a message is to be treated; see :meth:`.sending.Sending.send_later`."""

    not_before: float | None
    expires: float | None
    priority: int
    key: str | None = None
    session: t.Any = None


def terms(
    *,
    delay: float | datetime.timedelta | None,
    at: float | datetime.datetime | None,
    expires: Moment | None,
    priority: int,
    key: str | None = None,
    session: t.Any = None,
) -> Terms:
    """Check what the caller says, and turn it into seconds since the epoch.

    :raises ValueError: *delay* and *at* together, or a value that is none; the message names it.
    """
    if delay is not None and at is not None:
        raise ValueError("send_later: give delay or at, not both")
    not_before = _moment(at, "at") if at is not None else _moment(delay, "delay", from_now=True)
    end = _moment(expires, "expires", from_now=True)
    if end is not None and end <= max(time.time(), not_before or 0.0):
        raise ValueError(f"send_later: expires is {expires!r}, which is before the message could be sent")
    if isinstance(priority, bool) or not isinstance(t.cast(t.Any, priority), int) or abs(priority) > 2**31 - 1:
        raise ValueError(f"send_later: priority is {priority!r}, but it has to be a whole number; higher goes first")
    if key is not None and (not isinstance(t.cast(t.Any, key), str) or not _KEY.fullmatch(key)):
        raise ValueError(f"send_later: key is {key!r}, but it has to be a string of 1 to 200 characters, without NUL")
    return Terms(not_before, end, priority, key, session)


def _moment(value: t.Any, name: str, *, from_now: bool = False) -> float | None:
    """Seconds since the epoch.

    :param from_now: numbers count from now on.
    """
    if value is None:
        return None
    try:
        moment = _seconds(value, name, time.time() if from_now else None)
    except OverflowError:
        moment = LATEST + 1
    if moment is None:
        raise ValueError(f"send_later: {name} is {value!r}, but it has to be {_WANTED[name]}")
    if moment > LATEST:
        raise ValueError(f"send_later: {name} is {value!r}, but it has to be before the year 9000")
    return moment


def _seconds(value: t.Any, name: str, now: float | None) -> float | None:
    """*value* in seconds since the epoch; ``None`` where it is nothing of the kind."""
    if isinstance(value, datetime.datetime) and name != "delay":
        return value.timestamp() if value.year > 1970 else 0.0
    if isinstance(value, datetime.timedelta) and now is not None:
        value = value.total_seconds()
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= 0:  # NaN is neither
        return None
    return (now or 0.0) + value


def send_later(state: Queueing, message: Message, terms: Terms) -> str:
    """See :meth:`.sending.Sending.send_later`."""
    if not hasattr(message, "send"):
        raise TypeError(f"send_later() takes a Message, not {message!r}")
    submission = composed(message, state)
    if state.suppressed_now():
        id = uuid.uuid4().hex
    else:
        id = state.get_queue().put(
            submission,
            not_before=terms.not_before,
            expires=terms.expires,
            priority=terms.priority,
            key=terms.key,
            session=terms.session,
        )
    _tell(state, message, submission, id)
    return id


def queue_many(
    state: Queueing, messages: c.Iterable[Message], terms: Terms
) -> c.Iterator[tuple[int, Message, str | Exception]]:
    """Queue any number of messages, so many in a transaction that it does not count.

    :returns: for each its place from 0, itself and its id, or why it could not be composed. What is returned is queued.
    """
    numbered = enumerate(messages)
    while chunk := list(itertools.islice(numbered, CHUNK)):
        submissions: list[Submission | Exception] = [_composed(state, message) for _, message in chunk]
        good = [each for each in submissions if isinstance(each, Submission)]
        if state.suppressed_now():
            ids = iter([uuid.uuid4().hex for _ in good])
        else:
            put = state.get_queue().put_many
            ids = iter(
                put(
                    good,
                    not_before=terms.not_before,
                    expires=terms.expires,
                    priority=terms.priority,
                    session=terms.session,
                )
            )
        for (index, message), submission in zip(chunk, submissions, strict=True):
            if isinstance(submission, Exception):
                yield index, message, submission
                continue
            id = next(ids)
            _tell(state, message, submission, id)
            yield index, message, id


def _composed(state: Queueing, message: Message) -> Submission | Exception:
    try:
        return composed(message, state)
    except Exception as error:
        return error


def _tell(state: Queueing, message: Message, submission: Submission, id: str) -> None:
    if email_queued.receivers:
        email_queued.send(
            state.find_app(),
            message=message,
            id=id,
            message_id=submission.message_id,
            recipients=submission.envelope.recipients,
        )
