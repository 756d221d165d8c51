"""The app of a test, with a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_mail.testing import Outbox

from app import create_app
from app.extensions import db

from .visitors import confirm
from .visitors import sign_up

GRACE = "grace@example.com"


@pytest.fixture(autouse=True)
def no_mail_leaves(outbox: Outbox) -> None:
    """Whatever a test does, and whether or not it looks at the mails."""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """Without the worker: a test says itself when what is queued leaves, by ``outbox.deliver_queued()``."""
    app = create_app({"TESTING": True, "FLASKY_ADMIN": GRACE, "MAIL_OUTBOX_WORKER": None}, str(tmp_path))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def ada(app: Flask) -> FlaskClient:
    """A browser in which Ada has signed up, without opening the link yet."""
    return sign_up(app, "Ada", "ada@example.com")


@pytest.fixture
def grace(app: Flask, outbox: Outbox) -> FlaskClient:
    """A browser in which Grace, who looks after the app, is signed in."""
    client = sign_up(app, "Grace", GRACE)
    confirm(client, outbox, GRACE)
    return client
