"""Invitations (RFC 5545, RFC 5546, RFC 6047)."""

from __future__ import annotations

import dataclasses as d
import re
import typing as t

from ..errors import ContentError
from ..mime.gate import plain

_METHOD = re.compile(r"^METHOD:[ \t]*([A-Za-z-]+)", re.MULTILINE | re.IGNORECASE)


@d.dataclass
class Calendar:
    """An invitation that mail programs act on.

    :param text: iCalendar text.
    :param method: ``REQUEST``, ``CANCEL``, ``REPLY`` or ``PUBLISH``; by default the one that *text* names.
    :param attach: whether it is there as a file, too, for people whose program shows no invitations.
    :param filename: the name of that file.
    :raises ContentError: *text* is no text.
    """

    text: str
    method: str = ""
    attach: bool = False
    filename: str = "invite.ics"

    def __post_init__(self) -> None:
        given: t.Any = self.text
        if not isinstance(given, str) and not hasattr(given, "encode"):  # a lazy string is like the text in it
            raise ContentError(f"calendar must be iCalendar text, not {given!a:.100}", field="calendar")
        self.text = plain(given, "calendar")
        self.filename = self.filename or "invite.ics"
        if not self.method:
            found = _METHOD.search(self.text)
            self.method = found[1].upper() if found else "PUBLISH"


def invitation(given: t.Any) -> Calendar | None:
    """A calendar as it is, or made from text.

    :raises ContentError: *given* is neither.
    """
    return given if given is None or hasattr(given, "method") else Calendar(given)
