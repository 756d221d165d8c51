"""Which parts a message has, and in which containers (RFC 2046 §5.1, RFC 2387, RFC 6047)."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import typing as t
import urllib.parse

from ..address import once
from ..errors import ContentError
from ..mime import blobs
from ..mime import parameters
from ..mime import tree
from ..mime.attachments import attachment_part
from ..mime.attachments import content_id
from ..mime.attachments import file_name
from ..mime.base64 import Base64
from ..mime.bodies import normalised
from ..mime.charsets import Charset
from ..mime.charsets import UTF8
from ..mime.enclosed import Enclosed
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
    alts: dict[str, t.Any] = message.alts or {}
    if not alts and not message.attachments and message.calendar is None:
        return _text(message.body, None, charset)
    rich = _html_key(alts)
    html = alts.get(rich)
    inline, attached = _sorted(once(message, "attachments"), html, ascii_names) if message.attachments else ([], [])
    given = [key for key, content in alts.items() if content is not None]
    parts = [_text(message.body, html, charset), *[_alternative(key, alts[key], charset) for key in given]]
    if message.calendar is not None:
        parts.append(_invitation(message.calendar))
        if message.calendar.attach:
            attached.append(_attached_invitation(message.calendar, ascii_names))
    boundary = _free(boundary, [*parts, *inline, *attached])
    if inline:
        at = given.index(rich) + 1
        parts[at] = tree.multipart("related", [parts[at], *inline], f"=_r{boundary}", 'type="text/html"; ')
    root = parts[0] if len(parts) == 1 else tree.multipart("alternative", parts, f"=_a{boundary}")
    return tree.multipart("mixed", [root, *attached], f"=_m{boundary}") if attached else root


def _html_key(alts: dict[str, t.Any]) -> str:
    """The alternative that is the HTML, however its type is written.

    :raises ContentError: there is more than one.
    """
    if len(alts) == 1 and "html" in alts:  # as most messages have it
        return "html"
    keys = [key for key, content in alts.items() if content is not None and _is_html(key)]
    if len(keys) > 1:
        raise ContentError(f"alts: {keys[0]!r} and {keys[1]!r} are both HTML; give one", field="alts")
    return keys[0] if keys else "html"


def _is_html(key: str) -> bool:
    return key == "html" or _alternative_type(key, f"alts[{key!r}]")[0] == "text/html"


def _free(boundary: str, parts: list[Part]) -> str:
    """*boundary*, or another one made of it that stands in no text: the parts may hold this very message."""
    for part in parts:
        for piece in part.body:
            if boundary in piece if isinstance(piece, str) else _encloses(piece, boundary):
                return _free(hashlib.sha256(boundary.encode("ascii")).hexdigest()[: len(boundary)], parts)
    return boundary


def _encloses(piece: tree.Chunk, boundary: str) -> bool:
    return isinstance(piece, Enclosed) and boundary.encode("ascii") in piece


def plain_text(body: t.Any, html: t.Any) -> tuple[str, str]:
    """The plain text, which every message has, made from the HTML where nobody wrote one; and the field it is from."""
    if type(body) is str:
        return body, "body"
    if body is None and html is not None:
        return from_html(plain(html, "html")), "html"
    return "" if body is None else plain(body, "body"), "body"


def _text(body: t.Any, html: t.Any, charset: Charset) -> Part:
    text, field = plain_text(body, html)
    return tree.text_part("plain", text, charset, field)


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


def _invitation(calendar: CalendarLike) -> Part:
    """An invitation among the alternatives, where programs act on it (RFC 6047)."""
    text = plain(calendar.text, "calendar")
    method = token(gate(plain(calendar.method or "PUBLISH", "calendar"), "calendar"), "calendar").upper()
    return tree.typed_text_part("text/calendar", [("method", method)], text, UTF8, "calendar")


def _attached_invitation(calendar: CalendarLike, ascii_names: bool) -> Part:
    """An invitation as a file that people can save; its lines end in CRLF (RFC 5545 §3.1)."""
    text = normalised(plain(calendar.text, "calendar"), "calendar").replace("\n", "\r\n")
    name = file_name(calendar.filename, "calendar", ascii_names) or "invite.ics"
    head = parameters.line("Content-Type", "application/ics", [("name", name)], "calendar.filename")
    head += "Content-Transfer-Encoding: base64\n"
    head += parameters.line("Content-Disposition", "attachment", [("filename", name)], "calendar.filename")
    return Part(head, [Base64(blobs.Memory(blobs.read(text, None, "calendar")))])


def checked(attachment: t.Any, field: str) -> AttachmentLike:
    """*attachment*, if it is one.

    :raises ContentError: it is something else, or its data are.
    """
    if not hasattr(attachment, "content_type") or not hasattr(attachment, "data"):
        raise ContentError(f"{field}: {attachment!a:.100} is not an Attachment", field=field)
    if not is_data(attachment.data):
        raise ContentError(f"{field}.data: {not_data(attachment.data)}", field=f"{field}.data")
    return t.cast("AttachmentLike", attachment)


def is_data(data: object) -> bool:
    """Whether *data* can be what an attachment holds: octets, text, also lazy, a path or an open file."""
    known = isinstance(data, (bytes, str, bytearray, memoryview, os.PathLike))
    return known or blobs.is_file(data) or hasattr(data, "encode")


def not_data(data: object) -> str:
    """What to say of *data* that are none."""
    return f"must be octets, text, a path or an open file, not {data!a:.100}"


def _sorted(attachments: t.Iterable[AttachmentLike], html: t.Any, ascii_names: bool) -> tuple[list[Part], list[Part]]:
    """The attachments as parts: those that the HTML shows inside it, and the others."""
    inline: list[Part] = []
    attached: list[Part] = []
    referred: set[str] | None = None
    identifiers: set[str] = set()
    for number, attachment in enumerate(attachments):
        field = f"attachments[{number}]"
        part = attachment_part(checked(attachment, field), field, ascii_names=ascii_names)
        identifier = content_id(attachment, field)
        if identifier in identifiers:
            raise ContentError(f"{field}.content_id: another one has {identifier!r}", field=f"{field}.content_id")
        if identifier is not None:
            identifiers.add(identifier)
        if identifier is not None and html is not None:
            if referred is None:
                referred = {urllib.parse.unquote(cid) for cid in _CID.findall(plain(html, "html"))}
            if identifier in referred or attachment.disposition == "inline":
                inline.append(part)
                continue
        attached.append(part)
    return inline, attached
