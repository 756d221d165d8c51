"""The waist: plain data, with its few rules."""

from __future__ import annotations

import collections.abc as c

import pytest

from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Receipt
from flask_mail.submission import Reply


class Blocks:
    size = 6

    def __iter__(self) -> c.Iterator[bytes]:
        yield b"abc"
        yield b"def"


def test_content_is_iterated_again_and_again() -> None:
    content = Content([b"x\r\n", Blocks(), b"\r\n"])
    assert list(content) == list(content) == [b"x\r\n", b"abc", b"def", b"\r\n"]
    assert bytes(content) == b"x\r\nabcdef\r\n"
    assert len(content) == content.size == len(bytes(content))


def test_an_envelope_has_recipients() -> None:
    with pytest.raises(ValueError, match="at least one recipient"):
        Envelope("a@example.com", ())


def test_recipients_are_ordered_and_unique() -> None:
    assert Envelope("", ("b@x", "a@x", "b@x")).recipients == ("b@x", "a@x")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("请使用授权码登录".encode(), "请使用授权码登录"),
        ("请使用授权码登录".encode("gbk"), "请使用授权码登录"),
        (b"caf\xe9", "café"),
        (b"5.7.1 no", "5.7.1 no"),
    ],
)
def test_19_replies_are_readable(raw: bytes, text: str) -> None:
    assert Reply(535, raw).text == text
    assert str(Reply(535, raw)) == f"535 {text}"


def test_reply_code_and_enhanced_status() -> None:
    assert Reply(550, b"5.1.1 unknown").enhanced == "5.1.1"
    assert Reply(550, b"unknown 5.1.1").enhanced is None
    assert (Reply(450).transient, Reply(550).transient, Reply(250).positive) == (True, False, True)


def test_a_receipt_is_complete_when_nobody_was_refused() -> None:
    assert Receipt("<x@y>", ("a@x",)).complete
    assert not Receipt("<x@y>", ("a@x",), {"b@x": Reply(550)}).complete
