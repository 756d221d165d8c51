"""The newsletter: many mails over one connection, each to one subscriber."""

from flask import abort
from flask import Blueprint
from flask import flash
from flask import g
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_mail import Attachment
from flask_mail import Message
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from . import tokens
from . import users
from .mailing import deliver
from .users import User

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
    sent = send_newsletter(request.form["subject"], text, request.files.get("attachment"))
    flash(f"The newsletter is on its way to {sent} of {len(users.subscribers())} subscribers.")
    return redirect(url_for("people.index"))


@blueprint.route("/unsubscribe/<token>", methods=["GET", "POST"])
def unsubscribe(token: str) -> str:
    """A person opens the link and presses a button; a mail program posts at once (RFC 8058)."""
    user = tokens.read("unsubscribe", token) or abort(404)
    if request.method == "POST":
        users.unsubscribe(user)
    return render_template("unsubscribe.html", user=users.by_id(user.id))


def send_newsletter(subject: str, text: str, attachment: FileStorage | None = None) -> int:
    """Send to everyone who wants it; a recipient the server refuses does not stop the others.

    :returns: how many mails the server took.
    """
    files = [Attachment(attachment.filename, attachment.content_type, attachment.read())] if attachment else []
    return deliver("newsletter", (issue(user, subject, text, files) for user in users.subscribers()))


def issue(user: User, subject: str, text: str, files: list[Attachment]) -> Message:
    """The newsletter as *user* gets it, with a link of their own to leave."""
    link = url_for("newsletter.unsubscribe", token=tokens.make("unsubscribe", user), _external=True)
    return Message.from_template(
        "mail/newsletter",
        recipients=[user.recipient],
        subject=subject,
        attachments=files,
        extra_headers={
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        user=user,
        text=text,
        link=link,
    )
