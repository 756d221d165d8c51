"""Previews, registered on ``Mail``: for tests and the command line; see ``test_pages`` for the browser."""

from __future__ import annotations

import collections.abc as c
import pathlib

import flask_babel
import pytest
from flask import Flask
from flask import url_for

import flask_mail

from ..browser.sample import translations


@pytest.fixture
def mail(app: Flask) -> flask_mail.Mail:
    """A ``Mail`` with previews that it got before it knew the application."""
    mail = flask_mail.Mail()

    @mail.preview("welcome")
    def welcome() -> flask_mail.Message:
        """The first mail that anybody gets.

        Nobody reads on.
        """
        word = flask_babel.lazy_gettext("Welcome") if "babel" in app.extensions else "Welcome"
        return flask_mail.Message(word, ["joe@example.com"], html=f"<p>Hello</p><a href='{url_for('home')}'>Home</a>")

    mail.init_app(app)

    @app.get("/home")
    def home() -> str:
        return ""

    @mail.preview("broken")
    def broken() -> flask_mail.Message:
        return flask_mail.Message("x", ["not an address"], sender="me@example.com")

    @mail.preview("nothing")
    def nothing() -> flask_mail.Message:
        return None  # type: ignore[return-value]

    return mail


def test_a_preview_is_a_message_for_tests(app: Flask, mail: flask_mail.Mail) -> None:
    assert list(mail.previews) == ["welcome", "broken", "nothing"]
    with app.test_request_context():
        message = mail.previews["welcome"]()
        assert (message.subject, message.recipients) == ("Welcome", ["joe@example.com"])
        assert isinstance(message.lint(), list)
        with pytest.raises(TypeError, match=r"'nothing' has to return a Message, but .*nothing\(\) returned None"):
            mail.previews["nothing"]()


def test_in_another_language(app: Flask, mail: flask_mail.Mail, tmp_path: pathlib.Path) -> None:
    translations(tmp_path / "translations" / "zh" / "LC_MESSAGES")
    flask_babel.Babel(app)
    with app.test_request_context():
        assert mail.previews["welcome"](locale="zh").subject == "欢迎加入"
        assert mail.previews["welcome"]().subject == "Welcome"


def test_a_name_is_taken_once(mail: flask_mail.Mail) -> None:
    def another() -> flask_mail.Message:
        return flask_mail.Message("x")

    with pytest.raises(ValueError, match=r"preview\('welcome'\): .*welcome\(\) has this name already; give .*another"):
        mail.preview("welcome")(another)
    assert mail.preview("another")(another) is another
    assert mail.preview("another")(another) is another  # a module that is imported again


@pytest.mark.parametrize("name", ["", "a/b", "..", "with blank", "-x", None])
def test_a_name_that_cannot_stand_in_an_address_is_refused(mail: flask_mail.Mail, name: str) -> None:
    with pytest.raises(ValueError, match="the name has to be of letters"):
        mail.preview(name)


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["mail", "preview", *arguments])
    return result.exit_code, result.output


def test_the_command_lists_and_shows(app: Flask, mail: flask_mail.Mail, tmp_path: pathlib.Path) -> None:
    assert run(app) == (0, "broken\nnothing\nwelcome  The first mail that anybody gets.\n")
    code, text = run(app, "welcome")
    assert code == 0
    assert text.startswith("From: support@mysite.example\nTo: joe@example.com\nSubject: Welcome\n\nHello\n")
    assert run(app, "welcome", "--format", "html")[1] == "<p>Hello</p><a href='/home'>Home</a>\n"
    assert run(app, "welcome", "--format", "eml", "-o", str(tmp_path / "welcome.eml")) == (0, "")
    assert (tmp_path / "welcome.eml").read_bytes().startswith(b"From: support@mysite.example\r\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wellcome", "There is no preview called 'wellcome'; there are broken, nothing, welcome."),
        ("broken", "broken cannot be composed: recipients: 'not an address'"),
    ],
)
def test_the_command_says_what_is_wrong(app: Flask, mail: flask_mail.Mail, name: str, words: str) -> None:
    code, text = run(app, name)
    assert code == 1
    assert words in text


def test_two_objects_of_one_application_show_both(make: c.Callable[..., Flask]) -> None:
    app = make()
    for name in ("one", "two"):
        flask_mail.Mail(app).preview(name)(lambda: flask_mail.Message("x"))
    assert run(app) == (0, "one\ntwo\n")
