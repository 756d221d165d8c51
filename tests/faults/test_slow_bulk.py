"""Servers that are slow, deaf or endless while many messages are sent: each ends in time, and takes no memory."""

from __future__ import annotations

import collections.abc as c
import contextlib
import time
import tracemalloc
import typing as t

import pytest

from flask_mail import Message

from .faults import drip
from .faults import ENDLESS
from .mailing import EACH_OFFER
from .mailing import LARGE
from .mailing import letters
from .mailing import mailer
from .server import Conversation
from .server import FaultyServer
from .server import Link


def at(stage: str, recipient: str, what: t.Any) -> c.Callable[[Conversation, str, str], t.Any]:
    """Trouble at *stage* for the message to *recipient*."""

    def trouble(talk: Conversation, step: str, argument: str) -> t.Any:
        named = argument if stage == "RCPT" else "".join(talk.rcpts)
        return what if step == stage and f"<{recipient}@" in named else None

    return trouble


def unhurried(talk: Conversation, stage: str) -> None:
    """The first connection takes its time, but not too much for a timeout."""
    if talk.link.number == 1 and stage == "final dot":
        talk.server.stopping.wait(0.02)


@pytest.mark.parametrize("fault", [lambda link: link.server.stopping.wait(), drip], ids=["reads nothing more", "drips"])
@pytest.mark.parametrize("stage", ["MAIL", "DATA"])
@EACH_OFFER
def test_a_server_that_hangs_is_late_though_others_are_not(offers: tuple[str, ...], stage: str, fault: t.Any) -> None:
    def trouble(talk: Conversation, step: str, _: str) -> t.Any:
        unhurried(talk, step)
        return fault if step == stage and talk.link.number == 2 else None

    with FaultyServer(*offers, trouble=trouble) as server:
        start = time.monotonic()
        late: dict[int, float] = {}
        messages = letters(60, "x" * 70 * 500)
        with contextlib.closing(given_up(mailer(server, MAIL_TIMEOUT=0.4), messages, window=2)) as results:
            for result in results:
                if result.error is not None:
                    assert isinstance(result.error, TimeoutError)
                    late[result.index] = time.monotonic() - start
                elif late:
                    break
        assert late or "CHUNKING" not in offers or stage == "MAIL"
        assert all(seconds < 1.2 for seconds in late.values())


def given_up(mail: t.Any, messages: c.Iterable[Message], *, window: int) -> c.Generator[t.Any]:
    """The results of many messages over two connections, for a test that does not wait for all of them."""
    results: c.Generator[t.Any] = mail.send_many(messages, connections=2, window=window)
    return results


@EACH_OFFER
def test_a_server_that_stops_reading_is_late_though_others_are_not(offers: tuple[str, ...]) -> None:
    def deaf(link: Link) -> None:
        link.send(b"" if "CHUNKING" in offers else b"354 go on\r\n")
        link.server.stopping.wait()

    def trouble(talk: Conversation, step: str, argument: str) -> t.Any:
        if step == "final dot":
            talk.server.stopping.wait(0.02)
        return at("DATA", "user1", deaf)(talk, step, argument)

    def messages() -> c.Iterator[Message]:
        for number, letter in enumerate(letters(80)):
            letter.body = LARGE if number == 1 else "Hello"
            yield letter

    with FaultyServer(*offers, trouble=trouble) as server:
        start = time.monotonic()
        with contextlib.closing(given_up(mailer(server, MAIL_TIMEOUT=0.4), messages(), window=1)) as results:
            for result in results:
                if result.error is not None:
                    assert result.index == 1
                    assert isinstance(result.error, TimeoutError)
                    assert not t.cast(t.Any, result.error).in_doubt
                    break
        assert 0.4 <= time.monotonic() - start < 1.4
        assert len(server.taken) < 79


@EACH_OFFER
def test_endless_replies_take_no_memory(offers: tuple[str, ...]) -> None:
    def endless(link: Link) -> None:
        while True:
            link.send(ENDLESS.replace(b"250-", b"250 "))

    with FaultyServer(*offers, trouble=at("RCPT", "user0", endless)) as server:
        tracemalloc.start()
        try:
            results = list(mailer(server).send_many(letters(1, LARGE[:1_000_000])))
            assert tracemalloc.get_traced_memory()[1] < 2**24
        finally:
            tracemalloc.stop()
        assert len(results) == 1


@pytest.mark.parametrize("way", ["send", "send_many"])
@EACH_OFFER
def test_a_message_has_a_deadline_too(offers: tuple[str, ...], way: str) -> None:
    """Each reply comes in time, all of them together do not."""

    def slow(talk: Conversation, stage: str, _: str) -> t.Any:
        if stage == "RCPT":
            talk.flush()
            talk.server.stopping.wait(0.1)

    with FaultyServer(*offers, trouble=slow) as server:
        mail = mailer(server, MAIL_TIMEOUT=5, MAIL_DEADLINE=0.35)
        message = Message("Hello", [f"user{n}@example.com" for n in range(30)], "x")
        start = time.monotonic()
        if way == "send":
            with pytest.raises(TimeoutError):
                mail.send(message)
        else:
            [result] = mail.send_many([message])
            assert isinstance(result.error, TimeoutError)
        assert time.monotonic() - start < 1.35
