"""The document of the sandboxed frame: what is rewritten in a mail's HTML, and what stays."""

from __future__ import annotations

import time

import pytest

from flask_mail.mailbox.frame import document
from flask_mail.mailbox.frame import has_dark
from flask_mail.mailbox.frame import policy
from flask_mail.mailbox.frame import wants_remote
from flask_mail.mailbox.letter import Letter

PICTURE = Letter(
    b"Content-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: image/png\r\nContent-ID: <a%b@c>\r\n\r\n"
    b"PNG\r\n--x\r\nContent-Type: text/html\r\nContent-ID: <page@c>\r\n\r\n<p>\r\n--x--\r\n"
)


def shown(html: str, *, dark: bool = False, remote: bool = False) -> str:
    return document(PICTURE, html, dark=dark, remote=remote).replace('<base target="_blank">', "", 1)


@pytest.mark.parametrize(
    ("html", "closed", "opened"),
    [
        ("<p>Hello</p>", None, None),
        ("<p>cid:nothing and target=x and http://example.com</p>", None, None),
        ("<META http-equiv=refresh content=0>", "<basefont http-equiv=refresh content=0>", "same"),
        ("<base\nhref=//x>", "<basefont\nhref=//x>", "same"),
        ("<link rel=preconnect href=//x>", "<basefont rel=preconnect href=//x>", None),
        ("<LINK/rel=stylesheet>", "<basefont/rel=stylesheet>", None),
        ("<metadata><linked>", None, None),
        ("<a href=/x target=_top>", "<a href=/x data-target=_top>", "same"),
        ("<img src='https://x/y.png'>", "<img src='data:,https://x/y.png'>", None),
        ('<td background="//x/y.png">', '<td background="data:,//x/y.png">', None),
        ("<p style='background: url( http://x)'>", "<p style='background: url( data:,http://x)'>", None),
        ("<img src='data:image/png;base64,AAAA'>", None, None),
        ("<img src='cid:a%b@c'>", "<img src='data:image/png;base64,UE5H'>", "same"),
        ("<img src=CID:a%25b@c>", "<img src=data:image/png;base64,UE5H>", "same"),
        ("<iframe src='cid:page@c'></iframe>", None, None),
    ],
)
def test_only_what_no_policy_covers_is_rewritten(html: str, closed: str | None, opened: str | None) -> None:
    assert shown(html) == (closed or html)
    assert shown(html, remote=True) == (closed if opened == "same" else html)


def test_the_colours_that_are_asked_for_are_shown() -> None:
    html = "<style>@media (prefers-color-scheme: DARK) {} @media (prefers-color-scheme:light) {}</style>"
    light = "<style>:root{color-scheme:light}</style><style>@media (max-width:0px) {} @media (min-width:0px) {}</style>"
    dark = "<style>:root{color-scheme:dark}</style><style>@media (min-width:0px) {} @media (max-width:0px) {}</style>"
    assert (shown(html), shown(html, dark=True)) == (light, dark)
    assert "invert(1)" in shown("<p>Hello", dark=True)
    assert shown("<p>Hello") == "<p>Hello"


def test_what_is_put_in_stands_behind_the_doctype() -> None:
    html = "\r\n<!DOCTYPE html>\n<html><body>"
    assert document(PICTURE, html, dark=False, remote=False) == (
        '\r\n<!DOCTYPE html><base target="_blank">\n<html><body>'
    )


@pytest.mark.parametrize(
    ("html", "remote", "dark"),
    [
        ("<p>https://example.com</p><a href='https://example.com'>", False, False),
        ("<img src=//x>", True, False),
        ("<style>@import 'x'</style>", True, False),
        ("<link href=x rel=stylesheet>", True, False),
        ("<meta name=color-scheme content='light dark'>", False, True),
        ("<style>@media(prefers-color-scheme:dark){}</style>", False, True),
    ],
)
def test_what_a_mail_has_and_wants(html: str, remote: bool, dark: bool) -> None:
    assert (wants_remote(html), has_dark(html)) == (remote, dark)


def test_the_policy_loads_nothing_unless_asked_to() -> None:
    for remote in (False, True):
        directives = dict(each.strip().partition(" ")[::2] for each in policy(remote=remote).split(";") if each.strip())
        assert directives["default-src"] == directives["form-action"] == directives["base-uri"] == "'none'"
        assert directives["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
        assert directives["frame-ancestors"] == "'self'"
        assert directives["img-src"] == ("data: https: http:" if remote else "data:")
        assert directives["style-src"] == ("'unsafe-inline' data: https: http:" if remote else "'unsafe-inline'")


@pytest.mark.parametrize(
    "piece",
    ["<link ", "src=" + " " * 40, "color-scheme", "prefers-color-scheme", "<meta ", "<a target ", "<!doctype ", "url("],
)
def test_no_html_takes_quadratic_time(piece: str) -> None:
    started = time.process_time()
    for html in (piece * (200_000 // len(piece)), piece + " " * 200_000):
        assert shown(html)
        assert isinstance(wants_remote(html), bool)
    assert time.process_time() - started < 2


def test_a_picture_that_is_named_again_and_again_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_mail.mailbox.frame._MOST", 2 * len("data:image/png;base64,UE5H"))
    html = "<img src='cid:a%b@c'>" * 3
    assert shown(html) == "<img src='data:image/png;base64,UE5H'>" * 2 + "<img src='cid:a%b@c'>"
