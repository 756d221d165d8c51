"""The newsletter: a template and a row for each subscriber."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort
from flask import Blueprint
from flask import current_app
from flask import flash
from flask import g
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_mail import Message
from flask_mail.merge import merge
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from . import tokens
from . import users
from .extensions import db
from .models import User

blueprint = Blueprint("newsletter", __name__)


@blueprint.get("/newsletter")
def form() -> str:
    if not (g.user and g.user.is_admin):
        abort(403)
    return render_template("newsletter.html", subscribers=users.subscribers())


@blueprint.post("/newsletter")
def send() -> Response:
    if not (g.user and g.user.is_admin):
        abort(403)
    text = "\n".join(request.form["text"].splitlines())
    queued = send_newsletter(request.form["subject"], text, request.files.get("attachment"))
    flash(f"The newsletter is on its way to {queued} of {len(users.subscribers())} subscribers.")
    return redirect(url_for("people.index"))


@blueprint.route("/unsubscribe/<token>", methods=["GET", "POST"])
def unsubscribe(token: str) -> str:
    """A person opens the link and presses a button; a mail program posts at once (RFC 8058)."""
    user = tokens.read("unsubscribe", token) or abort(404)
    if request.method == "POST":
        user.subscribed = False
        db.session.commit()
    return render_template("unsubscribe.html", user=user)


def send_newsletter(title: str, text: str, attachment: FileStorage | None = None) -> int:
    """Queue it for everyone who wants it, in one transaction.

    :returns: for how many it is queued; of the others, the log says why not.
    """
    file = (attachment.filename, attachment.content_type, attachment.read()) if attachment else None

    def prepare(message: Message, row: Mapping[str, Any]) -> None:
        let_leave(message, row["link"])
        if file:
            message.attach(*file)

    rows = (row(user, title, text) for user in users.subscribers())
    merging = merge("mail/newsletter", rows, subject="{{ title }}", prepare=prepare, later=True)
    for outcome in merging:
        if outcome.outcome == "invalid":
            current_app.logger.error("No newsletter for %s: %s", outcome.address, outcome.reply)
    db.session.commit()
    return merging.counts["queued"]


def row(user: User, title: str, text: str) -> dict[str, str]:
    """What the template says to *user*, with a link of their own to leave."""
    link = url_for("newsletter.unsubscribe", token=tokens.make("unsubscribe", user), _external=True)
    return {"email": user.email, "name": user.name, "title": title, "text": text, "link": link}


def let_leave(message: Message, link: str) -> None:
    """Tell mail programs how to leave: with one click, where the app is reached by https (RFC 8058 §3.1)."""
    message.list_unsubscribe(link, one_click=link.startswith("https:"))
