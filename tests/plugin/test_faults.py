"""What goes wrong with captured mail goes wrong as with a real server: each fault is tried with both."""

from __future__ import annotations

import collections.abc as c
import pathlib
import smtplib
import time
import typing as t

import pytest
from flask import Flask

from flask_mail import DeliveryError
from flask_mail import email_dispatched
from flask_mail import email_failed
from flask_mail import Mail
from flask_mail import Message
from flask_mail import Receipt
from flask_mail.extension.overridden import composed
from flask_mail.testing import capture_mail
from flask_mail.testing import FailureContract
from flask_mail.testing import MailFaults
from flask_mail.testing import Outbox
from flask_mail.testing import TransportContract
from flask_mail.testing.contract import Delivered
from flask_mail.testing.conversation import CapturedTransport

from ..servers import data
from ..servers import hang
from ..servers import line
from ..servers import ScriptedServer
from ..servers import Server
from ..servers import Step

ANN, BOB, CARL = "ann@example.com", "bob@example.com", "carl@example.com"


def hello(*recipients: str) -> Message:
    return Message("Hello", recipients=list(recipients or (ANN, BOB)), body="Hello.")


def outcome(mail: Mail, message: Message) -> dict[str, t.Any]:
    """What a program sees of a send."""
    told: list[t.Any] = []

    def failed(app: Flask, **given: t.Any) -> None:
        told.append(("failed", given["recipients"], type(given["error"]), given["error"].args))

    def dispatched(app: Flask, message: Message) -> None:
        told.append("dispatched")

    with email_failed.connected_to(failed), email_dispatched.connected_to(dispatched):
        try:
            receipt = mail.send(message)
        except DeliveryError as error:
            facts = ("stage", "transient", "in_doubt", "reply", "__notes__")
            seen = {name: getattr(error, name) for name in facts}
            return {"told": told, "type": type(error), "args": error.args, **seen}
    return {"told": told, "accepted": receipt.accepted, "refused": receipt.refused}


def fault(code: int, text: str, **options: t.Any) -> c.Callable[[MailFaults], None]:
    return lambda faults: faults.fail_next(code, text, **options)


def replies(**given: str) -> c.Callable[[Server], None]:
    return lambda server: server.replies.update({"." if verb == "end" else verb: said for verb, said in given.items()})


def refuses(**given: str) -> c.Callable[[Server], None]:
    return lambda server: server.refused.update({f"{name}@example.com": said for name, said in given.items()})


SAME: dict[str, tuple[c.Callable[[MailFaults], None], c.Callable[[Server], None]]] = {
    "nothing": (lambda faults: None, lambda server: None),
    "451 for the mail": (fault(451, "4.3.0 Try later"), replies(end="451 4.3.0 Try later")),
    "554 for the mail": (fault(554, "5.7.1 Spam"), replies(end="554 5.7.1 Spam")),
    "552 to DATA": (fault(552, "5.2.3 Too big", stage="data"), replies(DATA="552 5.2.3 Too big")),
    "553 for the sender": (fault(553, "5.7.1 Not you", stage="mail"), replies(MAIL="553 5.7.1 Not you")),
    "421 to MAIL": (fault(421, "4.3.2 Closing", stage="mail"), replies(MAIL="421 4.3.2 Closing")),
    "one recipient": (fault(550, "5.1.1 Nobody", recipient=ANN), refuses(ann="550 5.1.1 Nobody")),
    "one for now": (fault(450, "4.2.1 Busy", recipient=BOB), refuses(bob="450 4.2.1 Busy")),
    "all recipients": (fault(550, "5.1.1 Nobody", stage="rcpt"), replies(RCPT="550 5.1.1 Nobody")),
    "login": (fault(535, "5.7.8 Wrong"), replies(AUTH="535 5.7.8 Wrong")),
    "EHLO": (fault(421, "4.7.0 Go away", stage="ehlo"), replies(EHLO="421 4.7.0 Go away")),
}


@pytest.mark.parametrize("case", SAME)
def test_a_fault_is_what_a_real_server_would_cause(
    case: str, start_server: c.Callable[..., Server], make_app: c.Callable[..., Flask]
) -> None:
    make_fault, make_server = SAME[case]
    server = start_server(auth=True)
    make_server(server)
    mail = Mail(make_app(server))
    real = outcome(mail, hello())
    with capture_mail() as outbox:
        make_fault(outbox.faults)
        assert outcome(mail, hello()) == real
        assert ("accepted" in real) == (len(outbox) == 1)


GREETED: t.Final[list[Step]] = [b"220 mail.example.com\r\n", line, b"250 mail.example.com\r\n"]
ENVELOPE: t.Final[list[Step]] = [line, b"250 OK\r\n", line, b"250 OK\r\n", line, b"354 Go\r\n", data]


@pytest.mark.parametrize(
    ("make_fault", "script"),
    [
        (lambda faults: faults.drop_after_data(), [*GREETED, *ENVELOPE]),
        (lambda faults: faults.delay(5), [*GREETED, *ENVELOPE, hang]),
        (lambda faults: faults.delay(5, stage="rcpt"), [*GREETED, *ENVELOPE[:3], hang]),
        (lambda faults: faults.delay(5, stage="greeting"), [hang]),
        (lambda faults: faults.fail_next(554, "No", stage="greeting"), [b"554 No\r\n", line]),
        (
            lambda faults: faults.fail_next(450, "4.2.1 Busy", recipient=ANN),
            [*GREETED, *ENVELOPE[:3], b"450 4.2.1 Busy\r\n"],
        ),
    ],
    ids=["drop", "delay", "delay at RCPT", "delay of the greeting", "greeting", "the only recipient"],
)
def test_a_lost_connection_is_told_as_with_a_real_server(
    make_fault: c.Callable[[MailFaults], None],
    script: list[Step],
    scripted: c.Callable[..., ScriptedServer],
    make_app: c.Callable[..., Flask],
) -> None:
    mail = Mail(make_app(scripted(script), MAIL_TIMEOUT=0.1))
    real = outcome(mail, hello(ANN))
    assert "type" in real
    with capture_mail() as outbox:
        make_fault(outbox.faults)
        assert outcome(mail, hello(ANN)) == real
        outbox.assert_empty()


@pytest.fixture
def mail() -> Mail:
    app = Flask("app_of_a_test")
    app.config.update(MAIL_DEFAULT_SENDER="shop@example.com", TESTING=True)
    return Mail(app)


def test_only_the_next_mail_fails(mail: Mail, mail_faults: MailFaults, outbox: Outbox) -> None:
    mail_faults.fail_next(451, "4.7.1 Later")
    mail_faults.fail_next(554, "5.7.1 Spam")
    codes = []
    for _ in range(2):
        with pytest.raises(smtplib.SMTPDataError) as caught:
            mail.send(hello())
        codes.append(caught.value.smtp_code)
    mail.send(hello())
    assert codes == [451, 554]
    assert len(outbox) == 1
    assert [getattr(failed.error, "smtp_code", None) for failed in outbox.failed] == codes


def test_a_fault_may_be_for_several_mails_or_for_all(mail: Mail, mail_faults: MailFaults) -> None:
    mail_faults.fail_next(451, times=2)
    results = list(mail.send_many([hello() for _ in range(4)]))
    assert [result.ok for result in results] == [False, False, True, True]
    mail_faults.fail_next(451, times=None)
    assert not any(result.ok for result in mail.send_many([hello() for _ in range(4)]))
    mail_faults.clear()
    assert mail.send(hello()).complete


def test_a_fault_for_a_recipient_waits_for_a_mail_to_them(mail: Mail, mail_faults: MailFaults, outbox: Outbox) -> None:
    mail_faults.fail_next(550, "5.1.1 Nobody", recipient="BOB@example.com")
    mail_faults.fail_next(450, "4.2.1 Busy", recipient=CARL)
    assert mail.send(hello(ANN)).complete
    receipt = mail.send(hello(ANN, BOB, CARL))
    assert receipt.accepted == (ANN,)
    assert {who: reply.code for who, reply in receipt.refused.items()} == {BOB: 550, CARL: 450}
    assert mail.send(hello(BOB, CARL)).complete
    assert [one.receipt for one in outbox][1] is receipt


def test_a_dropped_connection_is_replaced_for_the_next_mail(
    mail: Mail, mail_faults: MailFaults, outbox: Outbox
) -> None:
    mail_faults.drop_after_data(recipient=ANN)
    with mail.connect() as connection:
        connection.send(hello(BOB))
        with pytest.raises(smtplib.SMTPServerDisconnected) as caught:
            connection.send(hello(ANN))
        connection.send(hello(CARL))
    assert isinstance(caught.value, DeliveryError)
    assert caught.value.in_doubt
    assert [one.to for one in outbox] == [[BOB], [CARL]]
    results = list(mail.send_many([hello(ANN)]))
    assert results[0].ok


def test_a_server_that_says_421_has_hung_up(mail: Mail, mail_faults: MailFaults) -> None:
    with mail.connect() as connection:
        mail_faults.fail_next(421, "4.3.2 Closing", stage="mail")
        with pytest.raises(smtplib.SMTPSenderRefused):
            connection.send(hello())
        mail_faults.fail_next(554, "5.3.2 No more", stage="greeting")
        with pytest.raises(smtplib.SMTPConnectError):
            connection.send(hello())
        assert connection.send(hello()).complete


def test_a_delay_takes_its_time_and_no_more(mail: Mail, mail_faults: MailFaults) -> None:
    mail_faults.delay(0.1, recipient=ANN)
    times = []
    for recipient in (ANN, BOB):
        start = time.monotonic()
        assert mail.send(hello(recipient)).complete
        times.append(time.monotonic() - start)
    assert times[0] >= 0.1 > times[1]


def test_a_delay_and_a_refusal_come_together(mail: Mail, mail_faults: MailFaults) -> None:
    mail_faults.delay(0.05)
    mail_faults.fail_next(451, "4.7.1 Later")
    start = time.monotonic()
    with pytest.raises(smtplib.SMTPDataError):
        mail.send(hello())
    assert time.monotonic() - start >= 0.05


def test_many_recipients_are_one_mail(mail: Mail, outbox: Outbox) -> None:
    everybody = [f"user{number}@example.com" for number in range(1500)]
    assert mail.send(hello(*everybody)).accepted == tuple(everybody)
    assert outbox.one().recipients == everybody


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda faults: faults.fail_next(250), "fail_next: code is 250, but it has to be one that refuses, 400 to 599"),
        (lambda faults: faults.delay(-1), "delay: seconds is -1, but it has to be 0 or more"),
        (
            lambda faults: faults.fail_next(451, stage="quit"),
            "fail_next: stage is 'quit', but it has to be one of greeting, ehlo, auth, mail, rcpt, data, end-of-data",
        ),
        (
            lambda faults: faults.delay(1, stage="auth", recipient=ANN),
            "delay: at stage 'auth' there is no recipient yet; leave one of them out",
        ),
    ],
)
def test_what_no_server_can_do_is_an_error(call: c.Callable[[MailFaults], None], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        call(MailFaults())
    assert str(caught.value) == text


class TestCapturedTransport(TransportContract):
    """It is a transport like any other."""

    transport: CapturedTransport

    def setup_method(self) -> None:
        self.sent: list[Delivered] = []
        self.transport = CapturedTransport(MailFaults(), self.keep)

    def keep(self, submission: t.Any, receipt: Receipt | None, error: Exception | None) -> None:
        if receipt is not None:
            envelope = submission.envelope
            self.sent.append(Delivered(envelope.sender, envelope.recipients, bytes(submission.content)))

    def delivered(self) -> list[Delivered]:
        return self.sent


class TestFailingTransport(FailureContract):
    def setup_method(self) -> None:
        self.transport = CapturedTransport(MailFaults())
        self.transport.faults.fail_next(421, "busy", stage="greeting", times=None)


def test_a_mail_whose_attachment_vanishes_is_kept_as_far_as_it_can_be_read(
    mail: Mail, outbox: Outbox, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(b"x" * 500_000)
    message = hello()
    message.attach("large.bin", "application/octet-stream", path)
    connection = mail.connect()
    submission = composed(message, connection.rules)
    path.unlink()
    with connection, pytest.raises(DeliveryError, match="No such file"):
        connection.send_composed(message, submission)
    assert outbox == []
    assert outbox.failed[0].subject == "Hello"
