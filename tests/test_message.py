"""Message, without an application and with one; what Flask-Mail's users see of it is tested in ``compat``."""

from __future__ import annotations

import collections.abc as c
import copy
import io
import json
import pathlib
import pickle
import socket
import time
import typing as t
from email.headerregistry import Address

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from flask_mail import Attachment
from flask_mail import Mail
from flask_mail import Message
from flask_mail.address import Mailbox
from flask_mail.compose import compose
from flask_mail.errors import BadHeaderError
from flask_mail.errors import ContentError
from flask_mail.message import Calendar

from .properties import reading
from .properties import strategies as mine
from .test_address import Lazy


def full() -> Message:
    """A message with everything in it."""
    message = Message(
        "Größe",
        ["a@example.com", ("Doe, John", "b@example.com"), Address("C", "c", "example.com")],
        "Text",
        '<img src="cid:logo">',
        {"x-amp-html": "<html amp4email>", "application/json": b"{}"},
        ("张伟", "sender@example.com"),
        "cc@example.com",
        ["bcc@example.com"],
        [Attachment("a.txt", "text/plain", "é", headers={"X-A": "1"})],
        ["r1@example.com", ("R", "r2@example.com")],
        charset="utf-8",
        extra_headers={"X-B": "2"},
        mail_options=["RET=HDRS"],
        rcpt_options=["NOTIFY=NEVER"],
        envelope_from=("Bounces", "bounces@example.com"),
        calendar=Calendar("BEGIN:VCALENDAR", "REQUEST", attach=True),
        priority="high",
        auto_submitted=True,
        tags=["a"],
        metadata={"b": [1]},
    )
    message.attach("logo.png", "image/png", b"\x89PNG", "inline", content_id="logo")
    message.attach("b.bin", None, io.BytesIO(b"stream"))
    message.list_unsubscribe("https://example.com/u", "u@example.com")
    return message


COPIES: dict[str, c.Callable[[Message], Message]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda message: t.cast("Message", pickle.loads(pickle.dumps(message))),
    "snapshot": Message.snapshot,
    "JSON": lambda message: Message.from_dict(json.loads(json.dumps(message.to_dict()))),
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("when", ["new", "shown", "sent"])
def test_copies_have_the_same_octets(name: str, when: str) -> None:
    message = full()
    message.date = 0.0 if when == "new" else None
    if when == "new":
        message.to_dict()  # gives it its stamp
    if when == "shown":
        message.as_bytes()
    if when == "sent":
        compose(message, None)
    other = COPIES[name](message)
    assert other.as_bytes() == message.as_bytes()
    assert other.msgId == message.msgId
    assert compose(other, None).envelope == compose(message, None).envelope


@pytest.mark.parametrize("name", COPIES)
def test_copies_are_independent(name: str) -> None:
    message = full()
    message.date = 0.0
    other = COPIES[name](message)
    octets = other.as_bytes()
    message.recipients.append("late@example.com")
    message.alts["late"] = "x"
    message.attachments[0].data = "changed"
    message.attachments[0].headers["X-A"] = "changed"
    message.attachments.pop()
    message.metadata["b"].append(2)
    message.extra_headers["X-Late"] = "x"
    message.subject = "changed"
    compose(message, None)
    assert other.as_bytes() == octets
    assert other.metadata == {"b": [1]}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_a_message_that_was_never_shown_is_another_message(name: str) -> None:
    """With Flask-Mail 0.10.0 all copies of a message have its id, and servers drop all but the first."""
    message = Message("x", ["a@example.com"], sender="s@example.com")
    if name != "JSON":  # which keeps the id, because a worker goes on with it
        assert COPIES[name](message).msgId != COPIES[name](message).msgId


def test_a_copy_of_a_sent_message_is_sent_as_another_one() -> None:
    message = full()
    first = compose(message, None)
    for make in COPIES.values():
        assert compose(make(message), None).message_id != first.message_id


def test_lazy_strings_are_resolved_in_copies_and_everywhere_else() -> None:
    message = Message(
        t.cast("str", Lazy("sübject")), ["a@example.com"], t.cast("str", Lazy("body")), t.cast("str", Lazy("<p>html"))
    )
    message.sender = (Lazy("Me"), "me@example.com")
    message.attach("a.txt", "text/plain", Lazy("data"))
    octets = message.as_bytes()
    assert b"=?utf-8?q?s=C3=BCbject?=" in octets
    other = message.snapshot()
    assert other.as_bytes() == octets
    assert [type(value) for value in (other.subject, other.body, other.html, other.attachments[0].data)] == [str] * 4


def test_subclasses_with_attributes_of_their_own_are_copied_too() -> None:
    class Welcome(Message):
        def __init__(self, user: list[str]) -> None:
            super().__init__("Welcome", user)
            self.user = user

    assert copy.copy(Welcome(["a@example.com"])).user == ["a@example.com"]
    assert isinstance(Welcome(["a@example.com"]).snapshot(), Welcome)


@pytest.mark.parametrize(
    "values",
    [
        {"nonsense": 1},
        {"recipients": 5},
        {"attachments": [{"filename": "a"}]},
        {"attachments": [{**full().to_dict()["attachments"][0], "data": {"base64": "!"}}]},
        {"stamp": {}},
        {"stamp": {**full().to_dict()["stamp"], "boundary": 'x"\r\nBcc: evil@example.net'}},
        {"stamp": {**full().to_dict()["stamp"], "message_id": "<x@y>\r\nBcc: evil@example.net"}},
        {"alts": ["x"]},
    ],
)
def test_values_that_describe_no_message_are_refused(values: dict[str, t.Any]) -> None:
    with pytest.raises(ContentError, match="^from_dict: "):
        Message.from_dict(values)


def test_an_id_of_ones_own_and_any_kind_of_address_survive_json() -> None:
    message = Message(recipients=[Mailbox("Me", "me@example.com")], sender=Address("Me", "me", "example.com"))
    message.msgId = "<own@example.com>"
    other = Message.from_dict(json.loads(json.dumps(message.to_dict())))
    assert other.msgId == "<own@example.com>"
    assert other.recipients == [("Me", "me@example.com")]
    assert other.sender == "Me <me@example.com>"


def test_a_dictionary_written_by_hand_will_do() -> None:
    message = Message.from_dict({"subject": "x", "recipients": ["a@example.com"], "body": "y"})
    assert (message.subject, message.recipients, message.body) == ("x", ["a@example.com"], "y")


def test_a_path_is_read_for_json(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"octets")
    values = Message("x", attachments=[Attachment(data=path)]).to_dict()
    path.unlink()
    [attachment] = Message.from_dict(values).attachments
    assert (attachment.filename, attachment.data) == ("a.bin", b"octets")


@given(
    st.builds(
        Message,
        mine.header_text,
        st.lists(mine.pair, max_size=3),
        st.none() | mine.body_text,
        st.none() | mine.body_text,
        sender=mine.pair,
        cc=st.lists(mine.address, max_size=2),
        reply_to=st.lists(mine.address, max_size=2),
        attachments=st.lists(mine.attachment.map(lambda values: Attachment(**values)), max_size=2),
        date=st.floats(0, 2_000_000_000),
    )
)
def test_any_message_survives_json(message: Message) -> None:
    values = json.loads(json.dumps(message.to_dict()))
    assert Message.from_dict(values).as_bytes() == message.as_bytes()


# --- reading and writing


def test_a_sender_given_as_a_pair_reads_as_text_and_stays_a_pair() -> None:
    """Flask-Mail 0.10.0 sends mail for ``Doe, John`` from ``Doe``, and for ``foo@bar.com`` from there."""
    for name in ("Me", "Doe, John", "foo@bar.com", "<evil@example.net>"):
        message = Message(sender=(name, "me@example.com"))
        assert message.sender == f"{name} <me@example.com>"
        assert type(message.sender) is str
        found = reading.fields(message.as_bytes())
        assert reading.mailboxes(found, "From") == [(name, "me@example.com")]
    assert Message(sender=("", "me@example.com")).sender == "me@example.com"
    assert Message(sender=Address("Me", "me", "example.com")).sender == "Me <me@example.com>"


def test_a_sender_that_is_set_later_counts() -> None:
    message = Message(sender=("Doe, John", "me@example.com"))
    message.sender = "other@example.com"
    assert reading.fields(message.as_bytes()).one("From") == "other@example.com"
    message.sender = ("A, B", "pair@example.com")
    assert message.sender == ("A, B", "pair@example.com")
    assert reading.fields(message.as_bytes()).one("From") == '"A, B" <pair@example.com>'


@pytest.mark.parametrize(
    ("recipients", "listed"),
    [
        (None, []),
        ("a@example.com", ["a@example.com"]),
        (("Me", "a@example.com"), [("Me", "a@example.com")]),
        (("a@example.com", "b@example.com"), ["a@example.com", "b@example.com"]),
        (iter(["a@example.com"]), ["a@example.com"]),
        ({"a@example.com": 1}.keys(), ["a@example.com"]),
    ],
)
def test_recipients_become_a_list_that_can_grow(recipients: t.Any, listed: list[t.Any]) -> None:
    message = Message(recipients=recipients)
    assert message.recipients == listed
    message.add_recipient("late@example.com")
    assert message.recipients[-1] == "late@example.com"


def test_a_list_of_recipients_is_not_copied() -> None:
    mine = ["a@example.com"]
    assert Message(recipients=mine).recipients is mine


def test_send_to_is_a_set_in_order() -> None:
    """With Flask-Mail 0.10.0 recipients come in another order at each start."""
    message = Message(recipients=[f"{number}@example.com" for number in range(50)], bcc=["b@example.com"])
    message.cc = ["0@example.com", ["Me", "c@example.com"]]
    assert list(message.send_to) == [*message.recipients, "b@example.com", ("Me", "c@example.com")]
    assert message.send_to == set(message.recipients) | {"b@example.com", ("Me", "c@example.com")}
    assert isinstance(message.send_to, set)
    assert "0@example.com" in message.send_to
    assert len(message.send_to) == 52
    assert repr(Message(recipients=["a@x.com"]).send_to) == "{'a@x.com'}"


def test_html_is_a_view_on_the_alternatives() -> None:
    message = Message(alts={"html": "<p>a"})
    assert message.html == "<p>a"
    message.html = "<p>b"
    assert message.alts == {"html": "<p>b"}
    message.html = None
    assert message.alts == {}


def test_string_and_bytes_are_the_same_message() -> None:
    message = full()
    assert message.as_string() == str(message) == message.as_bytes().decode()
    assert bytes(message) == message.as_bytes()
    assert repr(message) == "<Message 'Größe' to 5>"


def test_embedding_a_picture() -> None:
    """With Flask-Mail 0.10.0 pictures are attachments of their own, and Thunderbird does not show them."""
    message = Message("x", ["a@example.com"], sender="s@example.com")
    cid = message.embed(b"\x89PNG\r\n\x1a\nrest")
    other = message.embed(b"data", "photo.jpg")
    message.html = f'<img src="cid:{cid}"><img src="cid:{other}">'
    parts = reading.leaves(reading.standard(message.as_bytes()))
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html", "image/png", "image/jpeg"]
    assert [part["Content-ID"] for part in parts[2:]] == [f"<{cid}>", f"<{other}>"]
    assert [part.get_content_disposition() for part in parts[2:]] == ["inline", "inline"]
    assert cid != other


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"<svg xmlns=", "image/svg+xml"),
        (b"who knows", "application/octet-stream"),
    ],
)
def test_pictures_are_known_by_their_first_octets(start: bytes, kind: str) -> None:
    message = Message()
    message.embed(start)
    assert message.attachments[0].content_type == kind


def test_alternatives_with_parameters() -> None:
    message = Message("x", body="x")
    message.add_alternative("BEGIN:VCALENDAR", "text/calendar", method="REQUEST")
    message.add_alternative(b"\0\1", "application/x-binary", note='a "b" \\ c; d=e')
    _, calendar, binary = reading.leaves(reading.standard(message.as_bytes()))
    assert (calendar.get_content_type(), calendar["Content-Type"].params["method"]) == ("text/calendar", "REQUEST")
    assert reading.content(binary) == b"\0\1"
    assert dict(binary["Content-Type"].params) == {"note": 'a "b" \\ c; d=e'}


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        (
            {"url": "https://example.com/u"},
            {"List-Unsubscribe": "<https://example.com/u>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        ),
        (
            {"url": "https://example.com/u", "mailto": "u@example.com"},
            {
                "List-Unsubscribe": "<https://example.com/u>, <mailto:u@example.com>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        ),
        ({"mailto": "mailto:u@example.com?subject=u"}, {"List-Unsubscribe": "<mailto:u@example.com?subject=u>"}),
        ({"url": "http://example.com/u", "one_click": False}, {"List-Unsubscribe": "<http://example.com/u>"}),
    ],
)
def test_unsubscribing(arguments: dict[str, t.Any], headers: dict[str, str]) -> None:
    message = Message("x", extra_headers={"X-A": "1"})
    message.list_unsubscribe("https://old.example.com")
    message.list_unsubscribe(**arguments)
    assert message.extra_headers == {"X-A": "1", **headers}
    found = reading.fields(message.as_bytes())
    assert {name: found.one(name) for name in headers} == headers


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"url": "http://example.com"},
        {"url": "https://example.com/>"},
        {"url": "https://example.com/é"},
        {"mailto": "a\r\nb"},
    ],
)
def test_unsubscribing_that_would_not_work_is_refused(arguments: dict[str, t.Any]) -> None:
    with pytest.raises(BadHeaderError) as caught:
        Message("x").list_unsubscribe(**arguments)
    assert caught.value.field == "list_unsubscribe"


def test_sending_through_a_connection_gives_its_receipt() -> None:
    class Connection:
        def send(self, message: Message) -> t.Any:
            return f"receipt for {message.subject}"

    assert t.cast("str", Message("x").send(Connection())) == "receipt for x"


# --- where it stands


def test_no_context_is_needed() -> None:
    message = Message("x", ["a@example.com"], "x")
    assert message.sender is None
    assert "From" not in reading.fields(message.as_bytes()).names
    assert message.msgId.endswith("@localhost>")
    assert compose(message, Settings(default_sender="me@example.com")).message_id.endswith("@example.com>")


class Settings:
    def __init__(self, **values: t.Any) -> None:
        self.__dict__.update(values)


def test_a_context_without_mail_is_as_good_as_none() -> None:
    with Flask("bare").app_context():
        assert Message("x").sender is None


def test_the_default_sender_is_the_applications() -> None:
    app = Flask("app")
    app.config["MAIL_DEFAULT_SENDER"] = ("Doe, John", "d@example.com")
    Mail(app)
    with app.app_context():
        message = Message("x", ["a@example.com"])
        assert message.sender == "Doe, John <d@example.com>"
        assert reading.mailboxes(reading.fields(message.as_bytes()), "From") == [("Doe, John", "d@example.com")]


def test_making_a_message_asks_neither_names_nor_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flask-Mail 0.10.0 looks up the host's name: ten seconds for each message where DNS is silent."""
    for name in ("getfqdn", "gethostname", "gethostbyaddr", "getaddrinfo"):
        monkeypatch.delattr(socket, name)
    monkeypatch.delattr("builtins.open")
    message = Message("x", ["a@example.com"], "x", "<p>x", sender="s@example.com")
    assert message.msgId
    assert message.as_bytes()


def test_making_many_messages_takes_no_time() -> None:
    began = time.process_time()
    for _ in range(1_000):
        Message("x", ["a@example.com"], "x", "<p>x", sender="s@example.com").as_bytes()
    assert time.process_time() - began < 0.5
