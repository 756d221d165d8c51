"""What major mail clients drop; the facts stand in ``clients.toml``."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import datetime
import functools
import importlib.resources
import re
import tomllib
import typing as t

from ..message.finding import Level
from .markup import Markup


@d.dataclass(frozen=True, slots=True)
class Feature:
    """Something of HTML or CSS that some clients drop.

    :param name: what it is called.
    :param level: how much it matters.
    :param dropped: the clients that drop it, as people call them.
    :param tested: the day when that was seen.
    :param kind: where to look for it: ``property``, ``function``, ``rule``, ``selector``, ``element`` or ``image``.
    :param pattern: what to look for there.
    :param properties: the properties that it is about, where it is about some.
    """

    name: str
    level: Level
    dropped: tuple[str, ...]
    tested: datetime.date
    kind: str
    pattern: re.Pattern[str]
    properties: frozenset[str] = frozenset()

    def lines(self, markup: Markup) -> c.Iterator[int]:
        """The lines of the HTML that use it."""
        if self.kind in ("property", "function"):
            for name, value, line in markup.declarations:
                if (not self.properties or name in self.properties) and self.pattern.search(value):
                    yield line
            return
        places = {"element": markup.elements, "image": markup.images}.get(self.kind, markup.preludes)
        for text, line in places:
            if self._meant(text) and self.pattern.search(text):
                yield line

    def _meant(self, text: str) -> bool:
        return self.kind != "selector" or not text.startswith("@")


@d.dataclass(frozen=True, slots=True)
class Source:
    """Where the facts are from.

    :param name: who collected them.
    :param snapshot: the day on which they were taken over.
    """

    name: str
    snapshot: datetime.date


@functools.cache
def source() -> Source:
    """Where the facts are from, and of when."""
    given = _table()["source"]
    return Source(given["name"], given["snapshot"])


@functools.cache
def features() -> tuple[Feature, ...]:
    """Everything in the table."""
    table = _table()
    return tuple(_feature(row, table["clients"]) for row in table["table"]["features"])


def _feature(row: dict[str, t.Any], clients: dict[str, str]) -> Feature:
    kind = next(name for name in _PATTERNS if name in row)
    sought = row.get("value", "") if kind == "property" else row[kind]
    return Feature(
        row["name"],
        row["level"],
        tuple(clients[name] for name in row["dropped"]),
        row["tested"],
        kind,
        re.compile(_PATTERNS[kind].format(sought), re.IGNORECASE) if sought else re.compile(""),
        frozenset(row.get("property", ())),
    )


_PATTERNS = {
    "property": r"^(?:{})(?:\s*!important)?$",
    "function": r"(?<![\w-])(?:{})\(",
    "rule": r"^(?:{})",
    "selector": r"{}",
    "element": r"^(?:{})$",
    "image": r"^(?:{})",
}


def _table() -> dict[str, t.Any]:
    text = importlib.resources.files("flask_mail.templates").joinpath("clients.toml").read_text("utf-8")
    return tomllib.loads(text)
