"""The ways to send, for the extension and for its state alike."""

from __future__ import annotations

import asyncio
import collections.abc as c
import contextlib
import typing as t

from flask import Flask

from ..message import Message
from ..signals import email_dispatched
from ..submission import Receipt
from .bulk import individually
from .bulk import Progress
from .bulk import Result
from .bulk import send_many
from .connection import Connection
from .connection import InForce


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
        connection = self._kept_connection()
        connection.prepare(message)
        with connection as entered:
            return message.send(entered)

    def send_message(self, *args: t.Any, **kwargs: t.Any) -> Receipt:
        """Make a :class:`Message` of the arguments and send it."""
        return self.send(Message(*args, **kwargs))

    async def asend(self, message: Message) -> Receipt:
        """Send one message from a coroutine. It is composed here, and sent in a thread, so the loop goes on.

        :returns: see :meth:`send`.
        """
        connection = self._kept_connection()
        submission = connection.prepare(message)

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
        :returns: an outcome for each message: a receipt or an error.
        """
        return send_many(
            self.in_force(), messages, connections=connections, window=window, progress=progress, ordered=ordered
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
        """Record what is sent inside the block, suppressed or not; each entry is a copy as of its sending.

        For example::

            with mail.record_messages() as outbox:
                client.post("/sign-up", data={"email": "joe@example.com"})
            assert outbox[0].subject == "Welcome"
        """
        outbox: list[Message] = []

        def record(app: Flask, message: Message) -> None:
            outbox.append(message.snapshot())

        with email_dispatched.connected_to(record):
            yield outbox

    def _kept_connection(self) -> Connection:
        connection = self.connect()
        connection.kept = True
        return connection
