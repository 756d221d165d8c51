"""Mail over SMTP (RFC 5321)."""

from __future__ import annotations

import collections.abc as c
import functools
import importlib
import smtplib
import typing as t

from ..errors import ConfigError
from ..submission import Receipt
from ..submission import Submission
from .auth import Account
from .base import Transport
from .connect import connect
from .connect import Endpoint
from .dialogue import Line
from .dialogue import READ
from .job import Job
from .offer import Offer
from .timeouts import Timeouts
from .tls import Trust
from .wire import Client


class SMTPTransport(Transport):
    """Opens SMTP sessions with one server.

    :param endpoint: the server, and how to speak to it.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], /) -> t.Self:
        """Take server, TLS and account from the ``MAIL_*`` settings."""
        return cls(
            Endpoint(
                host=config["MAIL_SERVER"],
                port=config["MAIL_PORT"],
                security="tls" if config["MAIL_USE_SSL"] else "starttls" if config["MAIL_USE_TLS"] else "plain",
                account=_account(config),
                trust=Trust(
                    verify=config["MAIL_TLS_VERIFY"],
                    ca=config["MAIL_TLS_CA"],
                    cert=config["MAIL_TLS_CERT"],
                    key=config["MAIL_TLS_KEY"],
                    given=config["MAIL_TLS_CONTEXT"],
                ),
                timeouts=_timeouts(config["MAIL_TIMEOUT"], config["MAIL_DEADLINE"]),
                cleartext_auth=config["MAIL_ALLOW_CLEARTEXT_AUTH"],
                hostname=config["MAIL_LOCAL_HOSTNAME"],
                source=config["MAIL_SOURCE_ADDRESS"],
                proxy=config["MAIL_PROXY"],
                log=bool(config["MAIL_DEBUG"]),
            )
        )

    def open(self) -> SMTPSession:
        """Connect, secure the connection and log in.

        :raises DeliveryError: with the stage at which it failed.
        """
        return SMTPSession(connect(self.endpoint), self.endpoint)

    def open_once(self) -> SMTPSession:
        """The same for a single message: QUIT goes out together with its content, where the server takes groups."""
        return SMTPSession(connect(self.endpoint), self.endpoint, once=True)

    def __repr__(self) -> str:
        return f"<SMTPTransport {self.endpoint}>"


def _account(config: c.Mapping[str, t.Any]) -> Account | None:
    username, password, token = config["MAIL_USERNAME"], config["MAIL_PASSWORD"], config["MAIL_OAUTH2_TOKEN"]
    if not username:
        return None
    if isinstance(token, str):
        token = functools.partial(_call_by_path, token)
    return Account(username, password or "", token)


def _call_by_path(path: str) -> str:
    module, _, name = path.replace(":", ".").rpartition(".")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        raise ConfigError(
            "MAIL_OAUTH2_TOKEN has to be a function that returns a token, or the dotted path of one; what it is set to "
            "cannot be imported.",
            key="MAIL_OAUTH2_TOKEN",
        ) from None
    return t.cast(str, function())


def _timeouts(timeout: float | c.Mapping[str, float], total: float) -> Timeouts:
    if isinstance(timeout, c.Mapping):
        return Timeouts(timeout.get("default", Timeouts().step), timeout, total)
    return Timeouts(timeout, total=total)


class SMTPSession:
    """An SMTP conversation; one message after another (RFC 5321 §3.3)."""

    def __init__(self, client: Client, endpoint: Endpoint, *, once: bool = False) -> None:
        self.host = client
        """The ``smtplib.SMTP`` underneath."""
        self.endpoint = endpoint
        self.offer: Offer = Offer.of(client.esmtp_features, client.banner)
        """The server's extensions."""
        self.carried: int = 0
        """For whoever keeps it: how many messages it has carried."""
        self.kept: bool = False
        """Whether it was kept for a while, in which the server may have hung up."""
        self._once = once
        self._begin()

    def _begin(self) -> None:
        """Start without anything on the way; what is logged passes through here."""
        self.line: Line = Line(self.offer, arrived=None if self.host.log else self.host.replies.arrived)
        """Its conversation, which outlives a message: one that was refused leaves something to reset."""
        self.line.parting = self._once

    @property
    def alive(self) -> bool:
        """Whether another submission can be sent: the connection stands, and the server has not hung up meanwhile."""
        return not self.line.parted and self.host.quiet

    def close(self) -> None:
        """Say QUIT and close; never raises."""
        if self.line.parted:
            self.host.close()
        else:
            self.host.leave()

    def send(self, submission: Submission, /) -> Receipt:
        """Send one message, in as many transactions as its recipients take.

        :returns: the receipt, which names those refused while others were accepted.
        :raises DeliveryError: the server took the mail for nobody; also an instance of the class that smtplib raises.
        """
        job = Job(submission, self.endpoint.host, self.endpoint.port)
        self.host.begin()
        waiting = iter((job,))
        try:
            if self.host.unread:  # its next reply would be taken for the answer to something else
                raise smtplib.SMTPServerDisconnected("the server said more than it was asked")
            self._drive(job, self.line.converse(lambda: next(waiting, None)))
        except (OSError, ValueError) as error:
            self._broken(job, error)
        except BaseException:
            self.host.close()
            self._begin()
            raise
        self.line.finished.clear()
        self.host.rest()
        return job.outcome()

    def _drive(self, job: Job, conversation: c.Generator[t.Any, t.Any, None]) -> None:
        client, timeouts = self.host, self.endpoint.timeouts
        answer = None
        try:
            while True:
                step = conversation.send(answer)
                answer = None
                if step is READ:
                    client.limit = timeouts.of(job.stage)
                    answer = client.read_reply()
                else:
                    client.put(step, content=job.in_content)
                    if not self.line.parted:
                        job.end = client.given
        except StopIteration:
            client.flush()

    def _broken(self, job: Job, error: Exception) -> None:
        """The connection, or the content on its way, failed."""
        self.host.close()  # content cannot be taken back but by hanging up before the dot
        job.cut(self.host.gone)
        reply = None if isinstance(error, smtplib.SMTPResponseException) else self.host.heard()
        if reply is not None and not reply.positive and job.stage in ("mail", "end-of-data"):
            job.mail_replied(reply) if job.stage == "mail" else job.content_replied(reply)
        job.fail(error)
        self._begin()
