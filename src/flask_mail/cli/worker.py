"""``flask mail worker``: sends what is in the outbox."""

from __future__ import annotations

import collections.abc as c
import contextlib
import logging
import signal
import sys
import time
import types
import typing as t

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor import Case
from ..errors import MailError
from ..extension.background import make_worker
from . import terminal
from .outbox import database_fault

AT_ONCE: t.Final = 13.0
"""Seconds after which a worker that was told to stop lets go of what it waits for, for instance of a server that does
not say a word: more than what is on its way is given."""

_CAN_ALARM: t.Final = hasattr(signal, "setitimer")


class _TimeIsUp(BaseException):
    """Nothing is waited for any longer."""


def _time_is_up(number: int, frame: types.FrameType | None) -> None:
    raise _TimeIsUp


@click.command("worker")
@click.option("--concurrency", default=4, show_default=True, type=click.IntRange(1, 256), help="Connections at most.")
@click.option(
    "--batch", default=100, show_default=True, type=click.IntRange(1, 10_000), help="Messages to claim at once."
)
@click.option("--burst", is_flag=True, help="End when there is nothing to send right now.")
@click.option("--progress", is_flag=True, help="Show how it goes.")
@with_appcontext
def worker(concurrency: int, batch: int, burst: bool, progress: bool) -> None:
    """Send what is in the outbox, until it is told to stop.

    SIGTERM or SIGINT ends it within 15 seconds: what is on its way is brought to an end, the rest stays in the outbox.
    Exits with 0 when it was told to stop, or with --burst is done; with 1 where it cannot work: its database fails, or
    with --burst the mail server cannot be reached, trusted or logged in to. Without --burst it waits for the server.
    """
    state = Case.of_app(current_app).state
    assert state is not None
    if state.suppressed_now():
        terminal.write("Sending is suppressed (MAIL_SUPPRESS_SEND or TESTING), so this worker would send nothing.")
        raise click.exceptions.Exit(1)
    shown = _Line() if progress else None
    try:
        made = make_worker(state, state.get_queue(), connections=concurrency, batch=batch, progress=shown)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}" if isinstance(error, MailError) else database_fault(error)
        if fault is None:
            raise
        terminal.write(fault)
        raise click.exceptions.Exit(1) from None

    def stop(number: int, frame: types.FrameType | None) -> None:
        made.stop()
        if _CAN_ALARM and not signal.getitimer(signal.ITIMER_REAL)[0]:
            signal.setitimer(signal.ITIMER_REAL, AT_ONCE)

    numbers = [signal.SIGTERM, signal.SIGINT]
    before = {number: signal.signal(number, stop) for number in numbers}
    if _CAN_ALARM:
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, _time_is_up)
    started = time.monotonic()
    try:
        with _seen():
            tally = made.run(burst=burst)
    except _TimeIsUp:
        tally = made.tally
    except Exception as error:
        if shown is not None:
            shown.end()
        if (fault := database_fault(error)) is None:
            raise
        terminal.write(fault)
        raise click.exceptions.Exit(1) from error
    finally:
        if _CAN_ALARM:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
    if shown is not None:
        shown.end()
    seconds = time.monotonic() - started
    terminal.write(f"{tally} in {seconds:.1f} s")
    if burst and tally.trouble is not None:
        for line in (f"{tally.trouble}", *getattr(tally.trouble, "__notes__", ())):
            terminal.write(line)
        raise click.exceptions.Exit(1)


@contextlib.contextmanager
def _seen() -> c.Generator[None]:
    """Write to stderr, for the process manager to keep, what the worker logs, unless logging is configured."""
    logger = logging.getLogger("flask_mail")
    if logger.hasHandlers():
        yield
        return
    level, handler = logger.level, logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level or logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _Line:
    """One line that is written over and over; a line now and then where nobody watches."""

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._pause = 0.1 if self._watched else 10.0
        self._last = self._since = time.monotonic()

    def __call__(self, tally: t.Any) -> None:
        now = time.monotonic()
        if now - self._last < self._pause:
            return
        self._last = now
        line = f"{tally}, {tally.sent / max(now - self._since, 0.001):,.0f}/s"
        click.echo(f"\r\x1b[K{line}" if self._watched else line, err=True, nl=not self._watched)

    def end(self) -> None:
        if self._watched:
            click.echo("\r\x1b[K", err=True, nl=False)
