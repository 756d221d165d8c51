"""What the worker of :mod:`bench.celery_rate` does: our tasks, an empty one, and Flask-Mail's ``mail.send`` in one."""

from __future__ import annotations

import json
import os

from celery import Celery
from flask import Flask

from flask_mail import Mail
from flask_mail import Message

CONFIG = json.loads(os.environ["CONFIG"])
HTML = "<p>Your order is on its way, and will be with you soon.</p>\n" * 16
TEXT = "Your order is on its way, and will be with you soon.\n" * 18

app = Flask(__name__, instance_path=CONFIG.pop("FOLDER"))
app.config.update(CONFIG, MAIL_DEFAULT_SENDER="shop@example.com")
celery_app = Celery("bench")
celery_app.config_from_object(app.config["CELERY"])
celery_app.set_default()
app.extensions["celery"] = celery_app
mail = Mail(app)


@celery_app.task(ignore_result=True, acks_late=True, reject_on_worker_lost=True)
def nothing(number: int) -> None:
    pass


@celery_app.task(ignore_result=True, acks_late=True, reject_on_worker_lost=True)
def send(recipient: str) -> None:
    """As an application of Flask-Mail's has it."""
    with app.app_context():
        mail.send(message(recipient))


def message(recipient: str) -> Message:
    """2 kB of text and HTML."""
    return Message("Your order", recipients=[recipient], body=TEXT, html=HTML)
