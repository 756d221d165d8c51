"""``flask mail doctor``: whether mail works."""

from __future__ import annotations

import collections.abc as c
import json
import typing as t

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor import Case
from ..doctor import examine
from ..doctor import NAMES
from . import terminal

Function = t.TypeVar("Function", bound=c.Callable[..., t.Any])


class Names(click.ParamType[tuple[str, ...]]):
    """Names of checks with commas between."""

    name = "checks"

    def convert(self, value: t.Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        names = (
            tuple(name.strip().lower() for name in value.split(",") if name.strip())
            if isinstance(value, str)
            else value
        )
        for name in names:
            if name not in NAMES:
                self.fail(f"there is no check called {name!r}; they are {', '.join(NAMES)}.", param, ctx)
        return names


def options(function: Function) -> Function:
    """What the doctor can be told, also where there is no application."""
    for option in (
        click.option("--verbose", "-v", is_flag=True, help="Show the conversation with the server, without secrets."),
        click.option("--json", "as_json", is_flag=True, help="Write JSON."),
        click.option("--strict", is_flag=True, help="Exit with 1 for what is only worth a look, too."),
        click.option("--offline", is_flag=True, help="Do only what needs no network."),
        click.option("--only", type=Names(), default="", help="Do these checks and what they need: login,tls"),
        click.option("--send-to", metavar="ADDRESS", help="Send a test message; nothing is sent otherwise."),
        click.option("--dns", is_flag=True, help="Look at MX, SPF, DKIM and DMARC of the sender's domain."),
    ):
        function = option(function)
    return function


@click.command("doctor")
@options
@with_appcontext
def doctor(**chosen: t.Any) -> None:
    """Look whether mail works: settings, server, TLS, login, sender.

    Exits with 1 if something fails.
    """
    run(Case.of_app(current_app), **chosen)


def run(case: Case, *, verbose: bool, as_json: bool, strict: bool, **chosen: t.Any) -> None:
    """Examine *case*, show what was found, and end the program."""
    locale = case.values.get("MAIL_LOCALE")
    words = terminal.words(locale)
    ticker = terminal.Ticker(words)
    try:
        report = examine(case, locale=words.language, watch=ticker, **chosen)
    finally:
        ticker.done()
    if as_json:
        click.echo(json.dumps(report.as_dict(strict=strict, conversation=verbose), indent=2))
    else:
        for line in terminal.screen(locale).lines(report, conversation=verbose):
            terminal.write(line)
    click.get_current_context().exit(0 if report.healthy(strict=strict) else 1)
