"""Flask-Security as it stands on the package index sends its mails through ``flask_mail``, which is ours."""

from __future__ import annotations

import collections.abc as c
import html
import inspect
import pathlib
import re
import typing as t

import pytest
from flask import Flask
from flask.testing import FlaskClient

import flask_mail

from ..servers import Delivery
from ..servers import Server

MakeApp = c.Callable[..., Flask]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
PASSWORD = "a long enough password"


@pytest.fixture
def client(make_app: MakeApp, smtp_starttls: Server) -> c.Iterator[FlaskClient]:
    """An application as Flask-Security's quickstart makes it, with a mail server that wants STARTTLS and a login."""
    from flask_security import Security
    from flask_security import SQLAlchemyUserDatastore
    from flask_security.models import fsqla_v3 as fsqla
    from flask_sqlalchemy import SQLAlchemy

    app = make_app(
        smtp_starttls,
        SECRET_KEY="a",
        SECURITY_PASSWORD_SALT="b",
        SECURITY_PASSWORD_HASH="pbkdf2_sha512",
        SECURITY_PASSWORD_SINGLE_HASH={"pbkdf2_sha512"},
        SECURITY_REGISTERABLE=True,
        SECURITY_USE_REGISTER_V2=True,
        SECURITY_RECOVERABLE=True,
        SECURITY_CONFIRMABLE=True,
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},  # it would ask DNS
        SECURITY_EMAIL_SENDER=("The Example", "accounts@example.com"),
        SQLALCHEMY_DATABASE_URI="sqlite://",
        WTF_CSRF_ENABLED=False,
    )
    db = SQLAlchemy(app)
    fsqla.FsModels.set_db_info(db)
    role: t.Any = type("Role", (db.Model, fsqla.FsRoleMixin), {})
    user: t.Any = type("User", (db.Model, fsqla.FsUserMixin), {})
    Security(app, SQLAlchemyUserDatastore(db, user, role))
    flask_mail.Mail(app)
    with app.app_context():
        db.create_all()
        yield app.test_client()
        db.session.remove()
        db.engine.dispose()


def link(delivery: Delivery) -> str:
    """The path that the first link in the text of *delivery* leads to."""
    body = delivery.message.get_body(("plain",))
    assert body is not None
    found = re.search(r"http://localhost(/\S+)", body.get_content())
    assert found is not None, body.get_content()
    return html.unescape(found[1])


def register(client: FlaskClient) -> None:
    answer = client.post(
        "/register",
        data={"email": "joe@example.com", "password": PASSWORD, "password_confirm": PASSWORD},
    )
    assert answer.status_code == 302, re.findall('fs-error-msg">(.*)<', answer.text)


def test_it_is_flask_security_that_sends_and_our_package_that_it_imports(client: FlaskClient) -> None:
    from flask_security import MailUtil

    assert "from flask_mail import Message" in inspect.getsource(MailUtil.send_mail)
    ours = pathlib.Path(__file__).parents[2] / "src" / "flask_mail" / "__init__.py"
    assert pathlib.Path(flask_mail.__file__).samefile(ours)


def test_registering_sends_a_mail_whose_link_confirms_the_address(client: FlaskClient, smtp_starttls: Server) -> None:
    register(client)
    [delivery] = smtp_starttls.wait()
    assert delivery.tls
    assert delivery.login == smtp_starttls.username
    assert delivery.sender == "accounts@example.com"
    assert delivery.recipients == ("joe@example.com",)
    assert delivery.message["From"] == "The Example <accounts@example.com>"
    assert delivery.message["Subject"] == "Welcome"
    assert [part.get_content_type() for part in delivery.message.walk()][-2:] == ["text/plain", "text/html"]
    assert client.get(link(delivery), follow_redirects=True).status_code == 200


def test_a_forgotten_password_is_reset_by_the_link_that_was_mailed(client: FlaskClient, smtp_starttls: Server) -> None:
    register(client)
    client.get(link(smtp_starttls.wait()[0]))
    client.post("/logout")
    client.post("/reset", data={"email": "joe@example.com"})
    instructions = smtp_starttls.wait(2)[1]
    assert instructions.message["Subject"] == "Password reset instructions"
    new = {"password": "another " + PASSWORD, "password_confirm": "another " + PASSWORD}
    assert client.post(link(instructions), data=new).status_code == 302
    notice = smtp_starttls.wait(3)[2]
    assert notice.message["Subject"] == "Your password has been reset"
    assert notice.recipients == ("joe@example.com",)
