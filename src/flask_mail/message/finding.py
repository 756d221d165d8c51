"""What a look at a mail has found."""

from __future__ import annotations

import dataclasses as d
import typing as t

Level = t.Literal["error", "warning", "note"]
"""``error``: it arrives broken, or not at all. ``warning``: many readers see it broken. ``note``: some see less."""


@d.dataclass(frozen=True, slots=True)
class Finding:
    """Something in a mail that its readers, or their mail programs, will stumble over; see :meth:`.Message.lint`.

    :param rule: the name of the rule, such as ``"alt-missing"``.
    :param level: ``"error"``, ``"warning"`` or ``"note"``.
    :param text: what is wrong.
    :param remedy: what to do about it.
    :param where: the place, such as ``"html line 12"``; empty where it is the whole mail.
    """

    rule: str
    level: Level
    text: str
    remedy: str
    where: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.level} {self.rule}: {place}{self.text} {self.remedy}"
