"""The waist: what is handed from composing to delivering, and what comes back.

RFC 5321 §2.3.1 names the two things that travel, an *envelope* and *content*; RFC 6409 calls handing them
over a *submission*. Everything here is plain frozen data. This room knows no message, no socket and no Flask.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import re
import typing as t

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")  # RFC 3463 §2


class Sized(t.Protocol):
    """A part of the content that is made while it is read: re-iterable, of known size in octets."""

    @property
    def size(self) -> int: ...
    def __iter__(self) -> c.Iterator[bytes]: ...


class Content:
    """Final RFC 5322 octets as re-iterable chunks with CRLF line ends.

    Iterating yields the chunks, each time the same octets; ``bytes(content)`` joins them.

    :param parts: ``bytes``, or streamed parts that are read block by block.
    """

    __slots__ = ("_parts", "size")

    def __init__(self, parts: c.Iterable[bytes | Sized]) -> None:
        self._parts = tuple(parts)
        size = 0
        for part in self._parts:
            size += len(part) if isinstance(part, bytes) else part.size
        self.size: int = size
        """The number of octets in all."""

    def __iter__(self) -> c.Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from part

    def whole(self) -> bytes | None:
        """Read it at once, where it stands in memory in one piece; else nothing is read."""
        only = self._parts[0] if len(self._parts) == 1 else None
        return only if isinstance(only, bytes) else None

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> bytes:
        return b"".join(self)

    def __repr__(self) -> str:
        return f"<Content {self.size} octets>"


def fields_of(kind: type) -> tuple[c.Callable[[t.Any, t.Any], None], ...]:
    """What sets the fields of a frozen dataclass with slots, in their order, for an ``__init__`` that makes thousands a
    second: the one that dataclasses write takes twice as long."""
    return tuple(vars(kind)[name].__set__ for name in kind.__match_args__)  # type: ignore[attr-defined]


@d.dataclass(frozen=True, slots=True, init=False)
class Envelope:
    """Who sends to whom, as the server hears it (RFC 5321 §2.3.1).

    :param sender: the reverse-path without angle brackets; empty for the null reverse-path.
    :param recipients: forward-paths without angle brackets, ordered, no duplicates.
    :param mail_options: ESMTP parameters of MAIL, e.g. ``("SMTPUTF8",)``.
    :param rcpt_options: ESMTP parameters of each RCPT, e.g. ``("NOTIFY=SUCCESS",)``.
    :raises ValueError: there are no recipients.
    """

    sender: str
    recipients: tuple[str, ...]
    mail_options: tuple[str, ...] = ()
    rcpt_options: tuple[str, ...] = ()

    def __init__(
        self,
        sender: str,
        recipients: tuple[str, ...],
        mail_options: tuple[str, ...] = (),
        rcpt_options: tuple[str, ...] = (),
    ) -> None:
        if not recipients:
            raise ValueError("an envelope needs at least one recipient")
        if len(recipients) > 1 and len(unique := dict.fromkeys(recipients)) != len(recipients):
            recipients = tuple(unique)
        set_sender, set_recipients, set_mail_options, set_rcpt_options = _ENVELOPE
        set_sender(self, sender)
        set_recipients(self, recipients)
        set_mail_options(self, mail_options)
        set_rcpt_options(self, rcpt_options)


_ENVELOPE: t.Final = fields_of(Envelope)


@d.dataclass(frozen=True, slots=True, init=False)
class Submission:
    """One message, ready to be sent: nothing below this line composes anything.

    :param envelope: who sends to whom.
    :param content: the final octets.
    :param message_id: the Message-ID with its angle brackets; retries keep it.
    :param tags: labels for a provider's interface.
    :param metadata: JSON-able values for a provider's interface.
    """

    envelope: Envelope
    content: Content
    message_id: str
    tags: tuple[str, ...] = ()
    metadata: c.Mapping[str, t.Any] = d.field(default_factory=dict[str, t.Any])

    def __init__(
        self,
        envelope: Envelope,
        content: Content,
        message_id: str,
        tags: tuple[str, ...] = (),
        metadata: c.Mapping[str, t.Any] | None = None,
    ) -> None:
        set_envelope, set_content, set_message_id, set_tags, set_metadata = _SUBMISSION
        set_envelope(self, envelope)
        set_content(self, content)
        set_message_id(self, message_id)
        set_tags(self, tags)
        set_metadata(self, {} if metadata is None else metadata)


_SUBMISSION: t.Final = fields_of(Submission)


def decode_reply(raw: bytes) -> str:
    """A server's words as text: UTF-8, else GB18030, else Latin-1.

    Chinese providers answer in GBK whatever the session said, so GB18030, its superset, comes second.
    """
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


@d.dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply (RFC 5321 §4.2).

    :param code: the three-digit reply code; ``-1`` where a server said something that is none.
    :param raw: the text without the code, lines joined by ``\\n``, as it came.
    """

    code: int
    raw: bytes = b""

    @property
    def text(self) -> str:
        """The server's words, readable."""
        return decode_reply(self.raw)

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code, e.g. ``"5.7.1"`` (RFC 3463), where the server gave one."""
        match = _ENHANCED.match(self.text)
        return match.group(1) if match else None

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 400

    @property
    def transient(self) -> bool:
        """Whether the first digit says "try again" (RFC 5321 §4.2.1)."""
        return 400 <= self.code < 500

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


@d.dataclass(frozen=True, slots=True, init=False)
class Receipt:
    """What became of a submission, recipient by recipient.

    :param message_id: the Message-ID that was submitted.
    :param accepted: recipients the server took responsibility for, in envelope order.
    :param refused: recipients the server refused, with its reply to each.
    :param reply: the server's last words, if it said any.
    :param suppressed: nothing was sent, because sending is suppressed; ``accepted`` is empty then.
    :param in_doubt: those of ``refused`` who may have the mail all the same: the connection was lost before the server
        had said whether it takes it for them. Only a mail of several transactions has such beside accepted ones.
    :param unoffered: who was not offered the mail yet, where it is sent one transaction at a time.
    """

    message_id: str
    accepted: tuple[str, ...] = ()
    refused: c.Mapping[str, Reply] = d.field(default_factory=dict[str, Reply])
    reply: Reply | None = None
    suppressed: bool = False
    in_doubt: tuple[str, ...] = ()
    unoffered: tuple[str, ...] = ()

    def __init__(
        self,
        message_id: str,
        accepted: tuple[str, ...] = (),
        refused: c.Mapping[str, Reply] | None = None,
        reply: Reply | None = None,
        suppressed: bool = False,
        in_doubt: tuple[str, ...] = (),
        unoffered: tuple[str, ...] = (),
    ) -> None:
        set_id, set_accepted, set_refused, set_reply, set_suppressed, set_in_doubt, set_unoffered = _RECEIPT
        set_id(self, message_id)
        set_accepted(self, accepted)
        set_refused(self, {} if refused is None else refused)
        set_reply(self, reply)
        set_suppressed(self, suppressed)
        set_in_doubt(self, in_doubt)
        set_unoffered(self, unoffered)

    @property
    def complete(self) -> bool:
        """Whether nobody was refused."""
        return not self.refused


_RECEIPT: t.Final = fields_of(Receipt)
