"""Settings, read from the environment.

Everything in the environment is a string. The ``MAIL_*`` keys are handed on as they are: Flask-Postbox
parses and checks them when the app is made, and says which one it cannot use.
"""

import os
import secrets

SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_hex()
"""Signs sessions and the links in mails. A random one, as here by default, ends both with each restart."""

SESSION_COOKIE_SAMESITE = "Lax"

TRUSTED_HOSTS = os.environ.get("TRUSTED_HOSTS", "localhost,127.0.0.1").split(",")
"""Links in mails are built from the Host header of the request, so a forged one must not get that far."""

SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL", "sqlite:///flasky.sqlite")
"""People, and mails that are to be sent; a file in the instance folder unless told otherwise."""

FLASKY_ADMIN = os.environ.get("FLASKY_ADMIN")
"""The address that is told of every new user, and whose owner may send newsletters."""

MAIL_SERVER = os.environ.get("MAIL_SERVER")
"""Without one, ``flask run --debug`` shows all mail in the browser, at ``/_mail/``, and sends none."""

MAIL_PORT = os.environ.get("MAIL_PORT")
MAIL_USE_TLS = os.environ.get("MAIL_USE_TLS")
MAIL_USE_SSL = os.environ.get("MAIL_USE_SSL")
MAIL_USERNAME = os.environ.get("MAIL_USERNAME")
MAIL_PASSWORD = os.environ.get("MAIL_PASSWORD")
MAIL_DEFAULT_SENDER = os.environ.get("MAIL_DEFAULT_SENDER", "Flasky <flasky@localhost>")
MAIL_SUBJECT_PREFIX = os.environ.get("MAIL_SUBJECT_PREFIX", "[Flasky]")
MAIL_INLINE_CSS = True

MAIL_QUEUE = "outbox"
"""A mail is a row in the same database, and is committed together with what it tells of."""

MAIL_OUTBOX_WORKER = "thread"
"""It is sent by a thread of the app. A larger site runs ``flask mail worker`` beside it instead."""
