"""``Mail``: what an application makes one of."""

from __future__ import annotations

import collections.abc as c
import importlib.util
import os
import typing as t
import warnings
import weakref

from flask import current_app
from flask import Flask
from flask import has_app_context

from ..address import one
from ..distribution import rival_owner
from ..errors import AddressError
from ..errors import BadHeaderError
from ..errors import ConfigError
from ..errors import NotInitializedError
from ..mime.dkim import signer
from ..queues.base import Queue
from ..settings import MailConfigWarning
from ..settings import Masked
from ..settings import read
from ..settings import Settings
from ..settings import warn_of_unknown
from ..transports import load
from ..transports import NAMES
from ..transports.base import Transport
from . import mailbox
from . import tasks
from .commands import register
from .previews import Function
from .previews import Preview
from .previews import Previews
from .runtime import Runtime
from .runtime import runtimes
from .sending import Sending
from .state import State

if t.TYPE_CHECKING:
    from ..queues.outbox import Outbox

_warned_of_rival = False


class Mail(Sending):
    """Mail for a Flask application.

    :param app: the application; without it call :meth:`init_app` later, also for several applications.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self.app: Flask | None = None if app is None else _behind_proxy(app)
        """The application this object is bound to, if it was made with one."""
        self._own_state: State | None = None
        self._previews = Previews()
        self._states: weakref.WeakKeyDictionary[Flask, State] = weakref.WeakKeyDictionary()
        if self.app is not None:
            self._own_state = self._register(self.app, stacklevel=3)

    @property
    def state(self) -> State | None:
        """The settings in force: of the application bound to, else the current one, else the only one there is."""
        if self._own_state is not None:
            return self._own_state
        app = self._find_app()
        return None if app is None else self._state_of(app)

    @state.setter
    def state(self, value: State | None) -> None:
        self._own_state = value

    def init_mail(self, config: c.Mapping[str, t.Any], debug: bool | int = False, testing: bool = False) -> State:
        """Settings from *config*, for no application yet.

        :raises ConfigError: a setting is wrong.
        """
        config = Masked(config)  # what a traceback shows of this frame holds no password
        return State(**read(config, debug=debug, testing=testing))

    def init_app(self, app: Flask) -> State:
        """Read the settings of *app* and register with it. Calling it again reads them again.

        :returns: the settings in force, also at ``app.extensions["mail"]``.
        :raises ConfigError: a setting is wrong; nothing is registered then.
        """
        return self._register(_behind_proxy(app), stacklevel=3)

    def _register(self, app: Flask, *, stacklevel: int) -> State:
        fresh = self.init_mail(app.config, app.debug, app.testing)
        _check_transport(fresh.transport)
        _check_addresses(fresh)
        _check_files(fresh)
        _check_dkim(fresh)
        warn_of_unknown(app.config, stacklevel=stacklevel)
        _warn_of_rival(stacklevel + 1)
        state = self._state_of(app)
        if isinstance(state, State):
            state.__dict__.update(fresh.__dict__)  # two Mail objects of one application share their settings
        else:
            state = app.extensions["mail"] = fresh
        runtime = runtimes.setdefault(state, Runtime(app))
        runtime.suppress_by_hand = False
        runtime.show(self._previews)
        self._states[app] = state
        runtimes[state].serve_outbox(state)
        tasks.serve(app, state)
        register(app, state.cli_group)
        mailbox.register(app, state)
        return state

    def preview(self, name: str) -> c.Callable[[Function], Function]:
        """Show a mail in the browser, at ``/_mail/previews``, and with ``flask mail preview``::

            @mail.preview("welcome")
            def welcome():
                return Message("Welcome", html=render_template("mail/welcome.html", user=ada))

        :param name: what it is called there.
        :returns: a decorator of functions that take nothing and return a message.
        :raises ValueError: *name* cannot stand in a URL, or another function has it.

        .. versionadded:: 1.0
        """
        return self._previews.adder(name)

    @property
    def previews(self) -> c.Mapping[str, Preview]:
        """The previews by name, for tests: ``mail.previews["welcome"](locale="zh")`` is the message.

        .. versionadded:: 1.0
        """
        return dict(self._previews)

    def _find_app(self) -> Flask | None:
        if self.app is not None:
            return self.app
        if has_app_context() and "mail" in current_app.extensions:
            return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
        return next(iter(self._states)) if len(self._states) == 1 and not has_app_context() else None

    def in_force(self) -> State:
        app = self._find_app()
        state = self._state_of(app) if app is not None else self._own_state
        if state is None:
            where = f"the application {current_app.name!r}" if has_app_context() else "any application"
            raise NotInitializedError(
                f"Mail was not set up for {where}: call mail.init_app(app), or make it with Mail(app). With several "
                f"applications, send inside 'with app.app_context():'."
            )
        return state

    def _state_of(self, app: Flask) -> State | None:
        """What is registered with *app*; where a program has put a ``Mail`` in its place, what that stands for."""
        state = app.extensions.get("mail")
        return self._states.get(app) if isinstance(state, Mail) else state

    def get_transport(self) -> Transport:
        """See :meth:`.State.get_transport`."""
        return self.in_force().get_transport()

    def get_queue(self) -> Queue:
        """See :meth:`.State.get_queue`."""
        return self.in_force().get_queue()

    @property
    def outbox(self) -> Outbox:
        """See :attr:`.State.outbox`."""
        return self.in_force().outbox

    def __getattr__(self, name: str) -> t.Any:
        if name in Settings.__dataclass_fields__:
            return getattr(self.in_force(), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _behind_proxy(app: Flask) -> Flask:
    """*app* itself where it is given as ``current_app``."""
    found = getattr(app, "_get_current_object", lambda: app)()
    if not hasattr(found, "config"):
        raise TypeError(f"Mail takes a Flask application, not {app!r}")
    return t.cast(Flask, found)


def _check_transport(chosen: t.Any) -> None:
    """As far as it can be seen before the application's own modules are imported."""
    if not isinstance(chosen, str) or chosen in NAMES:
        return
    if "." not in chosen or importlib.util.find_spec(chosen.partition(".")[0]) is None:
        load(chosen)  # says what there is


def _check_files(settings: Settings) -> None:
    files = {"MAIL_TLS_CA": settings.tls_ca, "MAIL_TLS_CERT": settings.tls_cert, "MAIL_TLS_KEY": settings.tls_key}
    for key, path in files.items():
        if path and not os.path.isfile(path):
            raise ConfigError(f"{key} is {path!r}, but it has to be the path of a file that exists.", key=key)


def _check_dkim(settings: Settings) -> None:
    if settings.dkim_domain:
        signer(settings.dkim_domain, settings.dkim_selector, settings.dkim_key, settings.dkim_headers)
    elif settings.dkim_key or settings.dkim_selector:
        key = "MAIL_DKIM_KEY" if settings.dkim_key else "MAIL_DKIM_SELECTOR"
        raise ConfigError(f"{key} is set, but nothing is signed without MAIL_DKIM_DOMAIN: set both.", key=key)


def _check_addresses(settings: Settings) -> None:
    given = {
        "MAIL_DEFAULT_SENDER": [settings.default_sender],
        "MAIL_DEFAULT_REPLY_TO": [settings.default_reply_to],
        "MAIL_CATCH_ALL": settings.catch_all,
    }
    for key, addresses in given.items():
        for address in filter(None, addresses):
            try:
                one(address, key)
            except (AddressError, BadHeaderError) as error:
                told = str(error).rstrip(".")
                raise ConfigError(f"{told}; give an address such as 'me@example.com'.", key=key) from None


def _warn_of_rival(stacklevel: int) -> None:
    global _warned_of_rival
    if _warned_of_rival or (rival := rival_owner()) is None:
        return
    _warned_of_rival = True
    warnings.warn(
        f"{rival} is installed beside Flask-Postbox and owns files of the same package: whichever was installed last "
        f"is the one that runs. Remedy: pip uninstall Flask-Mail; pip install --force-reinstall --no-deps "
        f"Flask-Postbox. Where another package requires Flask-Mail, install the empty stand-in from shim/ instead.",
        MailConfigWarning,
        stacklevel=stacklevel,
    )
