"""An application with an outbox, and the processes that use it: they can be told at which point to die.

What is shipped knows nothing of that: it is put around the store and the transport in here.
"""

from __future__ import annotations

import collections.abc as c
import functools
import importlib
import json
import os
import pathlib
import signal
import typing as t

import sqlalchemy as sa
from flask import Flask
from flask.cli import ScriptInfo

import flask_mail
from flask_mail.cli import COMMANDS as COMMANDS  # loaded before processes are made of this one
from flask_mail.queues.outbox.ledger import Answer
from flask_mail.queues.outbox.ledger import Ledger
from flask_mail.queues.outbox.schema import messages
from flask_mail.queues.outbox.store import Store
from flask_mail.queues.worker import Worker as Worker
from flask_mail.transports.smtp import SMTPTransport

from .server import HOST

POINTS = (
    "before-claim", "after-claim", "before-connect", "after-connect", "before-commit", "after-handing", "after-commit",
)  # fmt: skip
"""Where a worker can be told to die; the other points are the server's."""


def create_app(config: c.Mapping[str, t.Any] | None = None) -> Flask:
    """The application; without *config* it is in the environment, as JSON, in ``CHAOS_CONFIG``.

    ``TOLD`` in it is a file for what the signals tell.
    """
    given = dict(json.loads(os.environ["CHAOS_CONFIG"]) if config is None else config)
    app = Flask("chaos", instance_path=given.pop("INSTANCE"))
    app.config.update(
        MAIL_SERVER=HOST,
        MAIL_DEFAULT_SENDER="chaos@mysite.example",
        MAIL_LOCAL_HOSTNAME=f"worker-{os.getpid()}.chaos.example",
        MAIL_QUEUE="outbox",
        MAIL_OUTBOX_LEASE=2,
    )
    app.config.update(given)
    flask_mail.Mail(app)
    if told := given.get("TOLD"):
        for kind, sign in (("failed", flask_mail.email_failed), ("deferred", flask_mail.email_deferred)):
            sign.connect(functools.partial(_tell, pathlib.Path(told), kind), app, weak=False)
    return app


def store_of(app: Flask) -> Store:
    with app.app_context():
        queue = app.extensions["mail"].get_queue()
        queue.prepare()
    return t.cast(Store, queue.store)


def _tell(file: pathlib.Path, kind: str, app: Flask, **told: t.Any) -> None:
    line = {"kind": kind, "id": told["id"], "recipients": told["recipients"], "error": str(told["error"])}
    with file.open("a") as lines:
        lines.write(json.dumps(line) + "\n")


def run_worker(config: c.Mapping[str, t.Any], arguments: c.Sequence[str], output: str, point: str = "") -> None:
    """``flask mail worker``, in this process.

    :param output: the file for what it says.
    :param point: where to die; ``stop-settle`` is where to stand still, and an ``impatient`` one does not wait for
        long when it is told to end.
    """
    said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    app = create_app(config)
    if point == "impatient":
        importlib.import_module("flask_mail.cli.worker").AT_ONCE = 0.5  # type: ignore[attr-defined]
    elif point == "stop-settle":
        _stop_at_settling(store_of(app))
    elif point:
        _die_at(point, store_of(app))
    app.cli.main(["mail", "worker", *arguments], prog_name="flask", obj=ScriptInfo(create_app=lambda: app))


def run_caller(config: c.Mapping[str, t.Any], name: str, acknowledged: str) -> None:
    """Queue mail until killed, and write down the id of each once ``send_later`` has returned."""
    app = create_app(config)
    mail = app.extensions["mail"]
    file = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    number = 0
    with app.app_context():
        while True:
            number += 1
            message = flask_mail.Message(f"{name}.{number}", ["to@chaos.example"], body="x" * 5000)
            id = mail.send_later(message)
            os.write(file, f"{id} {message.msgId}\n".encode())


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stop_at_settling(store: Store) -> None:
    """Stand still when a server has replied, and nothing of that is written."""
    settle = store.settle

    def settling(*given: t.Any) -> Answer:
        os.kill(os.getpid(), signal.SIGSTOP)
        return settle(*given)

    store.settle = settling  # type: ignore[method-assign]


def _die_at(point: str, store: Store) -> None:
    when, _, what = point.partition("-")
    before, after = (_die, _nothing) if when == "before" else (_nothing, _die)
    if what == "claim":
        claim = store.claim

        def claimed(*given: t.Any, **named: t.Any) -> t.Any:
            if _something(store):
                before()
            found = claim(*given, **named)
            if found:
                after()
            return found

        store.claim = claimed  # type: ignore[method-assign]
    elif what == "connect":
        opened = SMTPTransport.open

        def opening(transport: SMTPTransport) -> t.Any:
            before()
            session = opened(transport)
            after()
            return session

        SMTPTransport.open = opening  # type: ignore[method-assign]
    else:
        hand_over = Ledger.hand_over

        def handing_over(ledger: Ledger, *given: t.Any) -> Answer:
            if ledger.at_once:
                before()
                answer = hand_over(ledger, *given)
                if what == "commit":
                    answer.wait()
                after()
                return answer
            opened = ledger._open
            ledger._open = lambda: _Connection(opened(), before, after)  # type: ignore[method-assign]
            return hand_over(ledger, *given)

        Ledger.hand_over = handing_over  # type: ignore[method-assign]


class _Connection:
    """A driver's connection that dies before or after it commits."""

    def __init__(self, connection: t.Any, before: c.Callable[[], None], after: c.Callable[[], None]) -> None:
        self._connection = connection
        self._before = before
        self._after = after

    def commit(self) -> None:
        self._before()
        self._connection.commit()
        self._after()

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._connection, name)


def _nothing() -> None:
    pass


def _something(store: Store) -> bool:
    with store.engine.connect() as connection:
        ready = sa.select(messages.c.id).where(messages.c.state.in_(("ready", "suspect")))
        return connection.execute(ready.limit(1)).first() is not None
