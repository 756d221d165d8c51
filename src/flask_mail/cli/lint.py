"""``flask mail lint``: what readers of a mail will stumble over."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import json
import shutil
import typing as t

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor import Case
from ..doctor.screen import WIDEST
from ..doctor.screen import wrapped
from ..errors import MailError
from ..extension.runtime import previews_of
from ..message import Finding
from ..message import Message
from . import terminal
from .variables import Variables

_COLOURS = {"error": "red", "warning": "yellow", "note": "bright_black"}


@click.command("lint")
@click.argument("name", required=False)
@click.option("--locale", metavar="LOCALE", help="The reader's language, where the application has Flask-Babel.")
@click.option("--context", type=Variables(), default="{}", metavar="JSON|FILE", help="The template's variables.")
@click.option("--bulk", is_flag=True, help="Judge it as bulk mail.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@with_appcontext
def lint(name: str | None, locale: str | None, context: dict[str, t.Any], bulk: bool, as_json: bool) -> None:
    """Look for what readers of a mail, or their mail programs, will stumble over.

    NAME is that of a preview, or of a template as Message.from_template() takes it; without one it looks at all
    previews. Exits with 1 if there is an error among what is found.
    """
    state = Case.of_app(current_app).state
    assert state is not None
    previews = previews_of(state)
    if name is None and not previews:
        raise click.UsageError("Name a template; there are no previews, which @mail.preview(...) makes.")
    found: dict[str, list[Finding]] = {}
    with current_app.test_request_context():
        for each in sorted(previews) if name is None else [name]:
            try:
                known = previews.get(each)
                message = known(locale) if known else Message.from_template(each, locale=locale, context=context)
            except MailError as error:
                raise click.ClickException(str(error)) from None
            found[each] = state.lint(message, bulk=bulk)
    report(found, as_json=as_json)


def report(found: c.Mapping[str, c.Sequence[Finding]], *, as_json: bool) -> t.NoReturn:
    """Show what was found in mails, by their names, and end the program."""
    if as_json:
        findings = [{"mail": name, **d.asdict(finding)} for name, each in found.items() for finding in each]
        click.echo(json.dumps(findings, indent=2))
    else:
        for name, each in found.items():
            show(name, each)
    failed = any(finding.level == "error" for each in found.values() for finding in each)
    raise click.exceptions.Exit(1 if failed else 0)


def show(name: str, findings: c.Sequence[Finding]) -> None:
    """Write down what was found in one mail."""
    terminal.write(f"{name}: {_counted(findings)}")
    columns = min(shutil.get_terminal_size().columns, WIDEST) - 2
    for finding in findings:
        place = f" ({finding.where})" if finding.where else ""
        click.secho(f"{finding.level} {finding.rule}{place}", fg=_COLOURS[finding.level])
        for line in wrapped(f"{finding.text} {finding.remedy}", columns):
            terminal.write(f"  {line}")


def _counted(findings: c.Sequence[Finding]) -> str:
    counts = {level: sum(finding.level == level for finding in findings) for level in _COLOURS}
    told = [f"{count} {level}{'s' * (count > 1)}" for level, count in counts.items() if count]
    return ", ".join(told) or "nothing found"
