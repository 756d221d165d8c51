"""What tests against faulty servers have in common: an application, messages, and the kinds of servers there are."""

from __future__ import annotations

import collections.abc as c
import typing as t

import pytest
from flask import Flask

from flask_mail import Mail
from flask_mail import Message

OFFERS = {"nothing": (), "PIPELINING": ("PIPELINING",), "CHUNKING": ("PIPELINING", "CHUNKING")}
EACH_OFFER = pytest.mark.parametrize("offers", OFFERS.values(), ids=OFFERS)
PIPELINING = OFFERS["PIPELINING"]
LARGE = ("x" * 70 + "\n") * 100_000
"""More than fits between client and server."""


class Configured(t.Protocol):
    """A server that knows which settings lead to it."""

    @property
    def config(self) -> dict[str, t.Any]: ...


def mailer(server: Configured, **config: t.Any) -> Mail:
    """A ``Mail`` whose mail goes to *server*; the settings given win."""
    app = Flask("app_of_a_test")
    app.config.update(server.config, MAIL_DEFAULT_SENDER="from@example.com", MAIL_TIMEOUT=10)
    app.config.update(config)
    return Mail(app)


def letters(count: int, body: str = "Hello") -> c.Iterator[Message]:
    for number in range(count):
        yield Message(f"No. {number}", [f"user{number}@example.com"], body)


def send(mail: Mail, recipient: str = "to@example.com") -> None:
    assert mail.send(Message("Hello", [recipient], "x")).complete
