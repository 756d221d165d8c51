"""``python -m flask_mail ...``: the commands where no application loads."""

from __future__ import annotations

import os
import sys
import typing as t
import urllib.parse

import click

from ..doctor import Case
from .doctor import options
from .doctor import run
from .providers import providers


@click.group()
def main() -> None:
    """Look whether mail works, without an application."""


@main.command("doctor")
@click.option(
    "--url",
    metavar="URL",
    help="smtp://user:password@host:587 or smtps://...:465; other settings go after it: ?from=me@example.com&timeout=5",
)
@options
def doctor(url: str | None, **chosen: t.Any) -> None:
    """Look whether mail works with the settings in a URL, else with the MAIL_* variables of the environment.

    A password that is not in the URL is taken from MAIL_PASSWORD, else asked for.
    """
    run(Case(from_environment() if url is None else _with_password(from_url(url))), **chosen)


main.add_command(providers)


def from_environment() -> dict[str, t.Any]:
    """``MAIL_*`` and ``FLASK_MAIL_*``."""
    found = {key.removeprefix("FLASK_"): value for key, value in os.environ.items() if key.startswith("FLASK_MAIL_")}
    found |= {key: value for key, value in os.environ.items() if key.startswith("MAIL_")}
    if not found:
        raise click.UsageError("Give --url, or set MAIL_SERVER and the other settings in the environment.")
    return found


def from_url(url: str) -> dict[str, t.Any]:
    """The settings in *url*. ``smtp`` begins in clear and changes to TLS, but on this machine; ``smtps`` is TLS."""
    parts = urllib.parse.urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise click.UsageError(f"--url: {error}") from None
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise click.UsageError("--url has to look like smtp://user:password@smtp.example.com:587 or smtps://...")
    here = host in ("localhost", "::1") or host.startswith("127.")
    config: dict[str, t.Any] = {
        "MAIL_SERVER": host,
        "MAIL_PORT": port or (465 if parts.scheme == "smtps" else 25 if here else 587),
        "MAIL_USE_SSL": parts.scheme == "smtps",
        "MAIL_USE_TLS": parts.scheme == "smtp" and port != 25 and not here,
    }
    for key, value in (("MAIL_USERNAME", parts.username), ("MAIL_PASSWORD", parts.password)):
        if value is not None:
            config[key] = urllib.parse.unquote(value)
    for name, value in urllib.parse.parse_qsl(parts.query, keep_blank_values=True):
        config[_NAMES.get(name, f"MAIL_{name.upper()}")] = value
    return config


_NAMES = {"from": "MAIL_DEFAULT_SENDER"}


def _with_password(config: dict[str, t.Any]) -> dict[str, t.Any]:
    """A password in a URL is seen in the list of processes, so it need not be there."""
    if config.get("MAIL_USERNAME") and not config.get("MAIL_PASSWORD") and not config.get("MAIL_OAUTH2_TOKEN"):
        password = os.environ.get("MAIL_PASSWORD")
        if password is None and sys.stdin.isatty():
            password = click.prompt("MAIL_PASSWORD", hide_input=True, err=True)
        config["MAIL_PASSWORD"] = password
    return config
