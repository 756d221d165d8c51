"""The ways a submission can leave: SMTP, and four that need no server.

This room never sees a message, a template or a Flask application; it gets plain values.
"""

from __future__ import annotations

import importlib
import typing as t

from ..errors import ConfigError
from .base import Session as Session
from .base import Transport as Transport

NAMES: t.Final = {
    "smtp": "flask_mail.transports.smtp.SMTPTransport",
    "console": "flask_mail.transports.console.ConsoleTransport",
    "file": "flask_mail.transports.file.FileTransport",
    "memory": "flask_mail.transports.memory.MemoryTransport",
    "null": "flask_mail.transports.null.NullTransport",
}
"""The transports that have a name."""


def load(name: str) -> t.Any:
    """The transport class (or object) that *name* stands for.

    :param name: a key of :data:`NAMES`, or a dotted path to a class, a factory or an object.
    :raises ConfigError: there is no such thing.
    """
    path = NAMES.get(name, name)
    module, _, attribute = path.rpartition(".")
    known = ", ".join(NAMES)
    if not module:
        raise ConfigError(
            f"MAIL_TRANSPORT is {name!r}, but it has to be one of {known}, or a dotted path such as "
            f"'myapp.mail.MyTransport'.",
            key="MAIL_TRANSPORT",
        )
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"MAIL_TRANSPORT is {name!r}, which cannot be imported ({error}). Give one of {known}, or the dotted "
            f"path of a class.",
            key="MAIL_TRANSPORT",
        ) from error
