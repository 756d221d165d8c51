"""The queue of threads: sends soon, tries again, and loses nothing in silence."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import logging
import pathlib
import threading
import time
import typing as t

import pytest

from flask_mail.errors import QueueError
from flask_mail.queues import thread
from flask_mail.queues.pause import Pause
from flask_mail.queues.schedule import Schedule
from flask_mail.queues.thread import ThreadQueue
from flask_mail.queues.unsent import UnsentError
from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Submission

from ..faults.faults import close
from ..faults.server import Conversation
from ..faults.server import FaultyServer
from ..servers.debian import free_port
from .sending import PATIENCE
from .sending import Sending
from .sending import SOON
from .sending import submission
from .sending import until

Start = c.Callable[..., tuple[ThreadQueue, Sending]]


@pytest.fixture
def start(tmp_path: pathlib.Path) -> c.Iterator[Start]:
    """Make a queue that sends to a server of the test; it is closed afterwards."""
    with contextlib.ExitStack() as stack:

        def made(
            server: FaultyServer | int, schedule: Schedule = SOON, **options: t.Any
        ) -> tuple[ThreadQueue, Sending]:
            sending = Sending(server if isinstance(server, int) else server.port)
            queue = ThreadQueue(sending, schedule, **{"unsent": tmp_path / "unsent", **options})
            stack.callback(sending.pool.close)
            stack.callback(queue.close, 0)
            return queue, sending

        yield made


@pytest.fixture
def gate() -> c.Iterator[tuple[FaultyServer, threading.Event]]:
    """A server that takes nothing before an event is set."""
    opened = threading.Event()

    def wait(talk: Conversation, stage: str, _: str) -> None:
        if stage == "MAIL":
            opened.wait(PATIENCE)

    with FaultyServer(trouble=wait) as server:
        yield server, opened
        opened.set()


def contents(server: FaultyServer) -> list[bytes]:
    return [taken.content for taken in server.taken]


def test_what_is_put_is_sent_as_it_is(start: Start) -> None:
    with FaultyServer() as server:
        queue, sending = start(server)
        sent = [submission(number, "a@example.com", f"{number}@example.com") for number in range(20)]
        ids = [queue.put(each) for each in sent]
        assert queue.join(PATIENCE)
        assert len(set(ids)) == 20
        assert sorted(contents(server)) == sorted(bytes(each.content) for each in sent)
        assert sorted(tuple(taken.recipients) for taken in server.taken) == sorted(e.envelope.recipients for e in sent)
        assert sorted(event.id for event in sending.told("sent")) == sorted(ids)
        assert server.connections <= 2  # MAIL_THREADS, each over the connection it has


def test_nothing_is_waited_for(start: Start, gate: tuple[FaultyServer, threading.Event]) -> None:
    queue, _ = start(gate[0])
    for number in range(10):
        queue.put(submission(number))
    assert len(queue) == 10
    gate[1].set()
    assert queue.join(PATIENCE)


def test_content_is_read_when_it_is_put(start: Start, tmp_path: pathlib.Path) -> None:
    class File:
        size = 3

        def __iter__(self) -> c.Iterator[bytes]:
            yield (tmp_path / "file").read_bytes()

    streamed = Submission(Envelope("a@example.com", ("b@example.com",)), Content((b"A: b\r\n\r\n", File())), "<1@x>")
    with FaultyServer() as server:
        queue, _ = start(server)
        with pytest.raises(QueueError, match="cannot be read: .*No such file"):
            queue.put(streamed)
        (tmp_path / "file").write_bytes(b"x\r\n")
        queue.put(streamed, not_before=time.time() + 0.05)
        (tmp_path / "file").unlink()
        assert queue.join(PATIENCE)
        assert contents(server) == [b"A: b\r\n\r\nx\r\n"]


def test_urgent_ones_go_first_and_others_as_they_came(start: Start, gate: tuple[FaultyServer, threading.Event]) -> None:
    server, opened = gate
    queue, _ = start(server, threads=1)
    queue.put(submission("first"))
    server.wait_for(lambda: "MAIL" in server.verbs)
    for name, priority in (("a", 0), ("b", 0), ("c", 5), ("d", -1), ("e", 5)):
        queue.put(submission(name), priority=priority)
    opened.set()
    assert queue.join(PATIENCE)
    assert [each.splitlines()[-1] for each in contents(server)] == [b".first", b".c", b".e", b".a", b".b", b".d"]


def test_what_is_for_later_waits_while_others_go(start: Start) -> None:
    with FaultyServer() as server:
        queue, _ = start(server, threads=1)
        due = time.time() + 0.3
        queue.put(submission("later"), not_before=due)
        queue.put(submission("now"))
        server.wait_for(lambda: len(server.taken) == 1)
        assert contents(server)[0].endswith(b".now\r\n")
        assert time.time() < due
        assert queue.join(PATIENCE)
        assert time.time() >= due
        assert contents(server)[1].endswith(b".later\r\n")


def test_what_is_for_a_time_beyond_all_timers_does_not_stop_the_others(start: Start) -> None:
    with FaultyServer() as server:
        queue, sending = start(server, threads=1)
        queue.put(submission("later"), not_before=200_000_000_000.0)
        queue.put(submission(1))
        sending.wait("sent")
        queue.put(submission(2))
        sending.wait("sent", 2)


def test_what_has_expired_is_not_sent(start: Start, tmp_path: pathlib.Path) -> None:
    with FaultyServer() as server:
        queue, sending = start(server)
        queue.put(submission(), expires=time.time() - 1)
        (event,) = sending.wait("failed")
        assert event.recipients == ("to@example.com",)
        assert "expired" in str(event.error)
        assert queue.join(PATIENCE)
    assert (server.taken, list(queue.unsent)) == ([], [])


def test_a_key_is_taken_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "KEYS", 3)
    with FaultyServer() as server:
        queue, _ = start(server, size=1)
        first = queue.put(submission(1), key="welcome-1", not_before=time.time() + 0.1)
        assert queue.put(submission(2), key="welcome-1") == first  # although there is no room for another one
        assert queue.join(PATIENCE)
        assert queue.put(submission(3), key="welcome-1") == first
        for number in range(3):
            queue.put(submission(4), key=f"other-{number}")
            assert queue.join(PATIENCE)
        assert queue.put(submission(5), key="welcome-1") != first  # memory has an end
        assert queue.join(PATIENCE)
        assert len(server.taken) == 5


def test_when_it_is_full_that_is_an_error_that_says_what_to_do(
    start: Start, gate: tuple[FaultyServer, threading.Event]
) -> None:
    queue, _ = start(gate[0], size=3)
    for number in range(3):
        queue.put(submission(number))
    with pytest.raises(QueueError, match="MAIL_QUEUE_SIZE.*MAIL_QUEUE_FULL.*MAIL_QUEUE"):
        queue.put(submission("one too many"))
    gate[1].set()
    assert queue.join(PATIENCE)
    queue.put(submission("there is room again"))
    assert queue.join(PATIENCE)
    assert len(gate[0].taken) == 4


def test_or_there_is_a_wait_for_room(start: Start, gate: tuple[FaultyServer, threading.Event]) -> None:
    queue, _ = start(gate[0], size=2, block=True)
    put: list[int] = []

    def work() -> None:
        for number in range(6):
            queue.put(submission(number))
            put.append(number)

    worker = threading.Thread(target=work)
    worker.start()
    until(lambda: len(put) == 2)
    gate[0].wait_for(lambda: gate[0].verbs.count("MAIL") == 2)
    assert put == [0, 1]
    gate[1].set()
    worker.join(PATIENCE)
    assert queue.join(PATIENCE)
    assert len(gate[0].taken) == 6


def test_a_receiver_of_a_signal_may_send_when_it_is_full(start: Start) -> None:
    with FaultyServer() as server:
        queue, sending = start(server, size=1, block=True, threads=1)
        tell = sending.tell

        def answer(event: t.Any) -> None:
            tell(event)
            if len(sending.events) == 1:
                queue.put(submission("answer"))

        sending.tell = answer  # type: ignore[method-assign]
        queue.put(submission())
        assert queue.join(PATIENCE)
        assert len(server.taken) == 2


def test_only_those_who_were_refused_for_now_are_offered_it_again(start: Start) -> None:
    offered: list[str] = []

    def refuse(talk: Conversation, stage: str, argument: str) -> str | None:
        if stage != "RCPT":
            return None
        offered.append(argument)
        if "gone" in argument:
            return "550 5.1.1 nobody"
        return "450 4.2.1 not now" if "later" in argument and len(offered) < 8 else None

    with FaultyServer(trouble=refuse) as server:
        queue, sending = start(server)
        sent = submission(1, "here@example.com", "gone@example.com", "later@example.com")
        number = queue.put(sent)
        assert queue.join(PATIENCE)
    who = [each.partition("<")[2].partition("@")[0] for each in offered]
    assert who == ["here", "gone", *["later"] * 6]
    assert [taken.recipients for taken in server.taken] == [["here@example.com"], ["later@example.com"]]
    assert set(contents(server)) == {bytes(sent.content)}
    (failed,) = sending.told("failed")
    assert (failed.id, failed.recipients) == (number, ("gone@example.com",))
    assert failed.error is not None
    assert failed.error.reply.code == 550  # type: ignore[attr-defined]
    deferred = sending.told("deferred")
    assert len(deferred) == 5
    assert {event.recipients for event in deferred} == {("later@example.com",)}
    assert all(event.due is not None and event.error is not None for event in deferred)
    assert [event.recipients for event in sending.told("sent")] == [("here@example.com",), ("later@example.com",)]


def test_a_message_that_is_refused_for_good_fails(start: Start) -> None:
    with FaultyServer(trouble=lambda _, stage, __: "554 5.7.1 spam" if stage == "final dot" else None) as server:
        queue, sending = start(server)
        queue.put(submission(1, "a@example.com", "b@example.com"))
        assert queue.join(PATIENCE)
        assert server.verbs.count("MAIL") == 1
    (failed,) = sending.events
    assert (failed.kind, failed.recipients) == ("failed", ("a@example.com", "b@example.com"))
    assert list(queue.unsent) == []


def test_what_cannot_be_sent_in_time_is_put_away(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    with FaultyServer(trouble=lambda _, stage, __: "451 4.3.0 not now" if stage == "MAIL" else None) as server:
        queue, sending = start(server, Schedule((0.02, 0.05, 60.0), 10.0))
        queue.put(submission(1))
        queue.put(submission(2), expires=time.time() + 5)
        assert queue.join(PATIENCE)
        assert server.verbs.count("MAIL") == 6
        (kept,) = queue.unsent
        assert kept.message_id == "<1@queues.example>"
        by_id = {event.message_id: event for event in sending.told("failed")}
        error = by_id[kept.message_id].error
        assert isinstance(error, UnsentError)
        assert error.path == kept.path
        assert "451" in kept.error
        assert "451" in str(error.__cause__)
        assert "451" in str(by_id["<2@queues.example>"].error)  # that one nobody wants any more
    assert [record.getMessage() for record in caplog.records if str(kept.path) in record.getMessage()]


def test_trouble_on_the_way_stops_all_and_costs_no_attempt(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt for each trouble, although there are many messages; and none of them is given up for it."""
    monkeypatch.setattr("flask_mail.queues.pause.SECONDS", (0.03,))
    down = threading.Event()
    down.set()
    with FaultyServer(
        trouble=lambda *_: "421 4.3.2 closed" if down.is_set() and _[1] == "greeting" else None
    ) as server:
        queue, sending = start(server, Schedule((3600.0,), 60.0), threads=4)
        for number in range(50):
            queue.put(submission(number))
        deferred = sending.wait("deferred", 12)
        probes = deferred[4:]  # after what the four threads had met at the same time
        assert len({event.due for event in probes}) == len(probes)  # one in each pause
        assert len({event.id for event in probes}) < len(probes)  # and it is the first in the row
        down.clear()
        assert queue.join(PATIENCE)
        assert len(server.taken) == 50
        assert sending.told("failed") == []


def test_a_clock_that_is_set_back_prolongs_no_pause() -> None:
    pause = Pause()
    until = pause.begin(time.time() + 100)
    assert pause.until == until
    pause.end()
    pause.begin(time.time() + 3600)  # an hour ago, by the clock of then
    assert pause.until < time.time()


def test_pauses_grow_and_start_again() -> None:
    pause = Pause()
    now, seconds = 0.0, []
    for _ in range(10):
        seconds.append(pause.begin(now) - now)
        assert pause.begin(now) == pause.until  # another thread, at the same time
        now = pause.until
    assert all(0.8 * each <= found <= 1.2 * each for each, found in zip((1, 2, 5, 15, 30), seconds, strict=False))
    assert all(240 <= each <= 360 for each in seconds[7:])
    pause.end()
    assert pause.begin(0.0) < 1.3


def lost_after_the_dot(times: int) -> FaultyServer:
    seen: list[int] = []

    def trouble(talk: Conversation, stage: str, _: str) -> t.Any:
        if stage == "final dot":
            seen.append(1)
            if len(seen) <= times:
                return close
        return None

    return FaultyServer(trouble=trouble)


def test_what_is_in_doubt_is_sent_again_as_it_was(start: Start) -> None:
    with lost_after_the_dot(2) as server:
        queue, sending = start(server)
        sent = submission()
        queue.put(sent)
        assert queue.join(PATIENCE)
        assert contents(server) == [bytes(sent.content)]
        assert len(sending.told("deferred")) == 2
        assert all(event.error.in_doubt for event in sending.told("deferred"))  # type: ignore[union-attr]


def test_or_held(start: Start) -> None:
    with lost_after_the_dot(1) as server:
        queue, sending = start(server, hold=True)
        sent = submission()
        queue.put(sent)
        assert queue.join(PATIENCE)
        (kept,) = queue.unsent
        assert kept.in_doubt
        assert bytes(kept.submission().content) == bytes(sent.content)
        (failed,) = sending.events
        assert failed.kind == "failed"
        assert failed.error.in_doubt  # type: ignore[union-attr]
        assert server.verbs.count("MAIL") == 1


def test_close_sends_what_is_due_and_puts_the_rest_away(
    start: Start, gate: tuple[FaultyServer, threading.Event], caplog: pytest.LogCaptureFixture
) -> None:
    server, opened = gate
    queue, sending = start(server)
    for number in range(5):
        queue.put(submission(number))
    queue.put(submission("later", "a@example.com", "b@example.com"), not_before=time.time() + 3600)
    closer = threading.Thread(target=queue.close, args=(PATIENCE,))
    closer.start()
    opened.set()
    closer.join(PATIENCE)
    assert len(server.taken) == 5
    (kept,) = queue.unsent
    assert (kept.message_id, kept.recipients) == ("<later@queues.example>", ("a@example.com", "b@example.com"))
    assert not kept.in_doubt
    assert kept.submission().envelope.sender == "from@example.com"
    assert str(kept.path) in caplog.text
    assert sending.told("failed")[0].message_id == kept.message_id
    with pytest.raises(QueueError, match="closed"):
        queue.put(submission())


def test_what_is_being_sent_when_time_is_over_is_in_doubt_until_it_has_arrived(
    start: Start, gate: tuple[FaultyServer, threading.Event]
) -> None:
    server, opened = gate
    queue, sending = start(server, threads=1)
    queue.put(submission(1))
    queue.put(submission(2))
    server.wait_for(lambda: "MAIL" in server.verbs)
    queue.close(0.05)
    assert [(each.message_id, each.in_doubt) for each in queue.unsent] == [
        ("<2@queues.example>", False),
        ("<1@queues.example>", True),
    ]
    queue.close(0.05)  # nothing is put away twice
    assert len(list(queue.unsent)) == 2
    opened.set()
    sending.wait("sent")
    until(lambda: [each.message_id for each in queue.unsent] == ["<2@queues.example>"])
    until(lambda: len(list(queue.unsent.path.iterdir())) == 2)  # that .eml and its .json


def test_a_dead_server_does_not_hold_up_the_end(start: Start) -> None:
    queue, _ = start(free_port())
    for number in range(30):
        queue.put(submission(number))
    begun = time.monotonic()
    queue.close(PATIENCE)
    assert time.monotonic() - begun < PATIENCE / 4
    assert {each.message_id for each in queue.unsent} == {f"<{number}@queues.example>" for number in range(30)}
    assert all("refused" in str(each.error) for each in queue.unsent if each.error != "the process ended")
    assert any("refused" in str(each.error) for each in queue.unsent)


def test_a_folder_that_cannot_be_written_to_is_said_aloud(
    start: Start, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    queue, sending = start(free_port(), unsent=tmp_path / "file" / "unsent")
    queue.put(submission())
    queue.close(PATIENCE)
    (record,) = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert "<1@queues.example> to to@example.com" in record.getMessage()
    assert "is lost: MAIL_UNSENT_PATH" in record.getMessage()
    assert sending.told("failed")[0].error.path is None  # type: ignore[union-attr]


def test_files_are_for_the_owner_and_hold_all_that_is_needed(start: Start) -> None:
    queue, _ = start(free_port())
    kept = Submission(
        Envelope("ä@example.com", ("用户@example.com",), ("SMTPUTF8",), ("NOTIFY=NEVER",)),
        Content((b"A: b\r\n\r\n.\r\n",)),
        "<1@x>",
        tags=("welcome",),
        metadata={"user": 1},
    )
    queue.put(kept)
    queue.close(PATIENCE)
    (found,) = queue.unsent
    assert queue.unsent.path.stat().st_mode & 0o777 == 0o700
    assert found.path.read_bytes() == b"A: b\r\n\r\n.\r\n"
    again = found.submission()
    assert (again.envelope, again.message_id, again.tags, again.metadata) == (
        kept.envelope, kept.message_id, kept.tags, kept.metadata,
    )  # fmt: skip
    (found.path.parent / "other.json").write_text("[]")
    (found.path.parent / "broken.json").write_text(json.dumps({"message_id": "x"}))
    assert [each.message_id for each in queue.unsent] == ["<1@x>"]
    found.remove()
    assert list(queue.unsent) == []


def test_threads_end_when_there_is_nothing_to_do(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "IDLE", 0.05)
    with FaultyServer() as server:
        queue, _ = start(server)
        for number in range(2):
            queue.put(submission(number))
            assert queue.join(PATIENCE)
            until(lambda: not [one for one in threading.enumerate() if one.name.startswith("flask-mail-")])
        assert len(server.taken) == 2


def test_without_a_thread_the_caller_sends(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """As at the end of the interpreter, from Python 3.12 on."""

    begin = threading.Thread.start

    def refuse(one: threading.Thread) -> None:
        if one.name.startswith("flask-mail-"):
            raise RuntimeError("can't create new thread at interpreter shutdown")
        begin(one)

    with FaultyServer() as server:
        queue, _ = start(server)
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            queue.put(submission())
        assert len(queue) == 0
        server.wait_for(lambda: len(server.taken) == 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_in_a_program_stops_no_thread(start: Start) -> None:
    with FaultyServer() as server:
        queue, sending = start(server, threads=1)
        deliver = sending.deliver
        faults = [TypeError("a bug"), ValueError("never to be sent"), SystemExit("an end")]
        struck: list[threading.Thread] = []

        def faulty(each: Submission) -> t.Any:
            if faults:
                struck.append(threading.current_thread())
                raise faults.pop(0)
            return deliver(each)

        sending.deliver = faulty  # type: ignore[method-assign]
        queue.put(submission(1))
        sending.wait("deferred")
        sending.wait("failed")
        queue.put(submission(2))
        assert queue.join(PATIENCE)
        assert contents(server) == [bytes(submission(2).content)]
        struck[-1].join(PATIENCE)  # else its end is told to the test that follows
