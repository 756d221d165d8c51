"""A small SMTP server that keeps every octet it hears, and can fail at any point.

It speaks what aiosmtpd does not: PIPELINING, CHUNKING, and whatever else it is told to offer. A test hands it a
``trouble``, which is asked before each step of the conversation and may answer in the server's place.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses as d
import re
import socket
import ssl
import threading
import typing as t

from .link import Gone as Gone
from .link import Link as Link
from .login import Login

HOST = "127.0.0.1"
STEPS = {"EHLO": "EHLO", "HELO": "EHLO", "BDAT": "DATA"}
_END = re.compile(rb"\r\n\.\r\n")


@d.dataclass(frozen=True, slots=True)
class Taken:
    """A message the server took."""

    connection: int
    mail: str
    rcpts: tuple[str, ...]
    content: bytes

    @property
    def recipients(self) -> list[str]:
        return [rcpt.split("<", 1)[1].split(">", 1)[0] for rcpt in self.rcpts]


class Conversation:
    """One SMTP conversation; what it decides on is the server's."""

    def __init__(self, server: FaultyServer, link: Link) -> None:
        self.server = server
        self.link = link
        self.buffer = b""
        self.replies: list[bytes] = []
        self.greeted = 0
        self.last = ""
        """The step that was answered last."""
        self.login = Login(self, server.accounts)
        self.mail: str | None = None
        self.rcpts: list[str] = []

    def run(self) -> None:
        if self.server.implicit:
            self.step("handshake", "", self.link.start_tls)
        self.step("greeting", "", lambda: self.reply("220 faulty.example"))
        while True:
            verb, _, argument = self.line().partition(" ")
            verb = verb.upper()
            step = "second EHLO" if verb == "EHLO" and self.greeted else STEPS.get(verb, verb)
            method = getattr(self, f"do_{verb.lower()}", None)
            if method is None:
                self.reply("500 5.5.1 what?")
            else:
                self.step(step, argument, lambda method=method, argument=argument: method(argument))

    def step(self, name: str, argument: str, otherwise: c.Callable[[], object]) -> None:
        """Do what the trouble says, else what a server does.

        :param name: one of the stages of a conversation.
        """
        self.last = name
        trouble = self.server.trouble(self, name, argument) if self.server.trouble else None
        if trouble is None:
            otherwise()
        elif isinstance(trouble, str):
            self.reply(trouble)
            if trouble.startswith("421"):
                self.flush()
                self.link.finish()
        else:
            self.flush()
            trouble(self.link)

    def reply(self, text: str) -> None:
        self.replies.append(text.encode() + b"\r\n")

    def flush(self) -> None:
        if self.replies:
            octets, self.replies = b"".join(self.replies), []
            self.server.wrote(self.last)
            self.link.send(octets)

    def line(self) -> str:
        line = self.read(re.compile(rb"\r\n")).decode("utf-8", "replace")
        self.server.heard(self.link.number, line)
        return line

    def read(self, end: re.Pattern[bytes]) -> bytes:
        """What comes before *end*."""
        while (match := end.search(self.buffer)) is None:
            self._more()
        found, self.buffer = self.buffer[: match.start()], self.buffer[match.end() :]
        return found

    def read_octets(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def _more(self) -> None:
        """Receive; what was to be said is said first, unless the server is one that waits until it has heard enough."""
        if not self.server.patient(self):
            self.flush()
        self.buffer += self.link.receive()

    def ask(self, challenge: str) -> str:
        """Send a 334 and read the answer."""
        self.reply(f"334 {challenge}")
        return self.line()

    # The commands

    def do_ehlo(self, name: str) -> None:
        self.greeted += 1
        offers = ["faulty.example", *self.server.offers]
        if self.server.context is not None and not self.link.encrypted:
            offers.append("STARTTLS")
        if self.server.mechanisms and (self.link.encrypted or self.server.context is None):
            offers.append(f"AUTH {self.server.mechanisms}")
        for offer in offers[:-1]:
            self.reply(f"250-{offer}")
        self.reply(f"250 {offers[-1]}")

    def do_helo(self, name: str) -> None:
        self.reply("250 faulty.example")

    def do_starttls(self, _: str) -> None:
        self.reply("220 2.0.0 go ahead")
        self.flush()
        self.step("handshake", "", self.link.start_tls)
        self.buffer = b""

    def do_auth(self, argument: str) -> None:
        self.server.attempts.append(argument.partition(" ")[0])
        self.reply(self.login.attempt(argument))
        self.server.logins += [self.login.user] if self.login.user else []

    def do_mail(self, argument: str) -> None:
        if self.mail is not None:
            self.reply("503 5.5.1 nested MAIL")
            return
        self.mail = argument
        self.reply("250 2.1.0 sender ok")

    def do_rcpt(self, argument: str) -> None:
        if self.mail is None:
            self.reply("503 5.5.1 RCPT without MAIL")
            return
        self.rcpts.append(argument)
        self.reply("250 2.1.5 recipient ok")

    def do_data(self, _: str) -> None:
        if not self.rcpts:
            self.reply("503 5.5.1 DATA without RCPT")
            return
        self.reply("354 go on")
        self.flush()
        if self.buffer:  # what PIPELINING forbids (RFC 2920 §3.1)
            self.server.smuggled += self.buffer
        content = self.read(_END) if not self._empty() else b""
        self.step("final dot", "", lambda: self.take(re.sub(rb"(?m)^\.", b"", content + b"\r\n")))

    def _empty(self) -> bool:
        while len(self.buffer) < 3:
            self._more()
        if self.buffer.startswith(b".\r\n"):
            self.buffer = self.buffer[3:]
            return True
        return False

    def do_bdat(self, argument: str) -> None:
        content = self.read_octets(int(argument.split()[0]))
        assert argument.upper().endswith(" LAST")
        if self.rcpts:
            self.step("final dot", "", lambda: self.take(content))
        else:
            self.reply("503 5.5.1 BDAT without RCPT")

    def take(self, content: bytes) -> None:
        assert self.mail is not None
        self.server.take(Taken(self.link.number, self.mail, tuple(self.rcpts), content))
        self.mail, self.rcpts = None, []
        self.reply(f"250 2.0.0 taken as {len(self.server.taken)}")

    def do_rset(self, _: str) -> None:
        self.mail, self.rcpts = None, []
        self.reply("250 2.0.0 reset")

    def do_noop(self, _: str) -> None:
        self.reply("250 2.0.0 ok")

    def do_quit(self, _: str) -> None:
        self.reply("221 2.0.0 bye")
        self.flush()
        self.link.finish()


Trouble = c.Callable[[Conversation, str, str], "str | c.Callable[[Link], object] | None"]


class FaultyServer:
    """An SMTP server on loopback.

    :param offers: what it offers beside TLS and AUTH.
    :param context: for TLS; without it there is none.
    :param implicit: TLS from the first octet, instead of STARTTLS.
    :param mechanisms: what may follow AUTH.
    :param accounts: passwords or tokens by user name.
    :param trouble: given conversation, stage and argument; returns a reply, something to do to the link, or nothing.
    :param patient: whether to hold back replies and listen further.
    """

    def __init__(
        self,
        *offers: str,
        context: ssl.SSLContext | None = None,
        implicit: bool = False,
        mechanisms: str = "",
        accounts: c.Mapping[str, str] | None = None,
        trouble: Trouble | None = None,
        patient: c.Callable[[Conversation], bool] = lambda conversation: False,
    ) -> None:
        self.offers = offers
        self.context = context
        self.implicit = implicit
        self.mechanisms = mechanisms
        self.accounts = {} if accounts is None else accounts
        self.trouble = trouble
        self.patient = patient
        self.raw = bytearray()
        """Every octet received, as it came over the wire."""
        self.plain = bytearray()
        """The same after TLS; what belongs to the handshake is not in it."""
        self.lines: list[tuple[int, str]] = []
        """Every command line, with the number of its connection."""
        self.smuggled = b""
        """What came after DATA without waiting for its reply."""
        self.taken: list[Taken] = []
        self.attempts: list[str] = []
        """The mechanisms with which a login was tried."""
        self.logins: list[str] = []
        """Who has logged in."""
        self.turns: list[str] = []
        """Each time it has answered after listening: the last of the steps it answered."""
        self.connections = 0
        self.open = 0
        self._changed = threading.Condition()
        self.stopping = threading.Event()
        self._listener = socket.create_server((HOST, 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # what it has not read, it does not have
        self.host = HOST
        self.port: int = self._listener.getsockname()[1]
        self.links: list[Link] = []
        """All connections, in the order in which they came."""
        self._threads: list[threading.Thread] = []

    @property
    def config(self) -> dict[str, t.Any]:
        return {"MAIL_SERVER": self.host, "MAIL_PORT": self.port}

    @property
    def verbs(self) -> list[str]:
        return [line.partition(" ")[0] for _, line in self.lines]

    def heard(self, number: int, line: str) -> None:
        with self._changed:
            self.lines.append((number, line))
            self._changed.notify_all()

    def wrote(self, last: str) -> None:
        with self._changed:
            self.turns.append(last)

    def take(self, taken: Taken) -> None:
        with self._changed:
            self.taken.append(taken)
            self._changed.notify_all()

    def wait_for(self, condition: c.Callable[[], bool], timeout: float = 10) -> None:
        """Return once *condition* holds; it is asked again whenever the server hears something."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout), f"not within {timeout} s: {self.lines}"

    def __enter__(self) -> t.Self:
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with socket.create_connection((self.host, self.port)):  # wakes the thread that accepts
            self._threads[0].join()
        self._listener.close()
        for link in self.links:
            with contextlib.suppress(OSError):
                link.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.stopping.is_set():
                sock.close()
                return
            with self._changed:
                self.connections += 1
                self.open += 1
                self._changed.notify_all()
            self.links.append(Link(self, sock, self.connections))
            self._threads.append(threading.Thread(target=self._serve, args=(self.links[-1],), daemon=True))
            self._threads[-1].start()

    def _serve(self, link: Link) -> None:
        try:
            with contextlib.suppress(Gone), contextlib.closing(link.sock):
                Conversation(self, link).run()
        finally:
            with self._changed:
                self.open -= 1
                self._changed.notify_all()
