"""The front page, and following each other."""

from flask import abort
from flask import Blueprint
from flask import flash
from flask import g
from flask import redirect
from flask import render_template
from flask import url_for
from werkzeug.wrappers import Response

from . import mails
from . import users
from .auth import signed_in
from .extensions import db
from .extensions import mail

blueprint = Blueprint("people", __name__)


@blueprint.get("/")
def index() -> str:
    return render_template("people.html", people=users.confirmed())


@blueprint.post("/people/<int:user_id>/follow")
@signed_in
def follow(user_id: int) -> Response:
    followed = users.by_id(user_id)
    if not (followed and followed.confirmed):
        abort(404)
    if not g.user.confirmed or followed == g.user:
        abort(403)
    if g.user not in followed.followers:
        followed.followers.add(g.user)
        mail.send_later(mails.follower(followed, g.user))
        db.session.commit()
        flash(f"You follow {followed.name} now.")
    return redirect(url_for("people.index"))
