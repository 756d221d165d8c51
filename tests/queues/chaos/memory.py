"""A worker over many messages: what it holds does not grow with their number."""

from __future__ import annotations

import contextlib
import dataclasses as d
import os
import pathlib
import tempfile
import time

from ...servers.sink import Sink
from .stage import Stage
from .stage import until

PAGE = os.sysconf("SC_PAGE_SIZE")


@d.dataclass(frozen=True)
class Memory:
    """What a worker held, in octets, after each tenth of the messages."""

    messages: int
    held: tuple[int, ...]
    seconds: float

    @property
    def drift(self) -> float:
        """By which part it has grown since the first tenth."""
        return self.held[-1] / self.held[0] - 1


def watch(messages: int) -> Memory:
    """Let one worker send so many from an SQLite file."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        stage = stack.enter_context(Stage(folder, None, stack.enter_context(Sink()), MAIL_OUTBOX_LEASE=60))
        stage.put(messages)
        began = time.monotonic()
        worker = stage.worker()
        held: list[int] = []
        for tenth in range(1, 11):
            until(lambda at=messages * tenth // 10: stage.states().get("sent", 0) >= at, seconds=600)  # type: ignore[misc]
            pages = pathlib.Path(f"/proc/{worker.process.pid}/statm").read_text().split()[1]
            held.append(int(pages) * PAGE)
        seconds = time.monotonic() - began
        worker.terminate()
        return Memory(messages, tuple(held), seconds)
