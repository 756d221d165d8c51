"""The page of the outbox: what waits, how fast it goes, what went wrong, and a second chance for it."""

from __future__ import annotations

import typing as t

from flask import abort
from flask import request
from flask import Response
from flask import url_for

from . import outbox
from .guards import state
from .pages import blueprint
from .pages import done
from .rendering import page


def _found() -> outbox.Outbox:
    """The current application's.

    :raises NotFound: its queue has none to show.
    """
    offered = outbox.of(state())
    if offered is None:
        abort(404)
    return offered


@blueprint.get("/outbox")
def outbox_() -> Response:
    """The state of the outbox."""
    found = _found()
    stats, rate = found.stats(), found.rates()
    return page(
        "outbox_panel.html" if "X-Fragment" in request.headers else "outbox.html",
        stats=stats,
        rate=sum(rate),
        highest=max([*rate, 0]),
        bars=outbox.bars(rate),
        chart=(outbox.WIDTH, outbox.HEIGHT),
        troubles=outbox.troubles(found),
        view=None,
    )


@blueprint.post("/outbox/retry")
def retry() -> t.Any:
    """Try messages again, at once."""
    number = len(_found().retry(*_ids()))
    return done(f"{number} will be tried again now.", url_for(".outbox_"))


@blueprint.post("/outbox/cancel")
def cancel() -> t.Any:
    """Give messages up."""
    number = len(_found().cancel(*_ids()))
    return done(f"{number} given up.", url_for(".outbox_"))


def _ids() -> list[str]:
    """The messages that a form names.

    :raises BadRequest: it names none.
    """
    return request.form.getlist("id") or abort(400)
