"""The long form: prints tables, and ends with 1 where the promise was not kept."""

from __future__ import annotations

import argparse
import contextlib
import sys
import typing as t

from ...servers.postgres import Postgres
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
    given = parser.parse_args()
    storms: list[Storm] = []
    for name in given.databases.split(","):
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


@contextlib.contextmanager
def database(name: str) -> t.Iterator[str | None]:
    """An empty one; ``None`` for SQLite, where it is a file."""
    if name == "sqlite":
        yield None
        return
    with Postgres() as server, server.database() as url:
        yield url


if __name__ == "__main__":
    sys.exit(main())
