"""Which application a task is for: several may share a process, each with a Celery of its own or not."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import importlib
import typing as t
import weakref

from ...errors import ConfigError
from ..base import Queue

celery: t.Any = importlib.import_module("celery")
worker_process_shutdown: t.Any = importlib.import_module("celery.signals").worker_process_shutdown


@d.dataclass(frozen=True, slots=True)
class Served:
    """An application whose tasks may come.

    :param app: the application, as a weak reference.
    :param queue: returns its queue.
    :param current: whether its context is the one in which the caller is.
    :param worker: makes a worker for its outbox.
    :param hold: whether what is in doubt is left to somebody to decide.
    :param leave: closes the connections that are kept.
    """

    app: c.Callable[[], t.Any]
    queue: c.Callable[[], Queue]
    current: c.Callable[[], bool]
    worker: c.Callable[[], t.Any]
    hold: c.Callable[[], bool]
    leave: c.Callable[[], None] = lambda: None


def serve(app: t.Any, queue: c.Callable[[], Queue], **others: c.Callable[[], t.Any]) -> None:
    """Have the tasks of *app* done where they come to this process; called by ``init_app``.

    :param app: an application with Flask's ``extensions``.
    :param others: see :class:`Served`.
    """
    _served[app] = Served(weakref.ref(app), queue, **others)


def served_by(celery_app: t.Any) -> Served:
    """The application that a task of *celery_app* is for: the one in whose context the task runs, else the one that
    this Celery belongs to, else the only one there is.

    :raises ConfigError: that cannot be told.
    """
    everybody = list(_served.items())
    found = (
        [each for _, each in everybody if each.current()]
        or [each for app, each in everybody if app.extensions.get("celery") is celery_app]
        or [each for _, each in everybody]
    )
    if len(found) == 1:
        return found[0]
    raise ConfigError(
        f"A task of flask_mail came to a worker where {len(found)} applications could be meant. Make the worker's "
        f"Celery where the application is made, and put it into app.extensions['celery'].",
        key="MAIL_QUEUE",
    )


def leave_all(**_: object) -> None:
    """Say goodbye to the servers: a worker's child ends without what a program does at its exit."""
    for each in list(_served.values()):
        each.leave()


def celery_of(app: t.Any) -> t.Any:
    """The Celery of *app*: ``app.extensions["celery"]``, else the one that is set as default.

    :raises ConfigError: there is none.
    """
    own = None if app is None else app.extensions.get("celery")
    if isinstance(own, celery.Celery):
        return own
    default = celery.current_app._get_current_object()
    if default.main == "default" and not default.conf.broker_url:  # what Celery makes up where there is none
        raise ConfigError(
            "Mail is to be sent by Celery, but there is no Celery app: make one for the application, and put it into "
            "app.extensions['celery'] or call its set_default().",
            key="MAIL_QUEUE",
        )
    return default


_served: weakref.WeakKeyDictionary[t.Any, Served] = weakref.WeakKeyDictionary()

worker_process_shutdown.connect(leave_all)
