"""What in a mail its readers, or their mail programs, will stumble over.

One engine for ``message.lint()``, the command line, the mailbox in the browser and tests. It looks at the octets as
they are sent, and so also at mail that was captured; it opens no connection and follows no link. The rules stand in
:mod:`.rules`.

A mail is taken for bulk where it says so itself (``Precedence``, ``List-Id``, ``Feedback-ID``), where it goes to
:data:`.rules.MANY` recipients at once, or where the caller says so.
"""

from __future__ import annotations

import collections.abc as c
import copy
import email
import email.policy

from .. import compose
from ..address import one
from ..errors import MessageError
from ..message import Message
from ..message.finding import Finding
from .rules import RULES
from .sent import Sent

_GRAVEST = ("error", "warning", "note")


def lint(message: Message, settings: object | None = None, *, bulk: bool = False) -> list[Finding]:
    """Look at a message; it stays as it is.

    :param message: need not be complete: sender and recipients may be missing.
    :param settings: the settings in force, read by name; without them some rules say nothing.
    :param bulk: judge it as bulk.
    :returns: what was found, the gravest first; empty where nothing was.
    """
    try:
        octets = compose.preview(copy.copy(message), settings)
        recipients = [one(each, "recipients", lenient=True).address for each in message.send_to]
    except MessageError as error:
        return [Finding("not-composed", "error", f"It cannot be composed: {error}.", "Mend what the error names.")]
    return lint_octets(octets, settings, recipients=recipients, bulk=bulk)


def lint_octets(
    octets: bytes, settings: object | None = None, *, recipients: c.Iterable[str] = (), bulk: bool = False
) -> list[Finding]:
    """Look at a mail as it is sent, or was captured.

    :param octets: a whole message (RFC 5322).
    :param settings: the settings in force, read by name.
    :param recipients: those of the envelope; the ones in its headers are known.
    :param bulk: judge it as bulk.
    """
    parsed = email.message_from_bytes(octets, policy=email.policy.compat32)
    sent = Sent(parsed, frozenset(recipients), settings, bulk)
    found = [finding for rule in RULES for finding in rule(sent)]
    return sorted(found, key=lambda finding: _GRAVEST.index(finding.level))
