"""Celery's part in the outbox: ids go over the broker once they are committed, the messages stay in the database.

A task takes up to :data:`BATCH` ids, claims those that are still to be sent, and sends them as a worker of ours does.
What the broker loses, what is for later and what is to be tried again, :func:`sweep` finds.
"""

from __future__ import annotations

import collections.abc as c
import importlib
import logging
import time
import typing as t
import weakref

from ...errors import ConfigError
from ...errors import QueueError
from ..base import Event
from ..base import Queue
from . import broker
from .served import celery_of

logger: logging.Logger = logging.getLogger("flask_mail")

BATCH: t.Final = 50
"""Ids in one task."""

GRACE: t.Final = 60.0
"""Seconds after which an id that was sent on its way, and whose message is still there, is sent again."""

MOST: t.Final = 20_000
"""Ids in one sweep."""

AWAY: t.Final = 30.0
"""Seconds for which a broker that could not be reached is not tried again, since each try takes Celery some."""

_away: weakref.WeakKeyDictionary[t.Any, float] = weakref.WeakKeyDictionary()


def dispatch(app: t.Any, ids: c.Sequence[str]) -> None:
    """Send *ids* to Celery. It never raises: what does not get there is in the database, and found by a sweep.

    :param app: the application.
    """
    try:
        celery_app = celery_of(app)
        if time.monotonic() < _away.get(celery_app, 0.0):
            return
        try:
            _publish(celery_app, [list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH)])
        except QueueError:
            _away[celery_app] = time.monotonic() + AWAY
            raise
    except (QueueError, ConfigError) as error:
        logger.warning("Messages wait in the outbox for a sweep, until the broker is back: %s", error)


def sweep(app: t.Any, queue: Queue, *, hold: bool = False, grace: float = GRACE) -> int:
    """Send the ids of messages to Celery that are due, and have not been sent on their way for a while.

    :param queue: the application's, an outbox.
    :param hold: leave what dead workers had to somebody to decide.
    :param grace: seconds for which an id may be on its way.
    :returns: how many it was.
    :raises QueueError: the broker does not take them.
    :raises ConfigError: there is no outbox, or no Celery.
    """
    store: t.Any = getattr(queue, "store", None)
    if store is None:
        raise ConfigError("Only an outbox can be swept: set MAIL_QUEUE to 'outbox'.", key="MAIL_QUEUE")
    celery_app = celery_of(app)
    outbox: t.Any = importlib.import_module("flask_mail.queues.outbox.sweep")
    now = time.time()
    waited = outbox.due(store, now, MOST)
    dead, _ = store.sweep(hold=hold)
    for each in dead:
        error = QueueError(f"{each.why}; it is not tried again")
        queue.delivery.tell(Event("failed", each.id, each.message_id, each.recipients, error))
    ready, suspects = outbox.take(store, waited, now, now - grace, MOST)
    batches = [ready[start : start + BATCH] for start in range(0, len(ready), BATCH)]
    _publish(celery_app, [*batches, *([id] for id in suspects)])
    return len(ready) + len(suspects)


def _publish(celery_app: t.Any, batches: c.Iterable[list[str]]) -> None:
    task = celery_app.tasks["flask_mail.deliver_outbox"]
    for ids in batches:
        broker.publish(task, celery_app, [ids])
