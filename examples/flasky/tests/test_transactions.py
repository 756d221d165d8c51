"""A mail is queued with what it tells of: both are there, or neither."""

from flask import Flask
from flask.testing import FlaskClient
from flask_mail.testing import MailFaults
from flask_mail.testing import Outbox

from app import users

from .conftest import GRACE
from .visitors import confirm
from .visitors import sign_up


def test_nothing_is_sent_while_the_visitor_waits(ada: FlaskClient, outbox: Outbox) -> None:
    assert [mail.template for mail in outbox.queued] == ["mail/confirm", "mail/new_user"]
    assert outbox == []


def test_a_second_sign_up_with_the_same_address_sends_nothing(app: Flask, ada: FlaskClient, outbox: Outbox) -> None:
    outbox.clear()
    form = {"name": "Ada again", "email": "ADA@example.com", "password": "correct horse"}
    assert app.test_client().post("/sign-up", data=form).status_code == 422
    outbox.assert_empty()


def test_where_a_mail_cannot_be_written_there_is_no_account_either(app: Flask, outbox: Outbox) -> None:
    app.config["FLASKY_ADMIN"] = "no address"  # whom the second mail of a sign-up is for
    page = sign_up(app, "Ada", "ada@example.com").get("/").text
    assert "nothing was saved" in page
    outbox.assert_empty()
    with app.app_context():
        assert users.by_password("ada@example.com", "correct horse") is None


def test_a_server_that_is_down_is_tried_again(app: Flask, outbox: Outbox, mail_faults: MailFaults) -> None:
    mail_faults.fail_next(421, "4.3.2 Closing down", stage="greeting")
    ada = sign_up(app, "Ada", "ada@example.com")
    outbox.deliver_queued()
    assert [mail.template for mail in outbox.queued] == ["mail/confirm"]
    assert "Your address is confirmed" in confirm(ada, outbox, "ada@example.com")


def test_a_subscriber_the_server_refuses_does_not_stop_the_newsletter(
    grace: FlaskClient, ada: FlaskClient, outbox: Outbox, mail_faults: MailFaults
) -> None:
    confirm(ada, outbox, "ada@example.com")
    outbox.deliver_queued()
    mail_faults.fail_next(550, "5.1.1 No such user", recipient=GRACE)
    grace.post("/newsletter", data={"subject": "News", "text": "Good news."})
    outbox.deliver_queued()
    assert outbox.one(template="mail/newsletter").to == ["ada@example.com"]
    assert [mail.to for mail in outbox.failed] == [[GRACE]]
