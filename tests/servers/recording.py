"""An SMTP server that takes every message and keeps it."""

from __future__ import annotations

import asyncio
import collections.abc as c
import dataclasses as d
import email
import email.policy
import logging
import socket
import ssl
import threading
import typing as t
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from aiosmtpd.smtp import LoginPassword
from aiosmtpd.smtp import SMTP

HOST = "127.0.0.1"
USERNAME = "postmaster"
PASSWORD = "correct horse battery staple"

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd's own, which tells of every line


@d.dataclass(frozen=True, slots=True)
class Delivery:
    """One message as the server took it."""

    sender: str
    """The reverse-path; empty for the null reverse-path."""
    recipients: tuple[str, ...]
    mail_options: tuple[str, ...]
    rcpt_options: tuple[str, ...]
    content: bytes
    """The octets between DATA and the final dot, dots unstuffed."""
    tls: bool
    login: str | None
    helo: str

    @property
    def message(self) -> EmailMessage:
        """The content, parsed by the standard library."""
        return t.cast(EmailMessage, email.message_from_bytes(self.content, policy=email.policy.default))


class _Conversation(SMTP):
    """aiosmtpd's SMTP, which also writes down every command and obeys :attr:`Server.replies`."""

    def __init__(self, server: Server, **options: t.Any) -> None:
        super().__init__(server, **options)
        self._server = server
        if not options.get("tls_context"):
            # Either all of it is TLS, which aiosmtpd cannot know, or the test wants a login in the clear.
            self._auth_require_tls = False

    def connection_made(self, transport: t.Any) -> None:
        if self._original_transport is None:
            self._server._opened(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._server._closed(self)

    async def _unless_told(self, verb: str, method: c.Callable[..., t.Any], arg: str | None) -> None:
        self._server._heard(verb, arg)
        reply = self._server.replies.get(verb)
        if reply is None:
            await method(arg)
        else:
            await self.push(reply)
            if reply.startswith("421") and self.transport is not None:  # RFC 5321 §3.8
                self.transport.close()

    async def smtp_EHLO(self, arg: str | None) -> None:
        await self._unless_told("EHLO", super().smtp_EHLO, arg)

    async def smtp_HELO(self, arg: str | None) -> None:
        await self._unless_told("HELO", super().smtp_HELO, arg)

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        await self._unless_told("STARTTLS", super().smtp_STARTTLS, arg)

    async def smtp_AUTH(self, arg: str | None) -> None:
        await self._unless_told("AUTH", super().smtp_AUTH, arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        await self._unless_told("MAIL", super().smtp_MAIL, arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        await self._unless_told("RCPT", super().smtp_RCPT, arg)

    async def smtp_DATA(self, arg: str | None) -> None:
        await self._unless_told("DATA", super().smtp_DATA, arg)

    async def smtp_RSET(self, arg: str | None) -> None:
        await self._unless_told("RSET", super().smtp_RSET, arg)

    async def smtp_NOOP(self, arg: str | None) -> None:
        await self._unless_told("NOOP", super().smtp_NOOP, arg)

    async def smtp_QUIT(self, arg: str | None) -> None:
        await self._unless_told("QUIT", super().smtp_QUIT, arg)

    def _getparams(self, params: c.Sequence[str]) -> dict[str, str | bool] | None:
        """Without those of RFC 3461, which aiosmtpd would refuse: this server offers DSN."""
        known = ("NOTIFY=", "ORCPT=", "RET=", "ENVID=")
        return super()._getparams([param for param in params if not param.startswith(known)])


class _Loopback(Controller):
    """aiosmtpd's controller on a socket that is bound already: the port is free, and known before the start."""

    def __init__(self, server: Server, **options: t.Any) -> None:
        super().__init__(server, hostname=HOST, port=0, ssl_context=options.pop("ssl_context"), **options)
        self._socket = socket.create_server((HOST, 0))
        self.port = self._socket.getsockname()[1]

    def factory(self) -> SMTP:
        return _Conversation(self.handler, loop=self.loop, **self.SMTP_kwargs)

    def _create_server(self) -> t.Any:
        return self.loop.create_server(self._factory_invoker, sock=self._socket, ssl=self.ssl_context)

    def _trigger_server(self) -> None:
        """Nothing but make the conversation that shows errors in its options; no connection is counted."""
        self._factory_invoker()


class Server:
    """A real SMTP server on loopback that takes every message and keeps it.

    :param tls: ``"starttls"``, ``"implicit"`` or ``None``.
    :param context: what the server shows when it speaks TLS.
    :param auth: whether it wants a login before MAIL.
    :param username: the one name that may log in; ``None`` offers no AUTH at all.
    :param options: anything else aiosmtpd's ``SMTP`` takes, e.g. ``enable_SMTPUTF8=False``.
    """

    def __init__(
        self,
        *,
        tls: t.Literal["starttls", "implicit"] | None = None,
        context: ssl.SSLContext | None = None,
        auth: bool = False,
        username: str | None = USERNAME,
        password: str = PASSWORD,
        **options: t.Any,
    ) -> None:
        self.tls = tls
        self.auth = auth
        self.username = username
        self.password = password
        self.deliveries: list[Delivery] = []
        self.commands: list[tuple[str, str]] = []
        """Every command and its argument, in the order they came."""
        self.connections = 0
        """How many connections were opened so far."""
        self.logins: list[str] = []
        """Every name a login was tried with."""
        self.replies: dict[str, str] = {}
        """What to answer to a verb instead of obeying it; ``"."`` is the end of the data. A 421 also closes."""
        self.refused: dict[str, str] = {}
        """What to answer to RCPT for an address."""
        self._changed = threading.Condition()
        self._conversations: list[_Conversation] = []
        self._controller = _Loopback(
            self,
            ssl_context=context if tls == "implicit" else None,
            tls_context=context if tls == "starttls" else None,
            auth_required=auth,
            authenticator=self._authenticate,
            auth_exclude_mechanism=() if username else ("LOGIN", "PLAIN"),
            **{"server_hostname": "mail.test", **options},
        )
        self.host = HOST
        self.port: int = self._controller.port

    @property
    def config(self) -> dict[str, t.Any]:
        """The settings of Flask-Mail that lead here."""
        return {
            "MAIL_SERVER": self.host,
            "MAIL_PORT": self.port,
            "MAIL_USE_TLS": self.tls == "starttls",
            "MAIL_USE_SSL": self.tls == "implicit",
            **({"MAIL_USERNAME": self.username, "MAIL_PASSWORD": self.password} if self.auth else {}),
        }

    @property
    def verbs(self) -> list[str]:
        """The commands without their arguments."""
        with self._changed:
            return [verb for verb, _ in self.commands]

    @property
    def open_connections(self) -> int:
        with self._changed:
            return len(self._conversations)

    def wait(self, n: int = 1, timeout: float = 5) -> list[Delivery]:
        """The first *n* deliveries, as soon as there are so many.

        :param timeout: seconds.
        :raises AssertionError: there were fewer by then.
        """
        self.wait_for(lambda: len(self.deliveries) >= n, timeout)
        return self.deliveries[:n]

    def wait_for(self, condition: c.Callable[[], bool], timeout: float = 5) -> None:
        """Return once *condition* holds; it is asked again whenever the server hears something."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout), (
                f"not within {timeout} s; {len(self.deliveries)} deliveries, commands: {self.commands}"
            )

    def start(self) -> t.Self:
        self._controller.start()
        return self

    def stop(self) -> None:
        """Close every connection, then the server, then its thread."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._controller.loop).result(5)
        self._controller.stop()

    def __enter__(self) -> t.Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _hang_up(self) -> None:
        for _ in range(5):  # what was just accepted, or is in a handshake, takes a few turns to end
            for transport in list(self._controller.loop._transports.values()):
                transport.abort()
            await asyncio.sleep(0)
        for conversation in list(self._conversations):
            self._closed(conversation)  # asyncio tells nobody when a handshake after STARTTLS has failed

    def _opened(self, conversation: _Conversation) -> None:
        with self._changed:
            self.connections += 1
            self._conversations.append(conversation)
            self._changed.notify_all()

    def _closed(self, conversation: _Conversation) -> None:
        with self._changed:
            if conversation in self._conversations:
                self._conversations.remove(conversation)
            self._changed.notify_all()

    def _heard(self, verb: str, arg: str | None) -> None:
        with self._changed:
            self.commands.append((verb, arg or ""))
            self._changed.notify_all()

    def _authenticate(self, _server: SMTP, _session: t.Any, _envelope: t.Any, _kind: str, data: t.Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        login, password = data.login.decode(), data.password.decode()
        self.logins.append(login)
        return AuthResult(success=(login, password) == (self.username, self.password), handled=False, auth_data=data)

    # What aiosmtpd calls by name

    async def handle_EHLO(
        self, server: SMTP, session: t.Any, envelope: t.Any, name: str, lines: list[str]
    ) -> list[str]:
        session.host_name = name
        offered = [line for line in lines if self.username or not line.startswith("250-AUTH")]
        return [*offered[:-1], "250-DSN", offered[-1]]

    async def handle_RCPT(
        self, server: SMTP, session: t.Any, envelope: t.Any, address: str, rcpt_options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: t.Any, envelope: t.Any) -> str:
        if "." in self.replies:
            return self.replies["."]
        delivery = Delivery(
            sender="" if envelope.mail_from == "<>" else envelope.mail_from,
            recipients=tuple(envelope.rcpt_tos),
            mail_options=tuple(envelope.mail_options),
            rcpt_options=tuple(envelope.rcpt_options),
            content=envelope.content,
            tls=server.transport is not None and server.transport.get_extra_info("ssl_object") is not None,
            login=session.auth_data.login.decode() if session.auth_data else None,
            helo=session.host_name,
        )
        with self._changed:
            self.deliveries.append(delivery)
            number = len(self.deliveries)
            self._changed.notify_all()
        return f"250 2.0.0 OK: queued as {number}"
