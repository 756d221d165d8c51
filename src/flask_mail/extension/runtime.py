"""What an application has of ours beside its settings: its transport, and the connections kept open."""

from __future__ import annotations

import dataclasses as d
import operator
import os
import threading
import typing as t
import weakref

from flask import Flask

from ..errors import ConfigError
from ..queues.base import Queue
from ..settings import as_config
from ..settings import Masked
from ..settings import Settings
from ..transports import load
from ..transports.base import Session
from ..transports.base import Transport
from ..transports.pool import Pool
from ..transports.smtp import SMTPTransport
from .background import Background
from .background import start_with_requests
from .mailbox import Copying
from .mailbox import Mode
from .mailbox import mode
from .mailbox import room
from .mailbox import warn_if_unseen
from .previews import Preview
from .previews import Previews
from .queueing import AppDelivery
from .queueing import build_queue


class Runtime:
    """Made for each application by ``init_app``."""

    def __init__(self, app: Flask) -> None:
        self._app = weakref.ref(app)
        self.suppress_by_hand: bool = False
        """Whether ``state.suppress`` was assigned after ``init_app``."""
        self.previews: list[Previews] = []
        """What the ``Mail`` objects of the application show."""
        self._lock = threading.Lock()
        self._queue_lock = threading.Lock()
        self._transport: Transport | None = None
        self._pool: Pool | None = None
        self._built_from: tuple[Mode, dict[str, t.Any]] | None = None
        self._queue: Queue | None = None
        self._queue_built_from: t.Any = None
        self._background: Background | None = None

    @property
    def app(self) -> Flask | None:
        return self._app()

    def show(self, previews: Previews) -> None:
        """Show what one more ``Mail`` has, also what it gets later."""
        if not any(each is previews for each in self.previews):
            self.previews.append(previews)

    def transport(self, state: Settings) -> Transport:
        """The transport that *state* asks for now; the same one as long as *state* stays the same."""
        app = self.app
        with self._lock:
            now = mode(state, app), vars(state)
            if self._transport is None or self._built_from != now:
                self._forget()
                self._transport, self._built_from = _transport(now[0], state, app), (now[0], dict(now[1]))
            return self._transport

    def queue(self, state: t.Any) -> Queue:
        """The queue that *state* asks for now; the same one as long as *state* stays the same."""
        with self._queue_lock:
            if self._queue is None or self._queue_built_from != _queue_settings(state):
                if self._queue is not None:
                    self._queue.close()
                app = self.app
                self._queue_built_from = _queue_settings(state)
                self._queue = build_queue(state, app, AppDelivery(state, app), self._background)
            return self._queue

    def serve_outbox(self, state: t.Any) -> None:
        """Where ``MAIL_OUTBOX_WORKER`` says so, have a worker in the application."""
        if state.queue != "outbox" or state.outbox_worker is None or self._background is not None:
            return
        self._background = Background(state, lambda: self.queue(state))
        if (app := self.app) is not None:
            start_with_requests(app, self._background.start)

    def close(self) -> None:
        """Stop the worker and the queue, with what is on its way."""
        if self._background is not None:
            self._background.close()
        with self._queue_lock:
            queue, self._queue = self._queue, None
        if queue is not None:
            queue.close()

    def open_kept(self, state: Settings, outer: Transport | None = None) -> Session:
        """A session for one message: one that was kept open, where the transport has such.

        :param outer: the transport, where it is known already.
        """
        outer = outer or self.transport(state)
        transport = outer.inner if isinstance(outer, Copying) else outer
        if not isinstance(transport, SMTPTransport):
            return outer.open()
        if (pool := self.pool(state, transport)) is None:
            return transport.open_once() if outer is transport else outer.open()
        session = pool.open()
        return outer.around(session) if isinstance(outer, Copying) else session

    def pool(self, state: Settings, transport: SMTPTransport) -> Pool | None:
        """The sessions of *transport* that are kept open, unless none are to be, or it is not in use any longer."""
        if state.pool_size == 0:
            return None
        with self._lock:
            current = self._transport.inner if isinstance(self._transport, Copying) else self._transport
            if current is not transport:
                return None
            if self._pool is None or self._pool.transport is not transport:
                self._pool = Pool(transport, size=state.pool_size, idle=state.pool_idle, max_emails=state.max_emails)
            return self._pool

    def leave(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            if self._pool is not None:
                self._pool.close()

    def unlock(self) -> None:
        """After a fork, in the child: who held the lock is not here to let go of it."""
        self._lock = threading.Lock()
        self._queue_lock = threading.Lock()

    def _forget(self) -> None:
        if self._pool is not None:
            self._pool.close()
        self._pool = self._transport = None


runtimes: weakref.WeakKeyDictionary[Settings, Runtime] = weakref.WeakKeyDictionary()
"""The runtime of each application's settings."""


def leave(state: Settings) -> None:
    """Close the connections that the application of *state* keeps."""
    if (runtime := runtimes.get(state)) is not None:
        runtime.leave()


def _transport(chosen: Mode, state: Settings, app: Flask | None) -> Transport:
    """The transport, with the mailbox in its place or beside it."""
    if app is None or chosen == "off":
        return build_transport(as_config(state), app)
    warn_if_unseen(state, app)
    return room().capture(app) if chosen == "capture" else Copying(build_transport(as_config(state), app), app)


_OF_QUEUES: t.Final = ("queue", "threads", "shutdown", "unsent", "retry", "in_doubt", "outbox")

_queue_settings = operator.attrgetter(*[each.name for each in d.fields(Settings) if each.name.startswith(_OF_QUEUES)])
"""Those settings of which a queue is made: it outlives a change of the others."""


def _unlock_all() -> None:
    for runtime in list(runtimes.values()):
        runtime.unlock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_all)


def build_transport(values: dict[str, t.Any], app: Flask | None) -> Transport:
    """Make the transport that *values*, keys to parsed settings, name.

    :raises ConfigError: there is no such transport, or it lacks a setting.
    """
    path = values["MAIL_FILE_PATH"] or os.path.join(app.instance_path if app else ".", "mail")
    config = Masked(
        {**(app.config if app else {}), **values, "MAIL_FILE_PATH": path}
    )  # in a traceback it shows nothing
    chosen = config["MAIL_TRANSPORT"]
    if isinstance(chosen, str):
        chosen = load(chosen)
    if isinstance(chosen, type) and hasattr(chosen, "from_config"):
        return t.cast("type[Transport]", chosen).from_config(config)
    try:
        made = chosen if hasattr(chosen, "open") else chosen(config) if callable(chosen) else None
    except TypeError as error:
        raise ConfigError(
            f"MAIL_TRANSPORT is {chosen!r}, which cannot be called with the configuration ({error}).",
            key="MAIL_TRANSPORT",
        ) from error
    if not hasattr(made, "open"):
        raise ConfigError(f"MAIL_TRANSPORT is {chosen!r}, which is no Transport and makes none.", key="MAIL_TRANSPORT")
    return t.cast(Transport, made)


def previews_of(state: Settings) -> dict[str, Preview]:
    """The previews of all ``Mail`` objects of the application that *state* is of, by name."""
    runtime = runtimes.get(state)
    return {name: preview for each in (runtime.previews if runtime else ()) for name, preview in each.items()}
