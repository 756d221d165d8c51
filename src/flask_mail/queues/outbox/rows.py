"""A submission as a row of the outbox, and what becomes of each recipient."""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses as d
import json
import os
import time
import typing as t

from ...submission import Reply
from ...submission import Submission
from .. import record
from ..base import Lease
from ..verdict import Verdict

OPEN: t.Final = "open"
"""The state of a recipient who is still to be offered the message; the others are ``accepted`` and ``failed``."""

Recipient = list[t.Any]
"""An address, its state and, where a server said something, the reply's code and text."""


@d.dataclass(slots=True, eq=False)
class Claimed:
    """A row that a worker has claimed.

    :param attempts: how many there were, with the one that was claimed for.
    :param earlier: what came of the transactions of this attempt until now, where it takes several.
    """

    id: str
    lease: Lease
    submission: Submission
    recipients: list[Recipient]
    attempts: int
    deaths: int
    expires: float
    earlier: Verdict | None = None

    @property
    def open(self) -> tuple[str, ...]:
        """Who is still to be offered the message."""
        return tuple(each[0] for each in self.recipients if each[1] == OPEN)

    def mark(self, state: str, replies: c.Mapping[str, Reply | None]) -> None:
        """Note what became of some recipients."""
        for each in self.recipients:
            if each[0] in replies:
                reply = replies[each[0]]
                each[1:] = [state] if reply is None else [state, reply.code, reply.text]


def as_json(recipients: list[Recipient]) -> str:
    """What is kept of *recipients*; the usual one, who has a message alone, in a shorter way."""
    if len(recipients) == 1:
        address, state, *reply = recipients[0]
        said = f", {reply[0]}, {_quoted(reply[1])}" if reply else ""
        return f'[[{_quoted(address)}, "{state}"{said}]]'
    return json.dumps(recipients)


_quoted = json.encoder.encode_basestring_ascii


def new_id() -> str:
    """An id that sorts by time, also within a millisecond, and that nobody can guess (RFC 9562 §5.7, §6.2)."""
    global _last
    try:
        random = _ahead.pop()
    except IndexError:
        drawn = os.urandom(10 * 64)
        _ahead.extend(drawn[start : start + 10] for start in range(10, len(drawn), 10))
        random = drawn[:10]
    bits = int.from_bytes(random, "big")
    value = time.time_ns() // 1_000_000 << 80 | 0x7 << 76 | (bits >> 68) << 64 | 0b10 << 62 | bits & (1 << 62) - 1
    if value >> 80 == _last >> 80:
        value = _last + 1 + (bits & 0xFFFF_FFFF)
    _last = value
    return f"{value:032x}"


_last = 0
_ahead: list[bytes] = []

if hasattr(os, "register_at_fork"):  # two processes must not draw the same
    os.register_at_fork(after_in_child=_ahead.clear)


def row(
    submission: Submission, *, now: float, not_before: float | None, expires: float, priority: int, key: str | None
) -> dict[str, t.Any]:
    """What is inserted for *submission*."""
    whole = submission.content.whole()
    content = bytes(submission.content) if whole is None else whole
    later = not_before is not None and not_before > now
    return {
        "id": new_id(),
        "state": "waiting" if later else "ready",
        "rank": -priority,
        "due": not_before if later else now,
        "created": now,
        "expires": expires,
        "attempts": 0,
        "deaths": 0,
        "owner": None,
        "key": key,
        "message_id": submission.message_id,
        "sender": submission.envelope.sender,
        "recipients": [[address, OPEN] for address in submission.envelope.recipients],
        "options": record.options(submission.envelope),
        "details": record.details(submission),
        "error": None,
        "size": len(content),
        "content": content,
    }


Found = tuple[int, str, str, str, int, int, float, str, str, str, bytes]
"""Rank, id, Message-ID, sender, attempts, deaths and end; recipients, options and details as JSON; and content."""


class Claims:
    """Rows that a worker has claimed together, each made a :class:`Claimed` only when it is wanted.

    :param found: the rows as they came, in the order in which they are to be sent.
    """

    def __init__(self, lease: Lease, found: list[Found]) -> None:
        self.lease = lease
        self._found = collections.deque(found)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> c.Iterator[Claimed]:
        return (_claimed(found, self.lease) for found in self._found)

    def take(self) -> Claimed:
        """The next one, which is not among them any more."""
        return _claimed(self._found.popleft(), self.lease)

    def take_expired(self, now: float) -> list[Claimed]:
        """Those that nobody wants any more at *now*, which are not among them any more."""
        if all(found[6] > now for found in self._found):
            return []
        late = [_claimed(found, self.lease) for found in self._found if found[6] <= now]
        self._found = collections.deque(found for found in self._found if found[6] > now)
        return late


def _claimed(found: Found, lease: Lease) -> Claimed:
    """A row as a worker has it: its submission is for those who are still to be offered the message."""
    _, id, message_id, sender, attempts, deaths, expires, people, options, details, content = found
    recipients: list[Recipient] = json.loads(people)
    submission = record.submission(
        sender=sender,
        recipients=[each[0] for each in recipients if each[1] == OPEN] or [recipients[0][0]],
        options=_read(options),
        message_id=message_id,
        details=_read(details),
        content=bytes(content),
    )
    return Claimed(id, lease, submission, recipients, attempts, deaths, expires)


def _read(text: str) -> dict[str, t.Any]:
    return {} if text == "{}" else json.loads(text)
