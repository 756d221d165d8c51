"""The texts of failed assertions: what there is, and why none of it is what was asked for."""

from __future__ import annotations

import collections.abc as c

from .captured import CapturedMessage
from .matching import Criteria
from .matching import mismatches

_DELIVER = "outbox.deliver_queued() sends what is queued."


def none(
    asked: str,
    sent: c.Sequence[CapturedMessage],
    queued: c.Sequence[CapturedMessage],
    failed: c.Sequence[CapturedMessage],
    criteria: Criteria,
) -> str:
    """Nothing was sent as it was *asked* for."""
    lines = [f"no mail was sent{asked}." if sent or not asked else f"no mail was sent{asked}, nor any other."]
    lines += _section(sent, "sent", criteria)
    lines += _section(failed, "not sent, because sending failed", criteria)
    lines += _section(queued, "queued", criteria)
    if queued:
        lines.append(_DELIVER)
    return "\n".join(lines)


def several(asked: str, found: c.Sequence[CapturedMessage]) -> str:
    """More than one was sent as it was *asked* for."""
    lines = [f"{len(found)} mails were sent{asked}, where one() wants a single one:", *_rows(found, {})]
    return "\n".join([*lines, "Ask for more of their fields, or take all(...) of them."])


def not_empty(sent: c.Sequence[CapturedMessage], queued: c.Sequence[CapturedMessage]) -> str:
    """There is something."""
    return "\n".join(["no mail was expected.", *_section(sent, "sent", {}), *_section(queued, "queued", {})])


def _section(mails: c.Sequence[CapturedMessage], what: str, criteria: Criteria) -> list[str]:
    if not mails:
        return []
    return [f"{len(mails)} {'was' if len(mails) == 1 else 'were'} {what}:", *_rows(mails, criteria)]


def _rows(mails: c.Sequence[CapturedMessage], criteria: Criteria) -> c.Iterator[str]:
    digits = len(str(len(mails)))
    for number, mail in enumerate(mails, 1):
        yield f"  {number:{digits}}. {mail}"
        indent = " " * (digits + 6)
        if mail.error is not None:
            yield f"{indent}{type(mail.error).__name__}: {mail.error}"
        reasons = mismatches(mail, criteria)
        width = max(map(len, reasons), default=0)
        for name, reason in reasons.items():
            yield f"{indent}{name:{width}}  {reason}"
        if criteria and not reasons:
            yield f"{indent}matches"
