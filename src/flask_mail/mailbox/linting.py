"""What :meth:`.Message.lint` would say, for a mail that is there only as octets."""

from __future__ import annotations

from ..message.finding import Finding as Finding
from .letter import Letter


def findings(letter: Letter) -> list[Finding] | None:
    """What is wrong with *letter*; ``None`` where nobody can tell."""
    return None
