"""Every mail to one person, as a message. Views queue them; the previews show them."""

from __future__ import annotations

from flask import url_for
from flask_mail import Message

from . import tokens
from .calendar import invitation as calendar_of
from .calendar import Meeting
from .models import User


def confirmation(user: User) -> Message:
    link = url_for("auth.confirm", token=tokens.make("confirm", user), _external=True)
    return Message.from_template("mail/confirm", recipients=[user.recipient], user=user, link=link)


def new_user(admin: str, user: User) -> Message:
    return Message.from_template("mail/new_user", recipients=[admin], user=user)


def welcome(user: User) -> Message:
    """In the language that *user* reads."""
    return Message.from_template(f"mail/{user.language}/welcome", recipients=[user.recipient], user=user)


def follower(user: User, follower: User) -> Message:
    link = url_for("people.index", _external=True)
    return Message.from_template("mail/follower", recipients=[user.recipient], user=user, follower=follower, link=link)


def invitation(user: User, organizer: User, meeting: Meeting) -> Message:
    """With an entry for the calendar, and answers that go to *organizer*."""
    return Message.from_template(
        "mail/invitation",
        recipients=[user.recipient],
        reply_to=organizer.recipient,
        calendar=calendar_of(meeting, organizer, user),
        user=user,
        meeting=meeting,
    )
