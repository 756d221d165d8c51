"""The long form: prints tables, and ends with 1 where the promise was not kept."""

from __future__ import annotations

import argparse
import collections.abc as c
import contextlib
import sys

from ...servers.postgres import Postgres
from . import callers
from . import memory
from . import points
from .storm import Storm
from .storm import storm
from .storm import table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.queues.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="kill -9 so many workers at random (default: 200)")
    parser.add_argument("--messages", type=int, default=20_000, help="amid so many messages (default: 20000)")
    parser.add_argument("--workers", default="1,2,8", help="with so many workers at once (default: 1,2,8)")
    parser.add_argument("--databases", default="sqlite,postgresql", help="default: sqlite,postgresql")
    parser.add_argument("--chunking", action="store_true", help="have the server offer CHUNKING")
    parser.add_argument("--seed", type=int, default=1, help="of chance (default: 1)")
    parser.add_argument("--points", type=int, metavar="N", help="instead: N kills at each point that has a name")
    parser.add_argument("--callers", type=int, metavar="N", help="instead: kill N processes that queue mail")
    parser.add_argument("--memory", type=int, metavar="N", help="instead: watch a worker over N messages")
    given = parser.parse_args()
    databases: list[str] = given.databases.split(",")
    if given.memory:
        return _memory(given.memory)
    if given.points:
        return _points(databases, given.points)
    if given.callers:
        return _callers(databases, given.callers)
    return _storms(given, databases)


def _storms(given: argparse.Namespace, databases: list[str]) -> int:
    storms: list[Storm] = []
    for name in databases:
        for workers in map(int, given.workers.split(",")):
            with database(name) as url:
                storms.append(
                    storm(
                        url,
                        workers=workers,
                        kills=given.kills,
                        messages=given.messages,
                        seed=given.seed,
                        chunking=given.chunking,
                    )
                )
            print(storms[-1].database, workers, "kept" if storms[-1].held else storms[-1].score, flush=True)
    print(*table(storms), sep="\n")
    return 0 if all(each.held for each in storms) else 1


def _points(databases: list[str], times: int) -> int:
    print("| killed | database | times | lost | duplicates | altered |", "|---|---|---|---|---|---|", sep="\n")
    kept = True
    for name in databases:
        with database(name) as url:
            died = points.die_at_each(url, times)
        for each in died:
            kept = kept and each.held
            cells = (each.name, name, each.kills, each.lost, each.duplicates, each.altered)
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
    return 0 if kept else 1


def _callers(databases: list[str], kills: int) -> int:
    kept = True
    for name in databases:
        with database(name) as url:
            each = callers.kill_callers(url, kills)
        kept = kept and each.held
        print(name, each, flush=True)
    return 0 if kept else 1


def _memory(messages: int) -> int:
    watched = memory.watch(messages)
    print(*(f"{held / 2**20:.1f}" for held in watched.held), "MiB after each tenth")
    print(f"{messages:,} messages in {watched.seconds:.0f} s: drift {watched.drift:.1%}")
    return 0 if watched.drift < 0.05 else 1


@contextlib.contextmanager
def database(name: str) -> c.Iterator[str | None]:
    """An empty one; ``None`` for SQLite, where it is a file."""
    if name == "sqlite":
        yield None
        return
    with Postgres() as server, server.database() as url:
        yield url


if __name__ == "__main__":
    sys.exit(main())
