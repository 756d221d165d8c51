"""What composing invents for a message and has to repeat at each call."""

from __future__ import annotations

import collections.abc as c
import os
import re
import typing as t

from .options import Options

_LENGTH = 56  # hexadecimal digits for one message
_ahead: list[str] = []
_SHAPES = {
    "boundary": re.compile("[0-9a-f]{24}"),
    "unique": re.compile("[0-9a-f]{32}"),
    "message_id": re.compile(r"None|<[0-9a-f]{32}@[0-9A-Za-z._:\[\]-]{1,255}>"),
    "date": re.compile(r"None|-?[0-9.e+]{1,30}"),
    "signed": re.compile("None|[0-9]{1,20}"),
    "spent": re.compile("True|False"),
}


def _random() -> str:
    """224 bits from the operating system as hexadecimal digits, drawn for some messages at a time."""
    try:
        return _ahead.pop()
    except IndexError:
        drawn = os.urandom(_LENGTH // 2 * 32).hex()
        _ahead.extend(drawn[start : start + _LENGTH] for start in range(_LENGTH, len(drawn), _LENGTH))
        return drawn[:_LENGTH]


if hasattr(os, "register_at_fork"):  # two processes must not draw the same
    os.register_at_fork(after_in_child=_ahead.clear)


class Stamp:
    """A message's unguessable marks: the boundaries of its parts, its Message-ID, its date.

    It is renewed when the same message is sent again on purpose, so that it is another message to every server.
    """

    __slots__ = ("_unclaimed", "boundary", "date", "message_id", "options", "signed", "spent", "unique")

    def __init__(self) -> None:
        random = _random()
        self.boundary: str = random[:24]
        """The core of each boundary; 96 random bits, never shown before the message is written."""
        self.unique: str = random[24:]
        """The left side of the Message-ID."""
        self.message_id: str | None = None
        self.date: float | None = None
        """The date made up for the message, in seconds since the epoch."""
        self.signed: int | None = None
        """The time in its DKIM signature, in seconds since the epoch."""
        self.spent: bool = False
        """Whether a submission was made under this stamp."""
        self.options: Options | None = None
        """The settings of that submission."""
        self._unclaimed: list[None] = [None]

    def claim(self) -> bool:
        """Take the stamp for one submission; of several threads that try, one gets it.

        :returns: whether it was free.
        """
        try:
            self._unclaimed.pop()  # a single step, without a lock that a fork might leave locked
        except IndexError:
            return False
        return not self.spent

    def release(self) -> None:
        """Give back what was claimed: nothing was submitted."""
        self._unclaimed.append(None)

    def copy(self) -> Stamp:
        """An independent stamp with the same marks."""
        other = Stamp.__new__(Stamp)
        other.__setstate__(self.__getstate__())
        other.options = self.options
        return other

    def __deepcopy__(self, memo: object) -> Stamp:
        return self.copy()

    def __getstate__(self) -> dict[str, t.Any]:
        """Settings stay behind: a DKIM key has no business in a pickle."""
        return {name: getattr(self, name) for name in _SHAPES}

    def __setstate__(self, state: c.Mapping[str, t.Any]) -> None:
        """:raises ValueError: *state* is not from :meth:`__getstate__`; it may have come from anywhere."""
        if not all(pattern.fullmatch(str(state[name])) for name, pattern in _SHAPES.items()):
            raise ValueError("this is not the stamp of a message")
        self.options, self._unclaimed = None, [None]
        for name in _SHAPES:
            setattr(self, name, state[name])
