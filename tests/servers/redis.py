"""Debian's Redis on loopback. It keeps what it has over a restart in good order, and all but the last moment else."""

from __future__ import annotations

import redis

from .process import program
from .process import ServerProcess
from .recording import HOST


class Redis(ServerProcess):
    """A Redis with an append-only file."""

    name = "redis"

    def command(self) -> list[str]:
        given = {"bind": HOST, "port": self.port, "dir": self.folder, "save": "", "appendonly": "yes"}
        return [program("redis-server"), *(part for key, value in given.items() for part in (f"--{key}", str(value)))]

    def answers(self) -> bool:
        with redis.Redis(HOST, self.port, socket_timeout=5) as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.TimeoutError):  # also while it reads its file
                return False

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"
