"""The front page, and following each other."""

from flask import abort
from flask import Blueprint
from flask import flash
from flask import g
from flask import redirect
from flask import render_template
from flask import url_for
from werkzeug.wrappers import Response

from . import users
from .auth import signed_in
from .extensions import mail

blueprint = Blueprint("people", __name__)


@blueprint.get("/")
def index() -> str:
    return render_template("people.html", people=[(user, users.followers(user)) for user in users.confirmed()])


@blueprint.post("/people/<int:user_id>/follow")
@signed_in
def follow(user_id: int) -> Response:
    followed = users.by_id(user_id)
    if not (followed and followed.confirmed):
        abort(404)
    if not g.user.confirmed or followed == g.user:
        abort(403)
    if users.follow(g.user, followed):
        flash(f"You follow {followed.name} now.")
        mail.send_template(
            "mail/follower",
            followed.recipient,
            user=followed,
            follower=g.user,
            link=url_for("people.index", _external=True),
        )
    return redirect(url_for("people.index"))
