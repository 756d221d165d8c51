"""The table: which evidence means which cause. The most specific row that matches wins.

What decides, from the most to the least: provider and text, provider and code, text, enhanced code, code and stage,
code, exception. Among equals the one that stands first wins; so what one provider or relay says stands before what
mail software says everywhere, and what is said of the machine that connects before what is said of sender, recipient
and content. Words that several causes share decide nothing: ``unknown`` is better than a remedy that misleads.
"""

from __future__ import annotations

import functools
import typing as t

from ..evidence import Evidence
from .causes import CAUSES as CAUSES
from .chinese import CHINESE
from .codes import CODES
from .content import CONTENT
from .disputes import is_open
from .disputes import may_dispute
from .exceptions import EXCEPTIONS
from .hosts import HOSTS
from .languages import LANGUAGES
from .login import LOGIN
from .mailboxes import MAILBOXES
from .parties import PARTIES
from .relays import RELAYS
from .row import Row as Row

TABLE: t.Final[tuple[Row, ...]] = tuple(
    sorted(
        (*MAILBOXES, *CHINESE, *RELAYS, *LOGIN, *HOSTS, *PARTIES, *CONTENT, *LANGUAGES, *CODES, *EXCEPTIONS),
        key=lambda row: row.rank,
    )
)
"""Every row, the most specific first."""


@functools.lru_cache(maxsize=256)
def find(evidence: Evidence) -> Row | None:
    """The row for *evidence*, if there is one and no other cause's words leave it open which of them is meant."""
    first = next((row for row in TABLE if row.matches(evidence)), None)
    if first is None or not is_open(first):
        return first
    disputed = any(row.matches(evidence) and not row.within(first, evidence) for row in _rivals(first))
    return None if disputed else first


@functools.cache
def _rivals(first: Row) -> tuple[Row, ...]:
    return tuple(row for row in TABLE[TABLE.index(first) + 1 :] if may_dispute(row, first))
