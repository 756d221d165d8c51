"""Failures that people really had: each gets the cause it deserves."""

from __future__ import annotations

import typing as t

import pytest

from flask_mail.diagnosis import CAUSES

from . import corpus

ITEMS = corpus.read(corpus.DEV)


def test_the_corpus_is_large_and_names_its_sources() -> None:
    assert len(ITEMS) >= 150
    assert len({item["id"] for item in ITEMS}) == len(ITEMS)
    assert all(item["source"].startswith(("http://", "https://")) for item in ITEMS)
    assert {item["label"] for item in ITEMS} <= set(CAUSES)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["id"])
def test_a_recorded_failure_gets_its_cause(item: dict[str, t.Any]) -> None:
    advice = corpus.ask(item)
    assert advice.cause == item["label"]
    if item["transient"] is not None:
        assert advice.transient == item["transient"]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["id"])
def test_the_language_changes_the_words_only(item: dict[str, t.Any]) -> None:
    english, chinese = corpus.ask(item, locale="en"), corpus.ask(item, locale="zh_CN.UTF-8")
    assert (english.cause, english.transient) == (chinese.cause, chinese.transient)
    assert english.summary != chinese.summary
    assert english.remedy != chinese.remedy
