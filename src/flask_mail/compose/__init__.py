"""Message -> Submission: the only door through the waist.

Everything about a message is checked here, in the caller's context, before any socket opens and before anything
is queued. A message is known by a protocol and an application's settings by their names; both are read, and of a
message only its date and its stamp are ever written. This room does no network I/O.
"""

from __future__ import annotations

import json
import time
import typing as t

from ..address import gather
from ..address import Mailbox
from ..address import once
from ..address import one
from ..address import Parties
from ..errors import ContentError
from ..errors import MissingRecipientsError
from ..errors import MissingSenderError
from ..mime import tree
from ..mime.charsets import charset
from ..mime.charsets import UTF8
from ..mime.dkim import signer
from ..mime.gate import esmtp_options
from ..mime.gate import gate
from ..mime.gate import plain
from ..submission import Content
from ..submission import Envelope
from ..submission import Submission
from . import usual
from .header import extra_pairs as extra_pairs
from .header import given_id
from .header import heading
from .header import made_message_id
from .options import Options as Options
from .parts import checked as checked
from .parts import is_data as is_data
from .parts import not_data as not_data
from .parts import structure
from .protocols import AttachmentLike as AttachmentLike
from .protocols import CalendarLike as CalendarLike
from .protocols import MessageLike as MessageLike
from .stamp import Stamp as Stamp


def compose(message: MessageLike, state: object, *, envelope_from: t.Any = None) -> Submission:
    """Check a message and make of it what travels: the one call for each deliberate send.

    A message that was composed before gets a new Message-ID and date, unless the programmer set them.

    :param message: what the programmer wrote; its ``date`` is set (seconds since the epoch) where it was ``None``.
    :param state: the application's settings, read by name; what is missing has its default.
    :param envelope_from: the reverse-path, where it differs from the sender; ``"<>"`` is the null reverse-path.
    :raises MissingRecipientsError: there are no recipients.
    :raises MissingSenderError: there is no sender.
    :raises BadHeaderError: a control character or a reserved name, with the field.
    :raises AddressError: input that is not one address, with the field.
    :raises ContentError: a body or attachment that cannot be encoded, with the field.
    """
    options = Options.of(state)
    pair = usual.pair(message, options) if envelope_from is None else None
    parties = _parties(message, options) if pair is None else None
    stamp = _fresh_stamp(message)
    shown, stamp.date = stamp.date, stamp.date or time.time()
    try:
        submission = None if pair is None else _usual(message, options, pair, stamp)
        if submission is None:
            parties = parties or _parties(message, options)
            submission = _unusual(message, options, parties, envelope_from, stamp)
    except BaseException:
        stamp.date = shown  # it may be mended and sent much later
        stamp.release()
        raise
    if message.date is None:
        message.date = stamp.date
    stamp.spent, stamp.options = True, options
    return submission


def _parties(message: MessageLike, options: Options) -> Parties:
    parties = gather(message, options)
    if not parties.recipients:
        raise MissingRecipientsError("No recipients have been added", field="recipients")
    if parties.sender is None:
        raise MissingSenderError(
            "The message does not specify a sender and a default sender has not been configured: "
            "set Message.sender or MAIL_DEFAULT_SENDER",
            field="sender",
        )
    return parties


def _usual(message: MessageLike, options: Options, pair: tuple[Mailbox, Mailbox], stamp: Stamp) -> Submission | None:
    sender, reader = pair
    made = usual.octets(message, options, sender, reader, stamp)
    if made is None:
        return None
    octets, identifier = made
    return Submission(Envelope(sender.address, (reader.address,)), Content((octets,)), identifier)


def _unusual(
    message: MessageLike, options: Options, parties: Parties, envelope_from: t.Any, stamp: Stamp
) -> Submission:
    chunks, identifier, utf8 = _chunks(message, options, parties, stamp)
    envelope = _envelope(message, parties, envelope_from, utf8)
    tags, metadata = _labels(message)
    return Submission(envelope, Content(chunks), identifier, tags, metadata)


def preview(message: MessageLike, state: object | None) -> bytes:
    """What :func:`compose` would send, or has sent, as far as it can be said: sender and recipients may be missing.

    :param state: the application's settings; ``None`` where there is no application.
    :raises BadHeaderError: as :func:`compose`, but CR and LF in addresses are dropped, as Flask-Mail shows them.
    """
    stamp = message.stamp or stamp_of(message)
    options = stamp.options if stamp.spent and stamp.options is not None else Options.read(state)
    if stamp.date is None and message.date is None:
        stamp.date = time.time()
    return _joined(_chunks(message, options, gather(message, options, lenient=True), stamp)[0])


def message_id(message: MessageLike, state: object | None) -> str:
    """The Message-ID of a message, made on first use; no host name is looked up for it."""
    given = given_id(once(message, "extra_headers")) if message.extra_headers else None
    if given or message.own_message_id:
        return given or plain(message.own_message_id, "msgId")
    stamp, options = stamp_of(message), Options.read(state)
    return made_message_id(stamp, options, gather(message, options, lenient=True).sender)


def stamp_of(message: MessageLike) -> Stamp:
    """The message's stamp, made on first use."""
    if message.stamp is None:
        message.stamp = Stamp()
    return message.stamp


def _fresh_stamp(message: MessageLike) -> Stamp:
    """A stamp under which nothing was sent yet: a server drops what repeats a Message-ID."""
    stamp = stamp_of(message)
    if not stamp.claim():
        if message.date == stamp.date:
            message.date = None
        stamp = Stamp()
        stamp.claim()
        message.stamp = stamp
    return stamp


def _chunks(
    message: MessageLike, options: Options, parties: Parties, stamp: Stamp
) -> tuple[list[bytes | tree.Sized], str, bool]:
    """The final octets, the Message-ID in them, and whether they need SMTPUTF8."""
    characters = charset(message.charset) if message.charset else UTF8
    head, identifier = heading(message, options, parties, stamp, characters)
    chunks = tree.chunks(head, structure(message, stamp.boundary, characters, ascii_names=options.ascii_attachments))
    if options.dkim_domain:
        chunks.insert(0, _signature(chunks, options, stamp))
    return chunks, identifier, not head.isascii()


def _joined(chunks: list[bytes | tree.Sized]) -> bytes:
    if len(chunks) == 1 and isinstance(chunks[0], bytes):
        return chunks[0]
    return b"".join([piece for chunk in chunks for piece in ((chunk,) if isinstance(chunk, bytes) else chunk)])


def _signature(chunks: list[bytes | tree.Sized], options: Options, stamp: Stamp) -> bytes:
    sign = signer(options.dkim_domain or "", options.dkim_selector, options.dkim_key, options.dkim_headers)
    if stamp.signed is None:
        stamp.signed = int(time.time())
    return sign.header(_joined(chunks), stamp.signed)


def _envelope(message: MessageLike, parties: Parties, envelope_from: t.Any, utf8: bool) -> Envelope:
    sender = reverse_path(message, parties.sender, envelope_from)
    recipients = tuple([box.address for box in parties.recipients])
    utf8 = utf8 or not sender.isascii() or not "".join(recipients).isascii()
    if not (utf8 or message.mail_options or message.rcpt_options):
        return Envelope(sender, recipients)
    mail_options = esmtp_options(once(message, "mail_options") or (), "mail_options")
    rcpt_options = esmtp_options(once(message, "rcpt_options") or (), "rcpt_options")
    if utf8 and "SMTPUTF8" not in map(str.upper, mail_options):
        mail_options += ("SMTPUTF8",)
    return Envelope(sender, recipients, mail_options, rcpt_options)


def reverse_path(message: MessageLike, sender: Mailbox | None, envelope_from: t.Any) -> str:
    """The address that MAIL FROM names; empty for the null reverse-path (RFC 5321 §4.5.5)."""
    given = envelope_from or getattr(message, "envelope_from", None)
    if not given:
        return "" if sender is None else sender.address
    if isinstance(given, str) and given.strip() == "<>":
        return ""
    return one(given, "envelope_from").address


def _labels(message: MessageLike) -> tuple[tuple[str, ...], dict[str, t.Any]]:
    """Tags and metadata for a provider's interface, independent of the message and JSON-able."""
    tags: t.Any = once(message, "tags")
    metadata: t.Any = getattr(message, "metadata", None)
    if not tags and not metadata:
        return (), {}
    listed: t.Iterable[t.Any] = (tags,) if isinstance(tags, str) else tags or ()
    return tuple(gate(plain(tag, "tags"), "tags") for tag in listed), plain_metadata(metadata)


def plain_metadata(metadata: t.Any) -> dict[str, t.Any]:
    """A copy of metadata in the types that JSON has (RFC 8259).

    :raises ContentError: it cannot be written in JSON; NaN, infinity and lone surrogates cannot.
    """
    try:
        text = json.dumps(dict(metadata or {}), allow_nan=False, ensure_ascii=False)
        return t.cast("dict[str, t.Any]", json.loads(text.encode("utf-8")))
    except (TypeError, ValueError, RecursionError) as error:
        raise ContentError(f"metadata must be JSON-able: {error}", field="metadata") from error
