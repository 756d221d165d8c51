"""What a template is given on the command line."""

from __future__ import annotations

import json
import pathlib
import typing as t

import click


class Variables(click.ParamType[dict[str, t.Any]]):
    """Variables for a template: a JSON object, or the name of a file with one."""

    name = "json"

    def convert(self, value: t.Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, t.Any]:
        if isinstance(value, dict):
            return t.cast("dict[str, t.Any]", value)
        text, where = str(value), "this"
        if not text.lstrip().startswith("{"):
            try:
                text, where = pathlib.Path(text).read_text("utf-8-sig"), text
            except (OSError, UnicodeDecodeError) as error:
                self.fail(f"{value!r} is neither a JSON object nor a file with one: {error}", param, ctx)
        try:
            found = json.loads(text)
        except ValueError as error:
            self.fail(f"{where} is not JSON: {error}", param, ctx)
        if not isinstance(found, dict):
            self.fail(f"{where} has to be a JSON object, from names to values", param, ctx)
        return t.cast("dict[str, t.Any]", found)
