"""The callables of Flask-Mail take the same arguments, in the same order, with the same defaults."""

from __future__ import annotations

import inspect
import typing as t

import pytest

import flask_mail

EMPTY = inspect.Parameter.empty
NONE: dict[str, t.Any] = {}

MESSAGE = {
    "subject": "",
    **dict.fromkeys(["recipients", "body", "html", "alts", "sender", "cc", "bcc", "attachments", "reply_to", "date"]),
    **dict.fromkeys(["charset", "extra_headers", "mail_options", "rcpt_options"]),
}
ATTACHMENT = dict.fromkeys(["filename", "content_type", "data", "disposition", "headers"])
REST = {"args": EMPTY, "kwargs": EMPTY}

SIGNATURES: dict[str, dict[str, t.Any]] = {
    "Mail": {"app": None},
    "Mail.init_app": {"app": EMPTY},
    "Mail.init_mail": {"config": EMPTY, "debug": False, "testing": False},
    "Mail.send": {"message": EMPTY},
    "Mail.send_message": REST,
    "Mail.connect": NONE,
    "Mail.record_messages": NONE,
    "Message": MESSAGE,
    "Message.add_recipient": {"recipient": EMPTY},
    "Message.attach": ATTACHMENT,
    "Message.send": {"connection": EMPTY},
    "Message.as_string": NONE,
    "Message.as_bytes": NONE,
    "Message.has_bad_headers": NONE,
    "Message.is_bad_headers": NONE,
    "Attachment": ATTACHMENT,
    "Connection": {"mail": EMPTY},
    "Connection.configure_host": NONE,
    "Connection.send": {"message": EMPTY, "envelope_from": None},
    "Connection.send_message": REST,
    "force_text": {"s": EMPTY, "encoding": "utf-8", "errors": "strict"},
    "sanitize_subject": {"subject": EMPTY, "encoding": "utf-8"},
    "sanitize_address": {"addr": EMPTY, "encoding": "utf-8"},
    "sanitize_addresses": {"addresses": EMPTY, "encoding": "utf-8"},
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_arguments_are_those_of_flask_mail(name: str) -> None:
    thing: t.Any = flask_mail
    for part in name.split("."):
        thing = getattr(thing, part)
    parameters = inspect.signature(thing).parameters.copy()
    parameters.pop("self", None)
    wanted = SIGNATURES[name]
    assert {p: parameters[p].default for p in list(parameters)[: len(wanted)]} == wanted
    added = [p for p in list(parameters.values())[len(wanted) :] if p.default is EMPTY]
    assert [p.name for p in added if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)] == []


def test_an_error_without_a_word_can_be_raised() -> None:
    assert issubclass(flask_mail.BadHeaderError, Exception)
    with pytest.raises(flask_mail.BadHeaderError):
        raise flask_mail.BadHeaderError
