"""A session over whatever has smtplib's ``sendmail``: what a program or a test puts in place of our connection."""

from __future__ import annotations

import collections.abc as c
import contextlib
import operator
import smtplib
import typing as t
from email.parser import BytesHeaderParser
from email.utils import parseaddr

from ..submission import Content
from ..submission import Envelope
from ..submission import Receipt
from ..submission import Reply
from ..submission import Submission
from .base import Session
from .connect import Endpoint
from .failures import stage


class SendmailSession:
    """A session over any object with smtplib's ``sendmail``, such as a program or a test puts in place of ours.

    :param host: the object.
    :param arguments: sender, recipients, mail options and rcpt options, as they are handed to ``sendmail``.
    """

    def __init__(self, host: t.Any, arguments: tuple[str, list[str], list[str], list[str]]) -> None:
        self.host = host
        self._arguments = arguments

    def send(self, submission: Submission, /) -> Receipt:
        """Call ``sendmail``; recipients it returns as refused are refused."""
        sender, recipients, mail_options, rcpt_options = self._arguments
        with stage("data"):
            result = self.host.sendmail(sender, recipients, bytes(submission.content), mail_options, rcpt_options)
        refusals: dict[str, Reply] = {}
        if isinstance(result, dict):
            answers = t.cast("dict[str, tuple[int, bytes]]", result)
            refusals = {who: Reply(code, raw) for who, (code, raw) in answers.items()}
        accepted = tuple(r for r in submission.envelope.recipients if r not in refusals)
        return Receipt(submission.message_id, accepted, refusals)

    def close(self) -> None:
        """Say QUIT; never raises."""
        with contextlib.suppress(Exception):
            self.host.quit()


_SMTP, _SMTP_SSL = smtplib.SMTP, smtplib.SMTP_SSL
_METHODS = operator.attrgetter("__init__", "connect", "ehlo", "login", "quit", "sendmail", "send_message", "starttls")
_ORIGINAL = _METHODS(_SMTP)


def stand_in(endpoint: Endpoint) -> t.Any | None:
    """What a test has put in place of smtplib's classes or methods, connected as Flask-Mail connects it.

    Under ``mock.patch("smtplib.SMTP")`` or ``mock.patch("smtplib.SMTP.sendmail")`` no mail is to leave, so none does.

    :returns: ``None`` while smtplib is as it was.
    """
    implicit = endpoint.security == "tls"
    chosen, original = (smtplib.SMTP_SSL, _SMTP_SSL) if implicit else (smtplib.SMTP, _SMTP)
    if chosen is original and _METHODS(_SMTP) == _ORIGINAL:
        return None
    host = chosen(endpoint.host, endpoint.port)
    if endpoint.security == "starttls":
        host.starttls()
    if endpoint.account is not None:
        host.login(endpoint.account.username, endpoint.account.password)
    return host


class SessionHost:
    """The reverse: a session of ours under smtplib's two methods, for programs that use ``Connection.host``.

    :param session: the session to send with.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def sendmail(
        self,
        from_addr: str,
        to_addrs: str | c.Sequence[str],
        msg: bytes | str,
        mail_options: c.Sequence[str] = (),
        rcpt_options: c.Sequence[str] = (),
    ) -> dict[str, tuple[int, bytes]]:
        """Send *msg*; return the refused recipients with code and text, as ``smtplib.SMTP.sendmail`` does."""
        recipients = [to_addrs] if isinstance(to_addrs, str) else to_addrs
        content = msg.encode("ascii") if isinstance(msg, str) else msg
        envelope = Envelope(_bare(from_addr), tuple(map(_bare, recipients)), tuple(mail_options), tuple(rcpt_options))
        receipt = self.session.send(Submission(envelope, Content([content]), _message_id(content)))
        return {who: (reply.code, reply.raw) for who, reply in receipt.refused.items()}

    def quit(self) -> None:
        """Close the session."""
        self.session.close()


def _bare(address: str) -> str:
    return parseaddr(address)[1] or address


def _message_id(content: bytes) -> str:
    return BytesHeaderParser().parsebytes(content).get("Message-ID", "").strip()
