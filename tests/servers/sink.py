"""A server that takes everything, fast, in a process of its own; it keeps who was sent to, and how often.

Run as a program it prints its port, serves until its standard input ends, and then prints what it has as JSON.
"""

from __future__ import annotations

import asyncio
import collections
import json
import pathlib
import subprocess
import sys
import typing as t

HOST = "127.0.0.1"
OFFERS = b"250-sink.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n"


class Conversation(asyncio.Protocol):
    """One connection; replies to all that came together go out together."""

    recipients: t.ClassVar[collections.Counter[str]] = collections.Counter()
    connections: t.ClassVar[int] = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Conversation.connections += 1
        self._transport = t.cast(asyncio.Transport, transport)
        self._buffer = b""
        self._rcpts: list[str] = []
        self._in_content = False
        self._transport.write(b"220 sink.example\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        replies: list[bytes] = []
        while (reply := self._content() if self._in_content else self._command()) is not None:
            replies.append(reply)
        self._transport.write(b"".join(replies))
        if replies and replies[-1].startswith(b"221"):
            self._transport.close()

    def _command(self) -> bytes | None:
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return None
        verb = line[:4].upper()
        if verb == b"BDAT":
            size = int(line.split()[1])
            if len(rest) < size:
                return None
            self._buffer = rest[size:]
            return self._taken()
        self._buffer = rest
        if verb == b"RCPT":
            self._rcpts.append(line.partition(b"<")[2].partition(b">")[0].decode())
        elif verb == b"DATA":
            self._in_content = True
            return b"354 go on\r\n"
        elif verb in (b"EHLO", b"QUIT"):
            return OFFERS if verb == b"EHLO" else b"221 bye\r\n"
        elif verb == b"RSET":
            self._rcpts.clear()
        return b"250 ok\r\n"

    def _content(self) -> bytes | None:
        _, found, rest = self._buffer.partition(b"\r\n.\r\n")
        if not found:
            return None
        self._buffer, self._in_content = rest, False
        return self._taken()

    def _taken(self) -> bytes:
        self.recipients.update(self._rcpts)
        self._rcpts.clear()
        return b"250 taken\r\n"


class Sink:
    """The program, as a context: :meth:`stop` returns what it has."""

    def __enter__(self) -> t.Self:
        command = [sys.executable, str(pathlib.Path(__file__))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self.stop()

    @property
    def config(self) -> dict[str, t.Any]:
        return {"MAIL_SERVER": HOST, "MAIL_PORT": self.port}

    def stop(self) -> tuple[dict[str, int], int]:
        """How often each recipient was sent to, and how many connections there were."""
        out, _ = self._process.communicate("", timeout=30)
        recipients, connections = json.loads(out)
        return recipients, connections


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Conversation, HOST, 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    json.dump([Conversation.recipients, Conversation.connections], sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
