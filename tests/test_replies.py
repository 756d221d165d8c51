"""Octets from a server into replies, whoever takes them."""

from __future__ import annotations

import smtplib

import pytest

from flask_mail.transports.masks import pattern
from flask_mail.transports.replies import ReplyReader

LONG = b"250 " + b"x" * 100


def read(*pieces: bytes, secret: str | None = None) -> tuple[list[str], list[str]]:
    """What could be taken without :meth:`ReplyReader.take`, and what only by it."""
    reader = ReplyReader()
    reader.hidden = pattern([secret]) if secret else None
    for piece in pieces:
        reader.feed(piece)
    arrived = [str(reply) for reply in reader.arrived]
    taken: list[str] = []
    while (reply := reader.take()) is not None:
        taken.append(str(reply))
    assert not reader.unread
    assert taken[: len(arrived)] == arrived, "take() gives all of them, in order"
    return arrived, taken[len(arrived) :]


def test_short_replies_arrive_at_once() -> None:
    assert read(b"250 2.1.0 Ok\r\n250 2.1.5 O", b"k\r\n354 go\r\n") == (["250 2.1.0 Ok", "250 2.1.5 Ok", "354 go"], [])


@pytest.mark.parametrize(
    ("careful", "taken"),
    [(b"421 bye", ["421 bye"]), (b"250-a\r\n250 b", ["250 a\nb"]), (LONG, [LONG.decode()])],
    ids=["421", "several lines", "long"],
)
def test_what_asks_for_care_and_what_follows_it_has_to_be_taken(careful: bytes, taken: list[str]) -> None:
    assert read(b"250 one\r\n" + careful + b"\r\n250 two\r\n", b"250 three\r\n") == (
        ["250 one"],
        [*taken, "250 two", "250 three"],
    )


def test_what_a_server_offers_is_read_the_same_each_time() -> None:
    offer = b"250-server.example\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"
    for _ in range(2):
        assert read(offer) == (["250 server.example\nPIPELINING\nSIZE 1000"], [])
        assert read(offer + b"220 more\r\n") == ([], ["250 server.example\nPIPELINING\nSIZE 1000", "220 more"])
        assert read(offer[:-4], b"00\r\n") == ([], ["250 server.example\nPIPELINING\nSIZE 1000"])
        assert read(b"421-busy\r\n421 bye\r\n") == ([], ["421 busy\nbye"])


def test_a_secret_in_a_reply_of_several_lines_is_masked() -> None:
    _, (reply,) = read(b"250-hunter2\r\n250 hunter2\r\n", secret="hunter2")
    assert "hunter2" not in reply


def test_a_line_amid_a_reply_of_several_is_not_one_by_itself() -> None:
    reader = ReplyReader()
    reader.feed(b"250-a\r\n")
    assert reader.take() is None
    reader.feed(b"250 b\r\n250 c\r\n")
    assert not reader.arrived
    assert [str(reader.take()), str(reader.take())] == ["250 a\nb", "250 c"]


def test_what_came_before_something_that_is_no_reply_counts() -> None:
    reader = ReplyReader()
    reader.feed(b"250 one\r\nHTTP/1.1 400\r\n")
    assert str(reader.take()) == "250 one"
    with pytest.raises(smtplib.SMTPResponseException, match="not SMTP"):
        reader.take()


def test_secrets_are_masked_either_way() -> None:
    arrived, taken = read(b"250 hunter2\r\n421 hunter2\r\n", secret="hunter2")
    assert "hunter2" not in f"{arrived}{taken}"
    assert len(arrived) == len(taken) == 1
