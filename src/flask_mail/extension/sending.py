"""The ways to send, for the extension and for its state alike."""

from __future__ import annotations

import asyncio
import collections.abc as c
import contextlib
import datetime
import typing as t

from flask import Flask

from ..message import Finding
from ..message import Message
from ..message import Recipients
from ..signals import email_dispatched
from ..signals import email_queued
from ..submission import Receipt
from ..templates.lint import lint
from .bulk import individually
from .bulk import Progress
from .bulk import queued
from .bulk import Result
from .bulk import send_many
from .connection import Connection
from .connection import InForce
from .later import queue_many
from .later import Queueing
from .later import send_later
from .later import terms
from .overridden import composed
from .templated import M
from .templated import Templated
from .templated import templated


class Sending:
    """Everything that sends, over :meth:`in_force`."""

    def in_force(self) -> InForce:
        """The settings to send by.

        :raises NotInitializedError: :meth:`Mail.init_app` was not called.
        """
        raise NotImplementedError

    def connect(self) -> Connection:
        """A connection, to be used in a ``with`` block.

        :raises NotInitializedError: :meth:`Mail.init_app` was not called.
        """
        return Connection(self.in_force())

    def send(self, message: Message) -> Receipt:
        """Send one message. While sending is suppressed it is composed and signalled, but not sent.

        Nothing is opened before the message is composed, and a connection that is open already is used again; see
        ``MAIL_POOL_SIZE``.

        :returns: see :meth:`Connection.send`, also for what is raised.
        """
        connection = self._connection_for(message)
        if _overridden(message, connection):
            with connection as entered:
                return message.send(entered)
        submission = composed(message, connection.rules)
        with connection:
            return connection.send_composed(message, submission)

    def send_message(self, *args: t.Any, **kwargs: t.Any) -> Receipt:
        """Make a :class:`Message` of the arguments and send it."""
        return self.send(Message(*args, **kwargs))

    @t.overload
    def send_template(
        self,
        template: str,
        /,
        recipients: Recipients,
        *,
        subject: t.Any = None,
        locale: t.Any = None,
        later: t.Literal[False] = False,
        **context: t.Any,
    ) -> Receipt: ...
    @t.overload
    def send_template(
        self,
        template: str,
        /,
        recipients: Recipients,
        *,
        subject: t.Any = None,
        locale: t.Any = None,
        later: t.Literal[True],
        **context: t.Any,
    ) -> str: ...
    def send_template(
        self,
        template: str,
        /,
        recipients: Recipients,
        *,
        subject: t.Any = None,
        locale: t.Any = None,
        later: bool = False,
        **context: t.Any,
    ) -> Receipt | str:
        """Make a message of templates, and send it::

            mail.send_template("mail/welcome", user.email, locale=user.locale, user=user)

        :param template: see :meth:`.Message.from_template`, also for the other parameters and what is raised.
        :param later: hand it to :meth:`send_later` instead of waiting for the server.
        :param context: the templates' variables, and other attributes of the message such as *sender* or *cc*.
        :returns: what :meth:`send`, or :meth:`send_later`, returns.
        """
        given = {**context, "recipients": recipients, "locale": locale}
        if subject is not None:
            given["subject"] = subject
        message = self.make_message(Message, template, given)
        if later:
            return self.send_later(message)
        return self.send(message)

    def make_message(self, kind: type[M], template: str, given: dict[str, t.Any], /) -> M:
        """What :meth:`.Message.from_template` asks for: a message of class *kind*, made of templates."""
        return templated(t.cast(Templated, self.in_force()), kind, template, given)

    def lint(self, message: Message, *, bulk: bool = False) -> list[Finding]:
        """What readers of *message*, or their mail programs, will stumble over; see :meth:`.Message.lint`."""
        return lint(message, self.in_force(), bulk=bulk)

    def send_later(
        self,
        message: Message,
        *,
        delay: float | datetime.timedelta | None = None,
        at: float | datetime.datetime | None = None,
        expires: float | datetime.timedelta | datetime.datetime | None = None,
        priority: int = 0,
        key: str | None = None,
        session: t.Any = None,
    ) -> str:
        """Compose a message now, have ``MAIL_QUEUE`` send it, and return at once::

            mail.send_later(Message("Welcome", recipients=[user.email], body="..."), key=f"welcome-{user.id}")

        While sending is suppressed it is composed and signalled (``email_queued``), but not queued.

        :param delay: seconds, or a timedelta, before which it is not sent.
        :param at: when to send it at the earliest: a datetime, or seconds since the epoch.
        :param expires: when to give it up: a datetime, or seconds or a timedelta from now; ``MAIL_RETRY_FOR`` by
            default.
        :param priority: higher goes first.
        :param key: makes the call idempotent: a second one with the same key queues nothing.
        :param session: an SQLAlchemy session or connection whose transaction the message joins, with the outbox; that
            of Flask-SQLAlchemy by itself.
        :returns: its id; with a key that was used before, the id of that message.
        :raises QueueError: it could not be queued, and nothing of it was kept.
        :raises MessageError: it cannot be composed.
        """
        given = terms(delay=delay, at=at, expires=expires, priority=priority, key=key, session=session)
        return send_later(t.cast(Queueing, self.in_force()), message, given)

    async def asend(self, message: Message) -> Receipt:
        """Send one message from a coroutine. It is composed here, and sent in a thread, so the loop goes on.

        :returns: see :meth:`send`.
        """
        connection = self._connection_for(message)
        submission = composed(message, connection.rules)

        def deliver() -> Receipt:
            with connection:
                return connection.send_composed(message, submission)

        return await asyncio.to_thread(deliver)

    def send_many(
        self,
        messages: c.Iterable[Message],
        *,
        connections: int = 4,
        window: int = 16,
        progress: c.Callable[[Progress], object] | None = None,
        ordered: bool = False,
        rate: str | None = None,
        sending: c.Callable[[int, str], object] | None = None,
        later: bool = False,
        session: t.Any = None,
    ) -> c.Iterator[Result]:
        """Send any number of messages, pulled from an iterable as there is room for them.

        Sending happens while the results are iterated over::

            for result in mail.send_many(newsletter(user) for user in users):
                if result.error:
                    log.warning("%s: %s", result.message.recipients, result.error)

        :param connections: how many connections to use at most, all driven by this thread.
        :param window: how many messages of one connection may be on the way at once, where the server takes so many
            (CHUNKING, RFC 3030).
        :param progress: called after each message.
        :param ordered: give the results in the order of the messages instead of their completion.
        :param rate: how fast, such as ``"14/s"``; ``MAIL_RATE_LIMIT`` by default.
        :param sending: called with a message's index and Message-ID before the last of it goes out: who writes that
            down knows, after a crash, which messages the server may have though no result came. It may be called
            again for a message that is sent over another connection.
        :param later: queue them instead, as :meth:`send_later` does, hundreds in each transaction; the first six
            parameters above do not count then. What is returned is queued, and has an ``id``.
        :param session: see :meth:`send_later`.
        :returns: an outcome for each message: a receipt, an id or an error.
        """
        if later:
            given = terms(delay=None, at=None, expires=None, priority=0, session=session)
            return queued(queue_many(t.cast(Queueing, self.in_force()), messages, given))
        return send_many(
            self.in_force(),
            messages,
            connections=connections,
            window=window,
            progress=progress,
            ordered=ordered,
            rate=rate,
            sending=sending,
        )

    def send_individually(
        self, message: Message, recipients: c.Iterable[t.Any], *, connections: int = 4, window: int = 16
    ) -> list[Result]:
        """Send *message* to each of *recipients* alone, so that none sees the others.

        :param message: its own recipients are not used.
        :returns: an outcome for each recipient, in their order.
        """
        return list(
            self.send_many(individually(message, recipients), connections=connections, window=window, ordered=True)
        )

    @contextlib.contextmanager
    def record_messages(self) -> c.Generator[list[Message]]:
        """Record what is sent or queued inside the block, suppressed or not; each entry is a copy as of that time.

        For example::

            with mail.record_messages() as outbox:
                client.post("/sign-up", data={"email": "joe@example.com"})
            assert outbox[0].subject == "Welcome"
        """
        outbox: list[Message] = []

        def record(app: Flask, message: Message, **_: t.Any) -> None:
            outbox.append(message.snapshot())

        with email_dispatched.connected_to(record), email_queued.connected_to(record):
            yield outbox

    def _connection_for(self, message: Message) -> Connection:
        if not hasattr(message, "send"):
            raise TypeError(f"send() takes a Message, not {message!r}; send_message() makes one of its arguments")
        connection = self.connect()
        connection.kept = True
        return connection


def _overridden(message: Message, connection: Connection) -> bool:
    """Whether a program has a ``send`` of its own in the way, which may change the message before it is composed."""
    own = "send" in getattr(message, "__dict__", ()) or "send" in getattr(connection, "__dict__", ())
    return (
        own
        or getattr(type(message), "send", None) is not _MESSAGE_SEND
        or getattr(type(connection), "send", None) is not _CONNECTION_SEND
    )


_MESSAGE_SEND, _CONNECTION_SEND = Message.send, Connection.send
