"""The tasks, which any Celery in the process takes up."""

from __future__ import annotations

import collections.abc as c
import contextlib
import importlib
import logging
import typing as t

from ...errors import ConfigError
from ...errors import QueueError
from .outbox import sweep
from .served import served_by

celery: t.Any = importlib.import_module("celery")
Reject: t.Any = importlib.import_module("celery.exceptions").Reject

logger: logging.Logger = logging.getLogger("flask_mail")

_OPTIONS: t.Final[dict[str, t.Any]] = {
    "bind": True,
    "acks_late": True,  # a task whose worker dies is done again
    "reject_on_worker_lost": True,
    "acks_on_failure_or_timeout": False,
    "ignore_result": True,
    "serializer": "json",
    "max_retries": None,
}


@contextlib.contextmanager
def _served(task: t.Any) -> c.Generator[t.Any]:
    """The application that *task* is for. What cannot be done now stays with the broker."""
    try:
        yield served_by(task.app)
    except ConfigError as error:
        logger.error("%s", error)
        raise task.retry(countdown=60, exc=error) from error
    except QueueError as error:
        raise Reject(error, requeue=True) from error


def _deliver(self: t.Any, message: dict[str, t.Any]) -> None:
    """Deliver one message."""
    with _served(self) as served:
        queue = served.queue()
        if not hasattr(queue, "work"):
            raise ConfigError("A message came by Celery, but MAIL_QUEUE is not 'celery'.", key="MAIL_QUEUE")
        queue.work(message)


def _deliver_outbox(self: t.Any, ids: list[str]) -> None:
    """Deliver those of *ids* that are still to be sent."""
    with _served(self) as served:
        served.worker().send(ids)


def _sweep_outbox(self: t.Any) -> None:
    """Send the ids on their way that wait for it; for Celery beat."""
    with _served(self) as served:
        sweep(served.app(), served.queue(), hold=served.hold())


deliver: t.Any = celery.shared_task(name="flask_mail.deliver", **_OPTIONS)(_deliver)
deliver_outbox: t.Any = celery.shared_task(name="flask_mail.deliver_outbox", **_OPTIONS)(_deliver_outbox)
sweep_outbox: t.Any = celery.shared_task(name="flask_mail.sweep_outbox", **_OPTIONS)(_sweep_outbox)
