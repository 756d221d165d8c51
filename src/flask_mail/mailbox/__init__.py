"""The mailbox: captured mail, copies of sent mail, previews and the outbox in the browser, at ``/_mail/``.

The extension loads this room by name, see :mod:`flask_mail.extension.mailbox`. On the server it needs nothing but
Flask; in the browser it is one sheet of CSS and one script. What a mail brings along is never trusted: it is shown in
a sandbox without scripts, and may load nothing unless asked to. See :mod:`.guards` for who may look.
"""

from __future__ import annotations

import logging

from flask import Flask

from ..submission import Receipt
from ..submission import Submission
from ..transports.base import Transport
from . import previewing as previewing
from . import queueing as queueing
from .capture import Capture
from .pages import blueprint as blueprint
from .store import store_of

logger: logging.Logger = logging.getLogger("flask_mail")


def capture(app: Flask) -> Transport:
    """A transport into the mailbox of *app*."""
    return Capture(store_of(app))


def keep_copy(app: Flask, submission: Submission, receipt: Receipt) -> None:
    """Put what was sent into the mailbox of *app*. Never raises: the mail is on its way, whatever happens here."""
    try:
        Capture(store_of(app), receipt).send(submission)
    except Exception:
        logger.exception("%s was sent, but its copy could not be kept for the mailbox", submission.message_id)
