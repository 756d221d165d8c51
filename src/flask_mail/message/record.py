"""A message as plain values: for copies, for pickles and for JSON."""

from __future__ import annotations

import base64
import binascii
import collections.abc as c
import copy
import datetime
import typing as t
from email.headerregistry import Address

from ..address import is_sequence
from ..address import listed
from ..address import Mailbox
from ..compose import checked
from ..compose import extra_pairs
from ..compose import plain_metadata
from ..compose import Stamp
from ..errors import ContentError
from ..mime.attachments import is_mapping
from ..mime.attachments import pairs
from ..mime.gate import plain
from .attachment import Attachment
from .attachment import octets
from .calendar import Calendar

M = t.TypeVar("M")

_ADDRESSES = ("recipients", "cc", "bcc", "reply_to")
_LISTS = ("mail_options", "rcpt_options", "tags")
_VALUES = ("body", "charset", "priority", "auto_submitted")
ITERABLES = (*_ADDRESSES, *_LISTS, "extra_headers", "attachments")
_SINGLE = ("sender", "envelope_from")
_OTHERS = ("subject", "date", "metadata", "alts", "extra_headers", "attachments", "calendar", "message_id", "stamp")
_CALENDAR = ("text", "method", "attach", "filename")
_TEXTS = ("filename", "content_type", "disposition", "content_id")  # of an attachment
_KEYS = frozenset((*_ADDRESSES, *_LISTS, *_VALUES, *_SINGLE, *_OTHERS))


def state_of(attributes: dict[str, t.Any]) -> dict[str, t.Any]:
    """A message's attributes, copied so that later changes to the message do not show: lists, mappings,
    attachments, the invitation and the stamp; lazy strings are resolved."""
    state = {name: _copied(value) for name, value in attributes.items()}
    state["attachments"] = [copy.copy(each) for each in attributes["attachments"] or ()]
    state["_calendar"] = copy.copy(attributes["_calendar"])
    if attributes["stamp"] is not None:
        state["stamp"] = attributes["stamp"].copy()
    return state


def unstamped(state: dict[str, t.Any]) -> dict[str, t.Any]:
    """The state without what composing made up."""
    stamp: Stamp | None = state["stamp"]
    if stamp is not None and state["date"] == stamp.date:
        state["date"] = None
    state["stamp"] = None
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
    values: dict[str, t.Any] = {"subject": _plain(attributes["subject"] or "", "subject"), "sender": _address(sender)}
    for name in _ADDRESSES:
        values[name] = _addresses(attributes[name], name)
    for name in _LISTS:
        given = attributes[name] or ()
        values[name] = [_plain(each, name) for each in ((given,) if isinstance(given, str) else given)]
    for name in _VALUES:
        values[name] = _plain(attributes[name], name)
    values["date"] = _seconds(attributes["date"])
    values["metadata"] = plain_metadata(_copied(attributes["metadata"]))
    values["envelope_from"] = _address(attributes["envelope_from"])
    alts: dict[t.Any, t.Any] = attributes["alts"] or {}
    values["alts"] = {plain(key, "alts"): _packed(value) for key, value in alts.items()}
    values["extra_headers"] = _headers(extra_pairs(attributes["extra_headers"] or ()), "extra_headers")
    attachments = enumerate(attributes["attachments"] or ())
    values["attachments"] = [_attachment(each, f"attachments[{number}]") for number, each in attachments]
    calendar: Calendar | None = attributes["_calendar"]
    if calendar is not None:
        values["calendar"] = [_plain(getattr(calendar, name), "calendar") for name in _CALENDAR]
    values["message_id"] = _plain(attributes["own_message_id"], "msgId")
    values["stamp"] = attributes["stamp"].__getstate__()
    return {name: value for name, value in values.items() if value not in (None, [], {})}


def _plain(value: t.Any, field: str) -> t.Any:
    """*value* as JSON has it: numbers and ``None`` as they are, all else as text.

    :raises ContentError: octets that are not UTF-8.
    """
    return value if value is None or isinstance(value, (bool, int, float)) else plain(value, field)


def _headers(given: list[tuple[t.Any, t.Any]], field: str) -> list[list[t.Any]]:
    return [[plain(key, field), None if value is None else plain(value, field)] for key, value in given]


def _seconds(date: t.Any) -> t.Any:
    return date.timestamp() if isinstance(date, datetime.datetime) else _plain(date, "date")


def _address(value: t.Any) -> t.Any:
    if isinstance(value, Address):
        return [value.display_name, value.addr_spec]
    if isinstance(value, Mailbox):
        return [value.name, value.address]
    if is_sequence(value):
        return [_plain(part, "address") for part in value]
    return _plain(value, "address")


def _addresses(value: t.Any, field: str) -> list[t.Any]:
    return [_address(each) for each in listed(value, field)]


def _packed(content: t.Any) -> t.Any:
    """Text as it is, octets in base64."""
    if isinstance(content, (bytes, bytearray)):
        return {"base64": base64.b64encode(content).decode("ascii")}
    return _plain(content, "alts")


def _attachment(attachment: t.Any, field: str) -> dict[str, t.Any]:
    state = t.cast("t.Any", checked(attachment, field)).__getstate__()
    data = state["data"]
    if not isinstance(data, (str, bytes)):  # a path: the reader may be on another machine
        data = octets(data)
    values = {name: _plain(state.get(name), f"{field}.{name}") for name in _TEXTS}
    return {**values, "data": _packed(data), "headers": _headers(pairs(state["headers"]), field)}


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
    arguments: dict[str, t.Any] = {name: values.get(name) for name in (*_LISTS, *_VALUES, "date", "metadata")}
    for name in _ADDRESSES:
        arguments[name] = [_unpacked_address(each) for each in values.get(name, [])]
    for name in _SINGLE:
        arguments[name] = _unpacked_address(values.get(name))
    arguments["alts"] = {key: _unpacked(value) for key, value in values.get("alts", {}).items()}
    headers = [(str(key), str(value)) for key, value in values.get("extra_headers", [])]
    arguments["extra_headers"] = headers or None
    if len(dict(headers)) == len(headers):  # otherwise a name stands there more than once
        arguments["extra_headers"] = dict(headers) or None
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
