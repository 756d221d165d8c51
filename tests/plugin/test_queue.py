"""What a program sends later waits in the outbox of a test until the test lets a worker come by."""

from __future__ import annotations

import collections.abc as c
import typing as t

import pytest
import sqlalchemy
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_mail import ConfigError
from flask_mail import email_deferred
from flask_mail import email_failed
from flask_mail import email_queued
from flask_mail import Mail
from flask_mail import Message
from flask_mail.testing import MailFaults
from flask_mail.testing import Outbox

ANN, BOB = "ann@example.com", "bob@example.com"


def make_mail(**config: t.Any) -> Mail:
    app = Flask("app_of_a_test")
    app.config.update(MAIL_DEFAULT_SENDER="shop@example.com", TESTING=True, **config)
    return Mail(app)


def hello(*recipients: str, subject: str = "Hello") -> Message:
    return Message(subject, recipients=list(recipients or (ANN,)), body="Hello.")


@pytest.fixture
def mail() -> Mail:
    return make_mail()


@pytest.mark.parametrize("queue", ["thread", "outbox", "celery"])
def test_what_is_queued_waits_until_it_is_delivered(queue: str, outbox: Outbox) -> None:
    mail = make_mail(MAIL_QUEUE=queue)
    identifier = mail.send_later(hello(), at=4_000_000_000)
    assert outbox == []
    [waiting] = outbox.queued
    assert waiting.subject == "Hello"
    assert waiting.queue_id == identifier
    assert waiting.not_before == 4_000_000_000
    assert waiting.receipt is None
    assert waiting.message is not None

    assert outbox.deliver_queued() == [waiting]
    assert outbox == [waiting]
    assert outbox.queued == []
    assert waiting.receipt is not None
    assert waiting.receipt.accepted == (ANN,)
    assert outbox.deliver_queued() == []


def test_many_are_queued_at_once(mail: Mail, outbox: Outbox) -> None:
    results = list(mail.send_many([hello(subject=f"Number {number}") for number in range(3)], later=True))
    assert [one.queue_id for one in outbox.queued] == [result.id for result in results]
    outbox.deliver_queued()
    assert [one.subject for one in outbox] == ["Number 0", "Number 1", "Number 2"]


def test_a_key_is_taken_once(mail: Mail, outbox: Outbox) -> None:
    first = mail.send_later(hello(), key="welcome-1")
    assert mail.send_later(hello(), key="welcome-1") == first
    outbox.deliver_queued()
    assert mail.send_later(hello(), key="welcome-1") == first
    assert outbox.queued == []
    assert len(outbox) == 1


@pytest.fixture
def told() -> c.Iterator[list[tuple[str, tuple[str, ...]]]]:
    """The signals about queued mail, and whom they are about."""
    heard: list[tuple[str, tuple[str, ...]]] = []

    def queued(app: Flask, message: Message, id: str, recipients: tuple[str, ...], **_: t.Any) -> None:
        heard.append(("queued", recipients))

    def deferred(app: Flask, id: str, recipients: tuple[str, ...], **_: t.Any) -> None:
        heard.append(("deferred", recipients))

    def failed(app: Flask, id: str, recipients: tuple[str, ...], **_: t.Any) -> None:
        heard.append(("failed", recipients))

    with (
        email_queued.connected_to(queued),
        email_deferred.connected_to(deferred),
        email_failed.connected_to(failed),
    ):
        yield heard


Told = list[tuple[str, tuple[str, ...]]]


def test_what_fails_for_now_stays_queued(mail: Mail, outbox: Outbox, mail_faults: MailFaults, told: Told) -> None:
    mail.send_later(hello())
    mail_faults.fail_next(451, "4.7.1 Later")
    assert outbox.deliver_queued() == []
    [waiting] = outbox.queued
    assert "4.7.1 Later" in str(waiting.error)
    assert outbox.failed == []
    assert outbox.deliver_queued() == [waiting]
    assert waiting.error is None
    assert told == [("queued", (ANN,)), ("deferred", (ANN,))]


def test_what_fails_for_good_is_among_the_failed(
    mail: Mail, outbox: Outbox, mail_faults: MailFaults, told: Told
) -> None:
    mail.send_later(hello())
    mail_faults.fail_next(554, "5.7.1 Spam")
    assert outbox.deliver_queued() == []
    [failed] = outbox.failed
    assert "5.7.1 Spam" in str(failed.error)
    outbox.assert_empty()
    assert told == [("queued", (ANN,)), ("failed", (ANN,))]


def test_only_who_was_refused_for_now_is_offered_it_again(
    mail: Mail, outbox: Outbox, mail_faults: MailFaults, told: Told
) -> None:
    everybody = (ANN, BOB, "carl@example.com")
    mail.send_later(hello(*everybody))
    mail_faults.fail_next(450, "4.2.1 Busy", recipient=BOB)
    mail_faults.fail_next(550, "5.1.1 Nobody", recipient="carl@example.com")
    [sent] = outbox.deliver_queued()
    assert sent.receipt is not None
    assert sent.receipt.accepted == (ANN,)
    assert outbox.queued == [sent]
    assert outbox.deliver_queued() == []
    assert sent.receipt.accepted == (BOB,)
    assert outbox.queued == []
    assert outbox == [sent]
    assert told == [("queued", everybody), ("deferred", (BOB,)), ("failed", ("carl@example.com",))]


def test_what_is_queued_and_sent_meanwhile_are_told_apart(mail: Mail, outbox: Outbox) -> None:
    mail.send_later(hello(subject="later"))
    mail.send(hello(subject="now"))
    assert [one.subject for one in outbox] == ["now"]
    outbox.deliver_queued()
    assert [one.subject for one in outbox] == ["now", "later"]


def test_a_failed_assertion_shows_what_is_queued(mail: Mail, outbox: Outbox) -> None:
    mail.send_later(hello())
    with pytest.raises(AssertionError) as caught:
        outbox.one(to=ANN)
    assert str(caught.value) == (
        "no mail was sent with to='ann@example.com', nor any other.\n"
        "1 was left in the queue, for outbox.deliver_queued() to send:\n"
        "  1. 'Hello' to ann@example.com\n"
        "       is as asked for"
    )
    with pytest.raises(AssertionError) as caught:
        outbox.assert_empty()
    assert str(caught.value) == "no mail was expected.\n1 was left in the queue:\n  1. 'Hello' to ann@example.com"


def test_the_outbox_of_the_application_is_not_there_meanwhile(outbox: Outbox) -> None:
    state = make_mail(MAIL_QUEUE="outbox").in_force()
    with pytest.raises(ConfigError, match="While a test captures mail, what is queued stands in its fixture outbox"):
        state.outbox  # noqa: B018


def test_an_emptied_outbox_has_an_empty_queue(mail: Mail, outbox: Outbox) -> None:
    mail.send_later(hello())
    outbox.clear()
    outbox.assert_empty()


# With the outbox, a mail belongs to the transaction that it was queued in


@pytest.fixture
def db() -> c.Iterator[SQLAlchemy]:
    app = Flask("app_of_a_test")
    app.config.update(
        MAIL_DEFAULT_SENDER="shop@example.com",
        MAIL_QUEUE="outbox",
        TESTING=True,
        SQLALCHEMY_DATABASE_URI="sqlite://",
    )
    database = SQLAlchemy(app)
    app.extensions["mail of the test"] = Mail(app)
    with app.app_context():
        yield database
        database.session.remove()
        database.engine.dispose()


def queue_in(db: SQLAlchemy, subject: str, **options: t.Any) -> str:
    from flask import current_app

    return t.cast(str, current_app.extensions["mail of the test"].send_later(hello(subject=subject), **options))


def test_a_commit_queues_and_a_rollback_does_not(db: SQLAlchemy, outbox: Outbox) -> None:
    queue_in(db, "committed")
    assert outbox.queued == []
    db.session.commit()
    assert [one.subject for one in outbox.queued] == ["committed"]
    queue_in(db, "undone")
    db.session.rollback()
    db.session.execute(sqlalchemy.text("SELECT 1"))
    db.session.commit()
    assert [one.subject for one in outbox.queued] == ["committed"]


def test_a_key_that_was_rolled_back_is_free_again(db: SQLAlchemy, outbox: Outbox) -> None:
    first = queue_in(db, "one", key="key")
    assert queue_in(db, "one", key="key") == first
    db.session.rollback()
    assert queue_in(db, "one", key="key") != first
    db.session.commit()
    assert len(outbox.queued) == 1


def test_a_savepoint_counts(db: SQLAlchemy, outbox: Outbox) -> None:
    queue_in(db, "before")
    with db.session.begin_nested():
        queue_in(db, "released")
    assert outbox.queued == []
    savepoint = db.session.begin_nested()
    queue_in(db, "undone")
    savepoint.rollback()
    queue_in(db, "after")
    db.session.commit()
    assert [one.subject for one in outbox.queued] == ["before", "released", "after"]


def test_a_connection_may_be_named_as_the_session(mail: Mail, outbox: Outbox) -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        mail.send_later(hello(subject="undone"), session=connection)
        connection.rollback()
        mail.send_later(hello(subject="committed"), session=connection)
        assert outbox.queued == []
        connection.commit()
    assert [one.subject for one in outbox.queued] == ["committed"]
    engine.dispose()


def test_what_is_no_session_is_an_error(mail: Mail, outbox: Outbox) -> None:
    with pytest.raises(TypeError) as caught:
        mail.send_later(hello(), session="db")
    assert str(caught.value) == "session is 'db', but it has to be a session or a connection of SQLAlchemy"
