"""A submission as a queue holds it, and what remains of it after an attempt."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import smtplib

from ..errors import delivery_error
from ..errors import DeliveryError
from ..errors import QueueError
from ..submission import Content
from ..submission import Reply
from ..submission import Submission


def held(submission: Submission) -> Submission:
    """*submission* with its content in memory: what it is read from may be gone when it is sent.

    :raises QueueError: it cannot be read now.
    """
    try:
        return d.replace(submission, content=Content((bytes(submission.content),)))
    except OSError as error:
        raise QueueError(f"The content of the message cannot be read: {error}") from error


def offered_to(submission: Submission, recipients: c.Iterable[str]) -> Submission:
    """*submission*, to be offered to these of its recipients only."""
    return d.replace(submission, envelope=d.replace(submission.envelope, recipients=tuple(recipients)))


def refusal(replies: c.Mapping[str, Reply | None]) -> DeliveryError | None:
    """The error that says who was refused and how; ``None`` where there was no reply to anybody."""
    known = {who: reply for who, reply in replies.items() if reply is not None}
    if not known:
        return None
    first = next(iter(known.values()))
    error = smtplib.SMTPRecipientsRefused({who: (reply.code, reply.raw) for who, reply in known.items()})
    return delivery_error(error, stage="rcpt", transient=first.transient, reply=first)
