"""Celery: an empty task, a message in a task, Flask-Mail's ``mail.send`` in a task, and fifty ids in one.

One Redis, one worker over Postfix's ``smtp-sink``, each in turns with a worker of its own. All tasks are queued first;
what is measured is how long the worker takes for those between the first tenth and the last, so that neither its start
nor its last moments count::

    python bench/celery_rate.py --peers .peers [--rounds 5] [--count 4000] [--children 1 --children 4]

With one child, a task takes what Celery and the mail need one after the other. With more, the children send while
Celery's main process hands out tasks, and on two cores the rate comes up to what that process is able to hand out.
"""

from __future__ import annotations

import argparse
import collections.abc as c
import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import redis  # noqa: E402
from bench.smtp import FOLDERS  # noqa: E402
from bench.smtp import sink  # noqa: E402
from tests.servers.postgres import Postgres  # noqa: E402
from tests.servers.redis import Redis  # noqa: E402

from flask_mail.extension.tasks import CONNECTIONS  # noqa: E402

EMPTY, TASK, FLASK_MAIL, SQLITE, POSTGRES = "empty task", "task", "Flask-Mail", "ids, SQLite", "ids, PostgreSQL"
PEERS = {FLASK_MAIL: FOLDERS["Flask-Mail"]}
PUT = {
    EMPTY: "for n in range(count): tasks.nothing.delay(n)",
    FLASK_MAIL: "for n in range(count): tasks.send.delay(f'{n}@example.com')",
    TASK: "for n in range(count): tasks.mail.send_later(tasks.message(f'{n}@example.com'))",
    SQLITE: "list(tasks.mail.send_many([tasks.message(f'{n}@example.com') for n in range(count)], later=True))",
}
PUT[POSTGRES] = PUT[SQLITE]
PREPARE = {
    SQLITE: "tasks.mail.get_queue().store.create()\n",
    POSTGRES: "tasks.mail.get_queue().store.create()\n",
}


def environment(kind: str, config: dict[str, t.Any], peers: pathlib.Path) -> dict[str, str]:
    path = [str(HERE.parent)]
    if kind in PEERS:
        path.insert(0, str(peers.resolve() / PEERS[kind]))
    return {**os.environ, "CONFIG": json.dumps(config), "PYTHONPATH": os.pathsep.join(path)}


@contextlib.contextmanager
def worker(env: dict[str, str], folder: pathlib.Path, children: int) -> c.Generator[None]:
    flags = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "error", "-c", str(children)]
    command = [sys.executable, "-m", "celery", "-A", "bench.celery_tasks:celery_app", "worker", *flags]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=env, cwd=HERE.parent, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def measure(kind: str, count: int, children: int, config: dict[str, t.Any], url: str, peers: pathlib.Path) -> float:
    """Mails, or tasks, per second."""
    folder = pathlib.Path(config["FOLDER"])
    env = environment(kind, config, peers)
    program = (
        f"import sys\ncount = {count}\nfrom bench import celery_tasks as tasks\n{PREPARE.get(kind, '')}{PUT[kind]}"
    )
    with redis.Redis.from_url(url) as client:
        client.flushall()
        subprocess.run([sys.executable, "-c", program], env=env, cwd=HERE.parent, check=True)

        def left() -> int:
            with client.pipeline(transaction=False) as asked:
                for step in ("", "\x06\x163", "\x06\x166", "\x06\x169"):
                    asked.llen(f"celery{step}")
                asked.hlen("unacked")
                return sum(asked.execute())

        tasks = left()
        with worker(env, folder, children):
            marks = [tasks * 9 // 10, tasks // 10]
            times = []
            for mark in marks:
                end = time.monotonic() + 300
                while left() > mark:
                    if time.monotonic() > end:
                        raise SystemExit(f"{kind} takes too long:\n{(folder / 'worker.log').read_text()[-3000:]}")
                    time.sleep(0.05)
                times.append((time.perf_counter(), left()))
    (begun, more), (ended, less) = times
    return (more - less) * count / tasks / (ended - begun)


def one_round(count: int, children: int, peers: pathlib.Path, kinds: list[str]) -> dict[str, float]:
    figures = {}
    with sink() as (port, _), Redis() as broker, Postgres() as postgres:
        base = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "CELERY": {"broker_url": broker.url}}
        through = {"MAIL_QUEUE": "outbox", "MAIL_OUTBOX_DISPATCH": "celery", "MAIL_POOL_SIZE": CONNECTIONS}
        for kind in kinds:
            with (
                tempfile.TemporaryDirectory(prefix="bench-", dir="/var/tmp") as folder,
                contextlib.ExitStack() as stack,
            ):
                config = {**base, "FOLDER": folder, "MAIL_QUEUE": "celery"}
                many = count
                if kind in (SQLITE, POSTGRES):
                    url = f"sqlite:///{folder}/outbox.sqlite"
                    if kind == POSTGRES:
                        url = stack.enter_context(postgres.database())
                    config |= {**through, "MAIL_OUTBOX_URL": url}
                    many = 10 * count
                figures[kind] = measure(kind, many, children, config, broker.url, peers)
    return figures


def table(rounds: list[dict[str, float]]) -> str:
    rows = [
        ("an empty task", EMPTY, EMPTY, ""),
        ("Flask-Mail's `mail.send` in a task", FLASK_MAIL, EMPTY, ""),
        ("a task for each message, against an empty one", TASK, EMPTY, ">= 0.75"),
        ("a task for each message, against Flask-Mail's", TASK, FLASK_MAIL, ">= 2.3"),
        ("fifty ids in a task, SQLite, against an empty one", SQLITE, EMPTY, ">= 5"),
        ("fifty ids in a task, PostgreSQL, against an empty one", POSTGRES, EMPTY, ">= 5"),
    ]
    lines = ["| | mails or tasks/s | times | goal |", "|---|---|---|---|"]
    for name, over, under, goal in (row for row in rows if {row[1], row[2]} <= rounds[0].keys()):
        rate = statistics.median(each[over] for each in rounds)
        times = statistics.median(each[over] / each[under] for each in rounds)
        lines.append(f"| {name} | {rate:,.0f} | {times:.2f} | {goal} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=pathlib.Path, default=os.environ.get("POSTBOX_PEERS", ".peers"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--children", type=int, action="append", help="of the worker; each that is given (1 and 4)")
    parser.add_argument("--only", choices=PUT, action="append", help="measure this only; may be given several times")
    arguments = parser.parse_args()
    many = arguments.children or [1, 4]
    rounds: dict[int, list[dict[str, float]]] = {children: [] for children in many}
    for number in range(arguments.rounds):
        for children in many:
            kinds = arguments.only or list(PUT)
            rounds[children].append(one_round(arguments.count, children, arguments.peers, kinds))
            shown = f"round {number + 1} of {arguments.rounds}, children: {children}: {rounds[children][-1]}"
            print(shown, file=sys.stderr)
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {version}, medians of {arguments.rounds} rounds in turns")
    for children in many:
        print(f"\nA worker with {children} {'child' if children == 1 else 'children'}:\n\n{table(rounds[children])}")


if __name__ == "__main__":
    main()
