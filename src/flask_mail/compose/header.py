"""The header of a message, field by field (RFC 5322 §3.6)."""

from __future__ import annotations

import datetime
import email.utils
import functools
import re
import typing as t
from email.headerregistry import Address

from ..address import is_sequence
from ..address import Mailbox
from ..address import mailboxes
from ..address import once
from ..address import Parties
from ..address import to_ascii
from ..address import written_list
from ..errors import AddressError
from ..errors import BadHeaderError
from ..errors import ConfigError
from ..errors import ContentError
from ..mime import headers
from ..mime.attachments import is_mapping
from ..mime.attachments import pairs
from ..mime.charsets import Charset
from ..mime.charsets import UTF8
from ..mime.gate import field_name
from ..mime.gate import gate
from ..mime.gate import plain
from ..mime.gate import shown
from .options import Options
from .protocols import MessageLike
from .stamp import Stamp

_MESSAGE_ID = re.compile(r"<[!-;=?-~]+>\Z")
_FIELDS = re.compile(r".*\n(?:[ \t].*\n)*")  # header fields with their folds
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
_ONCE = ("from", "to", "cc", "reply-to", "subject", "date", "message-id")
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
    if message.own_message_id:
        identifier = checked_id(message.own_message_id, "msgId")
    else:
        identifier = stamp.message_id or made_message_id(stamp, options, parties.sender)
    lines: tuple[str, ...] = (
        addresses("From", [parties.sender], charset) if parties.sender else "",
        addresses("To", parties.to, charset) if parties.to else _undisclosed(parties),
        addresses("Cc", parties.cc, charset) if parties.cc else "",
        addresses("Reply-To", parties.reply_to, charset) if parties.reply_to else "",
        subject(message.subject, options.subject_prefix, charset),
        date_line(stamp.date if message.date is None else message.date),
        f"Message-ID: {identifier}\n",
    )
    more = _rare(message, parties) if parties.diverted or message.priority or message.auto_submitted else ""
    if message.extra_headers:
        named: dict[str, str] = dict(zip(_ONCE, lines, strict=True))
        own = extra_pairs(once(message, "extra_headers"))
        more = (_without(more, own) if more else "") + _extra(own, named, charset)
        identifier = named["message-id"].partition(":")[2].strip()
        lines = tuple(named.values())
    return f"{''.join(lines)}{more}MIME-Version: 1.0\n", identifier


def _undisclosed(parties: Parties) -> str:
    """A message to Bcc alone says so: some filters distrust one that says nothing (RFC 5322 §3.6.3)."""
    return "To: undisclosed-recipients:;\n" if parties.bcc and not parties.cc else ""


def _rare(message: MessageLike, parties: Parties) -> str:
    more = ""
    if parties.diverted:
        more += addresses("X-Original-Recipients", [Mailbox("", box.address) for box in parties.diverted], UTF8)
    if message.priority:
        more += _priority(message.priority)
    if message.auto_submitted:
        more += _auto_submitted(message.auto_submitted)
    return more


def addresses(name: str, boxes: list[Mailbox], charset: Charset) -> str:
    """The header *name* with one mailbox or more."""
    value = boxes[0].text if charset is UTF8 else boxes[0].header(charset)
    if len(boxes) > 1:
        value = ", ".join([box.text if charset is UTF8 else box.header(charset) for box in boxes])
    if len(name) + len(value) <= 74:
        return f"{name}: {value}\n"
    return headers.fold(name, value, 76) or headers.structured(name, value)


def subject(given: t.Any, prefix: str | None, charset: Charset) -> str:
    """The Subject header; nothing where there is no subject."""
    text = given if type(given) is str else "" if given is None else plain(given, "subject")
    if prefix and not _begins_with(text, prefix.strip()):
        blank = "" if prefix[-1:].isspace() else " "
        text = f"{prefix}{blank}{text}" if text else prefix.strip()
    return headers.subject(text, charset) if text else ""


def _begins_with(subject: str, prefix: str) -> bool:
    """Whether *prefix* is there already, as a word: ``Re`` is no prefix of ``Report``."""
    return not prefix or (
        subject.startswith(prefix) and (len(subject) == len(prefix) or subject[len(prefix)].isspace())
    )


def date_line(date: t.Any) -> str:
    """The Date header in local time with its offset (RFC 5322 §3.3).

    :param date: seconds since the epoch, or a ``datetime``.
    :raises ContentError: neither of them, or out of range.
    """
    try:
        if type(date) is float:
            return _date_line(int(date // 1))
        seconds = date.timestamp() if isinstance(date, datetime.datetime) else float(date)
        return _date_line(int(seconds // 1))
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise ContentError(f"date: {date!r} is not a time in seconds since the epoch", field="date") from error


@functools.lru_cache(maxsize=8)
def _date_line(seconds: int) -> str:
    return f"Date: {email.utils.formatdate(seconds, localtime=True)}\n"


def made_message_id(stamp: Stamp, options: Options, sender: Mailbox | None) -> str:
    """The Message-ID made up for a message: random bits at ``MAIL_MESSAGE_ID_DOMAIN`` or the sender's domain.

    It is kept as soon as one of them is known.
    """
    if stamp.message_id is None:
        if options.message_id_domain:
            stamp.message_id = f"<{stamp.unique}@{_id_domain(options.message_id_domain)}>"
        elif sender is not None:
            stamp.message_id = f"<{stamp.unique}@{sender.domain}>"
    return stamp.message_id or f"<{stamp.unique}@localhost>"


def _id_domain(given: str) -> str:
    domain = to_ascii(given)
    if domain is None:
        key = "MAIL_MESSAGE_ID_DOMAIN"
        raise ConfigError(f"{key}: {shown(given)} is not a domain", key=key)
    return domain


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
    return f"X-Priority: {number}\nImportance: {importance}\n"


def _auto_submitted(value: t.Any) -> str:
    """RFC 3834 §5: tell other machines not to answer."""
    word = "auto-generated" if value is True else plain(value, "auto_submitted").strip()
    return headers.structured("Auto-Submitted", word, "auto_submitted")


def extra_pairs(given: t.Any) -> list[tuple[t.Any, t.Any]]:
    """``extra_headers`` as pairs, from a mapping or an iterable of pairs, without those that are ``None``.

    :raises BadHeaderError: it is neither.
    """
    if not is_mapping(given):
        if not hasattr(given, "__iter__") or isinstance(given, (str, bytes)):
            raise _no_pairs(given)
        given = list(given)
        for item in given:
            if not is_sequence(item) or len(item) != 2:
                raise _no_pairs(item)
    return [(key, value) for key, value in pairs(given) if value is not None]


def _no_pairs(given: object) -> BadHeaderError:
    return BadHeaderError(
        f"extra_headers must be a mapping or pairs of name and value: {given!a:.100}", field="extra_headers"
    )


def given_id(given: t.Any) -> str | None:
    """The Message-ID that ``extra_headers`` sets, if they do; it counts more than any other.

    :raises BadHeaderError: it is none.
    """
    identifier: str | None = None
    for key, value in extra_pairs(given):
        if plain(key, "extra_headers").lower() == "message-id":
            identifier = checked_id(value, "extra_headers['Message-ID']")
    return identifier


def _without(lines: str, given: list[tuple[t.Any, t.Any]]) -> str:
    """*lines* without the headers that the programmer gave, too."""
    names = {plain(key, "extra_headers").lower() for key, _ in given}
    return "".join(line for line in _FIELDS.findall(lines) if line.partition(":")[0].lower() not in names)


def _extra(given: list[tuple[t.Any, t.Any]], lines: dict[str, str], charset: Charset) -> str:
    """The programmer's own headers; those that a message has only once replace ours in *lines*."""
    more: list[str] = []
    for key, value in given:
        name = field_name(plain(key, "extra_headers"), "extra_headers")
        lower = name.lower()
        field = f"extra_headers[{name!r}]"
        if lower in _REFUSED or lower.startswith("content-"):
            remedy = "use Message.bcc" if "bcc" in lower else "this package writes it"
            raise BadHeaderError(f"{field} is reserved: {remedy}", field=field)
        written = _extra_line(name, lower, value, field, charset)
        if lower in _ONCE:
            lines[lower] = written
        else:
            more.append(written)
    return "".join(more)


def _extra_line(name: str, lower: str, value: t.Any, field: str, charset: Charset) -> str:
    if lower == "date":
        return _own_date(value, field)
    if lower in _ADDRESSES and isinstance(value, (tuple, list, Mailbox, Address)):
        return addresses(name, _several(value, field), charset)
    text = plain(value, field)
    if lower == "message-id":
        return f"Message-ID: {checked_id(text, field)}\n"
    if lower == "subject":
        return headers.subject(text, charset) if text else ""
    if lower in _ADDRESSES:
        boxes = written_list(text, field)
        return addresses(name, boxes, charset) if boxes else headers.structured(name, text, field)
    if lower in _TOKENS or lower.startswith(("list-", "arc-")):
        return headers.structured(name, text, field)
    return headers.text(name, text, charset, field)


def _several(value: t.Any, field: str) -> list[Mailbox]:
    """Addresses as they may be given everywhere, for a header that holds at least one."""
    boxes = mailboxes(value, field)
    if not boxes:
        raise AddressError(f"{field}: {value!r} is not a mail address", field=field)
    return boxes


def _own_date(value: t.Any, field: str) -> str:
    """A Date as the programmer wrote it (RFC 5322 §3.3), or made from seconds or a ``datetime``."""
    if isinstance(value, (int, float, datetime.datetime)):
        return date_line(value)
    text = gate(plain(value, field), field)
    try:
        email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        raise BadHeaderError(f"{field}: {shown(text)} is not a date of RFC 5322", field=field) from None
    return headers.structured("Date", text, field)
