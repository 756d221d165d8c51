"""The header of a message, field by field (RFC 5322 §3.6)."""

from __future__ import annotations

import collections.abc as c
import datetime
import email.utils
import functools
import re
import typing as t

from ..address import Mailbox
from ..address import Parties
from ..address import to_ascii
from ..address import written_list
from ..errors import BadHeaderError
from ..errors import ConfigError
from ..errors import ContentError
from ..mime import headers
from ..mime.attachments import pairs
from ..mime.charsets import Charset
from ..mime.gate import field_name
from ..mime.gate import gate
from ..mime.gate import plain
from ..mime.gate import shown
from .options import Options
from .protocols import MessageLike
from .stamp import Stamp

_MESSAGE_ID = re.compile(r"<[!-;=?-~]+>\Z")
_REFUSED = frozenset({"bcc", "resent-bcc", "mime-version"})  # and Content-*
_ADDRESSES = frozenset(
    [
        "from",
        "to",
        "cc",
        "reply-to",
        "sender",
        "resent-from",
        "resent-sender",
        "resent-to",
        "resent-cc",
        "resent-reply-to",
        "errors-to",
        "disposition-notification-to",
        "return-receipt-to",
        "x-confirm-reading-to",
        "mail-followup-to",
        "mail-reply-to",
    ]
)
# What stands in these is tokens: RFC 2047 §5 forbids encoded words there, so nothing is ever encoded.
_TOKENS = frozenset(
    [
        "references",
        "in-reply-to",
        "date",
        "resent-date",
        "resent-message-id",
        "return-path",
        "received",
        "auto-submitted",
        "precedence",
        "importance",
        "priority",
        "x-priority",
        "archived-at",
        "dkim-signature",
        "authentication-results",
        "autocrypt",
        "feedback-id",
        "x-mailgun-variables",
        "x-smtpapi",
    ]
)  # and List-*, ARC-*
_PRIORITIES = {
    "highest": ("1 (Highest)", "high"),
    "high": ("2 (High)", "high"),
    "low": ("4 (Low)", "low"),
    "lowest": ("5 (Lowest)", "low"),
}
_BY_NUMBER = {"1": "highest", "2": "high", "3": "normal", "4": "low", "5": "lowest"}


def heading(
    message: MessageLike, options: Options, parties: Parties, stamp: Stamp, charset: Charset
) -> tuple[str, str]:
    """All header lines but those of MIME parts, and the Message-ID among them.

    :raises BadHeaderError: a value that the gate refuses, or a reserved name in ``extra_headers``.
    """
    identifier = _own_id(message, "msgId") or made_message_id(stamp, options, lambda: parties.sender)
    date = date_line(message.date if message.date is not None else stamp.date)
    lines = {"from": _addresses("From", [parties.sender], charset) if parties.sender else ""}
    if parties.to:
        lines["to"] = _addresses("To", parties.to, charset)
    elif parties.bcc and not parties.cc:
        lines["to"] = "To: undisclosed-recipients:;\r\n"
    if parties.cc:
        lines["cc"] = _addresses("Cc", parties.cc, charset)
    if parties.reply_to:
        lines["reply-to"] = _addresses("Reply-To", parties.reply_to, charset)
    lines["subject"] = _subject(message, options, charset)
    lines["date"] = date
    lines["message-id"] = f"Message-ID: {identifier}\r\n"
    more = ""
    if parties.diverted:
        addresses = ", ".join([box.address for box in parties.diverted])
        more = headers.fold("X-Original-Recipients", addresses) or ""
    if message.priority:
        more += _priority(message.priority)
    if message.auto_submitted:
        more += _auto_submitted(message.auto_submitted)
    if message.extra_headers:
        more += _extra(message.extra_headers, lines, charset)
        identifier = lines["message-id"].partition(":")[2].strip()
    return f"{''.join(lines.values())}{more}MIME-Version: 1.0\r\n", identifier


def _addresses(name: str, boxes: list[Mailbox], charset: Charset) -> str:
    value = boxes[0].header(charset) if len(boxes) == 1 else ", ".join([box.header(charset) for box in boxes])
    if len(name) + len(value) <= 74:
        return f"{name}: {value}\r\n"
    return headers.fold(name, value, 76) or headers.structured(name, value)


def _subject(message: MessageLike, options: Options, charset: Charset) -> str:
    subject = plain(message.subject, "subject") if message.subject is not None else ""
    prefix = options.subject_prefix
    if prefix and not subject.startswith(prefix.strip()):
        blank = "" if prefix[-1:].isspace() else " "
        subject = f"{prefix}{blank}{subject}" if subject else prefix.strip()
    return headers.subject(subject, charset) if subject else ""


def date_line(date: t.Any) -> str:
    """The Date header in local time with its offset (RFC 5322 §3.3).

    :param date: seconds since the epoch, or a ``datetime``.
    :raises ContentError: neither of them, or out of range.
    """
    try:
        seconds = date.timestamp() if isinstance(date, datetime.datetime) else float(date)
        return _date_line(int(seconds // 1))
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise ContentError(f"date: {date!r} is not a time in seconds since the epoch", field="date") from error


@functools.lru_cache(maxsize=8)
def _date_line(seconds: int) -> str:
    return f"Date: {email.utils.formatdate(seconds, localtime=True)}\r\n"


def made_message_id(stamp: Stamp, options: Options, sender: c.Callable[[], Mailbox | None]) -> str:
    """The Message-ID made up for a message: 128 random bits at ``MAIL_MESSAGE_ID_DOMAIN`` or the sender's domain."""
    if stamp.message_id is None:
        box = None if options.message_id_domain else sender()
        domain = options.message_id_domain or (box.domain if box else "localhost")
        ascii_domain = to_ascii(domain)
        if ascii_domain is None:
            key = "MAIL_MESSAGE_ID_DOMAIN"
            raise ConfigError(f"{key}: {shown(domain)} is not a domain", key=key)
        stamp.message_id = f"<{stamp.unique}@{ascii_domain}>"
    return stamp.message_id


def _own_id(message: MessageLike, field: str) -> str | None:
    return checked_id(message.own_message_id, field) if message.own_message_id else None


def checked_id(value: t.Any, field: str) -> str:
    """A Message-ID with its angle brackets (RFC 5322 §3.6.4).

    :raises BadHeaderError: it is none.
    """
    text = gate(plain(value, field), field).strip()
    if not text.startswith("<"):
        text = f"<{text}>"
    if not _MESSAGE_ID.match(text) or len(text) > 900:
        raise BadHeaderError(f"{field}: {shown(text)} is not a Message-ID", field=field)
    return text


def _priority(value: t.Any) -> str:
    word = plain(value, "priority").strip().lower()
    word = _BY_NUMBER.get(word, word)
    if word == "normal":
        return ""
    if word not in _PRIORITIES:
        raise BadHeaderError(
            f"priority: {shown(word)} must be 'highest', 'high', 'normal', 'low', 'lowest' or a number from 1 to 5",
            field="priority",
        )
    number, importance = _PRIORITIES[word]
    return f"X-Priority: {number}\r\nImportance: {importance}\r\n"


def _auto_submitted(value: t.Any) -> str:
    """RFC 3834 §5: tell other machines not to answer."""
    word = "auto-generated" if value is True else plain(value, "auto_submitted").strip()
    return headers.structured("Auto-Submitted", word, "auto_submitted")


def _extra(given: t.Any, lines: dict[str, str], charset: Charset) -> str:
    """The programmer's own headers; those that a message has only once replace ours in *lines*."""
    more: list[str] = []
    for key, value in pairs(given):
        name = field_name(plain(key, "extra_headers"), "extra_headers")
        lower = name.lower()
        field = f"extra_headers[{name!r}]"
        if lower in _REFUSED or lower.startswith("content-"):
            remedy = "use Message.bcc" if "bcc" in lower else "this package writes it"
            raise BadHeaderError(f"{field} is reserved: {remedy}", field=field)
        written = _extra_line(name, lower, value, field, charset)
        if lower in ("from", "to", "cc", "reply-to", "subject", "date", "message-id"):
            lines[lower] = written
        else:
            more.append(written)
    return "".join(more)


def _extra_line(name: str, lower: str, value: t.Any, field: str, charset: Charset) -> str:
    text = plain(value, field)
    if lower == "message-id":
        return f"Message-ID: {checked_id(text, field)}\r\n"
    if lower == "subject":
        return headers.subject(text, charset) if text else ""
    if lower in _ADDRESSES:
        boxes = written_list(text, field)
        return _addresses(name, boxes, charset) if boxes else headers.structured(name, text, field)
    if lower in _TOKENS or lower.startswith(("list-", "arc-")):
        return headers.structured(name, text, field)
    return headers.text(name, text, charset, field)
