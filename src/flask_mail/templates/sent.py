"""A mail as it is sent, taken apart for looking at."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import email.utils
import typing as t
from email.message import Message as Parsed

from . import markup
from .markup import Markup


@d.dataclass(frozen=True)
class Sent:
    """A mail as it is sent.

    :param parsed: its headers and parts.
    :param recipients: everybody it goes to.
    :param settings: the settings in force, read by name; ``None`` where they are not known.
    :param bulk: whether it is bulk, though it may not look like it.
    """

    parsed: Parsed
    recipients: frozenset[str]
    settings: t.Any = None
    bulk: bool = False
    html: str | None = d.field(init=False)
    html_octets: int = d.field(init=False)
    """The size of the HTML as it is sent, in its transfer encoding."""
    text: str | None = d.field(init=False)
    cids: frozenset[str] = d.field(init=False)
    """The Content-IDs of its parts."""
    markup: Markup = d.field(init=False)

    def __post_init__(self) -> None:
        write, parts = object.__setattr__, [part for part in self.parsed.walk() if not part.is_multipart()]
        bodies = [part for part in parts if part.get_content_disposition() != "attachment"]
        html = next((part for part in bodies if part.get_content_type() == "text/html"), None)
        text = next((part for part in bodies if part.get_content_type() == "text/plain"), None)
        write(self, "html", _text(html))
        write(
            self, "html_octets", 0 if html is None else len(str(html.get_payload()).encode("utf-8", "surrogateescape"))
        )
        write(self, "text", _text(text))
        write(self, "cids", frozenset(str(part.get("Content-ID", "")).strip().strip("<>") for part in parts))
        write(self, "markup", markup.read(self.html or ""))

    def header(self, name: str) -> str:
        """A header's value; empty where there is none."""
        return next(self._values(name), "")

    def addresses(self, name: str) -> list[str]:
        """The addresses in a header."""
        return [address for _, address in email.utils.getaddresses([*self._values(name)]) if address]

    def _values(self, name: str) -> c.Iterator[str]:
        for key, value in self.parsed.raw_items():
            if key.lower() == name.lower():
                yield _decoded(value)


def _text(part: Parsed | None) -> str | None:
    if part is None:
        return None
    octets = t.cast(bytes, part.get_payload(decode=True) or b"")
    try:
        return octets.decode(part.get_content_charset("utf-8"), "replace").replace("\r\n", "\n")
    except LookupError:
        return octets.decode("utf-8", "replace")


def _decoded(value: t.Any) -> str:
    """A header's text; raw UTF-8 in it (RFC 6532) came as surrogates."""
    octets = str(value).encode("utf-8", "surrogateescape")
    return octets.decode("utf-8", "replace").replace("\r", "").replace("\n", "")
