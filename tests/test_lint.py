"""Linting finds each fault in a mail made for it, and nothing in mail that is as it should be."""

from __future__ import annotations

import datetime
import pathlib
import re
import time
import typing as t

import pytest
from flask import Flask

from flask_mail import Attachment
from flask_mail import Mail
from flask_mail import Message
from flask_mail import NotInitializedError
from flask_mail.message import Finding
from flask_mail.templates import clients
from flask_mail.templates import markup
from flask_mail.templates import rules
from flask_mail.templates.lint import lint
from flask_mail.templates.lint import lint_octets

DOCS = pathlib.Path(__file__).parents[1] / "docs"
PNG = b"\x89PNG\r\n\x1a\n"
SENDER = "support@mysite.example"


def letter(html: str | None = None, **given: t.Any) -> Message:
    return Message(**{"subject": "Hello", "recipients": ["ada@example.com"], "sender": SENDER, "html": html, **given})


def found(message: Message, **given: t.Any) -> dict[str, Finding]:
    """What was found by rule; no rule tells the same thing twice."""
    findings = lint(message, **given)
    assert len({(each.rule, each.text) for each in findings}) == len(findings)
    return {each.rule: each for each in findings}


# Five clean mails

LAYOUT = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mail</title>
<style>
  body {{ margin: 0; background-color: #f4f4f4 }}
  .button {{ border-radius: 4px; padding: 12px 24px; background-color: #0f6b6b; color: #ffffff }}
  .button:hover {{ background-color: #0b4f4f }}
  @media only screen and (max-width: 600px) {{ .column {{ width: 100% !important; display: block !important }} }}
</style></head>
<body><!--[if mso]><table width="600"><tr><td><div style="position: absolute"><![endif]-->
<table role="presentation" width="100%" cellpadding="0"><tr><td class="column" style="max-width:600px; padding: 20px">
{}
</td></tr></table><!--[if mso]></div></td></tr></table><![endif]--></body></html>
"""


def welcome() -> Message:
    return letter(
        LAYOUT.format('<h1>Welcome</h1><p><a class="button" href="https://mysite.example/confirm/abc">Confirm</a></p>')
    )


def invoice() -> Message:
    rows = "".join(f"<tr><td>Thing {number}</td><td align='right'>{number}.00</td></tr>" for number in range(200))
    message = letter(LAYOUT.format(f"<table>{rows}</table><p>Call <a href='tel:+4912345'>us</a></p>"), body="Thing ...")
    message.attach("invoice.pdf", "application/pdf", b"%PDF-1.7 ...")
    return message


def with_picture() -> Message:
    message = letter()
    cid = message.embed(PNG, "logo.png")
    message.html = LAYOUT.format(
        f'<img src="cid:{cid}" alt="Mysite" width="120"><img src="https://mysite.example/line.gif" alt="">'
        f'<td background="https://mysite.example/a.png"><a href="#top">Up</a> <a href="mailto:{SENDER}">Write</a></td>'
    )
    return message


def newsletter() -> Message:
    message = letter(LAYOUT.format("<h2>News</h2><ul><li>One</li><li>Two</li></ul>"))
    message.extra_headers = {"Precedence": "bulk", "List-Id": "News <news.mysite.example>"}
    message.list_unsubscribe("https://mysite.example/unsubscribe/token")
    return message


def chinese() -> Message:
    return letter(
        LAYOUT.format('<p>您好，请点击 <a href="https://mysite.example/确认">这里</a> 确认。</p>'),
        subject="欢迎",
        recipients=[("王伟", "wang@例子.example")],
        body=None,
    )


@pytest.mark.parametrize("make", [welcome, invoice, with_picture, newsletter, chinese])
def test_nothing_is_found_in_clean_mail(make: t.Callable[[], Message], app: Flask, mail: Mail) -> None:
    with app.app_context():
        assert make().lint() == []


def test_plain_text_alone_is_clean() -> None:
    assert found(letter(body="Just words. Look at /etc/hosts and cid:nothing.")) == {}


# Each fault


def test_html_that_gmail_cuts_off() -> None:
    clipped = found(letter(f"<p>{'word ' * 21_000}</p>"))["size"]
    assert clipped.level == "error"
    assert clipped.text.startswith("The HTML is 10")
    assert "size" not in found(letter(f"<p>{'word ' * 18_000}</p>"))


def test_the_size_is_that_of_the_html_as_it_is_sent() -> None:
    """Chinese takes three octets a character, and four in base64."""
    html = f"<p>{'汉' * 28_000}</p>"
    assert len(html.encode()) < 102 * 1024
    assert "size" in found(letter(html))


def test_a_large_attachment_is_not_clipped() -> None:
    message = letter("<p>Look</p>")
    message.attach("large.bin", "application/octet-stream", b"x" * 500_000)
    message.attach("page.html", "text/html", f"<p>{'word ' * 50_000}<img src=/x></p>")
    assert found(message) == {}


@pytest.mark.parametrize("body", ["", " \n"])
def test_html_without_text(body: str) -> None:
    assert found(letter("<p>Hello</p>", body=body))["text-missing"].level == "warning"
    assert found(letter("<p>Hello</p>", body=None)) == {}, "made from the HTML"


def test_pictures_without_alt() -> None:
    finding = found(letter('<p>\n<img src="https://x.example/a.png"></p>'))["alt-missing"]
    assert finding == Finding(
        "alt-missing",
        "warning",
        "The picture 'https://x.example/a.png' has no alt text: many see an empty frame until they allow pictures.",
        'Say in alt what it shows; alt="" where it is only an ornament.',
        "html line 2",
    )


@pytest.mark.parametrize(
    "html",
    ['<img alt="x" src="cid:logo">', '<td background="cid:logo">x</td>', "<p style='background: url(cid:logo)'>x</p>"],
)
def test_a_cid_of_nothing(html: str) -> None:
    message = letter(html)
    assert found(message)["cid-broken"].level == "error"
    message.attachments = [Attachment("logo.png", "image/png", PNG, "inline", content_id="logo")]
    assert "cid-broken" not in found(message)


def test_a_cid_in_the_text_is_none() -> None:
    html = "<p>Your cid:4711 (cid:4712), 'cid:4713'</p><a href='https://mysite.example/?cid:4714'>x</a>"
    assert not found(letter(html))


def test_a_cid_that_is_escaped() -> None:
    message = letter('<img alt="x" src="cid:a%2Bb@x">')
    assert "cid-broken" in found(message)
    message.attachments = [Attachment("logo.png", "image/png", PNG, "inline", content_id="a+b@x")]
    assert "cid-broken" not in found(message)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="/confirm">x</a>',
        '<a href="confirm.html">x</a>',
        '<a href="">x</a>',
        '<a href="//mysite.example/x">x</a>',
        '<a href="www.mysite.example">x</a>',
        '<img alt="x" src="/static/logo.png">',
        '<div style="background: url(/static/a.png)">x</div>',
        "<style>div { background: url('/static/a.png') }</style>",
        '<form action="/answer">x</form>',
    ],
)
def test_relative_links(html: str) -> None:
    finding = found(letter(f"<p>\n\n{html}</p>"))["link-relative"]
    assert (finding.level, finding.where) == ("error", "html line 3")


@pytest.mark.parametrize(
    "html",
    [
        '<img alt="x" src="http://mysite.example/a.png">',
        '<img alt="x" src="https://mysite.example/a.png" srcset="https://m.example/a 1x, HTTP://m.example/b 2x">',
        '<table background="http://mysite.example/a.png"><tr><td>x</td></tr></table>',
        "<p style='background-image: url( \"http://mysite.example/a.png\" )'>x</p>",
        "<style>p { background-image: url(http://mysite.example/a.png) }</style>",
    ],
)
def test_images_without_https(html: str) -> None:
    assert found(letter(html))["image-insecure"].level == "warning"
    assert "image-insecure" not in found(letter(html.replace("http:", "https:").replace("HTTP:", "https:")))


def test_a_link_may_do_without_https() -> None:
    assert found(letter('<a href="http://mysite.example/">x</a>')) == {}


# What clients drop

USES = {
    "position: absolute, fixed or sticky": '<div style="color: red; POSITION : Absolute !important">x</div>',
    "display: flex": "<style>/* a { */ .a, .b { display: flex }</style>",
    "display: grid": "<p style='display:inline-grid'>x</p>",
    "align-items": "<style>@media (max-width: 600px) { .a { align-items: center } }</style>",
    "visibility: hidden": "<p style=visibility:hidden>x</p>",
    "margin-inline and margin-block": "<p style='margin-inline: 1px'>x</p>",
    "variables, var(--name)": "<p style='color: var(--brand, red)'>x</p>",
    "calc()": "<p style='width: calc(100% - (2px + 3px))'>x</p>",
    "lch(), oklch(), lab() and oklab()": "<p style='color: oklch(40% 0.1 20)'>x</p>",
    "@import": "<style>@import url('https://x.example/a.css');\n p { color: red }</style>",
    "fonts by @import": "<style>@import url(https://fonts.example/css?family=x);</style>",
    "@font-face": "<style>@font-face { font-family: x; src: url(https://x.example/x.woff2) }</style>",
    "@media (prefers-color-scheme)": "<style>@media (prefers-color-scheme: dark) { p { color: white } }</style>",
    "nested rules": "<style>.a { color: red; .b { color: green } }</style>",
    ":not()": "<style>a:not(.b) { color: red }</style>",
    ":nth-child()": "<style>tr:nth-child(2n) { color: red }</style>",
    "::before": "<style>a::before { content: 'x;}' }</style>",
    "style sheets by <link>": '<link rel="stylesheet" href="https://x.example/a.css">',
    "fonts by <link>": '<link rel="stylesheet" href="https://fonts.example/css?family=x">',
    "<svg>": "<svg><circle r='1'/></svg>",
    "<video>": "<video poster='https://x.example/a.png'></video>",
    "pictures in the address (data:)": '<img alt="x" src="data:image/png;base64,iVBORw0KGgo=">',
    "pictures in WebP": '<img alt="x" src="https://x.example/a.webp?v=1">',
}


@pytest.mark.parametrize("name", USES)
def test_what_clients_drop(name: str) -> None:
    feature = next(each for each in clients.features() if each.name == name)
    assert [(each.level, each.text) for each in lint(letter(USES[name])) if each.rule == "dropped-by-clients"] == [
        (feature.level, _dropping(feature))
    ]


def _dropping(feature: clients.Feature) -> str:
    *others, last = feature.dropped
    who = f"{', '.join(others)} and {last} drop" if others else f"{last} drops"
    return f"{who} {feature.name} (tested {feature.tested})."


@pytest.mark.parametrize(
    "html",
    [
        "<p>position: absolute; display: flex; calc(1px) var(--x) :not( ::before @import</p>",
        "<!-- <style>a:not(b) { display: flex }</style> --><p title='display:flex'>x</p>",
        "<style>/* a:not(b) { display: flex } */ p { color: red }</style>",
        "<style>.calc, .var, #display-flex { color: red }</style>",
        "<p style='display: block; position: relative; width: 20%'>x</p>",
        "<link rel='icon' href='https://x.example/a.png'>",
        "<a href='https://x.example/::before'>x</a>",
    ],
)
def test_what_only_looks_like_it(html: str) -> None:
    assert found(letter(f"{html}<p>x</p>")) == {}


def test_uses_are_counted_and_the_first_is_shown() -> None:
    html = "<p>\n<style>\na { color: red }\n\n.x { display: flex }\n</style>\n<p style='display: flex'>x</p>"
    finding = found(letter(html))["dropped-by-clients"]
    assert "used 2 times" in finding.text
    assert finding.where == "html line 5"


def test_the_table_says_where_and_when_it_is_from() -> None:
    source = clients.source()
    assert "caniemail.com" in source.name
    assert source.snapshot == datetime.date(2026, 6, 29)
    assert "caniemail.com, 2026-06-29" in found(letter("<p style='display: flex'>x</p>"))["dropped-by-clients"].remedy
    for feature in clients.features():
        assert feature.dropped
        assert datetime.date(2018, 1, 1) < feature.tested <= source.snapshot
        assert feature.level in ("warning", "note")


def test_every_row_of_the_table_is_one_of_a_kind() -> None:
    features = clients.features()
    assert len({feature.name for feature in features}) == len(features) > 50
    assert {feature.kind for feature in features} == {"property", "function", "rule", "selector", "element", "image"}


# Bulk


@pytest.mark.parametrize(
    "given",
    [
        {"extra_headers": {"Precedence": "Bulk"}},
        {"extra_headers": {"Precedence": "list"}},
        {"extra_headers": {"List-Id": "<news.mysite.example>"}},
        {"extra_headers": {"Feedback-ID": "campaign:customer:type:sender"}},
        {"bcc": [f"reader{number}@example.com" for number in range(50)]},
    ],
)
def test_bulk_without_unsubscribing(given: dict[str, t.Any]) -> None:
    message = letter(body="News", **given)
    assert found(message)["unsubscribe-missing"].level == "error"
    message.list_unsubscribe(mailto="leave@mysite.example")
    assert found(message)["unsubscribe-not-one-click"].level == "warning"
    message.list_unsubscribe("https://mysite.example/u/1", one_click=False)
    assert found(message)["unsubscribe-not-one-click"].level == "warning"
    message.list_unsubscribe("https://mysite.example/u/1")
    assert found(message) == {}


def test_what_is_no_bulk() -> None:
    assert found(letter(body="x", extra_headers={"Precedence": "first-class"})) == {}
    assert found(letter(body="x", cc=[f"reader{number}@example.com" for number in range(48)])) == {}


def test_the_caller_may_say_that_it_is_bulk(app: Flask, mail: Mail) -> None:
    with app.app_context():
        assert [each.rule for each in letter(body="x").lint(bulk=True)] == ["unsubscribe-missing"]
    assert [each.rule for each in mail.lint(letter(body="x"), bulk=True)] == ["unsubscribe-missing"]


# Addresses


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({"MAIL_SERVER": "smtp.example.com", "MAIL_USERNAME": "me@elsewhere.example"}, "warning"),
        ({"MAIL_SERVER": "smtp.example.com", "MAIL_USERNAME": "robot@mysite.example"}, "note"),
        ({"MAIL_SERVER": "smtp.163.com", "MAIL_USERNAME": "me@163.com"}, "error"),
        ({"MAIL_SERVER": "smtp.example.com", "MAIL_USERNAME": "Support@MySite.example"}, None),
        ({"MAIL_SERVER": "smtp.example.com", "MAIL_USERNAME": "apikey"}, None),
        ({"MAIL_SERVER": "smtp.163.com", "MAIL_USERNAME": "me@163.com", "MAIL_TRANSPORT": "console"}, None),
    ],
)
def test_from_that_differs_from_the_login(settings: dict[str, str], level: str | None) -> None:
    app = Flask("app")
    app.config.update(settings, MAIL_PASSWORD="secret")
    Mail(app)
    with app.app_context():
        levels = [each.level for each in letter(body="x").lint() if each.rule == "from-differs"]
    assert levels == ([level] if level else [])


@pytest.mark.parametrize(
    "given", [{"sender": "jörg@mysite.example"}, {"cc": ["用户@example.com"]}, {"bcc": ["ü@x.example"]}]
)
def test_addresses_beyond_ascii(given: dict[str, t.Any]) -> None:
    finding = found(letter(body="x", **given))["address-beyond-ascii"]
    assert finding.level == "warning"
    assert str(next(iter(given.values()))).strip("[]'") in finding.text


def test_names_and_domains_may_have_any_letters() -> None:
    assert found(letter(body="x", sender=("Jörg", "joerg@mysite.example"), cc=["a@straße.example"])) == {}


# The engine


def test_a_message_that_cannot_be_composed() -> None:
    finding = found(letter(body="x", subject="a\nBcc: x@example.com"))["not-composed"]
    assert finding.level == "error"
    assert "subject" in finding.text


def test_the_message_stays_as_it_was(app: Flask, mail: Mail) -> None:
    message = letter("<p>x</p>")
    with app.app_context():
        message.lint()
    assert message.stamp is None
    assert message.date is None
    assert mail.send(message).accepted == ("ada@example.com",)


def test_a_message_in_pieces_can_be_looked_at() -> None:
    assert [each.rule for each in lint(Message(html="<a href='/x'>x</a>"))] == ["link-relative"]


def test_without_an_application_it_says_so() -> None:
    with pytest.raises(NotInitializedError, match=r"^Message.lint\(\) needs an application with mail"):
        letter().lint()


def test_the_gravest_comes_first() -> None:
    html = "<p style='text-shadow: 1px'><img src='http://x.example/a.png'><a href='/x'>x</a></p>"
    assert [each.level for each in lint(letter(html))] == ["error", "warning", "warning", "note"]


def test_a_finding_reads_well() -> None:
    [finding] = lint(letter("<a href='/x'>x</a>"))
    assert str(finding) == (
        "error link-relative: html line 1: The address '/x' is relative, and a mail has no place to start from. "
        "Write the whole address, with url_for(..., _external=True)."
    )


def test_mail_that_was_captured() -> None:
    """Mail of others has other encodings, no text, raw UTF-8 in its header."""
    corpus = pathlib.Path(__file__).with_name("corpus")
    for path in sorted(corpus.glob("*.eml")):
        assert not [each for each in lint_octets(path.read_bytes()) if each.level == "error"], path.name
    octets = (
        'From: Jörg <jörg@example.com>\r\nTo: a@bücher.example\r\nContent-Type: text/html; charset="x-unknown"\r\n\r\n'
        "<img src=a.png>\r\n"
    ).encode()
    rules = ["link-relative", "text-missing", "alt-missing", "address-beyond-ascii"]
    assert [each.rule for each in lint_octets(octets)] == rules


@pytest.mark.parametrize(
    "unit", ["<a ", "<!--", "<", "<a x='", "<a x=1 y=2 ", "<style>a{", "(", "<p style='a:(((", "</", '<style>@import "']
)
def test_malformed_html_takes_no_time(unit: str) -> None:
    html = unit * (400_000 // len(unit))
    start = time.process_time()
    markup.read(html)
    assert time.process_time() - start < 5  # quadratic time would be minutes


def test_html_of_any_length_is_looked_at_in_part() -> None:
    message = letter("<p>x</p>\n" * 100_000)
    start = time.process_time()
    assert found(message)["too-long"].level == "note"
    assert time.process_time() - start < 10


def test_the_page_lists_every_rule_and_says_of_when_the_table_is() -> None:
    page = (DOCS / "lint.md").read_text("utf-8")
    source = pathlib.Path(rules.__file__).read_text("utf-8")
    told = set(re.findall(r'Finding\(\s*"([a-z-]+)"', source)) | {"not-composed"}
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == told
    assert f"as of {clients.source().snapshot}" in page
    assert f"{rules.CLIPPED // 1024} kB" in page
    assert f"{rules.MANY} recipients" in page.replace("\n", " ")
