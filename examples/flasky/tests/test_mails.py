"""The mails that Flasky sends."""

from flask import Flask
from flask.testing import FlaskClient
from flask_mail.testing import Outbox

from .conftest import GRACE
from .visitors import confirm
from .visitors import sign_up

MEETING = {"title": "Autumn meeting", "place": "London", "start": "2026-11-22T18:30", "hours": "2"}


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


def test_nobody_is_welcomed_twice(ada: FlaskClient, outbox: Outbox) -> None:
    confirm(ada, outbox, "ada@example.com")
    confirm(ada, outbox, "ada@example.com")
    outbox.deliver_queued()
    outbox.one(template="mail/en/welcome")


def test_whoever_looks_after_the_app_is_told(ada: FlaskClient, outbox: Outbox) -> None:
    outbox.deliver_queued()
    mail = outbox.one(to=GRACE, template="mail/new_user")
    assert mail.subject == "[Flasky] New user: Ada"
    assert "ada@example.com" in mail.text


def test_a_follower_is_announced(grace: FlaskClient, ada: FlaskClient, outbox: Outbox) -> None:
    confirm(ada, outbox, "ada@example.com")
    grace.post("/people/2/follow")
    outbox.deliver_queued()
    assert outbox.one(template="mail/follower").to == ["ada@example.com"]


def test_an_invitation_is_for_the_calendar_too(grace: FlaskClient, outbox: Outbox) -> None:
    page = grace.post("/meetings", data=MEETING, follow_redirects=True).text
    assert "on its way to 1 person." in page
    outbox.deliver_queued()
    mail = outbox.one(to=GRACE, template="mail/invitation")
    assert mail.subject == "[Flasky] Invitation: Autumn meeting"
    assert mail.reply_to == [GRACE]
    assert b"SUMMARY:Autumn meeting" in mail.content


def test_each_subscriber_gets_the_newsletter_with_a_link_to_leave(
    grace: FlaskClient, ada: FlaskClient, outbox: Outbox
) -> None:
    confirm(ada, outbox, "ada@example.com")
    page = grace.post("/newsletter", data={"subject": "News", "text": "Good news."}, follow_redirects=True).text
    assert "on its way to 2 of 2 subscribers" in page
    outbox.deliver_queued()
    mail = outbox.one(to="ada@example.com", template="mail/newsletter")
    assert mail.subject == "[Flasky] News"
    assert mail["List-Unsubscribe"] == f"<{mail.link('Leave')}>"
    ada.post(mail.link("Leave"))

    outbox.clear()
    grace.post("/newsletter", data={"subject": "More news", "text": "Better news."})
    outbox.deliver_queued()
    assert outbox.one().to == [GRACE]
