"""Who a message is from and to: the same mailboxes for the header and the envelope."""

from __future__ import annotations

import dataclasses as d
import typing as t

from .fields import divert
from .fields import is_list
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


class Routing(t.Protocol):
    """What this room knows of an application's settings."""

    @property
    def default_sender(self) -> t.Any: ...
    @property
    def default_reply_to(self) -> t.Any: ...
    @property
    def catch_all(self) -> t.Any: ...
    @property
    def catch_all_allow(self) -> t.Any: ...


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


def gather(message: Correspondence, routing: Routing, *, lenient: bool = False) -> Parties:
    """Read every address of *message*.

    :param lenient: drop CR and LF in addresses instead of refusing them.
    :raises BadHeaderError: a control character, with the field.
    :raises AddressError: input that is not one address, with the field.
    """
    given = message.structured_sender or routing.default_sender
    sender = one(given, "sender", lenient=lenient) if given else None
    to = _field(message, "recipients", message.recipients, lenient)
    cc = _field(message, "cc", message.cc, lenient) if message.cc else []
    bcc = _field(message, "bcc", message.bcc, lenient) if message.bcc else []
    if cc or bcc or len(to) > 1:
        to, cc, bcc = unique(to, cc, bcc)
    answers = once(message, "reply_to") or routing.default_reply_to
    reply_to = unique(mailboxes(answers, "reply_to", lenient=lenient))[0] if answers else []
    parties = Parties(sender, to, cc, bcc, reply_to, [*to, *cc, *bcc], [])
    if routing.catch_all:
        _divert(parties, routing.catch_all, routing.catch_all_allow)
    return parties


def _divert(parties: Parties, catch_all: t.Any, allowed: t.Any) -> None:
    """Let the catch-all have what may not go out, and keep Bcc blind where someone else reads along."""
    everybody = set(parties.recipients)
    parties.recipients, parties.diverted = divert(parties.recipients, catch_all, allowed)
    if not everybody.isdisjoint(parties.recipients):
        hidden = set(parties.bcc)
        parties.diverted = [box for box in parties.diverted if box not in hidden]


def _field(message: Correspondence, field: str, value: t.Any, lenient: bool) -> list[Mailbox]:
    if is_list(value) and len(value) == 1:
        return [one(value[0], field, lenient=lenient)]
    return mailboxes(once(message, field), field, lenient=lenient)


def once(message: object, field: str) -> t.Any:
    """A field of a message; an iterator, which can be read only once, is a list from then on."""
    value = getattr(message, field, None)
    if value and hasattr(value, "__next__"):
        value = list(value)
        setattr(message, field, value)
    return value
