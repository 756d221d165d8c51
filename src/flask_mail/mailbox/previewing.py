"""The pages of previews: composed anew at each look, and never stored."""

from __future__ import annotations

import sys
import traceback
import typing as t

from flask import abort
from flask import current_app
from flask import request
from flask import Response
from flask import url_for

from ..extension.previews import locales
from ..extension.previews import Preview
from ..extension.runtime import previews_of
from ..submission import Submission
from .guards import Framed
from .guards import state
from .letter import Letter
from .pages import attachment
from .pages import blueprint
from .pages import framed
from .pages import saved
from .pages import sent
from .rendering import page
from .view import View


@blueprint.get("/previews")
def previews() -> Response:
    """All previews."""
    return _shown("previews.html")


@blueprint.get("/previews/<name>")
def preview(name: str) -> Response:
    """One preview, or why it cannot be shown."""
    found = _called(name)
    view = trouble = None
    try:
        view = _view(found)
    except Exception as error:
        trouble = _told(error)
    template = "preview.html" if "X-Fragment" in request.headers else "previews.html"
    return _shown(template, view, trouble, name)


def _shown(template: str, view: View | None = None, trouble: dict[str, str] | None = None, name: str = "") -> Response:
    return page(
        template,
        previews=_all(),
        locales=locales(),
        locale=_locale(),
        action=request.path,
        view=view,
        trouble=trouble,
        name=name,
    )


@blueprint.get("/previews/<name>/body")
def preview_body(name: str) -> Response:
    """The HTML of a preview, as a sandboxed document."""
    found = _called(name)
    try:
        letter = _letter(found)
    except Exception as error:  # it was well when the page around it was made
        return Framed(f"{type(error).__name__}: {error}", mimetype="text/plain")
    return framed(letter)


@blueprint.get("/previews/<name>/raw")
def preview_raw(name: str) -> Response:
    """A preview as a file."""
    return saved(_letter(_called(name)))


@blueprint.get("/previews/<name>/part/<int:number>")
def preview_part(name: str, number: int) -> Response:
    """An attachment of a preview."""
    return attachment(_letter(_called(name)), number)


@blueprint.post("/previews/<name>/send")
def preview_send(name: str) -> t.Any:
    """Send a preview to an address of the developer's."""
    submission = _composed(_called(name))
    back = url_for(".preview", name=name, locale=_locale())
    return sent(Letter(bytes(submission.content)), _record(submission), back)


def _all() -> dict[str, Preview]:
    return dict(sorted(previews_of(state()).items()))


def _called(name: str) -> Preview:
    found = previews_of(state()).get(name)
    if found is None:
        abort(404)
    return found


def _locale() -> str | None:
    asked = request.args.get("locale")
    return asked if asked in locales() else None


def _query() -> dict[str, str]:
    locale = _locale()
    return {"locale": locale} if locale is not None else {}


def _composed(found: Preview) -> Submission:
    return found.submission(state(), _locale())


def _letter(found: Preview) -> Letter:
    return Letter(bytes(_composed(found).content))


def _record(submission: Submission) -> dict[str, t.Any]:
    envelope = submission.envelope
    return {
        "message_id": submission.message_id,
        "sender": envelope.sender,
        "recipients": list(envelope.recipients),
        "mail_options": list(envelope.mail_options),
    }


def _view(found: Preview) -> View:
    submission = _composed(found)
    base = url_for(".preview", name=found.name)
    return View(base, Letter(bytes(submission.content)), _record(submission), query=_query())


def _told(error: Exception) -> dict[str, str]:
    """What went wrong, from the application's own code on."""
    shown = traceback.TracebackException.from_exception(error)
    frames = [frame for frame in shown.stack if frame.filename not in _OURS]
    return {
        "title": f"{type(error).__name__}: {error}",
        "notes": "\n".join(getattr(error, "__notes__", ())),
        "traceback": "".join(traceback.format_list(frames)),
        "application": current_app.name,
    }


_OURS: t.Final = {__file__, sys.modules[Preview.__module__].__file__}
