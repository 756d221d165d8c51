"""The set that no row was made for: how often the cause is right where nobody has seen the words."""

from __future__ import annotations

import collections

from flask_mail.diagnosis import CAUSES

from . import corpus
from .measure_holdout import judge

ITEMS = corpus.read(corpus.ASIDE)


def test_nine_in_ten_are_right_and_none_is_misleading() -> None:
    verdicts = collections.Counter(judge(item) for item in ITEMS)
    assert verdicts["right"] >= 0.9 * len(ITEMS)
    assert not [item["id"] for item in ITEMS if judge(item) == "wrong"]


def test_it_is_from_elsewhere() -> None:
    assert len(ITEMS) >= 150
    assert {item["label"] for item in ITEMS} <= set(CAUSES)
    known = {item["source"] for item in corpus.read(corpus.DEV)}
    assert {item["source"] for item in ITEMS} & known <= {"https://github.com (a public file)"}
