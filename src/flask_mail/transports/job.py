"""A submission on its way: what the server's replies make of it, and what a lost connection leaves of it. No socket."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import smtplib
import typing as t

from ..submission import Content
from ..submission import Envelope
from ..submission import Receipt
from ..submission import Reply
from ..submission import Submission
from .failures import failure
from .lost import in_order
from .offer import mail_options
from .offer import Offer
from .offer import rcpt_options


class Lease(t.Protocol):
    """How long something may be sent."""

    until: float
    """On the clock of ``time.monotonic``; may change."""
    closed: bool
    """Whether nothing more is to be begun; likewise."""


@d.dataclass(slots=True, eq=False)
class Job:
    """One submission on its way.

    :param submission: what is sent.
    :param host: the server's name, for errors.
    """

    submission: Submission
    host: str | None = None
    port: int | None = None
    tag: t.Any = None
    """Whatever the caller wants to find it by."""
    lease: Lease | None = None
    """When it is to be given up, for whoever bulk-sends what others may send too."""
    stage: str = "mail"
    """Where it stands; see :attr:`flask_mail.errors.MailError.stage`."""
    in_doubt: bool = False
    """Whether all content has been handed over and the reply to it has not come."""
    in_content: bool = False
    """Whether what is written now is content."""
    end: int = 0
    """For the driver: how many octets of the connection it is until all of it has gone that has begun to."""
    once: bool = False
    """Whether it ends with its first transaction, so that this can be written down before others are offered it."""
    losses: int = 0
    """For the driver: how many connections were lost with it."""
    done: bool = False
    accepted: tuple[str, ...] = ()
    refused: dict[str, Reply] = d.field(default_factory=dict[str, Reply])
    reply: Reply | None = None
    error: Exception | None = None
    """Why it went to nobody, or not to those of its last transaction."""
    _doubtful: tuple[str, ...] = d.field(default=(), init=False)
    _waiting: tuple[str, ...] = d.field(init=False)
    _batch: tuple[str, ...] = d.field(default=(), init=False)
    _taken: tuple[str, ...] = d.field(default=(), init=False)

    @classmethod
    def unsendable(cls, error: Exception) -> Job:
        """A job that has ended before it began, for instance because its message could not be composed."""
        job = cls(Submission(Envelope("", ("nobody",)), Content(()), ""))
        job.done, job.error = True, error
        return job

    def __post_init__(self) -> None:
        self._waiting = self.submission.envelope.recipients

    def commands(self, offer: Offer) -> list[str]:
        """Begin a transaction: MAIL and a RCPT for as many recipients as one transaction takes."""
        self._batch, self._waiting = self._waiting[: offer.recipients], self._waiting[offer.recipients :]
        self._taken = ()
        self.stage = "mail"
        envelope = self.submission.envelope
        mail, options = f"MAIL FROM:<{envelope.sender}>", ""
        if offer.size is not None or envelope.mail_options:
            mail = " ".join([mail, *mail_options(self.submission, offer)])
        if envelope.rcpt_options:
            options = "".join([f" {option}" for option in rcpt_options(self.submission, offer)])
        return [mail, *[f"RCPT TO:<{recipient}>{options}" for recipient in self._batch]]

    @property
    def batch(self) -> c.Sequence[str]:
        """The recipients of the transaction under way."""
        return self._batch

    @property
    def waiting(self) -> bool:
        """Whether there are recipients for another transaction."""
        return bool(self._waiting)

    @property
    def taken(self) -> bool:
        """Whether the transaction under way has a recipient."""
        return bool(self._taken)

    def reset_replied(self, reply: Reply) -> None:
        """Take the reply to the RSET before the transaction: it may be goodbye."""
        if reply.code == 421:
            self.mail_replied(reply)

    def mail_replied(self, reply: Reply) -> bool:
        """Take the reply to MAIL; return whether it was positive."""
        if reply.code // 100 != 2:
            self.in_doubt = False
            self.fail(smtplib.SMTPSenderRefused(reply.code, reply.raw, self.submission.envelope.sender))
            return False
        self.stage = "rcpt"
        return True

    def rcpt_replied(self, recipient: str, reply: Reply) -> None:
        """Take the reply to RCPT for *recipient*."""
        if reply.code // 100 == 2:
            self._taken += (recipient,)
        elif reply.code == 421:  # RFC 5321 §3.8: it hangs up
            self.in_doubt = False
            self.fail(_recipients_refused({recipient: reply, **self.refused}))
        elif self._taken and _too_many(reply):
            self._waiting += (recipient,)
        else:
            self.refused[recipient] = reply

    def data_replied(self, reply: Reply) -> bool:
        """Take the reply to DATA; return whether the content may go."""
        if self.error is not None:
            return False
        if not self._taken:
            self._all_refused()
            return False
        if reply.code // 100 != 3:
            self._fail(smtplib.SMTPDataError(reply.code, reply.raw))
            return False
        self.stage = "end-of-data"
        return True

    def content_replied(self, reply: Reply) -> None:
        """Take the reply to the content: the server has taken the mail, or has not."""
        self.in_doubt = reply.code // 100 not in (2, 4, 5)
        if self.error is not None:
            return
        if not self._taken:
            self._all_refused()
        elif reply.code // 100 != 2:
            self.stage = "end-of-data"
            self._fail(smtplib.SMTPDataError(reply.code, reply.raw))
        else:
            self.accepted += self._taken
            self.reply = reply
            self.done = self.once or not self._waiting

    def cut(self, written: int) -> None:
        """The connection is lost after *written* octets: content that is not whole by then cannot have been taken."""
        if written < self.end:
            self.in_doubt = False

    def rewind(self) -> None:
        """Take back the transaction under way, of which the server has nothing: it is to be tried over."""
        for who in self._batch:
            self.refused.pop(who, None)
        self._waiting = self._batch + self._waiting
        self._batch = self._taken = ()
        self.stage, self.in_doubt = "mail", False

    def fail(self, error: Exception) -> None:
        """End it with *error*, unless it has ended; recipients accepted by then stay accepted."""
        if not self.done:
            self._fail(error)

    def doubtful(self, error: Exception) -> bool:
        """Whether the server may have the mail though *error* came before its reply.

        A server that closes in order before it has answered MAIL and each RCPT has not come to the content.
        """
        return self.in_doubt and not (self.stage in ("mail", "rcpt") and in_order(error))

    def outcome(self) -> Receipt:
        """The receipt.

        :raises DeliveryError: nobody was accepted.
        """
        if self.error is not None and not self.accepted:
            raise self.error
        return Receipt(
            self.submission.message_id,
            self._accepted_in_order(),
            self.refused,
            self.reply,
            in_doubt=self._doubtful,
            unoffered=self._waiting if self.once else (),
        )

    def _accepted_in_order(self) -> tuple[str, ...]:
        everybody = self.submission.envelope.recipients
        if self.accepted == everybody:
            return everybody
        chosen = set(self.accepted)
        return tuple(who for who in everybody if who in chosen)

    def _all_refused(self) -> None:
        if not self._waiting and not self.accepted:
            self._fail(_recipients_refused(self.refused))
        self.done = self.once or not self._waiting

    def _fail(self, error: Exception) -> None:
        failed = failure(self._as_smtplib_would(error), self.stage, self.host, self.port)
        failed.in_doubt = self.doubtful(error)
        self.error = failed
        self.done = True
        if self.accepted:  # the others of a mail that some have
            reply = t.cast("Reply | None", failed.reply) or Reply(-1, str(error).encode())
            accepted = set(self.accepted)
            if failed.in_doubt:
                self._doubtful = tuple(who for who in self._batch if who not in accepted and who not in self.refused)
            for who in self._batch + self._waiting:
                if who not in accepted:
                    self.refused.setdefault(who, reply)

    def _as_smtplib_would(self, error: Exception) -> Exception:
        """Of what is no reply smtplib tells as of a refusal with code -1."""
        if type(error) is not smtplib.SMTPResponseException or error.smtp_code >= 0:
            return error
        said = Reply(error.smtp_code, str(error.smtp_error).encode())
        if self.stage == "mail":
            return smtplib.SMTPSenderRefused(said.code, said.raw, self.submission.envelope.sender)
        return _recipients_refused(dict.fromkeys(self._batch, said)) if self.stage == "rcpt" else error


def _recipients_refused(refused: c.Mapping[str, Reply]) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({who: (reply.code, reply.raw) for who, reply in refused.items()})


def _too_many(reply: Reply) -> bool:
    """Whether it is not about this recipient, but about their number (RFC 5321 §4.5.3.1.10, RFC 3463 §3.6)."""
    return reply.code in (452, 552) and (reply.enhanced or "4.5.3").endswith(".5.3")
