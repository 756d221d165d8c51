"""What the list shows of a mail, and what a search looks at: made once, when the mail arrives."""

from __future__ import annotations

import collections.abc as c
import typing as t

from .letter import Letter

LONGEST: t.Final = 2000
"""Characters of the text that a search looks at."""


def summary(letter: Letter) -> dict[str, t.Any]:
    """JSON-able values; see :class:`.store.Entry` for what they mean."""
    return {
        "subject": letter.header("Subject"),
        "from": letter.header("From"),
        "to": letter.header("To"),
        "cc": letter.header("Cc"),
        "text": " ".join(_lines(letter.readable[: 2 * LONGEST]))[:LONGEST],
        "attachments": sum(not part.inline for part in letter.attachments),
        "size": len(letter.octets),
    }


def _lines(text: str) -> c.Iterator[str]:
    """The lines with something to read in them: no rules, no underlines."""
    for line in text.splitlines():
        if line.strip(" \t=-_*"):
            yield " ".join(line.split())
