"""The one gate: what may stand in a header, a parameter, an address or an SMTP argument.

It does not rely on what a Python version refuses. C0 controls but the tab, DEL, NEL, LS and PS break out of a
line for one reader or another; lone surrogates are no text at all.
"""

from __future__ import annotations

import re
import typing as t

from ..errors import BadHeaderError
from ..errors import ContentError

_REFUSED = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]{1,127}\Z")  # RFC 2045 §5.1, RFC 6838 §4.2
_FIELD_NAME = re.compile(r"[!-9;-~]{1,100}\Z")  # RFC 5322 §3.6.8
_ESMTP = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*(=[!-<>-~]+)?\Z")  # RFC 5321 §4.1.1.11


def plain(value: t.Any, field: str) -> str:
    """*value* as an exact ``str``: lazy strings and subclasses such as ``Markup`` are resolved here, once.

    :raises ContentError: octets that are not UTF-8.
    """
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ContentError(f"{field}: these bytes are not UTF-8 text: {error}", field=field) from error
    return str.__str__(str(value))


def shown(value: str) -> str:
    """*value* for an error message: escaped, and short."""
    return ascii(value) if len(value) <= 100 else f"{value[:100]!a}..."


def is_sound(value: str) -> bool:
    """Whether :func:`gate` lets *value* pass."""
    return value.isprintable() or _REFUSED.search(value) is None


def gate(value: str, field: str) -> str:
    """Return *value*, or refuse it.

    :param value: what shall go into a header, parameter or SMTP argument.
    :param field: the field of the message, for the error.
    :raises BadHeaderError: *value* holds a control character, a line separator or a lone surrogate.
    """
    if value.isprintable():
        return value
    found = _REFUSED.search(value)
    if found is None:
        return value
    raise BadHeaderError(
        f"{field} must not contain {_name(found[0])}: {shown(value)}. Remove it before composing the message.",
        field=field,
    )


def _name(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return f"the lone surrogate U+{ord(character):04X}"
    names = {"\r": "a carriage return", "\n": "a line feed", "\0": "NUL", "\u2028": "U+2028", "\u2029": "U+2029"}
    return names.get(character, f"the control character U+{ord(character):04X}")


def field_name(value: str, field: str) -> str:
    """A header's name, checked (RFC 5322 §3.6.8).

    :raises BadHeaderError: it is none.
    """
    if not _FIELD_NAME.match(value):
        raise BadHeaderError(f"{field}: {shown(value)} is not the name of a header", field=field)
    return value


def token(value: str, field: str) -> str:
    """A MIME token, checked (RFC 2045 §5.1).

    :raises BadHeaderError: it is none.
    """
    if not _TOKEN.match(value):
        raise BadHeaderError(f"{field}: {shown(value)} must be a plain word of ASCII letters", field=field)
    return value


def esmtp_options(values: t.Iterable[t.Any], field: str) -> tuple[str, ...]:
    """ESMTP parameters, checked and split at blanks (RFC 5321 §4.1.1.11).

    :raises BadHeaderError: one is none.
    """
    options: list[str] = []
    for value in (values,) if isinstance(values, str) else values:
        text = gate(plain(value, field), field)
        for option in text.split():
            if not _ESMTP.match(option):
                raise BadHeaderError(f"{field}: {shown(option)} is not an ESMTP parameter", field=field)
            options.append(option)
    return tuple(options)
