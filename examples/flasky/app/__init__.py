"""Flasky: people sign up, confirm their address, follow each other and get a newsletter."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import abort
from flask import current_app
from flask import flash
from flask import Flask
from flask import redirect
from flask import request
from flask import url_for
from flask_mail import MailError
from werkzeug.wrappers import Response

from . import auth
from . import config
from . import meetings
from . import newsletter
from . import people
from . import previews as previews
from .extensions import db
from .extensions import mail


def create_app(settings: Mapping[str, Any] | None = None, instance_path: str | None = None) -> Flask:
    """Make the app.

    :param settings: what shall win over those of ``config.py``.
    :param instance_path: the folder for the database; ``instance`` beside the app by default.
    """
    app = Flask(__name__, instance_path=instance_path)
    app.config.from_object(config)
    app.config.update(settings or {})

    db.init_app(app)
    mail.init_app(app)
    with app.app_context():
        db.create_all()

    app.register_blueprint(auth.blueprint)
    app.register_blueprint(people.blueprint)
    app.register_blueprint(newsletter.blueprint)
    app.register_blueprint(meetings.blueprint)
    app.before_request(refuse_other_sites)
    app.register_error_handler(MailError, mail_failed)
    return app


def refuse_other_sites() -> None:
    """Another site's form cannot act here: browsers name the page a POST comes from."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


def mail_failed(error: MailError) -> Response:
    """A mail that cannot be written or queued takes along what its view was about to save. The log says why."""
    db.session.rollback()
    current_app.logger.error("Mail was not queued", exc_info=error)
    flash("The mail for this could not be written, so nothing was saved. Please try again later.", "error")
    return redirect(url_for("people.index"))
