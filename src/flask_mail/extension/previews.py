"""Previews: functions that make a mail to look at, by name, for the browser, the terminal and tests."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import re
import typing as t

from flask import current_app

from ..message import Message
from ..submission import Submission
from ..templates.locales import forced
from .overridden import composed

Function = t.TypeVar("Function", bound=c.Callable[[], Message])

_NAME: t.Final = re.compile(r"\w[\w.-]*")
NOBODY: t.Final = "you@example.com"
"""Who a preview is to that names nobody."""


@d.dataclass(frozen=True, slots=True)
class Preview:
    """One preview; call it for its message.

    :param name: what it is called.
    :param function: what makes the message.
    """

    name: str
    function: c.Callable[[], Message]

    @property
    def description(self) -> str:
        """The first line of the function's docstring."""
        return next(iter((self.function.__doc__ or "").strip().splitlines()), "")

    def __call__(self, locale: str | None = None) -> Message:
        """The message.

        :param locale: the language, where the application has Flask-Babel; the application's own by default.
        :raises TypeError: the function returned something else.
        """
        with forced(current_app, locale):
            return self._made().snapshot()

    def submission(self, settings: object, locale: str | None = None) -> Submission:
        """What would be sent. A message without recipients is to :data:`NOBODY`.

        :param settings: the settings in force.
        """
        with forced(current_app, locale):
            message = self._made()
            if not message.send_to:
                message.recipients = [NOBODY]
            return composed(message, settings)

    def _made(self) -> Message:
        message = self.function()
        if not isinstance(t.cast(object, message), Message):
            where = f"{self.function.__module__}.{self.function.__qualname__}"
            raise TypeError(f"The preview {self.name!r} has to return a Message, but {where}() returned {message!r}.")
        return message


class Previews(dict[str, Preview]):
    """The previews of a ``Mail``, by name."""

    def adder(self, name: str) -> c.Callable[[Function], Function]:
        """See :meth:`.mail.Mail.preview`."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(
                f'preview({name!r}): the name has to be of letters, digits, ".", "-" and "_", such as "welcome".'
            )

        def add(function: Function) -> Function:
            known = self.get(name)
            if known is not None and _place(known.function) != _place(function):
                raise ValueError(
                    f"preview({name!r}): {_place(known.function)} has this name already; give "
                    f"{_place(function)} another."
                )
            self[name] = Preview(name, function)
            return function

        return add


def _place(function: t.Any) -> str:
    return f"{function.__module__}.{function.__qualname__}()"


def locales() -> list[str]:
    """The languages the current application has translations for; none where it has no Flask-Babel."""
    babel = getattr(current_app.extensions.get("babel"), "instance", None)
    return [] if babel is None else sorted({str(each) for each in babel.list_translations()})
