"""What every queue has to do, as tests to inherit: ours pass them, and so should yours."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextlib
import dataclasses as d
import smtplib
import time
import typing as t

from ..errors import delivery_error
from ..errors import DeliveryError
from ..errors import QueueError
from ..queues.base import Delivery
from ..queues.base import Queue
from ..queues.schedule import Schedule
from ..submission import Reply
from .contract import make_submission
from .contract import RECIPIENTS
from .contract import Unreadable
from .scripted import ScriptedDelivery

LATER: t.Final = Reply(450, b"4.2.1 not now")
NEVER: t.Final = Reply(550, b"5.1.1 nobody of that name")
FIRST, SECOND = RECIPIENTS


class ReadableOnce:
    """A part of content that can be read once, as an upload that is gone when the request has ended."""

    size = 12

    def __init__(self) -> None:
        self._left = [b"a short text"]

    def __iter__(self) -> c.Iterator[bytes]:
        if not self._left:
            raise OSError("the file is gone")
        yield self._left.pop()


class QueueContract:
    """The tests; a subclass says how to make the queue, and how to have it work where it does not do so by itself.

    .. code-block:: python

        class TestMyQueue(QueueContract):
            def make_queue(self, delivery, schedule):
                return MyQueue(delivery, schedule)
    """

    patience: float = 30.0
    """Seconds after which what is waited for has failed to happen."""

    moment: float = 0.3
    """Seconds after which what was not to happen is taken not to."""

    def make_queue(self, delivery: Delivery, schedule: Schedule) -> Queue:
        """A queue, empty.

        :param delivery: what it has to deliver with, and to tell.
        :param schedule: when it has to try again.
        """
        raise NotImplementedError

    def work(self, queue: Queue) -> None:
        """Have *queue* deliver what is due now; nothing has to be done where it has threads or workers of its own."""

    def test_each_has_an_id_of_its_own(self) -> None:
        with self._queue() as (queue, delivery):
            ids = [queue.put(make_submission(name=name)) for name in "abc"]
            assert all(isinstance(id, str) and id for id in ids), f"put() returned {ids!r}, and not only ids"
            assert len(set(ids)) == 3, f"put() returned {ids!r}, where two are the same"
            self._until(queue, delivery, lambda: len(delivery.attempts) == 3)

    def test_what_is_put_is_delivered_once_and_as_it_is(self) -> None:
        submission = make_submission(
            b".\r\n..\r\n\xc3\xa9\r\nno line end",
            sender="grüße@example.com",
            recipients=("用户@example.com", "b@example.com"),
            mail_options=("SMTPUTF8", "RET=HDRS"),
        )
        submission = d.replace(submission, tags=("welcome",), metadata={"user": 7, "names": ["é"]})
        with self._queue() as (queue, delivery):
            queue.put(submission)
            self._until(queue, delivery, lambda: delivery.attempts)
            self._wait_a_moment(queue, delivery)
            assert len(delivery.attempts) == 1, f"it was delivered {len(delivery.attempts)} times"
            (attempt,) = delivery.attempts
            assert attempt.content == bytes(submission.content), "the content was changed"
            for name in ("envelope", "message_id", "tags", "metadata"):
                arrived, put = getattr(attempt.submission, name), getattr(submission, name)
                assert arrived == put, f"{name} was {put!r}, and became {arrived!r}"

    def test_content_is_read_when_it_is_put(self) -> None:
        with self._queue() as (queue, delivery):
            queue.put(make_submission(ReadableOnce()))
            self._until(queue, delivery, lambda: delivery.attempts)
            assert delivery.attempts[0].content.endswith(b"a short text")

    def test_content_that_cannot_be_read_is_an_error_and_nothing_is_kept(self) -> None:
        with self._queue() as (queue, delivery):
            try:
                queue.put(make_submission(Unreadable(), name="half"))
            except (QueueError, OSError):
                pass
            else:
                raise AssertionError("content that could not be read was taken")
            queue.put(make_submission(name="whole"))
            self._until(queue, delivery, lambda: delivery.attempts)
            self._wait_a_moment(queue, delivery)
            assert [each.submission.message_id for each in delivery.attempts] == ["<whole@contract.example.com>"]

    def test_put_many_takes_all(self) -> None:
        submissions = [make_submission(name=str(number)) for number in range(10)]
        with self._queue() as (queue, delivery):
            ids = queue.put_many(submissions, priority=3)
            assert len(set(ids)) == 10, f"put_many() returned {ids!r} for 10 submissions"
            self._until(queue, delivery, lambda: len(delivery.attempts) == 10)
            assert {each.submission.message_id for each in delivery.attempts} == {one.message_id for one in submissions}
            assert queue.put_many([]) == []

    def test_a_key_is_taken_once(self) -> None:
        with self._queue() as (queue, delivery):
            first = queue.put(make_submission(name="one"), key="welcome-7")
            assert queue.put(make_submission(name="two"), key="welcome-7") == first
            self._until(queue, delivery, lambda: delivery.attempts)
            assert queue.put(make_submission(name="three"), key="welcome-7") == first
            assert queue.put(make_submission(name="four"), key="welcome-8") != first
            self._until(queue, delivery, lambda: len(delivery.attempts) == 2)
            self._wait_a_moment(queue, delivery)
            assert len(delivery.attempts) == 2

    def test_nothing_goes_before_its_time(self) -> None:
        due = time.time() + 2 * self.moment
        with self._queue() as (queue, delivery):
            queue.put(make_submission(), not_before=due)
            self._wait_a_moment(queue, delivery)
            self._until(queue, delivery, lambda: delivery.attempts)
            assert delivery.attempts[0].time >= due - 0.01, "it was sent before its time"

    def test_what_has_expired_is_not_sent_but_told(self) -> None:
        with self._queue() as (queue, delivery):
            number = queue.put(make_submission(), expires=time.time() - 1)
            self._until(queue, delivery, lambda: delivery.told("failed"))
            (event,) = delivery.told("failed")
            assert (event.id, event.recipients) == (number, RECIPIENTS)
            assert event.error is not None, "nobody was told why"
            assert delivery.attempts == [], "it was sent after its time"

    def test_only_those_refused_for_now_are_offered_it_again(self) -> None:
        with self._queue() as (queue, delivery):
            delivery.script = {FIRST: [LATER, LATER], SECOND: [NEVER, NEVER]}
            submission = make_submission(recipients=(*RECIPIENTS, "third@example.com"))
            number = queue.put(submission)
            self._until(queue, delivery, lambda: len(delivery.attempts) == 3)
            self._wait_a_moment(queue, delivery)
            offered = [attempt.recipients for attempt in delivery.attempts]
            assert offered == [(*RECIPIENTS, "third@example.com"), (FIRST,), (FIRST,)], f"it was offered to {offered}"
            assert {attempt.content for attempt in delivery.attempts} == {bytes(submission.content)}
            assert {attempt.submission.message_id for attempt in delivery.attempts} == {submission.message_id}
            (failed,) = delivery.told("failed")
            assert (failed.id, failed.recipients) == (number, (SECOND,))
            assert isinstance(failed.error, DeliveryError)
            assert failed.error.reply is not None, "the reply that refused it is not told"
            assert failed.error.reply.code == 550
            deferred = delivery.told("deferred")
            assert [event.recipients for event in deferred] == [(FIRST,), (FIRST,)]
            assert all(event.due is not None for event in deferred)

    def test_what_is_refused_for_good_is_not_tried_again(self) -> None:
        with self._queue() as (queue, delivery):
            delivery.script = {FIRST: [NEVER], SECOND: [NEVER]}
            number = queue.put(make_submission())
            self._until(queue, delivery, lambda: delivery.told("failed"))
            self._wait_a_moment(queue, delivery)
            assert len(delivery.attempts) == 1
            told = [(event.id, who) for event in delivery.told("failed") for who in event.recipients]
            assert told == [(number, FIRST), (number, SECOND)]

    def test_a_passing_error_is_tried_again(self) -> None:
        error = delivery_error(
            smtplib.SMTPDataError(451, b"4.3.0 not now"), stage="data", transient=True, reply=Reply(451, b"4.3.0")
        )
        self._check_tried_again(Schedule((0.05,), 600.0), error, error)

    def test_trouble_on_the_way_costs_no_attempt(self) -> None:
        """Or else the next one would be an hour away."""
        error = delivery_error(ConnectionRefusedError("nobody there"), stage="connect", transient=True)
        self._check_tried_again(Schedule((3600.0,), 86_400.0), error)

    def test_what_is_in_doubt_is_sent_again(self) -> None:
        error = delivery_error(smtplib.SMTPServerDisconnected("lost"), stage="end-of-data", transient=True)
        error.in_doubt = True
        self._check_tried_again(Schedule((0.05,), 600.0), error)

    def test_it_is_given_up_in_the_end_and_told(self) -> None:
        with self._queue(Schedule((0.1,), 1.0)) as (queue, delivery):
            delivery.script = {FIRST: [LATER, ...], SECOND: [LATER, ...]}
            number = queue.put(make_submission())
            self._until(queue, delivery, lambda: delivery.told("failed"))
            attempts = len(delivery.attempts)
            self._wait_a_moment(queue, delivery)
            assert len(delivery.attempts) == attempts > 1
            told = [(event.id, who) for event in delivery.told("failed") for who in event.recipients]
            assert told == [(number, FIRST), (number, SECOND)]

    def test_several_threads_may_put(self) -> None:
        with self._queue() as (queue, delivery), concurrent.futures.ThreadPoolExecutor(4) as pool:
            ids = list(pool.map(queue.put, [make_submission(name=str(number)) for number in range(40)]))
            assert len(set(ids)) == 40
            self._until(queue, delivery, lambda: len(delivery.attempts) >= 40)
            self._wait_a_moment(queue, delivery)
            assert set(delivery.accepted.values()) == {1}
            assert len(delivery.accepted) == 80

    def test_it_may_be_closed_twice(self) -> None:
        with self._queue() as (queue, _):
            queue.close(self.patience)
            queue.close()

    def _check_tried_again(self, schedule: Schedule, *errors: Exception) -> None:
        with self._queue(schedule) as (queue, delivery):
            delivery.script = {FIRST: list(errors)}
            submission = make_submission()
            number = queue.put(submission)
            self._until(queue, delivery, lambda: len(delivery.attempts) == 1 + len(errors))
            for attempt in delivery.attempts:
                assert attempt.recipients == RECIPIENTS
                assert attempt.content == bytes(submission.content), "the second time it was something else"
                assert attempt.submission.message_id == submission.message_id
            deferred = delivery.told("deferred")
            assert [(event.id, event.recipients) for event in deferred] == [(number, RECIPIENTS)] * len(errors)
            assert delivery.told("failed") == []

    @contextlib.contextmanager
    def _queue(self, schedule: Schedule | None = None) -> c.Generator[tuple[Queue, ScriptedDelivery]]:
        delivery = ScriptedDelivery()
        queue = self.make_queue(delivery, schedule or Schedule((0.05,), 600.0))
        try:
            yield queue, delivery
        finally:
            queue.close(1.0)

    def _until(self, queue: Queue, delivery: ScriptedDelivery, condition: c.Callable[[], object]) -> None:
        end = time.monotonic() + self.patience
        while not condition():
            assert time.monotonic() < end, (
                f"it did not come to that within {self.patience} s: {len(delivery.attempts)} attempts, events: "
                f"{delivery.events}"
            )
            self.work(queue)
            delivery.wait(0.02)

    def _wait_a_moment(self, queue: Queue, delivery: ScriptedDelivery) -> None:
        end = time.monotonic() + self.moment
        while (left := end - time.monotonic()) > 0:
            self.work(queue)
            delivery.wait(left)
