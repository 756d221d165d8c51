"""A real SMTP server in a process of its own, which no crash of ours takes along: it writes down every message that it
takes before it says so, and does what the message asks for.

Its client says in EHLO which process it is (``worker-<pid>.chaos.example``), so that the server can kill it:

==============================  ========================================================================================
sender                          what happens
==============================  ========================================================================================
``die.STAGE.anything@...``      its client is killed at that stage (see :data:`STAGES`), the first time
``poison.anything@...``         its client is killed at MAIL, each time
``reset.anything@...``          the connection is cut after the dot, and before the reply, the first time
recipient
``no.anything@...``             550
``later.anything@...``          450 the first time
``never.anything@...``          450 each time
==============================  ========================================================================================

Run as a program it prints its port, and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import collections.abc as c
import contextlib
import dataclasses as d
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

HOST = "127.0.0.1"
LIMIT = 64 * 2**20

STAGES = ("mail", "rcpt", "data", "content", "dot", "replied", "next")
"""Of which ``content`` is amid it, ``dot`` after the dot and before the reply, ``replied`` right after that, and
``next`` the second MAIL of one sender.
A message for ``content`` has to be larger than what a socket holds."""


@d.dataclass(frozen=True, slots=True)
class Accepted:
    """A message that the server has said yes to, or was about to."""

    time: float
    sender: str
    recipients: tuple[str, ...]
    message_id: str
    sha256: str
    size: int


class Recorder:
    """The program, as a context.

    :param folder: where it writes what it takes.
    :param delay: seconds before the reply to content.
    :param chunking: whether it offers CHUNKING.
    :param most: how many recipients a transaction may have.
    """

    def __init__(self, folder: pathlib.Path, *, delay: float = 0.0, chunking: bool = False, most: int = 10_000) -> None:
        self.file = folder / f"accepted-{time.time_ns()}.jsonl"
        self.file.touch()
        self._options = json.dumps({"delay": delay, "chunking": chunking, "most": most, "file": str(self.file)})
        self._read = 0
        self._accepted: list[Accepted] = []

    def __enter__(self) -> t.Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._options], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(b"", timeout=30)

    @property
    def accepted(self) -> list[Accepted]:
        """All that it has taken until now, in order."""
        with self.file.open("rb") as lines:
            lines.seek(self._read)
            for line in lines.read().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                values = json.loads(line)
                self._accepted.append(Accepted(**{**values, "recipients": tuple(values["recipients"])}))
        return self._accepted


class Conversation:
    """One connection."""

    met: t.ClassVar[set[str]] = set()
    """Who was refused, killed or cut once, and need not be again."""
    senders: t.ClassVar[set[str]] = set()
    """Of whom a message was taken."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        record: c.Callable[[bytes], object],
        options: dict[str, t.Any],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._record = record
        self._options = options
        self._client = 0
        self._sender = ""
        self._recipients: list[str] = []

    async def run(self) -> None:
        self._say("220 chaos.example")
        while line := await self._reader.readline():
            verb, _, rest = line.decode("utf-8").strip().partition(" ")
            await getattr(self, f"_{verb.lower()}", self._ok)(rest)
            if verb == "QUIT":
                return

    def _say(self, reply: str) -> None:
        self._writer.write(reply.encode() + b"\r\n")

    async def _ok(self, rest: str) -> None:
        self._say("250 ok")

    async def _quit(self, rest: str) -> None:
        self._say("221 bye")

    async def _ehlo(self, name: str) -> None:
        self._client = int(name.partition("worker-")[2].partition(".")[0] or 0)
        chunking = "250-CHUNKING\r\n" if self._options["chunking"] else ""
        self._say(f"250-chaos.example\r\n{chunking}250 PIPELINING")

    async def _rset(self, rest: str) -> None:
        self._sender, self._recipients = "", []
        self._say("250 ok")

    async def _mail(self, rest: str) -> None:
        self._sender = _address(rest)
        self._recipients = []
        if self._sender.startswith("poison."):
            await kill(self._client)
        await self._at("mail")
        if self._sender in self.senders:
            await self._at("next")
        self._say("250 ok")

    async def _rcpt(self, rest: str) -> None:
        await self._at("rcpt")
        who = _address(rest)
        if who.startswith("no."):
            self._say("550 5.1.1 no such user")
        elif who.startswith("never.") or (who.startswith("later.") and self._first(who)):
            self._say("450 4.2.0 not now")
        elif len(self._recipients) >= self._options["most"]:
            self._say("452 4.5.3 too many recipients")
        else:
            self._recipients.append(who)
            self._say("250 ok")

    async def _data(self, rest: str) -> None:
        if not self._recipients:
            self._say("503 no recipients")
            return
        await self._at("data")
        self._say("354 go on")
        lines: list[bytes] = []
        while (line := await self._reader.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                raise ConnectionResetError("amid content")
            lines.append(line[1:] if line.startswith(b".") else line)
            if len(lines) == 10:
                await self._at("content")
        await self._taken(b"".join(lines))

    async def _bdat(self, rest: str) -> None:
        content = await self._reader.readexactly(int(rest.split()[0]))
        if self._recipients:
            await self._taken(content)
        else:
            self._say("503 no recipients")

    async def _taken(self, content: bytes) -> None:
        if self._options["delay"]:
            await asyncio.sleep(self._options["delay"])
        taken = Accepted(
            time.time(),
            self._sender,
            tuple(self._recipients),
            _message_id(content),
            hashlib.sha256(content).hexdigest(),
            len(content),
        )
        self._record(json.dumps(d.asdict(taken)).encode() + b"\n")
        self.senders.add(self._sender)
        await self._at("dot")
        if self._sender.startswith("reset.") and self._first(self._sender):
            self._writer.transport.abort()
            raise ConnectionResetError("as asked for")
        self._say("250 taken")
        await self._writer.drain()
        await self._at("replied")
        self._sender, self._recipients = "", []

    async def _at(self, stage: str) -> None:
        if self._sender.startswith(f"die.{stage}.") and self._first(self._sender):
            await kill(self._client)

    def _first(self, who: str) -> bool:
        if who in self.met:
            return False
        self.met.add(who)
        return True


async def kill(process: int) -> None:
    """Kill, and return when it does nothing more."""
    os.kill(process, signal.SIGKILL)
    while not _dead(process):
        await asyncio.sleep(0.001)


def _dead(process: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


def _message_id(content: bytes) -> str:
    for line in content.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            return line.partition(b":")[2].strip().decode("utf-8")
    return ""


async def main() -> None:
    options = json.loads(sys.argv[1])
    file = os.open(options["file"], os.O_WRONLY | os.O_APPEND)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, BrokenPipeError):
            await Conversation(reader, writer, lambda line: os.write(file, line), options).run()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0, backlog=512, limit=LIMIT)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
