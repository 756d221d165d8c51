"""Invitations (RFC 5545, RFC 5546, RFC 6047)."""

from __future__ import annotations

import dataclasses as d
import re

_METHOD = re.compile(r"^METHOD:[ \t]*([A-Za-z-]+)", re.MULTILINE | re.IGNORECASE)


@d.dataclass
class Calendar:
    """An invitation that mail programs act on.

    :param text: iCalendar text.
    :param method: ``REQUEST``, ``CANCEL``, ``REPLY`` or ``PUBLISH``; by default the one that *text* names.
    :param attach: whether it is there as a file, too, for people whose program shows no invitations.
    :param filename: the name of that file.
    """

    text: str
    method: str = ""
    attach: bool = False
    filename: str = "invite.ics"

    def __post_init__(self) -> None:
        if not self.method:
            found = _METHOD.search(self.text)
            self.method = found[1].upper() if found else "PUBLISH"
