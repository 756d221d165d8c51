"""What pytest loads of Flask-Postbox: the names of its fixtures and nothing else.

pytest imports this at every start, in projects without mail too. It stands beside the package ``flask_mail`` and not in
it, because whoever imports anything in there imports Flask; only a fixture that is used does.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

import pytest

if t.TYPE_CHECKING:
    from flask_mail.testing import MailFaults
    from flask_mail.testing import Outbox
    from flask_mail.testing import SMTPServer


@pytest.fixture
def mail_outbox() -> c.Iterator[Outbox]:
    """The mails that are sent in this test: by any application, from any thread, whatever its settings. None leaves.

    See :class:`flask_mail.testing.Outbox`.
    """
    from flask_mail.testing import capture_mail

    with capture_mail() as outbox:
        yield outbox


@pytest.fixture
def outbox(mail_outbox: Outbox) -> Outbox:
    """``mail_outbox`` by its short name; a project may have a fixture of its own that is called so."""
    return mail_outbox


@pytest.fixture
def mail_faults(mail_outbox: Outbox) -> MailFaults:
    """What is to go wrong with the mails of this test; they go to ``mail_outbox`` or fail.

    See :class:`flask_mail.testing.MailFaults`.
    """
    return mail_outbox.faults


@pytest.fixture
def smtp_server() -> c.Iterator[SMTPServer]:
    """A real SMTP server on loopback, with the settings that lead there and the mails it got.

    See :class:`flask_mail.testing.SMTPServer`.
    """
    from flask_mail.testing import SMTPServer

    with SMTPServer() as server:
        yield server
