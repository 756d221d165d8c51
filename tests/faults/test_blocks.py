"""A block of ``mail.connect()``: an error costs the message it belongs to, and nothing else."""

from __future__ import annotations

import time
import typing as t

import pytest

from flask_mail import DeliveryError
from flask_mail import Message

from .faults import reset
from .mailing import EACH_OFFER
from .mailing import mailer
from .server import Conversation
from .server import FaultyServer
from .server import Link

FIVE = [f"user{number}@example.com" for number in range(5)]
FAULTS: dict[str, t.Any] = {
    "FIN": Link.finish,
    "RST": reset,
    "421": "421 4.3.2 bye",
    "4xx": "450 4.2.0 not now",
    "5xx": "550 5.7.1 never",
}


class At:
    """Trouble at one step of a connection's second message, once."""

    def __init__(self, stage: str, fault: t.Any) -> None:
        self._stage = stage
        self._fault = fault
        self.happened = False

    def __call__(self, talk: Conversation, stage: str, _: str) -> t.Any:
        if self.happened or stage != self._stage or len(talk.server.taken) != 1:
            return None
        self.happened = True
        if stage == "final dot":
            talk.mail, talk.rcpts = None, []  # it has the content, and does not take it
        return self._fault


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "final dot"])
@EACH_OFFER
def test_an_error_does_not_end_it(offers: tuple[str, ...], stage: str, fault: str) -> None:
    trouble = At(stage, FAULTS[fault])
    errors: dict[str, DeliveryError] = {}
    with FaultyServer(*offers, trouble=trouble) as server, mailer(server).connect() as connection:
        for who in FIVE:
            try:
                assert connection.send(Message("Hello", [who], "x")).complete
            except DeliveryError as error:
                errors[who] = error
        assert trouble.happened
        assert list(errors) == [FIVE[1]]
        assert [taken.recipients for taken in server.taken] == [[who] for who in FIVE if who not in errors]
        assert server.connections == (1 if fault in ("4xx", "5xx") else 2)
        assert errors[FIVE[1]].transient is (fault != "5xx")


@EACH_OFFER
def test_so_many_messages_go_over_one_connection_and_no_more(offers: tuple[str, ...]) -> None:
    with FaultyServer(*offers) as server, mailer(server, MAIL_MAX_EMAILS=2).connect() as connection:
        for who in FIVE:
            assert connection.send(Message("Hello", [who], "x")).complete
        assert [taken.connection for taken in server.taken] == [1, 1, 2, 2, 3]
        server.wait_for(lambda: server.verbs.count("QUIT") == 2)


def test_nobody_waits_for_the_reply_to_quit() -> None:
    def hang(talk: Conversation, stage: str, _: str) -> t.Any:
        return Link.drain if stage == "QUIT" else None

    with FaultyServer(trouble=hang) as server:
        mail = mailer(server, MAIL_TIMEOUT=10, MAIL_POOL_SIZE=0)
        start = time.monotonic()
        for who in FIVE:
            assert mail.send(Message("Hello", [who], "x")).complete
        assert all(result.ok for result in mail.send_many([Message("Hello", [FIVE[0]], "x")]))
        assert time.monotonic() - start < 5
        server.wait_for(lambda: server.verbs.count("QUIT") == 6 and server.open == 0)


@EACH_OFFER
def test_a_program_that_takes_its_time_over_results_loses_nothing(offers: tuple[str, ...]) -> None:
    """What was decided on before goes out after it, and its time begins then."""
    with FaultyServer(*offers) as server:
        mail = mailer(server, MAIL_TIMEOUT=0.3)
        for result in mail.send_many([Message("Hello", [who], "x") for who in FIVE], connections=2):
            assert result.ok, result
            time.sleep(0.4)
        assert len(server.taken) == 5


@EACH_OFFER
def test_what_must_not_go_out_does_not(offers: tuple[str, ...]) -> None:
    """A merge writes down what goes out before it does; where that fails, nobody gets it, and the others do."""
    told: list[int] = []

    def sending(number: int, _: str) -> None:
        told.append(number)
        if number == 1:
            raise OSError("disk full")

    with FaultyServer(*offers) as server:
        mail = mailer(server)
        messages = [Message("Hello", [who], "x") for who in FIVE]
        results = list(mail.send_many(messages, connections=1, ordered=True, sending=sending))
        assert [result.ok for result in results] == [True, False, True, True, True]
        assert "disk full" in str(results[1].error)
        assert not getattr(results[1].error, "in_doubt", False)
        assert told == [0, 1, 2, 3, 4]
        assert sorted(taken.recipients[0] for taken in server.taken) == [FIVE[0], *FIVE[2:]]
