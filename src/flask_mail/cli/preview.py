"""``flask mail preview``: the previews, without a browser."""

from __future__ import annotations

import pathlib
import typing as t

import click
from flask import current_app
from flask.cli import with_appcontext

from ..doctor import Case
from ..errors import MailError
from ..extension.previews import Preview
from ..extension.runtime import previews_of
from ..mailbox.letter import Letter
from . import terminal


@click.command("preview")
@click.argument("name", required=False)
@click.option("--locale", metavar="LOCALE", help="The reader's language, where the application has Flask-Babel.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "html", "eml"]),
    default="text",
    help="What to show: text by default.",
)
@click.option("--output", "-o", type=click.Path(path_type=pathlib.Path), help="Write into this file instead.")
@with_appcontext
def preview(name: str | None, locale: str | None, kind: str, output: pathlib.Path | None) -> None:
    """List the previews, or show the one called NAME."""
    state = Case.of_app(current_app).state
    assert state is not None
    known = previews_of(state)
    if name is None:
        for line in _listed(known):
            terminal.write(line)
        return
    if name not in known:
        names = ", ".join(sorted(known)) or "none yet: decorate a function with @mail.preview(...)"
        raise click.ClickException(f"There is no preview called {name!r}; there are {names}.")
    octets = _as_kind(_composed(known[name], state, locale), kind)
    if output is not None:
        output.write_bytes(octets)
    elif kind == "eml":
        click.echo(octets, nl=False)
    else:
        for line in octets.decode().splitlines():
            terminal.write(line)


def _listed(known: dict[str, Preview]) -> list[str]:
    width = max(map(len, known), default=0)
    return [f"{name:{width}}  {each.description}".rstrip() for name, each in sorted(known.items())]


def _composed(found: Preview, state: t.Any, locale: str | None) -> Letter:
    """The mail, made as in a request, so that ``url_for`` gives whole addresses."""
    with current_app.test_request_context():
        try:
            return Letter(bytes(found.submission(state, locale).content))
        except (MailError, AssertionError) as error:
            raise click.ClickException(f"{found.name} cannot be composed: {error}") from None


def _as_kind(letter: Letter, kind: str) -> bytes:
    if kind == "eml":
        return letter.octets
    if kind == "html":
        if letter.html is None:
            raise click.ClickException("It has no HTML.")
        return letter.html.encode()
    heads = [f"{name}: {letter.header(name)}" for name in ("From", "To", "Subject") if letter.header(name)]
    return "\n".join([*heads, "", letter.readable]).encode()
