"""Submission and session in, receipt out: the one place through which all mail leaves.

What goes wrong here is logged and explained, once; whoever catches the error finds the explanation in its notes.
"""

from __future__ import annotations

import collections.abc as c
import logging

from .diagnosis import advise
from .errors import DeliveryError
from .submission import Receipt
from .submission import Submission
from .transports.base import Session
from .transports.base import Transport

logger: logging.Logger = logging.getLogger("flask_mail")


def open_session(transport: Transport) -> Session:
    """Open *transport*; see :func:`opened`."""
    return opened(transport.open)


def opened(open: c.Callable[[], Session]) -> Session:
    """A session.

    :param open: what opens it.
    :raises DeliveryError: with notes that say what happened and what to do.
    """
    try:
        return open()
    except DeliveryError as error:
        explain(error)
        raise


def deliver(submission: Submission, session: Session) -> Receipt:
    """Send *submission* over *session*.

    :returns: the receipt; recipients that were refused while others were accepted are logged as a warning.
    :raises DeliveryError: nobody was accepted; with notes that say what happened and what to do.
    """
    try:
        receipt = session.send(submission)
    except DeliveryError as error:
        explain(error)
        raise
    log_refusals(receipt)
    return receipt


def log_refusals(receipt: Receipt) -> None:
    """Log who was refused while others were accepted."""
    for recipient, reply in receipt.refused.items():
        logger.warning("%s: %s was refused: %s", receipt.message_id, recipient, reply)


def explain(error: DeliveryError) -> None:
    """Note on *error* (PEP 678) where it happened, what the server said, and what to do."""
    if getattr(error, "__notes__", None):
        return
    server = f" with {error.host}:{error.port}" if error.host else ""
    error.add_note(f"While sending mail{server}, stage {error.stage}.")
    if error.reply is not None:
        error.add_note(f"The server said: {error.reply}")
    remedy = advise(error, stage=error.stage, code=error.reply.code if error.reply else None)
    if remedy:
        error.add_note(remedy)
