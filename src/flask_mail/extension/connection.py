"""One conversation with the server, as Flask-Mail's users know it."""

from __future__ import annotations

import contextlib
import functools
import smtplib
import types
import typing as t

from flask import Flask

from ..delivery import deliver
from ..delivery import opened
from ..delivery import refusal
from ..errors import delivery_error
from ..errors import DeliveryError
from ..errors import MailError
from ..legacy import legacy_sendmail_arguments
from ..message import Message
from ..signals import email_dispatched
from ..signals import email_failed
from ..submission import Receipt
from ..submission import Submission
from ..transports.base import Session
from ..transports.base import Transport
from ..transports.sendmail import SendmailSession
from ..transports.sendmail import SessionHost
from ..transports.sendmail import stand_in
from ..transports.smtp import SMTPTransport
from .capture import Capture
from .capture import capturing
from .foreign import Foreign
from .overridden import composed


class InForce(t.Protocol):
    """What sending asks of the settings in force, beside what composing reads."""

    max_emails: int | None
    rate_limit: tuple[int, float] | None

    def find_app(self) -> Flask | None: ...
    def suppressed_now(self) -> bool: ...
    def get_transport(self) -> Transport: ...
    def open_kept(self, transport: Transport | None = None) -> Session: ...


class Connection:
    """Sends messages over one conversation with the server; used in a ``with`` block.

    :param mail: the settings in force, ``app.extensions["mail"]``; or a :class:`Mail`, or an object with Flask-Mail's
        attributes.
    :param kept: take a connection that is kept open; see ``MAIL_POOL_SIZE``.
    """

    def __init__(self, mail: t.Any, *, kept: bool = False) -> None:
        self.mail: t.Any = mail
        """The settings in force, as they were given."""
        self.kept = kept
        """Take a connection that is kept open, and keep it open afterwards."""
        self.host: t.Any = None
        """What sends: an ``smtplib.SMTP``, or what has its ``sendmail`` and ``quit``; ``None`` while suppressed."""
        self.num_emails: int = 0
        """How many messages this connection has carried; starts again when ``MAIL_MAX_EMAILS`` is reached."""
        self._session: Session | None = None
        self._shown: t.Any = None
        self._capture: Capture | None = None
        self._entered = False
        self._new = False
        """Whether the session was opened a moment ago, for the message that is sent now."""

    def __enter__(self) -> t.Self:
        self.num_emails = 0
        self._entered = True
        self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: types.TracebackType | None,
    ) -> None:
        self._entered = False
        self._close()

    def configure_host(self) -> t.Any:
        """Open the transport.

        :returns: what becomes :attr:`host`.
        :raises DeliveryError: the server cannot be reached, trusted or logged in to.
        """
        self._capture = capturing()
        rules = self.rules
        transport = rules.get_transport()
        if isinstance(transport, SMTPTransport) and (host := stand_in(transport.endpoint)) is not None:
            return host
        self._session = opened(functools.partial(rules.open_kept, transport) if self.kept else transport.open, rules)
        self._shown = getattr(self._session, "host", None) or SessionHost(self._session)
        return self._shown

    def send(self, message: Message, envelope_from: str | tuple[str, str] | None = None) -> Receipt:
        """Compose and send *message*.

        :param envelope_from: the reverse-path, where it is not the sender.
        :returns: who was accepted and who was refused.
        :raises AssertionError: there is no sender, or no recipient.
        :raises BadHeaderError: a field holds a line break or another control character.
        :raises DeliveryError: the server took the message for nobody; see :mod:`flask_mail.errors`.
        """
        return self.send_composed(message, composed(message, self.rules, envelope_from), envelope_from)

    def send_message(self, *args: t.Any, **kwargs: t.Any) -> Receipt:
        """Make a :class:`Message` of the arguments and send it."""
        return self.send(Message(*args, **kwargs))

    @property
    def rules(self) -> InForce:
        """The settings in force, whatever :attr:`mail` is."""
        if hasattr(self.mail, "in_force"):
            return t.cast(InForce, self.mail.in_force())
        return Foreign(self.mail)

    def send_composed(
        self, message: Message, submission: Submission, envelope_from: str | tuple[str, str] | None = None
    ) -> Receipt:
        """Send what was composed of *message*; see :meth:`send`."""
        rules = self.rules
        try:
            session = self._session_for(message, envelope_from)
            if session is None:
                receipt = Receipt(submission.message_id, suppressed=True)
            else:
                receipt = deliver(submission, session, rules)
        except DeliveryError as error:
            tell_failure(rules, message, submission.envelope.recipients, error)
            raise
        finally:
            if not self._entered:
                self._close()
        tell(rules, message, receipt)
        self._count(rules.max_emails)
        return receipt

    def _session_for(self, message: Message, envelope_from: t.Any) -> Session | None:
        if self._session is not None and self.host is self._shown and not self._usable():
            self._close()
        if self.host is None:
            self._open()
        if self.host is None:
            return None
        if self.host is self._shown and "sendmail" not in getattr(self.host, "__dict__", ()):
            return self._session
        return SendmailSession(self.host, legacy_sendmail_arguments(message, self.rules, envelope_from))

    def _usable(self) -> bool:
        """Whether the session was not lost with an earlier message, nor opened before a capture began or ended."""
        new, self._new = self._new, False
        if new and self.kept:
            return self._capture is capturing()
        return getattr(self._session, "alive", True) and self._capture is capturing()

    def _count(self, most: int | None) -> None:
        self.num_emails += 1
        if self.num_emails == most:
            self.num_emails = 0
            if self._entered:
                self._close()  # the next message opens again

    def _open(self) -> None:
        self.host = None if self.rules.suppressed_now() else self.configure_host()
        self._new = True

    def _close(self) -> None:
        host, session = self.host, self._session
        self.host = self._session = None
        if session is not None:
            session.close()
        if host is not None and host is not self._shown:
            with contextlib.suppress(Exception):  # the mail is out: nothing said at parting can change that
                host.quit()


def tell(state: InForce, message: Message, receipt: Receipt) -> None:
    """Tell the receivers of the signals what became of *message*."""
    if receipt.refused:
        refusals = {who: (reply.code, reply.raw) for who, reply in receipt.refused.items()}
        reply = next(iter(receipt.refused.values()))
        error = delivery_error(
            smtplib.SMTPRecipientsRefused(refusals),
            stage="rcpt",
            transient=all(refusal(r, state).transient for r in receipt.refused.values()),
            reply=reply,
        )
        tell_failure(state, message, tuple(receipt.refused), error)
    if email_dispatched.receivers:
        email_dispatched.send(state.find_app(), message=message)


def tell_failure(state: InForce, message: Message, recipients: tuple[str, ...], error: MailError) -> None:
    """Tell the receivers of ``email_failed`` who did not get *message*."""
    told = {"message_id": _message_id(message), "recipients": recipients, "error": error}
    email_failed.send(state.find_app(), message=message, **told)


def _message_id(message: Message) -> str | None:
    """The Message-ID of *message*; ``None`` where it has none because it cannot be composed."""
    try:
        return message.msgId
    except Exception:
        return None
