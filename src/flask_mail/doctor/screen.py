"""A report as a screen of text. It knows widths, marks and colours, and nothing of mail."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t
import unicodedata

from .report import Finding
from .report import Mark
from .report import Report
from .report import Trouble
from .report import worst
from .words import Words

MARKS: t.Final[dict[Mark, str]] = {"ok": "✓", "warn": "!", "fail": "✗", "skip": "-"}
ASCII_MARKS: t.Final[dict[Mark, str]] = {"ok": "ok", "warn": "!!", "fail": "XX", "skip": "--"}

Paint = c.Callable[[str, Mark], str]
"""Colours a text as its mark says."""

WIDEST: t.Final = 100
"""Columns that are used at most."""

_NARROWEST = 40
_TOKENS = re.compile(r"\s+|[^\s\u2e80-\uffef]+[，。；：、）”]*|[（“]*[\u2e80-\uffef][，。；：、）”]*|.")


def width(text: str) -> int:
    """How many columns *text* takes in a terminal (UAX #11)."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def wrapped(text: str, columns: int) -> list[str]:
    """*text* in lines of at most *columns*, broken at blanks and between Chinese characters; a longer word stays
    whole, for it is often a URL."""
    lines = [""]
    for token in _TOKENS.findall(" ".join(text.split())):
        if lines[-1] and width(lines[-1]) + width(token.rstrip()) > columns:
            lines.append(token.lstrip())
        else:
            lines[-1] += token if lines[-1] else token.lstrip()
    return [line.rstrip() for line in lines]


def shown_seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


class Screen:
    """Writes reports.

    :param words: the language.
    :param columns: of the terminal.
    :param unicode: whether it shows more than ASCII; else marks are letters.
    :param paint: colours; none by default.
    """

    def __init__(
        self, words: Words, *, columns: int = 80, unicode: bool = True, paint: Paint = lambda text, mark: text
    ) -> None:
        self._words = words
        self._columns = max(min(columns, WIDEST), _NARROWEST)
        self._marks = MARKS if unicode else ASCII_MARKS
        self._paint = paint
        self._mark_width = max(map(width, self._marks.values()))

    def lines(self, report: Report, *, conversation: bool = False) -> c.Iterator[str]:
        """The screen, line by line.

        :param conversation: with what was said.
        """
        yield from wrapped(self._words.text("title", subject=report.subject), self._columns)
        labels = max((width(self._words.label(finding.check)) for finding in report.findings), default=0)
        for group, findings in report.groups().items():
            mark = worst(finding.mark for finding in findings)
            yield ""
            yield f"{self._mark(mark)} {self._words.label(group)}"
            for finding in findings:
                yield from self._finding(finding, labels)
        if conversation and report.conversation:
            yield ""
            yield self._words.text("conversation")
            yield from (f"  {line}" for line in report.conversation)
        yield ""
        yield from wrapped(self._summary(report), self._columns)

    def _mark(self, mark: Mark) -> str:
        return self._paint(padded(self._marks[mark], self._mark_width), mark)

    def _finding(self, finding: Finding, labels: int) -> c.Iterator[str]:
        took = shown_seconds(finding.seconds) if finding.seconds is not None else ""
        indent = 2 + self._mark_width + 1 + labels + 2
        first, *more = wrapped(finding.figure, self._columns - indent - 9)
        head = f"  {self._mark(finding.mark)} {padded(self._words.label(finding.check), labels)}  "
        line = f"{head}{padded(first, self._columns - indent - 8)}{took:>8}"
        yield line.rstrip()
        yield from (" " * indent + line for line in more)
        for trouble in finding.troubles:
            yield from self._trouble(trouble, 2 + self._mark_width + 1)
        for note in finding.notes:
            yield from self._labelled("note", note, 2 + self._mark_width + 1, "skip")

    def _trouble(self, trouble: Trouble, indent: int) -> c.Iterator[str]:
        mark: Mark = "fail" if trouble.grave else "warn"
        yield from self._block(f"{trouble.cause}: {trouble.summary}", indent, mark)
        if trouble.remedy:
            yield from self._labelled("do", trouble.remedy, indent, "ok")
        if trouble.link:
            yield from self._labelled("see", trouble.link, indent, "skip")

    def _labelled(self, label: str, text: str, indent: int, mark: Mark) -> c.Iterator[str]:
        name = self._words.label(label)
        first, *more = wrapped(text, self._columns - indent - width(name) - 1)
        yield f"{' ' * indent}{self._paint(name, mark)} {first}"
        yield from (" " * (indent + width(name) + 1) + line for line in more)

    def _block(self, text: str, indent: int, mark: Mark) -> c.Iterator[str]:
        for line in wrapped(text, self._columns - indent):
            yield " " * indent + self._paint(line, mark)

    def _summary(self, report: Report) -> str:
        marks = [finding.mark for finding in report.findings]
        seconds = shown_seconds(report.seconds)
        if all(mark == "ok" for mark in marks):
            return self._words.text("all-well", count=len(marks), seconds=seconds)
        return self._words.text(
            "summary",
            failed=marks.count("fail"),
            warned=marks.count("warn"),
            passed=marks.count("ok"),
            skipped=marks.count("skip"),
            seconds=seconds,
        )
