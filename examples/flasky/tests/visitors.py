"""What visitors do."""

from flask import Flask
from flask.testing import FlaskClient
from flask_mail.testing import Outbox


def sign_up(app: Flask, name: str, email: str, language: str = "en") -> FlaskClient:
    """Fill in the form; return the browser."""
    client = app.test_client()
    form = {"name": name, "email": email, "password": "correct horse", "newsletter": "on", "language": language}
    assert client.post("/sign-up", data=form).status_code == 302
    return client


def confirm(client: FlaskClient, outbox: Outbox, email: str) -> str:
    """Open the link in the mail to *email*; return the page that it leads to."""
    outbox.deliver_queued()
    mail = outbox.one(to=email, template="mail/confirm")
    return client.get(mail.link("Confirm my address"), follow_redirects=True).text
