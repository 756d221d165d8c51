"""Character sets."""

from __future__ import annotations

import pytest

from flask_mail.errors import BadHeaderError
from flask_mail.errors import ContentError
from flask_mail.mime.charsets import charset
from flask_mail.mime.charsets import UTF8


@pytest.mark.parametrize("name", [None, "", "utf-8", "UTF8", "utf_8"])
def test_utf8_by_all_its_names(name: str | None) -> None:
    assert charset(name) is UTF8


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("us-ascii", "us-ascii"),
        ("shift_jis", "iso-2022-jp"),
        ("euc-jp", "iso-2022-jp"),
        ("ISO-8859-1", "iso-8859-1"),
        ("latin-1", "iso-8859-1"),
        ("gb2312", "gb2312"),
        ("gb18030", "gb18030"),
        ("big5", "big5"),
        ("windows-1252", "windows-1252"),
    ],
)
def test_what_travels(name: str, label: str) -> None:
    assert charset(name).label == label
    assert "a".encode(charset(name).codec) == b"a"


@pytest.mark.parametrize(
    "name",
    ["no-such", "utf-16", "utf-7", "cp037", "base64", "rot13", "punycode", "idna", "é", "raw_unicode_escape", "hex"],
)
def test_what_cannot_be_the_charset_of_mail(name: str) -> None:
    with pytest.raises(ContentError, match="is not a character set for mail") as caught:
        charset(name)
    assert caught.value.field == "charset"


def test_a_line_break_in_a_charset_is_refused() -> None:
    with pytest.raises(BadHeaderError):
        charset("utf-8\r\nBcc: x")
