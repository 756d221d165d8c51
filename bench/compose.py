"""Composing, beside Flask-Mail, Django and the standard library.

Each library runs in a process of its own, in turns, so that a busy machine slows all of them; what counts is the
ratio of two libraries in the same round, and of the rounds the median. The peers are folders that ``pip install
--target`` filled, ``flask-mail-0.10.0`` and ``django``::

    python bench/compose.py --peers .peers
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
OURS, FLOOR = "Flask-Postbox", "bare base64"
FOLDERS = {"Flask-Mail": "flask-mail-0.10.0", "Django": "django"}
"""The libraries that are not installed beside ours, and the folders of theirs."""
PEERS = ("Flask-Mail", "Django", "EmailMessage")
CASES = ("text", "text + html", "+ 1 MB attachment", "Chinese + 10 kB file")
GOALS = {"text": 35, "text + html": 80, "+ 1 MB attachment": 15, "Chinese + 10 kB file": 25}
"""How many times as fast as Flask-Mail 0.10.0 composing has to be."""

Round = dict[str, dict[str, float]]


def measure(library: str, peers: pathlib.Path, seconds: float) -> dict[str, float]:
    """The microseconds of each case, from a process that knows no other library."""
    environment = dict(os.environ)
    if library in FOLDERS:
        environment["PYTHONPATH"] = str(peers.resolve() / FOLDERS[library])
    command = [sys.executable, str(HERE / "compose_cases.py"), library, str(seconds)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{library} failed:\n{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def ratio(rounds: list[Round], peer: str, case: str) -> float | None:
    """How many times as long *peer* takes: the median over the rounds."""
    ratios = [each[peer][case] / each[OURS][case] for each in rounds if case in each[peer]]
    return statistics.median(ratios) if ratios else None


def table(rounds: list[Round]) -> str:
    """The figures as Markdown: our microseconds, and how many times as long the others take."""
    lines = [
        f"| | {OURS}, µs | {' | '.join(f'{peer}, times' for peer in PEERS)} | goal against Flask-Mail |",
        f"|---|{'---|' * (len(PEERS) + 2)}",
    ]
    for case in CASES:
        ours = statistics.median(each[OURS][case] for each in rounds)
        others = [ratio(rounds, peer, case) for peer in PEERS]
        shown = " | ".join("wrong" if other is None else f"{other:.1f}" for other in others)
        lines.append(f"| {case} | {ours:.1f} | {shown} | {GOALS[case]} |")
    floor = statistics.median(each[OURS][CASES[2]] / each[FLOOR][CASES[2]] for each in rounds)
    lines.append(f"\n{CASES[2]}, against bare `binascii.b2a_base64`: {floor:.2f} times as long (goal: at most 2.5)")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("POSTBOX_PEERS", ".peers")
    parser.add_argument("--peers", type=pathlib.Path, default=pathlib.Path(default), help="also POSTBOX_PEERS")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each case of each library in each round")
    parser.add_argument("--check", action="store_true", help="fail where a goal is missed")
    arguments = parser.parse_args()
    for folder in FOLDERS.values():
        if not (arguments.peers / folder).is_dir():
            raise SystemExit(f"{arguments.peers / folder} is missing: pip install --target it, or give --peers")
    rounds: list[Round] = []
    for number in range(arguments.rounds):
        print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
        rounds.append(
            {library: measure(library, arguments.peers, arguments.seconds) for library in (OURS, *PEERS, FLOOR)}
        )
    print(f"Python {sys.version.split()[0]}, medians of {arguments.rounds} rounds in turns\n")
    print(table(rounds))
    missed = [case for case in CASES if (ratio(rounds, "Flask-Mail", case) or 0) < GOALS[case]]
    if arguments.check and missed:
        print(f"\nmissed: {', '.join(missed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
