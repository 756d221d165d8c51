"""Message, without an application and with one; what Flask-Mail's users see of it is tested in ``compat``."""

from __future__ import annotations

import collections.abc as c
import contextlib
import copy
import datetime
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
from werkzeug.datastructures import FileStorage

from flask_mail import Attachment
from flask_mail import Mail
from flask_mail import Message
from flask_mail.address import Mailbox
from flask_mail.compose import compose
from flask_mail.compose import preview
from flask_mail.compose import Stamp
from flask_mail.errors import AddressError
from flask_mail.errors import BadHeaderError
from flask_mail.errors import ContentError
from flask_mail.errors import MessageError
from flask_mail.message import Calendar

from .mime.test_dkim import ED25519
from .mime.test_dkim import pem
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


KEEPING = ["pickle", "snapshot", "JSON"]  # the id, that is: it stays the same message


@pytest.mark.parametrize("name", KEEPING)
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


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("when", [lambda message: message.msgId, Message.as_bytes, lambda m: compose(m, None)])
def test_a_template_that_is_copied_repeats_no_id(
    make: c.Callable[[Message], Message], when: c.Callable[[Message], object]
) -> None:
    template = Message("x", ["a@example.com"], "x", "<p>x", sender="s@example.com")
    when(template)
    first, second = make(template), make(template)
    assert len({template.msgId, first.msgId, second.msgId}) == 3
    assert (first.date, first.stamp and first.stamp.date) == (None, None)
    assert compose(first, None).message_id == first.msgId
    marks = [each.stamp.boundary for each in (template, first, second) if each.stamp]
    assert len(set(marks)) == 3


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_a_copy_keeps_the_id_and_the_date_that_were_set(make: c.Callable[[Message], Message]) -> None:
    template = Message("x", ["a@example.com"], sender="s@example.com", date=1.0)
    template.msgId = "<own@example.com>"
    compose(template, None)
    other = make(template)
    assert (other.msgId, other.date) == ("<own@example.com>", 1.0)
    assert other.as_bytes() == template.as_bytes()


def test_a_deep_copy_is_deep_and_knows_itself() -> None:
    message = Message("x", ["a@example.com"])
    vars(message)["own"] = [[message, message.recipients]]
    other = copy.deepcopy(message)
    assert vars(other)["own"][0][0] is other
    vars(other)["own"][0][1].append("b@example.com")
    assert message.recipients == ["a@example.com"]


def test_a_copy_has_an_invitation_of_its_own() -> None:
    message = Message("x", calendar="BEGIN:VCALENDAR")
    other = message.snapshot()
    assert message.calendar is not None
    message.calendar.method = "CANCEL"
    assert other.calendar == Calendar("BEGIN:VCALENDAR", "PUBLISH")


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


def _upload() -> t.Any:
    return FileStorage(io.BytesIO(UTF8), filename="a.txt", content_type="text/plain")


SHIFT_JIS = "text/plain; charset=shift_jis"
UTF8 = "größe\n".encode()
KINDS: dict[str, c.Callable[[pathlib.Path, contextlib.ExitStack], Attachment]] = {
    "path": lambda path, files: Attachment(data=path),
    "file": lambda path, files: Attachment("a.txt", "text/plain", files.enter_context(path.open("rb"))),
    "file of text": lambda path, files: Attachment(
        "a.txt", "text/plain", files.enter_context(path.open(encoding="utf-8"))
    ),
    "BytesIO": lambda path, files: Attachment("a.txt", "text/plain", io.BytesIO(UTF8)),
    "StringIO": lambda path, files: Attachment("a.txt", "text/plain", io.StringIO("größe\n")),
    "StringIO in shift_jis": lambda path, files: Attachment("a.txt", SHIFT_JIS, io.StringIO("日本\n")),
    "text in shift_jis": lambda path, files: Attachment("a.txt", "text/plain; charset=shift_jis", "日本\n"),
    "memoryview": lambda path, files: Attachment("a.txt", "text/plain", memoryview(UTF8)),
    "bytearray": lambda path, files: Attachment("a.txt", "text/plain", bytearray(UTF8)),
    "ASCII": lambda path, files: Attachment("a.txt", "text/plain", io.BytesIO(b"ASCII")),
    "Latin-1": lambda path, files: Attachment("a.txt", "text/plain", io.BytesIO(b"gr\xf6\xdfe")),
    "upload": lambda path, files: Attachment(data=_upload()),
    "pipe": lambda path, files: Attachment("a.txt", "text/plain", Once(UTF8)),
}


class Once:
    """A file that can be read only once."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> bytes:
        data, self._data = self._data, b""
        return data


@pytest.mark.parametrize("name", KEEPING)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_attachments_of_every_kind_are_copied_with_their_octets(
    name: str, kind: str, before: bool, signed: bool, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(UTF8)
    files = contextlib.ExitStack()
    attachment = KINDS[kind](path, files)
    message = Message("x", ["a@example.com"], "x", sender="s@example.com", attachments=[attachment], date=1.0)
    values = {"dkim_domain": "example.com", "dkim_selector": "s", "dkim_key": pem(ED25519)} if signed else {}
    message.stamp = Stamp()
    message.stamp.signed = 1
    with files:
        octets = preview(message, Settings(**values)) if before else None
        other = COPIES[name](message)
        assert preview(other, Settings(**values)) == preview(message, Settings(**values))
        assert octets in (None, preview(message, Settings(**values)))


def test_everything_that_composes_survives_json() -> None:
    message = Message(
        t.cast("str", "Größe".encode()),
        [(Lazy("Me"), "a@example.com"), t.cast("str", Lazy("b@example.com"))],  # type: ignore[list-item]
        t.cast("str", b"bytes"),
        t.cast("str", Lazy("<p>é")),
        {"json": t.cast("str", b"{}")},
        sender=t.cast("str", Lazy("s@example.com")),
        reply_to=[t.cast("str", b"r@example.com")],
        date=datetime.datetime(2026, 11, 21, 3, 0, tzinfo=datetime.UTC),  # type: ignore[arg-type]
        extra_headers=[("X-A", "1"), ("X-A", b"\xc3\xa9"), ("X-B", None), ("X-C", Lazy("c")), ("X-D", 5)],  # type: ignore[arg-type]
        calendar=t.cast("str", Lazy("BEGIN:VCALENDAR")),
        tags=[t.cast("str", Lazy("tag"))],
        metadata={"a": (1, Lazy("b"))},
    )
    message.msgId = t.cast("str", Lazy("<own@example.com>"))
    message.attach(Lazy("a.txt"), Lazy("text/plain"), Lazy("é"), headers={"X-A": b"1"})  # type: ignore[arg-type, dict-item]
    message.attach(t.cast("str", "ö.bin".encode()), None, b"x", t.cast("str", b"inline"))
    values = json.loads(json.dumps(message.to_dict()))
    for other in (Message.from_dict(values), pickle.loads(pickle.dumps(message))):
        assert other.as_bytes() == message.as_bytes()
        assert other.msgId == "<own@example.com>"
        assert other.to_dict() == message.to_dict()
    assert values["extra_headers"] == [["X-A", "1"], ["X-A", "é"], ["X-C", "c"], ["X-D", "5"]]
    assert Message.from_dict(Message("x", extra_headers={"X-A": "1"}).to_dict()).extra_headers == {"X-A": "1"}
    with_none: t.Any = {"X-A": None}
    assert "extra_headers" not in Message("x", extra_headers=with_none).to_dict()


@pytest.mark.parametrize(
    "fields", [{"subject": b"\xff"}, {"metadata": {"a": object()}}, {"attachments": ["x"]}, {"extra_headers": "ab"}]
)
def test_what_cannot_be_sent_is_no_json_either(fields: dict[str, t.Any]) -> None:
    with pytest.raises(MessageError) as caught:
        Message(**fields).to_dict()
    assert (caught.value.field or "").startswith(next(iter(fields)))


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
        attachments=st.lists(
            mine.attachment.map(lambda values: Attachment(**values)),
            max_size=2,
            unique_by=lambda each: each.content_id or id(each),
        ),
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


# --- what is refused by name, and what is not taken for something else


@pytest.mark.parametrize("calendar", [b"BEGIN:VCALENDAR", 5, ["BEGIN:VCALENDAR"]])
def test_an_invitation_that_is_no_text(calendar: t.Any) -> None:
    message = Message("x")
    for attempt in (
        lambda: Message("x", calendar=calendar),
        lambda: Calendar(calendar),
        lambda: setattr(message, "calendar", calendar),
    ):
        with pytest.raises(ContentError, match="^calendar must be iCalendar text") as caught:
            attempt()
        assert caught.value.field == "calendar"


def test_an_invitation_may_be_lazy_or_lack_what_has_a_default() -> None:
    lazy = Message("x", calendar=t.cast("str", Lazy("METHOD:cancel"))).calendar
    assert lazy == Calendar("METHOD:cancel", "CANCEL")
    bare = Calendar("B", t.cast("str", None), True, t.cast("str", None))
    assert (bare.method, bare.filename) == ("PUBLISH", "invite.ics")
    message = Message("x", calendar=bare)
    octets = message.as_bytes()
    bare.filename, bare.method = "", ""
    assert message.as_bytes() == octets


def test_parameters_of_an_alternative_that_are_no_text() -> None:
    message = Message("x")
    message.add_alternative("x", "text/calendar", method=t.cast("str", 1), component=t.cast("str", Lazy("VEVENT")))
    assert list(message.alts) == ['text/calendar; method="1"; component="VEVENT"']


@pytest.mark.parametrize("attachments", [["x"], [5], "x", [{"data": b"x"}]])
def test_attachments_that_are_none(attachments: t.Any) -> None:
    message = Message("x", attachments=attachments)
    with pytest.raises(ContentError, match="is not an Attachment") as caught:
        message.as_bytes()
    assert caught.value.field == "attachments[0]"


@pytest.mark.parametrize("data", [5, 1.5, ["x"], {"a": 1}, object()])
def test_data_that_cannot_be_sent(data: t.Any) -> None:
    with pytest.raises(ContentError, match="data must be octets, text, a path or an open file") as caught:
        Attachment("a", "a/b", data)
    assert caught.value.field == "attachments"
    message = Message("x", attachments=[Attachment("a", "a/b", b"x")])
    message.attachments[0].data = data
    with pytest.raises(ContentError) as caught:
        message.as_bytes()
    assert caught.value.field == "attachments[0].data"


@pytest.mark.parametrize("html", [None, '<img src="cid:a">'])
def test_a_content_id_is_one_attachments(html: str | None) -> None:
    message = Message("x", html=html)
    message.attach("a.png", None, b"a", content_id="a")
    message.attach("b.png", None, b"b", headers={"Content-ID": "<a>"})
    with pytest.raises(ContentError, match=r"^attachments\[1\]\.content_id: another one has 'a'"):
        message.as_bytes()


def test_labels_and_options_are_no_addresses() -> None:
    message = Message(
        "x",
        ["a@example.com"],
        sender="s@example.com",
        tags=("customer", "bob@example.com"),
        mail_options=("BODY=8BITMIME", "AUTH=bob@example.com"),
        rcpt_options="NOTIFY=NEVER",
    )
    submission = compose(message, None)
    assert submission.tags == ("customer", "bob@example.com")
    assert submission.envelope.mail_options == ("BODY=8BITMIME", "AUTH=bob@example.com")
    assert submission.envelope.rcpt_options == ("NOTIFY=NEVER",)
    assert Message("x", tags="a").tags == ["a"]
    one, other = Attachment("a", "a/b", b"a"), Attachment("b", "a/b", b"b")
    assert Message("x", attachments=(one, other)).attachments == [one, other]


@pytest.mark.parametrize("field", ["recipients", "cc", "bcc"])
def test_bytes_are_no_addresses(field: str) -> None:
    with pytest.raises(AddressError, match=f"^{field}: .*not bytes") as caught:
        Message("x", **{field: b"a@example.com"})  # type: ignore[arg-type]
    assert caught.value.field == field


ONCE: dict[str, list[t.Any]] = {
    "recipients": ["a@example.com", "b@example.com"],
    "cc": ["a@example.com", "b@example.com"],
    "bcc": ["a@example.com", "b@example.com"],
    "reply_to": ["a@example.com", "b@example.com"],
    "extra_headers": [("X-A", "1"), ("X-A", "2")],
    "mail_options": ["RET=HDRS"],
    "rcpt_options": ["NOTIFY=NEVER"],
    "tags": ["a", "b"],
    "attachments": [Attachment("a.txt", "text/plain", "x")],
}


@pytest.mark.parametrize("field", ONCE)
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    "look", [repr, Message.to_dict, Message.has_bad_headers, lambda m: m.send_to, copy.deepcopy, Message.as_bytes]
)
def test_looking_at_a_message_uses_up_no_iterator(field: str, later: bool, look: c.Callable[[Message], object]) -> None:
    fields: dict[str, t.Any] = {"recipients": ["to@example.com"]}
    if not later:
        fields[field] = (each for each in ONCE[field])
    message = Message("x", sender="s@example.com", **fields)
    if later:
        setattr(message, field, (each for each in ONCE[field]))
    look(message)
    compose(message, None)
    assert list(getattr(message, field)) == ONCE[field]


def test_unsubscribing_keeps_headers_that_come_twice() -> None:
    message = Message("x", extra_headers=[("X-A", "1"), ("list-unsubscribe", "<mailto:old@x.com>"), ("X-A", "2")])  # type: ignore[arg-type]
    message.list_unsubscribe(mailto="u@example.com")
    assert message.extra_headers == [("X-A", "1"), ("X-A", "2"), ("List-Unsubscribe", "<mailto:u@example.com>")]


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
