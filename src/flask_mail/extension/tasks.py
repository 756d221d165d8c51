"""Celery's tasks of an application: found by a worker because ``init_app`` has made them known."""

from __future__ import annotations

import functools
import importlib

from flask import current_app
from flask import Flask
from flask import has_app_context

from ..errors import MissingExtraError
from .background import make_worker
from .runtime import leave
from .state import State

CONNECTIONS = 10
"""Over which a task sends what its ids stand for."""


def serve(app: Flask, state: State) -> None:
    """Have tasks done for *app* where its mail goes to Celery, or through it.

    :raises MissingExtraError: Celery is not installed.
    """
    through = state.queue == "outbox" and state.outbox_dispatch == "celery"
    if state.queue != "celery" and not through:
        return
    try:
        celery = importlib.import_module("flask_mail.queues.celery")
    except ModuleNotFoundError as error:
        if error.name not in ("celery", "kombu"):
            raise
        setting = "MAIL_OUTBOX_DISPATCH" if through else "MAIL_QUEUE"
        raise MissingExtraError(f"{setting} = 'celery'", "celery") from error
    celery.serve(
        app,
        state.get_queue,
        current=functools.partial(_is_current, app),
        worker=lambda: make_worker(state, state.get_queue(), connections=CONNECTIONS),
        hold=lambda: state.in_doubt == "hold",
        leave=lambda: leave(state),
    )


def _is_current(app: Flask) -> bool:
    return has_app_context() and current_app._get_current_object() is app  # type: ignore[attr-defined]
