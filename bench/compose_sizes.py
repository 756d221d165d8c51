"""Composing large things: time over size, and memory for a large attachment.

python bench/compose_sizes.py
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import os
import pathlib
import sys
import tempfile
import time
import tracemalloc
import typing as t

from flask_mail import Attachment
from flask_mail import Message
from flask_mail.compose import compose
from flask_mail.errors import MessageError

SIZES = (25_000, 50_000, 100_000)
RECIPIENTS = (5_000, 10_000, 20_000)
FILE = 20 << 20


def message(**fields: t.Any) -> Message:
    return Message(**{"subject": "x", "recipients": ["to@example.com"], "sender": "from@example.com", **fields})


FIELDS: dict[str, c.Callable[[int], Message]] = {
    "subject, ASCII": lambda size: message(subject="word " * (size // 5)),
    "subject, one word": lambda size: message(subject="x" * size),
    "subject, Chinese": lambda size: message(subject="名" * size),
    "display name": lambda size: message(sender=("名" * size, "from@example.com")),
    "address (refused)": lambda size: message(sender="x" * size + "@example.com"),
    "body, ASCII": lambda size: message(body="word " * (size // 5)),
    "body, Chinese": lambda size: message(body="名" * size),
    "HTML, and text made from it": lambda size: message(html="<p>" * (size // 3)),
    "header of one's own": lambda size: message(extra_headers={"X-A": "é" * size}),
    "file name": lambda size: message(attachments=[Attachment("名" * size, "text/plain", b"x")]),
    "text attachment": lambda size: message(attachments=[Attachment("a.txt", "text/plain", "é" * size)]),
}


def milliseconds(make: c.Callable[[], Message]) -> float:
    """The best of five, from the message to its octets; an error counts as an answer."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        with contextlib.suppress(MessageError):
            make().as_bytes()
        best = min(best, time.perf_counter() - began)
    return best * 1e3


def row(name: str, sizes: tuple[int, ...], make: c.Callable[[int], Message], limit: int) -> str:
    figures = " | ".join(f"{milliseconds(lambda size=size: make(size)):.1f}" for size in sizes)  # type: ignore[misc]
    return f"| {name} | {figures} | {limit} |"


def peak(data: t.Any) -> float:
    """The memory in KiB that composing and reading a message with *data* attached takes at most."""
    tracemalloc.start()
    content = compose(message(attachments=[Attachment("large.bin", None, data)]), None).content
    size = sum(map(len, content))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == content.size > FILE
    return most / 1024


def main() -> None:
    print(f"Python {sys.version.split()[0]}, milliseconds, best of five\n")
    print(f"| characters in | {' | '.join(f'{size:,}' for size in SIZES)} | goal |")
    print(f"|---|{'---|' * (len(SIZES) + 1)}")
    for name, make in FIELDS.items():
        print(row(name, SIZES, make, 100))
    print(f"\n| | {' | '.join(f'{size:,}' for size in RECIPIENTS)} | goal |")
    print(f"|---|{'---|' * (len(RECIPIENTS) + 1)}")
    print(row("recipients", RECIPIENTS, lambda size: message(recipients=addresses(size)), 500))
    print(row("recipients with names", RECIPIENTS, lambda size: message(recipients=named(size)), 500))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "large.bin"
        path.write_bytes(os.urandom(FILE))
        print(f"\n20 MiB from a path, composed and read: {peak(path):.0f} KiB at most (goal: 2,048)")
        with path.open("rb") as file:
            print(f"20 MiB from an open file, composed and read: {peak(file):.0f} KiB at most (goal: 2,048)")


def addresses(size: int) -> list[str]:
    return [f"user{number}@host{number % 500}.example" for number in range(size)]


def named(size: int) -> list[tuple[str, str]]:
    return [(f"Üser {number}", f"user{number}@host{number % 500}.example") for number in range(size)]


if __name__ == "__main__":
    main()
