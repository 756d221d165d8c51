"""The table: which evidence means which cause. The most specific row that matches wins.

What decides, from the most to the least: provider and text, text, provider and code, enhanced code, code and stage,
code, exception. Among equals the row that asks for more wins, then the one that stands first.
"""

from __future__ import annotations

import functools
import typing as t

from ..evidence import Evidence
from .causes import CAUSES as CAUSES
from .exceptions import EXCEPTIONS
from .row import Row as Row

TABLE: t.Final[tuple[Row, ...]] = tuple(sorted(EXCEPTIONS, key=lambda row: row.rank))


@functools.lru_cache(maxsize=256)
def find(evidence: Evidence) -> Row | None:
    """The row for *evidence*, if there is one."""
    return next((row for row in TABLE if row.matches(evidence)), None)
