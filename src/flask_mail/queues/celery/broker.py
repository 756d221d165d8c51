"""What depends on the broker: how a task is published, how long it may wait there, and what is urgent."""

from __future__ import annotations

import importlib
import time
import typing as t

from ...errors import QueueError

exceptions: t.Any = importlib.import_module("kombu.exceptions")

HOP: t.Final = 600.0
"""Seconds for which a task is held back by a worker at most; what is due later is sent on its way again then.

A worker holds a task that is for later without acknowledging it. Redis gives such a task to another worker, too, after
its visibility timeout (an hour by default), and RabbitMQ ends the consumer (after half an hour): each would deliver it
again and again."""


def publish(task: t.Any, celery_app: t.Any, arguments: list[t.Any], *, due: float = 0.0, **options: t.Any) -> None:
    """Send *task* on its way.

    :param due: when it is to be done, in seconds since the epoch.
    :raises QueueError: the broker does not take it.
    """
    countdown = min(due - time.time(), hop(celery_app))
    if countdown > 0:
        options["countdown"] = countdown
    try:
        task.apply_async(arguments, argsrepr="(...)", kwargsrepr="{}", **options)  # logs and monitors see no mail
    except (exceptions.KombuError, OSError) as error:
        raise QueueError(f"Celery's broker did not take the task: {error}. See whether it is up.") from error


def hop(celery_app: t.Any) -> float:
    """Seconds for which a task may wait in a worker."""
    options: dict[str, t.Any] = celery_app.conf.broker_transport_options or {}
    told: float | None = options.get("visibility_timeout")
    return min(HOP, told / 2) if told else HOP


def is_redis(celery_app: t.Any) -> bool:
    url = celery_app.conf.broker_write_url or celery_app.conf.broker_url or ""
    return str(url).partition(":")[0] in ("redis", "rediss", "sentinel")


def priority(celery_app: t.Any, wanted: int) -> int:
    """*wanted*, where 0 is usual and higher goes first, as the broker counts.

    Redis has four steps, and its first is 0, so that usual mail is on the second; RabbitMQ counts upward, if the queue
    was declared with ``x-max-priority``.
    """
    if not is_redis(celery_app):
        return max(0, min(9, 5 + wanted))
    return 0 if wanted > 0 else 3 if wanted == 0 else 6 if wanted > -10 else 9
