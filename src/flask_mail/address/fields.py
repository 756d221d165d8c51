"""What programmers write where addresses are asked for, as ordered lists of mailboxes."""

from __future__ import annotations

import collections.abc as c
import email.headerregistry
import re
import typing as t

from ..errors import AddressError
from ..mime.gate import gate
from ..mime.gate import plain
from ..mime.gate import shown
from .domain import to_ascii
from .mailbox import Mailbox
from .mailbox import pair
from .mailbox import parse

_PIECES = re.compile(r'\\.|["<>,]|[^"<>,\\]+|\\')
_GROUP = re.compile(r"[^\s:;,<>\"@][^:;,<>\"@]*:[ \t]*;\Z")  # RFC 5322 §3.4: an empty group


def one(value: t.Any, field: str, *, lenient: bool = False) -> Mailbox:
    """Exactly one address.

    :param value: text, a ``(name, address)`` pair, an ``email.headerregistry.Address`` or a :class:`Mailbox`.
    :param lenient: drop CR and LF instead of refusing them; for showing a message, never for sending one.
    :raises BadHeaderError: a control character.
    :raises AddressError: it is not one address.
    """
    if type(value) is str:
        return parse(value, field, lenient=lenient)
    if isinstance(value, Mailbox):
        return value
    if is_sequence(value):
        if len(value) != 2:
            raise AddressError(f"{field}: {value!r} is not a pair of name and address", field=field)
        name, address = value
        if type(name) is str and type(address) is str:
            return pair(name, address, field, lenient=lenient)
        return pair("" if name is None else plain(name, field), plain(address, field), field, lenient=lenient)
    if isinstance(value, email.headerregistry.Address):
        return pair(value.display_name, value.addr_spec, field)
    if value is None:
        raise AddressError(f"{field}: None is not a mail address", field=field)
    return parse(plain(value, field), field, lenient=lenient)


def mailboxes(value: t.Any, field: str, *, lenient: bool = False) -> list[Mailbox]:
    """Any number of addresses: one of them, or an iterable of them, in order. See :func:`listed`."""
    return [one(item, field, lenient=lenient) for item in listed(value, field)]


def listed(value: t.Any, field: str = "address") -> list[t.Any]:
    """One item or an iterable of items, not yet parsed, as a list; the same list if it is one.

    A tuple of two texts is two addresses where the first is an address by itself, else a name with its address.

    :raises AddressError: *value* is bytes, which are neither.
    """
    if is_list(value):
        return value
    if not value:
        return []
    if isinstance(value, (bytes, bytearray)):
        raise AddressError(f"{field}: {value!a:.100} must be text, not bytes; decode it first", field=field)
    return [value] if _is_single(value) else list(value)


def _is_single(value: t.Any) -> bool:
    if isinstance(value, (str, Mailbox, email.headerregistry.Address)):
        return True
    if isinstance(value, tuple):
        return is_pair(value)
    # A lazy string answers like the text it stands for, and may well be iterable.
    return hasattr(value, "encode") or not hasattr(value, "__iter__")


def is_list(value: t.Any) -> t.TypeGuard[list[t.Any]]:
    return isinstance(value, list)


def is_sequence(value: t.Any) -> t.TypeGuard[c.Sequence[t.Any]]:
    return isinstance(value, (tuple, list))


def is_pair(value: t.Any) -> bool:
    """Whether a tuple is one ``(name, address)`` and not two addresses."""
    if len(value) != 2 or not all(isinstance(item, str) for item in value):
        return False
    return not _is_address(value[0]) and _is_address(value[1])


def _is_address(text: str) -> bool:
    try:
        one(text, "", lenient=True)
    except Exception:
        return False
    return True


def unique(*lists: list[Mailbox]) -> list[list[Mailbox]]:
    """The lists without addresses that came before, in the same list or an earlier one."""
    seen: set[str] = set()
    result: list[list[Mailbox]] = []
    for boxes in lists:
        kept: list[Mailbox] = []
        for box in boxes:
            key = box.key
            if key not in seen:
                seen.add(key)
                kept.append(box)
        result.append(kept)
    return result


def divert(recipients: list[Mailbox], catch_all: t.Any, allowed: t.Any) -> tuple[list[Mailbox], list[Mailbox]]:
    """Send to the catch-all what may not go out.

    :param catch_all: one address or several.
    :param allowed: addresses and domains (``"example.com"`` or ``"@example.com"``) that may be reached.
    :returns: who gets the message, and who does not.
    """
    addresses, domains = _allow_list(allowed)
    kept: list[Mailbox] = []
    diverted: list[Mailbox] = []
    for box in recipients:
        reachable = box.key in addresses or box.domain.lower() in domains
        (kept if reachable else diverted).append(box)
    if diverted:
        kept, instead = unique(kept, mailboxes(catch_all, "MAIL_CATCH_ALL"))
        kept += instead
    return kept, diverted


def _allow_list(allowed: t.Any) -> tuple[set[str], set[str]]:
    """The addresses and the domains, in small letters, that an allow-list names."""
    addresses: set[str] = set()
    domains: set[str] = set()
    for item in [allowed] if isinstance(allowed, str) else allowed or ():
        text = item.strip() if isinstance(item, str) else item
        if isinstance(text, str) and text.rpartition("@")[0] == "":
            domains.add(to_ascii(text.removeprefix("@")) or text)
        else:
            addresses.add(one(text, "MAIL_CATCH_ALL_ALLOW").key)
    return addresses, {domain.lower() for domain in domains}


def written_list(value: str, field: str) -> list[Mailbox]:
    """The addresses of a header's text as one writes it by hand: ``A <a@example.com>, b@example.com``.

    :returns: no addresses for an empty group such as ``undisclosed-recipients:;``.
    :raises BadHeaderError: a control character.
    :raises AddressError: a piece is not one address.
    """
    if _GROUP.match(gate(value, field)):
        return []
    written = [piece for piece in _split(value) if piece.strip()]
    if not written:
        raise AddressError(f"{field}: {shown(value)} is not a mail address", field=field)
    return [one(piece, field) for piece in written]


def _split(value: str) -> list[str]:
    """*value* cut at the commas that stand neither in quotes nor in angle brackets."""
    written: list[list[str]] = [[]]
    quoted = angled = False
    for piece in _PIECES.findall(value):
        if piece == "," and not quoted and not angled:
            written.append([])
            continue
        quoted ^= piece == '"'
        if not quoted and piece in "<>":
            angled = piece == "<"
        written[-1].append(piece)
    return ["".join(pieces) for pieces in written]
