"""What a server offers in its reply to EHLO, and what becomes of a submission's options under it."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import functools
import logging
import smtplib
import typing as t

from ..submission import Submission

logger: logging.Logger = logging.getLogger("flask_mail")

MOST_RECIPIENTS: t.Final = 1000
"""Recipients offered in one transaction, unless the server names a limit (RFC 5321 §4.5.3.1.8 asks for 100)."""

_DSN = ("NOTIFY=", "ORCPT=", "RET=", "ENVID=")


@d.dataclass(frozen=True, slots=True)
class Offer:
    """The service extensions that matter here.

    :param pipelining: commands may go in groups (RFC 2920).
    :param chunking: content may go by BDAT (RFC 3030).
    :param size: the largest content in octets, 0 where none is named (RFC 1870); ``None`` without the extension.
    :param recipients: the most recipients of one transaction (RFC 9422).
    """

    pipelining: bool = False
    chunking: bool = False
    size: int | None = None
    eightbit: bool = False
    smtputf8: bool = False
    dsn: bool = False
    recipients: int = MOST_RECIPIENTS

    @staticmethod
    def of(features: c.Mapping[str, str], banner: str = "") -> Offer:
        """From EHLO's keywords to their parameters, as smtplib keeps them.

        :param banner: what the server greeted with. Exim says its name there, and gets no BDAT: where it has refused
            one that came together with its recipients, it sometimes (4.96, seen) hangs up on the messages behind.
        """
        return _offer(tuple(features.items()), " exim " in f" {banner.lower()} ")


@functools.lru_cache(maxsize=16)
def _offer(features: tuple[tuple[str, str], ...], exim: bool) -> Offer:
    named = {name.lower(): value for name, value in features}
    return Offer(
        pipelining="pipelining" in named,
        chunking="chunking" in named and not exim,
        size=_number(named["size"].strip()) if "size" in named else None,
        eightbit="8bitmime" in named,
        smtputf8="smtputf8" in named,
        dsn="dsn" in named,
        recipients=_limit(named.get("limits", "")),
    )


def _limit(limits: str) -> int:
    for name, _, value in (item.partition("=") for item in limits.upper().split()):
        if name == "RCPTMAX" and (most := _number(value)):
            return min(most, MOST_RECIPIENTS)
    return MOST_RECIPIENTS


def _number(digits: str) -> int:
    """What a server writes in at most 20 digits (RFC 1870 §4); 0 for anything else."""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 20 else 0


class _Heard(smtplib.SMTP):
    """Has smtplib read what a server has said to EHLO."""

    def __init__(self, said: bytes) -> None:
        self.local_hostname = ""
        self.said = said

    def putcmd(self, cmd: str, args: str = "") -> None: ...
    def getreply(self) -> tuple[int, bytes]:
        return 250, self.said


@functools.lru_cache(maxsize=16)
def keywords(said: bytes) -> c.Mapping[str, str]:
    """EHLO's keywords and their parameters, as smtplib reads them from what a server said."""
    heard = _Heard(said)
    heard.ehlo()
    return heard.esmtp_features


def mail_options(submission: Submission, offer: Offer) -> list[str]:
    """The parameters MAIL gets under *offer*.

    :raises smtplib.SMTPNotSupportedError: the submission needs what is not offered.
    :raises smtplib.SMTPSenderRefused: it is larger than the server takes.
    """
    options: list[str] = []
    if offer.size is not None:
        if 0 < offer.size < submission.content.size:
            raise smtplib.SMTPSenderRefused(
                552,
                f"5.3.4 the message has {submission.content.size} octets, the server takes {offer.size}".encode(),
                submission.envelope.sender,
            )
        options.append(f"SIZE={submission.content.size}")
    for option in submission.envelope.mail_options:
        name = option.upper()
        if name == "SMTPUTF8" and not offer.smtputf8:
            raise smtplib.SMTPNotSupportedError(
                "An address of this message has non-ASCII characters before its @, and the server does not offer "
                "SMTPUTF8. Such an address can only be reached through a server that does."
            )
        if name == "BODY=8BITMIME" and not offer.eightbit:
            _require_ascii(submission)
        elif not (name.startswith(_DSN) and _without_dsn(option, offer)) and not name.startswith("SIZE="):
            options.append(option)
    return options


def rcpt_options(submission: Submission, offer: Offer) -> list[str]:
    """The parameters each RCPT gets under *offer*."""
    options = submission.envelope.rcpt_options
    return [o for o in options if not (o.upper().startswith(_DSN) and _without_dsn(o, offer))]


def _without_dsn(option: str, offer: Offer) -> bool:
    if not offer.dsn:
        logger.warning("%s is not sent, since the server offers no delivery status notifications (DSN)", option)
    return not offer.dsn


def _require_ascii(submission: Submission) -> None:
    if not all(chunk.isascii() for chunk in submission.content):
        raise smtplib.SMTPNotSupportedError(
            "The message was composed as 8bit, and the server does not offer 8BITMIME. Remove 'BODY=8BITMIME' from "
            "its mail_options, and it is composed so that every server takes it."
        )
