"""``flask mail merge``: a mail for each row of a file."""

from __future__ import annotations

import collections.abc as c
import contextlib
import logging
import os
import pathlib
import shlex
import signal
import sys
import types
import typing as t

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor import Case
from ..errors import MailError
from ..merge import KINDS
from ..merge import Merge
from ..merge import merge as start
from ..merge import Outcome
from ..merge import results_beside
from ..merge import Rows
from . import terminal
from .bar import Bar
from .rehearsal import rehearse
from .rehearsal import TOLD

_GOOD = frozenset(("accepted", "queued", "suppressed"))

_logger = logging.getLogger("flask_mail")


class Delimiter(click.ParamType[str]):
    """One character; a tab may be written as a word."""

    name = "delimiter"

    def convert(self, value: t.Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = {"tab": "\t", "\\t": "\t"}.get(str(value).lower(), str(value))
        if len(text) != 1:
            self.fail(f"{value!r} is not one character; a tab is 'tab'", param, ctx)
        return text


@click.command("merge")
@click.argument("template")
@click.argument("recipients", type=click.Path(path_type=pathlib.Path, dir_okay=False))
@click.option("--subject", metavar="TEXT", help="The subject, with {{ variables }}; else the template's block.")
@click.option("--unsubscribe", metavar="URL", help="What List-Unsubscribe names, with {{ variables }}.")
@click.option(
    "--dry-run",
    "dry_run",
    type=click.IntRange(0),
    is_flag=False,
    flag_value=3,
    metavar="[N]",
    help="Send nothing: show the first N mails, 3 by default, and look at all rows.",
)
@click.option("--progress/--no-progress", default=None, help="Show how far it is; by default on a terminal.")
@click.option("--rate", metavar="RATE", help="How fast, such as 14/s or 500/h; MAIL_RATE_LIMIT by default.")
@click.option("--connections", type=click.IntRange(1), default=4, show_default=True, help="How many at most.")
@click.option(
    "--results",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    metavar="FILE",
    help="Where the outcomes are written; RECIPIENTS.results.jsonl by default.",
)
@click.option("--later", is_flag=True, help="Queue the mails, for MAIL_QUEUE to send.")
@click.option("--resume", is_flag=True, help="Go on with a merge that was interrupted; nobody gets it twice.")
@click.option("--resend-in-doubt", is_flag=True, help="With --resume, send again what the server may have or not.")
@click.option("--address-column", default="email", show_default=True, metavar="NAME", help="Which has the address.")
@click.option("--encoding", metavar="NAME", help="Of RECIPIENTS, such as gb18030; found by its first octets, or UTF-8.")
@click.option("--delimiter", type=Delimiter(), metavar="CHAR", help="What stands between columns; found by default.")
@with_appcontext
def merge(
    template: str,
    recipients: pathlib.Path,
    dry_run: int | None,
    progress: bool | None,
    results: pathlib.Path | None,
    address_column: str,
    encoding: str | None,
    delimiter: str | None,
    **options: t.Any,
) -> None:
    """Send TEMPLATE to each row of RECIPIENTS, a CSV file or one with a JSON object in each line (.jsonl).

    The column email has the address; name and locale may be there, too. All columns are variables of the template.
    Exits with 1 if a mail was not accepted, and with 130 if it was interrupted.
    """
    if options["resend_in_doubt"] and not options["resume"]:
        raise click.UsageError("--resend-in-doubt goes with --resume.")
    state = Case.of_app(current_app).state
    assert state is not None
    results = results or results_beside(recipients)
    assert results is not None
    try:
        rows = Rows(recipients, address_column=address_column, encoding=encoding, delimiter=delimiter)
        bar = Bar(rows.count(), on=sys.stderr.isatty() if progress is None else progress)
        if dry_run is not None:
            rehearse(state, rows, dry_run, bar, template=template, **options)
        merging = start(template, rows, results=results, **options)
    except MailError as error:
        raise click.ClickException(str(error)) from None
    status = _run(merging, bar)
    for line in _summary(merging, results):
        terminal.write(line)
    raise click.exceptions.Exit(status)


def _run(merging: Merge, bar: Bar) -> int:
    """Send, and show what happens; return the status to exit with."""
    caught: list[int] = []
    try:
        with _stoppable(merging, caught), _logged(bar), contextlib.closing(merging.outcomes()) as outcomes:
            _watch(merging, outcomes, bar)
    except KeyboardInterrupt:
        pass
    except MailError as error:
        bar.clear()
        for line in ("It ends here:", f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())):
            terminal.write(line)
        return 1
    finally:
        bar.clear()
    if merging.interrupted:
        return 128 + (caught[0] if caught else signal.SIGINT)
    return 0 if set(merging.counts) <= _GOOD and not merging.in_doubt else 1


def _watch(merging: Merge, outcomes: c.Iterable[Outcome], bar: Bar) -> None:
    told = 0
    for outcome in outcomes:
        if outcome.outcome not in _GOOD:
            told += 1
            if told <= TOLD:
                bar.clear()
                address = f" {outcome.address}" if outcome.address else ""
                terminal.write(f"line {outcome.line}{address}: {outcome.outcome}: {outcome.reply}")
        worked = merging.done - merging.skipped
        bar.show(merging.done, worked, worked - sum(merging.counts[kind] for kind in _GOOD))


@contextlib.contextmanager
def _logged(bar: Bar) -> c.Generator[None]:
    """Have warnings written beside the bar, and not into it. Where the application logs to a place of its own, it
    still does."""
    if _logger.hasHandlers():
        yield
        return
    aside = _Aside(bar)
    _logger.addHandler(aside)
    try:
        yield
    finally:
        _logger.removeHandler(aside)


class _Aside(logging.Handler):
    """Writes what is logged, but for failed deliveries: each row tells of its own."""

    def __init__(self, bar: Bar) -> None:
        super().__init__(logging.WARNING)
        self._bar = bar

    def emit(self, record: logging.LogRecord) -> None:
        if record.module != "delivery":
            self._bar.clear()
            terminal.write(self.format(record))


@contextlib.contextmanager
def _stoppable(merging: Merge, caught: list[int]) -> c.Generator[None]:
    """Bring to its end what is on the wire when somebody wants it to stop; when he asks again, stop at once.

    :param caught: gets the signals that came.
    """

    def stop(number: int, frame: types.FrameType | None) -> None:
        again = bool(caught)
        caught.append(number)
        if not merging.stop() or again:
            raise KeyboardInterrupt
        # what echo() writes to may just be at work
        os.write(2, b"\r\x1b[KFinishing what is on the wire. Once more stops it at once.\n")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _summary(merging: Merge, results: pathlib.Path) -> c.Iterator[str]:
    counts = [f"{merging.counts[kind]:,} {kind}" for kind in KINDS if merging.counts[kind]]
    if (before := merging.skipped - len(merging.in_doubt)) > 0:
        counts.append(f"{before:,} done before")
    yield f"{'Interrupted. ' if merging.interrupted else ''}{', '.join(counts) or 'Nothing was sent'}."
    if merging.counts["suppressed"]:
        yield "Sending is suppressed: MAIL_SUPPRESS_SEND, or TESTING, is set."
    yield from _doubts(merging)
    if results.exists():
        yield f"Results: {results}"
        if merging.interrupted or merging.counts["failed"] or merging.counts["invalid"]:
            yield f"To go on: {_again('--resume')}"


def _doubts(merging: Merge) -> c.Iterator[str]:
    """What the server may have or not."""
    doubts = {**merging.in_doubt, **merging.on_the_wire}
    for line, address in list(doubts.items())[:TOLD]:
        yield f"line {line} {address}: in doubt: the server may have it or not, and it is not sent again."
    if count := len(doubts) + merging.counts["in-doubt"]:
        yield f"{count:,} in doubt. To send again: {_again('--resume', '--resend-in-doubt')}"


def _again(*more: str) -> str:
    """The command that was given, and *more*."""
    program = pathlib.Path(sys.argv[0])
    name = f"{pathlib.Path(sys.executable).name} -m flask" if program.name == "__main__.py" else program.name
    given = [each for each in sys.argv[1:] if each not in more]
    return f"{name} {shlex.join([*given, *more])}"
