"""An application in debug mode that says nowhere to send mail to."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t

import pytest
from flask import Flask

import flask_mail
from flask_mail.mailbox.store import Store
from flask_mail.mailbox.store import store_of


@pytest.fixture
def make(tmp_path: pathlib.Path) -> c.Callable[..., Flask]:
    """Make one; *debug* and *testing* are set before the settings are read."""

    def make_app(*, debug: bool = True, testing: bool = False, **config: t.Any) -> Flask:
        app = Flask("app_of_a_test", instance_path=str(tmp_path / "instance"), root_path=str(tmp_path))
        app.debug, app.testing = debug, testing
        app.config.update(MAIL_DEFAULT_SENDER="support@mysite.example", **config)
        flask_mail.Mail(app)
        return app

    return make_app


@pytest.fixture
def app(make: c.Callable[..., Flask]) -> Flask:
    return make()


@pytest.fixture
def store(app: Flask) -> Store:
    return store_of(app)


def send(app: Flask, subject: str = "Hello", **more: t.Any) -> flask_mail.Receipt:
    """Send one message as *app*."""
    more.setdefault("recipients", ["joe@example.com"])
    with app.app_context():
        receipt = app.extensions["mail"].send(flask_mail.Message(subject, **{"body": "It works.", **more}))
    assert isinstance(receipt, flask_mail.Receipt)
    return receipt
