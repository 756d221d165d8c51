"""``transient`` of an error is what the advice says, whoever asks."""

from __future__ import annotations

import smtplib
import ssl

import pytest

from flask_mail.diagnosis import advise
from flask_mail.transports.failures import failure
from flask_mail.transports.failures import is_transient


@pytest.mark.parametrize(
    ("error", "stage", "transient"),
    [
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "tls", False),
        (ssl.SSLError(1, "[SSL: NO_SHARED_CIPHER] no shared cipher"), "tls", False),
        (ssl.SSLError(1, "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version"), "tls", False),
        (
            ssl.SSLCertVerificationError(1, "certificate verify failed: unable to get local issuer certificate"),
            "tls",
            False,
        ),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "starttls", True),
        (ssl.SSLZeroReturnError(6, "TLS/SSL connection has been closed (EOF)"), "data", True),
        (ssl.SSLSyscallError(5, "Some I/O error occurred"), "tls", True),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "auth", True),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), "starttls", False),
        (OSError(5, "Input/output error"), "data", True),
        (
            smtplib.SMTPSenderRefused(440, b"mail from account doesn't conform with authentication", "a@b.c"),
            "mail",
            False,
        ),
    ],
    ids=repr,
)
def test_the_error_and_the_advice_agree(error: Exception, stage: str, transient: bool) -> None:
    raised = failure(error, stage, "smtp.example.com", 587, "starttls")
    assert raised.transient is transient
    assert advise(raised, {"use_tls": True, "use_ssl": False}).transient is transient
    assert is_transient(error, stage) is transient


def test_waiting_for_a_greeting_that_tls_keeps_back_does_not_help() -> None:
    late = TimeoutError("timed out")
    assert not failure(late, "greeting", "smtp.example.com", 465, "plain").transient
    assert failure(late, "greeting", "smtp.example.com", 465, "tls").transient
    assert failure(late, "greeting", "smtp.example.com", 465).transient


def test_one_recipient_who_may_be_taken_later_is_enough() -> None:
    gone, full = (550, b"5.1.1 User unknown"), (452, b"4.2.2 Mailbox full")
    for replies, transient in (([gone, full], True), ([full, gone], True), ([gone, gone], False), ([gone], False)):
        error = smtplib.SMTPRecipientsRefused({f"{n}@example.com": reply for n, reply in enumerate(replies)})
        assert advise(error).transient is transient
        assert failure(error, "rcpt").transient is transient
