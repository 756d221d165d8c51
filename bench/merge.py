"""A mail merge from a CSV file to Postfix's ``smtp-sink``, with its file of results, beside rendering alone.

Rendering alone is Flask's ``render_template`` for the same two templates and rows. They take turns in one process; what
counts is the ratio within a round, and of the rounds the median. Beside the time on the clock stands the time this
process worked: on a busy machine the clock measures the others, too. ``smtp-sink`` is unpacked by
``tests/services/fetch.sh``::

    python bench/merge.py [--rows 10000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import csv
import pathlib
import statistics
import sys
import tempfile
import time
import typing as t

from smtp import sink
from smtp_cases import application
from smtp_cases import ITEMS

GOAL = 1.8
"""Times rendering alone."""


def written(folder: pathlib.Path, count: int) -> pathlib.Path:
    path = folder / f"{count}.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["email", "name", "number", "unsubscribe"])
        for number in range(count):
            url = f"https://example.com/unsubscribe/{number:032x}"
            rows.writerow([f"to{number}@example.com", f"Reader {number}", number, url])
    return path


def render(path: pathlib.Path) -> None:
    from flask import render_template

    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            render_template("order.txt", **row)
            render_template("order.html", **row)


def merge(path: pathlib.Path) -> None:
    from flask_mail.merge import merge
    from flask_mail.merge import results_beside

    merging = merge("order", path)
    for outcome in merging:
        assert outcome.outcome == "accepted", outcome
    results = results_beside(path)
    assert results is not None
    results.unlink()


def timed(work: t.Callable[[pathlib.Path], None], path: pathlib.Path) -> tuple[float, float]:
    """Seconds on the clock, and seconds of work."""
    clock, worked = time.perf_counter(), time.process_time()
    work(path)
    return time.perf_counter() - clock, time.process_time() - worked


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    from flask_mail import Mail

    with tempfile.TemporaryDirectory() as folder, sink() as (port, _):
        app = application(port)
        app.jinja_env.globals["items"] = ITEMS
        Mail(app)
        rows, few = written(pathlib.Path(folder), arguments.rows), written(pathlib.Path(folder), 100)
        with app.app_context():
            render(few)
            merge(few)
            rounds = [(timed(render, rows), timed(merge, rows)) for _ in range(arguments.rounds)]
    micro = 1e6 / arguments.rows
    print("| µs a row | on the clock | of work |\n|---|---|---|")
    for name, column in (("rendering alone", 0), ("merge", 1)):
        clock, work = (statistics.median(each[column][kind] for each in rounds) * micro for kind in (0, 1))
        print(f"| {name} | {clock:.0f} | {work:.0f} |")
    clock, work = (statistics.median(each[1][kind] / each[0][kind] for each in rounds) for kind in (0, 1))
    print(f"| times as long, <= {GOAL} | {clock:.2f} | {work:.2f} |")
    return 0 if clock <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
