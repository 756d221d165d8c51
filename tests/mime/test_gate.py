"""The gate: what breaks out of a line is refused, whatever the Python version thinks of it."""

from __future__ import annotations

import typing as t

import pytest
from markupsafe import Markup

from flask_mail.errors import BadHeaderError
from flask_mail.errors import ContentError
from flask_mail.mime.gate import esmtp_options
from flask_mail.mime.gate import field_name
from flask_mail.mime.gate import gate
from flask_mail.mime.gate import plain
from flask_mail.mime.gate import token

REFUSED = [*map(chr, range(9)), *map(chr, range(10, 32)), "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\udfff"]


@pytest.mark.parametrize("bad", REFUSED)
def test_controls_and_separators_and_surrogates_are_refused(bad: str) -> None:
    with pytest.raises(BadHeaderError, match=r"^subject must not contain") as caught:
        gate(f"a{bad}b", "subject")
    assert caught.value.field == "subject"
    assert bad not in str(caught.value)


@pytest.mark.parametrize(
    "good", ["", "text", "tab\tbed", "é", "名前", "😀", "\u00a0", "\u200b", "\u0378", "\x80", "\x9f"]
)
def test_all_other_text_passes_as_it_is(good: str) -> None:
    assert gate(good, "subject") is good


def test_the_error_says_what_it_found_and_stays_short() -> None:
    with pytest.raises(BadHeaderError) as caught:
        gate("x" * 10_000 + "\n", "subject")
    assert "a line feed" in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (Markup("<b>"), "<b>"), (b"\xc3\xa9", "é"), (bytearray(b"a"), "a"), (5, "5"), (ValueError("x"), "x")],
)
def test_values_become_exact_strings(value: t.Any, text: str) -> None:
    found = plain(value, "body")
    assert found == text
    assert type(found) is str


def test_octets_that_are_no_utf8_are_named() -> None:
    with pytest.raises(ContentError, match=r"^body: ") as caught:
        plain(b"\xff", "body")
    assert caught.value.field == "body"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "é", "a\n", "x" * 101, "a\tb"])
def test_what_is_no_name_of_a_header(name: str) -> None:
    with pytest.raises(BadHeaderError):
        field_name(name, "extra_headers")


@pytest.mark.parametrize("value", ["", "a b", "a/b", "é", "a;b", 'a"', "a\n", "x" * 128])
def test_what_is_no_token(value: str) -> None:
    with pytest.raises(BadHeaderError):
        token(value, "calendar")


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ([], ()),
        (["BODY=8BITMIME", "SMTPUTF8"], ("BODY=8BITMIME", "SMTPUTF8")),
        ("NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a@x.com", ("NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;a@x.com")),
    ],
)
def test_esmtp_options(values: t.Any, options: tuple[str, ...]) -> None:
    assert esmtp_options(values, "mail_options") == options


@pytest.mark.parametrize("option", ["=x", "a==b", "a=\xe9", "a\r\nRCPT TO:<x>", "<x>", "a=b=c"])
def test_what_would_break_out_of_an_smtp_command_is_refused(option: str) -> None:
    with pytest.raises(BadHeaderError) as caught:
        esmtp_options([option], "mail_options")
    assert caught.value.field == "mail_options"
