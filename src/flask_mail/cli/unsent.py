"""``flask mail unsent``: what a process could not send any more, and sending it again."""

from __future__ import annotations

import collections.abc as c
import json
import os
import typing as t

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor import Case
from ..errors import MailError
from ..queues.base import Queue
from ..queues.remaining import refusal
from ..queues.resend import send_now
from ..queues.thread import ThreadQueue
from ..queues.unsent import Unsent
from ..queues.unsent import UnsentFolder
from . import terminal


@click.command("unsent")
@click.option("--resend", is_flag=True, help="Send it; with an outbox, or Celery, queue it there.")
@click.option("--in-doubt", is_flag=True, help="Also what the server may have, where MAIL_IN_DOUBT is 'hold'.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_appcontext
def unsent(resend: bool, in_doubt: bool, as_json: bool) -> None:
    """List what was put away because it could not be sent, or send it again.

    What is sent, or queued, is removed from the folder. Exits with 1 if something is left.
    """
    state: t.Any = Case.of_app(current_app).state
    folder = UnsentFolder(state.unsent_path or os.path.join(current_app.instance_path, "unsent"))
    found = list(folder)
    if not resend:
        for each in found:
            _show(each, as_json)
        if not found and not as_json:
            terminal.write(f"There is nothing in {folder.path}.")
        return
    if state.suppressed_now():
        raise click.ClickException(
            "Sending is suppressed: MAIL_SUPPRESS_SEND is set, or the application is in TESTING."
        )
    chosen = [each for each in found if not each.in_doubt or in_doubt or state.in_doubt == "resend"]
    left = len(found) - len(chosen)
    try:
        left += sum(not done for done in _resent(chosen, state.get_queue(), as_json))
    except (MailError, OSError) as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from None
    if left and not as_json:
        terminal.write(f"{left} left in {folder.path}")
    raise click.exceptions.Exit(1 if left else 0)


def _show(each: Unsent, as_json: bool) -> None:
    if as_json:
        told: dict[str, t.Any] = {
            "path": str(each.path),
            "message_id": each.message_id,
            "sender": each.sender,
            "date": each.date,
        }
        told |= {"recipients": list(each.recipients), "error": each.error, "in_doubt": each.in_doubt}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    doubt = " (the server may have it)" if each.in_doubt else ""
    terminal.write(f"{each.path.name}  {each.date}  {', '.join(each.recipients)}: {each.error}{doubt}")


def _resent(chosen: c.Iterable[Unsent], queue: Queue, as_json: bool) -> c.Iterator[bool]:
    """Send or queue each; yield whether nothing is left of it."""
    for each in chosen:
        if not isinstance(queue, ThreadQueue):
            id = queue.put(each.submission())
            each.remove()
            _say(each, as_json, f"queued as {id}")
            yield True
            continue
        verdict = send_now(each, queue.delivery)
        left = {**verdict.again, **verdict.failed}
        _say(each, as_json, f"not sent: {verdict.error or refusal(left)}" if left else "sent")
        yield not left


def _say(each: Unsent, as_json: bool, what: str) -> None:
    if as_json:
        click.echo(json.dumps({"path": str(each.path), "message_id": each.message_id, "result": what}))
    else:
        terminal.write(f"{each.path.name}  {', '.join(each.recipients)}: {what}")
