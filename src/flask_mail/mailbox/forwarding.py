""" "Send to me": one mail of the mailbox, through the server that the settings name."""

from __future__ import annotations

import typing as t

from flask import Flask

from ..address import one
from ..delivery import deliver
from ..delivery import opened
from ..errors import ConfigError
from ..extension.capture import capturing
from ..extension.mailbox import nowhere
from ..extension.runtime import build_transport
from ..settings import as_config
from ..settings import Settings
from ..submission import Content
from ..submission import Envelope
from ..submission import Submission
from .letter import Letter


def forward(letter: Letter, record: dict[str, t.Any], address: str, settings: Settings, app: Flask) -> str:
    """Send *letter* as it is to *address*, and to nobody else.

    :param record: its envelope; the sender stays.
    :returns: what the server said, in a sentence.
    :raises AddressError: *address* is none.
    :raises ConfigError: nothing says where to send mail to.
    :raises DeliveryError: the server did not take it.
    """
    if nowhere(settings, app):
        raise ConfigError(
            "MAIL_SERVER is not set, so there is no server to send through. Set it, and MAIL_MAILBOX = True to have "
            "mail captured all the same.",
            key="MAIL_SERVER",
        )
    envelope = Envelope(record["sender"], (one(address, "address").address,), tuple(record.get("mail_options", ())))
    submission = Submission(envelope, Content([letter.octets]), record["message_id"])
    capture = capturing()
    transport = build_transport(as_config(settings), app) if capture is None else capture.transport(settings)
    session = opened(transport.open, settings)
    try:
        receipt = deliver(submission, session, settings)
    finally:
        session.close()
    return f"Sent to {', '.join(receipt.accepted)}." + (f" The server said: {receipt.reply}" if receipt.reply else "")
