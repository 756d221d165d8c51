"""The mailbox's folder: what the ``file`` transport wrote, what was read, and a token.

``<id>.eml`` and ``<id>.json`` are a mail and its envelope, ``<id>.seen`` says that it was opened. Each is written or
removed as a whole, so any number of threads and processes may use the folder at once; what another process has
removed meanwhile is simply gone. The list reads names, and each summary once: it never parses a mail.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses as d
import datetime
import functools
import hashlib
import json
import os
import pathlib
import re
import secrets
import threading
import typing as t

from flask import Flask

from .letter import Letter
from .summary import summary

KEPT: t.Final = 500
"""How many mails are kept; the oldest go first."""

_ID: t.Final = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
_NAME: t.Final = re.compile(rf"({_ID.pattern})\.(json|seen)")
_ENDINGS: t.Final = (".json", ".eml", ".seen")


@d.dataclass(frozen=True, slots=True)
class Entry:
    """A mail as the list shows it.

    :param id: its name: the time it came, and what cannot be guessed.
    :param text: the beginning of its text.
    :param attachments: how many it has.
    :param size: octets in all.
    :param sent: whether it was really sent, and this is a copy.
    :param seen: whether it was opened.
    """

    id: str
    date: datetime.datetime
    subject: str
    sender: str
    to: str
    recipients: tuple[str, ...]
    text: str
    attachments: int
    size: int
    sent: bool
    seen: bool = False

    def matches(self, words: c.Sequence[str]) -> bool:
        """Whether each of *words*, in lower case, occurs in it."""
        if not words:
            return True
        haystack = "\n".join((self.subject, self.sender, self.to, *self.recipients, self.text)).lower()
        return all(word in haystack for word in words)


class Store:
    """The folder of one application.

    :param folder: where it is; made when the first mail comes.
    :param kept: how many mails are kept.
    """

    def __init__(self, folder: str | os.PathLike[str], kept: int = KEPT) -> None:
        self.folder: pathlib.Path = pathlib.Path(folder)
        self._kept = kept
        self._known: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Make the folder: for nobody else's eyes, and not for version control, since links in mails are secrets."""
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / ".gitignore").write_text("*\n", "ascii")

    def _names(self) -> tuple[list[str], set[str]]:
        """The ids, newest first, and which of them were opened."""
        ids: list[str] = []
        seen: set[str] = set()
        with contextlib.suppress(FileNotFoundError):
            for match in filter(None, map(_NAME.fullmatch, os.listdir(self.folder))):
                ids.append(match[1]) if match[2] == "json" else seen.add(match[1])
        return sorted(ids, reverse=True), seen

    def version(self) -> str:
        """Something that is different as soon as the list is."""
        ids, seen = self._names()
        return hashlib.blake2b("\n".join([*ids, "", *sorted(seen)]).encode(), digest_size=12).hexdigest()

    def unread(self) -> int:
        """How many mails nobody has opened."""
        ids, seen = self._names()
        return len(set(ids) - seen)

    def entries(self, query: str = "") -> list[Entry]:
        """The mails, newest first; with *query*, those in which each of its words occurs."""
        ids, seen = self._names()
        with self._lock:
            for gone in self._known.keys() - ids:
                del self._known[gone]
            found = [entry for each in ids if (entry := self._entry(each)) is not None]
        words = query.lower().split()
        return [d.replace(entry, seen=True) if entry.id in seen else entry for entry in found if entry.matches(words)]

    def _entry(self, name: str) -> Entry | None:
        if name not in self._known:
            record = self.record(name)
            if record is None:
                return None
            self._known[name] = _as_entry(name, record)
        return self._known[name]

    def record(self, name: str) -> dict[str, t.Any] | None:
        """What stands beside the mail *name*: its envelope and summary; ``None`` where there is none."""
        if not _ID.fullmatch(name):
            return None
        try:
            record: dict[str, t.Any] = json.loads((self.folder / f"{name}.json").read_bytes())
            if "summary" not in record:  # another program's FileTransport wrote it
                record["summary"] = summary(Letter((self.folder / f"{name}.eml").read_bytes()))
        except (OSError, ValueError):
            return None
        return record

    def letter(self, name: str) -> Letter | None:
        """The mail *name*; ``None`` where there is none."""
        if not _ID.fullmatch(name):
            return None
        try:
            return Letter((self.folder / f"{name}.eml").read_bytes())
        except OSError:
            return None

    def mark(self, name: str, *, seen: bool) -> None:
        """Note that a mail was opened, or that it counts as new again."""
        if not _ID.fullmatch(name):
            return
        marker = self.folder / f"{name}.seen"
        if seen and (self.folder / f"{name}.json").exists():
            marker.touch()
        elif not seen:
            marker.unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        """Remove one mail."""
        if _ID.fullmatch(name):
            for ending in _ENDINGS:
                (self.folder / f"{name}{ending}").unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all mails."""
        for name in self._names()[0]:
            self.delete(name)

    def prune(self) -> None:
        """Remove the oldest, and what a process that died has left of them."""
        names = self._names()[0]
        if len(names) <= self._kept:
            return
        oldest = names[self._kept - 1]
        for file in os.listdir(self.folder):
            match = _ID.match(file.removeprefix("."))
            if match is not None and match[0] < oldest:
                (self.folder / file).unlink(missing_ok=True)

    def token(self) -> str:
        """What a form has to bring along; the same for all processes, and made once."""
        path = self.folder / ".token"
        with contextlib.suppress(FileNotFoundError):
            return path.read_text("ascii")
        self.prepare()
        made = self.folder / f".token-{secrets.token_hex(8)}"
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(24))
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
        return path.read_text("ascii")


def _as_entry(name: str, record: dict[str, t.Any]) -> Entry:
    known: dict[str, t.Any] = record["summary"]
    return Entry(
        id=name,
        date=datetime.datetime.fromisoformat(record["date"]),
        subject=known["subject"],
        sender=known["from"],
        to=known["to"] or known["cc"],
        recipients=tuple(record["recipients"]),
        text=known["text"],
        attachments=known["attachments"],
        size=known["size"],
        sent="sent" in record,
    )


def store_of(app: Flask) -> Store:
    """The mailbox of *app*, in its instance folder."""
    return _store_in(app.instance_path)


@functools.cache
def _store_in(instance: str) -> Store:
    return Store(pathlib.Path(instance) / "mailbox")
