"""What a process could not send any more, as files: for people to look at, and to be sent again.

``<name>.eml`` holds the content, which mail programs open; ``<name>.json`` the envelope, who is still to get it, and
why it was not sent. The latter is written last: whoever finds a ``.json`` finds a whole ``.eml``.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import datetime
import json
import logging
import os
import pathlib
import secrets
import typing as t

from ..errors import DeliveryError
from ..submission import Submission
from . import record

logger: logging.Logger = logging.getLogger("flask_mail")


class UnsentError(DeliveryError):
    """A message was put away as a file, since nobody was left to try again; its cause is what the last try met.

    :param path: the ``.eml``; ``None`` where even that could not be written.
    """

    transient = True

    def __init__(self, message: str, path: pathlib.Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class ExpiredError(DeliveryError):
    """Its time was over before a message could be sent."""

    def __init__(self, message: str = "It expired before it could be sent.") -> None:
        super().__init__(message)


@d.dataclass(frozen=True, slots=True)
class Unsent:
    """A message that was put away.

    :param path: its ``.eml``.
    :param sender: the reverse-path.
    :param recipients: who is still to get it.
    :param date: when it was put away.
    :param error: why it was not sent.
    :param in_doubt: whether the server may have it all the same.
    """

    path: pathlib.Path
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    date: str
    error: str
    in_doubt: bool

    def submission(self) -> Submission:
        """What is to be sent.

        :raises OSError: the files are gone.
        """
        kept = json.loads(_beside(self.path).read_bytes())
        return record.submission(
            sender=kept["sender"],
            recipients=kept["recipients"],
            options=kept["options"],
            message_id=kept["message_id"],
            details=kept["details"],
            content=self.path.read_bytes(),
        )

    def remove(self) -> None:
        """Delete both files."""
        remove(self.path)

    def keep_for(self, recipients: c.Iterable[str], error: object, *, in_doubt: bool = False) -> None:
        """Note that another try has left these recipients, and why.

        :raises OSError: the file cannot be written.
        """
        beside = _beside(self.path)
        kept = json.loads(beside.read_bytes())
        kept |= {"recipients": list(recipients), "error": str(error), "in_doubt": in_doubt}
        _write(beside, [_as_json(kept)])


class UnsentFolder:
    """The folder of such files.

    :param path: it is made, with its parents, when first needed, for this user alone.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: pathlib.Path = pathlib.Path(path)

    def put_aside(self, submission: Submission, error: Exception | str, *, in_doubt: bool = False) -> UnsentError:
        """Put *submission* away, and say so in the log; also where that does not work.

        :param error: why.
        :param in_doubt: whether the server may have it.
        :returns: what to tell.
        """
        what = submission.message_id, ", ".join(submission.envelope.recipients), error
        try:
            path = self.write(submission, error, in_doubt=in_doubt)
        except (OSError, ValueError) as problem:
            where = self.path, problem
            logger.critical("%s to %s was not sent (%s) and is lost: MAIL_UNSENT_PATH is %s: %s", *what, *where)
            told = UnsentError("It could not even be put away")
        else:
            logger.error("%s to %s was not sent (%s), but put away as %s", *what, path)
            told = UnsentError(f"It was put away as {path}", path)
        told.__cause__, told.in_doubt = error if isinstance(error, Exception) else None, in_doubt
        return told

    def write(self, submission: Submission, error: object, *, in_doubt: bool) -> pathlib.Path:
        """Put *submission* away.

        :param error: why.
        :param in_doubt: whether the server may have it.
        :returns: the ``.eml``.
        :raises OSError: the folder cannot be written to.
        """
        self.path.mkdir(0o700, parents=True, exist_ok=True)
        now = datetime.datetime.now(datetime.UTC)
        path = self.path / f"{now:%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(4)}.eml"
        kept = {
            "message_id": submission.message_id,
            "sender": submission.envelope.sender,
            "recipients": list(submission.envelope.recipients),
            "options": record.options(submission.envelope),
            "details": record.details(submission),
            "date": now.isoformat(timespec="seconds"),
            "error": str(error),
            "in_doubt": in_doubt,
        }
        _write(path, submission.content)
        _write(_beside(path), [_as_json(kept)])
        return path

    def __iter__(self) -> c.Iterator[Unsent]:
        """What is there, oldest first."""
        for path in sorted(self.path.glob("*.json")):
            try:
                kept: dict[str, t.Any] = json.loads(path.read_bytes())
                found = {field.name: kept[field.name] for field in d.fields(Unsent) if field.name != "path"}
            except (OSError, ValueError, KeyError, TypeError):
                continue  # taken by somebody else meanwhile, or nothing of ours
            found["recipients"] = tuple(found["recipients"])
            yield Unsent(path=path.with_suffix(".eml"), **found)


def remove(path: pathlib.Path) -> None:
    """Delete an ``.eml`` and what is beside it; the envelope first, so that no half of the two is ever listed."""
    _beside(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _as_json(kept: dict[str, t.Any]) -> bytes:
    return json.dumps(kept, ensure_ascii=False, indent=1).encode("utf-8", "surrogateescape")


def _beside(path: pathlib.Path) -> pathlib.Path:
    return path.with_suffix(".json")


def _write(path: pathlib.Path, chunks: c.Iterable[bytes]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("xb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
