"""Text bodies (RFC 2045 §6)."""

from __future__ import annotations

import base64
import quopri
import time

import pytest

from flask_mail.errors import ContentError
from flask_mail.mime import bodies
from flask_mail.mime.charsets import charset
from flask_mail.mime.charsets import UTF8

CHINESE = "您的订单已经发货。\n"


@pytest.mark.parametrize("text", ["", "Hello", "Hello\n", "a\n\nb\n", "x" * 998, ("x" * 998 + "\n") * 3, ".\n.."])
def test_short_ascii_goes_as_it_is(text: str) -> None:
    assert bodies.encode(text, UTF8, "body") == (UTF8, "7bit", text)


@pytest.mark.parametrize("text", ["a\r\nb\rc\n", "a\rb\r\nc\r\n"])
def test_every_line_end_is_the_same(text: str) -> None:
    assert bodies.encode(text, UTF8, "body")[2] == text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    "text", ["x" * 999, "a\n" + "y" * 5000 + "\nb\n", "é" * 20 + "x" * 300, "trailing é \n \n", "Soup à l'oignon"]
)
def test_what_is_mostly_ascii_is_quoted_printable(text: str) -> None:
    _, encoding, body = bodies.encode(text, UTF8, "body")
    assert encoding == "quoted-printable"
    assert max(map(len, body.split("\n"))) <= 76
    assert quopri.decodestring(body.encode("ascii")).decode() == text


def test_what_is_not_is_base64() -> None:
    _, encoding, body = bodies.encode(CHINESE * 20, UTF8, "body")
    assert encoding == "base64"
    assert max(map(len, body.split("\n"))) <= 76
    assert base64.b64decode(body).decode() == CHINESE.replace("\n", "\r\n") * 20


def test_shift_jis_goes_as_iso_2022_jp_in_seven_bits() -> None:
    used, encoding, body = bodies.encode("内容\n", charset("shift_jis"), "body")
    assert (used.label, encoding) == ("iso-2022-jp", "7bit")
    assert body.encode("ascii").decode("iso-2022-jp") == "内容\n"


@pytest.mark.parametrize("name", ["us-ascii", "iso-8859-1", "shift_jis"])
def test_utf8_takes_over_where_a_charset_lacks_a_character(name: str) -> None:
    assert bodies.encode("😀 é 名", charset(name), "body")[0] is UTF8


@pytest.mark.parametrize("bad", ["\0", "\ud800"])
def test_what_is_no_text_is_an_error_naming_the_field(bad: str) -> None:
    with pytest.raises(ContentError, match=r"^html ") as caught:
        bodies.encode(f"a{bad}b", UTF8, "html")
    assert caught.value.field == "html"


@pytest.mark.parametrize("limit", [997, 998, 999, 1996, 1997, 1998])
def test_long_lines_are_found_wherever_they_are(limit: int) -> None:
    for text in ("x" * limit, "a\n" + "x" * limit, "x" * limit + "\na", ("y" * 10 + "\n") * 200 + "x" * limit):
        assert bodies.has_long_line(text, "\n") == (max(map(len, text.split("\n"))) > 998)


def test_time_is_linear() -> None:
    for text in ("\r" * 1_000_000, "x\n" * 500_000, "é" * 500_000, "=" * 1_000_000):
        began = time.process_time()
        bodies.encode(text, UTF8, "body")
        assert time.process_time() - began < 1


@pytest.mark.parametrize("name", ["iso-2022-jp", "shift_jis", "iso-2022-kr", "iso-2022-jp-2"])
@pytest.mark.parametrize("text", ["\x1b$B plain", "日本 \x1b[31mred", "\x1b", "a\x0eb", "日本\x0e\x0f語"])
def test_what_would_not_come_back_from_a_charset_goes_as_utf8(name: str, text: str) -> None:
    used, encoding, body = bodies.encode(text, charset(name), "body")
    octets = body.encode("ascii")
    if encoding != "7bit":
        octets = base64.b64decode(octets) if encoding == "base64" else quopri.decodestring(octets)
    assert octets.decode(used.label) == text
