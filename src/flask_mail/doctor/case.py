"""What is examined: a configuration as it was written, and as it is in force."""

from __future__ import annotations

import collections.abc as c
import typing as t
import urllib.parse

from flask import Flask

from ..errors import ConfigError
from ..extension import Mail
from ..extension.mailbox import mode
from ..extension.state import State
from ..settings import as_config
from ..settings import Config
from ..settings import KEYS
from ..settings import Masked


class Case:
    """A configuration, of an application or alone.

    :param config: keys to values as written.
    :param state: the settings in force; made of *config* by default.
    :param app: the application that runs on them, if one does.
    """

    def __init__(
        self, config: Config, state: State | None = None, *, testing: bool = False, app: Flask | None = None
    ) -> None:
        self.config: c.Mapping[str, t.Any] = Masked(config)
        self.testing = testing
        self.state: State | None = state or _state(config, testing)
        """``None`` where the settings cannot be used."""
        self.in_use: bool = state is not None
        """Whether an application runs on these settings."""
        self.captured: bool = self.state is not None and _captured(self.state, app)
        """Whether mail goes to the mailbox in the browser, and to nobody else."""

    @classmethod
    def of_app(cls, app: Flask) -> t.Self:
        """The configuration of *app*.

        :raises NotInitializedError: ``init_app`` was never called for it.
        """
        registered = app.extensions.get("mail") or Mail()
        return cls(app.config, registered.in_force(), testing=app.testing, app=app)

    @property
    def values(self) -> dict[str, t.Any]:
        """The settings in force by key."""
        return {} if self.state is None else as_config(self.state)

    def secrets(self) -> list[str]:
        """Everything that must not be shown."""
        found: list[str] = []
        for key, field in KEYS.items():
            if field.metadata["secret"]:
                found += [value for value in (self.values.get(key), self.config.get(key)) if isinstance(value, str)]
        proxy = urllib.parse.urlsplit(str(self.values.get("MAIL_PROXY") or "")).password or ""
        return [*found, proxy, urllib.parse.unquote(proxy)]


def _captured(state: State, app: Flask | None) -> bool:
    if app is None:
        return bool(state.mailbox) and not state.mailbox_copies
    return mode(state, app) == "capture"


def _state(config: Config, testing: bool) -> State | None:
    try:
        return Mail().init_mail(config, testing=testing)
    except ConfigError:
        return None  # the first check tells of it
