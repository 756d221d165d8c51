"""What every transport has to do, as tests to inherit: ours pass them, and so should yours.

A test class takes its tests from :class:`TransportContract` and says which transport they are for. Nothing here
imports pytest; any runner that calls methods named ``test_...`` on a fresh object will do, ``unittest`` too.
"""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import dataclasses as d
import threading
import typing as t

from ..errors import DeliveryError
from ..errors import STAGES
from ..submission import Content
from ..submission import Envelope
from ..submission import Receipt
from ..submission import Sized
from ..submission import Submission
from ..transports.base import Session
from ..transports.base import Transport

SENDER: t.Final = "sender@example.com"
RECIPIENTS: t.Final = ("first@example.com", "second@example.com")

_HEADER = b"From: sender@example.com\r\nSubject: contract\r\nMessage-ID: %s\r\n\r\n"


@d.dataclass(frozen=True, slots=True)
class Delivered:
    """One message as it arrived at the other end.

    :param sender: the reverse-path, without angle brackets.
    :param recipients: the forward-paths, in the order they came.
    :param content: the octets.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Streamed:
    """A part of content that is made block by block while it is read, any number of times.

    :param data: the octets.
    :param block: how many of them make a block.
    """

    def __init__(self, data: bytes, block: int = 4096) -> None:
        self._data = data
        self._block = block
        self.size: int = len(data)
        """Octets in all."""

    def __iter__(self) -> c.Iterator[bytes]:
        return (self._data[at : at + self._block] for at in range(0, self.size, self._block))


class Unreadable:
    """A part of content that fails halfway, as a file does that was removed meanwhile."""

    size = 2000

    def __iter__(self) -> c.Iterator[bytes]:
        yield b"half of it\r\n"
        raise OSError("the file is gone")


def make_submission(
    *parts: bytes | Sized,
    sender: str = SENDER,
    recipients: tuple[str, ...] = RECIPIENTS,
    mail_options: tuple[str, ...] = (),
    name: str = "one",
) -> Submission:
    """A submission to test with.

    :param parts: the body; a short text by default. The header goes before it.
    :param name: makes the Message-ID.
    """
    message_id = f"<{name}@contract.example.com>"
    body = parts or (b"A short text.\r\n",)
    content = Content([_HEADER % message_id.encode(), *body])
    return Submission(Envelope(sender, recipients, mail_options), content, message_id)


class TransportContract:
    """The tests; a subclass gives them :attr:`transport`, and :meth:`delivered` where that can be told.

    .. code-block:: python

        class TestMyTransport(TransportContract):
            def setup_method(self):
                self.transport = MyTransport(...)

            def delivered(self):
                for ... in ...:
                    yield Delivered(sender, recipients, content)
    """

    transport: Transport
    """What is tested, fresh for every test: set it in ``setup_method``, in ``setUp`` or in a fixture."""

    patience: float = 30.0
    """Seconds to wait for two sessions to be open at once."""

    def delivered(self) -> c.Iterable[Delivered] | None:
        """What :attr:`transport` has delivered so far, oldest first; ``None`` where nobody can tell."""
        return None

    def test_open_gives_a_session(self) -> None:
        session = self.transport.open()
        assert isinstance(session, Session), f"{session!r} has no send() and close()"
        session.close()

    def test_a_receipt_names_the_message_and_the_recipients_in_order(self) -> None:
        submission = make_submission()
        receipt = _send(self.transport, submission)
        _check_receipt(receipt, submission)
        self._check_delivered(submission)

    def test_one_session_carries_one_submission_after_another(self) -> None:
        submissions = [make_submission(name=name) for name in ("one", "two", "three")]
        session = self.transport.open()
        for submission in submissions:
            _check_receipt(session.send(submission), submission)
        session.close()
        self._check_delivered(*submissions)

    def test_a_transport_opens_again_after_a_session_was_closed(self) -> None:
        submissions = [make_submission(name=name) for name in ("one", "two")]
        for submission in submissions:
            _check_receipt(_send(self.transport, submission), submission)
        self._check_delivered(*submissions)

    def test_lines_that_begin_with_dots_arrive_as_they_are(self) -> None:  # RFC 5321 §4.5.2
        self._check_arrives(b".\r\n..\r\n.one\r\nno.t this\r\n.\r\n")

    def test_dots_arrive_where_chunks_meet(self) -> None:
        self._check_arrives(b"end\r\n", b".\r\n", b"\r", b"\n.", b".\r\n", b".", b"\r\n")

    def test_a_megabyte_is_streamed(self) -> None:
        self._check_arrives(Streamed((b"." + b"0123456789" * 7 + b"\r\n") * 14_400, block=1000))

    def test_text_beyond_ascii_arrives(self) -> None:
        self._check_arrives("Grüße, 你好\r\n".encode())

    def test_content_without_a_last_line_end_arrives(self) -> None:
        self._check_arrives(b"no line end")

    def test_content_that_ends_in_a_lone_dot_arrives(self) -> None:
        self._check_arrives(b"text\r\n.")

    def test_a_header_alone_arrives(self) -> None:
        self._check_arrives(b"")

    def test_an_address_beyond_ascii_is_delivered_or_refused_clearly(self) -> None:  # RFC 6531
        self._check_delivers_or_refuses(
            make_submission(sender="grüße@example.com", recipients=("用户@example.com",), mail_options=("SMTPUTF8",))
        )

    def test_the_null_reverse_path_is_delivered_or_refused_clearly(self) -> None:  # RFC 5321 §4.5.5
        self._check_delivers_or_refuses(make_submission(sender=""))

    def test_content_that_cannot_be_read_is_an_error_and_no_half_message_arrives(self) -> None:
        error = _raised(lambda: _send(self.transport, make_submission(Unreadable(), name="half")))
        assert error is not None, "half a message was sent as if it were whole"
        assert "the file is gone" in _with_causes(error), f"the true cause is hidden by {error!r}"
        whole = make_submission(name="whole")
        _check_receipt(_send(self.transport, whole), whole)
        self._check_delivered(whole)

    def test_close_never_raises(self) -> None:
        for submissions in ([], [make_submission()]):
            session = self.transport.open()
            for submission in submissions:
                session.send(submission)
            session.close()
            session.close()

    def test_two_threads_have_a_session_each(self) -> None:
        submissions = [make_submission(name=f"{thread}-{n}") for thread in "ab" for n in range(5)]
        both_open = threading.Barrier(2, timeout=self.patience)

        def send(mine: list[Submission]) -> None:
            try:
                session = self.transport.open()
            except BaseException:
                both_open.abort()
                raise
            try:
                both_open.wait()
                for submission in mine:
                    _check_receipt(session.send(submission), submission)
            finally:
                session.close()

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(send, mine) for mine in (submissions[:5], submissions[5:])]
        errors = [error for future in futures if (error := future.exception())]
        for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
            raise AssertionError(f"two sessions cannot be open at once: {error!r}") from error
        self._check_delivered(*submissions, ordered=False)

    def _check_arrives(self, *parts: bytes | Sized) -> None:
        submission = make_submission(*parts)
        before = bytes(submission.content)
        _check_receipt(_send(self.transport, submission), submission)
        assert bytes(submission.content) == before, "the content was changed"
        self._check_delivered(submission)

    def _check_delivers_or_refuses(self, submission: Submission) -> None:
        try:
            receipt = _send(self.transport, submission)
        except DeliveryError:
            self._check_delivered()
        else:
            _check_receipt(receipt, submission)
            self._check_delivered(submission)

    def _check_delivered(self, *submissions: Submission, ordered: bool = True) -> None:
        found = self.delivered()
        if found is None:
            return
        arrived = list(found)
        assert len(arrived) == len(submissions), f"{len(submissions)} were sent, {len(arrived)} arrived"
        if not ordered:
            arrived = sorted(arrived, key=lambda one: one.content)
        for one, submission in zip(arrived, submissions, strict=True):
            assert one.sender == submission.envelope.sender
            assert one.recipients == submission.envelope.recipients
            _check_content(one.content, bytes(submission.content))


class FailureContract:
    """What a transport has to do when it cannot deliver. A transport that cannot fail has no use for it."""

    transport: Transport
    """One that cannot deliver: it leads to a port where nobody listens, a folder that cannot be written to, ..."""

    def test_a_failure_is_a_delivery_error_every_time(self) -> None:
        for _ in range(2):
            error = _raised(lambda: _send(self.transport, make_submission()))
            assert error is not None, "there was no error; is this a transport that cannot deliver?"
            assert isinstance(error, DeliveryError), f"{error!r} is no DeliveryError"
            assert error.stage in STAGES, f"stage is {error.stage!r}, but has to be one of {STAGES}"
            assert isinstance(error.transient, bool)
            assert str(error), "the error says nothing"


def _send(transport: Transport, submission: Submission) -> Receipt:
    session = transport.open()
    try:
        return session.send(submission)
    finally:
        session.close()


def _raised(action: c.Callable[[], object]) -> Exception | None:
    try:
        action()
    except Exception as error:
        return error
    return None


def _check_receipt(receipt: t.Any, submission: Submission) -> None:
    assert isinstance(receipt, Receipt), f"send() returned {receipt!r}, which is no Receipt"
    assert receipt.message_id == submission.message_id
    assert receipt.accepted == submission.envelope.recipients
    assert receipt.complete, f"refused: {receipt.refused}"
    assert not receipt.suppressed


def _check_content(arrived: bytes, sent: bytes) -> None:
    if not sent.endswith(b"\r\n") and arrived == sent + b"\r\n":
        return  # SMTP has no way to end within a line (RFC 5321 §4.1.1.4)
    at = _first_difference(arrived, sent)
    assert arrived == sent, (
        f"{len(sent)} octets were sent, {len(arrived)} arrived; they differ from octet {at} on: "
        f"{sent[at : at + 40]!r} became {arrived[at : at + 40]!r}"
    )


def _first_difference(one: bytes, other: bytes) -> int:
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def _with_causes(error: BaseException | None) -> str:
    texts: list[str] = []
    while error is not None:
        texts.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(texts)
