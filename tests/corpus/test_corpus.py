"""The readers agree on the corpus."""

from __future__ import annotations

import base64
import typing as t

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from ..properties import reading
from . import messages

TREES: dict[str, t.Any] = {
    "plain": "text/plain",
    "html": ["multipart/alternative", "text/plain", "text/html"],
    "inline_image": [
        "multipart/mixed",
        ["multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/png"]],
        "text/plain",
    ],
    "invitation": [
        "multipart/mixed",
        ["multipart/alternative", "text/plain", "text/html", "text/calendar"],
        "application/ics",
    ],
    "chinese": ["multipart/mixed", "text/plain", "text/csv"],
    "fifty_recipients": "text/plain",
    "signed": ["multipart/alternative", "text/plain", "text/html"],
}


def tree(part: t.Any) -> t.Any:
    kind = part.get_content_type()
    return [kind, *map(tree, part.get_payload())] if part.is_multipart() else kind


@pytest.fixture(params=messages.MESSAGES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def stored(name: str) -> bytes:
    return messages.path(name).read_bytes()


def test_messages_are_composed_as_they_were(name: str) -> None:
    assert bytes(messages.composed(name)[1].content) == stored(name)


def test_both_parsers_see_the_same_tree_and_nothing_amiss(name: str) -> None:
    octets = stored(name)
    reading.assert_wire(octets)
    for message in (reading.standard(octets), reading.old(octets)):
        assert tree(message) == TREES[name]
        assert not [defect for part in message.walk() for defect in part.defects]
    standard = reading.standard(octets)
    assert not [defect for header in standard.values() for defect in t.cast("t.Any", header).defects]


def test_headers_read_as_they_were_written(name: str) -> None:
    message, submission = messages.composed(name)
    found = reading.fields(stored(name))
    assert found.text("Subject") == reading.standard(stored(name))["Subject"] == message.subject
    assert found.one("Date") == messages.DATE
    assert found.one("Message-ID") == submission.message_id
    shown = [*reading.mailboxes(found, "To"), *reading.mailboxes(found, "Cc")]
    assert tuple(address for _, address in shown) == submission.envelope.recipients[: len(shown)]
    assert [each for each, _ in shown if each] == [each[0] for each in message.recipients]


def test_the_picture_is_where_the_html_looks_for_it() -> None:
    parts = reading.leaves(reading.standard(stored("inline_image")))
    assert "cid:pixel@example.com" in reading.text(parts[1])
    assert parts[2]["Content-ID"] == "<pixel@example.com>"
    assert reading.content(parts[2]) == messages.PIXEL
    assert (parts[3].get_filename(), reading.text(parts[3])) == ("notes.txt", "Notes on the picture: schön.\n")


def test_the_invitation_is_one_for_programs_and_for_people() -> None:
    _, _, calendar, file = reading.leaves(reading.standard(stored("invitation")))
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    assert reading.text(calendar) == messages.INVITATION.replace("\r\n", "\n")
    assert file.get_filename() == "invite.ics"
    assert reading.content(file).decode() == messages.INVITATION


def test_chinese_everywhere() -> None:
    octets = stored("chinese")
    text, file = reading.leaves(reading.standard(octets))
    assert reading.text(text) == messages.CHINESE
    assert file.get_filename() == "二〇二六年十一月订单明细表（最终版）.csv"
    assert reading.text(file) == "编号,名称\n1,书\n"
    assert octets.count(b'name="=?utf-8?b?') == 1
    assert messages.composed("chinese")[1].envelope.recipients[0] == "zhangsan@xn--fsqu00a.xn--55qx5d"


def test_fifty_recipients_of_whom_five_are_blind() -> None:
    octets = stored("fifty_recipients")
    assert len(messages.composed("fifty_recipients")[1].envelope.recipients) == 50
    assert b"blind" not in octets
    assert max(map(len, octets.split(b"\r\n"))) <= 78


def test_the_signature_verifies() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(messages.DKIM_SEED))
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    record = b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public)
    octets = stored("signed")
    assert dkim.verify(octets, dnsfunc=lambda name, timeout=5: record)
    assert not dkim.verify(octets.replace(b"Signed.", b"Forged."), dnsfunc=lambda name, timeout=5: record)
    assert b"list-unsubscribe-post" in octets.partition(b"\r\nFrom:")[0]
