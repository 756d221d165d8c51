"""Settings that are no object of ours: a ``Connection`` may be made with anything that has Flask-Mail's attributes."""

from __future__ import annotations

import typing as t

from flask import current_app
from flask import Flask
from flask import has_app_context

from ..settings import as_config
from ..settings import Settings
from ..transports.base import Session
from ..transports.base import Transport
from .capture import capturing
from .runtime import build_transport

_FIELDS = tuple(Settings.__dataclass_fields__)


class Foreign(Settings):
    """A copy of such an object's attributes; what it lacks has its default."""

    def __init__(self, other: object) -> None:
        defaults = Settings()
        values: dict[str, t.Any] = {name: getattr(other, name, getattr(defaults, name)) for name in _FIELDS}
        super().__init__(**values)

    def find_app(self) -> Flask | None:
        """The current application."""
        return current_app._get_current_object() if has_app_context() else None  # type: ignore[attr-defined]

    def suppressed_now(self) -> bool:
        """Whether nothing is to be sent."""
        return self.suppress and capturing() is None

    def get_transport(self) -> Transport:
        """A transport made for these settings."""
        if (capture := capturing()) is not None:
            return capture.transport(self)
        return build_transport(as_config(self), None)

    def open_kept(self, transport: Transport | None = None) -> Session:
        """A session; none is kept."""
        return (transport or self.get_transport()).open()
