"""A merge that sends nothing: its first mails to look at, and every row tried."""

from __future__ import annotations

import collections.abc as c
import typing as t

import click

from ..compose import compose
from ..errors import MailError
from ..extension.state import State
from ..merge import Rows
from ..merge.letters import Letters
from ..message import Message
from ..templates.rules import MANY
from . import terminal
from .bar import Bar
from .lint import show as show_findings

TOLD: t.Final = 20
"""Rows that are not sent are told of one by one, up to so many."""


def rehearse(
    state: State,
    rows: Rows,
    shown: int,
    bar: Bar,
    *,
    template: str,
    subject: str | None,
    unsubscribe: str | None,
    **unused: t.Any,
) -> t.NoReturn:
    """Show the first mails, tell which rows no mail can be made of, and end the program.

    :param shown: how many mails to show.
    :raises TemplateError: there is no such template.
    """
    letters = Letters(state, template, rows.address_column, subject=subject, unsubscribe=unsubscribe)
    good: list[Message] = []
    count = bad = 0
    for count, (line, made) in enumerate(_tried(state, rows, letters), 1):
        if isinstance(made, Message):
            if len(good) < max(shown, 1):
                good.append(made)
                _show(made, line) if shown else None
        else:
            bad += 1
            if bad <= TOLD:
                bar.clear()
                terminal.write(f"line {line}: {made}")
        bar.show(count, count, bad)
    bar.clear()
    for message in good[:1]:
        findings = state.lint(message, bulk=count >= MANY)
        if findings:
            show_findings("The first mail", findings)
    terminal.write(f"{count:,} rows: {count - bad:,} can be sent, {bad:,} cannot. Nothing was sent.")
    raise click.exceptions.Exit(1 if bad else 0)


def _tried(state: State, rows: Rows, letters: Letters) -> c.Iterator[tuple[int, Message | str]]:
    """Each row's line, and its message, or what is wrong with it."""
    for row in rows:
        try:
            message = letters.message(row, letters.address(row))
            compose(message, state)
        except Exception as error:
            if letters.is_lost(error):
                raise
            yield row.line, str(error) if isinstance(error, MailError) else f"{type(error).__name__}: {error}"
        else:
            yield row.line, message


def _show(message: Message, line: int) -> None:
    terminal.write(f"----- line {line} -----")
    terminal.write(f"From: {message.sender}")
    terminal.write(f"To: {', '.join(map(_readable, message.recipients))}")
    terminal.write(f"Subject: {message.subject}")
    for name, value in dict(message.extra_headers or {}).items():
        terminal.write(f"{name}: {value}")
    if message.html:
        terminal.write(f"HTML: {len(message.html):,} characters")
    terminal.write("")
    for text in str(message.body or "").rstrip().split("\n"):
        terminal.write(text)
    terminal.write("")


def _readable(recipient: t.Any) -> str:
    return recipient if isinstance(recipient, str) else f"{recipient[0]} <{recipient[1]}>"
