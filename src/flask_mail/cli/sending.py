"""``flask mail send-test``: one message, and its receipt."""

from __future__ import annotations

import collections.abc as c
import typing as t

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor import Case
from ..doctor.conversation import test_message
from ..doctor.words import Words
from ..errors import MailError
from ..message import Message
from ..submission import Receipt
from . import terminal
from .variables import Variables


@click.command("send-test")
@click.argument("address")
@click.option("--template", metavar="NAME", help="Send this mail of the application, such as mail/welcome.")
@click.option("--context", type=Variables(), default="{}", metavar="JSON|FILE", help="The template's variables.")
@click.option("--locale", metavar="LOCALE", help="The reader's language, where the application has Flask-Babel.")
@with_appcontext
def send_test(address: str, template: str | None, context: dict[str, t.Any], locale: str | None) -> None:
    """Send a test message to ADDRESS as the application would, and show the receipt.

    Exits with 1 if it was not accepted.
    """
    if template is None and (context or locale):
        raise click.UsageError("--context and --locale are for a template: name one with --template.")
    case = Case.of_app(current_app)
    state = case.state
    assert state is not None
    words = terminal.words(getattr(state, "locale", None))
    try:
        message = test_message(address, words.text)
        if template is not None:
            message = Message.from_template(template, recipients=[address], locale=locale, context=context)
            message.subject = message.subject or template
        receipt = state.send(message)
    except MailError as error:
        for line in (f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())):
            terminal.write(line)
        raise click.exceptions.Exit(1) from None
    for line in lines(receipt, words):
        terminal.write(line)
    if case.captured:
        terminal.write(words.text("receipt-captured"))
    raise click.exceptions.Exit(0 if receipt.accepted and receipt.complete else 1)


def lines(receipt: Receipt, words: Words) -> c.Iterator[str]:
    """The receipt for a reader."""
    yield words.text("receipt-id", id=receipt.message_id)
    if receipt.suppressed:
        yield words.text("receipt-suppressed")
    for address in receipt.accepted:
        yield words.text("receipt-accepted", address=address)
    for address, reply in receipt.refused.items():
        yield words.text("receipt-refused", address=address, reply=reply)
    if receipt.reply is not None:
        yield words.text("receipt-reply", reply=receipt.reply)
