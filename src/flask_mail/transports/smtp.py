"""Mail over SMTP (RFC 5321)."""

from __future__ import annotations

import collections.abc as c
import smtplib
import typing as t

from ..submission import Receipt
from ..submission import Reply
from ..submission import Submission
from .base import Transport
from .connect import Account
from .connect import connect
from .connect import Endpoint
from .connect import Trust
from .failures import refused
from .failures import Stages
from .wire import Client
from .wire import dot_stuffed


class SMTPTransport(Transport):
    """Opens SMTP sessions with one server.

    :param endpoint: the server, and how to speak to it.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], /) -> t.Self:
        """Take server, TLS and account from the ``MAIL_*`` settings."""
        username, password = config["MAIL_USERNAME"], config["MAIL_PASSWORD"]
        return cls(
            Endpoint(
                host=config["MAIL_SERVER"],
                port=config["MAIL_PORT"],
                security="tls" if config["MAIL_USE_SSL"] else "starttls" if config["MAIL_USE_TLS"] else "plain",
                account=Account(username, password) if username and password else None,
                trust=Trust(verify=config["MAIL_TLS_VERIFY"], ca=config["MAIL_TLS_CA"]),
                timeout=config["MAIL_TIMEOUT"],
                cleartext_auth=config["MAIL_ALLOW_CLEARTEXT_AUTH"],
                log=bool(config["MAIL_DEBUG"]),
            )
        )

    def open(self) -> SMTPSession:
        """Connect, secure the connection and log in.

        :raises DeliveryError: with the stage at which it failed.
        """
        return SMTPSession(connect(self.endpoint), self.endpoint)

    def __repr__(self) -> str:
        return f"<SMTPTransport {self.endpoint}>"


class SMTPSession:
    """An SMTP conversation; one transaction after another (RFC 5321 §3.3)."""

    def __init__(self, client: Client, endpoint: Endpoint) -> None:
        self.host = client
        """The ``smtplib.SMTP`` underneath."""
        self._endpoint = endpoint

    @property
    def alive(self) -> bool:
        """Whether another submission can be sent."""
        return self.host.alive

    def close(self) -> None:
        """Say QUIT and close; never raises."""
        self.host.leave()

    def send(self, submission: Submission, /) -> Receipt:
        """Run one transaction.

        :returns: the receipt, which names those refused while others were accepted.
        :raises DeliveryError: the server took the mail for nobody; also an instance of the class that smtplib raises.
        """
        at = Stages(self._endpoint.host, self._endpoint.port)
        try:
            with at("mail"):
                self._mail(submission)
            accepted, refusals = self._recipients(submission, at)
            with at("rcpt"):
                if not accepted:
                    raise smtplib.SMTPRecipientsRefused({who: (r.code, r.raw) for who, r in refusals.items()})
            with at("data"):
                reply = self.host.command("DATA")
                if reply.code != 354:
                    raise smtplib.SMTPDataError(reply.code, reply.raw)
            with at("end-of-data"):
                self._content(submission)
                reply = self.host.read_reply()
                if reply.code != 250:
                    raise smtplib.SMTPDataError(reply.code, reply.raw)
        except BaseException:
            self._reset()
            raise
        return Receipt(submission.message_id, tuple(accepted), refusals, reply)

    def _mail(self, submission: Submission) -> None:
        options = list(submission.envelope.mail_options)
        if self.host.has_extn("size"):
            options.insert(0, f"SIZE={submission.content.size}")
        if any(option.upper() == "SMTPUTF8" for option in options) and not self.host.has_extn("smtputf8"):
            raise smtplib.SMTPNotSupportedError(
                "An address of this message has non-ASCII characters before its @, and the server does not offer "
                "SMTPUTF8. Such an address can only be reached through a server that does."
            )
        reply = self.host.command(" ".join([f"MAIL FROM:<{submission.envelope.sender}>", *options]))
        if reply.code != 250:
            raise smtplib.SMTPSenderRefused(reply.code, reply.raw, submission.envelope.sender)

    def _recipients(self, submission: Submission, at: Stages) -> tuple[list[str], dict[str, Reply]]:
        accepted: list[str] = []
        refusals: dict[str, Reply] = {}
        for recipient in submission.envelope.recipients:
            with at("rcpt"):
                reply = self.host.command(" ".join([f"RCPT TO:<{recipient}>", *submission.envelope.rcpt_options]))
                if reply.code == 421:
                    refused(smtplib.SMTPResponseException, reply)
            if reply.code in (250, 251):
                accepted.append(recipient)
            else:
                refusals[recipient] = reply
        return accepted, refusals

    def _content(self, submission: Submission) -> None:
        try:
            self.host.write_all(dot_stuffed(submission.content))
        except BaseException:
            self.host.close()  # content cannot be taken back but by hanging up before the dot
            raise
        self.host.trace(">>> (%s octets of content)", submission.content.size)

    def _reset(self) -> None:
        """Leave the transaction; whatever fails here must not hide why."""
        if self.host.alive:
            try:
                self.host.command("RSET")
            except OSError:
                self.host.close()
