"""A stored mail, taken apart to be shown. Nothing in here trusts it, and nothing in it raises."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import email
import email.message
import email.parser
import email.policy
import email.utils
import functools
import re
import typing as t
import unicodedata

from ..mime.plaintext import from_html
from ..mime.words import decode

_DEEPEST: t.Final = 100  # levels of multiparts; the parser calls itself for each, so the interpreter has a limit too
_NESTED: t.Final = re.compile(rb"^content-type:\s*multipart/", re.IGNORECASE | re.MULTILINE)
_LONGEST_NAME: t.Final = 120


@d.dataclass(frozen=True, slots=True)
class Part:
    """One part of the MIME tree.

    :param number: its place in the tree, depth first, from 0.
    :param depth: how many multiparts it stands in.
    """

    number: int
    depth: int
    content_type: str
    disposition: str
    filename: str
    content_id: str
    message: email.message.Message

    @property
    def container(self) -> bool:
        return self.content_type.startswith("multipart/") and self.message.is_multipart()

    @property
    def inline(self) -> bool:
        """Whether the HTML shows it, rather than the list of attachments."""
        return bool(self.content_id) and self.disposition != "attachment"

    @property
    def octets(self) -> bytes:
        """What it holds, decoded."""
        if self.message.is_multipart():
            return b"" if self.container else _enclosed(self.message)
        payload = self.message.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""

    @property
    def size(self) -> int:
        return len(self.octets)

    @property
    def text(self) -> str:
        """What it holds as text, whatever it says about its character set."""
        octets = self.octets
        try:
            return octets.decode(self.message.get_content_charset("utf-8"), "replace")
        except (LookupError, ValueError):
            return octets.decode("utf-8", "replace")

    @property
    def safe_name(self) -> str:
        """A name to save it under: no folders, no control characters, nothing that reads backwards."""
        name = re.split(r"[/\\]", self.filename)[-1]
        name = "".join(each for each in name if unicodedata.category(each)[0] != "C").strip(" .")
        name = name[:_LONGEST_NAME].strip(" .").replace(":", "_")
        return name or f"part-{self.number}{_ENDINGS.get(self.content_type, '.bin')}"


_ENDINGS: t.Final = {"text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "message/rfc822": ".eml"}


class Letter:
    """A mail.

    :param octets: the mail as it is stored.
    """

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.trouble: str = ""
        """Why not all of it can be shown, if so."""
        self._message = self._parsed()

    def _parsed(self) -> email.message.Message:
        if len(_NESTED.findall(self.octets, 0)) <= _DEEPEST:
            try:
                return email.message_from_bytes(self.octets, policy=email.policy.compat32)
            except (RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
                self.trouble = f"The parts cannot be taken apart: {type(error).__name__}."
        else:
            self.trouble = f"The parts are nested more than {_DEEPEST} deep: they are not taken apart."
        message = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(self.octets)
        del message["Content-Type"], message["Content-Transfer-Encoding"]
        return message

    @functools.cached_property
    def headers(self) -> list[tuple[str, str, str]]:
        """Name, readable value and value as it stands there, of each header field."""
        return [(name, _readable(raw), raw) for name, raw in _raw_headers(self._message)]

    def header(self, name: str) -> str:
        """The readable value of the first field called *name*; empty where there is none."""
        return next((value for each, value, _ in self.headers if each.lower() == name.lower()), "")

    def addresses(self, name: str) -> list[str]:
        """The addresses in the fields called *name*; read before the names beside them, which may hold commas."""
        raw = [raw for each, _, raw in self.headers if each.lower() == name.lower()]
        return [address for _, address in email.utils.getaddresses(raw) if address]

    @functools.cached_property
    def parts(self) -> list[Part]:
        """The MIME tree, depth first."""
        return list(_walk(self._message))

    @functools.cached_property
    def html_part(self) -> Part | None:
        return self._first("text/html")

    @functools.cached_property
    def text_part(self) -> Part | None:
        return self._first("text/plain")

    def _first(self, content_type: str) -> Part | None:
        fits = (part for part in self.parts if part.content_type == content_type)
        return next((part for part in fits if part.disposition != "attachment" and not part.filename), None)

    @property
    def html(self) -> str | None:
        """The HTML body, if there is one."""
        return self.html_part.text if self.html_part is not None else None

    @property
    def text(self) -> str | None:
        """The plain text body, if there is one."""
        return self.text_part.text if self.text_part is not None else None

    @property
    def readable(self) -> str:
        """The plain text, else the text of the HTML."""
        if self.text_part is not None:
            return self.text_part.text
        return from_html(self.html_part.text) if self.html_part is not None else ""

    @functools.cached_property
    def attachments(self) -> list[Part]:
        """Every part that is neither a container nor one of the two bodies."""
        bodies = (self.html_part, self.text_part)
        return [part for part in self.parts if not part.container and part not in bodies]

    def part(self, number: int) -> Part | None:
        """The attachment with this number."""
        return next((part for part in self.attachments if part.number == number), None)


def _walk(root: email.message.Message) -> c.Iterator[Part]:
    waiting: list[tuple[int, email.message.Message]] = [(0, root)]
    number = 0
    while waiting:
        depth, message = waiting.pop()
        part = _part(number, depth, message)
        yield part
        number += 1
        if part.container:
            inner = t.cast("list[email.message.Message]", message.get_payload())
            waiting.extend((depth + 1, each) for each in reversed(inner))


def _part(number: int, depth: int, message: email.message.Message) -> Part:
    return Part(
        number,
        depth,
        _quiet(message.get_content_type) or "text/plain",
        _quiet(message.get_content_disposition),
        _readable(_quiet(message.get_filename)),
        str(message.get("Content-ID") or "").strip().strip("<>"),
        message,
    )


def _quiet(ask: c.Callable[[], str | None]) -> str:
    """What *ask* says; the parameters of a field can be broken in ways that make the library fail."""
    try:
        return ask() or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _raw_headers(message: email.message.Message) -> c.Iterator[tuple[str, str]]:
    for name, value in message.raw_items():
        text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        yield name, text


def _readable(raw: str) -> str:
    """A header's value on one line, encoded words read, without control characters."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", raw)
    text = decode(unfolded) if "=?" in unfolded else unfolded
    return "".join(" " if unicodedata.category(each) == "Cc" else each for each in text).strip()


def _enclosed(message: email.message.Message) -> bytes:
    try:
        return b"".join(each.as_bytes() for each in t.cast("list[email.message.Message]", message.get_payload()))
    except (RecursionError, ValueError, LookupError, KeyError, AttributeError, TypeError):
        return b""
