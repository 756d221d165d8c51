"""A progress bar with rate and time left, for people who watch."""

from __future__ import annotations

import collections
import shutil
import sys
import time
import typing as t

import click

from .terminal import shows_unicode

_EVERY: t.Final = 0.1
"""Seconds between two pictures."""

_RECENT: t.Final = 10.0
"""Seconds that the rate is taken over."""

_TELLING: t.Final = 0.3
"""Seconds below which there is no rate yet."""


class Bar:
    """Drawn on standard error, over itself.

    :param total: what will be done in all; ``None`` where that is not known.
    :param on: whether to draw at all.
    """

    def __init__(self, total: int | None, *, on: bool) -> None:
        self._total = total
        self._on = on
        self._drawn = 0.0
        self._marks: collections.deque[tuple[float, int]] = collections.deque()

    def show(self, done: int, worked: int, failed: int) -> None:
        """Draw it, unless that was a moment ago.

        :param done: how much is done, in all.
        :param worked: how much of it was work of ours, which the rate is taken of.
        :param failed: how much of that failed.
        """
        if self._on and (now := time.monotonic()) - self._drawn >= _EVERY:
            self._drawn = now
            self._draw(picture(done, self._total, self._rate(now, worked), failed, _columns(), _blocks()))

    def clear(self) -> None:
        """Take it away, so that something else can be written."""
        if self._on and self._drawn:
            self._draw("")
            self._drawn = 0.0

    def _rate(self, now: float, worked: int) -> float:
        self._marks.append((now, worked))
        while now - self._marks[0][0] > _RECENT and len(self._marks) > 2:
            self._marks.popleft()
        since, before = self._marks[0]
        return (worked - before) / (now - since) if now - since >= _TELLING else 0.0

    def _draw(self, text: str) -> None:
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)


def picture(done: int, total: int | None, rate: float, failed: int, columns: int, blocks: str = "#-") -> str:
    """The bar as a line of at most *columns*.

    :param blocks: what stands for done, and for not yet done.
    """
    parts = [f"{done:,}" if total is None else f"{done:,} of {total:,}"]
    if rate > 0:
        parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
        if total is not None:
            parts.append(f"{duration(max(0, total - done) / rate)} left")
    if failed:
        parts.append(f"{failed:,} not sent")
    text = "  ".join(parts)
    if total:
        share = min(1.0, done / total)
        text = f"{share:4.0%}  {text}"
        room = min(40, columns - len(text) - 3)
        if room >= 10:
            full = round(share * room)
            text = f"{blocks[0] * full}{blocks[1] * (room - full)} {text}"
    return text[: max(0, columns - 1)]


def duration(seconds: float) -> str:
    """``0:05``, ``12:34``, ``2:03:04``, ``5 days``."""
    whole = round(seconds)
    if whole >= 48 * 3600:
        return f"{whole // 86400} days"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _blocks() -> str:
    return "█░" if shows_unicode() and "utf" in (sys.stderr.encoding or "").lower() else "#-"
