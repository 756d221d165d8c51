"""Messages made of templates: what becomes of which file, and what is escaped where."""

from __future__ import annotations

import collections
import contextlib
import os
import pathlib
import typing as t

import pytest
from flask import before_render_template
from flask import Blueprint
from flask import current_app
from flask import Flask
from flask import render_template
from flask import template_rendered
from jinja2 import FileSystemBytecodeCache
from markupsafe import Markup

from flask_mail import Attachment
from flask_mail import Mail
from flask_mail import Message
from flask_mail import NotInitializedError
from flask_mail import TemplateError

from ..servers import Server
from .conftest import MakeSite
from .conftest import Write

ANN = "ann@example.com"
EVIL = '<script>alert("1 & 2")</script>'
ESCAPED = "&lt;script&gt;alert(&#34;1 &amp; 2&#34;)&lt;/script&gt;"


def made(app: Flask, template: str, **given: t.Any) -> Message:
    with app.app_context():
        return Message.from_template(template, recipients=ANN, **given)


def test_one_name_finds_text_and_html(site: Flask, write: Write) -> None:
    write({"mail/welcome.txt": "Hello {{ name }}\n", "mail/welcome.html": "<p>Hello {{ name }}</p>"})
    message = made(site, "mail/welcome", name="Ann", subject="Welcome")
    assert (message.subject, message.body, message.html) == ("Welcome", "Hello Ann", "<p>Hello Ann</p>")
    assert message.recipients == [ANN]


@pytest.mark.parametrize("ending", ["", ".j2", ".jinja", ".jinja2"])
@pytest.mark.parametrize("kind", ["html", "md", "mjml"])
def test_html_is_escaped_whatever_the_ending(site: Flask, write: Write, kind: str, ending: str) -> None:
    source = "{{ name }} {{ markup }}"
    if kind == "mjml":
        text = f"<mj-text>{source}</mj-text>"
        source = f"<mjml><mj-body><mj-section><mj-column>{text}</mj-column></mj-section></mj-body></mjml>"
    write({f"mail/welcome.{kind}{ending}": source})
    message = made(site, "mail/welcome", name=EVIL, markup=Markup("<b>bold</b>"))
    assert "<script>" not in message.html
    assert ESCAPED.replace("&#34;", "&quot;") in message.html.replace("&#34;", "&quot;")
    assert "<b>bold</b>" in message.html
    assert EVIL in message.body


@pytest.mark.parametrize("ending", ["", ".j2", ".jinja", ".jinja2"])
def test_text_is_never_escaped(site: Flask, write: Write, ending: str) -> None:
    write({f"mail/welcome.txt{ending}": "{{ name }}", "part.html": "{{ name }}"})
    assert made(site, "mail/welcome", name=EVIL).body == EVIL
    write({f"mail/including.txt{ending}": "{% include 'part.html' %}"})
    assert made(site, "mail/including", name=EVIL).body == EVIL


def test_what_html_includes_is_escaped_too(site: Flask, write: Write) -> None:
    write({"mail/welcome.html": "{% include 'part.txt' %}{% from 'macros.txt' import greet %}{{ greet(name) }}"})
    write({"part.txt": "{{ name }}", "macros.txt": "{% macro greet(name) %}<b>{{ name }}</b>{% endmacro %}"})
    assert made(site, "mail/welcome", name=EVIL).html == f"{ESCAPED}<b>{ESCAPED}</b>"


@pytest.mark.parametrize(
    "source",
    [
        "{{ plain }}{{ evil }}{{ number }}{{ none }}{{ markup }}{{ missing }}",
        "{{ d.key }}|{{ d['key'] }}|{{ d.items()|list }}|{{ d.get('key') }}|{{ d.nothing }}|{{ sub.key }}",
        "{{ user.name }}|{{ user.nothing }}|{{ evil.upper() }}|{{ number.real }}",
        "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m(m(evil)) }}{{ m(evil)|upper }}{{ m(evil) ~ evil }}",
        "{% set x %}<i>{{ evil }}</i>{% endset %}{{ x }}{{ x|length }}{% filter upper %}{{ evil }}{% endfilter %}",
        "{% autoescape false %}{{ evil }}{% endautoescape %}{{ evil|safe }}{{ evil|e }}{{ [evil]|join(',') }}",
        "{% macro each() %}<p>{{ caller(evil) }}</p>{% endmacro %}{% call(x) each() %}{{ x }}{% endcall %}",
        "{{ lazy }}{{ 'a' ~ evil }}{{ evil|replace('<', '&') }}{{ '%s'|format(evil) }}{{ loop is defined }}",
    ],
)
def test_it_prints_what_jinja_prints(site: Flask, write: Write, source: str) -> None:
    class Lazy:
        def __str__(self) -> str:
            return "<lazy>"

    write({"m.html": source})
    given = {
        "plain": "plain", "evil": EVIL, "number": 1.5, "none": None, "markup": Markup("<b>"), "lazy": Lazy(),
        "d": {"key": EVIL, "items": "no", "get": "no"}, "sub": collections.OrderedDict(key=EVIL),
        "user": type("User", (), {"name": EVIL}),
    }  # fmt: skip
    message = made(site, "m", **given)
    with site.app_context():
        assert message.html == render_template("m.html", **given)


def test_the_applications_own_templates_are_compiled_apart(
    make_site: MakeSite, write: Write, tmp_path: pathlib.Path
) -> None:
    """A bytecode cache does not know what was escaped, and would mix text and HTML up."""
    write({"part.txt": "{{ name }}", "mail/welcome.txt": "{% include 'part.txt' %}"})
    write({"mail/welcome.html": "{% include 'part.txt' %}"})
    site = make_site()
    (tmp_path / "cache").mkdir()
    site.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(str(tmp_path / "cache"))}
    for _ in range(2):
        message = made(site, "mail/welcome", name=EVIL)
        assert (message.body, message.html) == (EVIL, ESCAPED)
    with site.app_context():
        assert site.jinja_env.get_template("part.txt").render(name=EVIL) == EVIL


# The subject


@pytest.mark.parametrize(
    ("files", "subject", "body"),
    [
        ({"m.txt": "{% block subject %}Hi & {{ name }}{% endblock %}Text"}, "Hi & <Ann>", "Text"),
        ({"m.txt": "{% block subject %}\n  Hi\n  {{ name }}\n{% endblock %}\n\nText\n"}, "Hi <Ann>", "Text"),
        ({"m.txt": "First\n{% block subject %}Hi{% endblock %}\nText"}, "Hi", "First\nText"),
        ({"m.html": "{% block subject %}Hi &amp; {{ name }}{% endblock %}<p>Text</p>"}, "Hi & <Ann>", "Text\n"),
        (
            {"m.txt": "{% extends 'base.txt' %}{% block subject %}{{ super() }} Ann{% endblock %}",
             "base.txt": "{% block subject %}Hi{% endblock %}Text"},
            "Hi Ann",
            "Text",
        ),
        ({"m.txt": "{% extends 'base.txt' %}", "base.txt": "{% block subject %}Hi{% endblock %}Text"}, "Hi", "Text"),
        ({"m.txt": "{% set s = 'Set' %}{% block subject %}{{ s }}{% endblock %}Text"}, "Set", "Text"),
        ({"m.txt": "Text", "m.html": "{% block subject %}From HTML{% endblock %}"}, "From HTML", "Text"),
        ({"m.txt": "{% block subject %}A{% endblock %}T", "m.html": "{% block subject %}B{% endblock %}"}, "A", "T"),
        ({"m.md": "{% block subject %}*{{ name }}*{% endblock %}\n\nText"}, "*<Ann>*", "Text\n"),
        ({"m.txt": "Text"}, "", "Text"),
    ],
)  # fmt: skip
def test_the_subject_is_a_block(site: Flask, write: Write, files: dict[str, str], subject: str, body: str) -> None:
    write(files)
    message = made(site, "m", name="<Ann>")
    assert message.subject == subject
    assert message.body.strip("\n") == body.strip("\n")


def test_a_subject_that_is_given_wins_and_can_be_seen(site: Flask, write: Write) -> None:
    write({"m.html": "{% block subject %}Not this{% endblock %}<h1>{{ subject }}</h1>"})
    message = made(site, "m", subject="A & B")
    assert message.subject == "A & B"
    assert message.html == "<h1>A &amp; B</h1>"


def test_an_element_that_holds_nothing_but_the_subject_shows_it(site: Flask, write: Write) -> None:
    write({"page.html": "<title>{% block subject %}{% endblock %}</title>{% block content %}{% endblock %}"})
    write(
        {
            "m.html": "{% extends 'page.html' %}{% block subject %}{{ n }}{% endblock %}"
            "{% block content %}x{% endblock %}"
        }
    )
    message = made(site, "m", n="A & <B>")
    assert message.subject == "A & <B>"
    assert message.html == "<title>A &amp; &lt;B&gt;</title>x"


# What is given


def test_attributes_of_the_message_stand_beside_the_context(site: Flask, write: Write) -> None:
    write({"m.txt": "{{ name }} from {{ sender }}"})
    report = Attachment("report.csv", "text/csv", "a,b\n")
    attachments = [report]
    message = made(
        site, "m", name="Ann", sender="boss@example.com", cc="c@example.com", bcc=["b@example.com"], priority="high",
        attachments=attachments, reply_to="r@example.com", extra_headers={"X-A": "1"}, tags=["t"],
    )  # fmt: skip
    assert message.body == "Ann from boss@example.com"
    assert (message.sender, message.cc, message.bcc) == ("boss@example.com", ["c@example.com"], ["b@example.com"])
    assert (message.reply_to, message.priority, message.tags) == ("r@example.com", "high", ["t"])
    assert message.attachments == [report]
    message.attachments.append(report)
    assert attachments == [report]


def test_context_takes_variables_that_are_called_like_an_attribute(site: Flask, write: Write) -> None:
    write({"m.txt": "{{ subject }}, {{ date }}, {{ template }}, {{ locale }}"})
    with site.app_context():
        message = Message.from_template(
            "m", ANN, subject="Exam", template="T", context={"subject": "Physics", "date": "8 May", "locale": "here"}
        )
    assert message.subject == "Exam"
    assert message.date is None
    assert message.body == "Physics, 8 May, T, here"


def test_every_name_that_is_no_parameter_is_a_variable(site: Flask, write: Write) -> None:
    write({"m.txt": "{{ name }} {{ kind }} {{ later_on }} {{ given }} {{ state }} {{ self_ }}"})
    given = {"name": "a", "kind": "b", "later_on": "c", "given": "d", "state": "e", "self_": "f"}
    assert made(site, "m", **given).body == "a b c d e f"
    with site.extensions["mail"].record_messages() as outbox:
        site.extensions["mail"].send_template("m", ANN, **given)
    assert outbox[0].body == "a b c d e f"


def test_a_class_of_ones_own_gets_its_own_parameters(site: Flask, write: Write) -> None:
    class Letter(Message):
        def __init__(self, *args: t.Any, stamp_color: str = "red", **kwargs: t.Any) -> None:
            super().__init__(*args, **kwargs)
            self.stamp_color = stamp_color

    write({"m.txt": "{{ name }}"})
    with site.app_context():
        letter = Letter.from_template("m", ANN, name="Ann", stamp_color="blue")
    assert type(letter) is Letter
    assert (letter.stamp_color, letter.body) == ("blue", "Ann")


def test_a_body_that_is_given_stays(site: Flask, write: Write) -> None:
    write({"m.html": "<p>Hello</p>"})
    message = made(site, "m", body="By hand")
    assert (message.body, message.html) == ("By hand", "<p>Hello</p>")


def test_processors_globals_and_filters_of_the_application_work(site: Flask, write: Write) -> None:
    site.context_processor(lambda: {"brand": "Postbox", "name": "not this"})
    site.jinja_env.globals["version"] = 1
    site.jinja_env.filters["loud"] = str.upper
    write({"m.txt": "{{ brand }} {{ name }} {{ version }} {{ name|loud }} {{ config.MAIL_TRANSPORT }}"})
    assert made(site, "m", name="Ann").body == "Postbox Ann 1 ANN memory"
    site.jinja_env.globals["version"] = 2
    assert made(site, "m", name="Ann").body == "Postbox Ann 2 ANN memory"


def test_templates_of_blueprints_are_found(site: Flask, write: Write, tmp_path: pathlib.Path) -> None:
    write({"shop/mail/order.txt": "Ordered"}, "shop/templates")
    site.register_blueprint(Blueprint("shop", "shop", root_path=str(tmp_path / "shop"), template_folder="templates"))
    assert made(site, "shop/mail/order").body == "Ordered"


def test_flasks_signals_are_sent(site: Flask, write: Write) -> None:
    write({"m.txt": "{{ name }}", "m.html": "{{ name }}"})
    seen: list[tuple[str, str | None]] = []

    def before(sender: Flask, template: t.Any, context: dict[str, t.Any], **_: t.Any) -> None:
        seen.append(("before", template.name))

    def after(sender: Flask, template: t.Any, context: dict[str, t.Any], **_: t.Any) -> None:
        seen.append((context["name"], template.name))

    with before_render_template.connected_to(before, site), template_rendered.connected_to(after, site):
        made(site, "m", name="Ann")
    assert seen == [("before", "m.txt"), ("Ann", "m.txt"), ("before", "m.html"), ("Ann", "m.html")]


# Reloading


def test_a_template_is_read_again_where_it_may_change(make_site: MakeSite, write: Write) -> None:
    write({"m.txt": "one"})
    fixed, reloading = make_site(), make_site(TEMPLATES_AUTO_RELOAD=True)
    assert made(fixed, "m").body == made(reloading, "m").body == "one"
    write({"m.txt": "two, and longer", "m.html": "<p>new"})
    assert (made(fixed, "m").body, made(fixed, "m").html) == ("one", None)
    os.utime(pathlib.Path(reloading.root_path) / "templates" / "m.txt", (1, 1))
    assert (made(reloading, "m").body, made(reloading, "m").html) == ("two, and longer", "<p>new")


def test_nothing_is_looked_up_or_compiled_for_the_second_message(site: Flask, write: Write) -> None:
    write(
        {
            "m.txt": "{% block subject %}{{ n }}{% endblock %}x",
            "m.html": "{% extends 'layout.html' %}",
            "layout.html": "y",
        }
    )
    made(site, "m", n=1)
    loader = site.jinja_env.loader
    assert loader is not None

    def refuse(*args: t.Any) -> t.Any:
        raise AssertionError(f"{args} is looked up again")

    loader.get_source = refuse  # type: ignore[method-assign]
    assert made(site, "m", n=2).subject == "2"


def test_an_asynchronous_environment_of_the_application_is_no_hindrance(site: Flask, write: Write) -> None:
    site.jinja_options = {"enable_async": True}
    write({"m.txt": "{% block subject %}{{ n }}{% endblock %}{% for each in [1, 2] %}{{ each }}{% endfor %}"})
    message = made(site, "m", n=3)
    assert (message.subject, message.body) == ("3", "12")


def test_settings_may_change_while_it_runs(site: Flask, write: Write) -> None:
    write({"m.txt": "[{{ missing }}]"})
    assert made(site, "m").body == "[]"
    site.extensions["mail"].strict_templates = True
    with pytest.raises(TemplateError):
        made(site, "m")


# Ways to send


def test_it_is_sent_in_all_ways_inside_and_outside_of_a_request(
    app: Flask, mail: Mail, smtp: Server, write: Write, tmp_path: pathlib.Path
) -> None:
    app.root_path, app.template_folder = str(tmp_path), "templates"
    app.jinja_loader = None  # type: ignore[misc, assignment]
    del app.jinja_loader
    write({"m.txt": "{% block subject %}No. {{ n }}{% endblock %}Text {{ n }}", "m.html": "<p>{{ n }}"})
    app.add_url_rule("/", view_func=lambda: str(bool(mail.send_template("m", "0@example.com", n=0))))

    assert app.test_client().get("/").text == "True"
    receipt = mail.send_template("m", "1@example.com", n=1)
    with app.app_context():
        messages = (Message.from_template("m", f"{n}@example.com", n=n) for n in (2, 3))
        assert all(result.ok for result in mail.send_many(messages))
        app.extensions["mail"].send_template("m", ["4@example.com"], n=4)

    assert receipt.accepted == ("1@example.com",)
    deliveries = smtp.wait(5)
    assert sorted(str(each.message["Subject"]) for each in deliveries) == [f"No. {n}" for n in range(5)]
    for delivery in deliveries:
        text, html = delivery.message.get_body(("plain",)), delivery.message.get_body(("html",))
        assert text is not None
        assert html is not None
        assert text.get_content().startswith("Text ")
        assert html.get_content().startswith("<p>")


def test_it_works_with_an_application_factory(tmp_path: pathlib.Path, write: Write) -> None:
    mail = Mail()
    write({"m.txt": "{{ config.NAME }}"})

    def create_app(name: str) -> Flask:
        app = Flask(name, root_path=str(tmp_path))
        app.config.update(NAME=name, MAIL_TRANSPORT="memory", MAIL_DEFAULT_SENDER="team@example.com")
        mail.init_app(app)
        return app

    one, two = create_app("one"), create_app("two")
    with pytest.raises(NotInitializedError):
        mail.send_template("m", ANN)
    for app in (one, two):
        with app.app_context(), mail.record_messages() as outbox:
            mail.send_template("m", ANN)
        assert outbox[0].body == app.name
    with one.app_context():  # another application's mail, from here
        assert two.extensions["mail"].make_message(Message, "m", {"recipients": ANN}).body == "two"


def test_what_templates_call_finds_their_application(make_site: MakeSite, write: Write) -> None:
    write({"m.txt": "{{ team() }}"})
    one, two = make_site(TEAM="one"), make_site(TEAM="two")
    for each in (one, two):
        each.add_template_global(lambda: current_app.config["TEAM"], "team")
    assert two.extensions["mail"].make_message(Message, "m", {}).body == "two"
    with one.app_context():
        assert two.extensions["mail"].make_message(Message, "m", {}).body == "two"


@pytest.mark.parametrize("queue", ["thread", "outbox"])
@pytest.mark.parametrize("inside", [True, False])
def test_later_hands_it_to_the_queue(
    make_site: MakeSite, write: Write, smtp: Server, tmp_path: pathlib.Path, inside: bool, queue: str
) -> None:
    write({"m.md": "{% block subject %}Hi {{ name }}{% endblock %}# {{ name }}\n\n![Logo](cid:static/a.png)"})
    write({"mail/layout.html": "<style>h1 { color: red }</style>{{ content }}"})
    write({"a.png": "\x89PNG"}, "static")
    site = make_site(
        **smtp.config,
        MAIL_TRANSPORT="smtp",
        MAIL_INLINE_CSS=True,
        MAIL_QUEUE=queue,
        MAIL_UNSENT_PATH=str(tmp_path / "left"),
        MAIL_OUTBOX_URL=f"sqlite:///{tmp_path / 'outbox.sqlite'}",
        MAIL_OUTBOX_WORKER="thread",
    )
    mail = site.extensions["mail"]
    with site.test_request_context() if inside else contextlib.nullcontext():
        assert isinstance(mail.send_template("m", ANN, later=True, name="Ann"), str)
        with site.app_context():
            messages = [Message.from_template("m", ANN, name="Bob")]
        assert [result.ok for result in mail.send_many(messages, later=True)] == [True]
    for delivery, name in zip(
        sorted(smtp.wait(2), key=lambda each: each.message["Subject"]), ("Ann", "Bob"), strict=True
    ):
        assert delivery.message["Subject"] == f"Hi {name}"
        html = delivery.message.get_body(("html",))
        assert html is not None
        assert f'<h1 style="color: red;">{name}</h1>' in html.get_content()
        [picture] = [part for part in delivery.message.walk() if part.get_content_type() == "image/png"]
        assert f'src="cid:{picture["Content-ID"][1:-1]}"' in html.get_content()


def test_a_message_from_a_template_is_like_any_other(site: Flask, write: Write) -> None:
    write({"m.txt": "Text", "m.html": "<p>{{ embed('static/a.png') }}"})
    (pathlib.Path(site.root_path) / "static").mkdir()
    (pathlib.Path(site.root_path) / "static" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    message = made(site, "m", subject="Hi")
    assert Message.from_dict(message.to_dict()).as_bytes() == message.as_bytes()


@pytest.mark.parametrize("ending", ["txt", "html", "md"])
def test_the_mark_that_some_editors_begin_a_file_with_is_no_text(site: Flask, write: Write, ending: str) -> None:
    write({f"mail/hello.{ending}": "\ufeff{% block subject %}Hello{% endblock %}\nHello, Ann!\n"})
    with site.app_context():
        message = Message.from_template("mail/hello", recipients=["ann@example.com"])
    assert message.subject == "Hello"
    assert "Hello, Ann!" in message.body
    assert "\ufeff" not in f"{message.body}{message.html}"
