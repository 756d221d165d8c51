"""``email_dispatched`` and its receivers, in the shapes of Flask-Mail 0.9.1 and 0.10.0."""

from __future__ import annotations

import collections.abc as c
import typing as t

import blinker
import pytest
from flask import Flask

from flask_mail import email_dispatched
from flask_mail import Mail
from flask_mail import Message
from flask_mail import signals

from ..servers import Server

Seen = list[tuple[t.Any, t.Any]]


@pytest.fixture
def seen() -> Seen:
    """What receivers saw: the application and the message's subject."""
    return []


def new_shape(seen: Seen) -> dict[str, c.Callable[..., None]]:
    """Receivers for 0.10.0: the application comes first."""

    def plain(app: Flask, message: Message) -> None:
        seen.append((app, message.subject))

    def sender(sender: Flask, message: Message, **extra: t.Any) -> None:
        seen.append((sender, message.subject))

    def keywords(sender: Flask, **extra: t.Any) -> None:
        seen.append((sender, extra["message"].subject))

    def anything(*args: t.Any, **kwargs: t.Any) -> None:
        seen.append((args[0], kwargs["message"].subject))

    return {f.__name__: f for f in (plain, sender, keywords, anything)}


def old_shape(seen: Seen) -> dict[str, c.Callable[..., None]]:
    """Receivers for 0.9.1: the message comes first."""

    def plain(message: Message, app: Flask) -> None:
        seen.append((app, message.subject))

    def keywords(message: Message, **extra: t.Any) -> None:
        seen.append((extra["app"], message.subject))

    def other_name(sender: Message, app: Flask) -> None:
        seen.append((app, sender.subject))

    return {f.__name__: f for f in (plain, keywords, other_name)}


def send(app: Flask, subject: str = "hello") -> None:
    with app.app_context():
        app.extensions["mail"].send(Message(subject, recipients=["to@example.com"], body="hi"))


def test_the_names() -> None:
    assert isinstance(signals, blinker.Namespace)
    assert signals["email-dispatched"] is email_dispatched
    assert signals.signal("email-dispatched") is email_dispatched
    assert isinstance(email_dispatched, blinker.NamedSignal)
    assert email_dispatched.name == "email-dispatched"


@pytest.mark.parametrize("shape", ["plain", "sender", "keywords", "anything"])
@pytest.mark.parametrize("suppress", [True, False])
def test_the_shape_of_0_10(app: Flask, mail: Mail, smtp: Server, seen: Seen, shape: str, suppress: bool) -> None:
    app.extensions["mail"].suppress = suppress
    with email_dispatched.connected_to(new_shape(seen)[shape]):
        send(app)
    send(app, "not seen")
    assert seen == [(app, "hello")]
    assert len(smtp.deliveries) == (0 if suppress else 2)


@pytest.mark.parametrize("shape", ["plain", "keywords", "other_name"])
@pytest.mark.parametrize("suppress", [True, False])
def test_the_shape_of_0_9(app: Flask, mail: Mail, smtp: Server, seen: Seen, shape: str, suppress: bool) -> None:
    app.extensions["mail"].suppress = suppress
    with email_dispatched.connected_to(old_shape(seen)[shape]):
        send(app)
    send(app, "not seen")
    assert seen == [(app, "hello")]
    assert len(smtp.deliveries) == (0 if suppress else 2)


def test_methods_are_receivers_in_both_shapes(app: Flask, mail: Mail, smtp: Server, seen: Seen) -> None:
    class Journal:
        def new(self, app: Flask, message: Message) -> None:
            seen.append((app, message.subject))

        def old(self, message: Message, app: Flask) -> None:
            seen.append((app, message.subject))

    journal = Journal()
    with email_dispatched.connected_to(journal.new), email_dispatched.connected_to(journal.old):
        send(app)
    assert seen == [(app, "hello")] * 2


def test_connect_as_a_decorator_and_disconnect(app: Flask, mail: Mail, smtp: Server, seen: Seen) -> None:
    @email_dispatched.connect
    def receiver(app: Flask, message: Message) -> None:
        seen.append((app, message.subject))

    try:
        send(app)
        assert email_dispatched.has_receivers_for(app)
    finally:
        email_dispatched.disconnect(receiver)
    send(app)
    assert seen == [(app, "hello")]


@pytest.mark.parametrize("shape", [new_shape, old_shape])
def test_receivers_of_one_app(
    make_app: c.Callable[..., Flask], app: Flask, mail: Mail, smtp: Server, seen: Seen, shape: t.Any
) -> None:
    other = make_app(smtp)
    Mail(other)
    receiver = shape(seen)["plain"]
    email_dispatched.connect(receiver, sender=app)
    try:
        send(app, "mine")
        send(other, "another's")
    finally:
        email_dispatched.disconnect(receiver, sender=app)
    send(app, "too late")
    assert seen == [(app, "mine")]


def test_connect_via_as_a_decorator(app: Flask, mail: Mail, smtp: Server, seen: Seen) -> None:
    @email_dispatched.connect_via(app)
    def receiver(sender: Flask, message: Message, **extra: t.Any) -> None:
        seen.append((sender, message.subject))

    send(app)
    assert seen == [(app, "hello")]


def test_connected_to_with_a_sender(app: Flask, mail: Mail, smtp: Server, seen: Seen) -> None:
    with email_dispatched.connected_to(new_shape(seen)["plain"], sender=app):
        send(app)
    assert seen == [(app, "hello")]


def test_nobody_is_told_of_what_was_not_sent(app: Flask, mail: Mail, smtp: Server, seen: Seen) -> None:
    smtp.refused["to@example.com"] = "550 5.1.1 no such user"
    with email_dispatched.connected_to(new_shape(seen)["plain"]), pytest.raises(Exception, match="no such user"):
        send(app)
    assert seen == []


def test_a_failing_receiver_keeps_no_other_from_its_turn(app: Flask, mail: Mail, smtp: Server, seen: Seen) -> None:
    def failing(app: Flask, message: Message) -> None:
        raise LookupError

    with email_dispatched.connected_to(failing), email_dispatched.connected_to(new_shape(seen)["plain"]):
        send(app)
    assert seen == [(app, "hello")]
