"""The usual message, composed in one go: text and perhaps HTML, to one reader, and nothing that is rare.

It is what programs send by the thousand, and it takes two thirds of the time so. What is made here is octet for octet
what the general way makes: :func:`flask_mail.compose.preview` goes that way, and tests compare them.
"""

from __future__ import annotations

import operator
import typing as t

from ..address import Mailbox
from ..address import one
from ..mime import bodies
from ..mime.charsets import UTF8
from ..mime.gate import plain
from .header import addresses
from .header import date_line
from .header import made_message_id
from .header import subject
from .options import Options
from .parts import plain_text
from .protocols import MessageLike
from .stamp import Stamp

_RARE = operator.attrgetter(
    "cc",
    "bcc",
    "reply_to",
    "attachments",
    "calendar",
    "extra_headers",
    "priority",
    "auto_submitted",
    "mail_options",
    "rcpt_options",
    "charset",
    "own_message_id",
    "envelope_from",
    "tags",
    "metadata",
)
_TYPE = 'Content-Type: text/{}; charset="utf-8"\nContent-Transfer-Encoding: '.format
_PLAIN, _HTML = _TYPE("plain"), _TYPE("html")


def pair(message: MessageLike, options: Options) -> tuple[Mailbox, Mailbox] | None:
    """Sender and reader of a usual message; ``None`` where it is not one.

    :raises BadHeaderError: as :func:`flask_mail.address.gather`.
    :raises AddressError: likewise.
    """
    try:
        if any(_RARE(message)):
            return None
    except AttributeError:  # of a class of somebody else's
        return None
    to: list[t.Any] = message.recipients
    if type(to) is not list or len(to) != 1:
        return None
    if options.default_reply_to or options.catch_all or options.dkim_domain:
        return None
    sender = message.structured_sender or options.default_sender
    if not sender:
        return None
    both = one(sender, "sender"), one(to[0], "recipients")
    return both if both[0].address.isascii() and both[1].address.isascii() else None


def octets(
    message: MessageLike, options: Options, sender: Mailbox, reader: Mailbox, stamp: Stamp
) -> tuple[bytes, str] | None:
    """The octets of a usual message, and the Message-ID in them; ``None`` where it is not quite one.

    :raises BadHeaderError: as the general way.
    :raises ContentError: likewise.
    """
    alts: dict[str, t.Any] = message.alts
    html = alts.get("html") if alts else None
    if alts and (html is None or len(alts) > 1):
        return None
    identifier = stamp.message_id or made_message_id(stamp, options, sender)
    head = (
        f"{addresses('From', [sender], UTF8)}{addresses('To', [reader], UTF8)}"
        f"{subject(message.subject, options.subject_prefix, UTF8)}"
        f"{date_line(stamp.date if message.date is None else message.date)}"
        f"Message-ID: {identifier}\nMIME-Version: 1.0\n"
    )
    text, field = plain_text(message.body, html)
    _, encoding, text = bodies.encode(text, UTF8, field)
    if html is None:
        whole = f"{head}{_PLAIN}{encoding}\n\n{text}"
    else:
        _, as_html, rich = bodies.encode(plain(html, "html"), UTF8, "html")
        mark = stamp.boundary
        if mark in text or mark in rich:
            return None
        whole = (
            f'{head}Content-Type: multipart/alternative; boundary="=_a{mark}"\n\n'
            f"--=_a{mark}\n{_PLAIN}{encoding}\n\n{text}\n"
            f"--=_a{mark}\n{_HTML}{as_html}\n\n{rich}\n"
            f"--=_a{mark}--\n"
        )
    return whole.encode("utf-8").replace(b"\n", b"\r\n"), identifier
