"""The fixtures, for ``pytest_plugins = ["flask_mail.pytest_plugin"]`` where pytest is told to load no plugin by itself.

Otherwise it loads them from where they are defined, ``flask_mail_pytest`` beside this package: importing that does not
import Flask.
"""

from flask_mail_pytest import mail_faults as mail_faults
from flask_mail_pytest import mail_outbox as mail_outbox
from flask_mail_pytest import outbox as outbox
from flask_mail_pytest import smtp_server as smtp_server
