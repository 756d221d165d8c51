"""The contract for transports: what breaks it has to be found."""

from __future__ import annotations

import dataclasses as d
import subprocess
import sys
import threading
import typing as t
import unittest

import pytest

from flask_mail.submission import Content
from flask_mail.submission import Receipt
from flask_mail.submission import Submission
from flask_mail.testing import Delivered
from flask_mail.testing import FailureContract
from flask_mail.testing import TransportContract
from flask_mail.transports import Transport
from flask_mail.transports.memory import MemoryTransport
from flask_mail.transports.null import NullTransport


class Contract(TransportContract):
    """For a transport that keeps what it sends."""

    transport: MemoryTransport

    def delivered(self) -> list[Delivered]:
        return [
            Delivered(one.envelope.sender, one.envelope.recipients, bytes(one.content))
            for one in self.transport.submissions
        ]


class TestUnderUnittest(TransportContract, unittest.TestCase):
    """The contract needs nothing of pytest."""

    def setUp(self) -> None:
        self.transport = NullTransport()


class Lossy(MemoryTransport):
    """Loses the dot that a line begins with, as a client does that does not stuff dots."""

    def send(self, submission: Submission, /) -> Receipt:
        return super().send(_with_content(submission, bytes(submission.content).replace(b"\r\n.", b"\r\n")))


class Halving(MemoryTransport):
    """Sends what it could read, and hides that there was more."""

    def send(self, submission: Submission, /) -> Receipt:
        read = b""
        try:
            for chunk in submission.content:
                read += chunk
        except OSError:
            pass
        return super().send(_with_content(submission, read))


class Forgetful(MemoryTransport):
    """Takes all recipients and names none of them."""

    def send(self, submission: Submission, /) -> Receipt:
        super().send(submission)
        return Receipt(submission.message_id)


class Shuffling(MemoryTransport):
    def send(self, submission: Submission, /) -> Receipt:
        super().send(submission)
        return Receipt(submission.message_id, submission.envelope.recipients[::-1])


class Single(MemoryTransport):
    """Cannot be closed twice."""

    closed = False

    def close(self) -> None:
        if self.closed:
            raise OSError("closed already")
        self.closed = True


class Encoding(MemoryTransport):
    """Lets an error of Python's out for an address it cannot write."""

    def send(self, submission: Submission, /) -> Receipt:
        submission.envelope.sender.encode("ascii")
        return super().send(submission)


class Silent(MemoryTransport):
    def send(self, submission: Submission, /) -> Receipt:
        super().send(submission)
        return None  # type: ignore[return-value]


class Exclusive(MemoryTransport):
    """Has one session, and refuses whoever comes second."""

    taken = False

    def open(self) -> t.Self:
        if self.taken:
            raise RuntimeError("somebody else has the session")
        self.taken = True
        return self


class Queueing(MemoryTransport):
    """Has one session, and lets others wait until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._free = threading.Semaphore()

    def open(self) -> t.Self:
        self._free.acquire()
        return self

    def close(self) -> None:
        self._free.release()


def _with_content(submission: Submission, octets: bytes) -> Submission:
    return d.replace(submission, content=Content([octets]))


@pytest.mark.parametrize(
    ("transport", "test"),
    [
        (Lossy, "test_lines_that_begin_with_dots_arrive_as_they_are"),
        (Lossy, "test_dots_arrive_where_chunks_meet"),
        (Lossy, "test_a_megabyte_is_streamed"),
        (Halving, "test_content_that_cannot_be_read_is_an_error_and_no_half_message_arrives"),
        (Forgetful, "test_a_receipt_names_the_message_and_the_recipients_in_order"),
        (Shuffling, "test_a_receipt_names_the_message_and_the_recipients_in_order"),
        (Silent, "test_one_session_carries_one_submission_after_another"),
        (Single, "test_close_never_raises"),
        (Encoding, "test_an_address_beyond_ascii_is_delivered_or_refused_clearly"),
        (Exclusive, "test_two_threads_have_a_session_each"),
        (Queueing, "test_two_threads_have_a_session_each"),
    ],
)
def test_the_contract_finds_a_transport_that_breaks_it(transport: type[MemoryTransport], test: str) -> None:
    contract = Contract()
    contract.transport = transport()
    contract.patience = 0.1
    with pytest.raises((AssertionError, OSError, UnicodeError)):
        getattr(contract, test)()


def test_the_contract_finds_a_failure_that_is_none_of_ours() -> None:
    class Raw(Transport):
        def send(self, submission: Submission, /) -> Receipt:
            raise ConnectionError("raw")

    contract = FailureContract()
    for transport, problem in ((Raw(), "is no DeliveryError"), (NullTransport(), "there was no error")):
        contract.transport = transport
        with pytest.raises(AssertionError, match=problem):
            contract.test_a_failure_is_a_delivery_error_every_time()


def test_the_contract_says_where_octets_differ() -> None:
    contract = Contract()
    contract.transport = Lossy()
    with pytest.raises(AssertionError, match=r"they differ from octet \d+ on: b'\.\\r\\n"):
        contract.test_lines_that_begin_with_dots_arrive_as_they_are()


def test_nothing_of_the_contract_needs_pytest() -> None:
    program = "import sys, flask_mail.testing; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
