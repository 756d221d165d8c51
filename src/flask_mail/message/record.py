"""A message as plain values: for copies, for pickles and for JSON."""

from __future__ import annotations

import base64
import binascii
import collections.abc as c
import copy
import typing as t
from email.headerregistry import Address

from ..address import is_sequence
from ..address import listed
from ..address import Mailbox
from ..compose import Stamp
from ..errors import ContentError
from ..mime import blobs
from ..mime.attachments import is_mapping
from ..mime.attachments import pairs
from .attachment import Attachment
from .attachment import settled
from .calendar import Calendar

M = t.TypeVar("M")

_ADDRESSES = ("recipients", "cc", "bcc", "reply_to")
_LISTS = ("mail_options", "rcpt_options", "tags")
_VALUES = ("body", "date", "charset", "priority", "auto_submitted", "metadata")
_SINGLE = ("sender", "envelope_from")
_OTHERS = ("subject", "alts", "extra_headers", "attachments", "calendar", "message_id", "stamp")
_KEYS = frozenset((*_ADDRESSES, *_LISTS, *_VALUES, *_SINGLE, *_OTHERS))


def state_of(attributes: dict[str, t.Any]) -> dict[str, t.Any]:
    """A message's attributes, copied so that later changes to the message do not show: lists, mappings,
    attachments and the stamp; lazy strings are resolved."""
    state = {name: _copied(value) for name, value in attributes.items()}
    state["attachments"] = [copy.copy(each) for each in attributes["attachments"]]
    if attributes["stamp"] is not None:
        state["stamp"] = attributes["stamp"].copy()
    return state


def _copied(value: t.Any) -> t.Any:
    if is_mapping(value):
        return {key: _copied(item) for key, item in value.items()}
    if is_sequence(value):
        return (list if isinstance(value, list) else tuple)(_copied(item) for item in value)
    return _text(value)


def _text(value: t.Any) -> t.Any:
    """*value*, or the text that it stands for if it is lazy."""
    return str(value) if hasattr(value, "encode") and not isinstance(value, str) else value


def to_dict(attributes: dict[str, t.Any], sender: t.Any) -> dict[str, t.Any]:
    """A message's attributes as JSON-able values; what is empty is left out."""
    values: dict[str, t.Any] = {"subject": str(attributes["subject"] or ""), "sender": _address(sender)}
    for name in _ADDRESSES:
        values[name] = _addresses(attributes[name])
    for name in (*_LISTS, *_VALUES):
        values[name] = _copied(attributes[name])
    values["envelope_from"] = _address(attributes["envelope_from"])
    values["alts"] = {str(key): _packed(value) for key, value in attributes["alts"].items()}
    values["extra_headers"] = [[str(key), str(value)] for key, value in pairs(attributes["extra_headers"])]
    values["attachments"] = [_attachment(each) for each in attributes["attachments"]]
    calendar: Calendar | None = attributes["_calendar"]
    values["calendar"] = calendar and [str(calendar.text), calendar.method, calendar.attach, calendar.filename]
    values["message_id"] = attributes["own_message_id"]
    stamp: dict[str, t.Any] = attributes["stamp"].__getstate__()
    values["stamp"] = {name: value for name, value in stamp.items() if name != "options"}
    return {name: value for name, value in values.items() if value not in (None, [], {})}


def _address(value: t.Any) -> t.Any:
    if isinstance(value, Address):
        return [value.display_name, value.addr_spec]
    if isinstance(value, Mailbox):
        return [value.name, value.address]
    if is_sequence(value):
        return [None if part is None else str(part) for part in value]
    return None if value is None else str(value)


def _addresses(value: t.Any) -> t.Any:
    if not value:
        return []
    return [_address(each) for each in listed(value)]


def _packed(content: t.Any) -> t.Any:
    """Text as it is, octets in base64."""
    if isinstance(content, (bytes, bytearray)):
        return {"base64": base64.b64encode(content).decode("ascii")}
    return None if content is None else str(content)


def _attachment(attachment: t.Any) -> dict[str, t.Any]:
    data = settled(attachment.data)
    if not isinstance(data, (str, bytes)):  # a path: the reader may be on another machine
        data = b"".join(bytes(block) for block in blobs.blob(data, None, "attachments").blocks())
    return {
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "data": _packed(data),
        "disposition": attachment.disposition,
        "headers": [[str(key), str(value)] for key, value in pairs(attachment.headers)],
        "content_id": attachment.content_id,
    }


def from_dict(make: c.Callable[..., M], values: c.Mapping[str, t.Any]) -> M:
    """The message that *values* from :func:`to_dict` describe.

    :raises ContentError: they describe none.
    """
    unknown = set(values) - _KEYS
    if unknown:
        raise ContentError(f"from_dict: unknown keys {sorted(unknown)}", field="from_dict")
    try:
        return _made(make, values)
    except (TypeError, ValueError, KeyError, AttributeError, binascii.Error) as error:
        raise ContentError(f"from_dict: these values describe no message: {error!r}", field="from_dict") from error


def _made(make: c.Callable[..., M], values: c.Mapping[str, t.Any]) -> M:
    arguments: dict[str, t.Any] = {name: values.get(name) for name in (*_LISTS, *_VALUES)}
    for name in _ADDRESSES:
        arguments[name] = [_unpacked_address(each) for each in values.get(name, [])]
    for name in _SINGLE:
        arguments[name] = _unpacked_address(values.get(name))
    arguments["alts"] = {key: _unpacked(value) for key, value in values.get("alts", {}).items()}
    headers = [(str(key), str(value)) for key, value in values.get("extra_headers", [])]
    arguments["extra_headers"] = dict(headers) if headers else None
    arguments["attachments"] = [_unpacked_attachment(each) for each in values.get("attachments", [])]
    arguments["calendar"] = Calendar(*values["calendar"]) if values.get("calendar") else None
    message: t.Any = make(values.get("subject", ""), **arguments)
    message.own_message_id = values.get("message_id")
    if "stamp" in values:
        message.stamp = Stamp.__new__(Stamp)
        message.stamp.__setstate__(values["stamp"])
    return t.cast("M", message)


def _unpacked_address(value: t.Any) -> t.Any:
    return tuple(value) if is_sequence(value) else value


def _unpacked(content: t.Any) -> t.Any:
    return base64.b64decode(content["base64"], validate=True) if is_mapping(content) else content


def _unpacked_attachment(values: c.Mapping[str, t.Any]) -> Attachment:
    return Attachment(
        values["filename"],
        values["content_type"],
        _unpacked(values["data"]),
        values["disposition"],
        [(key, value) for key, value in values["headers"]],
        content_id=values.get("content_id"),
    )
