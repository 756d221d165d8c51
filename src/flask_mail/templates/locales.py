"""The reader's language, where the application has Flask-Babel."""

from __future__ import annotations

import contextlib
import functools
import importlib
import typing as t

from flask import current_app
from flask import Flask

from ..errors import TemplateError


def forced(app: Flask, locale: t.Any) -> contextlib.AbstractContextManager[None]:
    """A block in which all that Flask-Babel translates and formats is in *locale*.

    :param locale: such as ``"zh_Hans_CN"`` or ``"zh-CN"``; ``None`` for the one that is in force anyway.
    :raises TemplateError: it is no locale.
    """
    if not locale or "babel" not in app.extensions:
        return contextlib.nullcontext()
    made: contextlib.AbstractContextManager[None] = importlib.import_module("flask_babel").force_locale(_parsed(locale))
    return made


def in_force() -> str:
    """The locale of what is rendered now; empty where nothing is translated."""
    if "babel" not in current_app.extensions:
        return ""
    return str(importlib.import_module("flask_babel").get_locale())


@functools.lru_cache(maxsize=100)
def _parsed(locale: t.Any) -> t.Any:
    """The locale that *locale* names, with hyphens as browsers write it or with underscores."""
    babel = importlib.import_module("babel")
    try:
        return babel.Locale.parse(locale.replace("-", "_") if isinstance(locale, str) else locale)
    except (babel.UnknownLocaleError, ValueError, TypeError) as error:
        raise TemplateError(
            f"locale is {locale!r}, which Babel does not know: give one such as 'en' or 'zh_Hans_CN'."
        ) from error
