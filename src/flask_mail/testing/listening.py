"""The event loop of the SMTP server for tests. Imported only where aiosmtpd is installed."""

from __future__ import annotations

import asyncio
import collections.abc as c
import concurrent.futures
import contextlib
import logging
import socket
import ssl
import sys
import typing as t

from aiosmtpd.smtp import AuthResult
from aiosmtpd.smtp import LoginPassword
from aiosmtpd.smtp import SMTP

from ..submission import Envelope
from .captured import CapturedMessage

HOST: t.Final = "127.0.0.1"
TURNS: t.Final = 5
"""Of the event loop, in which what was just accepted, or is amid a handshake, comes to be seen and ends."""

logging.getLogger("mail.log").addFilter(lambda record: "login_data is deprecated" not in str(record.msg))  # of its own


class Post:
    """Takes mail and hands it on.

    :param keep: is given each mail, before the sender hears that it was taken.
    :param security: ``"starttls"``, ``"implicit"`` or ``None``.
    :param context: what it shows when it speaks TLS.
    :param login: the name and password that it asks for.
    """

    def __init__(
        self,
        keep: c.Callable[[CapturedMessage], object],
        security: str | None,
        context: ssl.SSLContext | None,
        login: tuple[str, str] | None,
    ) -> None:
        self._keep = keep
        self._login = login
        self._implicit = context if security == "implicit" else None
        self._options: dict[str, t.Any] = {
            "tls_context": context if security == "starttls" else None,
            "require_starttls": security == "starttls",
            "auth_require_tls": security == "starttls",  # what is TLS from its start it cannot see
            "auth_exclude_mechanism": () if login else ("LOGIN", "PLAIN"),
            "authenticator": self._authenticate,
            "enable_SMTPUTF8": True,
            "hostname": "smtp_server.test",
        }

    async def serve(self, started: concurrent.futures.Future[int]) -> None:
        """Listen until :meth:`stop`.

        :param started: gets the port.
        """
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        try:
            listener = socket.create_server((HOST, 0))
            server = await self._loop.create_server(self._conversation, sock=listener, ssl=self._implicit)
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(listener.getsockname()[1])
        await self._closing.wait()
        with contextlib.suppress(NotImplementedError):  # of Windows
            self._loop.remove_reader(listener)
        for _ in range(TURNS):
            await asyncio.sleep(0)
            self._hang_up(server)
        server.close()
        await asyncio.sleep(0)

    def _hang_up(self, server: asyncio.Server) -> None:
        if sys.version_info >= (3, 13):
            server.abort_clients()
        else:  # no public name tells of those whose handshake is not done
            transports: t.Any = getattr(self._loop, "_transports", {})
            for transport in list(transports.values()):
                transport.abort()

    def stop(self) -> None:
        """Hang up and stop listening; from any thread."""
        self._loop.call_soon_threadsafe(self._closing.set)

    def _conversation(self) -> SMTP:
        return SMTP(self, loop=self._loop, **self._options)

    def _authenticate(self, _server: SMTP, _session: t.Any, _envelope: t.Any, _kind: str, data: t.Any) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == self._login
        return AuthResult(success=known, handled=False, auth_data=data)

    # What aiosmtpd calls by name

    async def handle_EHLO(
        self, server: SMTP, session: t.Any, envelope: t.Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [line for line in responses if self._login or not line.startswith("250-AUTH")]

    async def handle_MAIL(
        self, server: SMTP, session: t.Any, envelope: t.Any, address: str, mail_options: list[str]
    ) -> str:
        if self._login is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"  # RFC 4954 §6
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: t.Any, envelope: t.Any, address: str, rcpt_options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: t.Any, envelope: t.Any) -> str:
        sender = "" if envelope.mail_from in ("<>", None) else str(envelope.mail_from)
        taken = Envelope(sender, tuple(envelope.rcpt_tos), tuple(envelope.mail_options), tuple(envelope.rcpt_options))
        self._keep(CapturedMessage(taken, t.cast(bytes, envelope.content)))
        return "250 2.0.0 OK"
