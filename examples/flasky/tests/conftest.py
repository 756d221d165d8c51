"""The app of a test, with a database of its own."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_mail.testing import Outbox

from app import create_app

from .visitors import confirm
from .visitors import sign_up

GRACE = "grace@example.com"


@pytest.fixture(autouse=True)
def no_mail_leaves(outbox: Outbox) -> None:
    """Whatever a test does, and whether or not it looks at the mails."""


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app({"TESTING": True, "DATABASE": str(tmp_path / "flasky.sqlite"), "FLASKY_ADMIN": GRACE})


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
