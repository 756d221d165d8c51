"""``flask mail ...``: the group that ``init_app`` registers. Its commands are loaded when one is asked for, not when
the application starts."""

from __future__ import annotations

import importlib
import typing as t

import click
from flask import Flask

_COMMANDS: t.Final = "flask_mail.cli"


class MailGroup(click.Group):
    """The group; ``flask_mail.cli`` has the commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        self._load()
        return super().get_command(ctx, cmd_name)

    def _load(self) -> None:
        if not self.commands:
            self.commands.update(importlib.import_module(_COMMANDS).COMMANDS)


def register(app: Flask, name: str) -> None:
    """Put the group at *name*, unless the application has a command of that name; an empty name is none.

    A command that the application registers later takes its place.
    """
    for known, command in list(app.cli.commands.items()):
        if isinstance(command, MailGroup) and known != name:
            del app.cli.commands[known]
    if name and name not in app.cli.commands:
        app.cli.add_command(MailGroup(name, help="Look whether mail works, and try it."))
