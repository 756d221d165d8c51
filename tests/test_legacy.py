"""What Flask-Mail hands to ``host.sendmail()``; its other functions are tested with the rest of its surface."""

from __future__ import annotations

import types
import typing as t

import pytest

from flask_mail import Message
from flask_mail.compose import compose
from flask_mail.legacy import force_text
from flask_mail.legacy import legacy_sendmail_arguments
from flask_mail.legacy import sanitize_subject


def arguments(mail: Message, envelope_from: t.Any = None, **settings: t.Any) -> t.Any:
    state = types.SimpleNamespace(**settings)
    submission = compose(mail, state, envelope_from=envelope_from)
    found = legacy_sendmail_arguments(mail, state, envelope_from)
    assert len(found[1]) == len(submission.envelope.recipients)
    for shown, address in zip(found[1], submission.envelope.recipients, strict=True):
        assert address in shown
    return found


def test_addresses_stand_as_in_a_header_in_order_and_once() -> None:
    mail = Message(
        recipients=["ÄÜÖ → ✓ <to@example.com>", "b@example.com"],
        cc=["b@example.com", ("Doe, John", "c@example.com")],
        bcc=["d@bücher.example"],
        sender=("Üser", "from@example.com"),
        mail_options=["BODY=8BITMIME"],
        rcpt_options=["NOTIFY=NEVER"],
    )
    assert arguments(mail) == (
        "=?utf-8?b?w5xzZXI=?= <from@example.com>",
        [
            "=?utf-8?b?w4TDnMOWIOKGkiDinJM=?= <to@example.com>",
            "b@example.com",
            '"Doe, John" <c@example.com>',
            "d@xn--bcher-kva.example",
        ],
        ["BODY=8BITMIME"],
        ["NOTIFY=NEVER"],
    )


@pytest.mark.parametrize(
    ("own", "given", "sender"),
    [
        (None, None, "from@example.com"),
        ("own@example.com", None, "own@example.com"),
        ("own@example.com", ("Given", "given@example.com"), "Given <given@example.com>"),
        ("<>", None, "<>"),
    ],
)
def test_the_sender_is_the_envelopes(own: t.Any, given: t.Any, sender: str) -> None:
    mail = Message(recipients=["to@example.com"], sender="from@example.com", envelope_from=own)
    assert arguments(mail, given)[0] == sender


def test_a_local_part_beyond_ascii_asks_for_smtputf8_once() -> None:
    mail = Message(recipients=["用户@example.com"], sender="from@example.com", mail_options="RET=HDRS")
    assert arguments(mail)[2] == ["RET=HDRS", "SMTPUTF8"]
    assert mail.mail_options == ["RET=HDRS"]
    mail.mail_options = ["SMTPUTF8"]
    assert arguments(mail)[2] == ["SMTPUTF8"]


def test_the_settings_are_heeded() -> None:
    mail = Message(recipients=["to@example.com"])
    found = arguments(mail, default_sender="default@example.com", catch_all="all@example.com", catch_all_allow=())
    assert found[:2] == ("default@example.com", ["all@example.com"])


def test_force_text_of_an_error_with_octets_in_it() -> None:
    class Stubborn(Exception):
        def __str__(self) -> str:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no")

    assert force_text(Stubborn("a", "b")) == "a b"


def test_long_subjects_are_folded_like_flask_mails() -> None:
    lines = sanitize_subject("名" * 60).split("\n ")
    assert len(lines) > 1
    assert max(map(len, lines)) <= 75
