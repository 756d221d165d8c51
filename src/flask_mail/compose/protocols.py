"""What composing knows of a message: attributes, not classes."""

from __future__ import annotations

import typing as t

from ..mime.attachments import AttachmentLike as AttachmentLike
from .stamp import Stamp


class CalendarLike(t.Protocol):
    """An invitation: iCalendar text and its method (RFC 5546, RFC 6047)."""

    text: t.Any
    method: str
    attach: bool
    filename: str


class MessageLike(t.Protocol):
    """What :class:`flask_mail.Message` offers; address fields take whatever :mod:`flask_mail.address` reads."""

    subject: t.Any
    recipients: t.Any
    cc: t.Any
    bcc: t.Any
    reply_to: t.Any
    body: t.Any
    alts: t.Any
    attachments: t.Any
    date: t.Any
    charset: str | None
    extra_headers: t.Any
    mail_options: t.Any
    rcpt_options: t.Any
    calendar: t.Any
    priority: t.Any
    auto_submitted: t.Any
    own_message_id: str | None
    stamp: Stamp | None

    @property
    def structured_sender(self) -> t.Any: ...
