"""Flask-AppBuilder as it stands on the package index sends the mail of its self-registration through ours.

It makes a new ``Mail(current_app)`` in the middle of each request, which is the proxy and not the application.
"""

from __future__ import annotations

import collections.abc as c
import inspect
import pathlib
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

import flask_mail

from ..conftest import SENDER
from ..servers import Server

MakeApp = c.Callable[..., Flask]
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*recommended for production use:UserWarning"),  # its rate limits
]


@pytest.fixture
def client(make_app: MakeApp, smtp_tls: Server) -> c.Iterator[FlaskClient]:
    """An application as its documentation of self-registration has it, with a mail server that speaks TLS at once."""
    from flask_appbuilder import AppBuilder
    from flask_sqlalchemy import SQLAlchemy

    app = make_app(
        smtp_tls,
        SECRET_KEY="a",
        SQLALCHEMY_DATABASE_URI="sqlite://",
        AUTH_TYPE=1,  # accounts in its own database
        AUTH_USER_REGISTRATION=True,
        AUTH_USER_REGISTRATION_ROLE="Public",
        RECAPTCHA_PUBLIC_KEY="c",
        RECAPTCHA_PRIVATE_KEY="d",
        TESTING=True,  # nobody is asked to prove to be human,
        MAIL_SUPPRESS_SEND=False,  # but the mail goes out
        WTF_CSRF_ENABLED=False,
    )
    db = SQLAlchemy(app)
    with app.app_context():
        AppBuilder(app, db.session)
        yield app.test_client()
        db.session.remove()
        db.engine.dispose()


def test_it_is_flask_appbuilder_that_sends_and_our_package_that_it_imports(client: FlaskClient) -> None:
    from flask_appbuilder.security.registerviews import BaseRegisterUser

    assert "from flask_mail import Mail, Message" in inspect.getsource(BaseRegisterUser.send_email)
    ours = pathlib.Path(__file__).parents[2] / "src" / "flask_mail" / "__init__.py"
    assert pathlib.Path(flask_mail.__file__).samefile(ours)


def test_registering_sends_a_mail_whose_link_activates_the_account(client: FlaskClient, smtp_tls: Server) -> None:
    for name in ("joe", "jane"):
        form = {"username": name, "first_name": "Élodie", "last_name": "Doe", "email": f"{name}@example.com"}
        passwords = {"password": "secret", "conf_password": "secret"}
        answer = client.post("/register/form", data={**form, **passwords}, follow_redirects=True)
        assert "Registration sent to your email" in answer.text

    first, second = smtp_tls.wait(2)
    assert first.tls
    assert first.sender == SENDER
    assert first.recipients == ("joe@example.com",)
    assert second.recipients == ("jane@example.com",)
    assert first.message["Subject"] == "Account activation"
    page = first.message.get_body(("html",))
    assert page is not None
    assert "Élodie" in page.get_content()
    found = re.search(r"http://localhost(/register/activation/[\w-]+)", page.get_content())
    assert found is not None
    assert "activated" in client.get(found[1]).text
