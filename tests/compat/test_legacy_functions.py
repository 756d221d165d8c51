"""The functions that Flask-Mail exports beside its classes."""

from __future__ import annotations

import email.header
import email.utils
import importlib.metadata

import pytest

import flask_mail
from flask_mail import FlaskMailUnicodeDecodeError
from flask_mail import force_text
from flask_mail import sanitize_address
from flask_mail import sanitize_addresses
from flask_mail import sanitize_subject


def read(text: str) -> str:
    """*text* with its encoded words decoded (RFC 2047)."""
    return str(email.header.make_header(email.header.decode_header(text)))


@pytest.mark.parametrize(
    ("address", "name", "mailbox"),
    [
        ("joe@example.com", "", "joe@example.com"),
        ("Joe <joe@example.com>", "Joe", "joe@example.com"),
        (("Joe Doe", "joe@example.com"), "Joe Doe", "joe@example.com"),
        (("", "joe@example.com"), "", "joe@example.com"),
        ("ÄÜÖ → ✓ <from@example.com>", "ÄÜÖ → ✓", "from@example.com"),
        ("Ä <x@example.com>>", "Ä", "x@example.com"),
        (("张伟", "wei@example.com"), "张伟", "wei@example.com"),
        (("Doe, John", "doe@example.com"), "Doe, John", "doe@example.com"),
        ("joe@bücher.example", "", "joe@xn--bcher-kva.example"),
    ],
)
def test_sanitize_address(address: str | tuple[str, str], name: str, mailbox: str) -> None:
    written = sanitize_address(address)
    assert written.isascii()
    read_name, read_mailbox = email.utils.parseaddr(written)
    assert (read(read_name), read_mailbox) == (name, mailbox)


def test_sanitize_address_as_it_is_written() -> None:
    assert sanitize_address("joe@example.com") == "joe@example.com"
    assert sanitize_address("ÄÜÖ → ✓ <from@example.com>") == "=?utf-8?b?w4TDnMOWIOKGkiDinJM=?= <from@example.com>"
    assert sanitize_address(("Ä", "t@example.com"), "iso-8859-1") == "=?iso-8859-1?q?=C4?= <t@example.com>"
    assert sanitize_address(("→", "t@example.com"), "iso-8859-1") == "=?utf-8?b?4oaS?= <t@example.com>"


def test_sanitize_address_joins_no_lines() -> None:
    try:
        written = sanitize_address("joe\r\n@example.com")
    except flask_mail.BadHeaderError:
        return
    assert written == "joe@example.com"


def test_sanitize_addresses() -> None:
    addresses = ["a@example.com", ("Ä", "b@example.com")]
    assert sanitize_addresses(addresses) == [sanitize_address(address) for address in addresses]
    assert sanitize_addresses(iter(addresses), encoding="utf-8") == sanitize_addresses(addresses)


@pytest.mark.parametrize(
    ("subject", "encoding", "written"),
    [
        ("plain", "utf-8", "plain"),
        ("x" * 100, "utf-8", "x" * 100),
        ("sübject", "utf-8", "=?utf-8?q?s=C3=BCbject?="),
        ("sübject", "iso-8859-1", "=?iso-8859-1?q?s=FCbject?="),
        ("表題", "shift_jis", "=?iso-2022-jp?b?GyRCST1CahsoQg==?="),
        ("表題", "iso-8859-1", "=?utf-8?b?6KGo6aGM?="),
    ],
)
def test_sanitize_subject(subject: str, encoding: str, written: str) -> None:
    assert sanitize_subject(subject, encoding) == written


@pytest.mark.parametrize(
    ("given", "text"),
    [("text", "text"), (b"octets", "octets"), ("é".encode(), "é"), (3, "3"), (None, "None")],
)
def test_force_text(given: object, text: str) -> None:
    assert force_text(given) == text


def test_force_text_with_an_encoding_and_a_way_with_errors() -> None:
    assert force_text(b"\xe9", "latin-1") == "é"
    assert force_text(b"a\xff", errors="replace") == "a\ufffd"


def test_force_text_tells_what_it_was_given() -> None:
    with pytest.raises(FlaskMailUnicodeDecodeError) as caught:
        force_text(b"\xff")
    assert isinstance(caught.value, UnicodeDecodeError)
    assert caught.value.obj == b"\xff"
    assert str(caught.value).startswith("'utf-8' codec can't decode byte 0xff in position 0")
    assert str(caught.value).endswith("You passed in b'\\xff' (<class 'bytes'>)")


def test_the_version_is_deprecated() -> None:
    with pytest.warns(DeprecationWarning, match="__version__"):
        version = flask_mail.__version__
    assert version == importlib.metadata.version("Flask-Postbox")


def test_any_other_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        flask_mail.nonsense  # noqa: B018
