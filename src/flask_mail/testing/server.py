"""A real SMTP server on loopback, for tests that want to see it all: sockets, TLS, a login."""

from __future__ import annotations

import asyncio
import concurrent.futures
import ssl
import tempfile
import threading
import typing as t

from ..errors import MissingExtraError
from .captured import CapturedMessage

HOST: t.Final = "127.0.0.1"
PATIENCE: t.Final = 10.0
"""Seconds for the server to start or to stop."""

Security = t.Literal["starttls", "implicit"]


class SMTPServer:
    """An SMTP server that keeps what it gets; it starts when :attr:`config` or :attr:`port` is first asked for.

    Used in a ``with`` block, or as the pytest fixture ``smtp_server``. What :meth:`tls` and :meth:`auth` ask for is to
    be said before it starts.
    """

    def __init__(self) -> None:
        self.messages: list[CapturedMessage] = []
        """What it has taken, oldest first. A mail stands here before the sender hears that it was taken."""
        self.host: str = HOST
        self._security: Security | None = None
        self._login: tuple[str, str] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    def tls(self, security: Security = "starttls") -> t.Self:
        """Take mail over TLS only, with a certificate of its own that :attr:`config` trusts.

        :param security: ``"starttls"`` as on port 587, or ``"implicit"`` as on port 465.
        """
        if security not in t.get_args(Security):
            raise ValueError(f"tls: security is {security!r}, but it has to be 'starttls' or 'implicit'")
        self._must_not_run("tls()")
        self._security = security
        return self

    def auth(self, username: str = "postmaster", password: str = "correct horse battery staple") -> t.Self:  # noqa: S107
        """Take mail only after a login with these."""
        self._must_not_run("auth()")
        self._login = username, password
        return self

    @property
    def port(self) -> int:
        self.start()
        return self._port

    @property
    def config(self) -> dict[str, t.Any]:
        """The settings that lead here, for ``app.config.update(...)`` before ``init_app``. They also turn off what
        would keep mail away: suppression, a provider, a proxy."""
        username, password = self._login or (None, None)
        return {
            "MAIL_TRANSPORT": "smtp",
            "MAIL_SUPPRESS_SEND": False,
            "MAIL_PROVIDER": None,
            "MAIL_PROXY": None,
            "MAIL_OAUTH2_TOKEN": None,
            "MAIL_SERVER": self.host,
            "MAIL_PORT": self.port,
            "MAIL_USE_TLS": self._security == "starttls",
            "MAIL_USE_SSL": self._security == "implicit",
            "MAIL_TLS_CA": None if self._folder is None else f"{self._folder.name}/ca.pem",
            "MAIL_USERNAME": username,
            "MAIL_PASSWORD": password,
        }

    def start(self) -> None:
        """Listen, unless it does already.

        :raises MissingExtraError: a package of the extra ``testing`` is not installed.
        """
        if self._thread is not None:
            return
        try:
            from . import listening
        except ImportError:
            raise MissingExtraError("The SMTP server for tests", "testing") from None
        context = self._certified() if self._security is not None else None
        post = listening.Post(self.messages.append, self._security, context, self._login)
        started: concurrent.futures.Future[int] = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=asyncio.run, args=(post.serve(started),), name="smtp_server", daemon=True
        )
        self._thread.start()
        self._port = started.result(PATIENCE)
        self._stop = post.stop

    def stop(self) -> None:
        """Close all connections and stop."""
        if self._thread is not None:
            self._stop()
            self._thread.join(PATIENCE)
            self._thread = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _must_not_run(self, caller: str) -> None:
        if self._thread is not None:
            raise RuntimeError(f"smtp_server runs already: call {caller} before its config or port is read")

    def _certified(self) -> ssl.SSLContext:
        """What it shows, certified by an authority of its own."""
        try:
            import trustme
        except ImportError:
            raise MissingExtraError("The TLS of the SMTP server for tests", "testing") from None
        authority = trustme.CA()
        self._folder = tempfile.TemporaryDirectory(prefix="smtp_server-")
        authority.cert_pem.write_to_path(f"{self._folder.name}/ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        t.cast("t.Any", authority.issue_cert("localhost", HOST)).configure_cert(context)
        return context
