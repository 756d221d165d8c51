"""Workers are killed at random while they send."""

from __future__ import annotations

import contextlib
import dataclasses as d
import pathlib
import random
import tempfile
import time
import typing as t

from .server import Recorder
from .stage import Score
from .stage import Stage
from .stage import until
from .stage import Worker

CONNECTIONS = 4
WINDOW = 16
"""Messages that may be on the way on one connection, where the server takes more than one."""


@d.dataclass(frozen=True)
class Storm:
    """What came of one.

    :param most: how many duplicates there may be: kills times messages in flight of a worker.
    """

    database: str
    workers: int
    kills: int
    most: int
    seconds: float
    score: Score

    @property
    def held(self) -> bool:
        """Whether the promise was kept."""
        score = self.score
        all_sent = score.states == {"sent": score.messages}
        return not score.lost and score.duplicates <= self.most and not score.altered and all_sent


def storm(url: str | None, *, workers: int, kills: int, messages: int, seed: int = 1, chunking: bool = False) -> Storm:
    """Send *messages* by so many workers, of which one is killed after about each *messages* / *kills*.

    :param url: an empty database; ``None`` for an SQLite file.
    """
    chance = random.Random(seed)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        server = stack.enter_context(Recorder(folder, chunking=chunking))
        stage = stack.enter_context(Stage(folder, url, server))
        stage.put(messages)
        began = time.monotonic()
        hired = [stage.worker("--concurrency", str(CONNECTIONS)) for _ in range(workers)]
        killed = 0
        for threshold in sorted(chance.sample(range(messages), kills)):
            until(lambda at=threshold: _progress(stage, hired) >= at, "the storm")  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.02))  # not to wait for anything: to meet it anywhere
            number = chance.randrange(workers)
            hired[number].kill()
            hired[number] = stage.worker("--concurrency", str(CONNECTIONS))
            killed += 1
        until(stage.over, "the outbox")
        for worker in hired:
            until(lambda each=worker: stage.working(each), "a worker")  # type: ignore[misc]
            worker.terminate()
        in_flight = CONNECTIONS * (WINDOW if chunking else 1)
        database = "sqlite" if url is None else url.partition("+")[0].partition(":")[0]
        return Storm(database, workers, killed, killed * in_flight, time.monotonic() - began, stage.score())


def _progress(stage: Stage, hired: list[Worker]) -> int:
    for worker in hired:
        assert worker.alive, f"a worker has ended by itself: {worker.output.read_text()[-2000:]}"
    return len(stage.accepted)


def table(storms: list[Storm]) -> t.Iterator[str]:
    """The storms, as a table in Markdown."""
    yield "| database | workers | kills | messages | lost | duplicates | at most | altered | dead letters | seconds |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for each in storms:
        score = each.score
        cells = (
            each.database, each.workers, each.kills, f"{score.messages:,}", len(score.lost), score.duplicates,
            f"{each.most:,}", score.altered, score.states.get("dead", 0), f"{each.seconds:.0f}",
        )  # fmt: skip
        yield f"| {' | '.join(map(str, cells))} |"
