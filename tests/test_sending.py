"""``send_many``, ``send_individually``, ``asend`` and ``email_failed``, from the programmer's side."""

from __future__ import annotations

import asyncio
import collections.abc as c
import smtplib
import socket
import threading
import time
import typing as t

import pytest
from flask import Flask

from flask_mail import AddressError
from flask_mail import BadHeaderError
from flask_mail import DeliveryError
from flask_mail import email_dispatched
from flask_mail import email_failed
from flask_mail import Mail
from flask_mail import Message
from flask_mail import Progress
from flask_mail.transports.memory import MemoryTransport

from .faults.mailing import mailer
from .faults.server import Conversation
from .faults.server import FaultyServer
from .servers import Server


def letters(count: int) -> c.Iterator[Message]:
    for number in range(count):
        yield Message(f"No. {number}", [f"user{number}@example.com"], f"Hello {number}\n")


def test_one_outcome_for_each_message(mail: Mail, smtp: Server) -> None:
    results = list(mail.send_many(letters(10)))
    assert sorted(result.index for result in results) == list(range(10))
    assert all(result.ok for result in results)
    assert sorted(d.recipients[0] for d in smtp.wait(10)) == sorted(f"user{n}@example.com" for n in range(10))
    assert smtp.connections <= 4


def test_results_in_the_order_of_the_messages(mail: Mail, smtp: Server) -> None:
    results = list(mail.send_many(letters(20), connections=3, ordered=True))
    assert [result.index for result in results] == list(range(20))
    assert [result.message.subject for result in results] == [f"No. {n}" for n in range(20)]


def test_nothing_is_sent_before_the_results_are_wanted_and_nothing_is_pulled_ahead(mail: Mail, smtp: Server) -> None:
    pulled: list[int] = []

    def source() -> c.Iterator[Message]:
        for number, message in enumerate(letters(200)):
            pulled.append(number)
            yield message

    results = mail.send_many(source(), connections=2)
    assert pulled == []
    assert smtp.connections == 0
    next(results)
    assert len(pulled) < 10
    t.cast(t.Any, results).close()
    smtp.wait_for(lambda: smtp.open_connections == 0)


def test_a_message_that_cannot_be_composed_is_an_outcome(mail: Mail, smtp: Server) -> None:
    messages = [*letters(2), Message("bad\nsubject", ["x@example.com"], "x"), Message("no recipient", [], "x")]
    results = list(mail.send_many(messages, ordered=True))
    assert [result.ok for result in results] == [True, True, False, False]
    assert isinstance(results[2].error, BadHeaderError)
    assert isinstance(results[3].error, AssertionError)
    assert len(smtp.wait(2)) == 2


@pytest.mark.parametrize("transport", ["smtp", "memory"])
def test_an_address_that_is_none_fails_alone(make_app: t.Any, smtp: Server, transport: str) -> None:
    failed: list[t.Any] = []

    def on_failed(sender: Flask, **told: t.Any) -> None:
        failed.append((told["recipients"], told["message_id"]))

    mail = Mail(make_app(smtp, MAIL_TRANSPORT=transport))
    with email_failed.connected_to(on_failed):
        results = mail.send_individually(
            Message("News", body="x"), ["a@example.com", "nobody at all", 7, "b@example.com"]
        )
    assert [result.ok for result in results] == [True, False, False, True]
    assert [type(result.error) for result in results[1:3]] == [AddressError] * 2
    assert failed == [(("nobody at all",), None), (("7",), None)]


def test_email_failed_names_addresses_however_they_were_given(mail: Mail, smtp: Server) -> None:
    smtp.refused["b@example.com"] = "550 5.1.1 unknown"
    failed: list[t.Any] = []

    def on_failed(sender: Flask, **told: t.Any) -> None:
        failed.append((told["recipients"], told["message_id"]))

    with email_failed.connected_to(on_failed):
        [result] = mail.send_many([Message("News", [("B", "b@example.com")], "x")])
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            mail.send(message := Message("News", [("B", "b@example.com")], "x"))
    assert failed == [(("b@example.com",), result.message.msgId), (("b@example.com",), message.msgId)]


def test_many_that_cannot_be_composed_come_out_as_they_are_found(mail: Mail) -> None:
    assert sum(not r.ok for r in mail.send_many(Message("", [], "x") for _ in range(500))) == 500


def test_29_a_refused_message_does_not_end_the_rest(mail: Mail, smtp: Server) -> None:
    smtp.refused["user3@example.com"] = "550 5.1.1 unknown"
    results = list(mail.send_many(letters(8), connections=1, ordered=True))
    assert [result.index for result in results if not result.ok] == [3]
    error = t.cast(t.Any, results[3].error)
    assert isinstance(error, smtplib.SMTPRecipientsRefused)
    assert (error.stage, error.transient, error.in_doubt) == ("rcpt", False, False)
    assert error.__notes__
    assert smtp.connections == 1


def test_max_emails_is_honoured(make_app: t.Any, smtp: Server) -> None:
    mail = Mail(make_app(smtp, MAIL_MAX_EMAILS=3))
    assert all(result.ok for result in mail.send_many(letters(10), connections=1))
    assert smtp.connections == 4


def test_progress(mail: Mail, smtp: Server) -> None:
    smtp.refused["user1@example.com"] = "550 no"
    seen: list[Progress] = []
    list(mail.send_many(list(letters(3)), progress=seen.append))
    assert [(p.done, p.total) for p in seen] == [(1, 3), (2, 3), (3, 3)]
    assert seen[-1].failed == 1
    assert seen[-1].rate > 0
    seen.clear()
    list(mail.send_many(letters(1), progress=seen.append))
    assert seen[0].total is None


def test_an_error_in_the_callers_own_progress_leaves_nothing_open(mail: Mail, smtp: Server) -> None:
    def progress(_: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(mail.send_many(letters(20), progress=progress))
    smtp.wait_for(lambda: smtp.open_connections == 0)


def test_an_iterable_that_raises_first_brings_home_what_is_on_its_way(mail: Mail, smtp: Server) -> None:
    def source() -> c.Iterator[Message]:
        yield from letters(3)
        raise ZeroDivisionError("the database went away")

    results = mail.send_many(source())
    assert [next(results).ok for _ in range(3)] == [True] * 3
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(smtp.wait(3)) == 3


def test_an_unreachable_server_fails_each_message(make_app: t.Any, smtp: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    mail = Mail(make_app(smtp, MAIL_PORT=port))
    results = list(mail.send_many(letters(3)))
    assert [type(result.error).__name__ for result in results] == ["ConnectionRefusedError"] * 3
    assert all(isinstance(result.error, DeliveryError) for result in results)


def test_a_refused_login_is_not_tried_for_every_message(make_app: t.Any, smtp_auth: Server) -> None:
    mail = Mail(make_app(smtp_auth, MAIL_PASSWORD="wrong"))
    results = list(mail.send_many(letters(5)))
    assert all(isinstance(result.error, smtplib.SMTPAuthenticationError) for result in results)
    assert len(smtp_auth.logins) == 1


def test_other_transports_and_suppression(make_app: t.Any, smtp: Server) -> None:
    app = make_app(smtp, MAIL_TRANSPORT="memory")
    mail = Mail(app)
    assert all(result.ok for result in mail.send_many(letters(3)))
    assert len(t.cast(MemoryTransport, mail.get_transport()).submissions) == 3
    app.testing = True
    results = list(mail.send_many(letters(2)))
    assert all(result.receipt and result.receipt.suppressed for result in results)
    assert smtp.connections == 0


@pytest.mark.parametrize("arguments", [{"connections": 0}, {"window": 0}])
def test_bad_arguments_are_named_at_once(mail: Mail, arguments: t.Any) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(arguments))} is 0, but it has to be 1 or more"):
        mail.send_many([], **arguments)


def test_39_individually(mail: Mail, smtp: Server) -> None:
    message = Message("News", cc=["boss@example.com"], body="Hello", sender="me@example.com")
    results = mail.send_individually(message, ["a@example.com", ("B", "b@example.com")])
    assert [result.ok for result in results] == [True, True]
    deliveries = {delivery.recipients: delivery for delivery in smtp.wait(2)}
    assert set(deliveries) == {("a@example.com",), ("b@example.com",)}
    assert deliveries["b@example.com",].message["To"] == "B <b@example.com>"
    assert deliveries["b@example.com",].message["Cc"] is None
    assert len({delivery.message["Message-ID"] for delivery in deliveries.values()}) == 2


@pytest.mark.parametrize("one", ["a@example.com", ("A", "a@example.com")])
def test_individually_to_one_who_is_not_in_a_list(mail: Mail, smtp: Server, one: t.Any) -> None:
    assert [result.ok for result in mail.send_individually(Message("News", body="Hello"), one)] == [True]
    assert smtp.wait()[0].recipients == ("a@example.com",)


def test_the_rate_is_kept(make_app: t.Any, smtp: Server) -> None:
    mail = Mail(make_app(smtp, MAIL_RATE_LIMIT="50/s"))
    start = time.monotonic()
    assert all(result.ok for result in mail.send_many(letters(11)))
    assert time.monotonic() - start >= 10 / 50


def test_asend_does_not_block_the_loop(mail: Mail, smtp: Server) -> None:
    async def main() -> tuple[t.Any, int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.ensure_future(tick())
        receipt = await mail.asend(Message("async", ["a@example.com"], "x"))
        ticking.cancel()
        return receipt, ticks

    receipt, ticks = asyncio.run(main())
    assert receipt.accepted == ("a@example.com",)
    assert ticks > 2
    smtp.wait()


def test_asend_that_is_cancelled_is_sent_all_the_same() -> None:
    """What a thread has begun cannot be taken back; neither the loop nor the next message waits for it or suffers."""
    go_on = threading.Event()

    def slow(talk: Conversation, stage: str, _: str) -> None:
        if stage == "RCPT" and not talk.server.taken:
            assert go_on.wait(10)

    async def main(mail: Mail, server: FaultyServer) -> None:
        sending = asyncio.ensure_future(mail.asend(Message("async", ["a@example.com"], "x")))
        while "RCPT" not in server.verbs:
            await asyncio.sleep(0.001)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert server.taken == []
        go_on.set()
        server.wait_for(lambda: len(server.taken) == 1)
        await mail.asend(Message("async", ["b@example.com"], "x"))

    with FaultyServer("PIPELINING", trouble=slow) as server:
        asyncio.run(main(mailer(server), server))
        assert [taken.recipients for taken in server.taken] == [["a@example.com"], ["b@example.com"]]


def test_asend_refuses_before_a_thread_is_started(mail: Mail, smtp: Server) -> None:
    with pytest.raises(BadHeaderError):
        asyncio.run(mail.asend(Message("a\nb", ["a@example.com"], "x")))
    assert smtp.connections == 0


def test_email_failed_tells_who_did_not_get_it(app: Flask, mail: Mail, smtp: Server) -> None:
    smtp.refused["b@example.com"] = "452 4.2.2 full"
    failed: list[t.Any] = []
    dispatched: list[str] = []

    def on_failed(sender: Flask, **told: t.Any) -> None:
        failed.append((sender, told))

    def on_dispatched(sender: Flask, message: Message) -> None:
        dispatched.append(message.subject)

    with email_failed.connected_to(on_failed), email_dispatched.connected_to(on_dispatched):
        receipt = mail.send(Message("part", ["a@example.com", "b@example.com"], "x"))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            mail.send(Message("none", ["b@example.com"], "x"))
    assert receipt.refused["b@example.com"].enhanced == "4.2.2"
    assert dispatched == ["part"]
    assert [(sender is app, told["recipients"], told["error"].transient) for sender, told in failed] == [
        (True, ("b@example.com",), True)
    ] * 2
    assert failed[0][1]["message_id"] == receipt.message_id


def test_a_kept_connection_carries_the_next_message(mail: Mail, smtp: Server) -> None:
    for message in letters(5):
        mail.send(message)
    assert len(smtp.wait(5)) == 5
    assert smtp.connections == 1


def test_two_mails_share_connection_and_transport(app: Flask, smtp: Server) -> None:
    for message in letters(3):
        Mail(app).send(message)
    assert smtp.connections == 1
