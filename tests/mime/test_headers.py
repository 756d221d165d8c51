"""Header lines (RFC 5322 §2.2)."""

from __future__ import annotations

import pytest

from flask_mail.errors import BadHeaderError
from flask_mail.mime import headers

URL = "https://example.com/unsubscribe?token=" + "x" * 300


def test_short_ascii_is_written_as_it_is() -> None:
    assert headers.text("X-A", "plain text") == "X-A: plain text\n"


def test_long_ascii_is_folded_at_blanks_and_not_encoded() -> None:
    """Flask-Mail 0.10.0 encodes a long header of words."""
    text = " ".join(f"word{number}" for number in range(60))
    lines = headers.text("Subject", text).rstrip("\n").split("\n")
    assert max(map(len, lines)) <= 78
    assert "".join(lines) == f"Subject: {text}"


def test_runs_of_blanks_survive_folding() -> None:
    text = "a" * 60 + " " * 30 + "b" * 60 + "\t \t" + "c"
    assert headers.text("Subject", text).rstrip("\n").replace("\n", "") == f"Subject: {text}"


@pytest.mark.parametrize("text", [f"<{URL}>", f"<{URL}>, <mailto:a@example.com>", f"a {URL} b", "x" * 990])
def test_long_tokens_are_never_encoded_or_broken(text: str) -> None:
    for written in (headers.text("X-A", text), headers.structured("X-A", text)):
        assert "=?" not in written
        assert written.replace("\n", "") == f"X-A: {text}"


def test_the_first_line_is_never_empty() -> None:
    assert headers.structured("List-Unsubscribe", f"<{URL}>").startswith("List-Unsubscribe: <https")


@pytest.mark.parametrize("text", ["x" * 1000, "é", " leading", "trailing ", "\t", "a =?utf-8?q?x?="])
def test_text_that_would_not_come_back_is_encoded(text: str) -> None:
    written = headers.text("X-A", text)
    assert "=?utf-8?" in written
    assert max(map(len, written.split("\n"))) <= 76


@pytest.mark.parametrize("text", ["é", "x" * 1000])
def test_tokens_that_cannot_be_written_are_refused(text: str) -> None:
    with pytest.raises(BadHeaderError) as caught:
        headers.structured("References", text, "extra_headers['References']")
    assert caught.value.field == "extra_headers['References']"


@pytest.mark.parametrize("text", ["testing\r\n testing\r\n testing \r\n \ttesting", "a\r\n\tb"])
def test_a_folded_subject_stays_as_it_is(text: str) -> None:
    assert headers.subject(text) == "Subject: " + text.replace("\r\n", "\n") + "\n"


def test_a_folded_subject_beyond_ascii_is_unfolded_and_encoded() -> None:
    assert headers.subject("ü\r\n b") == "Subject: =?utf-8?q?=C3=BC_b?=\n"


@pytest.mark.parametrize(
    "text",
    [
        "a\r\n",
        "a\r\n ",
        "a\r\n\t",
        "a\r\nb",
        "a\n b",
        "a\r b",
        "\r\n a",
        " \r\n a",
        "a\r\n b\r\n\n",
        "a\n\r",
        "a\r\n b\0",
    ],
)
def test_a_subject_with_another_line_break_is_refused(text: str) -> None:
    with pytest.raises(BadHeaderError) as caught:
        headers.subject(text)
    assert caught.value.field == "subject"
