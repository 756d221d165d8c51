"""Encoded words (RFC 2047)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_mail.mime import words
from flask_mail.mime.charsets import charset

from ..properties import reading
from ..properties import strategies as mine


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("sübject", "=?utf-8?q?s=C3=BCbject?="),
        ("ÄÜÖ → ✓", "=?utf-8?b?w4TDnMOWIOKGkiDinJM=?="),
        ("under_score and blank é", "=?utf-8?q?under=5Fscore_and_blank_=C3=A9?="),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
    ],
)
def test_the_shorter_of_q_and_b_in_small_letters(text: str, encoded: str) -> None:
    assert words.encode(text) == (encoded,)


@given(mine.header_text, st.integers(20, 75), st.sampled_from(["utf-8", "shift_jis", "gb18030", "koi8-r", "us-ascii"]))
def test_words_are_short_enough_and_read_back(text: str, first: int, name: str) -> None:
    encoded = words.encode(text, charset(name), first)
    assert max(map(len, encoded)) <= 75
    assert len(encoded[0]) <= max(first, 12 + len("=?iso-2022-jp?b??="))
    assert reading.decoded(" ".join(encoded)) == text
    for word in encoded:  # each is whole characters, as RFC 2047 §5 demands
        assert "\ufffd" not in reading.decoded(word)


def test_words_are_as_long_as_allowed() -> None:
    encoded = words.encode("名" * 100)
    assert len(encoded) == 7
    assert all(len(word) == 72 for word in encoded[:-1])


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("=?utf-8?q?a=C3=A9?= =?utf-8?b?w6k=?= x", "aéé x"),
        ("=?iso-8859-1?q?=E9?=", "é"),
        ("=?no-such-charset?q?x?=", "=?no-such-charset?q?x?="),
        ("=?utf-8?q?=FF?=", "=?utf-8?q?=FF?="),
        ("plain", "plain"),
    ],
)
def test_decoding_what_programs_encoded_themselves(text: str, decoded: str) -> None:
    assert words.decode(text) == decoded


def test_what_looks_encoded() -> None:
    assert words.looks_encoded("a =?utf-8?q?x?= b")
    assert not words.looks_encoded("https://example.com/?a=?b")
