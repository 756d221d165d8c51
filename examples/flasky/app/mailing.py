"""The same mail for many: one connection, and one outcome for each."""

from collections.abc import Iterable

from flask import current_app
from flask_mail import Message

from .extensions import mail


def deliver(what: str, messages: Iterable[Message]) -> int:
    """Send *messages*; a recipient the server refuses does not stop the others.

    :param what: what they are, for the log.
    :returns: how many mails the server took.
    """
    sent = 0
    for result in mail.send_many(messages, connections=1):
        if result.error:
            address = result.message.recipients[0][1]
            current_app.logger.error("No %s for %s", what, address, exc_info=result.error)
        sent += result.ok
    return sent
