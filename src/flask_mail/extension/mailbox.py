"""Whether mail goes to the mailbox in the browser: instead of a server, or as a copy of what was sent.

The mailbox stands on a higher floor: it is loaded by name, and only where it may be wanted.
"""

from __future__ import annotations

import collections.abc as c
import importlib
import logging
import os
import typing as t

import click
from flask import Blueprint
from flask import Flask

from ..settings import Settings
from ..submission import Receipt
from ..submission import Submission
from ..transports.base import Session
from ..transports.base import Transport

logger: logging.Logger = logging.getLogger("flask_mail")

Mode = t.Literal["off", "capture", "copies"]
BLUEPRINT: t.Final = "flask_mail"
"""The name of the mailbox's blueprint."""

_ROOM: t.Final = "flask_mail.mailbox"
_SERVER_KEYS: t.Final = ("MAIL_SERVER", "MAIL_PROVIDER", "MAIL_TRANSPORT")


class Room(t.Protocol):
    """What the extension asks of the mailbox."""

    blueprint: Blueprint

    def capture(self, app: Flask) -> Transport:
        """A transport into the mailbox of *app*."""
        ...

    def keep_copy(self, app: Flask, submission: Submission, receipt: Receipt) -> None:
        """Put what was sent into the mailbox of *app*. Never raises."""
        ...


def room() -> Room:
    """The mailbox's module."""
    return t.cast(Room, importlib.import_module(_ROOM))


def mode(state: Settings, app: Flask | None) -> Mode:
    """What becomes of mail now.

    In tests nothing changes unless ``MAIL_MAILBOX`` is on. Without that setting mail is captured where the
    application is in debug mode, nothing says where to send mail to, and the mailbox can be looked at.
    """
    if app is None or state.mailbox is False:
        return "off"
    if not (state.mailbox or state.mailbox_copies or app.debug):  # as in production
        return "off"
    if app.testing and not state.mailbox:
        return "off"
    if state.mailbox_copies:
        return "copies"
    return "capture" if state.mailbox or (app.debug and BLUEPRINT in app.blueprints and nowhere(state, app)) else "off"


def nowhere(state: Settings, app: Flask) -> bool:
    """Whether nothing says where to send mail to, neither the configuration nor an assignment to the state."""
    assigned = state.server != Settings.server or state.transport != Settings.transport
    config = t.cast("c.Mapping[str, t.Any]", app.config)
    return not assigned and not any(config.get(key) for key in _SERVER_KEYS)


def register(app: Flask, state: Settings) -> None:
    """Put the mailbox at ``/_mail/``, where it may be wanted; it answers 404 while it is not.

    ``app.run(debug=True)`` turns debug mode on after this, but by then runs in a process of the reloader.
    """
    wanted = state.mailbox or state.mailbox_copies or app.debug or "WERKZEUG_RUN_MAIN" in os.environ
    if not wanted or state.mailbox is False or BLUEPRINT in app.blueprints:
        return
    try:
        app.register_blueprint(room().blueprint)
    except AssertionError:  # the application has served a request already, so Flask takes no more pages
        return
    _announce(mode(state, app))


def _announce(chosen: Mode) -> None:
    """One line with the link, under ``flask run``; not again in each process of the reloader."""
    context = click.get_current_context(silent=True)
    if chosen == "off" or context is None or context.info_name != "run" or "port" not in context.params:
        return
    if "WERKZEUG_RUN_MAIN" in os.environ:
        return
    host = str(context.params.get("host") or "127.0.0.1")
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    scheme = "https" if context.params.get("cert") else "http"
    words = "Mail is captured" if chosen == "capture" else "Copies of mail"
    click.echo(f" * {words}: {scheme}://{host}:{context.params['port']}/_mail/")


def warn_if_unseen(state: Settings, app: Flask) -> None:
    """Log that nobody can look at the mailbox."""
    if not (app.debug or app.testing or state.mailbox_auth):
        logger.warning(
            "Mail is kept for the mailbox in the browser (MAIL_MAILBOX%s), which is not shown outside debug mode "
            "without MAIL_MAILBOX_AUTH. Set that, or turn MAIL_MAILBOX off.",
            "_COPIES" if state.mailbox_copies else "",
        )


class Copying(Transport):
    """Sends through another transport, and keeps a copy of what was taken.

    :param inner: the transport that sends.
    :param app: the application whose mailbox gets the copy.
    """

    def __init__(self, inner: Transport, app: Flask) -> None:
        self.inner = inner
        self._app = app

    def open(self) -> Session:
        return self.around(self.inner.open())

    def around(self, session: Session) -> CopyingSession:
        """*session*, with copies."""
        return CopyingSession(session, self._app)


class CopyingSession:
    """A session of :class:`Copying`; what it has besides, such as ``alive``, is the other's."""

    def __init__(self, inner: Session, app: Flask) -> None:
        self._inner = inner
        self._app = app

    def send(self, submission: Submission, /) -> Receipt:
        receipt = self._inner.send(submission)
        room().keep_copy(self._app, submission, receipt)
        return receipt

    def close(self) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._inner, name)
