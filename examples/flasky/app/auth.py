"""Signing up, confirming the address, signing in and out."""

from functools import wraps
from typing import Any

from flask import Blueprint
from flask import current_app
from flask import flash
from flask import g
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from werkzeug.wrappers import Response

from . import mails
from . import tokens
from . import users
from .extensions import db
from .extensions import mail
from .models import User

A_DAY = 24 * 60 * 60

blueprint = Blueprint("auth", __name__)


@blueprint.before_app_request
def load_user() -> None:
    g.user = users.by_id(session.get("user_id"))


def signed_in(view: Any) -> Any:
    """Only for people who are signed in; others are sent to the form."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if g.user else redirect(url_for("auth.sign_in_form"))

    return guarded


@blueprint.get("/sign-up")
def sign_up_form() -> str:
    return render_template("auth/sign_up.html")


@blueprint.post("/sign-up")
def sign_up() -> Response | tuple[str, int]:
    form = request.form
    try:
        user = users.add(
            form["name"],
            form["email"],
            form["password"],
            subscribed="newsletter" in form,
            language=form.get("language", "en"),
        )
    except users.SignUpError as error:
        flash(str(error), "error")
        return render_template("auth/sign_up.html"), 422

    mail.send_later(mails.confirmation(user))
    if admin := current_app.config["FLASKY_ADMIN"]:
        mail.send_later(mails.new_user(admin, user))
    db.session.commit()  # the account and its mails, or nothing of it
    enter(user)
    say_where_to_look(user)
    return redirect(url_for("people.index"))


@blueprint.post("/confirm")
@signed_in
def confirm_again() -> Response:
    mail.send_later(mails.confirmation(g.user))
    db.session.commit()
    say_where_to_look(g.user)
    return redirect(url_for("people.index"))


@blueprint.get("/confirm/<token>")
def confirm(token: str) -> Response:
    if user := tokens.read("confirm", token, max_age=A_DAY):
        if not user.confirmed:
            user.confirmed = True
            mail.send_later(mails.welcome(user), key=f"welcome-{user.id}")  # one, also if two pages open at once
            db.session.commit()
        flash(f"Thank you, {user.name}. Your address is confirmed.")
    else:
        flash("This link is not valid, or older than a day. Sign in to ask for another.", "error")
    return redirect(url_for("people.index"))


@blueprint.get("/sign-in")
def sign_in_form() -> str:
    return render_template("auth/sign_in.html")


@blueprint.post("/sign-in")
def sign_in() -> Response | tuple[str, int]:
    user = users.by_password(request.form["email"], request.form["password"])
    if user is None:
        flash("There is no account with this address and password.", "error")
        return render_template("auth/sign_in.html"), 422
    enter(user)
    return redirect(url_for("people.index"))


@blueprint.post("/sign-out")
def sign_out() -> Response:
    session.clear()
    return redirect(url_for("people.index"))


def enter(user: User) -> None:
    session.clear()
    session["user_id"] = user.id


def say_where_to_look(user: User) -> None:
    flash(f"A link is on its way to {user.email}. Open it to confirm your address.")
