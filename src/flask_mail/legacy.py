"""The functions that Flask-Mail offered beside its classes, on this package's own parser.

They give text for headers and for the ``sendmail()`` of a patched ``Connection.host``; composing needs none of them.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from .address import Correspondence
from .address import gather
from .address import one
from .errors import FlaskMailUnicodeDecodeError
from .mime import words
from .mime.charsets import charset


class Routing(t.NamedTuple):
    """The settings that say where a message goes."""

    default_sender: t.Any = None
    default_reply_to: t.Any = None
    catch_all: t.Any = None
    catch_all_allow: t.Any = None


class Sendable(Correspondence, t.Protocol):
    """What this room knows of a message."""

    mail_options: t.Any
    rcpt_options: t.Any


def force_text(s: t.Any, encoding: str = "utf-8", errors: str = "strict") -> str:
    """*s* as text: octets are decoded, lazy strings resolved.

    :raises FlaskMailUnicodeDecodeError: octets that are not in *encoding*.
    """
    if isinstance(s, str):
        return s
    try:
        return str(s, encoding, errors) if isinstance(s, bytes) else str(s)
    except UnicodeDecodeError as error:
        if isinstance(s, Exception):
            return " ".join([force_text(argument, encoding, errors) for argument in s.args])
        raise FlaskMailUnicodeDecodeError(s, *error.args) from error


def sanitize_subject(subject: str, encoding: str = "utf-8") -> str:
    """A subject as it stands in a header: ASCII as it is, other text as encoded words (RFC 2047)."""
    return subject if subject.isascii() else "\n ".join(words.encode(subject, charset(encoding)))


def sanitize_address(addr: str | tuple[str, str], encoding: str = "utf-8") -> str:
    """An address as it stands in a header.

    :raises AddressError: it is not one address.
    """
    return one(addr, "addr", lenient=True).header(charset(encoding))


def sanitize_addresses(addresses: c.Iterable[str | tuple[str, str]], encoding: str = "utf-8") -> list[str]:
    """Each of *addresses* as it stands in a header."""
    return [sanitize_address(address, encoding) for address in addresses]


def legacy_sendmail_arguments(
    message: Sendable, state: object, envelope_from: str | tuple[str, str] | None = None
) -> tuple[str, list[str], list[str], list[str]]:
    """What Flask-Mail hands to ``host.sendmail()`` beside the octets: sender, recipients and both lists of options.

    Recipients stand as in a header, display name and all; ``smtplib`` takes the address out of them.

    :param message: a message that :func:`flask_mail.compose.compose` has taken.
    """
    parties = gather(message, Routing(**{name: getattr(state, name, None) for name in Routing._fields}))
    given = envelope_from or getattr(message, "envelope_from", None)
    if isinstance(given, str) and given.strip() == "<>":
        sender = "<>"
    elif given:
        sender = one(given, "envelope_from").text
    else:
        sender = parties.sender.text if parties.sender else ""
    mail_options = _listed(message.mail_options)
    boxes = [*parties.recipients, parties.sender] if parties.sender else parties.recipients
    if any(box.utf8 for box in boxes) and "SMTPUTF8" not in mail_options:
        mail_options = [*mail_options, "SMTPUTF8"]
    return sender, [box.text for box in parties.recipients], mail_options, _listed(message.rcpt_options)


def _listed(options: t.Any) -> list[str]:
    return [options] if isinstance(options, str) else list(options or ())
