"""The application's Jinja environment, as mails need it: HTML is always escaped, text never."""

from __future__ import annotations

import collections.abc as c
import typing as t

from flask import Flask
from jinja2 import Environment
from jinja2 import pass_context
from jinja2 import StrictUndefined
from jinja2.runtime import Context
from markupsafe import Markup

from ..errors import TemplateError
from .markdown import escaped
from .pictures import embed
from .quick import quicken


class Environments:
    """Overlays of ``app.jinja_env``: they share its loader, filters and extensions, and compile for themselves.

    What is compiled is never kept in the application's bytecode cache: it does not know what was escaped.

    :param strict: whether a variable that nobody gave is an error.
    """

    def __init__(self, app: Flask, *, strict: bool) -> None:
        self.base: Environment = app.jinja_env
        self.strict = strict
        self.globals: dict[str, t.Any] = {}
        """What every template of a mail knows, one mapping for all of them."""
        self._globals_seen: dict[str, t.Any] = {}
        self.html: Environment = self._overlay(autoescape=True)
        self.text: Environment = self._overlay(autoescape=False)
        self.markdown: Environment = self._overlay(autoescape=True, finalize=_finalize(self.base.finalize))
        self.refresh()

    def serve(self, app: Flask, *, strict: bool) -> bool:
        """Whether these are still the ones to use."""
        return (
            self.base is app.jinja_env
            and self.strict == strict
            and self.html.extensions.keys() == (self.base.extensions.keys())
        )

    def auto_reload(self) -> bool:
        """Whether templates may change while the application runs."""
        fresh = bool(self.base.auto_reload)
        if self.html.auto_reload != fresh:
            self.html.auto_reload = self.text.auto_reload = self.markdown.auto_reload = fresh
        return fresh

    def refresh(self) -> None:
        """Take over what the application has added to its globals since."""
        if self._globals_seen != self.base.globals:
            self._globals_seen = dict(self.base.globals)
            self.globals.update(self._globals_seen)
            self.globals.update(embed=embed, url_for=_whole_urls(self._globals_seen.get("url_for")))

    def _overlay(self, **options: t.Any) -> Environment:
        if self.strict:
            options["undefined"] = StrictUndefined
        made = self.base.overlay(bytecode_cache=None, **options)
        made.is_async = False
        quicken(made)
        made.globals = self.globals
        return made


def _finalize(own: c.Callable[..., t.Any] | None) -> c.Callable[[t.Any], Markup]:
    """Markdown's escaping, after what the application does to each value."""
    return escaped if own is None else lambda value: escaped(own(value))


def _whole_urls(own: c.Callable[..., str] | None) -> c.Callable[..., str]:
    """``url_for`` for mails: a relative address leads nowhere from there."""

    @pass_context
    def url_for(context: Context, endpoint: str, **values: t.Any) -> str:
        values.setdefault("_external", True)
        assert own is not None  # Flask puts it there
        try:
            return own(endpoint, **values)
        except RuntimeError as error:
            if "SERVER_NAME" not in str(error):
                raise
            raise TemplateError(
                f"{context.name}: url_for({endpoint!r}) does not know the site's address, since there is no request. "
                f"Set SERVER_NAME, such as 'www.example.com', and PREFERRED_URL_SCHEME = 'https'.",
                template=context.name,
            ) from error

    return url_for
