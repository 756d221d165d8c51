"""Messages made of templates: what the programmer gives is sorted, rendered, and put into a message."""

from __future__ import annotations

import collections.abc as c
import functools
import inspect
import typing as t

from flask import current_app
from flask import Flask
from flask import has_app_context

from ..address import is_sequence
from ..errors import NotInitializedError
from ..errors import TemplateError
from ..message import Message
from ..templates import Renderer
from ..templates import Wishes

M = t.TypeVar("M", bound=Message)

_KEY: t.Final = "mail.templates"
"""Where an application's renderer stands among its extensions."""


class Templated(t.Protocol):
    """The settings that rule here."""

    inline_css: bool
    strict_templates: bool
    markdown_layout: str

    def find_app(self) -> Flask | None: ...


def templated(state: Templated, kind: type[M], template: str, given: dict[str, t.Any]) -> M:
    """A message of class *kind* from *template*; see :meth:`flask_mail.Message.from_template`.

    :raises NotInitializedError: there is no application whose templates could be meant.
    """
    app = state.find_app()
    if app is None:
        raise NotInitializedError("Templates belong to an application: call mail.init_app(app), or make Mail(app).")
    if _is_current(app):
        return _made(state, app, kind, template, given)
    with app.app_context():
        return _made(state, app, kind, template, given)


def renderer(app: Flask) -> Renderer:
    """The renderer of *app*, made on first use."""
    found: Renderer | None = app.extensions.get(_KEY)
    if found is None:
        found = app.extensions[_KEY] = Renderer(app)
    return found


def _is_current(app: Flask) -> bool:
    return has_app_context() and current_app._get_current_object() is app  # type: ignore[attr-defined]


def _made(state: Templated, app: Flask, kind: type[M], template: str, given: dict[str, t.Any]) -> M:
    locale, context = given.pop("locale", None), given.pop("context", None)
    known = _parameters(t.cast(c.Hashable, kind))
    attributes = {name: given[name] for name in given.keys() & known}
    if "attachments" in attributes:
        attributes["attachments"] = _attachments(attributes["attachments"])
    rendered = renderer(app).render(
        template,
        given if context is None else {**given, **_mapping(context)},
        Wishes(state.strict_templates, state.inline_css, state.markdown_layout),
        subject=attributes.get("subject"),
        locale=locale,
        content_ids=[getattr(each, "content_id", None) for each in attributes.get("attachments", ())],
    )
    attributes["subject"] = rendered.subject or ""
    attributes.setdefault("body", rendered.text)
    if rendered.html is not None:
        attributes.setdefault("html", rendered.html)
    message = kind(**attributes)
    message.template = template
    message.attachments.extend(picture.attachment() for picture in rendered.pictures)
    return message


def _mapping(context: t.Any) -> c.Mapping[str, t.Any]:
    if not isinstance(context, c.Mapping):
        raise TemplateError(f"context has to be a mapping from names to values, not {context!a:.100}.")
    return t.cast("c.Mapping[str, t.Any]", context)


def _attachments(value: t.Any) -> list[t.Any]:
    """A list of our own: the caller's does not get the pictures of a mail."""
    if value is None:
        return []
    return list(value) if is_sequence(value) or hasattr(value, "__iter__") else [value]


@functools.cache
def _parameters(kind: c.Hashable) -> frozenset[str]:
    """What messages of this class can be given: the parameters of its ``__init__`` and of those it inherits."""
    names: set[str] = set()
    for each in t.cast("type[Message]", kind).__mro__:
        if each is not object and (make := vars(each).get("__init__")) is not None:
            names.update(inspect.signature(make).parameters)
    return frozenset(names - {"self", "args", "kwargs"})
