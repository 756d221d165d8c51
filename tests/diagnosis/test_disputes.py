"""Words of two causes in one reply: settled ones are decided, others are not."""

from __future__ import annotations

import pytest

from flask_mail.diagnosis import advise
from flask_mail.diagnosis import CAUSES
from flask_mail.diagnosis.rows import disputes


def test_what_is_settled_is_about_known_causes() -> None:
    assert {*disputes.BESIDE} <= {*CAUSES}
    for cause, others in disputes.BESIDE.items():
        assert {*others.split()} <= {*CAUSES} - {cause}


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        ("end-of-data", 552, "5.2.2 Message too large for the recipient's mailbox, quota exceeded"),
        ("end-of-data", 554, "5.6.0 The message contains an invalid header and maybe a virus"),
        ("end-of-data", 550, "Maximum message size limit per day exceeded"),
        ("rcpt", 450, "4.1.1 Unverified address: host mx.example.com said: mailbox full"),
        ("mail", 550, "Sender domain is listed, and relaying denied"),
        ("ehlo", 550, "Your IP has been blocked, invalid HELO"),
        ("rcpt", 550, "Mailbox disabled, no such user here"),
        ("rcpt", 550, "Your account has been suspended, user unknown"),
        ("rcpt", 550, "Too many recipients, and your message is too large"),
        ("end-of-data", 550, "5.7.1 DMARC policy: too many messages"),
    ],
)
def test_words_of_two_causes_of_which_none_is_known_to_be_meant_are_unknown(stage: str, code: int, text: str) -> None:
    assert advise(stage=stage, code=code, text=text).cause == "unknown"


@pytest.mark.parametrize(
    ("stage", "code", "text", "cause"),
    [
        ("rcpt", 553, "5.7.1 <me@example.com>: Sender address rejected: not logged in", "auth-required"),
        ("auth", 535, "Authentication failed: account disabled", "account-suspended"),
        ("auth", 535, "5.7.8 authentication failed: no such user", "auth-wrong"),
        ("rcpt", 450, "4.7.1 <localhost>: Helo command rejected: Host not found", "helo-rejected"),
        ("end-of-data", 451, "4.7.1 Temporarily rejected as spam, try again later (greylisting)", "greylisted"),
        ("mail", 550, "5.7.1 Sender rejected: SPF check failed", "unauthenticated-domain"),
        ("end-of-data", 550, "The link in it is listed in dbl.spamhaus.org", "spam-content"),
        ("rcpt", 554, "5.7.1 Recipient rejected: client host [203.0.113.7] is blocked", "ip-blocked"),
        ("mail", 451, "4.7.1 Greylisted - too many new connections", "greylisted"),
        (
            "end-of-data",
            421,
            "4.7.28 Gmail has detected an unusual rate of mail originating from your DKIM domain. Mail sent from your "
            "domain has been temporarily rate limited.",
            "rate-limit",
        ),
        ("end-of-data", 554, "Throttling failure: Daily message quota exceeded.", "quota"),
    ],
)
def test_a_reason_decides_beside_the_refusal_that_it_explains(stage: str, code: int, text: str, cause: str) -> None:
    assert advise(stage=stage, code=code, text=text).cause == cause


def test_words_that_are_part_of_longer_ones_dispute_nothing() -> None:
    text = "Relaying disallowed as me@example.com"
    assert advise(stage="end-of-data", code=553, text=text).cause == "sender-not-allowed"


def test_a_provider_s_own_words_are_not_disputed() -> None:
    text = "Too many login attempts, please try again later."
    assert advise(stage="auth", code=454, text=text, provider="gmail").cause == "rate-limit"


def test_words_dispute_a_provider_s_code() -> None:
    known = advise(stage="auth", code=535, text="Error: authentication failed", provider="qq")
    assert known.cause == "auth-code"
    disputed = advise(stage="auth", code=535, text="Error: authentication failed. TLS is required", provider="qq")
    assert disputed.cause == "unknown"
