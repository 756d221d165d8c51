"""The transport into the mailbox: the ``file`` transport, with a summary for the list beside the envelope."""

from __future__ import annotations

import datetime
import typing as t

from ..submission import Receipt
from ..submission import Submission
from ..transports.file import FileTransport
from .letter import Letter
from .store import Store
from .summary import summary


class Capture(FileTransport):
    """Writes into *store*, and drops what is too old.

    :param store: the mailbox's folder.
    :param receipt: what the server said, where the mail was really sent.
    """

    called = "The mailbox's folder"

    def __init__(self, store: Store, receipt: Receipt | None = None) -> None:
        super().__init__(store.folder)
        self._store = store
        self._receipt = receipt

    def send(self, submission: Submission, /) -> Receipt:
        receipt = super().send(submission)
        self._store.prune()
        return receipt

    def prepare(self) -> None:
        self._store.prepare()

    def record(self, submission: Submission, now: datetime.datetime) -> dict[str, t.Any]:
        record = super().record(submission, now)
        record["summary"] = summary(Letter(bytes(submission.content)))
        if self._receipt is not None:
            record["sent"] = {
                "accepted": list(self._receipt.accepted),
                "refused": {address: str(reply) for address, reply in self._receipt.refused.items()},
                "reply": str(self._receipt.reply) if self._receipt.reply else None,
            }
        return record
