"""The order of a conversation, tried without a socket: two ends talk to each other, and turns are counted."""

from __future__ import annotations

import collections.abc as c
import smtplib
import typing as t

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Receipt
from flask_mail.submission import Submission
from flask_mail.transports.dialogue import LARGE
from flask_mail.transports.dialogue import MANY
from flask_mail.transports.job import Job
from flask_mail.transports.offer import Offer

from .faults.memory import Driver
from .faults.memory import End

PLAIN = Offer()
PIPELINING = Offer(pipelining=True)
CHUNKING = Offer(pipelining=True, chunking=True)
OFFERS = pytest.mark.parametrize("offer", [PLAIN, PIPELINING, CHUNKING], ids=["nothing", "PIPELINING", "CHUNKING"])


def job(number: int = 0, recipients: int = 1, content: bytes | None = None, **envelope: t.Any) -> Job:
    to = tuple(f"user{number}.{index}@example.com" for index in range(recipients))
    body = f"Subject: {number}\r\n\r\n.\r\nHello {number}\r\n".encode() if content is None else content
    return Job(Submission(Envelope(f"from{number}@example.com", to, **envelope), Content([body]), f"<{number}@x>"))


def send(offer: Offer, *jobs: Job, say: t.Any = lambda line: None, window: int = 16) -> Driver:
    driver = Driver(End(say), offer, window)
    assert sorted(map(id, driver.run(jobs))) == sorted(map(id, jobs)), "each has an outcome, and only one"
    return driver


# Round trips: PERFORMANCE says what there may be


@pytest.mark.parametrize(
    ("offer", "messages", "recipients", "window", "allowed"),
    [
        (PLAIN, 1, 1, 16, 4),
        (PIPELINING, 1, 1, 16, 2),
        (PIPELINING, 1, 50, 16, 2),
        (CHUNKING, 1, 1, 16, 1),
        (CHUNKING, 1, 50, 16, 1),
        (PIPELINING, 100, 1, 16, 1.05 * 100),
        (CHUNKING, 100, 1, 1, 1.0 * 100),
        (CHUNKING, 1000, 1, 16, 0.1 * 1000),
        (CHUNKING, 1000, 1, 64, 0.03 * 1000),
    ],
)
def test_round_trips(offer: Offer, messages: int, recipients: int, window: int, allowed: float) -> None:
    driver = send(offer, *(job(number, recipients) for number in range(messages)), window=window)
    assert driver.turns <= allowed
    assert len(driver.end.taken) == messages


@OFFERS
def test_what_arrives_is_what_was_sent(offer: Offer) -> None:
    contents = [b"", b".\r\n", b"..\r\n.\r\n", b"a", b"a\r\n.b\r\n", b"a\r\nb", b"QUIT\r\n", b"x" * LARGE + b"\r\n."]
    driver = send(offer, *(job(number, content=content) for number, content in enumerate(contents)))
    arrived = [content for _, _, content in driver.end.taken]
    if offer is CHUNKING:
        assert arrived == contents
    else:  # a line has an end there
        assert arrived == [c if c.endswith(b"\r\n") or not c else c + b"\r\n" for c in contents]


@OFFERS
def test_large_content_waits_until_somebody_wants_it(offer: Offer) -> None:
    refuse = lambda line: "550 5.1.1 no" if line.startswith("RCPT") else None  # noqa: E731
    driver = Driver(End(refuse), offer)
    [ended] = driver.run([job(content=b"x" * (LARGE + 1))])
    assert isinstance(ended.error, smtplib.SMTPRecipientsRefused)
    assert "BDAT" not in driver.end.verbs
    driver = send(offer, job(content=b"x" * (LARGE + 1)))
    assert driver.turns == {PLAIN: 4, PIPELINING: 2, CHUNKING: 2}[offer]


@pytest.mark.parametrize("offer", [PIPELINING, CHUNKING], ids=["PIPELINING", "CHUNKING"])
def test_of_many_recipients_not_all_go_out_at_once(offer: Offer) -> None:
    """Their replies would fill the way back, and both ends would wait for the other to read."""
    driver = send(offer, job(recipients=1000))
    assert len(driver.end.taken[0][1]) == 1000
    assert driver.most <= MANY + 3
    assert driver.turns <= 1000 / MANY + 2


@pytest.mark.parametrize("offer", [PIPELINING, CHUNKING], ids=["PIPELINING", "CHUNKING"])
@pytest.mark.parametrize("recipients", [1, *range(MANY - 2, MANY + 4), 2 * MANY])
def test_content_goes_out_after_the_last_recipient(offer: Offer, recipients: int) -> None:
    """Also where RSET has to come before."""
    refuse = lambda line: "550 5.7.1 no" if line.startswith("MAIL FROM:<from0@") else None  # noqa: E731
    driver = send(offer, job(0, recipients), job(1, recipients), job(2, recipients), say=refuse)
    assert [len(to) for _, to, _ in driver.end.taken] == [recipients] * 2


def test_nobody_wants_it_but_the_server_asks_for_content() -> None:
    """RFC 2920 §3.1: DATA is answered with 354 though no recipient was taken; a lone dot, then RSET."""
    say = {"RCPT TO:<user0.0@example.com>": "550 5.1.1 no", "DATA": None}.get

    def asking(line: str) -> str | None:
        return "354 go on" if line == "DATA" and end.verbs.count("MAIL") == 1 else say(line)

    end = End(asking)
    first, second = Driver(end, PIPELINING).run([job(0), job(1)])
    assert isinstance(first.error, smtplib.SMTPRecipientsRefused)
    assert second.outcome().complete
    assert [recipients for _, recipients, _ in end.taken] == [("user1.0@example.com",)]
    assert end.verbs == ["MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA"]


@OFFERS
def test_a_refused_sender_does_not_lend_his_name_to_the_next(offer: Offer) -> None:
    refuse = lambda line: "550 5.7.1 no" if line.startswith("MAIL FROM:<from0@") else None  # noqa: E731
    driver = send(offer, job(0), job(1), say=refuse)
    assert [(sender, to) for sender, to, _ in driver.end.taken] == [("from1@example.com", ("user1.0@example.com",))]


# Recipients over several transactions


@OFFERS
def test_more_than_a_thousand_recipients_are_split(offer: Offer) -> None:
    long = job(recipients=2500)
    driver = send(offer, long)
    assert [len(recipients) for _, recipients, _ in driver.end.taken] == [1000, 1000, 500]
    assert long.outcome() == Receipt("<0@x>", long.submission.envelope.recipients, {}, long.reply)


@OFFERS
@pytest.mark.parametrize("words", ["452 4.5.3 too many recipients", "452 too many", "552 5.5.3 too many"])
def test_the_rest_of_too_many_recipients_goes_in_another_transaction(offer: Offer, words: str) -> None:
    taken: list[str] = []

    def only_three(line: str) -> str | None:
        verb = line.partition(" ")[0]
        if verb == "MAIL":
            taken.clear()
        elif verb == "RCPT":
            if len(taken) == 3:
                return words
            taken.append(line)
        return None

    long = job(recipients=8)
    driver = send(offer, long, say=only_three)
    assert [len(recipients) for _, recipients, _ in driver.end.taken] == [3, 3, 2]
    assert long.outcome().accepted == long.submission.envelope.recipients
    assert not long.refused


@OFFERS
@pytest.mark.parametrize("words", ["452 4.2.2 mailbox full", "552 5.2.2 mailbox full", "450 4.2.1 not now"])
def test_what_is_wrong_with_one_recipient_is_not_tried_again(offer: Offer, words: str) -> None:
    full = lambda line: words if "user0.1@" in line else None  # noqa: E731
    one = job(recipients=3)
    driver = send(offer, one, say=full)
    assert {who: str(reply) for who, reply in one.outcome().refused.items()} == {"user0.1@example.com": words}
    assert driver.end.verbs.count("MAIL") == 1


@OFFERS
def test_the_servers_own_limit_is_kept(offer: Offer) -> None:
    limited = Offer(pipelining=offer.pipelining, chunking=offer.chunking, recipients=2)
    driver = send(limited, job(recipients=5))
    assert [len(recipients) for _, recipients, _ in driver.end.taken] == [2, 2, 1]


@OFFERS
def test_who_was_accepted_stays_so_when_a_later_transaction_fails(offer: Offer) -> None:
    limited = Offer(pipelining=offer.pipelining, chunking=offer.chunking, recipients=2)
    contents: list[str] = []

    def once(line: str) -> str | None:
        contents.extend(["."] * (line == "."))
        return "451 4.3.0 later" if len(contents) == 2 and line == "." else None

    one = job(recipients=5)
    send(limited, one, say=once)
    receipt = one.outcome()
    assert receipt.accepted == one.submission.envelope.recipients[:2]
    assert {str(reply) for reply in receipt.refused.values()} == {"451 4.3.0 later"}
    assert [*receipt.accepted, *receipt.refused] == [*one.submission.envelope.recipients]


# Replies


@OFFERS
def test_the_first_digit_decides(offer: Offer) -> None:
    """RFC 5321 §4.2: a client that does not know a code goes by its first digit."""
    odd = {"MAIL": "200 ok", "RCPT": "255 ok", "DATA": "355 go", ".": "290 taken"}
    one = job()
    send(offer, one, say=lambda line: odd.get(line.split(" ")[0]))
    assert one.outcome().complete
    assert str(one.outcome().reply) == "290 taken"


@OFFERS
def test_an_answer_that_answers_nothing_leaves_a_doubt(offer: Offer) -> None:
    one = job()
    send(offer, one, say=lambda line: "354 go on" if line == "." else None)
    with pytest.raises(smtplib.SMTPDataError) as caught:
        one.outcome()
    assert t.cast(t.Any, caught.value).in_doubt


# Content that is not what it was


class Other:
    """Content of another length than it says."""

    def __init__(self, size: int, octets: bytes) -> None:
        self.size = size
        self._octets = octets

    def __iter__(self) -> c.Iterator[bytes]:
        yield self._octets


@OFFERS
@pytest.mark.parametrize("octets", [b"Subject: x\r\n", b"Subject: x\r\n\r\nRSET\r\nMAIL FROM:<evil@example.com>\r\n"])
def test_content_of_another_length_than_announced_takes_nobody_along(offer: Offer, octets: bytes) -> None:
    torn = Job(Submission(Envelope("a@x", ("b@x",)), Content([Other(20, octets)]), "<torn@x>"))
    before, after = job(1), job(2)
    source = iter([before, torn, after])
    driver = Driver(End(), offer)
    with pytest.raises(OSError, match="not as long as"):
        driver.run(source)
    assert [sender for sender, _, _ in driver.end.taken] == ["from1@example.com"]
    assert before.outcome().complete
    assert list(source) == [after]


# Anything at all


REPLY = st.sampled_from([None, None, None, None, "450 4.0.0 later", "550 5.0.0 never", "250-two\r\n250 lines"])


@settings(max_examples=200, deadline=None)
@given(
    offer=st.sampled_from([PLAIN, PIPELINING, CHUNKING, Offer(True, True, recipients=2), Offer(recipients=2)]),
    window=st.integers(1, 20),
    sizes=st.lists(st.tuples(st.integers(1, 5), st.sampled_from([0, 1, 30, LARGE + 1])), max_size=12),
    data=st.data(),
)
def test_whatever_the_server_answers_each_message_has_its_outcome(
    offer: Offer, window: int, sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    jobs = [job(n, count, b"%d:" % n + b".\r\n" * (size // 3)) for n, (count, size) in enumerate(sizes)]

    def say(line: str) -> str | None:
        reply = data.draw(REPLY) if line.split(" ")[0] in ("MAIL", "RCPT", "DATA", ".") else None
        return None if reply and reply.startswith("250") and line == "DATA" else reply

    end = End(say)
    finished = Driver(end, offer, window).run(jobs)
    assert sorted(map(id, finished)) == sorted(map(id, jobs))
    for number, one in enumerate(jobs):
        arrived = [(to, content) for sender, to, content in end.taken if sender == f"from{number}@example.com"]
        accepted = [who for to, _ in arrived for who in to]
        assert len(accepted) == len(set(accepted))
        if one.error is not None and not one.accepted:
            assert arrived == []
            continue
        receipt = one.outcome()
        assert sorted(receipt.accepted) == sorted(accepted)
        assert {*receipt.accepted, *receipt.refused} == {*one.submission.envelope.recipients}
        assert all(content.startswith(b"%d:" % number) for _, content in arrived)
