"""MIME types and parameters (RFC 2045 §5.1, RFC 2231)."""

from __future__ import annotations

import email
import email.policy

import pytest

from flask_mail.errors import BadHeaderError
from flask_mail.mime import parameters


@pytest.mark.parametrize(
    ("written", "kind", "given"),
    [
        ("text/plain", "text/plain", []),
        ("Text/HTML; Charset=UTF-8", "text/html", [("charset", "UTF-8")]),
        (
            'text/calendar; method=REQUEST; name="a \\"b\\".ics"',
            "text/calendar",
            [("method", "REQUEST"), ("name", 'a "b".ics')],
        ),
        ("application/vnd.api+json;", "application/vnd.api+json", []),
    ],
)
def test_reading_types(written: str, kind: str, given: list[tuple[str, str]]) -> None:
    assert parameters.mime_type(written, "content_type") == (kind, given)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "text",
        "text/",
        "/plain",
        "text/plain/x",
        "te xt/plain",
        "text/plain; x",
        "text/plain; x=",
        'text/plain; x="a',
        "text/plain\r\nX: y",
        "text/plain; a=b c",
        "é/plain",
        "text/" + "x" * 300,
    ],
)
def test_what_is_no_type(written: str) -> None:
    with pytest.raises(BadHeaderError) as caught:
        parameters.mime_type(written, "attachments[0].content_type")
    assert caught.value.field == "attachments[0].content_type"


def line(name: str) -> str:
    return parameters.line("Content-Disposition", "attachment", [("filename", name)], "filename")


def test_an_ascii_name_stands_in_quotes_on_one_line() -> None:
    assert line("test doc.txt") == 'Content-Disposition: attachment; filename="test doc.txt"\n'


def test_another_name_is_one_rfc_2231_parameter() -> None:
    assert line("报告.pdf") == "Content-Disposition: attachment; filename*=UTF8''%E6%8A%A5%E5%91%8A.pdf\n"


@pytest.mark.parametrize(
    "name", ["x" * 500, "x" * 2_000, "名" * 100, "名" * 1_000, 'a"b', "a\\b", "a  b", " a", "<a>", "=?x?="]
)
def test_odd_and_long_names_come_back_from_both_parsers(name: str) -> None:
    written = line(name).replace("\n", "\r\n")
    assert max(map(len, written.split("\r\n"))) <= 998
    for policy in (email.policy.compat32, email.policy.default):
        part = email.message_from_string(written + "\r\n", policy=policy)
        params = dict(part.get_params(header="content-disposition") or [])
        found = params["filename"]
        assert (email.utils.collapse_rfc2231_value(found) if isinstance(found, tuple) else found) == name


def test_a_name_for_old_outlooks() -> None:
    assert parameters.encoded_name("报告.pdf") == 'name="=?utf-8?b?5oql5ZGKLnBkZg==?="'
    assert parameters.encoded_name("report.pdf") is None


def test_parameters_are_checked() -> None:
    for key, value in (("a b", "c"), ("a", "b\r\nc"), ("a", "\0")):
        with pytest.raises(BadHeaderError):
            parameters.parameter(key, value, "alts")
