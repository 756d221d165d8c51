"""Flask-Postbox: mail for Flask. The public names, nothing else."""

from __future__ import annotations

import typing as _t

from .errors import AddressError as AddressError
from .errors import BadHeaderError as BadHeaderError
from .errors import ConfigError as ConfigError
from .errors import ContentError as ContentError
from .errors import DeliveryError as DeliveryError
from .errors import FlaskMailUnicodeDecodeError as FlaskMailUnicodeDecodeError
from .errors import MailError as MailError
from .errors import MergeError as MergeError
from .errors import MissingExtraError as MissingExtraError
from .errors import NotInitializedError as NotInitializedError
from .errors import QueueError as QueueError
from .errors import TemplateError as TemplateError
from .extension import Connection as Connection
from .extension import Mail as Mail
from .extension import Progress as Progress
from .extension import Result as Result
from .legacy import force_text as force_text
from .legacy import sanitize_address as sanitize_address
from .legacy import sanitize_addresses as sanitize_addresses
from .legacy import sanitize_subject as sanitize_subject
from .message import Attachment as Attachment
from .message import Calendar as Calendar
from .message import Message as Message
from .signals import email_deferred as email_deferred
from .signals import email_dispatched as email_dispatched
from .signals import email_failed as email_failed
from .signals import email_queued as email_queued
from .signals import signals as signals
from .submission import Receipt as Receipt

_LEAKED = {
    # What Flask-Mail let out of its one module by accident, and programs and their tests use.
    "Header": "email.header",
    "MIMEBase": "email.mime.base",
    "MIMEMultipart": "email.mime.multipart",
    "MIMEText": "email.mime.text",
    "blinker": "",
    "charset": "email",
    "contextmanager": "contextlib",
    "current_app": "flask",
    "encode_base64": "email.encoders",
    "formataddr": "email.utils",
    "formatdate": "email.utils",
    "guess_type": "mimetypes",
    "make_msgid": "email.utils",
    "parseaddr": "email.utils",
    "policy": "email",
    "re": "",
    "smtplib": "",
    "time": "",
    "unicodedata": "",
    "warnings": "",
}
_OF_0_9 = {"PY3": True, "PY34": True, "message_policy": None, "string_types": (str,), "text_type": str}
_PRIVATE = {"_Mail": "state.State", "_MailMixin": "sending.Sending"}  # what tests patch


def __getattr__(name: str) -> _t.Any:
    import importlib

    if name == "__version__":
        import importlib.metadata
        import warnings

        warnings.warn(
            "flask_mail.__version__ is deprecated; ask importlib.metadata.version('Flask-Postbox') instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return importlib.metadata.version("Flask-Postbox")
    if name in _PRIVATE:
        module, _, attribute = _PRIVATE[name].partition(".")
        return getattr(importlib.import_module(f"{__name__}.extension.{module}"), attribute)
    if name in _LEAKED:
        module = _LEAKED[name]
        return getattr(importlib.import_module(module), name) if module else importlib.import_module(name)
    if name in _OF_0_9:
        return _OF_0_9[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
