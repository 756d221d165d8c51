"""A submission as JSON and octets, and back: what is kept or sent over a broker. Never pickle."""

from __future__ import annotations

import base64
import collections.abc as c
import typing as t

from ..submission import Content
from ..submission import Envelope
from ..submission import Submission


def to_json(submission: Submission) -> dict[str, t.Any]:
    """All of *submission*, its content in base64."""
    envelope = submission.envelope
    return {
        "sender": envelope.sender,
        "recipients": list(envelope.recipients),
        "options": options(envelope),
        "message_id": submission.message_id,
        "details": details(submission),
        "content": base64.b64encode(bytes(submission.content)).decode("ascii"),
    }


def from_json(record: c.Mapping[str, t.Any]) -> Submission:
    """The submission that :func:`to_json` wrote."""
    return submission(
        sender=record["sender"],
        recipients=record["recipients"],
        options=record["options"],
        message_id=record["message_id"],
        details=record["details"],
        content=base64.b64decode(record["content"]),
    )


def options(envelope: Envelope) -> dict[str, t.Any]:
    """The ESMTP parameters of *envelope*; empty where it has none."""
    if not envelope.mail_options and not envelope.rcpt_options:
        return {}
    return {"mail": list(envelope.mail_options), "rcpt": list(envelope.rcpt_options)}


def details(submission: Submission) -> dict[str, t.Any]:
    """What a provider's interface is told; empty where it is told nothing."""
    if not submission.tags and not submission.metadata:
        return {}
    return {"tags": list(submission.tags), "metadata": dict(submission.metadata)}


def submission(
    *,
    sender: str,
    recipients: c.Iterable[str],
    options: c.Mapping[str, t.Any],
    message_id: str,
    details: c.Mapping[str, t.Any],
    content: bytes,
) -> Submission:
    """A submission of what was kept of one."""
    return Submission(
        Envelope(sender, tuple(recipients), tuple(options.get("mail", ())), tuple(options.get("rcpt", ()))),
        Content((content,)),
        message_id,
        tuple(details.get("tags", ())),
        details.get("metadata", {}),
    )
