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
from . import db
from . import meetings
from . import newsletter
from . import people
from .extensions import mail


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Make the app.

    :param settings: what shall win over those of ``config.py``.
    """
    app = Flask(__name__)
    app.config.from_object(config)
    app.config.update(settings or {})

    mail.init_app(app)
    db.init_app(app)

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
    """Every view saves before it sends, so only the mail is missing. The log says why."""
    current_app.logger.error("Mail was not sent", exc_info=error)
    flash("The mail could not be sent. Everything else is saved; please try again later.", "error")
    return redirect(url_for("people.index"))
