"""What an attempt means for what is queued: who has the mail, who is offered it again, who never will be."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import typing as t

from ..errors import DeliveryError
from ..errors import MailError
from ..submission import Receipt
from ..submission import Reply

TRANSPORT_STAGES: t.Final = frozenset({"connect", "greeting", "ehlo", "starttls", "tls", "auth"})
"""Stages at which a failure is about the way to the server, and not about any message."""


@d.dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one attempt, recipient by recipient.

    :param accepted: who has it; never to be offered it again.
    :param again: who is to be offered it again, with the reply that said so, if any.
    :param failed: who will not get it, likewise.
    :param error: why, where it went to nobody.
    :param way: whether it was the way to the server that failed: that costs no attempt, and other messages need not
        try either.
    :param in_doubt: whether those of :attr:`again` may have it all the same.
    :param left: who was not offered it yet, since one transaction does not take so many.
    """

    accepted: tuple[str, ...] = ()
    again: c.Mapping[str, Reply | None] = d.field(default_factory=dict[str, Reply | None])
    failed: c.Mapping[str, Reply | None] = d.field(default_factory=dict[str, Reply | None])
    error: Exception | None = None
    way: bool = False
    in_doubt: bool = False
    left: tuple[str, ...] = ()

    def after(self, earlier: Verdict) -> Verdict:
        """What this and an earlier transaction of the same attempt come to."""
        return Verdict(
            earlier.accepted + self.accepted,
            {**earlier.again, **self.again},
            {**earlier.failed, **self.failed},
            self.error or earlier.error,
            in_doubt=self.in_doubt or earlier.in_doubt,
            left=self.left,
        )


def judge(recipients: c.Sequence[str], outcome: Receipt | Exception, transient: c.Callable[[Reply], bool]) -> Verdict:
    """What *outcome* means.

    :param recipients: to whom it was offered.
    :param transient: whether a refusal is worth another attempt.
    """
    if isinstance(outcome, Receipt):
        accepted = recipients if outcome.suppressed else outcome.accepted
        verdict = _each(tuple(accepted), outcome.refused, None, transient, bool(outcome.in_doubt))
        return d.replace(verdict, left=outcome.unoffered) if outcome.unoffered else verdict
    said = getattr(outcome, "recipients", None)  # of smtplib.SMTPRecipientsRefused
    if isinstance(said, dict) and said:
        refused = t.cast("dict[str, tuple[int, bytes | str]]", said)
        replies = {who: Reply(code, _octets(text)) for who, (code, text) in refused.items()}
        others = dict.fromkeys((who for who in recipients if who not in replies), next(iter(replies.values())))
        if all(reply.code > 0 for reply in replies.values()):
            return _each((), {**replies, **others}, outcome, transient)
    reply = t.cast("Reply | None", getattr(outcome, "reply", None))
    everybody = dict.fromkeys(recipients, reply)
    if not isinstance(outcome, DeliveryError):  # nothing a server said: a fault of content, or of a program
        gone = isinstance(outcome, (MailError, ValueError)) and not getattr(outcome, "transient", False)
        return Verdict(failed=everybody, error=outcome) if gone else Verdict(again=everybody, error=outcome)
    if outcome.stage in TRANSPORT_STAGES:
        return Verdict(again=everybody, error=outcome, way=True)
    if outcome.transient or outcome.in_doubt:
        return Verdict(again=everybody, error=outcome, in_doubt=outcome.in_doubt)
    return Verdict(failed=everybody, error=outcome)


def _each(
    accepted: tuple[str, ...],
    refused: c.Mapping[str, Reply],
    error: Exception | None,
    transient: c.Callable[[Reply], bool],
    in_doubt: bool = False,
) -> Verdict:
    if not refused:
        return Verdict(accepted)
    again = {who: reply for who, reply in refused.items() if reply.code < 0 or transient(reply)}  # -1: it was lost
    failed = {who: reply for who, reply in refused.items() if who not in again}
    return Verdict(accepted, again, failed, error, in_doubt=in_doubt)


def _octets(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
