"""Measure how many failures of a corpus get their cause: ``python -m tests.diagnosis.measure_holdout PATH``.

``unknown`` is honest; ``wrong`` is a known cause that is not the one of the label, so its remedy misleads.
"""

from __future__ import annotations

import collections
import pathlib
import sys
import typing as t

from . import corpus


def judge(item: dict[str, t.Any]) -> str:
    """``right``, ``unknown`` or ``wrong``."""
    cause = corpus.ask(item).cause
    return "right" if cause == item["label"] else "unknown" if cause == "unknown" else "wrong"


def main(path: str, *, details: bool = False) -> None:
    """Print the score of the corpus at *path*, in all and for each label.

    :param details: show each item that is not right.
    """
    items = corpus.read(pathlib.Path(path))
    judged = [(item, judge(item)) for item in items]
    if details:
        for item, verdict in judged:
            if verdict != "right":
                said = item["text"] or item.get("message")
                print(f"{verdict}: {item['label']} -> {corpus.ask(item).cause}: {item['id']} {item['stage']} {said!r}")
    score = collections.Counter(verdict for _, verdict in judged)
    print(f"{len(items)} items: " + ", ".join(f"{score[one]} {one}" for one in ("right", "unknown", "wrong")))
    print(f"right: {score['right'] / max(len(items), 1):.1%}")
    for label in sorted({item["label"] for item in items}):
        of = collections.Counter(verdict for item, verdict in judged if item["label"] == label)
        print(f"  {label:24} {of['right']:3} right {of['unknown']:3} unknown {of['wrong']:3} wrong")


if __name__ == "__main__":
    main(sys.argv[1], details="--details" in sys.argv)
