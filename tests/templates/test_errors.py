"""What is said when a template cannot be used: which, where, and what to do."""

from __future__ import annotations

import pathlib
import sys
import traceback
import typing as t

import pytest
from flask import Flask

from flask_mail import Mail
from flask_mail import MailError
from flask_mail import Message
from flask_mail import MissingExtraError
from flask_mail import NotInitializedError
from flask_mail import TemplateError

from .conftest import MakeSite
from .conftest import PNG
from .conftest import Write

ANN = "ann@example.com"


def error_of(site: Flask, template: str, **given: t.Any) -> TemplateError:
    with site.app_context(), pytest.raises(TemplateError) as caught:
        Message.from_template(template, recipients=ANN, **given)
    return caught.value


def test_a_template_that_is_missing(site: Flask, write: Write) -> None:
    write({"mail/welcome.txt": "Hello"})
    error = error_of(site, "mail/welcom")
    assert str(error) == (
        f"There is no template 'mail/welcom' with the ending .txt, .html, .mjml or .md (also followed by .j2 or "
        f".jinja) in {site.root_path}/templates. Did you mean 'mail/welcome'?"
    )
    assert (error.field, error.template, error.line) == ("template", "mail/welcom", None)
    assert isinstance(error, MailError)


def test_a_template_that_is_missing_with_its_ending(site: Flask, write: Write) -> None:
    write({"mail/welcome.txt": "Hello"})
    assert str(error_of(site, "mail/welcome.html")) == (
        f"There is no template 'mail/welcome.html' in {site.root_path}/templates. Did you mean 'mail/welcome.txt'?"
    )


@pytest.mark.parametrize("name", ["", None, 7])
def test_something_that_is_no_name(site: Flask, name: t.Any) -> None:
    assert str(error_of(site, name)) == (
        f"The template has to be given by its name, such as 'mail/welcome', not as {name!r}."
    )


def test_a_template_that_is_missing_inside_of_another(site: Flask, write: Write) -> None:
    write({"m.html": "<p>\n{% include 'part.html' %}"})
    error = error_of(site, "m")
    assert str(error) == (
        "m.html, line 2: there is no template 'part.html' to include or to extend. Put it into the folder of templates."
    )
    assert (error.template, error.line) == ("m.html", 2)


def test_a_template_that_cannot_be_compiled(site: Flask, write: Write) -> None:
    write({"m.txt": "Hello\n{% if %}"})
    assert str(error_of(site, "m")) == (
        "m.txt, line 2: Expected an expression, got 'end of statement block'. Mend the template."
    )


def test_a_variable_that_is_missing(make_site: MakeSite, write: Write) -> None:
    write({"m.txt": "Hello\n{{ name }}"})
    error = error_of(make_site(MAIL_STRICT_TEMPLATES=True), "m")
    assert str(error) == (
        "m.txt, line 2: 'name' is undefined. Give it to the template (name=..., or context={'name': ...}), or write "
        "{{ name|default('') }} where it may be missing."
    )
    assert "m.txt" in "".join(traceback.format_exception(error.__cause__))


def test_a_variable_that_is_missing_in_the_subject(make_site: MakeSite, write: Write) -> None:
    write({"m.html": "x\n\n{% block subject %}{{ name }}{% endblock %}"})
    assert str(error_of(make_site(MAIL_STRICT_TEMPLATES=True), "m")).startswith("m.html, line 3: 'name' is undefined.")


def test_a_variable_that_is_missing_is_empty_where_nobody_is_strict(site: Flask, write: Write) -> None:
    write({"m.txt": "[{{ name }}]"})
    with site.app_context():
        assert Message.from_template("m", ANN).body == "[]"


def test_an_attribute_that_is_missing(site: Flask, write: Write) -> None:
    write({"m.txt": "{% from 'macros.txt' import greet %}{{ greet(user) }}"})
    write({"macros.txt": "{% macro greet(user) %}\n{{ user.profile.name }}{% endmacro %}"})
    assert str(error_of(site, "m", user={})) == (
        "macros.txt, line 2: 'dict object' has no attribute 'profile'. Give the template a value that has it, or write "
        "{{ ...|default('') }}."
    )


def test_translating_without_flask_babel(site: Flask, write: Write) -> None:
    write({"m.txt": "{{ _('Hello') }}"})
    assert str(error_of(site, "m")) == "m.txt, line 1: '_' is undefined. Set up Flask-Babel, which brings it."


def test_url_for_without_a_server_name(site: Flask, write: Write) -> None:
    write({"m.html": "<a href=\"{{ url_for('static', filename='a.css') }}\">x</a>"})
    error = error_of(site, "m")
    assert str(error) == (
        "m.html: url_for('static') does not know the site's address, since there is no request. Set SERVER_NAME, such "
        "as 'www.example.com', and PREFERRED_URL_SCHEME = 'https'."
    )
    assert (error.template, error.line) == ("m.html", 1)


def test_url_for_with_a_server_name_and_in_a_request_is_whole(make_site: MakeSite, write: Write) -> None:
    write({"m.txt": "{{ url_for('static', filename='a.css') }} {{ url_for('static', filename='b', _external=False) }}"})
    site = make_site(SERVER_NAME="www.example.com", PREFERRED_URL_SCHEME="https")
    with site.app_context():
        assert Message.from_template("m", ANN).body == "https://www.example.com/static/a.css /static/b"
    with make_site().test_request_context(base_url="http://here.example/"):
        assert Message.from_template("m", ANN).body == "http://here.example/static/a.css /static/b"


def test_an_endpoint_that_is_missing_is_flasks_error(site: Flask, write: Write) -> None:
    write({"m.txt": "{{ url_for('nowhere') }}"})
    with site.test_request_context(), pytest.raises(Exception, match="Could not build url for endpoint 'nowhere'"):
        Message.from_template("m", ANN)


def test_errors_of_the_program_stay_what_they_are(site: Flask, write: Write) -> None:
    write({"m.txt": "Hello\n{{ 1 // 0 }}"})
    with site.app_context(), pytest.raises(ZeroDivisionError) as caught:
        Message.from_template("m", ANN)
    assert any(frame.filename.endswith("m.txt") and frame.lineno == 2 for frame in traceback.extract_tb(caught.tb))


def test_a_picture_that_is_missing(site: Flask, write: Write) -> None:
    write({"m.html": "{{ embed('static/logo.png') }}", "n.html": "<img src='cid:static/logo.png'>"})
    assert str(error_of(site, "m")) == (
        f"m: there is no picture 'static/logo.png' to embed: it has to be a file below {site.root_path}, or the "
        f"content_id of an attachment."
    )
    assert str(error_of(site, "n")) == (
        f"n: there is no picture 'static/logo.png' to embed: it has to be 'static/...' in {site.static_folder}, or the "
        f"content_id of an attachment."
    )


def test_a_file_that_is_no_picture(site: Flask, write: Write) -> None:
    write({"m.html": "{{ embed('config.py') }}", "n.html": "{{ embed(data) }}", "o.html": "{{ embed(path) }}"})
    assert str(error_of(site, "m")) == (
        "m: 'config.py' is not the name of a picture. Attach files of other types with 'attachments'."
    )
    assert str(error_of(site, "n", data=b"MZ")) == (
        "n: the octets to embed are no picture: they begin with no known signature."
    )
    path = pathlib.Path(site.root_path) / "gone.png"
    assert str(error_of(site, "o", path=path)) == (
        f"o: the picture '{path}' cannot be read: No such file or directory."
    )


def test_a_picture_that_not_everybody_may_see_is_no_content_id(site: Flask, write: Write) -> None:
    (pathlib.Path(site.root_path) / "private.png").write_bytes(PNG)
    write({"m.html": "<img src='cid:private.png'>", "n.html": "{{ embed('private.png') }}"})
    assert "m: there is no picture 'private.png' to embed" in str(error_of(site, "m"))
    with site.app_context():
        assert len(Message.from_template("n", ANN).attachments) == 1


@pytest.mark.parametrize("name", ["../secret.png", "static/../../secret.png", "/etc/secret.png"])
def test_a_picture_outside_of_the_application_is_out_of_reach(make_site: MakeSite, write: Write, name: str) -> None:
    site = make_site()
    (pathlib.Path(site.root_path) / "secret.png").write_bytes(PNG)
    site.root_path += "/app"
    pathlib.Path(site.root_path).mkdir()
    write({"m.html": "<img src='cid:{{ name }}'>", "n.html": "{{ embed(name) }}"})
    site.template_folder = "../templates"
    assert "there is no picture" in str(error_of(site, "m", name=name))
    assert "there is no picture" in str(error_of(site, "n", name=name))


def test_a_locale_that_is_none(make_site: MakeSite, write: Write) -> None:
    from flask_babel import Babel

    write({"m.txt": "x"})
    site = make_site()
    Babel(site)
    assert str(error_of(site, "m", locale="klingon")) == (
        "locale is 'klingon', which Babel does not know: give one such as 'en' or 'zh_Hans_CN'."
    )


def test_a_context_that_is_no_mapping(site: Flask, write: Write) -> None:
    write({"m.txt": "x"})
    assert str(error_of(site, "m", context="name")) == "context has to be a mapping from names to values, not 'name'."


def test_outside_of_any_application() -> None:
    with pytest.raises(NotInitializedError, match=r"^Message\.from_template\(\) needs an application with mail"):
        Message.from_template("m", ANN)
    with Flask("no_mail").app_context(), pytest.raises(NotInitializedError, match="call mail.init_app"):
        Message.from_template("m", ANN)
    with pytest.raises(NotInitializedError, match="Mail was not set up for any application"):
        Mail().send_template("m", ANN)


@pytest.mark.parametrize(
    ("module", "files", "config", "told"),
    [
        ("markdown_it", {"m.md": "x"}, {}, "A mail in Markdown (.md) needs an optional dependency: "
         "pip install 'Flask-Postbox[markdown]'"),
        ("mjml", {"m.mjml": "<mjml></mjml>"}, {}, "A mail in MJML (.mjml) needs an optional dependency: "
         "pip install 'Flask-Postbox[mjml]'"),
        ("css_inline", {"m.html": "<style>p {}</style>"}, {"MAIL_INLINE_CSS": True}, "MAIL_INLINE_CSS needs an "
         "optional dependency: pip install 'Flask-Postbox[css]'"),
    ],
)  # fmt: skip
def test_an_extra_that_is_missing(
    make_site: MakeSite,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    files: dict[str, str],
    config: dict[str, t.Any],
    told: str,
) -> None:
    from flask_mail.templates import markdown
    from flask_mail.templates import styles

    markdown._parser.cache_clear()
    styles._inliner.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    write(files)
    with make_site(**config).app_context(), pytest.raises(MissingExtraError) as caught:
        Message.from_template("m", ANN)
    assert str(caught.value) == told


def test_mjml_that_is_none(site: Flask, write: Write) -> None:
    write({"m.mjml": "<mjml><mj-nothing/></mjml>"})
    assert str(error_of(site, "m")).startswith("m.mjml is not MJML: ")


@pytest.mark.parametrize(
    ("layout", "told"),
    [
        ({}, "MAIL_MARKDOWN_LAYOUT is 'mine.html', but there is no such template. Put it into the folder of templates, "
         "or name another one."),
        ({"mine.html": "<p>"}, "mine.html, the layout of mails in Markdown, does not show them: print {{ content }} "
         "in it."),
    ],
)  # fmt: skip
def test_a_layout_that_does_not_do(make_site: MakeSite, write: Write, layout: dict[str, str], told: str) -> None:
    write({"m.md": "Hello", **layout})
    assert str(error_of(make_site(MAIL_MARKDOWN_LAYOUT="mine.html"), "m")) == told
