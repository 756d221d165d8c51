"""Looking after the outbox: what is in it, and what a person may do about it."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses as d
import datetime
import email.parser
import email.policy
import functools
import itertools
import json
import time
import typing as t

import sqlalchemy as sa

from .rows import OPEN as OPEN_RECIPIENT
from .schema import contents
from .schema import DONE
from .schema import messages
from .schema import OPEN
from .schema import workers
from .store import Store

STATES: t.Final = (*OPEN, "held", *DONE)

_RETRIED: t.Final = ("waiting", "failed", "expired", "dead", "held", "cancelled")
_CANCELLED: t.Final = ("ready", "waiting", "suspect", "held")


@d.dataclass(frozen=True, slots=True)
class Entry:
    """A message in the outbox. All times are in seconds since the epoch.

    :param recipients: each with its state, ``open``, ``accepted`` or ``failed``, and the reply to it, if any.
    :param due: when something is to be done about it next, or since when it is over.
    :param error: what went wrong last: ``text``, and where they are known ``stage``, ``cause`` and ``code``.
    :param size: octets.
    """

    id: str
    state: str
    priority: int
    created: float
    due: float
    expires: float
    attempts: int
    message_id: str
    sender: str
    recipients: dict[str, tuple[str, str | None]]
    error: dict[str, t.Any] | None
    key: str | None
    owner: str | None
    size: int

    def as_json(self) -> dict[str, t.Any]:
        """Everything, in what JSON has; times as ISO 8601 says them."""
        found = d.asdict(self)
        for name in ("created", "due", "expires"):
            found[name] = datetime.datetime.fromtimestamp(found[name], datetime.UTC).isoformat()
        found["recipients"] = {who: {"state": state, "reply": reply} for who, (state, reply) in self.recipients.items()}
        return found


@d.dataclass(frozen=True, slots=True)
class Stats:
    """How the outbox stands.

    :param states: messages in each state that has any.
    :param oldest: seconds for which the oldest message that could be sent has waited; ``None`` where none does.
    :param sent_last_hour: messages that were sent in the last hour.
    :param workers: workers that were seen in the last minute.
    :param seen: seconds since a worker was seen last; ``None`` where none ever was.
    """

    states: dict[str, int]
    oldest: float | None
    sent_last_hour: int
    workers: int
    seen: float | None


class Outbox:
    """What is in an outbox; ``app.extensions["mail"].outbox`` is that of an application.

    :param store: its tables.
    :param woken: called when there is something to send again.
    """

    def __init__(self, store: Store, woken: c.Callable[[list[str]], object] = lambda ids: None) -> None:
        self.store = store
        self._woken = woken

    def entries(
        self,
        *,
        state: str | c.Collection[str] | None = None,
        recipient: str | None = None,
        older_than: float | None = None,
        limit: int | None = 50,
    ) -> list[Entry]:
        """The messages, the newest first.

        :param state: only those in this state, or one of these.
        :param recipient: only those with a recipient that holds this text.
        :param older_than: only those queued more than so many seconds ago.
        :param limit: at most so many.
        """
        chosen = sa.select(messages).where(*_filters(state, recipient, older_than)).order_by(messages.c.id.desc())
        if recipient is None:
            chosen = chosen.limit(limit)
        with self.store.engine.connect() as connection:
            rows = connection.execution_options(yield_per=200).execute(chosen)
            with contextlib.closing(rows):
                found: c.Iterator[Entry] = map(_entry, rows)
                if recipient is not None:  # the database looks through replies, too
                    found = filter(functools.partial(_is_for, recipient.casefold()), found)
                return list(itertools.islice(found, limit))

    def get(self, id: str) -> Entry | None:
        """One message, by its id or the beginning of it, where that is the beginning of one only."""
        chosen = sa.select(messages).where(messages.c.id.startswith(id, autoescape=True)).limit(2)
        with self.store.engine.connect() as connection:
            found = list(connection.execute(chosen))
        return _entry(found[0]) if len(found) == 1 else None

    def content(self, id: str) -> bytes | None:
        """The octets of a message."""
        with self.store.engine.connect() as connection:
            found: bytes | None = connection.execute(
                sa.select(contents.c.content).where(contents.c.id == id)
            ).scalar_one_or_none()
        return found

    def subject(self, id: str) -> str:
        """The subject of a message, readable."""
        parsed = email.parser.BytesHeaderParser(policy=email.policy.default).parsebytes(self.content(id) or b"")
        return str(parsed["subject"] or "")

    def retry(self, *ids: str, state: str | None = None) -> list[str]:
        """Send messages again that wait, have failed or are held, to those of their recipients who do not have them.

        :param state: all in this state, where no ids are given.
        :returns: the ids of those that will be sent.
        """
        return self._change(ids, state, _RETRIED, self._retried)

    def cancel(self, *ids: str, state: str | None = None) -> list[str]:
        """Do not send messages that are not being sent already.

        :returns: the ids of those that will not be sent.
        """
        return self._change(ids, state, _CANCELLED, lambda row, now: {"state": "cancelled", "due": now})

    def dispatch(self, older_than: float = 60.0, limit: int = 10_000) -> int:
        """Tell those who send of what has been ready for so many seconds: it seems that they do not know of it.

        :returns: how many messages that were.
        """
        ready = messages.c.state.in_(("ready", "suspect")) & (messages.c.due <= time.time() - older_than)
        with self.store.engine.connect() as connection:
            ids = [row.id for row in connection.execute(sa.select(messages.c.id).where(ready).limit(limit))]
        if ids:
            self._woken(ids)
        return len(ids)

    def purge(self, older_than: float, *, state: str | None = None) -> int:
        """Delete messages that have been over for so many seconds; return how many that were.

        :param state: only those in this state.
        """
        if state is not None:
            _check(state, DONE)
        return self.store.purge(older_than, state=state)

    def stats(self) -> Stats:
        """How the outbox stands."""
        now = time.time()
        count = sa.func.count()
        with self.store.engine.connect() as connection:
            states = {
                row[0]: row[1]
                for row in connection.execute(sa.select(messages.c.state, count).group_by(messages.c.state))
            }
            waits = messages.c.state.in_(("ready", "suspect", "sending"))
            oldest = connection.execute(sa.select(sa.func.min(messages.c.created)).where(waits)).scalar()
            lately = (messages.c.state == "sent") & (messages.c.due > now - 3600)
            sent = connection.execute(sa.select(count).where(lately)).scalar() or 0
            seen = [row.seen for row in connection.execute(sa.select(workers.c.seen))]
        return Stats(
            states=states,
            oldest=None if oldest is None else max(0.0, now - oldest),
            sent_last_hour=sent,
            workers=sum(each > now - 60 for each in seen),
            seen=max(0.0, now - max(seen)) if seen else None,
        )

    def rates(self, buckets: int = 60, seconds: float = 60.0) -> list[int]:
        """How many messages were sent in each of the last spans of time, the oldest first."""
        first = time.time() - buckets * seconds
        count = sa.select(sa.func.count()).where(messages.c.state == "sent")
        with self.store.engine.connect() as connection:
            return [
                connection.execute(
                    count.where(messages.c.due > (start := first + each * seconds), messages.c.due <= start + seconds)
                ).scalar_one()
                for each in range(buckets)
            ]

    def errors(self, limit: int = 20) -> list[tuple[str, int]]:
        """What went wrong with messages that are not sent, by its text, the most frequent first."""
        chosen = sa.select(messages.c.error).where(
            messages.c.state.in_(("waiting", "failed", "expired", "dead", "held"))
        )
        counts: dict[str, int] = {}
        with self.store.engine.connect() as connection:
            for (error,) in connection.execute(chosen.limit(10_000)):
                if error:
                    counts[error["text"]] = counts.get(error["text"], 0) + 1
        return sorted(counts.items(), key=lambda pair: -pair[1])[:limit]

    def _retried(self, row: t.Any, now: float) -> dict[str, t.Any]:
        recipients = [[each[0], OPEN_RECIPIENT] if each[1] == "failed" else each for each in row.recipients]
        expires = max(row.expires, now + (row.expires - row.created))
        values = {"state": "ready", "due": now, "deaths": 0, "recipients": recipients, "expires": expires}
        return values if any(each[1] == OPEN_RECIPIENT for each in recipients) else {}

    def _change(
        self,
        ids: c.Sequence[str],
        state: str | None,
        allowed: c.Sequence[str],
        change: c.Callable[[t.Any, float], dict[str, t.Any]],
    ) -> list[str]:
        if state is not None:
            _check(state, allowed)
        elif not ids:
            raise ValueError("name the messages by their ids, or by their state")
        which = [messages.c.state.in_([state] if state else allowed)]
        if ids:
            which.append(messages.c.id.in_(ids))
        columns = (messages.c.id, messages.c.recipients, messages.c.created, messages.c.expires)
        changed: list[str] = []
        now = time.time()
        with self.store.engine.begin() as connection:
            for row in list(connection.execute(sa.select(*columns).where(*which))):
                if not (values := change(row, now)):
                    continue
                update = messages.update().where(messages.c.id == row.id, messages.c.state.in_(allowed))
                if connection.execute(update.values(values)).rowcount:
                    changed.append(row.id)
        self._woken(changed)
        return changed


def _check(state: str, allowed: c.Sequence[str]) -> None:
    if state not in allowed:
        raise ValueError(f"state is {state!r}, but it has to be one of {', '.join(allowed)}")


def _filters(
    state: str | c.Collection[str] | None, recipient: str | None, older_than: float | None
) -> c.Iterator[sa.ColumnElement[bool]]:
    if state is not None:
        wanted = [state] if isinstance(state, str) else list(state)
        for each in wanted:
            _check(each, STATES)
        yield messages.c.state.in_(wanted)
    if recipient and recipient.isascii():  # JSON has others escaped
        yield sa.cast(messages.c.recipients, sa.Text).icontains(json.dumps(recipient)[1:-1], autoescape=True)
    if older_than is not None:
        yield messages.c.created <= time.time() - older_than


def _is_for(text: str, entry: Entry) -> bool:
    return any(text in recipient.casefold() for recipient in entry.recipients)


def _entry(row: t.Any) -> Entry:
    return Entry(
        id=row.id,
        state=row.state,
        priority=-row.rank,
        created=row.created,
        due=row.due,
        expires=row.expires,
        attempts=row.attempts,
        message_id=row.message_id,
        sender=row.sender,
        recipients={each[0]: (each[1], f"{each[2]} {each[3]}" if len(each) > 3 else None) for each in row.recipients},
        error=row.error,
        key=row.key,
        owner=row.owner,
        size=row.size,
    )
