"""The usual message is composed in one go: what comes out is what the general way makes of it."""

from __future__ import annotations

import datetime
import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_mail import Attachment
from flask_mail import Message
from flask_mail.compose import compose
from flask_mail.compose import Options
from flask_mail.compose import usual
from flask_mail.submission import Envelope
from flask_mail.submission import Submission

from . import strategies as mine

OPTIONS = Options(default_sender="sender@example.com")


def both_ways(message: Message, options: Options = OPTIONS) -> Submission:
    """Compose *message*; ``as_bytes`` goes the general way, with the same stamp."""
    submission = compose(message, options)
    assert bytes(submission.content) == message.as_bytes()
    assert f"Message-ID: {submission.message_id}\r\n".encode() in message.as_bytes()
    return submission


@given(
    mine.header_text,
    mine.pair,
    mine.pair,
    st.none() | mine.body_text,
    st.none() | mine.body_text,
    st.sampled_from([None, "[News]", "é: "]),
    st.sampled_from([None, "id.example.com"]),
)
def test_any_usual_message(
    subject: str,
    sender: mine.Pair,
    reader: mine.Pair,
    body: str | None,
    html: str | None,
    prefix: str | None,
    domain: str | None,
) -> None:
    message = Message(subject, [reader], body, html, sender=sender)
    options = OPTIONS._replace(subject_prefix=prefix, message_id_domain=domain)
    submission = both_ways(message, options)
    assert submission.envelope.sender == sender[1]
    assert submission.envelope.recipients == (reader[1],)


def test_it_is_composed_in_one_go() -> None:
    message = Message("Hello", ["reader@example.com"], "text", "<p>text</p>")
    assert usual.pair(message, OPTIONS) is not None
    submission = both_ways(message)
    assert submission.envelope == Envelope("sender@example.com", ("reader@example.com",))
    assert submission.content.whole() is not None


@pytest.mark.parametrize(
    "rare",
    [
        {"recipients": ["a@example.com", "b@example.com"]},
        {"recipients": ("a@example.com",)},
        {"recipients": ["ü@example.com"]},
        {"sender": "ü@example.com"},
        {"cc": ["c@example.com"]},
        {"bcc": ["c@example.com"]},
        {"reply_to": "c@example.com"},
        {"attachments": [Attachment("a.txt", "text/plain", "x")]},
        {"alts": {"calendar": "BEGIN:VCALENDAR"}},
        {"alts": {"html": None}},
        {"calendar": "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"},
        {"extra_headers": {"X-A": "b"}},
        {"priority": "high"},
        {"auto_submitted": True},
        {"mail_options": ["BODY=8BITMIME"]},
        {"rcpt_options": ["NOTIFY=NEVER"]},
        {"charset": "iso-8859-1", "body": "é"},
        {"envelope_from": "bounces@example.com"},
        {"tags": ["a"]},
        {"metadata": {"a": 1}},
        {"date": 0.0},
        {"date": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)},
    ],
    ids=lambda rare: next(iter(rare)),
)
def test_what_is_rare_is_not_left_out(rare: dict[str, t.Any]) -> None:
    plain = both_ways(Message("Hello", ["reader@example.com"], "text"))
    unlike = both_ways(Message(**{"subject": "Hello", "recipients": ["reader@example.com"], "body": "text", **rare}))
    shown = [(*lines(each), each.envelope, each.tags, each.metadata) for each in (plain, unlike)]
    assert rare.keys() & {"alts", "charset"} or shown[0] != shown[1]


def lines(submission: Submission) -> list[bytes]:
    """Those that do not differ anyway."""
    return [line for line in bytes(submission.content).split(b"\r\n") if not line.startswith(b"Message-ID:")]


def test_a_message_id_of_ones_own_stays() -> None:
    message = Message("Hello", ["reader@example.com"], "text")
    message.msgId = "<own@example.com>"
    assert both_ways(message).message_id == "<own@example.com>"


@pytest.mark.parametrize(
    "options",
    [
        {"default_reply_to": "answers@example.com"},
        {"catch_all": "all@example.com"},
        {"catch_all": "all@example.com", "catch_all_allow": ["example.com"]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_settings_that_ask_for_more_are_heeded(options: dict[str, t.Any]) -> None:
    submission = both_ways(Message("Hello", ["reader@example.com"], "text"), OPTIONS._replace(**options))
    more = "answers@example.com" if "default_reply_to" in options else "X-Original-Recipients"
    assert more.encode() in bytes(submission.content) or submission.envelope.recipients == ("reader@example.com",)


def test_a_text_that_holds_the_boundary_gets_another(tmp_path: pathlib.Path) -> None:
    message = Message("Hello", ["reader@example.com"], "text", "<p>text</p>")
    octets = message.as_bytes()
    mark = octets.partition(b'boundary="=_a')[2].partition(b'"')[0].decode()
    message.body = f"quoted: --=_a{mark}"
    content = bytes(both_ways(message).content)
    assert f'boundary="=_a{mark}"'.encode() not in content


def test_a_message_of_somebody_elses_class_that_lacks_what_is_rare() -> None:
    class Small(Message):
        def __init__(self) -> None:
            super().__init__("Hello", ["reader@example.com"], "text")
            del self.metadata

    assert usual.pair(Small(), OPTIONS) is None
    assert b"Subject: Hello\r\n" in bytes(compose(Small(), OPTIONS).content)
