"""MIME types and their parameters (RFC 2045 §5.1, RFC 2231)."""

from __future__ import annotations

import re

from ..errors import BadHeaderError
from . import words
from .gate import gate
from .gate import shown
from .gate import token
from .headers import LIMIT
from .headers import LINE

Parameters = list[tuple[str, str]]

_WORD = r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+"
_HEAD = re.compile(rf"[ \t]*({_WORD}(?:/{_WORD})?)[ \t]*(?=;|\Z)")
_PARAMETER = re.compile(rf';[ \t]*(?:({_WORD})[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\s";]+)[ \t]*)?')
_LONGEST = 255  # characters of a type and subtype with the slash, RFC 6838 §4.2
_ODD = re.compile(r'["\\<>]|  |=\?')
_ATTRIBUTE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`{|}~"  # RFC 2231 §7
_PERCENT = [chr(octet) if octet in _ATTRIBUTE else f"%{octet:02X}" for octet in range(256)]
# RFC 2231 takes any registered name; this spelling of UTF-8 is what programs written for Flask-Mail look for.
_LABEL = "UTF8''"


def parse(value: str, field: str) -> tuple[str, Parameters]:
    """``type/subtype; key=value`` or ``disposition; key=value`` as head and parameters.

    :raises BadHeaderError: it is neither.
    """
    head = _HEAD.match(gate(value, field))
    if head is None or len(head[1]) > _LONGEST:
        raise BadHeaderError(f"{field}: {shown(value)} cannot be read", field=field)
    parameters: Parameters = []
    position = head.end()
    while position < len(value):
        found = _PARAMETER.match(value, position)
        if found is None:
            raise BadHeaderError(f"{field}: {shown(value)} cannot be read", field=field)
        if found[1]:
            parameters.append((found[1].lower(), _unquoted(found[2])))
        position = found.end()
    return head[1], parameters


def mime_type(value: str, field: str) -> tuple[str, Parameters]:
    """A MIME type in small letters and its parameters.

    :raises BadHeaderError: it is none.
    """
    head, parameters = parse(value, field)
    if "/" not in head:
        raise BadHeaderError(f"{field}: {shown(value)} is not a MIME type such as 'text/plain'", field=field)
    return head.lower(), parameters


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1])


def line(name: str, head: str, parameters: Parameters, field: str) -> str:
    """The header *name* with *head* and *parameters*, folded between parameters.

    :raises BadHeaderError: a parameter holds what the gate refuses.
    """
    written = f"{name}: {head}"
    length = len(written)
    for key, value in parameters:
        for piece in parameter(key, value, field):
            if length + 2 + len(piece) > LINE:
                written += f";\n {piece}"
                length = 1 + len(piece)
            else:
                written += f"; {piece}"
                length += 2 + len(piece)
    return written + "\n"


def parameter(key: str, value: str, field: str) -> list[str]:
    """One parameter: quoted where it is plain ASCII, else percent-encoded, in pieces where it is very long.

    One piece is what every reader understands; RFC 2231 §3 continuations are for values that no line can hold.
    """
    token(key, field)
    gate(value, field)
    if _quotable(value) and len(value) + len(key) < 900:
        return [f'{key}="{value}"']
    encoded = "".join([_PERCENT[octet] for octet in value.encode("utf-8")])
    if len(encoded) + len(key) < LIMIT - 20:
        return [f"{key}*={_LABEL}{encoded}"]
    pieces = re.findall(r"(?:%..|[^%]){1,300}", encoded)
    return [f"{key}*{number}*={'' if number else _LABEL}{piece}" for number, piece in enumerate(pieces)]


def _quotable(value: str) -> bool:
    """Whether every reader gets *value* back from quotes: some fold runs of blanks away, some unquote twice."""
    return value.isascii() and value.isprintable() and value == value.strip() and not _ODD.search(value)


def encoded_name(value: str) -> str | None:
    """The ``name`` parameter of Content-Type as old Outlooks read it: encoded words in quotes.

    :returns: ``None`` for a name that RFC 2045 can say.
    """
    if value.isascii():
        return None
    return 'name="' + "\n ".join(words.encode(value, first=60)) + '"'
