"""Whether a mail is the one that a test asks for, and if not, why not."""

from __future__ import annotations

import collections.abc as c
import difflib
import re
import typing as t

from ..address import one
from ..errors import MessageError

ADDRESSES: t.Final = ("to", "cc", "bcc", "recipients", "reply_to", "sender")
LISTS: t.Final = ("tags", "attachments")
TEXTS: t.Final = ("subject", "text", "html", "template", "message_id")

_WIDTH = 88
"""Characters of a value that are shown."""

Criteria = c.Mapping[str, t.Any]
"""What is asked of which field: a value, a compiled pattern to search with, or a function that says yes."""


def check(criteria: Criteria, caller: str) -> None:
    """See that the fields exist.

    :raises TypeError: one does not.
    """
    known = (*ADDRESSES, *TEXTS, *LISTS)
    for name in criteria:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"a mail has {', '.join(known)}."
            raise TypeError(f"{caller} got {name!r}, which is no field of a mail; {hint}")


def mismatches(mail: object, criteria: Criteria) -> dict[str, str]:
    """Why *mail* is not the one: a reason for each field that is not as *criteria* ask."""
    reasons: dict[str, str] = {}
    for name, expected in criteria.items():
        actual = _actual(mail, name)
        if not _matches(name, actual, expected):
            reasons[name] = f"is {shown(actual)}{_not_as(expected)}"
    return reasons


def as_arguments(criteria: Criteria) -> str:
    """*criteria* as a test writes them."""
    return ", ".join(f"{name}={shown(expected)}" for name, expected in criteria.items())


def shown(value: t.Any) -> str:
    """*value* in one line that is not too long."""
    if isinstance(value, re.Pattern):
        return f"re.compile({t.cast('re.Pattern[str]', value).pattern!r})"
    if callable(value):
        return getattr(value, "__qualname__", repr(value)).rpartition("<locals>.")[2]
    text = repr(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _actual(mail: object, name: str) -> t.Any:
    value = getattr(mail, name)
    return [each.filename for each in value] if name == "attachments" else value


def _matches(name: str, actual: t.Any, expected: t.Any) -> bool:
    if isinstance(expected, re.Pattern):
        pattern = t.cast("re.Pattern[str]", expected)
        return any(pattern.search(value) for value in _values(actual))
    if callable(expected):
        return bool(expected(actual))
    if expected is None:
        return not actual
    if name in ADDRESSES:
        return _same_addresses(name, actual, expected)
    if name in LISTS and not isinstance(expected, str):
        return sorted(_values(actual)) == sorted(expected)
    return expected in _values(actual)


def _values(actual: t.Any) -> list[str]:
    values = t.cast("list[str]", actual) if isinstance(actual, list) else [actual]
    return [value for value in values if value is not None]


def _same_addresses(name: str, actual: t.Any, expected: t.Any) -> bool:
    have = [_key(name, each) for each in _values(actual)]
    if isinstance(expected, (list, set, frozenset)):
        return sorted(have) == sorted(_key(name, each) for each in t.cast("c.Iterable[t.Any]", expected))
    return _key(name, expected) in have


def _key(name: str, address: t.Any) -> str:
    """What makes two addresses the same, however they are written."""
    try:
        return one(address, name).key
    except MessageError:
        return str(address)


def _not_as(expected: t.Any) -> str:
    if isinstance(expected, re.Pattern):
        return f", in which {shown(expected)} finds nothing"
    if callable(expected):
        return f", to which {shown(expected)} says no"
    return f", not {shown(expected)}"
