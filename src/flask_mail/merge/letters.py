"""From a row to a message."""

from __future__ import annotations

import collections.abc as c
import typing as t

from flask import Flask

from ..errors import MergeError
from ..errors import NotInitializedError
from ..errors import TemplateError
from ..extension.state import State
from ..message import Message
from .rows import Row

Prepare = c.Callable[[Message, c.Mapping[str, t.Any]], object]


class Letters:
    """Makes a message for each row.

    :param template: see :meth:`.Message.from_template`.
    :param address_column: the column with the address.
    :param subject: a template for the subject.
    :param unsubscribe: a template for the address in List-Unsubscribe.
    :param prepare: called with each message and the values of its row.
    :raises TemplateError: *subject* or *unsubscribe* is no template.
    """

    def __init__(
        self,
        state: State,
        template: str,
        address_column: str,
        *,
        subject: str | None = None,
        unsubscribe: str | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        self._state = state
        self._app = state.find_app()  # the state alone would not keep it
        self._template = template
        self._address_column = address_column
        self._subject = _compiled(state, subject, "subject")
        self._unsubscribe = _compiled(state, unsubscribe, "unsubscribe")
        self._prepare = prepare

    def address(self, row: Row) -> str:
        """The address in *row*.

        :raises MergeError: it has none.
        """
        if row.fault:
            raise MergeError(row.fault)
        value = row.values.get(self._address_column)
        if isinstance(value, str) and (value := value.strip()):
            return value
        if value is None or value == "":
            raise MergeError(f"there is no address in its column {self._address_column!r}")
        raise MergeError(f"{value!a:.60} in its column {self._address_column!r} is no address")

    def message(self, row: Row, address: str) -> Message:
        """The message for *row*.

        :raises Exception: whatever the template, or what it calls, raises.
        """
        values = row.values
        name = values.get("name")
        given: dict[str, t.Any] = {
            "recipients": [(str(name), address) if name else address],
            "locale": values.get("locale") or None,
            "context": values,
        }
        if self._subject is not None:
            given["subject"] = self._subject(values)
        message = self._state.make_message(Message, self._template, given)
        if self._unsubscribe is not None:
            target = self._unsubscribe(values).strip()
            if target.lower().startswith("mailto:"):
                message.list_unsubscribe(mailto=target)
            else:
                message.list_unsubscribe(target)
        if self._prepare is not None:
            self._prepare(message, values)
        return message

    def is_lost(self, error: Exception) -> bool:
        """Whether *error* is of every row, because there is no such template."""
        return isinstance(error, TemplateError) and error.template == self._template and error.line is None


def _compiled(state: State, source: str | None, what: str) -> c.Callable[[c.Mapping[str, t.Any]], str] | None:
    """What renders *source* as text, with nothing escaped."""
    if source is None:
        return None
    app: Flask | None = state.find_app()
    if app is None:
        raise NotInitializedError("Templates belong to an application: call mail.init_app(app), or make Mail(app).")
    try:
        return app.jinja_env.overlay(autoescape=False).from_string(source).render
    except Exception as error:
        raise TemplateError(f"{what} is {source!r}, which is no template: {error}") from None
