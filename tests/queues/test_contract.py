"""The contract for queues: ours keep it, and what breaks it has to be found."""

from __future__ import annotations

import collections.abc as c
import pathlib
import subprocess
import sys
import time
import typing as t

import pytest
from flask import Flask

from flask_mail import Mail
from flask_mail import Message
from flask_mail.errors import ConfigError
from flask_mail.errors import QueueError
from flask_mail.queues.base import Delivery
from flask_mail.queues.base import Queue
from flask_mail.queues.outbox import engine
from flask_mail.queues.outbox import OutboxQueue
from flask_mail.queues.outbox import Store
from flask_mail.queues.schedule import Schedule
from flask_mail.queues.thread import ThreadQueue
from flask_mail.queues.verdict import judge
from flask_mail.queues.worker import Worker
from flask_mail.submission import Submission
from flask_mail.testing import QueueContract


class TestThreadQueue(QueueContract):
    @pytest.fixture(autouse=True)
    def setup(self, tmp_path: pathlib.Path) -> None:
        self.folder = tmp_path

    def make_queue(self, delivery: Delivery, schedule: Schedule) -> Queue:
        return ThreadQueue(delivery, schedule, unsent=self.folder / "unsent", shutdown_timeout=5)


class TestOutboxQueue(QueueContract):
    @pytest.fixture(autouse=True)
    def setup(self, tmp_path: pathlib.Path) -> c.Iterator[None]:
        self.engine = engine(f"sqlite:///{tmp_path}/outbox.sqlite")
        yield
        self.engine.dispose()

    def make_queue(self, delivery: Delivery, schedule: Schedule) -> Queue:
        return OutboxQueue(delivery, schedule, Store(self.engine))

    def work(self, queue: Queue) -> None:
        assert isinstance(queue, OutboxQueue)
        queue.prepare()
        Worker(queue.store, queue.delivery, queue.schedule).run(burst=True)


class Simple(Queue):
    """Sends at once, what is for later never, and tries nothing again."""

    def put(self, submission: Submission, /, **terms: t.Any) -> str:
        self.delivery.deliver(submission)
        return submission.message_id


class Numbered(Simple):
    number = 0

    def put(self, submission: Submission, /, **terms: t.Any) -> str:
        super().put(submission)
        type(self).number += 1
        return str(self.number)


class Twice(Numbered):
    def put(self, submission: Submission, /, **terms: t.Any) -> str:
        super().put(submission)
        return super().put(submission)


class Constant(Simple):
    def put(self, submission: Submission, /, **terms: t.Any) -> str:
        super().put(submission)
        return "1"


class Late(Queue):
    """Reads the content when it sends it."""

    def put(self, submission: Submission, /, **terms: t.Any) -> str:
        bytes(submission.content)
        try:
            self.delivery.deliver(submission)
        except OSError as error:
            raise QueueError("too late") from error
        return submission.message_id


class Stubborn(Queue):
    """Offers it to everybody again, whoever was accepted."""

    def put(self, submission: Submission, /, **terms: t.Any) -> str:
        for _ in range(5):
            try:
                receipt = self.delivery.deliver(submission)
            except Exception as error:
                verdict = judge(submission.envelope.recipients, error, self.delivery.transient)
            else:
                verdict = judge(submission.envelope.recipients, receipt, self.delivery.transient)
            if not verdict.again:
                break
            time.sleep(0.01)
        return submission.message_id


@pytest.mark.parametrize(
    ("queue", "test"),
    [
        (Constant, "test_each_has_an_id_of_its_own"),
        (Twice, "test_what_is_put_is_delivered_once_and_as_it_is"),
        (Late, "test_content_is_read_when_it_is_put"),
        (Constant, "test_put_many_takes_all"),
        (Numbered, "test_a_key_is_taken_once"),
        (Simple, "test_nothing_goes_before_its_time"),
        (Simple, "test_what_has_expired_is_not_sent_but_told"),
        (Stubborn, "test_only_those_refused_for_now_are_offered_it_again"),
        (Stubborn, "test_what_is_refused_for_good_is_not_tried_again"),
        (Stubborn, "test_a_passing_error_is_tried_again"),
        (Simple, "test_trouble_on_the_way_costs_no_attempt"),
        (Simple, "test_what_is_in_doubt_is_sent_again"),
        (Stubborn, "test_it_is_given_up_in_the_end_and_told"),
        (Twice, "test_several_threads_may_put"),
    ],
)
def test_the_contract_finds_a_queue_that_breaks_it(queue: type[Queue], test: str) -> None:
    class Contract(QueueContract):
        patience = 0.3
        moment = 0.05

        def make_queue(self, delivery: Delivery, schedule: Schedule) -> Queue:
            return queue(delivery, schedule)

    with pytest.raises((AssertionError, OSError, QueueError)):
        getattr(Contract(), test)()


def test_nothing_of_the_contract_needs_pytest() -> None:
    program = "import sys, flask_mail.testing.queue_contract; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


EARLY = {"MAIL_RETRY_SCHEDULE": (7.0,)}


class Foreign:
    """A queue that inherits nothing."""

    def __init__(self, config: t.Any, delivery: Delivery) -> None:
        self.schedule = config["MAIL_RETRY_SCHEDULE"]

    def put(self, submission: Submission, /, **terms: t.Any) -> str:
        return f"taken, {self.schedule[0]}"


def made(config: t.Any, delivery: Delivery) -> Foreign:
    return Foreign(config, delivery)


@pytest.mark.parametrize(
    "given", [f"{__name__}.Foreign", f"{__name__}:made", Foreign, made, Foreign(EARLY, t.cast(t.Any, None))]
)
def test_what_a_queue_may_be_given_as(given: t.Any) -> None:
    app = Flask("queues")
    app.config.update(MAIL_QUEUE=given, MAIL_RETRY_SCHEDULE="7", MAIL_DEFAULT_SENDER="from@example.com")
    assert Mail(app).send_later(Message("x", ["to@example.com"], "x")) == "taken, 7.0"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("outbux", "MAIL_QUEUE is 'outbux', which is no queue; there are thread, outbox, celery, or the dotted path"),
        ("no.such.Queue", "MAIL_QUEUE is 'no.such.Queue', which cannot be imported: No module named 'no'"),
        ("json.Queue", "MAIL_QUEUE is 'json.Queue', but json has no Queue"),
        ("math.pi", "MAIL_QUEUE is 3.14.*, which is no Queue and makes none"),
        (lambda: None, "MAIL_QUEUE is .*, which cannot be called with the configuration and what delivers"),
        (7, "MAIL_QUEUE is 7, but it has to be the name of a queue, a dotted path to one, or a Queue"),
    ],
)
def test_what_is_no_queue_says_so(given: t.Any, said: str) -> None:
    app = Flask("queues")
    app.config.update(MAIL_QUEUE=given, MAIL_DEFAULT_SENDER="from@example.com")
    with pytest.raises(ConfigError, match=said):
        Mail(app).send_later(Message("x", ["to@example.com"], "x"))
