"""Attachments as parts: their type, name, disposition and data (RFC 2183, RFC 2231, RFC 2392)."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t
import unicodedata

from ..errors import BadHeaderError
from ..errors import ContentError
from . import blobs
from . import headers
from . import parameters
from .base64 import Base64
from .enclosed import Enclosed
from .gate import field_name
from .gate import gate
from .gate import plain
from .gate import shown
from .parameters import Parameters
from .tree import Part

_CONTENT_ID = re.compile(r"[!-;=?-~]{1,900}\Z")  # RFC 2392: what stands between < and >
_REFUSED = frozenset({"content-transfer-encoding", "mime-version", "bcc"})
_STRUCTURED = frozenset({"content-id", "content-location", "content-language", "content-md5", "content-base"})


class AttachmentLike(t.Protocol):
    """What this room knows of an attachment."""

    filename: str | None
    content_type: str
    data: t.Any
    disposition: str
    headers: t.Any


def content_id(attachment: AttachmentLike, field: str) -> str | None:
    """The Content-ID of an attachment without brackets, from its attribute or its headers.

    :raises BadHeaderError: it is none (RFC 2392).
    """
    value = getattr(attachment, "content_id", None)
    if not value:
        for key, given in pairs(attachment.headers):
            if str(key).lower() == "content-id":
                value = given
    if not value:
        return None
    text = plain(value, field).strip()
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    where = f"{field}.content_id"
    if not _CONTENT_ID.match(gate(text, where)):
        raise BadHeaderError(f"{where}: {shown(text)} is not a Content-ID", field=where)
    return text


def pairs(given: t.Any) -> list[tuple[t.Any, t.Any]]:
    """Headers as pairs, from a mapping or an iterable of pairs; Flask-Mail 0.9 took the latter."""
    if not given:
        return []
    return list(given.items()) if is_mapping(given) else [(key, value) for key, value in given]


def is_mapping(value: t.Any) -> t.TypeGuard[c.Mapping[t.Any, t.Any]]:
    return isinstance(value, c.Mapping)


def attachment_part(attachment: AttachmentLike, field: str, *, ascii_names: bool = False) -> Part:
    """An attachment as a part in base64, streamed.

    :param field: the field of the message, for errors.
    :param ascii_names: reduce the file name to ASCII.
    :raises BadHeaderError: a control character, or a type or header that cannot be written.
    :raises ContentError: the data cannot be read or encoded.
    """
    kind, given = parameters.mime_type(plain(attachment.content_type, field), f"{field}.content_type")
    if kind.startswith("multipart/"):
        raise ContentError(f"{field}.content_type: an attachment cannot be {kind}", field=field)
    data = attachment.data = blobs.rereadable(attachment.data, field)
    encoding = next((value for key, value in given if key == "charset"), None)
    blob = blobs.blob(data, encoding, field)
    if encoding is None and kind.startswith("text/") and (blobs.is_text(data) or blobs.is_utf8(blob)):
        given = [*given, ("charset", "utf-8")]
    enclosed = Enclosed.of(blob) if kind.startswith("message/") else None
    if kind.startswith("message/") and enclosed is None:
        kind, given = "application/octet-stream", []
    own, replaced = _own_headers(attachment, field)
    name = file_name(attachment.filename, field, ascii_names)
    lines: list[str] = []
    if "content-type" not in replaced:
        lines.append(_content_type(kind, given, name, field))
    lines.append(f"Content-Transfer-Encoding: {'7bit' if enclosed else 'base64'}\n")
    if "content-disposition" not in replaced:
        lines.append(_disposition(attachment, name, field))
    identifier = content_id(attachment, field)
    if identifier is not None:
        lines.append(f"Content-ID: <{identifier}>\n")
    return Part("".join(lines) + own, [enclosed or Base64(blob)])


def _content_type(kind: str, given: Parameters, name: str | None, field: str) -> str:
    line = parameters.line("Content-Type", kind, given, f"{field}.content_type")
    encoded = parameters.encoded_name(name) if name and not any(key == "name" for key, _ in given) else None
    return f"{line[:-1]};\n {encoded}\n" if encoded else line


def _disposition(attachment: AttachmentLike, name: str | None, field: str) -> str:
    head, given = parameters.parse(plain(attachment.disposition or "attachment", field), f"{field}.disposition")
    if name is not None:
        given = [("filename", name), *((key, value) for key, value in given if key != "filename")]
    return parameters.line("Content-Disposition", head, given, f"{field}.filename")


def file_name(value: t.Any, field: str, ascii_names: bool) -> str | None:
    """A file name without directories; neutral where it would name one.

    :raises BadHeaderError: a control character.
    """
    if value is None:
        return None
    name = gate(plain(value, field), f"{field}.filename").replace("\t", " ")
    name = name.replace("\\", "/").rpartition("/")[2]
    if ascii_names and not name.isascii():
        reduced = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
        name = " ".join(reduced.split())
        if not name or name.startswith("."):
            name = f"attachment{name}"
    if name and not name.strip(" ."):
        return "attachment"
    return name or None


def _own_headers(attachment: AttachmentLike, field: str) -> tuple[str, set[str]]:
    """The headers that the programmer gave to the part, and the names of those that replace ours."""
    lines: list[str] = []
    replaced: set[str] = set()
    for key, value in pairs(attachment.headers):
        name = field_name(plain(key, field), f"{field}.headers")
        lower, text = name.lower(), plain(value, field)
        where = f"{field}.headers[{name!r}]"
        if lower == "content-transfer-encoding" and text.strip().lower() == "base64":
            continue
        if lower in _REFUSED:
            raise BadHeaderError(f"{where} is written by this package; remove it", field=where)
        if lower == "content-id":
            continue
        if lower in ("content-type", "content-disposition"):
            replaced.add(lower)
            head, given = (parameters.mime_type if lower == "content-type" else parameters.parse)(text, where)
            if head.startswith("multipart/"):
                raise ContentError(f"{where}: an attachment cannot be {head}", field=field)
            lines.append(parameters.line(name, head, given, where))
        elif lower in _STRUCTURED:
            lines.append(headers.structured(name, text, where))
        else:
            lines.append(headers.text(name, text, field=where))
    return "".join(lines), replaced
