"""Taking messages out of the outbox for a worker: which, in which order, and never two workers the same.

It is done over the driver's own connection, as :mod:`.ledger` has it, and what is found stays as it came until it is
sent: a hundred messages with all their parts would be looked through by the garbage collector over and over.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import functools
import itertools
import json
import math
import time
import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ..base import Lease
from .ledger import Ledger
from .rows import Claims
from .schema import contents
from .schema import messages
from .schema import state_by_id

CLAIMED: t.Final = 2**26
"""Octets that are claimed at once, with the message that goes beyond; all of them are in memory until they are sent."""

_SKIPPING: t.Final = ("postgresql", "mysql", "mariadb")
"""Databases in which one claim goes round what another one has locked."""

_COLUMNS: t.Final = (  # in the order of rows.Found
    messages.c.rank,
    messages.c.id,
    messages.c.message_id,
    messages.c.sender,
    messages.c.attempts,
    messages.c.deaths,
    messages.c.expires,
    *[sa.cast(messages.c[name], sa.Text).label(name) for name in ("recipients", "options", "details")],
)


@d.dataclass(frozen=True, slots=True)
class Steps:
    """What is asked to take messages.

    :param take: takes them; and returns them, where it can.
    :param sizes: of those that there are, where what writes nothing locks nobody out; else ``take`` does all at once.
    :param chosen: where an UPDATE returns nothing: which to take.
    :param taken: then returns them.
    :param contents: their octets, where ``take`` does not return them.
    """

    take: t.Any
    sizes: t.Any = None
    chosen: t.Any = None
    taken: t.Any = None
    contents: t.Any = None


def claim(ledger: Ledger, lease: Lease, seconds: float, limit: int, *, suspects: bool = False) -> Claims:
    """See :meth:`.Store.claim`."""
    steps = _steps(ledger.engine.dialect, "suspect" if suspects else "ready")
    return _take(ledger, steps, lease, seconds, {"most": limit}, CLAIMED)


def claim_ids(ledger: Ledger, lease: Lease, seconds: float, ids: c.Collection[str]) -> Claims:
    """See :meth:`.Store.claim_ids`."""
    dialect = ledger.engine.dialect
    which = {"ids": _listed(dialect, ids), "most": len(ids)}
    return _take(ledger, _steps(dialect, "ids"), lease, seconds, which, math.inf)


def _take(ledger: Ledger, steps: Steps, lease: Lease, seconds: float, which: dict[str, t.Any], octets: float) -> Claims:
    change = {"new_owner": lease.owner, "until": time.time() + seconds}
    with ledger.transaction(single=steps.sizes is None) as ask:
        if steps.sizes is None:
            return Claims(lease, sorted(ask(steps.take, {**which, **change, "octets": octets})))
        sizes = [size for (size,) in ask(steps.sizes, which)]
        if not sizes:
            return Claims(lease, [])
        if sum(sizes) > octets:
            which["most"] = sum(so_far < octets for so_far in itertools.accumulate(sizes[:-1], initial=0))
        if steps.chosen is None:
            found = ask(steps.take, {**which, **change})
        else:
            these = {"ids": _listed(ledger.engine.dialect, [id for (id,) in ask(steps.chosen, which)])}
            ask(steps.take, {**these, **change})
            found = ask(steps.taken, these)
        of_these = {"ids": _listed(ledger.engine.dialect, [row[1] for row in found])}
        octets_of = dict(ask(steps.contents, of_these))
    found.sort()
    return Claims(lease, [(*row, octets_of[row[1]]) for row in found])


@functools.lru_cache(maxsize=16)
def _steps(dialect: sa.Dialect, which: str) -> Steps:
    there = messages.c.state == sa.literal_column(f"'{which}'")
    if which == "ids":
        waits = state_by_id.in_([sa.literal_column("'ready'"), sa.literal_column("'suspect'")])
        there = _among(dialect, messages.c.id) & waits
    chosen = sa.select(messages.c.id).where(there).order_by(messages.c.rank, messages.c.due, messages.c.id)
    most: t.Any = sa.bindparam("most", type_=sa.Integer)
    take = messages.update().values(
        state=sa.literal_column("'sending'"),
        owner=sa.bindparam("new_owner"),
        due=sa.bindparam("until"),
        attempts=messages.c.attempts + sa.literal_column("1"),
    )
    if dialect.name == "postgresql":
        return Steps(_at_once(chosen if which == "ids" else chosen.limit(_room(chosen, most)), take))
    chosen = chosen.limit(most)
    sizes = chosen.with_only_columns(messages.c.size)
    octets = sa.select(contents.c.id, contents.c.content).where(_among(dialect, contents.c.id))
    if dialect.name in _SKIPPING:
        chosen = chosen.with_for_update(skip_locked=True)
    if not dialect.update_returning:
        ours = _among(dialect, messages.c.id)
        return Steps(take.where(ours), sizes, chosen, sa.select(*_COLUMNS).where(ours), octets)
    return Steps(take.where(messages.c.id.in_(chosen)).returning(*_COLUMNS), sizes, contents=octets)


def _at_once(chosen: sa.Select[t.Any], take: sa.Update) -> sa.Executable:
    """All of it in one statement, and so in one round trip.

    PostgreSQL must not guess how many that is. Where it takes it that fewer are ready than the limit, as it does until
    it has counted what was put in lately, it reads and sorts all of them; so the limit is none that it knows when it
    plans, see :func:`_room`. Of such a limit it takes it for a tenth of all that are ready, and what it thinks is much
    it compiles each time; so what is chosen goes through an array, whatever its size. From within IN it might choose
    more than once, too. The content comes from a subquery for each row, so that no plan reads all that there is.
    """
    locked = chosen.with_for_update(skip_locked=True).cte("locked")
    ids = sa.func.array(sa.select(locked.c.id).scalar_subquery())
    taken = take.where(messages.c.id == sa.any_(ids)).returning(*_COLUMNS).cte("taken")
    content = sa.select(contents.c.content).where(contents.c.id == taken.c.id).scalar_subquery()
    return sa.select(*taken.c, content)


def _room(chosen: sa.Select[t.Any], most: t.Any) -> t.Any:
    """How many of *chosen* there is memory for, and no more than *most*.

    It is counted before any of them is locked: what was locked and not taken no other worker could take meanwhile.
    """
    columns = messages.c.rank, messages.c.due, messages.c.id, messages.c.size
    sized = chosen.with_only_columns(*columns).limit(sa.select(most).scalar_subquery()).subquery("sized").c
    so_far = sa.func.sum(sized.size).over(order_by=(sized.rank, sized.due, sized.id))
    counted = sa.select((so_far - sized.size).label("before")).subquery("counted")
    within = counted.c.before < sa.bindparam("octets", type_=sa.Double)
    return sa.select(sa.func.count()).select_from(counted).where(within).scalar_subquery()


def _among(dialect: sa.Dialect, id: sa.Column[str]) -> sa.ColumnElement[bool]:
    """Whether *id* is among those of the parameter ``ids``, however many these are; see :func:`_listed`."""
    if dialect.name == "sqlite":
        return id.in_(sa.select(sa.func.json_each(sa.bindparam("ids", type_=sa.Text)).table_valued("value").c.value))
    if dialect.name == "postgresql":
        return id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.String)))
    return id.in_(sa.bindparam("ids", expanding=True))


def _listed(dialect: sa.Dialect, ids: c.Iterable[str]) -> t.Any:
    return json.dumps(list(ids)) if dialect.name == "sqlite" else list(ids)
