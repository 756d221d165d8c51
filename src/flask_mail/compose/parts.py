"""Which parts a message has, and in which containers (RFC 2046 §5.1, RFC 2387, RFC 6047)."""

from __future__ import annotations

import functools
import re
import typing as t
import urllib.parse

from ..errors import ContentError
from ..mime import blobs
from ..mime import parameters
from ..mime import tree
from ..mime.attachments import attachment_part
from ..mime.attachments import content_id
from ..mime.base64 import Base64
from ..mime.charsets import Charset
from ..mime.charsets import UTF8
from ..mime.gate import gate
from ..mime.gate import plain
from ..mime.gate import token
from ..mime.plaintext import from_html
from ..mime.tree import Part
from .protocols import AttachmentLike
from .protocols import CalendarLike
from .protocols import MessageLike

_CID = re.compile(r"""cid:([^"'\s)>]+)""", re.IGNORECASE)


def structure(message: MessageLike, boundary: str, charset: Charset, *, ascii_names: bool = False) -> Part:
    """The root of the tree: ``mixed(alternative(text, related(html, images), calendar), attachments)``, where each
    container is there only if it holds more than one part.

    :param boundary: the unguessable core of all boundaries.
    :raises BadHeaderError: see :func:`flask_mail.mime.attachments.attachment_part`.
    :raises ContentError: a body or attachment that cannot be encoded.
    """
    if not message.alts and not message.attachments and message.calendar is None:
        return _text(message.body, None, charset)
    alts: dict[str, t.Any] = message.alts or {}
    html = alts.get("html")
    inline, attached = _sorted(message.attachments, html, ascii_names) if message.attachments else ([], [])
    parts = [_text(message.body, html, charset)]
    for key, content in alts.items():
        if content is None:
            continue
        part = _alternative(key, content, charset)
        if key == "html" and inline:
            part = tree.multipart("related", [part, *inline], f"=_r{boundary}", 'type="text/html"; ')
        parts.append(part)
    if message.calendar is not None:
        parts.append(_invitation(message.calendar))
        if message.calendar.attach:
            attached.append(_invitation(message.calendar, attach=True))
    root = parts[0] if len(parts) == 1 else tree.multipart("alternative", parts, f"=_a{boundary}")
    return tree.multipart("mixed", [root, *attached], f"=_m{boundary}") if attached else root


def _text(body: t.Any, html: t.Any, charset: Charset) -> Part:
    """The plain text, which every message has; made from the HTML where nobody wrote one."""
    if body is None and html is not None:
        return tree.text_part("plain", from_html(plain(html, "html")), charset, "html")
    if body is None:
        body = ""
    return tree.text_part("plain", body if type(body) is str else plain(body, "body"), charset, "body")


def _alternative(key: str, content: t.Any, charset: Charset) -> Part:
    field = "html" if key == "html" else f"alts[{key!r}]"
    if key == "html":
        return tree.text_part("html", plain(content, field), charset, field)
    mime_type, given = _alternative_type(key, field)
    if isinstance(content, (bytes, bytearray)) and not mime_type.startswith("text/"):
        head = parameters.line("Content-Type", mime_type, list(given), field)
        return Part(f"{head}Content-Transfer-Encoding: base64\n", [Base64(blobs.Memory(bytes(content)))])
    return tree.typed_text_part(mime_type, list(given), plain(content, field), charset, field)


@functools.lru_cache(maxsize=64)
def _alternative_type(key: str, field: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """``html``, ``calendar; method=REQUEST`` or ``application/json`` as a whole type and its parameters."""
    text = plain(key, field)
    mime_type, given = parameters.mime_type(text if "/" in text.partition(";")[0] else f"text/{text}", field)
    if mime_type.startswith(("multipart/", "message/")):
        raise ContentError(f"{field}: an alternative cannot be {mime_type}", field=field)
    return mime_type, tuple(given)


def _invitation(calendar: CalendarLike, *, attach: bool = False) -> Part:
    """An invitation: programs act on it inside the alternatives, people can save it as an attachment (RFC 6047)."""
    text = plain(calendar.text, "calendar")
    method = token(gate(plain(calendar.method, "calendar"), "calendar"), "calendar").upper()
    if not attach:
        return tree.typed_text_part("text/calendar", [("method", method)], text, UTF8, "calendar")
    head = parameters.line("Content-Type", "application/ics", [("name", calendar.filename)], "calendar")
    head += "Content-Transfer-Encoding: base64\n"
    head += parameters.line("Content-Disposition", "attachment", [("filename", calendar.filename)], "calendar")
    return Part(head, [Base64(blobs.Memory(blobs.read(text, None, "calendar")))])


def _sorted(attachments: t.Iterable[AttachmentLike], html: t.Any, ascii_names: bool) -> tuple[list[Part], list[Part]]:
    """The attachments as parts: those that the HTML shows inside it, and the others."""
    inline: list[Part] = []
    attached: list[Part] = []
    shown: set[str] | None = None
    for number, attachment in enumerate(attachments):
        field = f"attachments[{number}]"
        part = attachment_part(attachment, field, ascii_names=ascii_names)
        identifier = content_id(attachment, field) if html is not None else None
        if identifier is not None:
            if shown is None:
                shown = {urllib.parse.unquote(cid) for cid in _CID.findall(plain(html, "html"))}
            if identifier in shown or attachment.disposition == "inline":
                inline.append(part)
                continue
        attached.append(part)
    return inline, attached
