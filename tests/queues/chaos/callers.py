"""Those who queue mail are killed while they do."""

from __future__ import annotations

import contextlib
import dataclasses as d
import email
import pathlib
import random
import tempfile

from . import site
from .server import Recorder
from .stage import nursery
from .stage import Stage
from .stage import until
from .stage import whole


@d.dataclass(frozen=True)
class Callers:
    """What came of killing so many.

    :param acknowledged: messages of which ``send_later`` had returned.
    :param missing: those of them that are not there.
    :param torn: messages that are there, but not whole.
    :param more: messages that are there, without ``send_later`` having returned.
    """

    kills: int
    acknowledged: int
    missing: int
    torn: int
    more: int

    @property
    def held(self) -> bool:
        """Whether the promise was kept."""
        return self.acknowledged > 0 and not self.missing and not self.torn and self.more <= self.kills


def kill_callers(url: str | None, kills: int, *, at_once: int = 2, seed: int = 1) -> Callers:
    """Kill so many processes, each amid its calls of ``send_later``.

    :param url: an empty database; ``None`` for an SQLite file.
    :param at_once: how many there are at any time.
    """
    chance = random.Random(seed)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        stage = stack.enter_context(Stage(folder, url, stack.enter_context(Recorder(folder))))
        acknowledged = folder / "acknowledged"
        acknowledged.touch()
        calling = [_Caller(stage, number) for number in range(at_once)]
        for number in range(at_once, kills + at_once):
            size = acknowledged.stat().st_size + chance.randrange(1, 2000)
            until(lambda at=size: acknowledged.stat().st_size >= at, "a call")  # type: ignore[misc]
            chosen = chance.randrange(at_once)
            calling[chosen].kill()
            calling[chosen] = _Caller(stage, number)
        for each in calling:
            each.kill()
        ids = {line.split()[0]: line.split()[1] for line in acknowledged.read_text().splitlines()}
        there, torn = {}, 0
        with stage.store.engine.connect() as connection:
            for row in connection.execute(whole):
                there[row.id] = row.message_id
                found = email.message_from_bytes(row.content or b"")
                body = found.get_payload(decode=True)
                torn += found["Message-ID"] != row.message_id or body.rstrip() != b"x" * 5000  # type: ignore[union-attr]
        missing = sum(there.get(id) != message_id for id, message_id in ids.items())
        return Callers(kills + at_once, len(ids), missing, torn, len(there.keys() - ids.keys()))


class _Caller:
    """A process that queues mail until it is killed."""

    def __init__(self, stage: Stage, number: int) -> None:
        given = (stage.config, f"caller{number}", str(stage.folder / "acknowledged"))
        self._process = nursery().Process(target=site.run_caller, args=given, daemon=True)
        self._process.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
