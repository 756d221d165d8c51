"""Who uses Flasky. This module knows the database, but no request, and sends nothing; it commits nothing, either:
whoever calls it does, together with the mails that belong to it."""

from __future__ import annotations

from flask_mail import AddressError
from flask_mail import sanitize_address
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

from .extensions import db
from .models import User

LANGUAGES = ("en", "zh")
"""The languages that the welcome is written in."""


class SignUpError(ValueError):
    """The text is for the person who signs up."""


def add(name: str, email: str, password: str, *, subscribed: bool, language: str = "en") -> User:
    """Add a user whose address is not confirmed yet.

    :param language: one of :data:`LANGUAGES`; any other stands for English.
    :raises SignUpError: something about the input is not good enough.
    """
    name, email = " ".join(name.split()), email.strip()
    if not name:
        raise SignUpError("Please tell us your name.")
    if len(password) < 8:
        raise SignUpError("A password needs eight characters or more.")
    try:
        sanitize_address((name, email))
    except AddressError:
        raise SignUpError(f"“{email}” is not an e-mail address.") from None
    user = User(
        name=name,
        email=email,
        password=generate_password_hash(password),
        subscribed=subscribed,
        language=language if language in LANGUAGES else "en",
    )
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise SignUpError(f"There is an account for {email} already.") from None
    return user


def by_id(user_id: int | None) -> User | None:
    return None if user_id is None else db.session.get(User, user_id)


def by_password(email: str, password: str) -> User | None:
    """The user who signs in with these, if there is one."""
    user = db.session.scalar(select(User).where(func.lower(User.email) == func.lower(email.strip())))
    return user if user and check_password_hash(user.password, password) else None


def confirmed() -> list[User]:
    """Everyone who may be seen, and written to."""
    return list(db.session.scalars(select(User).where(User.confirmed).order_by(User.id)))


def subscribers() -> list[User]:
    """Who gets the newsletter."""
    return [user for user in confirmed() if user.subscribed]
