"""Values that nothing shows: not a repr, not a log, not a traceback with locals."""

from __future__ import annotations

import collections.abc as c
import typing as t

Config = c.Mapping[str, t.Any]


class Secret(str):
    """A string that no repr, log or traceback shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Masked(c.Mapping[str, t.Any]):
    """A configuration that can be read but shows nothing of itself."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def __getitem__(self, key: str) -> t.Any:
        return self._config[key]

    def __iter__(self) -> c.Iterator[str]:
        return iter(self._config)

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return "<configuration>"
