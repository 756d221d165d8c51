"""Who a message is from and to: the same mailboxes for the header and the envelope."""

from __future__ import annotations

import dataclasses as d
import typing as t

from .fields import divert
from .fields import mailboxes
from .fields import one
from .fields import unique
from .mailbox import Mailbox


class Correspondence(t.Protocol):
    """What this room knows of a message: the fields that hold addresses."""

    recipients: t.Any
    cc: t.Any
    bcc: t.Any
    reply_to: t.Any

    @property
    def structured_sender(self) -> t.Any: ...


@d.dataclass(slots=True)
class Parties:
    """The mailboxes of a message, each in one of ``to``, ``cc`` and ``bcc`` only."""

    sender: Mailbox | None
    to: list[Mailbox]
    cc: list[Mailbox]
    bcc: list[Mailbox]
    reply_to: list[Mailbox]
    recipients: list[Mailbox]
    """Who gets it: all of ``to``, ``cc`` and ``bcc``, or the catch-all."""
    diverted: list[Mailbox]
    """Who would have got it but for the catch-all, as far as the header may tell."""


def gather(
    message: Correspondence,
    *,
    default_sender: t.Any = None,
    default_reply_to: t.Any = None,
    catch_all: t.Any = None,
    catch_all_allow: t.Any = None,
    lenient: bool = False,
) -> Parties:
    """Read every address of *message*.

    :param default_sender: and the following: the settings of these names.
    :param lenient: drop CR and LF in addresses instead of refusing them.
    :raises BadHeaderError: a control character, with the field.
    :raises AddressError: input that is not one address, with the field.
    """
    given = message.structured_sender or default_sender
    sender = one(given, "sender", lenient=lenient) if given else None
    to, cc, bcc = unique(
        _field(message, "recipients", lenient), _field(message, "cc", lenient), _field(message, "bcc", lenient)
    )
    answers = message.reply_to or default_reply_to
    reply_to = unique(mailboxes(answers, "reply_to", lenient=lenient))[0] if answers else []
    parties = Parties(sender, to, cc, bcc, reply_to, [*to, *cc, *bcc], [])
    if catch_all:
        _divert(parties, catch_all, catch_all_allow)
    return parties


def _divert(parties: Parties, catch_all: t.Any, allowed: t.Any) -> None:
    """Let the catch-all have what may not go out, and keep Bcc blind where someone else reads along."""
    everybody = set(parties.recipients)
    parties.recipients, parties.diverted = divert(parties.recipients, catch_all, allowed)
    if not everybody.isdisjoint(parties.recipients):
        hidden = set(parties.bcc)
        parties.diverted = [box for box in parties.diverted if box not in hidden]


def _field(message: Correspondence, field: str, lenient: bool) -> list[Mailbox]:
    value: t.Any = getattr(message, field)
    if hasattr(value, "__next__"):  # it can be read only once, the message any number of times
        value = list(value)
        setattr(message, field, value)
    return mailboxes(value, field, lenient=lenient) if value else []
