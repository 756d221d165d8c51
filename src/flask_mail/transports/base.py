"""What a transport is: something that opens sessions, and a session that sends.

``Transport`` has one required method. A transport without a conversation to keep is its own session and overrides
:meth:`Transport.send`; one that keeps a connection overrides :meth:`Transport.open`.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ..submission import Receipt
from ..submission import Submission


@t.runtime_checkable
class Session(t.Protocol):
    """An open conversation with a server, used by one thread at a time."""

    def send(self, submission: Submission, /) -> Receipt:
        """Hand *submission* over.

        :returns: who was accepted and who was refused.
        :raises DeliveryError: nobody was accepted.
        """
        ...

    def close(self) -> None:
        """End the conversation. Never raises."""
        ...


class Transport:
    """Base class of all transports; the subclass overrides :meth:`open` or :meth:`send`."""

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], /) -> t.Self:
        """Make a transport from an application's settings.

        :param config: the application's configuration, with every ``MAIL_*`` setting parsed and present.
        :raises ConfigError: a setting this transport needs is missing or wrong.
        """
        return cls()

    def open(self) -> Session:
        """Begin a conversation; a transport without one is its own session.

        :raises DeliveryError: the server cannot be reached or refuses.
        """
        return self

    def send(self, submission: Submission, /) -> Receipt:
        """See :meth:`Session.send`."""
        raise NotImplementedError(f"{type(self).__name__} overrides neither open() nor send()")

    def close(self) -> None:
        """See :meth:`Session.close`."""


def accepted(submission: Submission) -> Receipt:
    """The receipt of a transport that takes every recipient."""
    return Receipt(submission.message_id, accepted=submission.envelope.recipients)
