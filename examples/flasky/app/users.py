"""Who uses Flasky, and who follows whom. This module knows the database, but no request, and sends nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from flask import current_app
from flask_mail import AddressError
from flask_mail import sanitize_address
from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

from .db import connection

LANGUAGES = ("en", "zh")
"""The languages that mails are written in."""


class SignUpError(ValueError):
    """The text is for the person who signs up."""


@dataclass(frozen=True)
class User:
    id: int
    name: str
    email: str
    password: str
    confirmed: int
    subscribed: int
    language: str

    @property
    def recipient(self) -> tuple[str, str]:
        """Name and address as a mail wants them: a pair, so that no name can pass for an address."""
        return self.name, self.email

    @property
    def is_admin(self) -> bool:
        admin = current_app.config["FLASKY_ADMIN"]
        return bool(self.confirmed and admin) and self.email.casefold() == admin.casefold()


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
    try:
        cursor = connection().execute(
            "INSERT INTO user (name, email, password, subscribed, language) VALUES (?, ?, ?, ?, ?)",
            (name, email, generate_password_hash(password), subscribed, language if language in LANGUAGES else "en"),
        )
    except sqlite3.IntegrityError:
        raise SignUpError(f"There is an account for {email} already.") from None
    return by_id(cursor.lastrowid)


def by_id(user_id: int | None) -> User | None:
    return _one("SELECT * FROM user WHERE id = ?", user_id)


def by_password(email: str, password: str) -> User | None:
    """The user who signs in with these, if there is one."""
    user = _one("SELECT * FROM user WHERE email = ?", email.strip())
    return user if user and check_password_hash(user.password, password) else None


def confirmed() -> list[User]:
    """Everyone who may be seen, and written to."""
    return _all("SELECT * FROM user WHERE confirmed ORDER BY id")


def subscribers() -> list[User]:
    """Who gets the newsletter."""
    return [user for user in confirmed() if user.subscribed]


def confirm(user: User) -> bool:
    """Returns whether this is new."""
    cursor = connection().execute("UPDATE user SET confirmed = 1 WHERE id = ? AND NOT confirmed", (user.id,))
    return cursor.rowcount == 1


def unsubscribe(user: User) -> None:
    connection().execute("UPDATE user SET subscribed = 0 WHERE id = ?", (user.id,))


def follow(follower: User, followed: User) -> bool:
    """Returns whether this is new."""
    cursor = connection().execute("INSERT OR IGNORE INTO follow VALUES (?, ?)", (follower.id, followed.id))
    return cursor.rowcount == 1


def followers(user: User) -> set[int]:
    """The ids of those who follow *user*."""
    rows = connection().execute("SELECT follower FROM follow WHERE followed = ?", (user.id,))
    return {row["follower"] for row in rows}


def _all(query: str, *values: object) -> list[User]:
    return [User(**row) for row in connection().execute(query, values)]


def _one(query: str, *values: object) -> User | None:
    return next(iter(_all(query, *values)), None)
