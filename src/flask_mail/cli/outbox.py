"""``flask mail outbox ...``: what is in the outbox, and what may be done about it."""

from __future__ import annotations

import collections.abc as c
import datetime
import json
import re
import sys
import time
import typing as t

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor import Case
from ..errors import MailError
from . import terminal

_DURATION = re.compile(r"(\d{1,9}) ?([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType[float]):
    """Seconds, with a unit if wanted."""

    name = "duration"

    def convert(self, value: t.Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, (int, float)):
            return float(value)
        match = _DURATION.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no duration; write it as 90s, 15m, 4h or 5d", param, ctx)
        return float(int(match[1]) * _SECONDS[match[2]])


def database_fault(error: Exception) -> str | None:
    """What to say where the outbox's database has failed; ``None`` where *error* is another one."""
    exc: t.Any = sys.modules.get("sqlalchemy.exc")
    if exc is None or not isinstance(error, exc.SQLAlchemyError):
        return None
    said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return f"The outbox cannot be read or written: {said}"


class _Group(click.Group):
    """Says in a line what the database has said."""

    def invoke(self, ctx: click.Context) -> t.Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if (fault := database_fault(error)) is None:
                raise
            terminal.write(fault)
            raise click.exceptions.Exit(1) from error


@click.group("outbox", cls=_Group)
def outbox() -> None:
    """Look after the outbox: list, show, retry, cancel, purge, stats, init."""


def _open() -> t.Any:
    state = Case.of_app(current_app).state
    assert state is not None
    try:
        return state.outbox
    except MailError as error:
        terminal.write(f"{type(error).__name__}: {error}")
        raise click.exceptions.Exit(1) from None


def _checked(call: c.Callable[[], t.Any]) -> t.Any:
    try:
        return call()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@outbox.command("init")
@with_appcontext
def init() -> None:
    """Make the outbox's tables, where they are missing."""
    state = Case.of_app(current_app).state
    assert state is not None
    try:
        store = getattr(state.get_queue(), "store", None)
    except MailError as error:
        terminal.write(f"{type(error).__name__}: {error}")
        raise click.exceptions.Exit(1) from None
    if store is None:
        terminal.write(f"MAIL_QUEUE is {state.queue!r}, not 'outbox', so there are no tables to make.")
        raise click.exceptions.Exit(1)
    store.create()
    where = store.engine.url.render_as_string(hide_password=True)
    terminal.write(f"The outbox's tables are there: {where}")


@outbox.command("list")
@click.option("--state", "states", multiple=True, help="Only messages in this state; may be given several times.")
@click.option("--to", "recipient", help="Only messages with a recipient that holds this text.")
@click.option("--older-than", type=Duration(), help="Only messages queued longer ago than this, such as 2h.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_appcontext
def list_(states: tuple[str, ...], recipient: str | None, older_than: float | None, limit: int, as_json: bool) -> None:
    """List messages, the newest first."""
    found = _open()
    entries = _checked(
        lambda: found.entries(state=states or None, recipient=recipient, older_than=older_than, limit=limit)
    )
    for entry in entries:
        if as_json:
            click.echo(json.dumps(entry.as_json(), ensure_ascii=False))
            continue
        people = list(entry.recipients)
        more = f" and {len(people) - 1} more" if len(people) > 1 else ""
        error = f"  {entry.error['text']}" if entry.error else ""
        terminal.write(f"{entry.id}  {entry.state:<9}  {_when(entry.created)}  {people[0]}{more}{error}"[:200])
    if not entries and not as_json:
        terminal.write("There are no such messages.")


@outbox.command("show")
@click.argument("id")
@click.option("--json", "as_json", is_flag=True)
@click.option("--content", is_flag=True, help="Write the message itself, as it is sent, and nothing else.")
@with_appcontext
def show(id: str, as_json: bool, content: bool) -> None:
    """Show one message, by its ID or the beginning of it."""
    found = _open()
    entry = found.get(id)
    if entry is None:
        terminal.write(f"There is no message {id!r}, or more than one.")
        raise click.exceptions.Exit(1)
    if content:
        click.echo(found.content(entry.id) or b"", nl=False)
        return
    if as_json:
        click.echo(json.dumps(entry.as_json(), ensure_ascii=False, indent=2))
        return
    for line in _lines(entry, found.subject(entry.id)):
        terminal.write(line)


def _lines(entry: t.Any, subject: str) -> c.Iterator[str]:
    yield f"id          {entry.id}"
    yield f"state       {entry.state}, after {entry.attempts} attempt{'s' if entry.attempts != 1 else ''}"
    yield f"subject     {subject}"
    yield f"message id  {entry.message_id}"
    yield f"sender      {entry.sender or '<>'}"
    for recipient, (state, reply) in entry.recipients.items():
        yield f"recipient   {recipient}: {state}{f', {reply}' if reply else ''}"
    yield f"queued      {_when(entry.created)}"
    if entry.state in ("ready", "waiting"):
        yield f"due         {_when(entry.due)}"
        yield f"expires     {_when(entry.expires)}"
    else:
        yield f"since       {_when(entry.due)}"
    if entry.key is not None:
        yield f"key         {entry.key}"
    yield f"size        {entry.size:,} octets"
    if entry.error:
        cause = f" [{entry.error['cause']}]" if entry.error.get("cause") else ""
        yield f"error       {entry.error['text']}{cause}"


def _selecting(command: c.Callable[..., None]) -> c.Callable[..., None]:
    """Messages by their ids, or by their state."""
    command = click.option("--state", help="All messages in this state, instead of by their ids.")(command)
    return click.argument("ids", nargs=-1)(command)


@outbox.command("retry")
@_selecting
@with_appcontext
def retry(ids: tuple[str, ...], state: str | None) -> None:
    """Send messages again that wait, have failed or are held."""
    _change(_open().retry, ids, state, "will be sent")


@outbox.command("cancel")
@_selecting
@with_appcontext
def cancel(ids: tuple[str, ...], state: str | None) -> None:
    """Do not send messages that are not being sent already."""
    _change(_open().cancel, ids, state, "will not be sent")


def _change(change: c.Callable[..., list[str]], ids: tuple[str, ...], state: str | None, what: str) -> None:
    changed = _checked(lambda: change(*ids, state=state))
    terminal.write(f"{len(changed)} message{'s' if len(changed) != 1 else ''} {what}.")
    left = set(ids) - set(changed)
    for id in sorted(left):
        terminal.write(f"{id}: there is no such message, or its state does not allow that.")
    if left:
        raise click.exceptions.Exit(1)


@outbox.command("purge")
@click.option(
    "--older-than", type=Duration(), help="Over for longer than this, such as 7d; MAIL_OUTBOX_KEEP by default."
)
@click.option("--state", help="Only messages in this state.")
@with_appcontext
def purge(older_than: float | None, state: str | None) -> None:
    """Delete messages that are over."""
    found = _open()
    seconds = current_app.extensions["mail"].outbox_keep if older_than is None else older_than
    count = _checked(lambda: found.purge(seconds, state=state))
    terminal.write(f"{count} message{'s' if count != 1 else ''} deleted.")


@outbox.command("stats")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def stats(as_json: bool) -> None:
    """How many messages there are in each state, and how it goes."""
    found = _open().stats()
    if as_json:
        told = {
            "states": found.states,
            "oldest": found.oldest,
            "sent_last_hour": found.sent_last_hour,
            "workers": found.workers,
            "seen": found.seen,
        }
        click.echo(json.dumps(told))
        return
    for state, count in sorted(found.states.items()):
        terminal.write(f"{state:<10} {count:>9,}")
    oldest = "nothing waits" if found.oldest is None else f"the oldest has waited {_span(found.oldest)}"
    seen = "" if found.seen is None else f", seen {_span(found.seen)} ago"
    terminal.write(f"{found.sent_last_hour:,} sent in the last hour; {oldest}; workers: {found.workers}{seen}.")


def _when(moment: float) -> str:
    return datetime.datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _span(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


@outbox.command("sweep")
@click.option(
    "--older-than",
    type=Duration(),
    default=60,
    show_default=True,
    help="What was handed over longer ago than this is handed over again.",
)
@with_appcontext
def sweep(older_than: float) -> None:
    """Hand to Celery what is due and does not seem to have arrived there, where MAIL_OUTBOX_DISPATCH is "celery".

    What is for later, and what is to be tried again, gets there by this alone: run it every minute, by cron, or as the
    task flask_mail.sweep_outbox by Celery beat.
    """
    state = current_app.extensions["mail"]
    _open()
    if state.outbox_dispatch != "celery":
        terminal.write(f"MAIL_OUTBOX_DISPATCH is {state.outbox_dispatch!r}, not 'celery': flask mail worker sends.")
        raise click.exceptions.Exit(1)
    from ..queues.celery import sweep as hand_over

    started = time.monotonic()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        count = hand_over(app, state.get_queue(), hold=state.in_doubt == "hold", grace=older_than)
    except MailError as error:
        terminal.write(f"{type(error).__name__}: {error}")
        raise click.exceptions.Exit(1) from None
    terminal.write(f"{count} handed over in {time.monotonic() - started:.1f} s.")
