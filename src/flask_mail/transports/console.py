"""A transport that writes mail to a terminal, for development."""

from __future__ import annotations

import sys
import threading
import typing as t

from ..submission import Receipt
from ..submission import Submission
from .base import accepted
from .base import Transport

_RULE = "-" * 72


class ConsoleTransport(Transport):
    """Writes envelope and content as text.

    :param stream: where to; standard output, as it is at the time of sending, by default.
    """

    def __init__(self, stream: t.TextIO | None = None) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, submission: Submission, /) -> Receipt:
        """Write *submission*, whole, before another thread's."""
        stream = self._stream or sys.stdout
        envelope = submission.envelope
        text = bytes(submission.content).decode("utf-8", "replace").replace("\r\n", "\n")
        with self._lock:
            stream.write(f"{_RULE}\nMAIL FROM:<{envelope.sender}>\n")
            stream.writelines(f"RCPT TO:<{recipient}>\n" for recipient in envelope.recipients)
            stream.write(f"{_RULE}\n{text}\n{_RULE}\n")
            stream.flush()
        return accepted(submission)
