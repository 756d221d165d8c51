"""Sending over loopback to Postfix's ``smtp-sink``, beside Flask-Mail, Django, aiosmtplib, nodemailer, ``smtp-source``.

Each library runs in a process of its own, in turns; what counts is the ratio of two in the same round, and of the
rounds the median. ``smtp-sink`` and ``smtp-source`` are Debian's, unpacked by ``tests/services/fetch.sh``; nodemailer
is measured where there is Node.js. A client that sends one message and waits takes turns with the server, so there both
share one CPU: otherwise the time that the other CPU takes to wake up, on a virtual machine the longer the idler it is,
would be what is measured::

    python bench/smtp.py --peers .peers [--rounds 5]
"""

from __future__ import annotations

import argparse
import collections.abc as c
import contextlib
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
POSTFIX = HERE.parent / ".cache" / "postfix"
OURS, FLASK_MAIL = "Flask-Postbox", "Flask-Mail"
FOLDERS = {FLASK_MAIL: "flask-mail-0.10.0", "django": "django", "aiosmtplib": "aiosmtplib"}
"""The peers in Python, and where they are installed."""
NODEMAILER = "nodemailer/node_modules"
IN_TURNS = {"connect", "send", "send, pool off", "merge by connect"}
"""The cases in which client and server never work at the same time."""
PLAN = [
    (FLASK_MAIL, "connect", 500),
    (FLASK_MAIL, "send", 500),
    (FLASK_MAIL, "merge by connect", 500),
    (FLASK_MAIL, "20 MiB", 1),
    (OURS, "connect", 6000),
    (OURS, "send", 6000),
    (OURS, "send, pool off", 3000),
    (OURS, "many", 10000),
    (OURS, "composed", 10000),
    (OURS, "merge", 10000),
    (OURS, "merge, rendered before", 10000),
    (OURS, "render", 10000),
    (OURS, "20 MiB", 1),
    ("django", "connect", 1000),
    ("django", "send", 500),
    ("aiosmtplib", "connect", 500),
]
Figures = dict[tuple[str, str], dict[str, float]]


def environment() -> dict[str, str]:
    return {**os.environ, "LD_LIBRARY_PATH": str(POSTFIX / "usr/lib/postfix")}


@contextlib.contextmanager
def sink() -> c.Generator[tuple[int, int]]:
    """A running ``smtp-sink``; yields its port and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = ["-u", "root"] if os.getuid() == 0 else []
    command = [str(POSTFIX / "usr/sbin/smtp-sink"), *user, f"127.0.0.1:{port}", "1000"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.02)
            yield port, process.pid
        finally:
            process.terminate()


@contextlib.contextmanager
def on_one_cpu(process: int, *, alone: bool) -> c.Generator[None]:
    """Keep what is started meanwhile, and *process*, on one CPU; where *alone*, on any."""
    if alone or not hasattr(os, "sched_setaffinity"):
        yield
        return
    every = os.sched_getaffinity(0)
    try:
        for each in (0, process):
            os.sched_setaffinity(each, {max(every)})
        yield
    finally:
        for each in (0, process):
            os.sched_setaffinity(each, every)


def case(library: str, name: str, port: int, count: int, peers: pathlib.Path) -> dict[str, float]:
    env = dict(os.environ)
    if library in FOLDERS:
        env["PYTHONPATH"] = str(peers.resolve() / FOLDERS[library])
    command = [sys.executable, str(HERE / "smtp_cases.py"), library, name, str(port), str(count)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{library}, {name} failed:\n{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def nodemailer(port: int, connections: int, peers: pathlib.Path, count: int = 2000) -> dict[str, float]:
    env = {**os.environ, "NODE_PATH": str(peers.resolve() / NODEMAILER)}
    command = ["node", str(HERE / "peers/nodemailer.cjs"), str(port), str(count), str(connections)]
    figures: dict[str, float] = json.loads(subprocess.run(command, env=env, capture_output=True, check=True).stdout)
    return figures


def source(port: int, sessions: int, count: int = 20000) -> dict[str, float]:
    """Postfix's own client, with connections kept."""
    command = [str(POSTFIX / "usr/sbin/smtp-source"), "-s", str(sessions), "-d", "-m", str(count), "-l", "2400"]
    start = time.perf_counter()
    subprocess.run([*command, f"127.0.0.1:{port}"], env=environment(), check=True, stdout=subprocess.DEVNULL)
    return {"rate": count / (time.perf_counter() - start)}


def one_round(port: int, server: int, peers: pathlib.Path) -> Figures:
    figures: Figures = {}
    for library, name, count in PLAN:
        with on_one_cpu(server, alone=name not in IN_TURNS):
            figures[library, name] = case(library, name, port, count, peers)
    for number in (1, 8):
        with on_one_cpu(server, alone=number > 1):
            figures["smtp-source", str(number)] = source(port, number)
            if shutil.which("node") and (peers / NODEMAILER).is_dir():
                figures["nodemailer", str(number)] = nodemailer(port, number, peers)
    return figures


def ratio(rounds: list[Figures], over: tuple[str, str], under: tuple[str, str], field: str = "rate") -> float:
    return statistics.median(each[over][field] / each[under][field] for each in rounds)


def rate(rounds: list[Figures], which: tuple[str, str]) -> float:
    return statistics.median(each[which]["rate"] for each in rounds)


ROWS = [
    ("`connect()` and `conn.send`", (OURS, "connect"), (FLASK_MAIL, "connect"), ">= 15"),
    ("`mail.send` each, pool on", (OURS, "send"), (FLASK_MAIL, "send"), ">= 12"),
    ("`mail.send` each, pool off", (OURS, "send, pool off"), (FLASK_MAIL, "send"), ">= 6"),
    ("`send_many`, 4 connections", (OURS, "many"), (FLASK_MAIL, "connect"), ">= 35"),
    ("`send_many`, against `smtp-source -s 1 -d`", (OURS, "many"), ("smtp-source", "1"), ">= 1"),
    ("`send_many`, against itself with messages composed", (OURS, "many"), (OURS, "composed"), ">= 0.45"),
    ("merge of two templates by `from_template`", (OURS, "merge"), (FLASK_MAIL, "merge by connect"), ">= 12"),
    ("the same by Flask's `render_template`", (OURS, "merge, rendered before"), (FLASK_MAIL, "merge by connect"), ""),
    ("Django, one connection", ("django", "connect"), (FLASK_MAIL, "connect"), ""),
    ("Django, a connection for each", ("django", "send"), (FLASK_MAIL, "send"), ""),
    ("aiosmtplib, one connection", ("aiosmtplib", "connect"), (FLASK_MAIL, "connect"), ""),
    ("nodemailer, pool of 1", ("nodemailer", "1"), (FLASK_MAIL, "connect"), ""),
    ("nodemailer, pool of 8", ("nodemailer", "8"), (FLASK_MAIL, "connect"), ""),
    ("`smtp-source -s 1 -d`", ("smtp-source", "1"), (FLASK_MAIL, "connect"), ""),
    ("`smtp-source -s 8 -d`", ("smtp-source", "8"), (FLASK_MAIL, "connect"), ""),
]


def table(rounds: list[Figures]) -> str:
    lines = ["| | messages/s | times Flask-Mail, or what is named | goal |", "|---|---|---|---|"]
    for name, over, under, goal in (row for row in ROWS if row[1] in rounds[0]):
        lines.append(f"| {name} | {rate(rounds, over):,.0f} | {ratio(rounds, over, under):.2f} | {goal} |")
    alone = rate(rounds, (OURS, "render"))
    for name, case, goal in (("from", "merge", "<= 1.8"), ("render", "merge, rendered before", "")):
        times = ratio(rounds, (OURS, "render"), (OURS, case))
        rendering = f"| by `{name}_template`: its time over that of rendering alone by Flask"
        lines.append(f"{rendering} | {alone:,.0f} rendered | {times:.2f} | {goal} |")
    faster = ratio(rounds, (FLASK_MAIL, "20 MiB"), (OURS, "20 MiB"), "seconds")
    lines.append(f"| 20 MiB attachment from a file | | {faster:.1f} | >= 5 |")
    for library, goal in ((OURS, "<= 2,048"), (FLASK_MAIL, "")):
        for name, field in (("allocated by Python", "peak"), ("resident", "resident")):
            extra = statistics.median(each[library, "20 MiB"][field] for each in rounds) / 1024
            lines.append(f"| the same, extra memory {name}, {library} | | {extra:,.0f} KiB | {goal} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=pathlib.Path, default=os.environ.get("POSTBOX_PEERS", ".peers"))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if not (POSTFIX / "usr/sbin/smtp-sink").exists():
        raise SystemExit("smtp-sink is missing: run tests/services/fetch.sh, or ./dev bench")
    rounds = []
    for number in range(arguments.rounds):
        with sink() as (port, server):
            rounds.append(one_round(port, server, pathlib.Path(arguments.peers)))
        print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {version}, medians of {arguments.rounds} rounds in turns\n\n{table(rounds)}")


if __name__ == "__main__":
    main()
