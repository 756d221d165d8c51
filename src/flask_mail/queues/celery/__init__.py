"""The queue that hands submissions to Celery: any number of workers, on any number of machines.

A message travels over the broker as JSON, in a task of its own; what is left of it after an attempt travels again when
the schedule says. What the broker loses is lost. Where that must not be, the outbox keeps the messages and only their
ids travel (:mod:`.outbox`). Needs the extra ``celery``.
"""

from __future__ import annotations

from .outbox import dispatch as dispatch
from .outbox import sweep as sweep
from .queue import CeleryQueue as CeleryQueue
from .served import celery_of as celery_of
from .served import serve as serve
from .tasks import deliver as deliver
from .tasks import deliver_outbox as deliver_outbox
from .tasks import sweep_outbox as sweep_outbox
