"""A transport that writes each mail as a file, with its envelope beside it.

``<name>.eml`` holds the content and ``<name>.json`` the envelope. Both are written under another name, flushed to the
disk and renamed, the envelope last: whoever finds a ``.json`` finds a whole ``.eml``.
"""

from __future__ import annotations

import collections.abc as c
import datetime
import json
import os
import pathlib
import secrets
import typing as t

from ..errors import ConfigError
from ..errors import DeliveryError
from ..submission import Receipt
from ..submission import Submission
from .base import accepted
from .base import Transport
from .failures import stage


class FileTransport(Transport):
    """Writes every submission into a folder.

    :param folder: where to; it is made, with its parents, when first needed.
    """

    called: t.ClassVar[str] = "The folder of MAIL_FILE_PATH"
    """What an error calls the folder."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder: pathlib.Path = pathlib.Path(folder)

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], /) -> t.Self:
        """Take the folder from ``MAIL_FILE_PATH``."""
        folder = config.get("MAIL_FILE_PATH")
        if not folder:
            raise ConfigError("MAIL_FILE_PATH has to name the folder that mail is written to.", key="MAIL_FILE_PATH")
        return cls(folder)

    def send(self, submission: Submission, /) -> Receipt:
        """Write *submission*.

        :raises DeliveryError: the folder cannot be written to; also the ``OSError`` it is.
        """
        try:
            with stage("data"):
                return self._keep(submission)
        except DeliveryError as error:
            error.add_note(f"{self.called}, {str(self.folder)!r}, cannot be written to.")
            raise

    def _keep(self, submission: Submission) -> Receipt:
        self.prepare()
        now = datetime.datetime.now(datetime.UTC)
        name = f"{now:%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(4)}"  # sorts by time, and cannot be guessed
        self._write(f"{name}.eml", submission.content)
        self._write(f"{name}.json", [json.dumps(self.record(submission, now), ensure_ascii=False, indent=1).encode()])
        return accepted(submission)

    def prepare(self) -> None:
        """Make the folder, where there is none."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def record(self, submission: Submission, now: datetime.datetime) -> dict[str, t.Any]:
        """What stands beside the content."""
        envelope = submission.envelope
        return {
            "message_id": submission.message_id,
            "sender": envelope.sender,
            "recipients": list(envelope.recipients),
            "mail_options": list(envelope.mail_options),
            "rcpt_options": list(envelope.rcpt_options),
            "tags": list(submission.tags),
            "metadata": dict(submission.metadata),
            "date": now.isoformat(),
        }

    def _write(self, name: str, chunks: c.Iterable[bytes]) -> None:
        partial = self.folder / f".{name}.partial"
        try:
            with partial.open("xb") as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.folder / name)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
