"""What the terminal can show: its width, characters and colours."""

from __future__ import annotations

import codecs
import os
import shutil
import sys

import click

from ..diagnosis.texts import language
from ..doctor.report import Mark
from ..doctor.screen import Screen
from ..doctor.words import Words

_COLOURS: dict[Mark, str] = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "bright_black"}


def encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "ascii"


def shows_unicode() -> bool:
    """Whether it speaks UTF-8; other encodings lack the marks."""
    try:
        return codecs.lookup(encoding()).name in ("utf-8", "utf-8-sig")
    except LookupError:
        return False


def words(locale: str | None) -> Words:
    """The words in the language of *locale*, else the process's; English where the terminal has no Chinese."""
    chosen = language(locale)
    try:
        "中文".encode(encoding())
    except (UnicodeEncodeError, LookupError):
        chosen = "en"
    return Words(chosen)


def screen(locale: str | None) -> Screen:
    """A screen for this terminal."""
    return Screen(words(locale), columns=shutil.get_terminal_size().columns, unicode=shows_unicode(), paint=_paint)


def _paint(text: str, mark: Mark) -> str:
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=_COLOURS[mark])  # https://no-color.org


def write(line: str) -> None:
    """Write a line, with what the terminal cannot show escaped."""
    where = encoding()
    click.echo(line.encode(where, "backslashreplace").decode(where))


class Ticker:
    """Shows what is looked at while it takes, where somebody watches; it leaves nothing behind."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._on = sys.stderr.isatty() and sys.stdout.isatty()

    def __call__(self, check: str) -> None:
        if self._on:
            label = self._words.label(check).encode(encoding(), "replace").decode(encoding())
            click.echo(f"\r\x1b[K{label} ...", err=True, nl=False)

    def done(self) -> None:
        if self._on:
            click.echo("\r\x1b[K", err=True, nl=False)
