"""Many messages over several connections: nothing blocks, nothing grows, nothing waits for ever."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import gc
import itertools
import logging
import os
import pathlib
import select
import smtplib
import socket
import threading
import time
import traceback
import tracemalloc
import typing as t

import pytest

from flask_mail import Attachment
from flask_mail import DeliveryError
from flask_mail import Message
from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Submission
from flask_mail.transports.bulk import Bulk
from flask_mail.transports.connect import Endpoint
from flask_mail.transports.job import Job
from flask_mail.transports.lane import FULL
from flask_mail.transports.lane import Lane
from flask_mail.transports.offer import Offer
from flask_mail.transports.smtp import SMTPSession
from flask_mail.transports.smtp import SMTPTransport
from flask_mail.transports.timeouts import Timeouts
from flask_mail.transports.wire import Client

from .faults.faults import reset
from .faults.mailing import EACH_OFFER
from .faults.mailing import LARGE
from .faults.mailing import letters
from .faults.mailing import mailer
from .faults.mailing import PIPELINING
from .faults.server import Conversation
from .faults.server import FaultyServer
from .faults.server import Link
from .servers.sink import Sink


def at(stage: str, recipient: str, what: t.Any) -> c.Callable[[Conversation, str, str], t.Any]:
    """Trouble at *stage* for the message to *recipient*."""

    def trouble(talk: Conversation, step: str, argument: str) -> t.Any:
        named = argument if stage == "RCPT" else "".join(talk.rcpts)
        return what if step == stage and f"<{recipient}@" in named else None

    return trouble


def test_replies_are_read_while_content_is_written() -> None:
    """Else both ends wait for the other to read, once what stands between them is full."""

    def chatty(talk: Conversation, stage: str, _: str) -> t.Any:
        return "250-" + "\r\n250-".join(["x" * 900] * 60) + "\r\n250 taken" if stage == "final dot" else None

    with FaultyServer("PIPELINING", "CHUNKING", trouble=chatty) as server:
        results = list(mailer(server).send_many(letters(200, "x" * 70 * 850), connections=1, window=200))
        assert sum(result.ok for result in results) == 200


@pytest.mark.parametrize("offers", [(), PIPELINING], ids=["nothing", "PIPELINING"])
def test_what_comes_while_others_are_seen_to_ends_with_them(
    offers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first connection's last reply comes while the second's is seen to, which has come before."""
    seen_to = threading.Event()
    advance = Bulk._advance

    def slowly(bulk: t.Any, lane: Lane) -> None:
        first, last = bulk._lanes[0], lane.line.jobs and lane.line.jobs[0].stage == "end-of-data"
        if lane is not first and last and lane.session.host.replies.unread:
            seen_to.set()
            assert select.select([first.sock], [], [], 10)[0]
        advance(bulk, lane)

    def waits(talk: Conversation, stage: str, _: str) -> None:
        if stage == "final dot" and talk.link.number == 1:
            assert seen_to.wait(10)

    monkeypatch.setattr(Bulk, "_advance", slowly)
    with FaultyServer(*offers, trouble=waits) as server:
        transport = SMTPTransport(Endpoint(server.host, server.port))
        envelope = Envelope("from@example.com", ("to@example.com",))
        jobs = [Job(Submission(envelope, Content([b"Subject: x\r\n\r\nHello\r\n"]), "<x@x>")) for _ in range(4)]
        batches = list(Bulk(transport.open, jobs, connections=2, window=1).batches())
    assert seen_to.is_set()
    assert len(batches[0]) == 2
    assert sum(map(len, batches)) == 4


@pytest.mark.parametrize("offers", [(), PIPELINING], ids=["nothing", "PIPELINING"])
def test_who_writes_down_what_ended_is_told_when_the_next_is_on_its_way(offers: tuple[str, ...]) -> None:
    """So that the database and the server work at the same time."""
    begun = threading.Semaphore(0)

    def begins(talk: Conversation, stage: str, _: str) -> None:
        if stage == ("final dot" if offers else "MAIL"):
            begun.release()

    with FaultyServer(*offers, trouble=begins) as server:
        transport = SMTPTransport(Endpoint(server.host, server.port))
        envelope = Envelope("from@example.com", ("to@example.com",))
        jobs = [Job(Submission(envelope, Content([b"Subject: x\r\n\r\nHello\r\n"]), "<x@x>")) for _ in range(3)]
        bulk = Bulk(transport.open, jobs, connections=1, window=1)
        seen = []
        for batch in bulk.batches():
            seen.append(len(batch))
            if batch:
                assert begun.acquire(timeout=10)
                assert not begun.acquire(blocking=False)  # not yet
            elif sum(seen) < 3:
                assert begun.acquire(timeout=10)  # while nobody waits for what it says
                begun.release()
    assert seen == [1, 0, 1, 0, 1, 0]


def test_before_a_server_is_waited_for_who_writes_down_what_ended_is_told_so() -> None:
    """Also where more has ended while the next was written, or made."""
    with FaultyServer("PIPELINING") as server:
        transport = SMTPTransport(Endpoint(server.host, server.port))
        envelope = Envelope("from@example.com", ("to@example.com",))
        jobs = [Job(Submission(envelope, Content([b"Subject: x\r\n\r\nHello\r\n"]), "<x@x>")) for _ in range(12)]
        for job in jobs[1::2]:
            job.fail(ValueError("it could not be made"))
        batches = list(Bulk(transport.open, jobs, connections=1, window=1).batches())
    assert sum(map(len, batches)) == 12
    said = [batch for batch in itertools.pairwise(batches) if any(job.error is None for job in batch[1])]
    assert len(said) >= 5
    assert all(earlier == [] for earlier, _ in said)


@pytest.mark.parametrize("way", ["send", "send_many"])
@EACH_OFFER
def test_what_is_said_amid_the_content_is_why_it_failed(offers: tuple[str, ...], way: str) -> None:
    """The server has seen enough, says so, and hangs up on a client that is still writing."""

    def enough(link: Link) -> None:
        if "CHUNKING" not in offers:
            link.send(b"354 go on\r\n")
        link.receive()
        link.send(b"552 5.3.4 too much\r\n")
        link.sock.close()

    with FaultyServer(*offers, trouble=at("DATA", "user0", enough)) as server:
        [message] = letters(1, LARGE)
        error: t.Any
        if way == "send_many":
            [result] = mailer(server).send_many([message])
            error = result.error
        else:
            with pytest.raises(smtplib.SMTPDataError) as caught:
                mailer(server).send(message)
            error = caught.value
        assert isinstance(error, smtplib.SMTPDataError)
        assert (error.stage, str(error.reply), error.in_doubt) == ("end-of-data", "552 5.3.4 too much", False)  # type: ignore[attr-defined]


def test_last_words_are_heard_where_only_writing_fails() -> None:
    ours, theirs = socket.socketpair()
    client = Client(ours, timeouts=Timeouts(5), hostname="client.example")
    client.esmtp_features = {"pipelining": ""}
    envelope = Envelope("from@example.com", ("to@example.com",))
    job = Job(Submission(envelope, Content([b"x\r\n"]), "<x@x>"))
    waiting = iter([job])
    lane = Lane(SMTPSession(client, Endpoint("server.example", 25)), 16, lambda: next(waiting, None), None)
    assert lane.advance()
    theirs.sendall(b"554 5.7.1 go away\r\n")
    theirs.close()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        lane.write()
    assert str(t.cast(t.Any, job.error).reply) == "554 5.7.1 go away"
    lane.close()


def test_what_has_not_gone_out_whole_is_in_no_doubt() -> None:
    """Though all of it was handed over, and more than a connection takes that nobody reads from."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client = Client(ours, timeouts=Timeouts(5), hostname="client.example")
    client.esmtp_features = {"pipelining": "", "chunking": ""}
    session = SMTPSession(client, Endpoint("server.example", 25, timeouts=Timeouts(0.2)))
    envelope = Envelope("from@example.com", ("to@example.com",))
    job = Job(Submission(envelope, Content([b"x" * 60_000]), "<x@x>"))
    [ended] = Bulk(lambda: session, [job], connections=1, window=16)
    assert isinstance(ended.error, TimeoutError)
    assert not t.cast(t.Any, ended.error).in_doubt
    theirs.close()


class Torn:
    """Content that cannot be read to its end."""

    size = 1000

    def __iter__(self) -> c.Iterator[bytes]:
        yield b"Subject: torn\r\n\r\n"
        raise OSError("the disk is gone")


@EACH_OFFER
def test_content_that_cannot_be_read_fails_alone(offers: tuple[str, ...]) -> None:
    def job(number: int) -> Job:
        content = Content([Torn() if number == 3 else b"Subject: x\r\n\r\nHello\r\n"])
        envelope = Envelope("from@example.com", (f"user{number}@example.com",))
        return Job(Submission(envelope, content, "<x@x>"), tag=number)

    with FaultyServer(*offers) as server:
        transport = SMTPTransport(Endpoint(server.host, server.port))
        ended = {one.tag: one for one in Bulk(transport.open, map(job, range(8)), connections=1, window=16)}
        assert sorted(ended) == list(range(8))
        assert [tag for tag, one in sorted(ended.items()) if one.error is not None] == [3]
        error = t.cast(t.Any, ended[3].error)
        assert "the disk is gone" in str(error)
        assert not error.in_doubt
        arrived = sorted(taken.recipients[0] for taken in server.taken)
        assert arrived == [f"user{number}@example.com" for number in range(8) if number != 3]
        assert server.connections == 2


def test_nothing_grows_with_the_number_of_messages() -> None:
    lost: set[int] = set()

    def trouble(talk: Conversation, stage: str, argument: str) -> t.Any:
        taken = len(talk.server.taken)
        if stage != "MAIL" or taken % 100 != 99 or taken in lost:
            return None
        lost.add(taken)
        return Link.finish

    with FaultyServer("PIPELINING", "CHUNKING", trouble=trouble) as server:
        gc.collect()  # what other tests have left
        at_once = 0
        for result in mailer(server).send_many(letters(1000), connections=2):
            assert result.ok
            if result.index % 200 == 0:
                at_once = max(at_once, sum(isinstance(one, Job) for one in gc.get_objects()))
        assert 0 < at_once < 200
        assert len(server.taken) == 1000


@pytest.mark.parametrize("chunking", [True, False], ids=["CHUNKING", "PIPELINING"])
@pytest.mark.parametrize("way", ["send", "send_many"])
def test_a_large_file_is_not_held_in_memory(
    way: str, chunking: bool, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(20 * 2**20)
    if not chunking:
        of = Offer.of
        monkeypatch.setattr(Offer, "of", lambda *offered: dataclasses.replace(of(*offered), chunking=False))
    with Sink() as sink:
        mail = mailer(sink)
        assert mail.send(Message("first", ["a@example.com"], "x")).complete
        message = Message("large", ["a@example.com"], "x", attachments=[Attachment("x", None, path)])
        tracemalloc.start()
        try:
            outcome = mail.send(message).complete if way == "send" else all(r.ok for r in mail.send_many([message]))
            assert outcome
            assert tracemalloc.get_traced_memory()[1] <= 2 * 2**20
        finally:
            tracemalloc.stop()


def test_what_waits_for_an_earlier_one_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the messages, while the first hangs until it is late."""
    monkeypatch.setattr("flask_mail.extension.bulk.MANY_EARLY", 20)
    pulled: list[Message] = []

    def source() -> c.Iterator[Message]:
        for message in letters(500):
            pulled.append(message)
            yield message

    with FaultyServer("PIPELINING", trouble=at("RCPT", "user0", Link.drain)) as server:
        results = mailer(server, MAIL_TIMEOUT=0.5).send_many(source(), connections=2, ordered=True)
        first = next(results)
        assert first.index == 0
        assert isinstance(first.error, TimeoutError)
        assert 20 <= len(pulled) < 100
        assert [result.index for result in results if result.ok] == [*range(1, 500)]


@pytest.mark.parametrize("lacking", [1, 6])
def test_a_run_that_is_given_up_amid_a_chunk_does_not_fill_it_up(lacking: int) -> None:
    """The server must not take what comes last, QUIT for instance, for the end of the message."""

    class Interrupted:
        size = FULL + lacking

        def __iter__(self) -> c.Iterator[bytes]:
            yield b"Subject: x\r\n\r\n".ljust(FULL, b"x")
            raise KeyboardInterrupt

    with FaultyServer("PIPELINING", "CHUNKING") as server:
        envelope = Envelope("from@example.com", ("to@example.com",))
        job = Job(Submission(envelope, Content([Interrupted()]), "<x@x>"))
        transport = SMTPTransport(Endpoint(server.host, server.port))
        with pytest.raises(KeyboardInterrupt):
            list(Bulk(transport.open, [job], connections=1, window=16))
        server.wait_for(lambda: server.open == 0)
        assert len(server.plain) > FULL
        assert server.taken == []


def test_an_idle_connection_that_closes_costs_neither_a_message_nor_time() -> None:
    """While the rate does not allow the next message, the server hangs up."""

    def trouble(talk: Conversation, stage: str, _: str) -> t.Any:
        if stage != "final dot":
            return None

        def take_and_leave(link: Link) -> None:
            talk.take(b"")
            talk.flush()
            link.finish()

        return take_and_leave

    with FaultyServer("PIPELINING", "CHUNKING", trouble=trouble) as server:
        start, used = time.monotonic(), time.thread_time()
        assert all(result.ok for result in mailer(server, MAIL_RATE_LIMIT="5/s").send_many(letters(5), connections=1))
        assert time.monotonic() - start >= 0.75
        assert time.thread_time() - used < 0.3
        assert (len(server.taken), server.connections) == (5, 5)


@EACH_OFFER
def test_what_nobody_asked_for_answers_no_later_message(offers: tuple[str, ...]) -> None:
    def chatter(talk: Conversation, stage: str, _: str) -> t.Any:
        if stage != "final dot":
            return None

        def take_and_chat(link: Link) -> None:
            talk.take(b"")
            talk.reply("250 2.0.0 and another thing")

        return take_and_chat

    with FaultyServer(*offers, trouble=chatter) as server:
        results = list(mailer(server, MAIL_RATE_LIMIT="5/s").send_many(letters(4), connections=1))
        assert [result.error for result in results] == [None] * 4
        assert server.connections == 4


@EACH_OFFER
def test_a_second_connection_that_is_not_wanted_is_done_without(offers: tuple[str, ...]) -> None:
    def trouble(talk: Conversation, stage: str, _: str) -> t.Any:
        return "421 4.7.0 one is enough" if stage == "greeting" and talk.link.number > 1 else None

    with FaultyServer(*offers, trouble=trouble) as server:
        assert all(result.ok for result in mailer(server).send_many(letters(50)))
        assert len(server.taken) == 50
        assert server.connections == 2


def test_errors_do_not_grow_with_the_messages_they_are_for() -> None:
    with FaultyServer(mechanisms="PLAIN", accounts={"me": "right"}) as server:
        mail = mailer(server, MAIL_USERNAME="me", MAIL_PASSWORD="wrong")
        errors = [result.error for result in mail.send_many(letters(100))]
        assert server.connections == 1
        assert all(isinstance(error, smtplib.SMTPAuthenticationError) for error in errors)
        depths = [len(traceback.extract_tb(error.__traceback__)) for error in errors if error is not None]
        assert max(depths[1:]) == depths[1] < 20
        assert len({id(error) for error in errors}) == 100


@pytest.mark.parametrize("wrong", [KeyError("no such secret"), RuntimeError("the vault is sealed")])
def test_whatever_a_token_function_raises_is_an_outcome(wrong: Exception) -> None:
    def token() -> str:
        raise wrong

    with FaultyServer(mechanisms="XOAUTH2") as server:
        mail = mailer(server, MAIL_USERNAME="me", MAIL_OAUTH2_TOKEN=token)
        results = list(mail.send_many(letters(3)))
        assert [isinstance(result.error, type(wrong)) for result in results] == [True] * 3
        with pytest.raises(type(wrong)):
            mail.send(next(letters(1)))


def test_the_conversation_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with FaultyServer("PIPELINING", "CHUNKING") as server, caplog.at_level(logging.DEBUG, "flask_mail.smtp"):
        list(mailer(server, MAIL_DEBUG=True).send_many(letters(1, "private")))
    assert ">>> MAIL FROM:<from@example.com>" in caplog.text
    assert "<<< 250 2.0.0 taken as 1" in caplog.text
    assert "octets of content)" in caplog.text
    assert "private" not in caplog.text


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_no_descriptor_is_left_open() -> None:
    dropped: set[int] = set()

    def trouble(talk: Conversation, stage: str, _: str) -> t.Any:
        taken = len(talk.server.taken)
        if stage != "MAIL" or taken not in (7, 11, 13) or taken in dropped:
            return None
        dropped.add(taken)
        return {7: Link.finish, 11: "421 4.0.0 bye", 13: reset}[taken]

    gc.collect()  # what other tests have left
    with FaultyServer("PIPELINING", trouble=trouble) as server:
        mail = mailer(server, MAIL_POOL_SIZE=0)
        before = descriptors()
        assert sum(result.ok for result in mail.send_many(letters(40))) >= 38
        results = t.cast("c.Generator[t.Any]", mail.send_many(letters(1000)))
        next(results)
        results.close()
        with contextlib.suppress(DeliveryError):
            mailer(server, MAIL_USE_TLS=True).send(next(letters(1)))
        server.wait_for(lambda: server.open == 0)
        assert descriptors() <= before
    assert dropped == {7, 11, 13}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("way", ["closed", "left", "progress fails"])
@pytest.mark.parametrize("ordered", [False, True])
@EACH_OFFER
def test_a_run_that_is_given_up_at_a_failure_hangs_up(offers: tuple[str, ...], ordered: bool, way: str) -> None:
    """The error's traceback leads to the frames that the run was in, and keeps what they hold."""

    def fail(progress: t.Any) -> None:
        if progress.failed:
            raise LookupError

    with FaultyServer(*offers, trouble=at("RCPT", "user3", "550 5.1.1 no")) as server:
        options = {"progress": fail} if way == "progress fails" else {}
        results = t.cast(
            "c.Generator[t.Any]", mailer(server).send_many(letters(200), connections=2, ordered=ordered, **options)
        )
        kept: BaseException | None = None
        try:
            for result in results:
                if (kept := result.error) is not None:
                    break
        except LookupError as error:
            kept = error
        if way == "closed":
            results.close()
        del results
        server.wait_for(lambda: server.open == 0)
        assert isinstance(kept, LookupError if way == "progress fails" else DeliveryError)
