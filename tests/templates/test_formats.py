"""Markdown, MJML, CSS, pictures and languages."""

from __future__ import annotations

import pathlib
import re
import socket
import typing as t

import pytest
from flask import Blueprint
from flask import Flask
from flask import request

from flask_mail import Attachment
from flask_mail import Message
from flask_mail.templates.markdown import escaped
from flask_mail.templates.markdown import to_html
from flask_mail.templates.styles import inlined

from .conftest import MakeSite
from .conftest import PNG
from .conftest import Write
from .test_templates import ANN
from .test_templates import made

# Markdown


def test_markdown_becomes_text_and_html(site: Flask, write: Write) -> None:
    write(
        {
            "m.md": "{% block subject %}Hi {{ name }}{% endblock %}\n# Hello {{ name }}\n\n"
            "- [Confirm]({{ link }})\n- <{{ link }}>\n"
        }
    )
    message = made(site, "m", name="Ann & Co", link="https://example.com/a_b_c?x=1&y=2")
    link = "https://example.com/a_b_c?x=1&amp;y=2"
    assert message.subject == "Hi Ann & Co"
    assert message.html.startswith("<!DOCTYPE html>")
    assert "<title>Hi Ann &amp; Co</title>" in message.html
    assert f'<h1>Hello Ann &amp; Co</h1>\n<ul>\n<li><a href="{link}">Confirm</a></li>' in message.html
    assert f'<li><a href="{link}">{link}</a></li>' in message.html
    assert message.body == (
        "Hello Ann & Co\n==============\n\n- Confirm <https://example.com/a_b_c?x=1&y=2>\n"
        "- https://example.com/a_b_c?x=1&y=2\n"
    )


@pytest.mark.parametrize(
    "value",
    [
        "# no heading",
        "- no item",
        "1. no item",
        "*no* _emphasis_ **at all** ~~not~~",
        "[no link](https://evil.example)",
        "![no picture](https://evil.example/x.png)",
        "<https://evil.example>",
        "https://evil.example/*a*[b](c)",
        "[x]: https://evil.example",
        "`no code`",
        "```\nno fence\n```",
        "> no quotation",
        "a | b\n--|--\n1 | 2",
        "no heading\n===",
        "***",
        "&copy; &#42;",
        "back\\*slash\\\\",
        '"><script>alert(1)</script>',
        "' onclick='x",
    ],
)
def test_a_value_in_markdown_is_text_whatever_is_in_it(value: str) -> None:
    from flask_mail.mime.tags import unescaped

    html = to_html(f"Before {escaped(value)} after")
    assert unescaped(re.sub("</?p>", "", html)).split() == f"Before {value} after".split()
    first = to_html(f"{escaped(value)}\n")
    assert set(re.findall(r"<(\w+)", first)) <= {"p"}
    inside = to_html(f'<div title="{escaped(value)}">x</div>')
    assert inside.count("<") == 2
    assert inside.count('"') == 2


def test_a_macro_in_markdown_is_markdown_and_its_values_are_not(site: Flask, write: Write) -> None:
    write({"m.md": "{% macro strong(text) %}**{{ text }}**{% endmacro %}{{ strong(name) }} {{ [name]|join(', ') }}"})
    assert "<p><strong>*a* &lt;b&gt;</strong> *a* &lt;b&gt;</p>" in made(site, "m", name="*a* <b>").html


def test_code_in_markdown_shows_values_as_they_are() -> None:
    value = escaped("a*b <c> & `d`")
    assert "<code>a*b &lt;c&gt; &amp; d</code>" in to_html(f"`{escaped('a*b <c> & d')}`")
    assert "a*b &lt;c&gt; &amp; `d`" in to_html(f"```\n{value}\n```")


def test_markdown_has_tables_and_html(site: Flask, write: Write) -> None:
    write({"m.md": '| a | b |\n|---|---|\n| 1 | {{ x }} |\n\n<b>bold</b> <a href="javascript:x">y</a>\n'})
    message = made(site, "m", x="|2|")
    assert "<td>|2|</td>" in message.html
    assert "<b>bold</b>" in message.html


def test_a_value_is_no_dangerous_link_in_markdown(site: Flask, write: Write) -> None:
    write({"m.md": "[x]({{ link }})"})
    assert "href" not in made(site, "m", link="javascript:alert(1)").html


@pytest.mark.parametrize(
    "layout",
    [
        "<html><title>{{ subject }}</title>{{ content }}</html>",
        "<html><title>{% block subject %}{% endblock %}</title>{% block content %}{% endblock %}</html>",
        "<html><title>{{ subject }}</title>{% block content %}{{ content }}{% endblock %}</html>",
    ],
)
def test_markdown_stands_in_the_layout_of_the_site(site: Flask, write: Write, layout: str) -> None:
    write({"mail/layout.html": layout, "m.md": "{% block subject %}A & B{% endblock %}Hello *{{ name }}*"})
    html = made(site, "m", name="<Ann>").html
    assert html == "<html><title>A &amp; B</title><p>Hello <em>&lt;Ann&gt;</em></p>\n</html>"


def test_a_text_beside_markdown_is_the_text(site: Flask, write: Write) -> None:
    write({"m.md": "*Hello*", "m.txt": "By hand"})
    message = made(site, "m")
    assert message.body == "By hand"
    assert "<em>Hello</em>" in message.html


# MJML


def test_mjml_becomes_html_and_text(site: Flask, write: Write) -> None:
    write(
        {
            "m.mjml": "{% block subject %}Hi{% endblock %}<mjml><mj-body><mj-section><mj-column>"
            '<mj-text>Hello {{ name }}</mj-text><mj-button href="https://example.com/">Go</mj-button>'
            "</mj-column></mj-section></mj-body></mjml>"
        }
    )
    message = made(site, "m", name="Ann & Co")
    assert message.subject == "Hi"
    assert message.html.lower().startswith("<!doctype html>")
    assert "<mj-" not in message.html
    assert message.body == "Hello Ann & Co\n\nGo <https://example.com/>\n"


# CSS

STYLED = """<!DOCTYPE html><html><head><style>
p { color: red } a:hover { color: blue }
@media (max-width: 600px) { p { color: green } }
</style></head><body><p>Hello</p></body></html>"""


def test_css_is_inlined_where_the_setting_says_so(make_site: MakeSite, write: Write) -> None:
    write({"m.html": STYLED})
    assert made(make_site(), "m").html == STYLED
    html = made(make_site(MAIL_INLINE_CSS=True), "m").html
    assert '<p style="color: red;">Hello</p>' in html
    assert "@media (max-width: 600px) { p { color: green } }" in html
    assert "a:hover" in html
    assert re.search(r"^p \{", html, re.MULTILINE) is None


@pytest.mark.parametrize("media", ["print", "(max-width: 600px)", "screen and (max-width: 600px)"])
def test_a_style_sheet_for_some_media_is_left_alone(media: str) -> None:
    html = inlined(f'<style media="{media}">p {{ color: red }}</style><style>p {{ margin: 0 }}</style><p>x</p>')
    assert '<p style="margin: 0;">x</p>' in html
    assert f'media="{media}">p {{ color: red }}</style>' in html


def test_css_is_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    (tmp_path / "x.css").write_text("p { color: red }")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        port = listener.getsockname()[1]
        html = inlined(
            f'<link rel="stylesheet" href="http://127.0.0.1:{port}/x.css"><link rel="stylesheet" '
            f'href="{tmp_path}/x.css"><style>@import url(http://127.0.0.1:{port}/y.css); p {{ margin: 0 }}</style>'
            "<p>x</p>"
        )
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert '<p style="margin: 0;">x</p>' in html


def test_inlining_lets_nothing_out_of_an_attribute() -> None:
    html = inlined("<style>p { color: red }</style><p class='a&quot; onclick=&quot;x' title='&lt;b&gt;'>&lt;b&gt;</p>")
    assert 'class="a&quot; onclick=&quot;x"' in html
    assert "&lt;b&gt;</p>" in html


# Pictures


def pictured(site: Flask) -> None:
    (pathlib.Path(site.root_path) / "static").mkdir(exist_ok=True)
    (pathlib.Path(site.root_path) / "static" / "logo.png").write_bytes(PNG)


@pytest.mark.parametrize(
    "source",
    [
        '<img src="cid:static/logo.png">',
        "<img src='cid:{{ \"static/logo.png\" }}'>",
        "<img src=cid:static/logo.png>",
        '<img src="cid:/static/logo.png">',
        '<td background="cid:static/logo.png">',
        '<td style="background: url(cid:static/logo.png)">',
        "<td style=\"background: url('cid:static/logo.png')\">",
        '<img src="{{ embed("static/logo.png") }}">',
        '<img src="cid:{{ embed("static/logo.png") }}">',
        '{% macro logo() %}<img src="{{ embed("static/logo.png") }}">{% endmacro %}{{ logo() }}{{ logo() }}',
        '<img src="{{ embed(octets) }}">',
        '<img src="{{ embed(path) }}">',
    ],
)
def test_a_picture_travels_with_the_mail(site: Flask, write: Write, source: str) -> None:
    pictured(site)
    write({"m.html": source})
    message = made(site, "m", octets=PNG, path=pathlib.Path(site.root_path) / "static" / "logo.png")
    [picture] = message.attachments
    assert (picture.data, picture.content_type, picture.disposition) == (PNG, "image/png", "inline")
    assert f"cid:{picture.content_id}" in message.html
    assert "cid:cid" not in message.html
    assert "static/logo.png" not in message.html
    assert b"multipart/related" in message.as_bytes()


def test_a_macro_from_another_file_embeds(site: Flask, write: Write) -> None:
    pictured(site)
    write({"macros.html": "{% macro logo() %}<img src=\"{{ embed('static/logo.png') }}\">{% endmacro %}"})
    write({"m.html": "{% from 'macros.html' import logo %}{{ logo() }}"})
    write({"set.html": "{% set logo = embed('static/logo.png') %}"})  # which runs only once
    write({"n.html": "{% from 'set.html' import logo %}<img src='{{ logo }}'>"})
    for name in ("m", "n", "m", "n"):
        assert len(made(site, name).attachments) == 1


def test_pictures_work_in_markdown_and_mjml(site: Flask, write: Write) -> None:
    pictured(site)
    write({"a.md": "![Logo](cid:static/logo.png)"})
    write({"b.mjml": '<mjml><mj-body><mj-section><mj-column><mj-image src="cid:static/logo.png" /></mj-column>'
                     "</mj-section></mj-body></mjml>"})  # fmt: skip
    for name in "ab":
        message = made(site, name)
        assert f"cid:{message.attachments[0].content_id}" in message.html
    assert made(site, "a").body == "[Logo]\n"


def test_a_picture_that_has_changed_is_read_again(site: Flask, write: Write) -> None:
    pictured(site)
    write({"m.html": '<img src="cid:static/logo.png">'})
    assert made(site, "m").attachments[0].data == PNG
    (pathlib.Path(site.root_path) / "static" / "logo.png").write_bytes(PNG + b"more")
    assert made(site, "m").attachments[0].data == PNG + b"more"


def test_pictures_of_a_blueprint_are_found(site: Flask, write: Write, tmp_path: pathlib.Path) -> None:
    (tmp_path / "shop" / "files").mkdir(parents=True)
    (tmp_path / "shop" / "files" / "cart.png").write_bytes(PNG)
    shop = Blueprint("shop", "shop", root_path=str(tmp_path / "shop"), static_folder="files", static_url_path="/x")
    site.register_blueprint(shop)
    write({"m.html": '<img src="cid:static/cart.png">'})
    assert made(site, "m").attachments[0].filename == "cart.png"


def test_the_content_id_of_an_attachment_is_left_alone(site: Flask, write: Write) -> None:
    write({"m.html": '<img src="cid:chart.png"><img src="cid:part1.abc@example.com"> cid:x.png <!-- cid: -->'})
    chart = Attachment("chart.png", data=PNG, disposition="inline", content_id="chart.png")
    message = made(site, "m", attachments=[chart])
    assert message.attachments == [chart]
    assert 'src="cid:chart.png"' in message.html


def test_two_mails_at_once_keep_their_pictures_apart(site: Flask, write: Write) -> None:
    write({"m.html": "{{ embed(octets) }}{{ other() }}", "n.html": "{{ embed(octets) }}"})
    inner: list[Message] = []

    def other() -> str:
        inner.append(Message.from_template("n", ANN, octets=PNG + b"n"))
        return ""

    message = made(site, "m", octets=PNG + b"m", other=other)
    assert [each.data for each in message.attachments] == [PNG + b"m"]
    assert [each.data for each in inner[0].attachments] == [PNG + b"n"]


# Languages


@pytest.fixture
def translated(make_site: MakeSite, write: Write, tmp_path: pathlib.Path) -> Flask:
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from flask_babel import Babel

    catalog = Catalog(locale="zh_Hans_CN")
    catalog.add("Hello %(name)s", "%(name)s，您好")
    catalog.add("Welcome", "欢迎")
    folder = tmp_path / "translations" / "zh_Hans_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with open(folder / "messages.mo", "wb") as file:
        write_mo(file, catalog)
    write(
        {
            "m.txt": "{% block subject %}{{ _('Welcome') }}{% endblock %}{{ _('Hello %(name)s', name=name) }} "
            "{{ day|dateformat('long') }} {{ locale }}",
            "m.html": "<p>{{ _('Hello %(name)s', name=name) }}</p>",
        }
    )
    site = make_site()
    Babel(site, default_locale="en", locale_selector=lambda: request.args.get("lang", "en") if request else "en")
    return site


@pytest.mark.parametrize("locale", ["zh_Hans_CN", "zh-Hans-CN"])
def test_the_readers_language_rules_the_whole_mail(translated: Flask, locale: str) -> None:
    import datetime

    from flask_babel import get_locale
    from flask_babel import lazy_gettext

    given: dict[str, t.Any] = {"name": "<王>", "day": datetime.date(2026, 11, 21)}
    with translated.test_request_context("/?lang=en"):
        chinese = Message.from_template("m", ANN, locale=locale, **given)
        english = Message.from_template("m", ANN, **given)
        lazy = Message.from_template("m", ANN, locale=locale, subject=lazy_gettext("Welcome"), **given)
        assert str(get_locale()) == "en"
    assert (chinese.subject, chinese.body) == ("欢迎", f"<王>，您好 2026年11月21日 {locale}")
    assert chinese.html == "<p>&lt;王&gt;，您好</p>"
    assert (english.subject, english.body) == ("Welcome", "Hello <王> November 21, 2026 ")
    assert lazy.subject == "欢迎"


def test_the_readers_language_rules_without_a_request_and_for_many(translated: Flask) -> None:
    state = translated.extensions["mail"]
    given = {"name": "王", "day": None}
    with state.record_messages() as outbox:
        state.send_template("m", ANN, locale="zh_Hans_CN", **given)
        with translated.app_context():
            locales = ("zh_Hans_CN", "en", None, "zh_Hans_CN")
            list(state.send_many(Message.from_template("m", ANN, locale=each, **given) for each in locales))
    assert [message.subject for message in outbox] == ["欢迎", "欢迎", "Welcome", "Welcome", "欢迎"]


def test_the_readers_language_rules_what_is_imported(translated: Flask, write: Write) -> None:
    write(
        {
            "words.txt": "{% set welcome = _('Welcome') %}{% macro again() %}{{ welcome }}{% endmacro %}",
            "n.txt": "{% import 'words.txt' as w %}{% from 'words.txt' import again %}{{ w.welcome }} {{ again() }}",
        }
    )
    with translated.app_context():
        bodies = [Message.from_template("n", ANN, locale=each).body for each in ("en", "zh_Hans_CN", None)]
    assert bodies == ["Welcome Welcome", "欢迎 欢迎", "Welcome Welcome"]


def test_without_flask_babel_a_locale_is_a_variable(site: Flask, write: Write) -> None:
    write({"m.txt": "{% if locale == 'zh' %}您好{% else %}Hello{% endif %}"})
    assert made(site, "m", locale="zh").body == "您好"
    assert made(site, "m").body == "Hello"
