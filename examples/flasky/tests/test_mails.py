"""The mails that Flasky sends, and what becomes of the app where they cannot be sent."""

import re

from flask import Flask
from flask.testing import FlaskClient
from flask_mail.testing import MailFaults
from flask_mail.testing import Outbox

from .conftest import GRACE
from .visitors import confirm
from .visitors import sign_up


def test_the_link_in_the_mail_confirms_the_address(ada: FlaskClient, outbox: Outbox) -> None:
    assert "Your address is confirmed" in confirm(ada, outbox, "ada@example.com")


def test_whoever_looks_after_the_app_is_told(ada: FlaskClient, outbox: Outbox) -> None:
    outbox.deliver_queued()
    mail = outbox.one(to=GRACE)
    assert mail.subject == "[Flasky] New user: Ada"
    assert "ada@example.com" in mail.text


def test_a_second_sign_up_with_the_same_address_sends_nothing(app: Flask, ada: FlaskClient, outbox: Outbox) -> None:
    outbox.deliver_queued()
    outbox.clear()
    form = {"name": "Ada again", "email": "ada@example.com", "password": "correct horse"}
    assert app.test_client().post("/sign-up", data=form).status_code == 422
    outbox.assert_empty()


def test_a_follower_is_announced(app: Flask, grace: FlaskClient, ada: FlaskClient, outbox: Outbox) -> None:
    confirm(ada, outbox, "ada@example.com")
    grace.post("/people/2/follow")
    outbox.deliver_queued()
    assert outbox.one(subject=re.compile("follows you")).to == ["ada@example.com"]


def test_a_subscriber_the_server_refuses_does_not_stop_the_newsletter(
    grace: FlaskClient, ada: FlaskClient, outbox: Outbox, mail_faults: MailFaults
) -> None:
    confirm(ada, outbox, "ada@example.com")
    mail_faults.fail_next(550, "5.1.1 No such user", recipient=GRACE)
    page = grace.post("/newsletter", data={"subject": "News", "text": "Good news."}, follow_redirects=True).text
    assert "on its way to 1 of 2 subscribers" in page
    mail = outbox.one(to="ada@example.com", subject=re.compile("News"))
    assert "/unsubscribe/" in mail.link("Leave")
    assert mail["List-Unsubscribe"] == f"<{mail.link('Leave')}>"


def test_a_server_that_is_down_costs_nobody_the_account(app: Flask, mail_faults: MailFaults) -> None:
    mail_faults.fail_next(421, "4.3.2 Closing down", stage="greeting")
    page = sign_up(app, "Ada", "ada@example.com").get("/").text
    assert "The mail could not be sent." in page
