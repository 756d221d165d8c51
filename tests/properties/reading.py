"""Reading messages back without the code under test, and without trusting one parser.

Header lines are split and encoded words decoded here, straight from RFC 5322 §2.2.3 and RFC 2047; the standard
library reads the tree and the bodies, with both of its policies.
"""

from __future__ import annotations

import base64
import binascii
import email
import email.message
import email.policy
import re
import typing as t
import urllib.parse

_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN = re.compile(r"(\?=)[ \t]+(?==\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=)")


class Fields(list[tuple[str, str]]):
    """Header fields in order, as ``(name, unfolded raw value)``."""

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self]

    def one(self, name: str) -> str | None:
        """The value of a field that is there at most once."""
        values = [value for other, value in self if other.lower() == name.lower()]
        assert len(values) < 2, f"{name} is there {len(values)} times"
        return values[0] if values else None

    def text(self, name: str) -> str | None:
        """The same, with its encoded words decoded."""
        value = self.one(name)
        return None if value is None else decoded(value)


def fields(octets: bytes) -> Fields:
    """The header of a message, or of a part."""
    head = octets.partition(b"\r\n\r\n")[0].decode("utf-8")
    found = Fields()
    for line in head.split("\r\n"):
        if line[:1] in (" ", "\t"):
            name, value = found[-1]
            found[-1] = name, value + line
        else:
            name, colon, value = line.partition(":")
            assert colon, f"no header field: {line!r}"
            found.append((name, value))
    return Fields((name, value.removeprefix(" ")) for name, value in found)


def decoded(value: str) -> str:
    """*value* with its encoded words read; blanks between two of them are not there (RFC 2047 §6.2)."""
    pieces: list[str] = []
    pending: tuple[str, bytes] | None = None
    position = 0
    value = _BETWEEN.sub(r"\1", value)
    for word in _WORD.finditer(value):
        if pending and word.start() > position:
            pieces.append(pending[1].decode(pending[0]))
            pending = None
        pieces.append(value[position : word.start()])
        pending = (word[1], (pending[1] if pending else b"") + _octets(word[2], word[3]))
        position = word.end()
    if pending:
        pieces.append(pending[1].decode(pending[0]))
    pieces.append(value[position:])
    return "".join(pieces)


def _octets(mark: str, encoded: str) -> bytes:
    if mark in "bB":
        return base64.b64decode(encoded, validate=True)
    return binascii.a2b_qp(encoded.encode("ascii"), header=True)


def mailboxes(found: Fields, name: str) -> list[tuple[str, str]]:
    """The display names and addresses of a field (RFC 5322 §3.4); quoted names are not decoded."""
    read: list[tuple[str, str]] = []
    for piece in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', found.one(name) or ""):
        box = re.fullmatch(r"\s*(?:(?P<name>.*?)\s*<(?P<angle>[^<>]*)>|(?P<bare>\S+))\s*", piece, re.DOTALL)
        assert box, f"no mailbox: {piece!r}"
        shown = box["name"] or ""
        quoted = shown.startswith('"')
        shown = re.sub(r"\\(.)", r"\1", shown[1:-1], flags=re.DOTALL) if quoted else decoded(shown)
        read.append((shown, box["angle"] or box["bare"]))
    return read


def standard(octets: bytes) -> email.message.EmailMessage:
    """The message as the standard library reads it today."""
    return t.cast(email.message.EmailMessage, email.message_from_bytes(octets, policy=email.policy.default))


def old(octets: bytes) -> email.message.Message:
    """The message as the standard library read it before Python 3.6, and Flask-Mail's users' tests still do."""
    return email.message_from_bytes(octets, policy=email.policy.compat32)


def content(part: email.message.Message) -> bytes:
    """The octets of a part, with its transfer encoding undone."""
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


def text(part: email.message.Message) -> str:
    """The text of a part, with ``\\n`` line ends."""
    return content(part).decode(part.get_content_charset() or "ascii").replace("\r\n", "\n")


def leaves(message: email.message.Message) -> list[email.message.Message]:
    """All parts that are not containers, in order."""
    return [part for part in message.walk() if not part.is_multipart()]


def file_name(part_fields: Fields) -> str | None:
    """The file name in Content-Disposition, read by RFC 2183 and RFC 2231 alone."""
    value = part_fields.one("Content-Disposition") or ""
    pieces = dict(re.findall(r"""filename(\*?(?:\d+\*)?)=("(?:[^"\\]|\\.)*"|[^;\s]*)""", value))
    if not pieces:
        return None
    if "" in pieces:
        return re.sub(r"\\(.)", r"\1", pieces[""][1:-1])
    joined = "".join(pieces[key] for key in sorted(pieces, key=lambda key: int(key.strip("*") or 0)))
    label, _, rest = joined.partition("''")
    return urllib.parse.unquote(rest, label)


def assert_wire(octets: bytes, *, utf8: bool = False) -> None:
    """What must hold for every octet string that goes to a server (RFC 5321 §2.3.8, §4.5.3.1.6)."""
    lines = octets.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines), "a line end that is not CRLF"
    assert max(map(len, lines)) <= 998, "a line of more than 998 octets"
    assert b"\0" not in octets
    if not utf8:
        assert octets.isascii(), "not 7-bit"
    head = octets.partition(b"\r\n\r\n")[0]
    assert all(line.strip() for line in head.split(b"\r\n")), "a header line of blanks"
