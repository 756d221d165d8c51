"""Sending again what was put away as files."""

from __future__ import annotations

from .base import Delivery
from .remaining import refusal
from .unsent import Unsent
from .verdict import judge
from .verdict import Verdict


def send_now(unsent: Unsent, delivery: Delivery) -> Verdict:
    """Try once to send *unsent*; what everybody has is removed, and of the rest is noted who is left and why.

    :raises OSError: its files are gone, or cannot be written.
    """
    submission = unsent.submission()
    recipients = submission.envelope.recipients
    try:
        verdict = judge(recipients, delivery.deliver(submission), delivery.transient)
    except Exception as error:
        verdict = judge(recipients, error, delivery.transient)
    left = {**verdict.again, **verdict.failed}
    if left:
        why = verdict.error or refusal(left)
        unsent.keep_for((who for who in recipients if who in left), why, in_doubt=verdict.in_doubt)
    else:
        unsent.remove()
    return verdict
