"""``email_dispatched`` in both of Flask-Mail's shapes, and receivers that fail."""

from __future__ import annotations

import logging
import typing as t

import pytest

from flask_mail import email_dispatched
from flask_mail import signals
from flask_mail.signals import MailSignal

APP, MESSAGE = object(), object()


def test_the_namespace_holds_it() -> None:
    assert signals.signal("email-dispatched") is email_dispatched
    assert email_dispatched.name == "email-dispatched"


def called(receiver: t.Callable[..., t.Any]) -> t.Any:
    signal = MailSignal("test")
    signal.connect(receiver)
    results = signal.send(APP, message=MESSAGE)
    assert len(results) == 1, "the receiver failed"
    return results[0][1]


@pytest.mark.parametrize(
    "receiver",
    [
        lambda app, message: (app, message),
        lambda sender, message: (sender, message),
        lambda app, message, **extra: (app, message),
        lambda sender, **extra: (sender, extra["message"]),
        lambda *args, **extra: (*args, extra["message"]),
    ],
)
def test_23_receivers_as_in_0_10(receiver: t.Callable[..., t.Any]) -> None:
    assert called(receiver) == (APP, MESSAGE)


@pytest.mark.parametrize(
    "receiver",
    [
        lambda message, app: (app, message),
        lambda msg, app: (app, msg),
        lambda sender, app: (app, sender),
        lambda message, app, **extra: (app, message),
        lambda message, **extra: (extra["app"], message),
    ],
)
def test_23_receivers_as_in_0_9(receiver: t.Callable[..., t.Any]) -> None:
    assert called(receiver) == (APP, MESSAGE)


def test_23_methods_of_both_shapes() -> None:
    class Receiver:
        def new(self, app: object, message: object) -> tuple[object, object]:
            return app, message

        def old(self, message: object, app: object) -> tuple[object, object]:
            return app, message

    receiver = Receiver()
    assert called(receiver.new) == called(receiver.old) == (APP, MESSAGE)


def test_23_a_failing_receiver_is_logged_and_the_others_are_called(caplog: pytest.LogCaptureFixture) -> None:
    signal = MailSignal("test")
    seen = []

    def fails(app: object, message: object) -> None:
        raise ZeroDivisionError("by a receiver")

    def works(app: object, message: object) -> None:
        seen.append(message)

    signal.connect(fails)
    signal.connect(works)
    with caplog.at_level(logging.ERROR, "flask_mail"):
        signal.send(APP, message=MESSAGE)
    assert seen == [MESSAGE]
    assert "A receiver of the signal 'test' failed" in caplog.text
    assert "by a receiver" in caplog.text


def test_sender_connected_to_and_disconnect() -> None:
    signal = MailSignal("test")
    seen: list[object] = []

    def receiver(app: object, message: object) -> None:
        seen.append(app)

    other = object()
    with signal.connected_to(receiver, sender=APP):
        signal.send(APP, message=MESSAGE)
        signal.send(other, message=MESSAGE)
    signal.send(APP, message=MESSAGE)
    assert seen == [APP]
    signal.connect(receiver)
    signal.send(other, message=MESSAGE)
    signal.disconnect(receiver)
    signal.send(other, message=MESSAGE)
    assert seen == [APP, other]


def test_muted() -> None:
    signal = MailSignal("test")
    seen: list[object] = []
    signal.connect(seen.append, weak=False)
    with signal.muted():
        assert signal.send(APP) == []
    assert seen == []
