"""The mails that Flasky sends, and what becomes of the app where they cannot be sent."""

from flask import Flask
from flask.testing import FlaskClient
from flask_mail.testing import MailFaults
from flask_mail.testing import Outbox

from .conftest import GRACE
from .visitors import confirm
from .visitors import sign_up


def test_the_link_in_the_mail_confirms_the_address(ada: FlaskClient, outbox: Outbox) -> None:
    assert "Your address is confirmed" in confirm(ada, outbox, "ada@example.com")


def test_who_is_confirmed_is_welcomed_in_their_language(app: Flask, outbox: Outbox) -> None:
    ming = sign_up(app, "王小明", "ming@example.com", language="zh")
    confirm(ming, outbox, "ming@example.com")
    outbox.deliver_queued()
    mail = outbox.one(to="ming@example.com", template="mail/zh/welcome")
    assert mail.subject == "[Flasky] 欢迎来到 Flasky"
    assert "王小明，您好！" in mail.text
    assert ming.get(mail.link("看看有哪些人")).status_code == 200


def test_whoever_looks_after_the_app_is_told(ada: FlaskClient, outbox: Outbox) -> None:
    outbox.deliver_queued()
    mail = outbox.one(to=GRACE, template="mail/new_user")
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
    assert outbox.one(template="mail/follower").to == ["ada@example.com"]


def test_a_subscriber_the_server_refuses_does_not_stop_the_newsletter(
    grace: FlaskClient, ada: FlaskClient, outbox: Outbox, mail_faults: MailFaults
) -> None:
    confirm(ada, outbox, "ada@example.com")
    mail_faults.fail_next(550, "5.1.1 No such user", recipient=GRACE)
    page = grace.post("/newsletter", data={"subject": "News", "text": "Good news."}, follow_redirects=True).text
    assert "on its way to 1 of 2 subscribers" in page
    mail = outbox.one(to="ada@example.com", template="mail/newsletter")
    assert "/unsubscribe/" in mail.link("Leave")
    assert mail["List-Unsubscribe"] == f"<{mail.link('Leave')}>"


def test_a_server_that_is_down_costs_nobody_the_account(app: Flask, mail_faults: MailFaults) -> None:
    mail_faults.fail_next(421, "4.3.2 Closing down", stage="greeting")
    page = sign_up(app, "Ada", "ada@example.com").get("/").text
    assert "The mail could not be sent." in page
