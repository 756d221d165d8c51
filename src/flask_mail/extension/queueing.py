"""What a queue gets of an application: something to deliver with, and the queue itself, made as ``MAIL_QUEUE`` says."""

from __future__ import annotations

import collections.abc as c
import contextlib
import functools
import importlib
import logging
import os
import time
import typing as t

from flask import current_app
from flask import Flask
from flask import has_app_context

from ..delivery import deliver
from ..delivery import explain
from ..delivery import log_refusals
from ..delivery import opened
from ..delivery import refusal
from ..diagnosis import advise
from ..errors import ConfigError
from ..errors import DeliveryError
from ..errors import MissingExtraError
from ..queues.base import Delivery
from ..queues.base import Event
from ..queues.base import Lease
from ..queues.base import Outcome
from ..queues.base import Queue
from ..queues.base import Sent
from ..queues.schedule import Schedule
from ..settings import as_config
from ..settings import Masked
from ..settings import Settings
from ..signals import email_deferred
from ..signals import email_failed
from ..submission import Receipt
from ..submission import Reply
from ..submission import Submission
from ..transports.base import Session
from ..transports.base import Transport
from ..transports.bulk import Bulk
from ..transports.job import Job
from ..transports.pace import Pace
from ..transports.pool import Pool
from ..transports.smtp import SMTPSession
from ..transports.smtp import SMTPTransport

logger: logging.Logger = logging.getLogger("flask_mail")

LOOK: t.Final = 0.5
"""Seconds after which a worker that waits for its turn sees that it was told to stop."""

NAMES: t.Final = {
    "thread": ("flask_mail.queues.thread", "ThreadQueue", ""),
    "outbox": ("flask_mail.queues.outbox", "OutboxQueue", "outbox"),
    "celery": ("flask_mail.queues.celery", "CeleryQueue", "celery"),
}
"""The queues there are: module, class and the extra that brings what it needs."""

Tagged = tuple[t.Any, Submission, Lease]


class Open(t.Protocol):
    """What delivering asks of the settings in force."""

    max_emails: int | None
    rate_limit: tuple[int, float] | None

    def get_transport(self) -> Transport: ...
    def open_kept(self) -> Session: ...
    def pool_of(self, transport: SMTPTransport) -> Pool | None: ...


class AppDelivery(Delivery):
    """Delivers for an application. What was queued is sent also where sending is suppressed by now.

    :param state: the application's settings.
    :param app: the application.
    """

    def __init__(self, state: Open, app: Flask | None) -> None:
        self._state = state
        self._app = app

    def deliver(self, submission: Submission, /) -> Receipt:
        """See :meth:`.Delivery.deliver`."""
        session = opened(self._state.open_kept, self._state)
        try:
            return deliver(submission, session, self._state)
        finally:
            session.close()

    def deliver_many(
        self, tagged: c.Iterable[Tagged | None], /, *, connections: int, window: int = 16, kept: bool = False
    ) -> c.Generator[Sent]:
        """See :meth:`.Delivery.deliver_many`."""
        transport = self._state.get_transport()
        messages, seconds = self._state.rate_limit or (0, 1.0)
        pace = Pace(messages, seconds)
        if not isinstance(transport, SMTPTransport):
            yield from self._one_by_one(transport, tagged, pace)
            return
        endpoint = transport.endpoint
        pool = self._state.pool_of(transport) if kept else None
        bulk = Bulk(
            pool.lend if pool else transport.open,
            (each and Job(each[1], endpoint.host, endpoint.port, each[0], each[2], once=True) for each in tagged),
            connections=connections,
            window=window,
            max_emails=self._state.max_emails,
            pace=pace,
            keep=pool.give_back if pool else SMTPSession.close,
        )
        with contextlib.closing(bulk.batches()) as batches:
            for batch in batches:
                yield [(job.tag, self._outcome(job)) for job in batch]

    def _outcome(self, job: Job) -> Outcome:
        try:
            receipt = job.outcome()
        except Exception as error:
            if isinstance(error, DeliveryError):
                explain(error, self._state)
            return error
        log_refusals(receipt, self._state)
        return receipt

    def _one_by_one(self, transport: Transport, tagged: c.Iterable[Tagged | None], pace: Pace) -> c.Iterator[Sent]:
        """Over a transport with nothing to gain from several connections."""
        for each in tagged:
            if each is None:
                continue
            if not _turn(pace, each[2]):
                yield [(each[0], TimeoutError("its lease ran out"))]
                yield []
                continue
            try:
                session = opened(transport.open, self._state)
                try:
                    outcome: Outcome = deliver(each[1], session, self._state)
                finally:
                    session.close()
            except Exception as error:
                outcome = error
            yield [(each[0], outcome)]
            yield []

    def transient(self, reply: Reply, /) -> bool:
        """See :meth:`.Delivery.transient`."""
        return refusal(reply, self._state).transient

    def tell(self, event: Event, /) -> None:
        """See :meth:`.Delivery.tell`; receivers find the application's context."""
        if event.kind == "sent":
            logger.debug("%s: sent to %s", event.message_id, ", ".join(event.recipients))
            return
        signal = email_deferred if event.kind == "deferred" else email_failed
        cause = advise(event.error, self._state).cause if isinstance(event.error, DeliveryError) else ""
        what = "will be tried again" if event.kind == "deferred" else "was not sent, and will not be,"
        if event.kind == "failed" and getattr(event.error, "in_doubt", False):
            what = "may have been sent or not"
        logger.log(
            logging.INFO if event.kind == "deferred" else logging.WARNING,
            "%s: %s %s to %s: %s%s",
            event.message_id,
            event.id,
            what,
            ", ".join(event.recipients),
            event.error,
            f" [{cause}]" if cause else "",
        )
        if not signal.receivers:
            return
        told: dict[str, t.Any] = {
            "id": event.id,
            "message_id": event.message_id,
            "recipients": event.recipients,
            "error": event.error,
        }
        if event.kind == "deferred":
            told["due"] = event.due
        with self._context():
            signal.send(self._app, message=None, **told)

    def _context(self) -> contextlib.AbstractContextManager[object]:
        if self._app is None or (has_app_context() and _current() is self._app):
            return contextlib.nullcontext()
        return self._app.app_context()


def _turn(pace: Pace, lease: Lease) -> bool:
    """Wait until the next message may leave; return whether it may still."""
    while not lease.closed and time.monotonic() < lease.until:
        if (wait := pace.wait()) <= 0:
            pace.sent()
            return True
        time.sleep(min(wait, LOOK))
    return False


def build_queue(state: Settings, app: Flask | None, delivery: Delivery, worker: t.Any = None) -> Queue:
    """Make the queue that ``MAIL_QUEUE`` names.

    :param worker: where a worker runs in the application, what wakes it.
    :raises ConfigError: there is no such queue, or it lacks a setting.
    :raises MissingExtraError: it needs what is not installed.
    """
    chosen = state.queue
    config = _config(state, app)
    if chosen == "outbox":
        return _outbox(state, app, delivery, config, worker)
    if isinstance(chosen, str):
        chosen = load(chosen)
    if state.queue == "celery":
        made = chosen.from_config(config, delivery)
        made.celery = functools.partial(importlib.import_module("flask_mail.queues.celery").celery_of, app)
        return t.cast(Queue, made)
    if isinstance(chosen, type) and hasattr(chosen, "from_config"):
        return t.cast("type[Queue]", chosen).from_config(config, delivery)
    try:
        is_made = hasattr(chosen, "put") and not isinstance(chosen, type)
        made = chosen if is_made else chosen(config, delivery) if callable(chosen) else None
    except TypeError as error:
        raise ConfigError(
            f"MAIL_QUEUE is {chosen!r}, which cannot be called with the configuration and what delivers ({error}).",
            key="MAIL_QUEUE",
        ) from error
    if not hasattr(made, "put"):
        raise ConfigError(f"MAIL_QUEUE is {chosen!r}, which is no Queue and makes none.", key="MAIL_QUEUE")
    return t.cast(Queue, made)


def load(name: str) -> t.Any:
    """What a queue's name, or a dotted path, stands for.

    :raises ConfigError: nothing.
    """
    module, attribute, extra = NAMES.get(name) or (*_split(name), "")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        if extra:
            raise MissingExtraError(f"MAIL_QUEUE = {name!r}", extra) from error
        raise ConfigError(f"MAIL_QUEUE is {name!r}, which cannot be imported: {error}.", key="MAIL_QUEUE") from error
    except AttributeError as error:
        raise ConfigError(f"MAIL_QUEUE is {name!r}, but {module} has no {attribute}.", key="MAIL_QUEUE") from error


def _split(path: str) -> tuple[str, str]:
    module, _, attribute = path.replace(":", ".").rpartition(".")
    if not module:
        raise ConfigError(
            f"MAIL_QUEUE is {path!r}, which is no queue; there are {', '.join(NAMES)}, or the dotted path of yours.",
            key="MAIL_QUEUE",
        )
    return module, attribute


def _config(state: Settings, app: Flask | None) -> Masked:
    """The settings for a queue, with the places in the instance folder filled in."""
    values = as_config(state)
    folder = app.instance_path if app else "."
    values["MAIL_UNSENT_PATH"] = values["MAIL_UNSENT_PATH"] or os.path.join(folder, "unsent")
    return Masked({**(app.config if app else {}), **values})


def _outbox(state: Settings, app: Flask | None, delivery: Delivery, config: Masked, worker: t.Any) -> Queue:
    outbox = _rooms()
    schedule = Schedule(state.retry_schedule, state.retry_for)
    committed: c.Callable[[list[str]], object] = worker.woken if worker is not None else _nobody
    if state.outbox_dispatch == "celery":
        committed = functools.partial(importlib.import_module("flask_mail.queues.celery").dispatch, app)
    database = None if app is None or state.outbox_url else app.extensions.get("sqlalchemy")
    if database is None:
        url = state.outbox_url or outbox.file_url(os.path.join(app.instance_path if app else ".", "outbox.sqlite"))
        made = outbox.OutboxQueue.from_config(Masked({**config, "MAIL_OUTBOX_URL": url}), delivery)
        return t.cast(Queue, outbox.OutboxQueue(delivery, schedule, made.store, committed=committed, own=True))
    assert app is not None
    store = outbox.Store(functools.partial(_engine_of, app, database, outbox.keep_from_children))
    return t.cast(
        Queue,
        outbox.OutboxQueue(
            delivery, schedule, store, session=functools.partial(_session_of, app, database), committed=committed
        ),
    )


def _nobody(ids: list[str]) -> None:
    """A worker in another process finds out by itself."""


def _rooms() -> t.Any:
    try:
        return importlib.import_module("flask_mail.queues.outbox")
    except ModuleNotFoundError as error:
        if error.name != "sqlalchemy":
            raise
        raise MissingExtraError("MAIL_QUEUE = 'outbox'", "outbox") from error


def _engine_of(app: Flask, database: t.Any, keep: c.Callable[[t.Any], object]) -> t.Any:
    """The engine of the application's Flask-SQLAlchemy."""
    if has_app_context() and _current() is app:
        engine = database.engine
    else:
        with app.app_context():
            engine = database.engine
    keep(engine)
    return engine


def _session_of(app: Flask, database: t.Any) -> t.Any:
    """The session of the application's Flask-SQLAlchemy, where there is one to join."""
    return database.session if has_app_context() and _current() is app else None


def _current() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]


def open_outbox(queue: t.Any, store: t.Any) -> t.Any:
    """What is in the outbox that *queue* puts into."""
    queue.prepare()
    return _rooms().Outbox(store, queue.committed)
