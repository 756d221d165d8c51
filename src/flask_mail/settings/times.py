"""Seconds, durations and rates, as people write them."""

from __future__ import annotations

import collections.abc as c
import math
import re
import typing as t

from ..errors import ConfigError
from ..errors import STAGES
from .parsers import refuse

_STAGES = ("default", *STAGES[:-1])  # what MAIL_TIMEOUT may name; nothing waits for QUIT
_RATE = re.compile(r"(\d{1,9}) ?/ ?([smhd])", re.ASCII)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([smhd]?)", re.ASCII)
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_seconds(key: str, value: t.Any) -> float:
    wanted = "a number of seconds above 0, for example 30"
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise refuse(key, value, wanted)
    try:
        seconds = float(value)
    except ValueError:
        raise refuse(key, value, wanted) from None
    if not math.isfinite(seconds) or seconds <= 0:
        raise refuse(key, value, wanted)
    return seconds


def parse_timeout(key: str, value: t.Any) -> float | dict[str, float]:
    """Seconds for every stage, or a mapping from stages, ``"default"`` among them, to seconds."""
    if not isinstance(value, c.Mapping):
        return parse_seconds(key, value)
    stages = t.cast("c.Mapping[object, t.Any]", value)
    for stage in stages:
        if stage not in _STAGES:
            raise ConfigError(f"{key} names the stage {stage!r}; the stages are {', '.join(_STAGES)}.", key=key)
    return {str(stage): parse_seconds(key, seconds) for stage, seconds in stages.items()}


def parse_rate(key: str, value: t.Any) -> tuple[int, float]:
    """Messages and the seconds they are for: ``"14/s"`` is ``(14, 1.0)``."""
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise refuse(key, value, "a number of messages per second, minute, hour or day, such as '14/s' or '30/m'")
    return int(match[1]), _SECONDS[match[2]]


def parse_duration(key: str, value: t.Any) -> float:
    """Seconds, as a number or with a unit: ``"90"``, ``"15m"``, ``"4h"``, ``"5d"``."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is not None:
        value = float(match[1]) * _SECONDS[match[2]]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
        raise refuse(key, value, "a number of seconds above 0, or a duration such as '15m', '4h' or '5d'")
    return float(value)


def parse_durations(key: str, value: t.Any) -> tuple[float, ...]:
    """Durations: an iterable of them, or one string with commas between."""
    items: t.Any = value.split(",") if isinstance(value, str) else value
    if isinstance(items, (list, tuple)):
        durations = tuple(parse_duration(key, item) for item in t.cast("c.Sequence[t.Any]", items))
        if durations:
            return durations
    raise refuse(key, value, "a list of durations, such as '1m, 5m, 15m, 1h'")
