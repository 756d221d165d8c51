"""Queueing and the outbox's worker, beside django-post_office and django-mailer, over Postfix's ``smtp-sink``.

Each library runs in a process of its own, on a fresh database, in turns; what counts is the ratio of two in the same
round, and of the rounds the median. Both databases write to disk with each commit::

    python bench/queues.py --peers .peers [--rounds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import collections.abc as c
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import typing as t

import sqlalchemy as sa
from smtp import sink

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
OURS = "ours"
FOLDERS = {"post-office": "post-office", "django-mailer": "django-mailer"}
DATABASES = ("SQLite", "PostgreSQL")
ROUND_TRIP = 0.02
"""Seconds, for the request's wait."""
FINISHED = 1_000_000
"""Rows that are over, for claiming."""
PUTS = {"put": 1000, "insert": 1000, "put many": 10_000, "put, composed": 1000, "put many, composed": 10_000}
"""How queueing is measured, and with how many messages."""
Figures = dict[tuple[str, ...], float]


def case(library: str, name: str, port: int, count: int, url: str, peers: pathlib.Path) -> float:
    env = dict(os.environ)
    if library in FOLDERS:
        env["PYTHONPATH"] = str(peers.resolve() / FOLDERS[library])
    command = [sys.executable, str(HERE / "queues_cases.py"), library, name, str(port), str(count), url]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{library}, {name} failed:\n{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures.get("rate") or figures["seconds"]


@contextlib.contextmanager
def databases() -> c.Generator[c.Callable[[str], contextlib.AbstractContextManager[str]]]:
    """Gives fresh databases by the name of their kind."""
    from tests.servers.postgres import Postgres

    postgres = Postgres()
    postgres.prepare()
    postgres.start()
    folder = tempfile.TemporaryDirectory(prefix="bench-", dir="/var/tmp")
    numbers = iter(range(10_000))

    @contextlib.contextmanager
    def fresh(kind: str) -> c.Generator[str]:
        if kind == "SQLite":
            path = f"{folder.name}/{next(numbers)}.sqlite"
            yield f"sqlite:///{path}"
            for name in pathlib.Path(folder.name).glob(f"{pathlib.Path(path).name}*"):
                name.unlink()
        else:
            with postgres.database() as url:
                yield url

    try:
        yield fresh
    finally:
        postgres.stop()
        folder.cleanup()


@contextlib.contextmanager
def far(port: int) -> c.Generator[int]:
    """The server at *port* as it is from afar: each octet takes half of :data:`ROUND_TRIP` to arrive."""
    loop = asyncio.new_event_loop()
    started = threading.Event()
    where: list[int] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while octets := await reader.read(65536):
            loop.call_later(ROUND_TRIP / 2, writer.write, octets)
        loop.call_later(ROUND_TRIP / 2, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(ROUND_TRIP)  # the handshake of TCP
        there, away = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, away), carry(there, writer))

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        where.append(server.sockets[0].getsockname()[1])
        started.set()

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(run(), loop)
    started.wait(10)
    try:
        yield where[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def fill(url: str) -> None:
    """A million messages that are over."""
    from flask_mail.queues.outbox import Store
    from flask_mail.queues.outbox.schema import contents
    from flask_mail.queues.outbox.schema import messages

    store = Store(sa.create_engine(url))
    store.create()
    row = {
        "state": "sent", "rank": 0, "created": 1e9, "expires": 2e9, "attempts": 1, "deaths": 0, "message_id": "<a@b>",
        "sender": "me@example.com", "recipients": [["to@example.com", "accepted", 250, "ok"]], "options": {},
        "details": {}, "size": 16,
    }  # fmt: skip
    with store.engine.begin() as connection:
        for start in range(0, FINISHED, 10_000):
            rows = [{**row, "id": f"{number:032x}", "due": 1.7e9 + number} for number in range(start, start + 10_000)]
            connection.execute(messages.insert(), rows)
            octets = [{"id": row["id"], "content": b"Subject: over\r\n\r\n"} for row in rows]
            connection.execute(contents.insert(), octets)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM" if store.engine.dialect.name == "sqlite" else "VACUUM ANALYZE"))
        if store.engine.dialect.name == "postgresql":
            connection.execute(sa.text("CHECKPOINT"))
    os.sync()  # else what is measured next waits for the disk, which writes all this


def one_round(fresh: t.Any, peers: pathlib.Path, *, claims: bool) -> Figures:
    figures: Figures = {}

    def measure(library: str, name: str, count: int, kind: str, at: int) -> None:
        with fresh(kind) as url:
            figures[library, name, kind] = case(library, name, at, count, url, peers)

    with sink() as (port, _), far(port) as distant:
        for name, count in PUTS.items():
            measure(OURS, name, count, "SQLite", port)
        for name in ("put", "send"):
            with fresh("SQLite") as url:
                figures[OURS, name, "far"] = case(OURS, name, distant, 100, url, peers)
        for kind in DATABASES:
            measure(OURS, "4", 6000, kind, port)
            measure(OURS, "16", 10000, kind, port)
            measure("post-office", "", 600, kind, port)
            measure("django-mailer", "", 300, kind, port)
        for kind in DATABASES if claims else ():
            seconds: dict[str, list[float]] = {"claim": [], "claim, filled": []}
            with fresh(kind) as full:
                fill(full)
                for _ in range(3):
                    with fresh(kind) as url:
                        seconds["claim"].append(case(OURS, "claim", port, 5000, url, peers))
                    seconds["claim, filled"].append(case(OURS, "claim", port, 5000, full, peers))
            for name, several in seconds.items():
                figures[OURS, name, kind] = statistics.median(several)
    return figures


def ratio(rounds: list[Figures], over: tuple[str, ...], under: tuple[str, ...]) -> float:
    return statistics.median(each[over] / each[under] for each in rounds if over in each)


def middle(rounds: list[Figures], which: tuple[str, ...]) -> float:
    return statistics.median(each[which] for each in rounds if which in each)


def table(rounds: list[Figures]) -> c.Iterator[str]:
    put, bare, many = (OURS, "put", "SQLite"), (OURS, "insert", "SQLite"), (OURS, "put many", "SQLite")
    ready, many_ready = (OURS, "put, composed", "SQLite"), (OURS, "put many, composed", "SQLite")
    yield "| | measured | ratio | goal |"
    yield "|---|---|---|---|"
    yield (
        f"| `send_later` on SQLite, over a bare durable INSERT | {middle(rounds, put) * 1e6:,.0f} us | "
        f"{ratio(rounds, put, bare):.2f} | <= 1.6 |"
    )
    yield (
        f"| many at once, against one by one, composed beforehand | {middle(rounds, many_ready) * 1e6:,.0f} us | "
        f"{ratio(rounds, ready, many_ready):.1f} | >= 10 |"
    )
    yield (
        f"| the same with composing, `send_many(..., later=True)` against `send_later` | "
        f"{middle(rounds, many) * 1e6:,.0f} us | {ratio(rounds, put, many):.1f} | |"
    )
    yield (
        f"| the request's wait at 20 ms: `mail.send` over `send_later` | "
        f"{middle(rounds, (OURS, 'send', 'far')) * 1e3:,.1f} ms | "
        f"{ratio(rounds, (OURS, 'send', 'far'), (OURS, 'put', 'far')):.0f} | >= 50 |"
    )
    goals = {
        ("SQLite", "4"): (7, 15),
        ("SQLite", "16"): (13, 25),
        ("PostgreSQL", "4"): (4, 10),
        ("PostgreSQL", "16"): (8, 20),
    }
    for (kind, connections), (least_office, least_mailer) in goals.items():
        which = (OURS, connections, kind)
        rate = f"{middle(rounds, which):,.0f}/s"
        office, mailer = ("post-office", "", kind), ("django-mailer", "", kind)
        yield (
            f"| worker on {kind}, {connections} connections, against django-post_office "
            f"({middle(rounds, office):,.0f}/s) | {rate} | {ratio(rounds, which, office):.1f} | >= {least_office} |"
        )
        yield (
            f"| the same against django-mailer ({middle(rounds, mailer):,.0f}/s) | {rate} | "
            f"{ratio(rounds, which, mailer):.1f} | >= {least_mailer} |"
        )
    for kind in DATABASES:
        empty, filled = (OURS, "claim", kind), (OURS, "claim, filled", kind)
        if any(filled in each for each in rounds):
            yield (
                f"| claiming 100 on {kind}, beside a million that are over, against none | "
                f"{middle(rounds, filled) * 1e3:.2f} ms | {ratio(rounds, filled, empty):.2f} | <= 1.5 |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=pathlib.Path, default=os.environ.get("POSTBOX_PEERS", ".peers"))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    rounds = []
    with databases() as fresh:
        for number in range(arguments.rounds):
            rounds.append(one_round(fresh, pathlib.Path(arguments.peers), claims=number < 1))
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {version}, medians of {arguments.rounds} rounds in turns; claiming thrice in the first\n")
    print("\n".join(table(rounds)))


if __name__ == "__main__":
    main()
