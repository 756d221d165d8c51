"""The queue that needs nothing: a few threads of the process that sends.

What it holds is in memory. It is sent empty when the process ends in good order, and what cannot be sent by then is put
away as files (:mod:`.unsent`); a process that is killed takes it along. The outbox is for what must not be lost so.
"""

from __future__ import annotations

import collections
import collections.abc as c
import importlib
import itertools
import os
import pathlib
import threading
import time
import typing as t
import uuid

from ..errors import QueueError
from ..submission import Submission
from . import process
from .base import Delivery
from .base import Event
from .base import Queue
from .pause import Pause
from .remaining import held
from .remaining import offered_to
from .remaining import refusal
from .schedule import Schedule
from .unsent import ExpiredError
from .unsent import remove
from .unsent import UnsentError
from .unsent import UnsentFolder
from .verdict import judge
from .verdict import Verdict
from .waiting import Item
from .waiting import Waiting

IDLE: t.Final = 30.0
"""Seconds after which a thread that has nothing to do ends; the next submission starts another one."""
KEYS: t.Final = 10_000
"""How many keys of submissions that are done with are remembered."""

importlib.import_module("encodings.idna")  # by every look-up of an address: a child born amid that would wait for ever


class ThreadQueue(Queue):
    """Sends from threads of this process, which start with the first submission.

    :param unsent: the folder for what could not be sent.
    :param threads: how many there are at most.
    :param size: how many submissions are held at most, those for later and those being sent among them.
    :param block: wait for room where it is full; it is an error otherwise.
    :param hold: put a submission away, instead of sending it again, where the server may have it.
    :param shutdown_timeout: seconds in which it is sent empty when the process ends.
    """

    def __init__(
        self,
        delivery: Delivery,
        schedule: Schedule,
        *,
        unsent: str | os.PathLike[str],
        threads: int = 2,
        size: int = 1000,
        block: bool = False,
        hold: bool = False,
        shutdown_timeout: float = 10.0,
    ) -> None:
        super().__init__(delivery, schedule)
        self.unsent: UnsentFolder = UnsentFolder(unsent)
        self._limit = threads
        self._size = size
        self._block = block
        self._hold = hold
        self._shutdown_timeout = shutdown_timeout
        self._numbers = itertools.count()
        self._closed = False
        self._keys: dict[str, str] = {}
        self._old_keys: collections.OrderedDict[str, str] = collections.OrderedDict()
        self.begin_anew()
        process.watch(self)

    def begin_anew(self) -> None:
        """Empty, with no threads: at first, and in a child after a fork, since what was queued is the parent's."""
        self._changed = threading.Condition()
        self._waiting = Waiting()
        self._active: dict[str, Item] = {}
        self._put_away: dict[str, pathlib.Path | None] = {}
        self._threads: set[threading.Thread] = set()
        self._pause = Pause()
        self._hopeless = False

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], delivery: Delivery, /) -> t.Self:
        """Take threads, size and the rest from the ``MAIL_*`` settings."""
        return cls(
            delivery,
            Schedule(config["MAIL_RETRY_SCHEDULE"], config["MAIL_RETRY_FOR"]),
            unsent=config["MAIL_UNSENT_PATH"],
            threads=config["MAIL_THREADS"],
            size=config["MAIL_QUEUE_SIZE"],
            block=config["MAIL_QUEUE_FULL"] == "block",
            hold=config["MAIL_IN_DOUBT"] == "hold",
            shutdown_timeout=config["MAIL_SHUTDOWN_TIMEOUT"],
        )

    def __len__(self) -> int:
        """How many are waiting or being sent."""
        with self._changed:
            return self._held()

    def put(
        self,
        submission: Submission,
        /,
        *,
        not_before: float | None = None,
        expires: float | None = None,
        priority: int = 0,
        key: str | None = None,
        session: t.Any = None,
    ) -> str:
        """See :meth:`.base.Queue.put`. The key is known to this process only; *session* means nothing here."""
        submission = held(submission)
        now = time.time()
        with self._changed:
            if known := self._room_or_known(key):
                return known
            item = Item(
                uuid.uuid4().hex,
                submission,
                next(self._numbers),
                priority,
                due=not_before or 0.0,
                expires=max(now, not_before or now) + self.schedule.keep_for if expires is None else expires,
                key=key,
                perishable=expires is not None,
            )
            if key is not None:
                self._keys[key] = item.id
            self._waiting.add(item)
            staffed = self._staff()
            self._changed.notify()
        if not staffed:
            self._work()  # no thread can be started, as at the end of the interpreter: then the caller's does it
        return item.id

    def join(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left, what is to be tried again or later included.

        :param timeout: seconds.
        :returns: whether nothing is left.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._held(), timeout)

    def close(self, timeout: float | None = None) -> None:
        """Take no more, try all that is due once more, and put the rest away.

        :param timeout: seconds it may take; ``MAIL_SHUTDOWN_TIMEOUT`` where it is ``None``.
        """
        until = time.monotonic() + (self._shutdown_timeout if timeout is None else timeout)
        with self._changed:
            self._closed = True
            self._pause.until = 0.0
            left = self._waiting.take_later(time.time())
            staffed = self._staff()
            self._changed.notify_all()
        try:
            if not staffed:
                self._work()
            with self._changed:
                self._changed.wait_for(self._drained, max(0.0, until - time.monotonic()))
        finally:  # also where somebody is in a hurry and presses Ctrl-C
            with self._changed:
                self._hopeless = True
                left += self._waiting.take_all()
                hung = [item for item in self._active.values() if item.id not in self._put_away]
                self._changed.notify_all()
            for item in left:
                self._put_aside(item)
                self._forget(item)
            for item in hung:
                self._put_aside_amid_sending(item)

    # What follows up to _staff() is called with the lock held.

    def _held(self) -> int:
        return len(self._waiting) + len(self._active)

    def _known(self, key: str | None) -> str | None:
        return None if key is None else self._keys.get(key) or self._old_keys.get(key)

    def _drained(self) -> bool:
        return not self._active and (self._hopeless or not self._waiting)

    def _room_or_known(self, key: str | None) -> str | None:
        """Return once there is room; or at once, with its id, where *key* is known.

        :raises QueueError: there is none, or the queue is closed.
        """
        ours = threading.current_thread() in self._threads  # a receiver of a signal, which must not wait for itself
        while (known := self._known(key)) is None:
            if self._closed:
                raise QueueError("The thread queue is closed: it takes no more messages.")
            if self._held() < self._size or ours:
                return None
            if not self._block:
                raise QueueError(
                    f"The thread queue is full: {self._size} messages in it are not sent yet. Raise MAIL_QUEUE_SIZE, "
                    f"set MAIL_QUEUE_FULL to 'block' to wait for room, or MAIL_QUEUE to 'outbox'."
                )
            self._changed.wait()
        return known

    def _staff(self) -> bool:
        """Start threads for what is to be done; false where none can be started, and none runs."""
        while len(self._threads) < min(self._limit, self._held()):
            thread = threading.Thread(target=self._work, name=f"flask-mail-{len(self._threads) + 1}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is ending, or the system has no more
                break
            self._threads.add(thread)
            process.attend()
        return bool(self._threads) or not self._held()

    def _work(self) -> None:
        while (item := self._next()) is not None:
            if item.expires <= time.time():
                self._give_up(item)
                self._forget(item)
                continue
            try:
                outcome: t.Any = self.delivery.deliver(item.submission)
            except Exception as error:
                outcome = error
            except BaseException:  # what ends a greenlet, say
                with self._changed:
                    self._threads.discard(threading.current_thread())
                self._again(item, 0.0)
                with self._changed:
                    self._staff()
                raise
            self._settle(item, judge(item.recipients, outcome, self.delivery.transient))

    def _next(self) -> Item | None:
        """Wait for something to send; ``None`` where this thread is not needed any more."""
        me = threading.current_thread()
        with self._changed:
            while True:
                now = time.time()
                if self._may_send(now) and (item := self._waiting.pop(now)):
                    self._active[item.id] = item
                    return item
                wait = self._seconds(now)
                if me not in self._threads or (self._closed and not self._waiting) or self._hopeless:
                    break
                if not self._changed.wait(wait) and not self._waiting:
                    break
            self._threads.discard(me)
            return None

    def _may_send(self, now: float) -> bool:
        """After trouble on the way, only one tries whether it is over."""
        return not self._hopeless and now >= self._pause.until and not (self._pause.troubles and self._active)

    def _seconds(self, now: float) -> float | None:
        """How long a thread with nothing to do has to wait; ``None`` where somebody will wake it."""
        due = self._waiting.due()
        if due is None:
            return IDLE
        if self._pause.troubles and self._active:
            return None
        return max(0.0, min(max(due, self._pause.until) - now, IDLE))  # a clock may be set, and a wait has a most

    def _settle(self, item: Item, verdict: Verdict) -> None:
        """Do what *verdict* says, recipient by recipient."""
        if verdict.accepted:
            self._tell("sent", item, verdict.accepted)
        if verdict.failed:
            self._tell("failed", item, tuple(verdict.failed), verdict.error or refusal(verdict.failed))
        if verdict.again:
            item.submission = offered_to(item.submission, verdict.again)
            item.error = verdict.error or refusal(verdict.again)
        due = self._learn(item, verdict)
        if item.id in self._put_away:
            self._late(item, verdict)
        elif not verdict.again:
            self._forget(item)
        elif verdict.in_doubt and self._hold:
            self._put_aside(item, in_doubt=True)
            self._forget(item)
        elif due >= item.expires and not verdict.way:
            self._give_up(item)
            self._forget(item)
        else:
            if not self._closed:
                self._tell("deferred", item, item.recipients, item.error, due)
            if not self._again(item, due):
                self._put_aside(item, in_doubt=verdict.in_doubt)
                self._forget(item)

    def _learn(self, item: Item, verdict: Verdict) -> float:
        """Take note of what an attempt says of the way to the server.

        :returns: when *item* would be due.
        """
        now = time.time()
        with self._changed:
            if not verdict.way:
                self._pause.end()
                item.attempts += 1
                return now + self.schedule.delay(item.attempts)
            self._hopeless = self._hopeless or self._closed
            return self._pause.begin(now)

    def _again(self, item: Item, due: float) -> bool:
        """Have *item* wait again; false where the queue is closed."""
        with self._changed:
            if self._closed:
                return False
            self._active.pop(item.id, None)
            item.due = due
            self._waiting.add(item)
            self._changed.notify_all()
            return True

    def _forget(self, item: Item) -> None:
        """Let *item* go: it is done with."""
        with self._changed:
            self._active.pop(item.id, None)
            if item.key is not None:
                self._old_keys[item.key] = self._keys.pop(item.key, item.id)
                while len(self._old_keys) > KEYS:
                    self._old_keys.popitem(last=False)
            self._changed.notify_all()

    def _give_up(self, item: Item) -> None:
        """Its time is over. What nobody wants any more is not kept."""
        if not item.perishable:
            self._put_aside(item)
            return
        error = item.error or ExpiredError()
        self._tell("failed", item, item.recipients, error)

    def _put_aside(self, item: Item, *, in_doubt: bool = False) -> None:
        """Write *item* into the folder, say so in the log, and tell."""
        self._tell("failed", item, item.recipients, self._file(item, in_doubt))

    def _put_aside_amid_sending(self, item: Item) -> None:
        told = self._file(item, in_doubt=True)
        with self._changed:
            ended = item.id not in self._active
            if not ended:
                self._put_away[item.id] = told.path
        if not ended:
            self._tell("failed", item, item.recipients, told)
        elif told.path is not None:
            remove(told.path)

    def _file(self, item: Item, in_doubt: bool) -> UnsentError:
        why = item.error or ("it was being sent when the process ended" if in_doubt else "the process ended")
        return self.unsent.put_aside(item.submission, why, in_doubt=in_doubt)

    def _late(self, item: Item, verdict: Verdict) -> None:
        """The outcome of what was put away amid its sending: what has arrived since need not be sent again."""
        with self._changed:
            path = self._put_away.pop(item.id)
            if path is not None and not verdict.again:
                remove(path)
        self._forget(item)

    def _tell(
        self,
        kind: t.Literal["sent", "deferred", "failed"],
        item: Item,
        recipients: tuple[str, ...],
        error: Exception | None = None,
        due: float | None = None,
    ) -> None:
        self.delivery.tell(Event(kind, item.id, item.submission.message_id, recipients, error, due))
