"""Octets from a server into replies (RFC 5321 §4.2), within limits. No socket."""

from __future__ import annotations

import collections
import functools
import re
import smtplib
import typing as t

from ..submission import decode_reply
from ..submission import Reply
from .masks import masked

MAX_OCTETS: t.Final = 65_536
MAX_LINES: t.Final = 100

MANY_LINES: t.Final = 10_000
"""Lines that may wait to be taken."""

_LONG: t.Final = 1024
"""Octets of a reply of several lines up to which it is remembered."""

_SHORT: t.Final = 64
"""Octets of a line up to which it is remembered: servers say the same few things all the time."""


class ReplyReader:
    """Give it what was received; take the replies that are whole."""

    def __init__(self) -> None:
        self.arrived: collections.deque[Reply] = collections.deque()
        """Replies that anybody may take from here instead of by :meth:`take`: those that came before the first one that
        asks for care, such as 421, a long one, or what is none."""
        self.hidden: re.Pattern[bytes] | None = None
        """What is not to be shown where the server says it; see :mod:`.masks`."""
        self._raw: collections.deque[bytes] = collections.deque()
        self._rest = bytearray()
        self._lines: list[bytes] = []
        self._octets = 0

    @property
    def unread(self) -> bool:
        """Whether octets stand here that belong to no reply taken."""
        return bool(self.arrived or self._raw or self._rest or self._octets)

    @property
    def full(self) -> bool:
        """Whether so much stands here that no more should be received before some of it is taken."""
        return len(self.arrived) + len(self._raw) > MANY_LINES or len(self._rest) > MAX_OCTETS

    def feed(self, octets: bytes) -> None:
        """Take what was received."""
        if octets[3:4] == b"-" and self.hidden is None and len(octets) <= _LONG and not self.unread:
            reply = _known_whole(octets)  # what a server offers is the same each time
            if reply is not None:
                self.arrived.append(reply)
                return
        lines = octets.split(b"\n")
        if self._rest:
            self._rest += lines[0]
            if len(lines) == 1:
                return
            lines[0] = bytes(self._rest)
        rest = lines.pop()
        if rest or self._rest:
            self._rest = bytearray(rest)
        if self._raw or self._lines:
            self._raw += lines
        else:
            self._raw += lines[self._take_short(lines) :]

    def _take_short(self, lines: list[bytes]) -> int:
        """Take *lines* for replies, up to the first that asks for care; return how many."""
        hidden, take = self.hidden, self.arrived.append
        for number, line in enumerate(lines):
            if len(line) > _SHORT:
                return number
            try:
                reply, more = _known(line if hidden is None else masked(line, hidden))
            except smtplib.SMTPResponseException:
                return number
            if more or reply.code == 421:
                return number
            take(reply)
        return len(lines)

    def take(self) -> Reply | None:
        """The next reply, or ``None`` while it is not whole.

        :raises smtplib.SMTPResponseException: with code -1: what came is no reply, or is beyond the limits.
        """
        if self.arrived:
            return self.arrived.popleft()
        while self._raw:
            line = self._raw.popleft()
            if self.hidden is not None:
                line = masked(line, self.hidden)
            reply, more = _known(line) if len(line) <= _SHORT else _parsed(line)
            if not (more or self._lines):
                return reply
            if (whole := self._joined(line, reply, more)) is not None:
                return whole
        if len(self._rest) + self._octets > MAX_OCTETS:
            raise _not_smtp("The server sent a line without end", masked(bytes(self._rest), self.hidden))
        return None

    def _joined(self, line: bytes, reply: Reply, more: bool) -> Reply | None:
        """The reply of several lines that *line* ends, if it ends one."""
        self._lines.append(reply.raw)
        self._octets += len(line) + 1
        if len(self._lines) > MAX_LINES or self._octets > MAX_OCTETS:
            raise _not_smtp("The server's reply is too long", line)
        if more:
            return None
        whole = Reply(reply.code, b"\n".join(self._lines))
        self._lines, self._octets = [], 0
        return whole


def _parsed(line: bytes) -> tuple[Reply, bool]:
    """A line by itself, and whether it says that another one follows."""
    if len(line) < 3 or not line[:3].isdigit() or line[3:4] not in b"- \r":
        raise _not_smtp("The server's answer is not SMTP", line)
    if len(line) > MAX_OCTETS:
        raise _not_smtp("The server's reply is too long", line)
    return Reply(int(line[:3]), line[4:].strip()), line[3:4] == b"-"


def _alone(octets: bytes) -> Reply | None:
    """The reply of several lines that *octets* are, if they are that and nothing else."""
    reader = ReplyReader()
    reader.feed(octets[:3])  # so that it is taken apart
    reader.feed(octets[3:])
    try:
        reply = reader.take()
    except smtplib.SMTPResponseException:
        return None
    return None if reader.unread or reply is None or reply.code == 421 else reply


_known_whole = functools.lru_cache(maxsize=32)(_alone)
_known = functools.lru_cache(maxsize=128)(_parsed)


def _not_smtp(problem: str, line: bytes) -> smtplib.SMTPResponseException:
    return smtplib.SMTPResponseException(-1, f"{problem}: {decode_reply(line[:80]).strip()!r}")
