"""A mail as a test looks at it: read from the very octets that were sent."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import email
import email.policy
import functools
import re
import typing as t
from email.message import EmailMessage
from email.parser import Parser

from ..message import Finding
from ..message import Message
from ..submission import Envelope
from ..submission import Receipt
from ..templates.lint import lint_octets
from . import links
from .links import Link

_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")


@d.dataclass(frozen=True, slots=True)
class CapturedAttachment:
    """One attachment or embedded picture.

    :param filename: its name; ``None`` where it has none.
    :param content_type: its MIME type.
    :param data: the octets.
    :param charset: the character set that it names.
    :param content_id: what the HTML calls it, without angle brackets.
    """

    filename: str | None
    content_type: str
    data: bytes = d.field(repr=False)
    charset: str | None = None
    content_id: str | None = None

    @property
    def text(self) -> str:
        """The octets as text: in the character set that it names, else UTF-8."""
        return self.data.decode(self.charset or "utf-8")


@d.dataclass(eq=False, repr=False)
class CapturedMessage:
    """One mail, as it was sent or would have been.

    :param envelope: who sends to whom, as the server hears it.
    :param content: the octets.
    """

    envelope: Envelope
    content: bytes
    tags: list[str] = d.field(default_factory=list[str])
    metadata: dict[str, t.Any] = d.field(default_factory=dict[str, t.Any])
    settings: object = None
    """The settings in force when it was sent, where they are known."""
    message: Message | None = None
    """A copy of the message that the program wrote; ``None`` where it is not known."""
    receipt: Receipt | None = None
    """What the sender was told, once it was sent."""
    error: Exception | None = None
    """Why it was not sent, where it was not."""
    queue_id: str | None = None
    """What ``send_later`` returned, where it was queued."""
    not_before: float | None = None
    """When it may leave the queue at the earliest, in seconds since the epoch, where that was said."""

    @functools.cached_property
    def parsed(self) -> EmailMessage:
        """The content, parsed by the standard library."""
        return email.message_from_bytes(self.content, policy=email.policy.default)

    @functools.cached_property
    def _header(self) -> EmailMessage:
        """The header alone, which may be UTF-8 (RFC 6532)."""
        head = _HEAD_ENDS.split(self.content, 1)[0].decode("utf-8", "replace")
        return Parser(policy=email.policy.default).parsestr(f"{head}\n\n", headersonly=True)

    def __getitem__(self, name: str) -> str | None:
        """The value of a header, decoded; ``None`` where there is none of that name."""
        value = self._header[name]
        return None if value is None else str(value)

    @property
    def message_id(self) -> str:
        """The Message-ID, with its angle brackets."""
        return self["Message-ID"] or ""

    @property
    def subject(self) -> str:
        return self["Subject"] or ""

    @property
    def sender(self) -> str:
        """The address in From."""
        return next(iter(self._addresses("From")), "")

    @property
    def to(self) -> list[str]:
        """The addresses in To, without their names."""
        return self._addresses("To")

    @property
    def cc(self) -> list[str]:
        """The addresses in Cc."""
        return self._addresses("Cc")

    @property
    def bcc(self) -> list[str]:
        """The recipients whom neither To nor Cc shows."""
        seen = {address.lower() for address in (*self.to, *self.cc)}
        return [recipient for recipient in self.recipients if recipient.lower() not in seen]

    @property
    def reply_to(self) -> list[str]:
        return self._addresses("Reply-To")

    @property
    def recipients(self) -> list[str]:
        """Everybody in the envelope."""
        return list(self.envelope.recipients)

    @property
    def template(self) -> str | None:
        """The name of the template that it was made from, if it was."""
        return getattr(self.message, "template", None)

    @functools.cached_property
    def text(self) -> str:
        """The plain text, with ``\\n`` between lines and none at the end; empty where there is none."""
        return self._body("plain")

    @functools.cached_property
    def html(self) -> str:
        """The HTML text; empty where there is none."""
        return self._body("html")

    @functools.cached_property
    def links(self) -> list[Link]:
        """The links of the HTML text, or of the plain one where there is no HTML."""
        return links.in_html(self.html) if self.html else links.in_text(self.text)

    @functools.cached_property
    def attachments(self) -> list[CapturedAttachment]:
        """All that is neither text nor HTML to be read at once, embedded pictures included."""
        bodies = [self.parsed.get_body(("plain",)), self.parsed.get_body(("html",))]
        return [_attachment(part) for part in _leaves(self.parsed) if all(part is not body for body in bodies)]

    def link(self, text: str | re.Pattern[str] | None = None) -> str:
        """Where the link leads that a reader sees as *text*.

        :param text: all of what is seen, or a part of it; or a compiled pattern, searched for in text and URL. Without
            it there has to be but one link.
        :raises AssertionError: there is no such link, or several that lead to different places.
        """
        __tracebackhide__ = True
        exact = [link for link in self.links if link.text == text]
        found = {link.url for link in exact or self.links if _is_meant(text, link.text, link.url)}
        if len(found) == 1:
            return found.pop()
        rows = [(link.text or "(no text)", link.url) for link in self.links]
        raise AssertionError(self._not_one("link", len(found), text, rows))

    def attachment(self, filename: str | re.Pattern[str] | None = None) -> CapturedAttachment:
        """The attachment of this name.

        :param filename: the name, or a compiled pattern to search for in it. Without it there has to be but one.
        :raises AssertionError: there is no such attachment, or there are several.
        """
        __tracebackhide__ = True
        exact = [each for each in self.attachments if each.filename == filename]
        found = exact or [each for each in self.attachments if _is_meant(filename, each.filename or "", exactly=True)]
        if len(found) == 1:
            return found[0]
        rows = [
            (each.filename or "(no name)", f"{each.content_type}, {len(each.data)} octets") for each in self.attachments
        ]
        raise AssertionError(self._not_one("attachment", len(found), filename, rows))

    def lint(self, *, bulk: bool = False) -> list[Finding]:
        """What its readers, or their mail programs, will stumble over; see :meth:`.Message.lint`.

        :param bulk: judge it as bulk mail, though it does not say that it is.
        :returns: what was found, the gravest first.
        """
        return lint_octets(self.content, self.settings, recipients=self.recipients, bulk=bulk)

    def __str__(self) -> str:
        return f"{self.subject!r} to {', '.join(self.to or self.recipients)}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def _addresses(self, name: str) -> list[str]:
        fields: list[t.Any] = self._header.get_all(name, [])
        return [address.addr_spec for field in fields for address in field.addresses]

    def _body(self, kind: t.Literal["plain", "html"]) -> str:
        part = self.parsed.get_body((kind,))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n").rstrip("\n")

    def _not_one(self, what: str, number: int, wanted: t.Any, rows: c.Sequence[tuple[str, str]]) -> str:
        """The text of a failure: nothing is what was *wanted*, or more than one is, of what the *rows* show."""
        if not rows:
            return f"{self} has no {what}."
        pattern = getattr(wanted, "pattern", wanted)
        width = max(len(row[0]) for row in rows)
        listed = "".join(f"\n  {left:{width}}  {right}" for left, right in rows)
        if wanted is None:
            return f"{number} {what}s in {self}:{listed}\nSay which."
        found = f"{number} {what}s match" if number else f"no {what} matches"
        return f"{found} {pattern!r} in {self}, which has {len(rows)}:{listed}"


def _is_meant(wanted: str | re.Pattern[str] | None, *values: str, exactly: bool = False) -> bool:
    if isinstance(wanted, re.Pattern):
        return any(wanted.search(value) for value in values)
    return wanted is None or (wanted == values[0] if exactly else wanted in values[0])


def _leaves(part: EmailMessage) -> c.Iterator[EmailMessage]:
    if part.get_content_maintype() != "multipart":
        yield part
        return
    for inner in part.iter_parts():
        yield from _leaves(t.cast(EmailMessage, inner))


def _attachment(part: EmailMessage) -> CapturedAttachment:
    if part.get_content_maintype() == "message":
        data = b"".join(bytes(inner) for inner in t.cast("list[EmailMessage]", part.get_payload()))
    else:
        data = t.cast(bytes, part.get_payload(decode=True) or b"")
    name, identifier = part.get_filename(), part["Content-ID"]
    return CapturedAttachment(
        name,
        part.get_content_type(),
        data,
        part.get_content_charset(),
        str(identifier).strip().strip("<>") if identifier else None,
    )
