"""From what the standard library raises to a :class:`~flask_mail.errors.DeliveryError` that says where and why."""

from __future__ import annotations

import smtplib
import typing as t

from ..diagnosis import advise
from ..errors import delivery_error
from ..errors import DeliveryError
from ..submission import Reply

_OF_STAGE: t.Final[dict[str, type[smtplib.SMTPResponseException]]] = {
    "greeting": smtplib.SMTPConnectError,
    "ehlo": smtplib.SMTPHeloError,
    "auth": smtplib.SMTPAuthenticationError,
    "data": smtplib.SMTPDataError,
    "end-of-data": smtplib.SMTPDataError,
}
"""What smtplib raises for an answer that is no reply."""


def reply_of(error: Exception) -> Reply | None:
    """The server's reply inside one of smtplib's exceptions."""
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        return _reply(*next(iter(error.recipients.values())))
    return None


def _reply(code: int, text: bytes | str) -> Reply | None:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return Reply(code, raw) if code >= 0 else None


def is_transient(
    error: Exception,
    stage: str | None = None,
    host: str | None = None,
    port: int | None = None,
    security: str | None = None,
) -> bool:
    """Whether trying again later may help, as the table of :mod:`flask_mail.diagnosis` has it.

    :param stage: where it happened.
    :param host: the server, by which its provider is known.
    :param security: ``"plain"``, ``"starttls"`` or ``"tls"``, where it is known.
    """
    settings = {"use_ssl": security == "tls", "use_tls": security == "starttls"} if security else None
    return advise(error, settings, stage=stage, host=host, port=port).transient


class stage:
    """A block in which every exception becomes a ``DeliveryError`` of this stage.

    :param name: see :attr:`flask_mail.errors.MailError.stage`.
    :param security: see :func:`is_transient`.
    """

    __slots__ = ("_about",)

    def __init__(
        self, name: str, host: str | None = None, port: int | None = None, security: str | None = None
    ) -> None:
        self._about = name, host, port, security

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: object) -> None:
        if isinstance(error, (OSError, ValueError)) and not isinstance(error, DeliveryError):
            raise failure(error, *self._about) from error.__cause__


def failure(
    error: Exception, name: str, host: str | None = None, port: int | None = None, security: str | None = None
) -> DeliveryError:
    """*error*, to be raised as a failure of the stage *name*."""
    if type(error) is smtplib.SMTPResponseException and error.smtp_code < 0 and name in _OF_STAGE:
        error = _OF_STAGE[name](error.smtp_code, error.smtp_error).with_traceback(error.__traceback__)
    transient = is_transient(error, name, host, port, security)
    return delivery_error(error, stage=name, transient=transient, reply=reply_of(error), host=host, port=port)


def refused(error: type[smtplib.SMTPResponseException], reply: Reply) -> t.NoReturn:
    """Raise *error* for a reply that is a refusal."""
    raise error(reply.code, reply.raw)
