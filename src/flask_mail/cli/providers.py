"""``flask mail providers``: who is known, and the settings for each, ready to paste."""

from __future__ import annotations

import collections.abc as c

import click

from ..diagnosis import providers as known
from ..doctor.screen import padded
from ..doctor.screen import width
from ..doctor.words import Words
from . import terminal


@click.command("providers")
@click.argument("name", required=False)
def providers(name: str | None) -> None:
    """List the mail providers that are known, or show the settings for NAME."""
    words = terminal.words(None)
    if name is None:
        lines = _list(words)
    else:
        provider = known.lookup(name=name) or known.lookup(host=name) or known.lookup(domain=name.rpartition("@")[2])
        if provider is None:
            names = ", ".join(provider.name for provider in known.all_providers())
            raise click.ClickException(words.text("no-provider", name=name, names=names))
        lines = settings(provider, words)
    for line in lines:
        terminal.write(line)


def _list(words: Words) -> c.Iterator[str]:
    rows = [
        (provider.name, provider.title[words.language], provider.host, ", ".join(str(p.number) for p in provider.ports))
        for provider in sorted(known.all_providers(), key=lambda provider: provider.name)
    ]
    widths = [max(width(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        yield "  ".join(padded(cell, columns) for cell, columns in zip(row, widths, strict=True)).rstrip()


def settings(provider: known.Provider, words: Words) -> c.Iterator[str]:
    """The settings for *provider*, as Python."""
    language = words.language
    yield f"# {provider.title[language]}"
    yield f'MAIL_SERVER = "{provider.host}"'
    for key, value in provider.ports[0].settings.items():
        if value:
            yield f"{key} = {value!r}"
    address = f"you@{provider.domains[0]}" if provider.domains else "you@example.com"
    literal = provider.user not in ("address", "any")
    yield f'MAIL_USERNAME = "{provider.user if literal else address}"'
    yield f'MAIL_PASSWORD = os.environ["MAIL_PASSWORD"]  # {words.text(f"password-{provider.password}")}'
    yield f'MAIL_DEFAULT_SENDER = "{address}"'
    for text in (provider.hint.get(language), provider.limits.get(language)):
        if text:
            yield f"# {text}"
    if link := provider.link.get(language):
        yield f"# {words.text('get-password', link=link)}"
