"""``Mail`` and ``Connection``: the door for applications, and the only place where rooms are put together.

``app.extensions["mail"]`` is the settings in force (:class:`_Mail`), mutable, and read when a message is sent. What
belongs to an application but is no setting, such as its transport, stands in a :class:`_Runtime` beside it.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import os
import types
import typing as t
import warnings
import weakref

from flask import current_app
from flask import Flask
from flask import has_app_context

from .compose import compose
from .delivery import deliver
from .delivery import open_session
from .distribution import rival_owner
from .errors import ConfigError
from .errors import NotInitializedError
from .legacy import legacy_sendmail_arguments
from .message import Message
from .settings import as_config
from .settings import MailConfigWarning
from .settings import read
from .settings import Settings
from .settings import suppressed
from .settings import warn_of_unknown
from .signals import email_dispatched
from .submission import Receipt
from .transports import load
from .transports import NAMES
from .transports.base import Session
from .transports.base import Transport
from .transports.sendmail import SendmailSession
from .transports.sendmail import SessionHost


class _Runtime:
    """What an application has of ours beside its settings."""

    def __init__(self, app: Flask) -> None:
        self._app = weakref.ref(app)
        self.suppress_by_hand = False
        """Whether ``state.suppress`` was assigned after :meth:`Mail.init_app`."""
        self._transport: Transport | None = None
        self._built_from: dict[str, t.Any] | None = None

    @property
    def app(self) -> Flask | None:
        return self._app()

    def transport(self, state: Settings) -> Transport:
        """The transport that *state* asks for now; the same one as long as *state* stays the same."""
        values = as_config(state)
        if self._transport is None or self._built_from != values:
            self._transport, self._built_from = _build_transport(values, self.app), values
        return self._transport


_runtimes: weakref.WeakKeyDictionary[Settings, _Runtime] = weakref.WeakKeyDictionary()
_warned_of_rival = False


def _build_transport(values: dict[str, t.Any], app: Flask | None) -> Transport:
    config: dict[str, t.Any] = {**(app.config if app else {}), **values}
    if not config["MAIL_FILE_PATH"]:
        config["MAIL_FILE_PATH"] = os.path.join(app.instance_path if app else ".", "mail")
    chosen = config["MAIL_TRANSPORT"]
    if isinstance(chosen, str):
        chosen = load(chosen)
    if isinstance(chosen, type) and hasattr(chosen, "from_config"):
        return t.cast("type[Transport]", chosen).from_config(config)
    made = chosen if hasattr(chosen, "open") else chosen(config) if callable(chosen) else None
    if not hasattr(made, "open"):
        raise ConfigError(f"MAIL_TRANSPORT is {chosen!r}, which is no Transport and makes none.", key="MAIL_TRANSPORT")
    return t.cast(Transport, made)


class Connection:
    """Sends messages over one conversation with the server; used in a ``with`` block.

    :param mail: the settings in force, ``app.extensions["mail"]``.
    """

    def __init__(self, mail: _Mail) -> None:
        self.mail = mail
        self.host: t.Any = None
        """What sends: an ``smtplib.SMTP``, or what has its ``sendmail`` and ``quit``; ``None`` while suppressed."""
        self.num_emails: int = 0
        """How many messages this connection has carried; starts again when ``MAIL_MAX_EMAILS`` is reached."""
        self._session: Session | None = None
        self._shown: t.Any = None
        self._entered = False
        self.lazy = False
        """Open with the first message rather than on entering the block."""

    def __enter__(self) -> t.Self:
        self.num_emails = 0
        self._entered = True
        if not self.lazy:
            self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: types.TracebackType | None,
    ) -> None:
        self._entered = False
        self._close()

    def configure_host(self) -> t.Any:
        """Open the transport.

        :returns: what becomes :attr:`host`.
        :raises DeliveryError: the server cannot be reached, trusted or logged in to.
        """
        self._session = open_session(self.mail.get_transport())
        self._shown = getattr(self._session, "host", None) or SessionHost(self._session)
        return self._shown

    def send(self, message: Message, envelope_from: str | tuple[str, str] | None = None) -> Receipt:
        """Compose and send *message*.

        :param envelope_from: the reverse-path, where it is not the sender.
        :returns: who was accepted and who was refused.
        :raises AssertionError: there is no sender, or no recipient.
        :raises BadHeaderError: a field holds a line break or another control character.
        :raises DeliveryError: the server took the message for nobody; see :mod:`flask_mail.errors`.
        """
        submission = compose(message, self.mail, envelope_from=envelope_from)
        try:
            session = self._session_for(message, envelope_from)
            if session is None:
                receipt = Receipt(submission.message_id, suppressed=True)
            else:
                receipt = deliver(submission, session)
        finally:
            if not self._entered:
                self._close()
        self._sent(message)
        return receipt

    def send_message(self, *args: t.Any, **kwargs: t.Any) -> Receipt:
        """Make a :class:`Message` of the arguments and send it."""
        return self.send(Message(*args, **kwargs))

    def _session_for(self, message: Message, envelope_from: t.Any) -> Session | None:
        if self._session is not None and self.host is self._shown and not getattr(self._session, "alive", True):
            self._close()  # lost with an earlier message
        if self.host is None:
            self._open()
        if self.host is None:
            return None
        if self.host is self._shown and "sendmail" not in getattr(self.host, "__dict__", ()):
            return self._session
        return SendmailSession(self.host, legacy_sendmail_arguments(message, self.mail, envelope_from))

    def _sent(self, message: Message) -> None:
        email_dispatched.send(self.mail.find_app(), message=message)
        self.num_emails += 1
        if self.num_emails == self.mail.max_emails:
            self.num_emails = 0
            if self._entered:
                self._close()  # the next message opens again

    def _open(self) -> None:
        self.host = None if self.mail.suppressed_now() else self.configure_host()

    def _close(self) -> None:
        host, session = self.host, self._session
        self.host = self._session = None
        if session is not None:
            session.close()
        if host is not None and host is not self._shown:
            with contextlib.suppress(Exception):  # the mail is out: nothing said at parting can change that
                host.quit()


class _MailMixin:
    """What both the extension and its state can do."""

    def _state(self) -> _Mail:
        raise NotImplementedError

    def connect(self) -> Connection:
        """A connection, to be used in a ``with`` block.

        :raises NotInitializedError: :meth:`Mail.init_app` was not called.
        """
        return Connection(self._state())

    def send(self, message: Message) -> Receipt:
        """Send one message. While sending is suppressed it is composed and signalled, but not sent.

        Nothing is opened before the message is composed.

        :returns: see :meth:`Connection.send`, also for what is raised.
        """
        connection = self.connect()
        connection.lazy = True
        with connection:
            return message.send(connection)

    def send_message(self, *args: t.Any, **kwargs: t.Any) -> Receipt:
        """Make a :class:`Message` of the arguments and send it."""
        return self.send(Message(*args, **kwargs))

    @contextlib.contextmanager
    def record_messages(self) -> c.Generator[list[Message]]:
        """Record what is sent inside the block, suppressed or not; each entry is a copy as of its sending::

        with mail.record_messages() as outbox:
            client.post("/sign-up", data={"email": "joe@example.com"})
        assert outbox[0].subject == "Welcome"
        """
        outbox: list[Message] = []

        def record(app: Flask, message: Message) -> None:
            outbox.append(message.snapshot())

        with email_dispatched.connected_to(record):
            yield outbox


class _Mail(_MailMixin, Settings):
    """The settings in force for an application, at ``app.extensions["mail"]``."""

    def __setattr__(self, name: str, value: t.Any) -> None:
        if name == "suppress" and (runtime := _runtimes.get(self)) is not None:
            runtime.suppress_by_hand = True
        super().__setattr__(name, value)

    def _state(self) -> _Mail:
        return self

    def find_app(self) -> Flask | None:
        """The application these settings are of; else the current one."""
        runtime = _runtimes.get(self)
        if runtime is not None and runtime.app is not None:
            return runtime.app
        return current_app._get_current_object() if has_app_context() else None  # type: ignore[attr-defined]

    def suppressed_now(self) -> bool:
        """Whether nothing is to be sent: by :attr:`suppress`, or as the application's configuration says now."""
        runtime = _runtimes.get(self)
        if runtime is None or runtime.app is None or runtime.suppress_by_hand:
            return self.suppress
        return suppressed(runtime.app.config, testing=runtime.app.testing)

    def get_transport(self) -> Transport:
        """The transport in use.

        :raises ConfigError: ``MAIL_TRANSPORT`` cannot be loaded, or lacks a setting.
        """
        runtime = _runtimes.get(self)
        return runtime.transport(self) if runtime is not None else _build_transport(as_config(self), None)


class Mail(_MailMixin):
    """Mail for a Flask application.

    :param app: the application; without it call :meth:`init_app` later, also for several applications.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self.app = None if app is None else _behind_proxy(app)
        """The application this object is bound to, if it was made with one."""
        self._own_state: _Mail | None = None
        self._apps: weakref.WeakSet[Flask] = weakref.WeakSet()
        if self.app is not None:
            self._own_state = self._register(self.app, stacklevel=3)

    @property
    def state(self) -> _Mail | None:
        """The settings in force: of the application bound to, else the current one, else the only one there is."""
        if self._own_state is not None:
            return self._own_state
        app = self._find_app()
        return None if app is None else app.extensions["mail"]

    @state.setter
    def state(self, value: _Mail | None) -> None:
        self._own_state = value

    def init_mail(self, config: c.Mapping[str, t.Any], debug: bool | int = False, testing: bool = False) -> _Mail:
        """Settings from *config*, for no application yet.

        :raises ConfigError: a setting is wrong.
        """
        return _Mail(**read(config, debug=debug, testing=testing))

    def init_app(self, app: Flask) -> _Mail:
        """Read the settings of *app* and register with it. Calling it again reads them again.

        :returns: the settings in force, also at ``app.extensions["mail"]``.
        :raises ConfigError: a setting is wrong; nothing is registered then.
        """
        return self._register(_behind_proxy(app), stacklevel=3)

    def _register(self, app: Flask, *, stacklevel: int) -> _Mail:
        fresh = self.init_mail(app.config, app.debug, app.testing)
        _check_transport(fresh.transport)
        warn_of_unknown(app.config, stacklevel=stacklevel)
        _warn_of_rival(stacklevel + 1)
        state = app.extensions.get("mail")
        if isinstance(state, _Mail):
            state.__dict__.update(fresh.__dict__)  # two Mail objects of one application share their settings
        else:
            state = app.extensions["mail"] = fresh
        _runtimes[state] = _Runtime(app)
        self._apps.add(app)
        return state

    def _find_app(self) -> Flask | None:
        if self.app is not None:
            return self.app
        if has_app_context() and "mail" in current_app.extensions:
            return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
        return next(iter(self._apps)) if len(self._apps) == 1 and not has_app_context() else None

    def _state(self) -> _Mail:
        app = self._find_app()
        state = app.extensions.get("mail") if app is not None else self._own_state
        if state is None:
            where = f"the application {current_app.name!r}" if has_app_context() else "any application"
            raise NotInitializedError(
                f"Mail was not set up for {where}: call mail.init_app(app), or make it with Mail(app). With several "
                f"applications, send inside 'with app.app_context():'."
            )
        return t.cast(_Mail, state)

    def get_transport(self) -> Transport:
        """See :meth:`_Mail.get_transport`."""
        return self._state().get_transport()

    def __getattr__(self, name: str) -> t.Any:
        if name in Settings.__dataclass_fields__:
            return getattr(self._state(), name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _behind_proxy(app: Flask) -> Flask:
    """*app* itself where it is given as ``current_app``."""
    return t.cast(Flask, getattr(app, "_get_current_object", lambda: app)())


def _check_transport(chosen: t.Any) -> None:
    if isinstance(chosen, str) and "." not in chosen and chosen not in NAMES:
        load(chosen)  # says what there is


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
