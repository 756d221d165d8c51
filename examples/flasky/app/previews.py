"""The mails to look at before anything sends them: ``/_mail/previews`` in debug mode, or ``flask mail preview``."""

from datetime import datetime
from datetime import UTC

from flask_mail import Message

from . import mails
from . import newsletter
from .calendar import Meeting
from .extensions import mail
from .models import User

ADA = User(id=0, name="Ada Lovelace", email="ada@example.com", language="en")
MING = User(id=0, name="王小明", email="ming@example.com", language="zh")
GRACE = User(id=0, name="Grace Hopper", email="grace@example.com", language="en")
"""They are in no database, and no link in a preview opens an account: nobody has the number 0."""


@mail.preview("confirm")
def confirm() -> Message:
    """Whoever signs up shows that the address is theirs."""
    return mails.confirmation(ADA)


@mail.preview("new-user")
def new_user() -> Message:
    """Who looks after the app is told of everyone who signs up."""
    return mails.new_user(GRACE.email, ADA)


@mail.preview("welcome")
def welcome() -> Message:
    """When the address is confirmed."""
    return mails.welcome(ADA)


@mail.preview("welcome-zh")
def welcome_zh() -> Message:
    """The same for who reads Chinese."""
    return mails.welcome(MING)


@mail.preview("follower")
def follower() -> Message:
    """Somebody follows you."""
    return mails.follower(ADA, MING)


@mail.preview("invitation")
def invitation() -> Message:
    """To a meeting, with an entry for the calendar."""
    start, end = datetime(2026, 11, 22, 18, 30, tzinfo=UTC), datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    return mails.invitation(ADA, GRACE, Meeting("Autumn meeting", "12 Ada Street, London", start, end))


@mail.preview("newsletter")
def newsletter_() -> Message:
    """One issue, with a link to leave."""
    row = newsletter.row(ADA, "November news", "We meet twice this month.\n\nBring a friend.")
    message = Message.from_template("mail/newsletter", recipients=[ADA.recipient], subject=row["title"], context=row)
    newsletter.let_leave(message, row["link"])
    return message
