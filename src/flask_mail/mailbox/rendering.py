"""Pages from our own templates, in an environment of our own: the application's may be set up in any way."""

from __future__ import annotations

import datetime
import functools
import hashlib
import pathlib
import sys
import typing as t

import jinja2
from flask import current_app
from flask import url_for

from . import outbox
from .guards import Guarded
from .guards import state
from .store import store_of

_HERE: t.Final = pathlib.Path(__file__).parent


def page(template: str, *, status: int = 200, **values: t.Any) -> Guarded:
    """A page."""
    return answer(fragment(template, **values), status=status, mimetype="text/html")


def fragment(template: str, **values: t.Any) -> str:
    """A template, rendered."""
    values.setdefault("unread", store_of(current_app).unread())
    return (
        _environment()
        .get_template(template)
        .render(
            tokens=_tokens(),
            has_outbox=outbox.of(state()) is not None,
            copies=state().mailbox_copies,
            today=datetime.datetime.now().astimezone().date(),
            **values,
        )
    )


def answer(text: str, *, status: int = 200, mimetype: str = "text/html") -> Guarded:
    """A response that nothing can loosen."""
    return Guarded(text, status=status, mimetype=mimetype)


def _tokens() -> dict[str, str]:
    """What a form has to bring along: our token, and where the application has Flask-WTF, the one that wants."""
    tokens = {"token": store_of(current_app).token()}
    if "csrf" in current_app.extensions and (wtf := sys.modules.get("flask_wtf.csrf")) is not None:
        field: str = t.cast("dict[str, t.Any]", current_app.config)["WTF_CSRF_FIELD_NAME"]
        tokens[field] = t.cast(t.Any, wtf).generate_csrf()
    return tokens


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    more: dict[str, t.Any] = {"url_for": url_for, "asset": _asset}
    environment.globals.update(more)
    filters: dict[str, t.Any] = {"size": size, "clock": clock, "day": day, "ago": ago}
    environment.filters.update(filters)
    return environment


@functools.cache
def _version(name: str) -> str:
    return hashlib.blake2b((_HERE / "static" / name).read_bytes(), digest_size=6).hexdigest()


def _asset(name: str) -> str:
    """The address of a static file; another one once the file is another."""
    return url_for("flask_mail.static", filename=name, v=_version(name))


def size(octets: int) -> str:
    """Octets for a reader."""
    if octets < 1000:
        return f"{octets} bytes"
    return f"{octets / 1000:.{1 if octets < 10_000 else 0}f} kB" if octets < 1_000_000 else f"{octets / 1e6:.1f} MB"


def clock(when: datetime.datetime, today: datetime.date) -> str:
    """The time of a mail of today, else its day."""
    here = when.astimezone()
    return f"{here:%H:%M}" if here.date() == today else f"{here:%b} {here.day}"


def day(when: datetime.datetime) -> str:
    """A point in time in full."""
    return f"{when.astimezone():%a %d %b %Y, %H:%M:%S}"


def ago(seconds: float) -> str:
    """A span of time for a reader."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"
