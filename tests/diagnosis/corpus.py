"""Recorded failures: what they were, and asking for their cause.

Each line of a corpus is a JSON object: the evidence (``stage``, ``code``, ``text``, ``exception`` and its ``message``,
``provider``, ``host``, ``port``, ``settings``), the ``label`` it deserves, ``transient`` where that is known, and the
``source`` it was taken from. ``encoding`` tells in which encoding the server sent the text.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

from flask_mail.diagnosis import Advice
from flask_mail.diagnosis import advise

DEV = pathlib.Path(__file__).parent / "corpus.jsonl"
"""What the table knows."""

ASIDE = pathlib.Path(__file__).parent / "aside.jsonl"
"""What was set aside, and measured once: no row is to be made for it."""


def read(path: pathlib.Path) -> list[dict[str, t.Any]]:
    """The items of a corpus."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def ask(item: dict[str, t.Any], **more: t.Any) -> Advice:
    """The advice for *item*."""
    evidence = {key: item[key] for key in ("stage", "code", "exception", "provider", "host", "port", "settings")}
    text = item["text"] or item.get("message")
    if item["text"] and item.get("encoding"):
        text = item["text"].encode(item["encoding"])
    return advise(text=text, **evidence, **more)
