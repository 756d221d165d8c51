"""Every exception Flask-Postbox raises, drawn once.

.. code-block:: text

    MailError
    ├── ConfigError           (ValueError)      a MAIL_* setting is wrong
    ├── NotInitializedError   (RuntimeError)    init_app was never called
    ├── MissingExtraError     (ImportError)     an optional dependency is not installed
    ├── QueueError            (RuntimeError)    send_later could not queue a message
    ├── MergeError            (ValueError)      the rows of a mail merge cannot be read
    ├── MessageError
    │   ├── BadHeaderError                      a control character, a reserved name
    │   ├── AddressError      (ValueError)      input that is not one address
    │   ├── ContentError      (ValueError)      a body or attachment that cannot be encoded
    │   ├── TemplateError                       a template that is missing, or cannot be rendered
    │   ├── MissingSenderError      (AssertionError)
    │   └── MissingRecipientsError  (AssertionError)
    └── DeliveryError                           a server or the network said no

A :class:`DeliveryError` is always raised as an instance of a class that also derives from the
exception Flask-Mail users catch in that situation (``smtplib.SMTPAuthenticationError``,
``ConnectionRefusedError``, ``ssl.SSLCertVerificationError``, ...); :func:`delivery_error` makes it.

This room is a leaf: it imports nothing of ours and does nothing but name what went wrong.
"""

from __future__ import annotations

import typing as t

STAGES: t.Final = (
    "connect",
    "greeting",
    "ehlo",
    "starttls",
    "tls",
    "auth",
    "mail",
    "rcpt",
    "data",
    "end-of-data",
    "quit",
)
"""Where a delivery can stand, in the order of the conversation (RFC 5321 §3)."""


class ReplyLike(t.Protocol):
    """What an exception may know of a server's reply; see :class:`flask_mail.submission.Reply`."""

    @property
    def code(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def enhanced(self) -> str | None: ...


class MailError(Exception):
    """The base of all errors of this package."""

    transient: bool = False
    """Whether the same call may succeed later without any change."""

    stage: str | None = None
    """Where a delivery stood, one of :data:`STAGES`; ``None`` before it began."""

    reply: ReplyLike | None = None
    """The server's reply that caused the error, if there was one."""


class ConfigError(MailError, ValueError):
    """A ``MAIL_*`` setting is wrong. The message names the key, the value (never a secret) and the remedy."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key
        """The setting at fault, e.g. ``"MAIL_PORT"``."""


class NotInitializedError(MailError, RuntimeError, AttributeError):
    """``Mail.init_app`` was not called for the application in use.

    Also an ``AttributeError``, so that ``hasattr(mail, "server")`` answers as it does with Flask-Mail.
    """


class MergeError(MailError, ValueError):
    """A mail merge cannot begin or go on: its rows cannot be read, or its results are those of other rows."""


class MissingExtraError(MailError, ImportError):
    """An optional dependency is missing.

    :param feature: what needs it, for a reader.
    :param extra: the extra of this distribution that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional dependency: pip install 'Flask-Postbox[{extra}]'")
        self.feature = feature
        self.extra = extra

    def __reduce__(self) -> tuple[t.Any, ...]:
        return type(self), (self.feature, self.extra)


class QueueError(MailError, RuntimeError):
    """A message could not be queued, and nothing of it was kept: the queue is full, or its database says no."""


class MessageError(MailError):
    """The message cannot be composed as it is.

    :param message: the text for the reader.
    :param field: the field of the message at fault, e.g. ``"subject"`` or ``"recipients"``.
    """

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class BadHeaderError(MessageError):
    """A header, parameter or address holds what would break out of it (RFC 5322 §2.2)."""


class AddressError(MessageError, ValueError):
    """The input is not exactly one mail address (RFC 5322 §3.4)."""


class ContentError(MessageError, ValueError):
    """A body or an attachment cannot be encoded."""


class TemplateError(MessageError):
    """A template is missing, or cannot be rendered as it is with what it was given.

    :param template: the template at fault, as the application's loader calls it.
    :param line: the line in it, where that is known.
    """

    def __init__(self, message: str = "", *, template: str | None = None, line: int | None = None) -> None:
        super().__init__(message, field="template")
        self.template = template
        self.line = line


class MissingSenderError(MessageError, AssertionError):
    """Neither the message nor ``MAIL_DEFAULT_SENDER`` names a sender."""


class MissingRecipientsError(MessageError, AssertionError):
    """The message has no recipients."""


class FlaskMailUnicodeDecodeError(UnicodeDecodeError):
    """Raised by :func:`flask_mail.force_text` for bytes that are not in the given encoding."""

    def __init__(self, obj: t.Any, *args: t.Any) -> None:
        self.obj = obj
        super().__init__(*args)

    def __str__(self) -> str:
        return f"{super().__str__()}. You passed in {self.obj!r} ({type(self.obj)})"


class DeliveryError(MailError):
    """A submission was not delivered, or not to everybody.

    ``host`` and ``port`` name the server that was spoken to, as configured.
    """

    host: str | None = None
    port: int | None = None

    in_doubt: bool = False
    """Whether the server may have taken the mail all the same: its reply to the content never came."""

    def __reduce__(self) -> tuple[t.Any, ...]:
        mro = t.cast("tuple[type[Exception], ...]", type(self).__mro__)
        original = next((c for c in mro if not issubclass(c, MailError)), Exception)
        return _rebuild, (original, self.args, self.__dict__)


_classes: dict[type[Exception], type[DeliveryError]] = {}


def _combined(original: type[Exception]) -> type[DeliveryError]:
    """The class that is both *original* and a :class:`DeliveryError`."""
    if issubclass(original, DeliveryError):
        return original
    if original not in _classes:
        _classes[original] = _combine(original)
    return _classes[original]


def _combine(original: type[Exception]) -> type[DeliveryError]:
    return t.cast(
        "type[DeliveryError]",
        type(original.__name__, (DeliveryError, original), {"__module__": original.__module__}),
    )


def _rebuild(original: type[Exception], args: tuple[t.Any, ...], attributes: dict[str, t.Any]) -> Exception:
    cls = _combined(original)
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


def delivery_error(
    error: Exception,
    *,
    stage: str,
    transient: bool,
    reply: ReplyLike | None = None,
    host: str | None = None,
    port: int | None = None,
) -> DeliveryError:
    """*error* again, as an instance of its own class and of :class:`DeliveryError`.

    :param error: what the standard library raised; it becomes the cause.
    :param stage: see :attr:`MailError.stage`.
    :param transient: see :attr:`MailError.transient`.
    :returns: the exception to raise; an error that is a ``DeliveryError`` already is returned as it is,
        because the first true cause stays.
    """
    if isinstance(error, DeliveryError):
        return error
    rebuilt = t.cast(DeliveryError, _rebuild(type(error), error.args, dict(error.__dict__)))
    if isinstance(error, OSError) and isinstance(rebuilt, OSError):
        for attribute in ("errno", "strerror", "filename"):
            if getattr(error, attribute) is not None:
                setattr(rebuilt, attribute, getattr(error, attribute))
    rebuilt.stage, rebuilt.transient, rebuilt.reply = stage, transient, reply
    rebuilt.host, rebuilt.port = host, port
    rebuilt.__cause__ = error.__cause__ or error.__context__
    rebuilt.__suppress_context__ = True
    return rebuilt.with_traceback(error.__traceback__)
