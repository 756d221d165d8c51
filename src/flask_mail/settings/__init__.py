"""Every ``MAIL_*`` key: read, parsed and checked here and nowhere else.

:class:`Settings` is the table. Each field names its key and how a value is parsed; strings, as they come from the
environment, are understood. A value that cannot be used is a :class:`~flask_mail.errors.ConfigError` that names the
key, the value (never a secret) and the remedy. This room knows no Flask, no transport and no queue: where a setting
names one, it stays a string.
"""

from .reading import as_config as as_config
from .reading import MailConfigWarning as MailConfigWarning
from .reading import read as read
from .reading import suppressed as suppressed
from .reading import unknown_keys as unknown_keys
from .reading import warn_of_unknown as warn_of_unknown
from .secrets import Config as Config
from .secrets import Masked as Masked
from .secrets import Secret as Secret
from .table import KEYS as KEYS
from .table import Settings as Settings
