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
from .errors import MissingExtraError as MissingExtraError
from .errors import NotInitializedError as NotInitializedError
from .extension import Connection as Connection
from .extension import Mail as Mail
from .extension import Progress as Progress
from .extension import Result as Result
from .legacy import force_text as force_text
from .legacy import sanitize_address as sanitize_address
from .legacy import sanitize_addresses as sanitize_addresses
from .legacy import sanitize_subject as sanitize_subject
from .message import Attachment as Attachment
from .message import Message as Message
from .signals import email_dispatched as email_dispatched
from .signals import email_failed as email_failed
from .signals import signals as signals
from .submission import Receipt as Receipt


def __getattr__(name: str) -> _t.Any:
    if name == "__version__":
        import importlib.metadata
        import warnings

        warnings.warn(
            "flask_mail.__version__ is deprecated; ask importlib.metadata.version('Flask-Postbox') instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return importlib.metadata.version("Flask-Postbox")
    if name == "Header":  # Flask-Mail let it out by accident, and its users' tests import it
        from email.header import Header

        return Header
    if name == "smtplib":  # patched as flask_mail.smtplib.SMTP
        import smtplib

        return smtplib
    if name == "PY3":  # likewise, in 0.9.1
        return True
    if name in ("_Mail", "_MailMixin"):  # what tests out there patch
        from .extension import sending
        from .extension import state

        return state.State if name == "_Mail" else sending.Sending
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
