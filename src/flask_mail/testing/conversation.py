"""A transport whose server is a few lines of Python: what leaves the process otherwise, stays here.

The conversation is the one that :mod:`flask_mail.transports.dialogue` has with any server, so receipts and errors are
those of SMTP, whatever transport the application uses.
"""

from __future__ import annotations

import collections.abc as c
import smtplib
import time
import typing as t

from ..submission import Receipt
from ..submission import Reply
from ..submission import Submission
from ..transports.base import Transport
from ..transports.dialogue import Line
from ..transports.dialogue import READ
from ..transports.failures import failure
from ..transports.job import Job
from ..transports.lost import SMTPTimeoutError
from ..transports.offer import Offer
from ..transports.timeouts import Timeouts
from .faults import CONNECTING
from .faults import Fault
from .faults import MailFaults

Keep = c.Callable[[Submission, Receipt | None, Exception | None], object]
"""Is told what became of each submission."""

_OFFER = Offer(eightbit=True, smtputf8=True, dsn=True)  # with nothing more, each command waits for its reply
_REPLIES = {
    "mail": Reply(250, b"2.1.0 OK"),
    "rcpt": Reply(250, b"2.1.5 OK"),
    "data": Reply(354, b"End data with <CR><LF>.<CR><LF>"),
    "end-of-data": Reply(250, b"2.0.0 OK: captured"),
    "reset": Reply(250, b"2.0.0 OK"),
}
_ERRORS: dict[str, type[smtplib.SMTPResponseException]] = {
    "greeting": smtplib.SMTPConnectError,
    "ehlo": smtplib.SMTPHeloError,
    "auth": smtplib.SMTPAuthenticationError,
}
_VERBS = {b"MAIL": "mail", b"RCPT": "rcpt", b"DATA": "data", b"RSET": "reset"}


class CapturedTransport(Transport):
    """Opens sessions that keep what is sent.

    :param faults: what is to go wrong.
    :param keep: is told what became of each submission, where somebody wants to know.
    :param state: the settings in force: server and port for errors, and the timeouts.
    """

    def __init__(self, faults: MailFaults, keep: Keep | None = None, state: t.Any = None) -> None:
        self.faults = faults
        self.keep: Keep = keep or _forget
        self.host: str | None = getattr(state, "server", None)
        self.port: int | None = getattr(state, "port", None)
        self._limits = _limits(getattr(state, "timeout", None))

    def open(self) -> CapturedSession:
        """Begin a conversation.

        :raises DeliveryError: a fault says so.
        """
        faults = self.faults.take(None)
        for stage in CONNECTING:
            try:
                answer = self.answer(stage, [fault for fault in faults if fault.stage == stage])
                if answer is not None:
                    raise _ERRORS[stage](answer.code, answer.raw)
            except OSError as error:
                raise failure(error, stage, self.host, self.port) from None
        return CapturedSession(self)

    def answer(self, stage: str, faults: list[Fault]) -> Reply | None:
        """What *faults* make of the reply at *stage*; ``None`` where they leave it as it is."""
        seconds = sum(fault.seconds for fault in faults)
        patience = self._limits.of(stage)
        time.sleep(min(seconds, patience))
        if seconds > patience:
            raise SMTPTimeoutError("the server did not answer in time")
        if any(fault.drops for fault in faults):
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        return next((fault.reply for fault in faults if fault.reply is not None), None)


class CapturedSession:
    """A conversation; one message after another."""

    def __init__(self, transport: CapturedTransport) -> None:
        self._transport = transport
        self._line = Line(_OFFER)
        self.alive: bool = True
        """Whether another submission can be sent."""

    def send(self, submission: Submission, /) -> Receipt:
        """Keep *submission*, or fail as a fault says."""
        job = Job(submission, self._transport.host, self._transport.port)
        try:
            self._converse(job)
        except (OSError, ValueError) as error:
            self.alive = False
            job.fail(error)
        self._line.finished.clear()
        try:
            receipt = job.outcome()
        except Exception as error:
            self._transport.keep(submission, None, error)
            raise
        self._transport.keep(submission, receipt, None)
        return receipt

    def close(self) -> None:
        """End the conversation."""
        self.alive = False

    def _converse(self, job: Job) -> None:
        if not self.alive:
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        faults = self._transport.faults.take(job.submission.envelope)
        waiting = iter((job,))
        conversation = self._line.converse(lambda: next(waiting, None))
        heard = b""
        answer: Reply | None = None
        try:
            while True:
                step = conversation.send(answer)
                answer = None
                if step is READ:
                    answer = self._replied(heard, faults)
                else:
                    heard = b"" if job.in_content else step
        except StopIteration:
            return

    def _replied(self, command: bytes, faults: list[Fault]) -> Reply:
        """The reply to *command*, or to the content where there is none."""
        stage = _VERBS[command[:4]] if command else "end-of-data"
        here = [fault for fault in faults if fault.stage == stage and _is_for(command, fault)]
        reply = self._transport.answer(stage, here) or _REPLIES[stage]
        self.alive = self.alive and reply.code != 421  # RFC 5321 §3.8
        return reply


def _forget(submission: Submission, receipt: Receipt | None, error: Exception | None) -> None:
    pass


def _limits(timeout: float | c.Mapping[str, float] | None) -> Timeouts:
    if isinstance(timeout, c.Mapping):
        return Timeouts(timeout.get("default", Timeouts().step), timeout)
    return Timeouts() if timeout is None else Timeouts(timeout)


def _is_for(command: bytes, fault: Fault) -> bool:
    if fault.recipient is None or not command.startswith(b"RCPT"):
        return True
    return f"<{fault.recipient.lower()}>".encode() in command.lower()
