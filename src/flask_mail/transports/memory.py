"""A transport that keeps submissions in memory, for tests."""

from __future__ import annotations

import dataclasses as d

from ..submission import Content
from ..submission import Receipt
from ..submission import Submission
from .base import accepted
from .base import Transport


class MemoryTransport(Transport):
    """Keeps what was sent in :attr:`submissions`, as octets of its own."""

    def __init__(self) -> None:
        self.submissions: list[Submission] = []
        """What was sent, oldest first."""

    def send(self, submission: Submission, /) -> Receipt:
        """Keep *submission*; its content is copied, since a file it streams from may change."""
        self.submissions.append(d.replace(submission, content=Content([bytes(submission.content)])))
        return accepted(submission)
