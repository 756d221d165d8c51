"""What Postfix and Exim have in common here: unpacked from Debian's packages, started on loopback, mail in a folder.

``tests/services/fetch.sh`` unpacks them under ``.cache``. Each runs with a configuration, a queue and a mailbox of its
own in a folder that is made for it; all its processes are one group, and end with it.
"""

from __future__ import annotations

import contextlib
import dataclasses as d
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t

from .recording import HOST
from .recording import PASSWORD
from .recording import USERNAME

ROOT = pathlib.Path(__file__).parents[2]
CACHE = ROOT / ".cache"
ADDED = frozenset(b"return-path x-original-to delivered-to envelope-to delivery-date received".split())
"""The header fields that these servers put before a message's own."""
SIZE = 2_000_000
"""The most octets that a message may have."""
MANNERS = ("chunking", "pipelining", "plain")
"""What a server offers at its ports: everything, all but CHUNKING, neither that nor PIPELINING."""
Manner = t.Literal["chunking", "pipelining", "plain"]


@d.dataclass(frozen=True, slots=True)
class Filed:
    """A message as it came into somebody's mailbox."""

    recipient: str
    sender: str
    """The reverse-path."""
    received: str
    """The Received field that the server wrote."""
    content: bytes
    """The octets as they were sent."""

    @classmethod
    def parsed(cls, octets: bytes) -> t.Self:
        """From a file in a mailbox: what the server added is taken off, and each line ends with CRLF again."""
        fields: dict[bytes, str] = {}
        while (name := octets.partition(b":")[0].lower()) in ADDED:
            end = octets.index(b"\n") + 1
            while octets[end : end + 1] in (b" ", b"\t"):
                end = octets.index(b"\n", end) + 1
            fields[name] = octets[len(name) + 1 : end].decode().strip()
            octets = octets[end:]
        recipient = fields.get(b"x-original-to") or fields[b"envelope-to"]
        return cls(recipient, fields[b"return-path"].strip("<>"), fields[b"received"], octets.replace(b"\n", b"\r\n"))


class DebianServer:
    """A server that takes mail for ``example.com``, and knows ``gone@`` (550) and ``later@`` (450) there.

    :param pem: a private key with its certificates, for STARTTLS.
    """

    name: t.ClassVar[str]

    def __init__(self, pem: bytes) -> None:
        subprocess.run([ROOT / "tests/services/fetch.sh", self.name], check=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.folder.chmod(0o755)
        self.ports: dict[str, int] = {manner: free_port() for manner in MANNERS}
        self.pem = self.folder / "server.pem"
        self.pem.write_bytes(pem)
        self.mailbox = self.folder / "mail/all/new"
        self._process: subprocess.Popen[bytes] | None = None
        self.configure()

    def configure(self) -> None:
        """Write the configuration, and make what the server expects to be there."""
        raise NotImplementedError

    def launch(self, **options: t.Any) -> subprocess.Popen[bytes]:
        """Start the server's first process."""
        raise NotImplementedError

    def config(self, manner: Manner = "chunking", *, auth: bool = False) -> dict[str, t.Any]:
        """The settings of Flask-Mail that lead here.

        :param auth: with STARTTLS and a login.
        """
        login = {"MAIL_USE_TLS": True, "MAIL_USERNAME": USERNAME, "MAIL_PASSWORD": PASSWORD} if auth else {}
        return {"MAIL_SERVER": HOST, "MAIL_PORT": self.ports[manner], **login}

    def filed(self) -> list[Filed]:
        """What is in the mailbox, oldest first."""
        files = [(file.stat().st_mtime_ns, file) for file in self.mailbox.glob("*")]
        return [Filed.parsed(file.read_bytes()) for _, file in sorted(files)]

    def wait(self, n: int, timeout: float = 20) -> list[Filed]:
        """What is in the mailbox, as soon as it is *n* messages.

        :param timeout: seconds.
        :raises AssertionError: there are fewer by then, or more.
        """
        until = time.monotonic() + timeout
        while (count := len(list(self.mailbox.glob("*")))) < n and time.monotonic() < until:
            time.sleep(0.01)
        assert count == n, f"{count} messages instead of {n}:\n{self.log()}"
        return self.filed()

    def settled(self, timeout: float = 20) -> list[Filed]:
        """What is in the mailbox once nothing is on its way there any more.

        :param timeout: seconds.
        """
        until = time.monotonic() + timeout
        while self.queued() and time.monotonic() < until:
            time.sleep(0.01)
        assert not self.queued(), f"still on the way:\n{self.log()}"
        return self.filed()

    def queued(self) -> bool:
        """Whether the server has mail that it has not delivered."""
        raise NotImplementedError

    def empty(self) -> None:
        """Throw away what is in the mailbox."""
        for file in self.mailbox.glob("*"):
            file.unlink()

    def log(self) -> str:
        """The last lines of what the server says of itself."""
        logs = [*self.folder.glob("*.log"), *self.folder.glob("log/*")]
        return "\n".join(line for log in logs for line in log.read_text("utf-8", "replace").splitlines()[-40:])

    def start(self) -> t.Self:
        """Start the server, and return once it greets at each port.

        :raises RuntimeError: it does not.
        """
        output = (self.folder / "output.log").open("ab")
        with output:
            self._process = self.launch(start_new_session=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        until = time.monotonic() + 20
        while not all(map(_greets, self.ports.values())):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.name} does not start:\n{self.log()}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End all its processes, those that serve a connection among them."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)

    def __enter__(self) -> t.Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.create_server((HOST, 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


def _greets(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), 5) as sock:
            greeting = sock.recv(512)
            sock.sendall(b"QUIT\r\n")
    except OSError:
        return False
    return greeting.startswith(b"220")
