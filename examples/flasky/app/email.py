"""The mails Flasky sends.

Each has two templates under ``templates/mail``: ``<template>.txt`` and ``<template>.html``. The subject's
prefix, ``MAIL_SUBJECT_PREFIX``, and the sender, ``MAIL_DEFAULT_SENDER``, are put in by Flask-Postbox.
"""

from typing import Any

from flask import render_template
from flask_mail import Message

from .extensions import mail


def compose_email(to: str | tuple[str, str], subject: str, template: str, **kwargs: Any) -> Message:
    """A message from templates, not sent yet.

    :param to: an address, or a pair of a name and an address.
    :param kwargs: what the templates may use.
    """
    return Message(
        subject,
        recipients=[to],
        body=render_template(f"mail/{template}.txt", **kwargs),
        html=render_template(f"mail/{template}.html", **kwargs),
    )


def send_email(to: str | tuple[str, str], subject: str, template: str, **kwargs: Any) -> None:
    """Send one message from templates.

    :raises flask_mail.MailError: it could not be composed or sent. ``create_app`` has a handler for it.
    """
    mail.send(compose_email(to, subject, template, **kwargs))
