"""Invitations to a meeting, for everyone."""

from datetime import datetime
from datetime import timedelta
from datetime import UTC

from flask import abort
from flask import Blueprint
from flask import flash
from flask import g
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_mail import Message
from werkzeug.wrappers import Response

from . import users
from .calendar import invitation
from .mailing import deliver

blueprint = Blueprint("meetings", __name__)


@blueprint.get("/meetings")
def form() -> str:
    if not (g.user and g.user.is_admin):
        abort(403)
    return render_template("meetings.html", people=users.confirmed())


@blueprint.post("/meetings")
def invite() -> Response:
    if not (g.user and g.user.is_admin):
        abort(403)
    title, place = (" ".join(request.form[field].split()) for field in ("title", "place"))
    try:
        start = datetime.fromisoformat(request.form["start"]).replace(tzinfo=UTC)
        length = timedelta(hours=float(request.form["hours"]))
    except (ValueError, OverflowError):
        abort(400)
    messages = (
        Message.from_template(
            "mail/invitation",
            recipients=[user.recipient],
            reply_to=g.user.recipient,
            calendar=invitation(title, place, start, length, g.user, user),
            user=user,
            title=title,
            place=place,
            start=start,
            end=start + length,
        )
        for user in users.confirmed()
    )
    flash(f"The server took {deliver('invitation', messages)} invitations.")
    return redirect(url_for("people.index"))
