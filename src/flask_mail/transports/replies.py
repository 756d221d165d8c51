"""Octets from a server into replies (RFC 5321 §4.2), within limits. No socket."""

from __future__ import annotations

import smtplib
import typing as t

from ..submission import decode_reply
from ..submission import Reply

MAX_OCTETS: t.Final = 65_536
MAX_LINES: t.Final = 100


class ReplyReader:
    """Give it what was received; take the replies that are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines: list[bytes] = []
        self._octets = 0
        self._searched = 0

    @property
    def unread(self) -> int:
        """How many octets stand here that belong to no reply taken."""
        return len(self._buffer) + self._octets

    def feed(self, octets: bytes) -> None:
        """Take what was received."""
        self._buffer += octets

    def take(self) -> Reply | None:
        """The next reply, or ``None`` while it is not whole.

        :raises smtplib.SMTPResponseException: with code -1: what came is no reply, or is beyond the limits.
        """
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            line = bytes(self._buffer[: end + 1])
            del self._buffer[: end + 1]
            self._searched = 0
            self._octets += len(line)
            if not line[:3].isdigit() or len(line) < 4 or line[3:4] not in b"- \r\n":
                raise _not_smtp("The server's answer is not SMTP", line)
            self._lines.append(line[4:].strip())
            if len(self._lines) > MAX_LINES or self._octets > MAX_OCTETS:
                raise _not_smtp("The server's reply is too long", line)
            if line[3:4] != b"-":
                reply = Reply(int(line[:3]), b"\n".join(self._lines))
                self._lines, self._octets = [], 0
                return reply
        self._searched = len(self._buffer)
        if self._searched + self._octets > MAX_OCTETS:
            raise _not_smtp("The server sent a line without end", bytes(self._buffer[:80]))
        return None


def _not_smtp(problem: str, line: bytes) -> smtplib.SMTPResponseException:
    return smtplib.SMTPResponseException(-1, f"{problem}: {decode_reply(line[:80]).strip()!r}")
