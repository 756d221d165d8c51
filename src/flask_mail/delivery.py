"""Submission and session in, receipt out: the one place through which all mail leaves.

What goes wrong here is logged and explained, once; whoever catches the error finds the explanation in its notes.
"""

from __future__ import annotations

import collections.abc as c
import logging
import typing as t

from .diagnosis import Advice
from .diagnosis import advise
from .diagnosis import texts
from .errors import DeliveryError
from .submission import Receipt
from .submission import Reply
from .submission import Submission
from .transports.base import Session
from .transports.base import Transport

logger: logging.Logger = logging.getLogger("flask_mail")


def open_session(transport: Transport, settings: t.Any = None) -> Session:
    """Open *transport*; see :func:`opened`."""
    return opened(transport.open, settings)


def opened(open: c.Callable[[], Session], settings: t.Any = None) -> Session:
    """A session.

    :param open: what opens it.
    :param settings: the settings in force, for the explanation: language, provider, TLS.
    :raises DeliveryError: with notes that say what happened and what to do.
    """
    try:
        return open()
    except DeliveryError as error:
        explain(error, settings)
        raise


def deliver(submission: Submission, session: Session, settings: t.Any = None) -> Receipt:
    """Send *submission* over *session*.

    :param settings: see :func:`opened`.
    :returns: the receipt; recipients that were refused while others were accepted are logged as a warning.
    :raises DeliveryError: nobody was accepted; with notes that say what happened and what to do.
    """
    try:
        receipt = session.send(submission)
    except DeliveryError as error:
        explain(error, settings)
        raise
    log_refusals(receipt, settings)
    return receipt


def log_refusals(receipt: Receipt, settings: t.Any = None) -> None:
    """Log who was refused while others were accepted, with the label of the cause and what to do."""
    for recipient, reply in receipt.refused.items():
        advice = refusal(reply, settings)
        logger.warning("%s: %s was refused: %s [%s] %s", receipt.message_id, recipient, reply, advice.cause, advice)


def refusal(reply: Reply, settings: t.Any = None) -> Advice:
    """What a recipient's refusal means."""
    return advise(settings=settings, stage="rcpt", code=reply.code, text=reply.raw)


def explain(error: DeliveryError, settings: t.Any = None) -> None:
    """Note on *error* (PEP 678) where it happened, what the server said, and what to do; and log it."""
    if getattr(error, "__notes__", None):
        return
    advice = advise(error, settings)
    words = texts.notes(getattr(settings, "locale", None))
    server = words["server"].format(host=error.host, port=error.port) if error.host else ""
    error.add_note(words["where"].format(server=server, stage=error.stage))
    if error.reply is not None:
        error.add_note(words["said"].format(reply=error.reply))
    error.add_note(f"{advice.cause}: {advice}")
    logger.warning("Sending failed at stage %s: %s [%s]", error.stage, error, advice.cause)
