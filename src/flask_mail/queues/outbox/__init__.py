"""The durable outbox: rows in a database, sent by a worker. Needs the extra ``outbox`` (SQLAlchemy)."""

from __future__ import annotations

from .care import Entry as Entry
from .care import Outbox as Outbox
from .care import Stats as Stats
from .database import engine as engine
from .database import file_url as file_url
from .database import keep_from_children as keep_from_children
from .queue import OutboxQueue as OutboxQueue
from .schema import metadata as metadata
from .store import Store as Store
