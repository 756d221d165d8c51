"""Which files a mail is made of: one base name, several endings."""

from __future__ import annotations

import dataclasses as d
import difflib
import typing as t

from flask import Flask
from jinja2 import Environment
from jinja2 import Template
from jinja2 import TemplateNotFound
from jinja2 import TemplateSyntaxError

from ..errors import TemplateError
from .environments import Environments

Kind = t.Literal["html", "mjml", "md"]

_WRAPPINGS: t.Final = ("", ".j2", ".jinja", ".jinja2")
_KINDS: t.Final[tuple[Kind, ...]] = ("html", "mjml", "md")
"""Where several stand beside each other, the first is taken."""
ENDINGS: t.Final = tuple(f".{kind}{wrapping}" for wrapping in _WRAPPINGS for kind in ("txt", *_KINDS))


@d.dataclass(frozen=True, slots=True)
class Sources:
    """The compiled templates of one mail.

    :param text: of the plain text.
    :param rich: of what becomes HTML, and what it is written in.
    """

    text: Template | None
    rich: Template | None
    kind: Kind = "html"


def sources(name: str, environments: Environments, app: Flask) -> Sources:
    """The templates that *name* stands for: a base name, or the name of one file with its ending.

    :raises TemplateError: there is none, or one cannot be compiled.
    """
    ending = next((each for each in ENDINGS if name.endswith(each)), "")
    endings = (ending,) if ending else ENDINGS
    base = name.removesuffix(ending) if ending else name
    text = _first(environments.text, base, [each for each in endings if each.startswith(".txt")])
    for kind in _KINDS:
        environment = environments.markdown if kind == "md" else environments.html
        rich = _first(environment, base, [each for each in endings if each.startswith(f".{kind}")])
        if rich is not None:
            return Sources(text, rich, kind)
    if text is None:
        raise TemplateError(_missing(name, environments.html, app), template=name)
    return Sources(text, None)


def loaded(environment: Environment, name: str) -> Template | None:
    """The template of that name, if there is one.

    :raises TemplateError: it cannot be compiled.
    """
    try:
        return environment.get_template(name)
    except TemplateNotFound:
        return None
    except TemplateSyntaxError as error:
        where = error.name or name
        told = f"{where}, line {error.lineno}: {(error.message or '').rstrip('.')}."
        raise TemplateError(f"{told} Mend the template.", template=where, line=error.lineno) from error


def _first(environment: Environment, base: str, endings: list[str]) -> Template | None:
    return next(filter(None, (loaded(environment, base + ending) for ending in endings)), None)


def _missing(name: str, environment: Environment, app: Flask) -> str:
    folders = ", ".join(_folders(app)) or "the application's loader"
    what = (
        "" if name.endswith(ENDINGS) else " with the ending .txt, .html, .mjml or .md (also followed by .j2 or .jinja)"
    )
    return f"There is no template {name!r}{what} in {folders}.{_meant(name, environment)}"


def _folders(app: Flask) -> list[str]:
    scaffolds = (app, *app.blueprints.values())
    return [path for each in scaffolds for path in getattr(each.jinja_loader, "searchpath", ())]


def _meant(name: str, environment: Environment) -> str:
    try:
        names = environment.list_templates()
    except TypeError:  # a loader that cannot list
        return ""
    bases = {each[: -len(ending)] for each in names for ending in ENDINGS if each.endswith(ending)}
    close = difflib.get_close_matches(name, sorted({*bases, *names} if name.endswith(ENDINGS) else bases), 1)
    return f" Did you mean {close[0]!r}?" if close else ""
