"""The client end of an SMTP connection: octets out, replies in, every limit kept.

:class:`Client` is a ``smtplib.SMTP``, so that whoever is handed one finds smtplib's methods. Writing and reading are
ours: what is written is collected until a reply is wanted, a reply is bounded in time and size, and the conversation
is logged without secrets or content.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import select
import smtplib
import socket
import ssl
import time
import typing as t

from ..submission import Reply
from .lost import ended
from .lost import lost
from .masks import pattern
from .offer import keywords
from .replies import ReplyReader
from .timeouts import Timeouts

logger: logging.Logger = logging.getLogger("flask_mail.smtp")

FULL: t.Final = 65_536
"""Octets collected, from which on they are written."""

MOST: t.Final = 16_384
"""Octets read at once."""

CLOSE: t.Final = 0.05
"""Seconds by which a wait may be longer than it should."""

NEARLY: t.Final = 0.99
"""Of a wait, what will do."""


class Client(smtplib.SMTP):
    """A connected socket and the SMTP state on it.

    :param sock: the connected socket; the client owns it.
    :param timeouts: how long things may take.
    :param hostname: the name to greet with.
    :param log: whether to log the conversation.
    """

    def __init__(self, sock: socket.socket, *, timeouts: Timeouts, hostname: str, log: bool = False) -> None:
        smtplib.SMTP.__init__(self, local_hostname=hostname, timeout=timeouts.step)
        self.sock: socket.socket | None = sock
        self.timeouts = timeouts
        self.banner: str = ""
        """What the server greeted with."""
        self.limit: float = timeouts.step
        """Seconds that the next write or reply may take."""
        self.replies: ReplyReader = ReplyReader()
        """What the server has said."""
        self._out: list[bytes] = []
        self._pending = 0
        self.given: int = 0
        """Octets to be written so far."""
        self.gone: int = 0
        """Octets written so far, as far as that is known."""
        self._failed: smtplib.SMTPServerDisconnected | None = None
        self._process = os.getpid()
        self.log: bool = log and logger.isEnabledFor(logging.DEBUG)
        """Whether the conversation is logged."""
        self._hurried = False
        self._secret = False
        self._content = 0
        self.begin()

    def begin(self, until: float | None = None) -> None:
        """Start the clock of a whole: of connecting, or of a message.

        :param until: when it has to end, where it began before.
        """
        self.deadline: float = time.monotonic() + self.timeouts.total if until is None else until

    def rest(self) -> None:
        """Stop the clock: a program may keep the connection as long as it likes, and use smtplib's methods."""
        self.deadline = math.inf

    @property
    def alive(self) -> bool:
        """Whether the connection can still be used, as far as this end knows; not after a fork, in the child, and not
        where the server has said more than it was asked: the next command's reply would be taken for another's."""
        return self.sock is not None and not self.replies.unread and self._process == os.getpid()

    @property
    def quiet(self) -> bool:
        """Whether the server has said nothing that was not asked for, such as goodbye."""
        if self.sock is None or not self.alive:
            return False
        return not _readable(self.sock) or (isinstance(self.sock, ssl.SSLSocket) and self._only_tickets())

    @property
    def unread(self) -> bool:
        """Whether the server sent what nobody asked for."""
        return self.replies.unread

    def hide(self, secret: bool) -> None:
        """From now on, log commands and replies without their text, or with it again."""
        self._secret = secret

    def mask(self, *secrets: str) -> None:
        """From now on, show none of *secrets* where the server repeats them."""
        self.replies.hidden = pattern(secrets)

    def command(self, line: str) -> Reply:
        """Send one command line and read its reply.

        :param line: the command without its line end; non-ASCII is sent as UTF-8 (RFC 6531).
        :raises OSError: the connection failed, smtplib's ``SMTPServerDisconnected`` among them.
        """
        self.put(line.encode("utf-8") + b"\r\n")
        return self.read_reply()

    def put(self, octets: bytes, *, content: bool = False) -> None:
        """Collect octets; they are written when a reply is wanted, or when they have become many.

        :param content: whether they are to be logged as a number only.
        :raises smtplib.SMTPServerDisconnected: content cannot be written.
        """
        if self._failed is not None:
            if content:
                raise self._failed
            return
        if self.log:
            self.trace_octets(octets, content=content)
        self._out.append(octets)
        self.given += len(octets)
        self._pending += len(octets)
        if self._pending >= FULL:
            self.hurry()
            self.flush()

    def hurry(self) -> None:
        """From now on, writes do not wait for what was written before to be acknowledged."""
        if self.sock is not None and not self._hurried:
            self._hurried = True
            with contextlib.suppress(OSError):  # what goes over a proxy or a test's pair of sockets may not be TCP
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def flush(self) -> None:
        """Write what was collected. Where that fails, the connection is closed, and :meth:`read_reply` tells: a server
        that hangs up has often said why."""
        if not self._out:
            return
        octets = b"".join(self._out)
        self._out, self._pending = [], 0
        until = time.monotonic() + self.limit
        try:
            self.gone += (sent := self._ready(until).send(octets))
            while sent < len(octets):
                self.gone += (more := self._ready(until).send(memoryview(octets)[sent:]))
                sent += more
        except OSError as error:
            self._failed = lost(error)
            self._hear_last_words()

    def read_reply(self) -> Reply:
        """Write what was collected, then read one whole reply.

        :raises smtplib.SMTPServerDisconnected: the connection failed, in one of the ways of :mod:`.lost`; it is closed.
        :raises smtplib.SMTPResponseException: what came is no reply, or is beyond the limits; the connection is closed.
        """
        try:
            reply = self.replies.take()
            if reply is None:
                self.flush()
                reply = self._awaited()
        except smtplib.SMTPResponseException as error:
            self.close()
            raise error.with_traceback(None) from None  # the frames below hold what the server said, secrets and all
        if self.log:
            self.trace_reply(reply)
        if reply.code == 421:  # RFC 5321 §3.8: the server closes after it
            self.close()
        return reply

    def getreply(self) -> tuple[int, bytes]:
        """smtplib's way to :meth:`read_reply`."""
        reply = self.read_reply()
        return reply.code, reply.raw

    def ehlo(self, name: str = "") -> tuple[int, bytes]:
        """Say EHLO; smtplib's, but that what a server offers is not taken apart again for each connection."""
        self.esmtp_features: dict[str, str] = {}
        self.putcmd(self.ehlo_msg, name or self.local_hostname)
        code, said = self.getreply()
        self.ehlo_resp: bytes | None = said
        if code == 250:
            self.does_esmtp = True
            self.esmtp_features = dict(keywords(said))
        return code, said

    def putcmd(self, cmd: str, args: str = "") -> None:
        """smtplib's way to send a command."""
        line = f"{cmd.upper()} {args}".strip()
        if "\r" in line or "\n" in line:
            raise ValueError("a command holds a line break")
        self.put(line.encode("utf-8") + b"\r\n")
        self.flush()

    def close(self) -> None:
        """Close the socket; never raises."""
        sock, self.sock = self.sock, None
        self._out, self._pending = [], 0
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()

    def leave(self) -> None:
        """Send QUIT, do not wait for its reply, and close; never raises."""
        if self.sock is not None and self.alive and not self._out:
            with contextlib.suppress(OSError):
                self.put(b"QUIT\r\n")
                self.sock.settimeout(min(1.0, self.limit))
                self.sock.sendall(b"".join(self._out))
        self.close()

    def _ready(self, until: float) -> socket.socket:
        """The socket, set to end in time."""
        if self._failed is not None:
            raise self._failed
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        left = min(until, self.deadline) - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if not left * NEARLY <= (self.sock.gettimeout() or 0.0) <= left + CLOSE:  # each change is a system call
            self.sock.settimeout(left)
        return self.sock

    def _awaited(self) -> Reply:
        until = time.monotonic() + self.limit
        while (reply := self.replies.take()) is None:
            try:
                sock = self._ready(until)
                octets = sock.recv(MOST)
                if not octets:
                    raise ended(sock)
            except OSError as error:
                self.close()
                raise lost(error) from None
            self.replies.feed(octets)
        return reply

    def _hear_last_words(self) -> None:
        """Where the server hung up while we wrote, it has often said why."""
        with contextlib.suppress(OSError):
            while self.sock is not None and not self.replies.full and _readable(self.sock):
                self.sock.settimeout(0.1)
                octets = self.sock.recv(FULL)
                if not octets:
                    self._failed = ended(self.sock)
                    break
                self.replies.feed(octets)
        self.close()

    def heard(self) -> Reply | None:
        """A reply that has come already, though the connection failed."""
        try:
            return self.replies.take()
        except smtplib.SMTPResponseException:
            return None

    def _only_tickets(self) -> bool:
        """Whether what can be read is TLS's own business (RFC 8446 §4.6.1), with nothing for us in it."""
        assert self.sock is not None
        try:
            self.sock.settimeout(0)
            self.replies.feed(self.sock.recv(FULL))
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        except OSError:
            return False
        return False

    def trace_reply(self, reply: Reply) -> None:
        """Log what the server said."""
        self._trace_content()
        self._trace("<<<", f"{reply}".replace("\n", " / "))

    def trace_octets(self, octets: bytes, *, content: bool) -> None:
        """Log what is sent: of content the number of octets."""
        if content:
            self._content += len(octets)
            return
        self._trace_content()
        for line in octets.decode("utf-8", "replace").splitlines():
            self._trace(">>>", line)

    def _trace_content(self) -> None:
        if self._content:
            logger.debug(">>> (%s octets of content)", self._content)
            self._content = 0

    def _trace(self, mark: str, line: str) -> None:
        if self._secret:
            line = f"{line[:4].strip() if mark == '<<<' or line.startswith('AUTH') else ''} (hidden)".strip()
        logger.debug("%s %s", mark, line)


class TLSClient(Client, smtplib.SMTP_SSL):
    """The same over TLS from the first octet; a ``smtplib.SMTP_SSL``."""


def _readable(sock: socket.socket) -> bool:
    """Whether something, if only the end, can be read without waiting."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
