"""The shape of a row, and how specific it is."""

from __future__ import annotations

import dataclasses as d
import functools
import re

from ..evidence import Evidence


@d.dataclass(frozen=True)
class Row:
    """One row of the table: all that is given has to match.

    Where several things are given in one string, blanks stand between them, and one of them has to match.

    :param cause: the label.
    :param text: a regular expression, searched for in the server's words without regard to case.
    :param near: another one that has to be found too; it makes the row no more specific.
    :param unless: one that must not be found.
    :param provider: names in ``providers.toml``.
    :param enhanced: enhanced status codes (RFC 3463 §2); ``x`` stands for any number.
    :param code: reply codes (RFC 5321 §4.2); ``x`` stands for any digit, ``none`` for a failure without a reply.
    :param stage: see :attr:`flask_mail.errors.MailError.stage`; ``untold`` where a record does not have it.
    :param error: names of exception classes.
    :param security: ``ssl``, ``starttls`` or ``plain``, as the settings have it.
    :param mechanism: how it was logged in.
    :param transient: whether trying again later may help, where that differs from other rows of the cause.
    :param seen: words that people search for, as they really came; the documentation shows them.
    :param words: which of the cause's texts to give, where it has several.
    """

    cause: str
    text: str = ""
    near: str = ""
    unless: str = ""
    provider: str = ""
    enhanced: str = ""
    code: str = ""
    stage: str = ""
    error: str = ""
    security: str = ""
    mechanism: str = ""
    port: str = ""
    transient: bool | None = None
    seen: tuple[str, ...] = ()
    words: str = ""

    @functools.cached_property
    def rank(self) -> int:
        """How specific the row is; the smallest wins."""
        if self.code == "none":
            return 7
        tiers = (
            self.provider and self.text,
            self.provider and (self.enhanced or self.code or self.error),
            self.text and not self.error,
            self.enhanced and not self.error,
            self.code and self.stage and not self.error,
            self.code and not self.error,
            self.error,
        )
        return next((tier for tier, met in enumerate(tiers) if met), 7)

    def matches(self, evidence: Evidence) -> bool:
        """Whether *evidence* has all that the row asks for."""
        return (
            _one_of(self.provider, evidence.provider)
            and self._has_code(evidence)
            and _one_of(self.stage, evidence.stage or "untold")
            and _any_of(self.error, evidence.errors)
            and _one_of(self.security, evidence.security)
            and _one_of(self.mechanism, evidence.mechanism)
            and _one_of(self.port, str(evidence.port or ""))
            and _like(self.enhanced, evidence.enhanced)
            and (not self.text or _found(self.text, evidence.words))
            and (not self.near or _found(self.near, evidence.words))
            and not (self.unless and _found(self.unless, evidence.words))
        )

    def within(self, other: Row, evidence: Evidence) -> bool:
        """Whether the words that this row finds are part of those that *other* finds."""
        inner, outer = _span(self.text, evidence.words), _span(other.text, evidence.words)
        return outer[0] <= inner[0] and inner[1] <= outer[1]

    def _has_code(self, evidence: Evidence) -> bool:
        """Words that were kept without their reply code may have had any."""
        if self.text and self.code != "none" and evidence.text and evidence.code is None and not evidence.errors:
            return True
        return _like(self.code, (str(evidence.code or "none"),))


def _one_of(wanted: str, found: str) -> bool:
    return not wanted or found in wanted.split()


def _any_of(wanted: str, found: tuple[str, ...]) -> bool:
    return not wanted or any(name in wanted.split() for name in found)


def _span(pattern: str, text: str) -> tuple[int, int]:
    """Where *pattern* is found; without one, nowhere."""
    match = _compiled(pattern).search(text) if pattern else None
    return match.span() if match else (0, 0)


def _found(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(text) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def _like(wanted: str, found: tuple[str, ...]) -> bool:
    return not wanted or any(_shape(one).fullmatch(code) for one in wanted.split() for code in found)


@functools.cache
def _shape(wanted: str) -> re.Pattern[str]:
    return re.compile(re.escape(wanted).replace("x", r"\d+" if "." in wanted else r"\d"))
