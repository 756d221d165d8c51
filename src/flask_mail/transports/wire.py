"""The client end of an SMTP conversation: commands out, replies in, every limit kept.

:class:`Client` is a ``smtplib.SMTP``, so that whoever is handed one finds smtplib's methods. Reading replies is ours:
a reply is bounded in time, lines and octets, and the conversation is logged without secrets or content.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import logging
import smtplib
import socket
import time
import typing as t

from ..submission import decode_reply
from ..submission import Reply

logger = logging.getLogger("flask_mail.smtp")

MAX_REPLY_OCTETS: t.Final = 65_536
MAX_REPLY_LINES: t.Final = 100


class Client(smtplib.SMTP):
    """A connected socket and the SMTP state on it.

    :param sock: the connected socket; the client owns it.
    :param timeout: seconds that one reply, or one write, may take.
    :param hostname: the name to greet with; this end's address literal (RFC 5321 §4.1.3) by default.
    :param log: whether to log the conversation.
    """

    def __init__(self, sock: socket.socket, *, timeout: float, hostname: str | None = None, log: bool = False) -> None:
        smtplib.SMTP.__init__(self, local_hostname=hostname or local_name(sock), timeout=timeout)
        self.sock: socket.socket | None = sock
        sock.settimeout(timeout)
        self._limit = timeout
        self._buffer = bytearray()
        self._log = log and logger.isEnabledFor(logging.DEBUG)
        self._secret = False

    @property
    def alive(self) -> bool:
        """Whether the connection can still be used, as far as this end knows."""
        return self.sock is not None

    @property
    def unread(self) -> int:
        """How many octets the server sent that nobody asked for."""
        return len(self._buffer)

    def hide(self, secret: bool) -> None:
        """From now on, log commands and replies without their text, or with it again."""
        self._secret = secret

    def command(self, line: str) -> Reply:
        """Send one command line and read its reply.

        :param line: the command without its line end; non-ASCII is sent as UTF-8 (RFC 6531).
        :raises OSError: the connection failed, smtplib's ``SMTPServerDisconnected`` among them.
        """
        self.write(line.encode("utf-8") + b"\r\n")
        self.trace(">>> %s", line)
        return self.read_reply()

    def write(self, data: bytes) -> None:
        """Send octets.

        :raises OSError: the connection failed, or was not writable for the timeout.
        """
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        try:
            self.sock.settimeout(self._limit)
            self.sock.sendall(data)
        except OSError:
            self.close()
            raise

    def write_all(self, chunks: c.Iterable[bytes]) -> None:
        for chunk in chunks:
            self.write(chunk)

    def read_reply(self) -> Reply:
        """Read one whole reply (RFC 5321 §4.2).

        :raises smtplib.SMTPServerDisconnected: the server closed the connection.
        :raises smtplib.SMTPResponseException: what came is no reply, or is beyond the limits; the connection is closed.
        :raises TimeoutError: the reply was not complete in time; the connection is closed.
        """
        deadline = time.monotonic() + self._limit
        lines: list[bytes] = []
        octets = 0
        while True:
            line = self._read_line(deadline)
            octets += len(line)
            code = line[:3]
            if len(code) != 3 or not code.isdigit() or line[3:4] not in (b"", b"-", b" "):
                self._give_up(line, "The server's answer is not SMTP")
            lines.append(line[4:].strip())
            if len(lines) > MAX_REPLY_LINES or octets > MAX_REPLY_OCTETS:
                self._give_up(line, "The server's reply is too long")
            if line[3:4] != b"-":
                break
        reply = Reply(int(code), b"\n".join(lines))
        self.trace("<<< %s", reply)
        if reply.code == 421:  # RFC 5321 §3.8: the server closes after it
            self.close()
        return reply

    def getreply(self) -> tuple[int, bytes]:
        """smtplib's way to :meth:`read_reply`."""
        reply = self.read_reply()
        return reply.code, reply.raw

    def putcmd(self, cmd: str, args: str = "") -> None:
        """smtplib's way to send a command, logged as ours are."""
        self.trace(">>> %s", f"{cmd.upper()} {args}".strip())
        super().putcmd(cmd.upper(), args)

    def close(self) -> None:
        """Close the socket; never raises."""
        sock, self.sock = self.sock, None
        self._buffer.clear()
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()

    def leave(self) -> None:
        """Send QUIT, do not wait for its reply, and close; never raises."""
        if self.sock is not None:
            try:
                self.write(b"QUIT\r\n")
                self.trace(">>> %s", "QUIT")
            except OSError:
                pass
        self.close()

    def trace(self, form: str, what: object) -> None:
        """Log a line of the conversation, if it is to be logged."""
        if self._log:
            text = str(what)
            logger.debug(form, f"{text.split(' ', 1)[0]} (hidden)" if self._secret else text.replace("\n", " / "))

    def _read_line(self, deadline: float) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > MAX_REPLY_OCTETS:
                self._give_up(bytes(self._buffer[:3]), "The server sent a line without end")
            self._receive(deadline)
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return line

    def _receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        try:
            if self.sock is None:
                raise smtplib.SMTPServerDisconnected("the connection is closed")
            if left <= 0:
                raise TimeoutError("the server did not complete its reply in time")
            self.sock.settimeout(left)
            data = self.sock.recv(65_536)
        except OSError:
            self.close()
            raise
        if not data:
            self.close()
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        self._buffer += data

    def _give_up(self, line: bytes, problem: str) -> t.NoReturn:
        self.close()
        raise smtplib.SMTPResponseException(-1, f"{problem}: {decode_reply(line[:200]).strip()!r}")


class TLSClient(Client, smtplib.SMTP_SSL):
    """The same over TLS from the first octet; a ``smtplib.SMTP_SSL``."""


def local_name(sock: socket.socket) -> str:
    """The name to greet with, found without DNS: the host's own where it is qualified, else an address literal."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def dot_stuffed(chunks: c.Iterable[bytes]) -> c.Iterator[bytes]:
    """*chunks* as they go after DATA (RFC 5321 §4.5.2), with the final dot."""
    tail = b"\r\n"
    for chunk in chunks:
        joined = tail + chunk
        tail = joined[-2:]
        yield joined.replace(b"\r\n.", b"\r\n..")[2:] if b"\r\n." in joined else chunk
    yield b".\r\n" if tail == b"\r\n" else b"\r\n.\r\n"
