"""The settings in force, which can also send."""

from __future__ import annotations

import typing as t

from flask import current_app
from flask import Flask
from flask import has_app_context

from ..errors import ConfigError
from ..queues.base import Queue
from ..settings import as_config
from ..settings import Settings
from ..settings import suppressed
from ..transports.base import Session
from ..transports.base import Transport
from ..transports.pool import Pool
from ..transports.smtp import SMTPTransport
from .capture import capturing
from .queueing import AppDelivery
from .queueing import build_queue
from .queueing import open_outbox
from .runtime import build_transport
from .runtime import runtimes
from .sending import Sending

if t.TYPE_CHECKING:
    from ..queues.outbox import Outbox


class State(Sending, Settings):
    """The settings in force for an application, at ``app.extensions["mail"]``."""

    def __setattr__(self, name: str, value: t.Any) -> None:
        if name == "suppress" and (runtime := runtimes.get(self)) is not None:
            runtime.suppress_by_hand = True
        super().__setattr__(name, value)

    def in_force(self) -> State:
        return self

    def find_app(self) -> Flask | None:
        """The application these settings are of; else the current one."""
        runtime = runtimes.get(self)
        if runtime is not None and runtime.app is not None:
            return runtime.app
        return current_app._get_current_object() if has_app_context() else None  # type: ignore[attr-defined]

    def suppressed_now(self) -> bool:
        """Whether nothing is to be sent: by :attr:`suppress`, or as the application's configuration says now."""
        if capturing() is not None:
            return False
        runtime = runtimes.get(self)
        if runtime is None or runtime.app is None or runtime.suppress_by_hand:
            return self.suppress
        captured = bool(self.mailbox) and not self.mailbox_copies  # then nothing is sent in a test, either
        return suppressed(runtime.app.config, testing=runtime.app.testing and not captured)

    def get_transport(self) -> Transport:
        """The transport in use.

        :raises ConfigError: ``MAIL_TRANSPORT`` cannot be loaded, or lacks a setting.
        """
        if (capture := capturing()) is not None:
            return capture.transport(self)
        runtime = runtimes.get(self)
        return runtime.transport(self) if runtime is not None else build_transport(as_config(self), None)

    def get_queue(self) -> Queue:
        """The queue in use; see ``MAIL_QUEUE``.

        :raises ConfigError: it cannot be loaded, or lacks a setting.
        :raises MissingExtraError: it needs what is not installed.
        """
        if (capture := capturing()) is not None:
            return capture.queue(self, AppDelivery(self, self.find_app()))
        runtime = runtimes.get(self)
        return runtime.queue(self) if runtime is not None else build_queue(self, None, AppDelivery(self, None))

    @property
    def outbox(self) -> Outbox:
        """What is in the outbox, where ``MAIL_QUEUE`` is ``outbox``.

        :raises ConfigError: it is not.
        """
        queue = self.get_queue()
        if (store := getattr(queue, "store", None)) is None:
            raise ConfigError(f"MAIL_QUEUE is {self.queue!r}, not 'outbox', so there is no outbox.", key="MAIL_QUEUE")
        return t.cast("Outbox", open_outbox(queue, store))

    def open_kept(self, transport: Transport | None = None) -> Session:
        """A session for one message; see ``MAIL_POOL_SIZE``.

        :param transport: what :meth:`get_transport` has just returned.
        """
        if (capture := capturing()) is not None:
            return capture.transport(self).open()
        runtime = runtimes.get(self)
        return runtime.open_kept(self, transport) if runtime is not None else self.get_transport().open()

    def pool_of(self, transport: SMTPTransport) -> Pool | None:
        """The sessions of *transport* that are kept open, where any are; see ``MAIL_POOL_SIZE``."""
        runtime = runtimes.get(self)
        return runtime.pool(self, transport) if runtime is not None else None
