"""What an application has of ours beside its settings: its transport, and the connections kept open."""

from __future__ import annotations

import os
import threading
import typing as t
import weakref

from flask import Flask

from ..errors import ConfigError
from ..settings import as_config
from ..settings import Masked
from ..settings import Settings
from ..transports import load
from ..transports.base import Session
from ..transports.base import Transport
from ..transports.pool import Pool
from ..transports.smtp import SMTPTransport


class Runtime:
    """Made for each application by ``init_app``."""

    def __init__(self, app: Flask) -> None:
        self._app = weakref.ref(app)
        self.suppress_by_hand = False
        """Whether ``state.suppress`` was assigned after ``init_app``."""
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._pool: Pool | None = None
        self._built_from: dict[str, t.Any] | None = None

    @property
    def app(self) -> Flask | None:
        return self._app()

    def transport(self, state: Settings) -> Transport:
        """The transport that *state* asks for now; the same one as long as *state* stays the same."""
        with self._lock:
            if self._transport is None or self._built_from != vars(state):
                self._forget()
                self._transport, self._built_from = build_transport(as_config(state), self.app), dict(vars(state))
            return self._transport

    def open_kept(self, state: Settings) -> Session:
        """A session for one message: one that was kept open, where the transport has such."""
        transport = self.transport(state)
        if not isinstance(transport, SMTPTransport) or state.pool_size == 0:
            return transport.open()
        with self._lock:
            if self._pool is None or self._pool.transport is not transport:
                self._pool = Pool(transport, size=state.pool_size, idle=state.pool_idle, max_emails=state.max_emails)
            pool = self._pool
        return pool.open()

    def unlock(self) -> None:
        """After a fork, in the child: who held the lock is not here to let go of it."""
        self._lock = threading.Lock()

    def _forget(self) -> None:
        if self._pool is not None:
            self._pool.close()
        self._pool = self._transport = None


runtimes: weakref.WeakKeyDictionary[Settings, Runtime] = weakref.WeakKeyDictionary()
"""The runtime of each application's settings."""


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
