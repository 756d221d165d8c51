"""What stands in for every transport and every queue while tests capture mail.

Captures are a stack of the whole process and not of a context, so what a worker thread or an event loop sends is
captured as well. While there is one, nothing is suppressed and nothing leaves: whoever opens a transport or puts
something into a queue asks :func:`capturing` first.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import threading
import typing as t

from ..message import Message
from ..queues.base import Delivery
from ..queues.base import Queue
from ..submission import Submission
from ..transports.base import Transport


class Capture(t.Protocol):
    """What takes all mail of the process; see :mod:`flask_mail.testing`. Any thread may call it."""

    def transport(self, state: t.Any, /) -> Transport:
        """What stands in for the transport of *state*, the settings in force."""
        ...

    def composed(self, message: Message, submission: Submission, /) -> None:
        """*submission* was made of *message*; it will be sent or queued, or neither."""
        ...

    def queue(self, state: t.Any, delivery: Delivery, /) -> Queue:
        """What stands in for the queue of *state*.

        :param delivery: what the queue would have got to send with.
        """
        ...


_captures: tuple[Capture, ...] = ()
_changing = threading.Lock()


def capturing() -> Capture | None:
    """The capture that was begun last, while there is one."""
    captures = _captures
    return captures[-1] if captures else None


@contextlib.contextmanager
def captured_by(capture: Capture) -> c.Generator[None]:
    """Let *capture* take all mail of the process inside the block."""
    global _captures
    with _changing:
        _captures = (*_captures, capture)
    try:
        yield
    finally:
        with _changing:
            _captures = tuple(each for each in _captures if each is not capture)
