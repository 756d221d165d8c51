"""What Jinja says went wrong, with where and what to do."""

from __future__ import annotations

import re
import types
import typing as t

from jinja2 import Template
from jinja2 import TemplateNotFound
from jinja2 import TemplateRuntimeError
from jinja2 import TemplateSyntaxError
from jinja2 import UndefinedError

from ..errors import TemplateError

_UNDEFINED = re.compile(r"'(\w+)' is undefined")
_TRANSLATING = frozenset(["_", "gettext", "ngettext", "pgettext", "npgettext"])


def place(traceback: types.TracebackType | None, default: str) -> tuple[str, int | None]:
    """The template and the line in which an exception was raised; the innermost, where templates use others."""
    found: tuple[str, int | None] = default, None
    while traceback is not None:
        template: t.Any = traceback.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            found = template.name or default, template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def told(error: Exception, default: str) -> TemplateError | None:
    """The error to raise for one of Jinja's; ``None`` for all others, which are not about the template.

    :param default: the template's name, where the traceback does not say it.
    """
    where, line = place(error.__traceback__, default)
    if isinstance(error, UndefinedError):
        text = _undefined(error.message or "")
    elif isinstance(error, TemplateNotFound):
        names = " or ".join(map(repr, getattr(error, "templates", None) or [error.name]))
        text = f"there is no template {names} to include or to extend. Put it into the folder of templates"
    elif isinstance(error, TemplateSyntaxError):
        where, line = error.name or where, error.lineno
        text = f"{error.message}. Mend the template"
    elif isinstance(error, TemplateRuntimeError):
        text = f"{error.message}. Mend the template"
    else:
        return None
    at = where if line is None else f"{where}, line {line}"
    return TemplateError(f"{at}: {text}.", template=where, line=line)


def _undefined(message: str) -> str:
    found = _UNDEFINED.fullmatch(message)
    if found is None:
        return f"{message}. Give the template a value that has it, or write {{{{ ...|default('') }}}}"
    name = found[1]
    if name in _TRANSLATING:
        return f"{message}. Set up Flask-Babel, which brings it"
    return (
        f"{message}. Give it to the template ({name}=..., or context={{'{name}': ...}}), or write "
        f"{{{{ {name}|default('') }}}} where it may be missing"
    )
