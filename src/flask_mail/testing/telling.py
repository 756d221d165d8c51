"""The texts of failed assertions: what there is, and why none of it is what was asked for."""

from __future__ import annotations

import collections.abc as c

from .captured import CapturedMessage
from .matching import Criteria
from .matching import mismatches

MOST = 10
"""Mails that are listed; where there are more, those that come nearest."""

Mails = c.Sequence[CapturedMessage]


def none(asked: str, sent: Mails, queued: Mails, failed: Mails, criteria: Criteria) -> str:
    """Nothing was sent as it was *asked* for."""
    lines = [f"no mail was sent{asked}." if sent or not asked else f"no mail was sent{asked}, nor any other."]
    lines += _section(sent, "sent", criteria)
    lines += _section(failed, "not sent, because sending failed", criteria)
    lines += _section(queued, "left in the queue, for outbox.deliver_queued() to send", criteria)
    return "\n".join(lines)


def several(asked: str, found: Mails) -> str:
    """More than one was sent as it was *asked* for."""
    lines = [f"{len(found)} mails were sent{asked}, and one() wants a single one:", *_rows(found, {})]
    return "\n".join([*lines, "Ask for more of their fields, or take all(...) of them."])


def not_empty(sent: Mails, queued: Mails) -> str:
    """There is something."""
    return "\n".join(["no mail was expected.", *_section(sent, "sent", {}), *_section(queued, "left in the queue", {})])


def _section(mails: Mails, what: str, criteria: Criteria) -> list[str]:
    if not mails:
        return []
    return [f"{len(mails)} {'was' if len(mails) == 1 else 'were'} {what}:", *_rows(mails, criteria)]


def _rows(mails: Mails, criteria: Criteria) -> c.Iterator[str]:
    reasons = [mismatches(mail, criteria) for mail in mails]
    nearest = sorted(range(len(mails)), key=lambda index: len(reasons[index]))[:MOST]
    digits = len(str(max(nearest) + 1))
    for index in sorted(nearest):
        yield f"  {index + 1:{digits}}. {mails[index]}"
        for line in _details(mails[index], reasons[index], criteria):
            yield f"{' ' * (digits + 6)}{line}"
    if len(mails) > MOST:
        yield f"  and {len(mails) - MOST} more."


def _details(mail: CapturedMessage, reasons: dict[str, str], criteria: Criteria) -> c.Iterator[str]:
    if mail.error is not None:
        yield f"{type(mail.error).__name__}: {mail.error}"
    width = max(map(len, reasons), default=0)
    for name, reason in reasons.items():
        yield f"{name:{width}}  {reason}"
    if criteria and not reasons:
        yield "is as asked for"
