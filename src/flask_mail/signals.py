"""The Blinker signals, and how they are sent.

Flask-Mail 0.9.1 sent ``email_dispatched`` with the message as sender and ``app=`` as argument, 0.10.0 with
the application as sender and ``message=``. Programs exist for both, so each receiver is called in the shape
its own parameters ask for. A receiver that raises is logged and never fails a send that has happened.
"""

from __future__ import annotations

import collections.abc as c
import inspect
import logging
import typing as t

from blinker import NamedSignal
from blinker import Namespace

logger: logging.Logger = logging.getLogger("flask_mail")


class MailSignal(NamedSignal):
    """A signal whose receivers cannot break the sending of mail, in both of Flask-Mail's shapes."""

    def send(
        self,
        sender: t.Any | None = None,
        /,
        *,
        _async_wrapper: t.Any = None,
        **kwargs: t.Any,
    ) -> list[tuple[c.Callable[..., t.Any], t.Any]]:
        """Call every receiver connected for *sender*; return those that did not raise with their results."""
        results: list[tuple[c.Callable[..., t.Any], t.Any]] = []
        if self.is_muted:
            return results
        for receiver in self.receivers_for(sender):
            try:
                results.append((receiver, _call(receiver, sender, kwargs)))
            except Exception:
                logger.exception("A receiver of the signal %r failed: %r", self.name, receiver)
        return results


def _call(receiver: c.Callable[..., t.Any], sender: t.Any, kwargs: dict[str, t.Any]) -> t.Any:
    if "message" in kwargs and _wants_message_first(receiver):
        rest = dict(kwargs)
        return receiver(rest.pop("message"), app=sender, **rest)
    return receiver(sender, **kwargs)


def _wants_message_first(receiver: c.Callable[..., t.Any]) -> bool:
    """Whether *receiver* was written for Flask-Mail 0.9.1, ``(message, app)``."""
    try:
        names = [p.name for p in inspect.signature(receiver).parameters.values() if p.kind is not p.VAR_KEYWORD]
    except (TypeError, ValueError):
        return False
    return bool(names) and (names[0] == "message" or "app" in names[1:])


signals: Namespace = Namespace()


def _signal(name: str, doc: str) -> MailSignal:
    return t.cast(MailSignal, signals.setdefault(name, MailSignal(name, doc=doc)))


email_dispatched: MailSignal = _signal(
    "email-dispatched",
    "Sent when a message was handed to the server, or would have been: also while sending is suppressed. Receivers "
    "take ``(app, message)`` or, as in Flask-Mail 0.9, ``(message, app)``.",
)

email_failed: MailSignal = _signal(
    "email-failed",
    "Sent when a message went to nobody, or was refused for some. Receivers take ``app``, and by keyword ``message``, "
    "``message_id``, ``recipients`` (who did not get it) and ``error``. Of a message that was queued, this is sent "
    "when it will not be tried again, with its ``id``; ``message`` is ``None`` then.",
)

email_queued: MailSignal = _signal(
    "email-queued",
    "Sent when ``send_later`` has queued a message, or would have: also while sending is suppressed. Within a database "
    "transaction that may still be rolled back. Receivers take ``app``, and by keyword ``message``, ``id``, "
    "``message_id`` and ``recipients``.",
)

email_deferred: MailSignal = _signal(
    "email-deferred",
    "Sent when a queued message could not be sent to some or all, and will be tried again. Receivers take ``app``, and "
    "by keyword ``id``, ``message_id``, ``recipients`` (who is waiting for it), ``error`` and ``due`` (when, in "
    "seconds since the epoch); ``message`` is ``None``.",
)
