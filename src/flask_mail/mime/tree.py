"""The tree of parts: text, alternative, related, mixed (RFC 2046, RFC 2387); only the containers that are needed."""

from __future__ import annotations

import typing as t

from . import bodies
from . import parameters
from .charsets import Charset
from .parameters import Parameters


class Sized(t.Protocol):
    @property
    def size(self) -> int: ...
    def __iter__(self) -> t.Iterator[bytes]: ...


Chunk = str | bytes | Sized


class Part(t.NamedTuple):
    """One part: its header lines and its body, which has no line end of its own at the end.

    Text in it has ``\\n`` as line end and no ``\\r``; :func:`chunks` makes CRLF of it, once for a whole message.
    """

    head: str
    body: list[Chunk]


def text_part(subtype: str, text: str, charset: Charset, field: str) -> Part:
    """A part of text.

    :param subtype: a subtype of ``text``, checked.
    :raises ContentError: the text cannot be encoded.
    """
    charset, encoding, body = bodies.encode(text, charset, field)
    head = f'Content-Type: text/{subtype}; charset="{charset.label}"\nContent-Transfer-Encoding: {encoding}\n'
    return Part(head, [body])


def typed_text_part(mime_type: str, more: Parameters, text: str, charset: Charset, field: str) -> Part:
    """A part of text of any type with parameters, such as ``text/calendar; method=REQUEST``."""
    charset, encoding, body = bodies.encode(text, charset, field)
    given = [("charset", charset.label), *((key, value) for key, value in more if key != "charset")]
    head = parameters.line("Content-Type", mime_type, given, field)
    return Part(f"{head}Content-Transfer-Encoding: {encoding}\n", [body])


def multipart(kind: str, parts: list[Part], boundary: str, extra: str = "") -> Part:
    """A container; *boundary* stands in none of the parts (RFC 2046 §5.1.1)."""
    body: list[Chunk] = []
    delimiter = f"--{boundary}\n"
    for part in parts:
        body.append(f"{delimiter}{part.head}\n")
        body += part.body
        delimiter = f"\n--{boundary}\n"
    body.append(f"\n--{boundary}--")
    return Part(f'Content-Type: multipart/{kind}; {extra}boundary="{boundary}"\n', body)


def chunks(head: str, root: Part) -> list[bytes | Sized]:
    """A whole message: text is joined and encoded once, streamed parts stay as they are."""
    result: list[bytes | Sized] = []
    texts: list[str] = [head, root.head, "\n"]
    for piece in root.body:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        result += (_crlf(texts), piece)
        texts = []
    if len(root.body) > 1:  # a container: its last boundary is a line
        texts.append("\n")
    if texts:
        result.append(_crlf(texts))
    return result


def _crlf(texts: list[str]) -> bytes:
    return "".join(texts).encode("utf-8").replace(b"\n", b"\r\n")
