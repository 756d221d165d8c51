"""Invitations to a meeting, for everyone."""

from datetime import datetime
from datetime import timedelta
from datetime import UTC

from flask import abort
from flask import Blueprint
from flask import current_app
from flask import flash
from flask import g
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from werkzeug.wrappers import Response

from . import mails
from . import users
from .calendar import Meeting
from .extensions import db
from .extensions import mail

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
        meeting = Meeting(title, place, start, start + timedelta(hours=float(request.form["hours"])))
    except (ValueError, OverflowError):
        abort(400)
    queued = queue_invitations(meeting)
    flash(f"The invitation is on its way to {queued} {'person' if queued == 1 else 'people'}.")
    return redirect(url_for("people.index"))


def queue_invitations(meeting: Meeting) -> int:
    """Queue one for everybody, in one transaction.

    :returns: how many are queued; of the others, the log says why not.
    """
    queued = 0
    for result in mail.send_many((mails.invitation(user, g.user, meeting) for user in users.confirmed()), later=True):
        if result.error:
            current_app.logger.error("No invitation for %s", result.message.recipients, exc_info=result.error)
        queued += result.ok
    db.session.commit()
    return queued
