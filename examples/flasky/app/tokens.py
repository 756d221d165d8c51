"""Signed links: what a mail carries so that following a link proves who got the mail."""

from flask import current_app
from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer

from . import users
from .models import User


def make(purpose: str, user: User) -> str:
    """A token that is good for one purpose only."""
    return _serializer(purpose).dumps(user.id)


def read(purpose: str, token: str, max_age: int | None = None) -> User | None:
    """Whose token it is; nobody's if it was altered, was made for another purpose or is too old.

    :param max_age: in seconds.
    """
    try:
        return users.by_id(_serializer(purpose).loads(token, max_age=max_age))
    except BadSignature:
        return None


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=purpose)
