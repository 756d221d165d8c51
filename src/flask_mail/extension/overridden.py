"""Programs that override parts of ``Message``: what they return is what is sent, as with Flask-Mail.

A message of our own class passes through here untouched.
"""

from __future__ import annotations

import dataclasses as d
import operator
import re
import typing as t

from ..compose import compose
from ..errors import BadHeaderError
from ..message import Message
from ..submission import Content
from ..submission import Submission
from .capture import capturing

_LINE_END = re.compile(rb"\r\n|\r|\n")
_CLASS: t.Final = vars(Message)
_OURS: t.Final = {name: getattr(Message, name) for name in ("as_bytes", "as_string", "has_bad_headers")}
_AS_BYTES, _AS_STRING, _HAS_BAD_HEADERS = _OURS.values()
_behind = operator.attrgetter(*[f"{name}.{side}" for name in _OURS for side in ("__self__", "__func__")])


def composed(message: Message, state: object, envelope_from: t.Any = None) -> Submission:
    """Compose *message*, by its own methods where it has some.

    :raises MessageError: see :func:`flask_mail.compose.compose`.
    """
    submission = _composed(message, state, envelope_from)
    if (capture := capturing()) is not None:
        capture.composed(message, submission)
    return submission


def _composed(message: Message, state: object, envelope_from: t.Any) -> Submission:
    if _untouched(message):
        return compose(message, state, envelope_from=envelope_from)
    if _own(message, "has_bad_headers") and message.has_bad_headers():
        raise BadHeaderError("has_bad_headers() of the message says that a header is bad", field="has_bad_headers")
    submission = compose(message, state, envelope_from=envelope_from)
    octets = _own_octets(message)
    if octets is not None:
        submission = d.replace(submission, content=Content([_LINE_END.sub(b"\r\n", octets)]))
    return submission


def _untouched(message: Message) -> bool:
    """Whether it is plain that nothing of *message* is anybody else's: asked for each, and so without ``vars()``, after
    which all else takes longer."""
    if type(message) is not Message or "_message" in _CLASS:
        return False
    ours = (message, _AS_BYTES, message, _AS_STRING, message, _HAS_BAD_HEADERS)
    try:
        return _behind(message) == ours
    except AttributeError:  # what is set on the message itself is no method
        return False


def _own_octets(message: Message) -> bytes | None:
    """What ``as_bytes``, ``as_string`` or Flask-Mail's ``_message`` give, where they are the program's own."""
    if _own(message, "as_bytes"):
        return message.as_bytes()
    if hasattr(type(message), "_message"):
        return bytes(t.cast(t.Any, message)._message().as_bytes())
    if _own(message, "as_string"):
        return message.as_string().encode("utf-8", "surrogateescape")
    return None


def _own(message: Message, name: str) -> bool:
    return name in vars(message) or getattr(type(message), name) is not _OURS[name]
