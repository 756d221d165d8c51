"""Two ends of a conversation in memory, without a socket: turns are counted, and nothing depends on time."""

from __future__ import annotations

import collections.abc as c
import typing as t

from flask_mail.transports.dialogue import Line
from flask_mail.transports.dialogue import READ
from flask_mail.transports.job import Job
from flask_mail.transports.offer import Offer
from flask_mail.transports.replies import ReplyReader


class End:
    """A server's end, in memory. It answers every command in its turn, and nothing else.

    :param say: the reply to a command line, or to ``"."`` for content; ``None`` for what a server says.
    """

    def __init__(self, say: c.Callable[[str], str | None] = lambda line: None) -> None:
        self.say = say
        self.taken: list[tuple[str, tuple[str, ...], bytes]] = []
        self.lines: list[str] = []
        self._buffer = b""
        self._sender: str | None = None
        self._rcpts: list[str] = []
        self._in_content = False

    @property
    def verbs(self) -> list[str]:
        return [line.split(" ")[0] for line in self.lines]

    def hear(self, octets: bytes) -> bytes:
        """Take octets; return the replies to what is whole."""
        self._buffer += octets
        replies: list[str] = []
        while (reply := self._content() if self._in_content else self._command()) is not None:
            replies.append(reply)
        return "".join(reply + "\r\n" for reply in replies).encode()

    def _content(self) -> str | None:
        whole = b"\r\n" + self._buffer
        if (end := whole.find(b"\r\n.\r\n")) < 0:
            return None
        content, self._buffer = whole[: end + 2], self._buffer[end + 3 :]
        self._in_content = False
        return self._take(content.replace(b"\r\n..", b"\r\n.")[2:])

    def _command(self) -> str | None:
        octets, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return None
        line = octets.decode()
        verb, _, argument = line.partition(" ")
        if verb == "BDAT":
            size = int(argument.split()[0])
            if len(rest) < size:
                return None
            self.lines.append(line)
            self._buffer = rest[size:]
            return self._take(rest[:size]) if self._rcpts else "503 5.5.1 no recipients"
        self.lines.append(line)
        self._buffer = rest
        said = self.say(line) or ""
        usual = getattr(self, f"do_{verb.lower()}")(argument) if said[:1] in ("", "2") else ""
        self._in_content = verb == "DATA" and (said or usual).startswith("3")
        return said or usual

    def do_mail(self, argument: str) -> str:
        if self._sender is not None:
            return "503 5.5.1 nested"
        self._sender = argument.partition("<")[2].partition(">")[0]
        return "250 2.1.0 ok"

    def do_rcpt(self, argument: str) -> str:
        if self._sender is None:
            return "503 5.5.1 no sender"
        self._rcpts.append(argument.partition("<")[2].partition(">")[0])
        return "250-2.1.5 of several lines\r\n250 2.1.5 ok"

    def do_data(self, _: str) -> str:
        return "354 go on" if self._rcpts else "503 5.5.1 no recipients"

    def do_rset(self, _: str) -> str:
        self._sender, self._rcpts = None, []
        return "250 2.0.0 ok"

    def _take(self, content: bytes) -> str:
        reply = self.say(".") or "250 2.0.0 taken"
        if reply.startswith("2") and self._rcpts:
            assert self._sender is not None
            self.taken.append((self._sender, tuple(self._rcpts), content))
        self.do_rset("")
        return reply


class Driver:
    """Drives a line against an :class:`End` and counts how often it waits, having written."""

    def __init__(self, end: End, offer: Offer, window: int = 16) -> None:
        self.end = end
        self.replies = ReplyReader()
        self.line = Line(offer, window, self.replies.arrived)
        self.turns = 0
        self.most = 0
        """Commands that went out at once, at most."""

    def run(self, jobs: c.Iterable[Job]) -> list[Job]:
        """Send *jobs*; return them in the order of their end."""
        source = iter(jobs)
        conversation = self.line.converse(lambda: next(source, None))
        replies, out, answer = self.replies, b"", None
        try:
            while True:
                step = conversation.send(answer)
                if step is not READ:
                    out, answer = out + t.cast(bytes, step), None
                    continue
                if (answer := replies.take()) is None:
                    self.turns += 1
                    before = len(self.end.lines)
                    replies.feed(self.end.hear(out))
                    self.most, out = max(self.most, len(self.end.lines) - before), b""
                    answer = replies.take()
                    assert answer is not None, "it waits for a reply to nothing"
        except StopIteration:
            assert out == b""
            assert replies.unread == 0
        return list(self.line.finished)
