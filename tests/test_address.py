"""Addresses: one parser for what programmers write (RFC 5322 §3.4, RFC 5321 §4.1.2, RFC 5890, RFC 6531)."""

from __future__ import annotations

import collections.abc as c
import contextlib
import time
import types
import typing as t
from email.headerregistry import Address

import pytest
from hypothesis import given

from flask_mail.address import gather
from flask_mail.address import listed
from flask_mail.address import Mailbox
from flask_mail.address import mailboxes
from flask_mail.address import one
from flask_mail.address import written_list
from flask_mail.errors import AddressError
from flask_mail.errors import BadHeaderError
from flask_mail.mime.charsets import charset

from .properties import strategies

ADDRESS = "a@example.com"


class Lazy:
    """A string that is made when it is asked for, as flask-babel and speaklater make them."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._text, name)

    def __iter__(self) -> c.Iterator[str]:
        return iter(self._text)


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("a@example.com", "", "a@example.com"),
        ("  a@example.com ", "", "a@example.com"),
        ("<a@example.com>", "", "a@example.com"),
        ("Me <a@example.com>", "Me", "a@example.com"),
        ("Me<a@example.com>", "Me", "a@example.com"),
        ("ÄÜÖ → ✓ <a@example.com>>", "ÄÜÖ → ✓", "a@example.com"),
        ('"Doe, John" <a@example.com>', "Doe, John", "a@example.com"),
        ("Doe, John <a@example.com>", "Doe, John", "a@example.com"),
        ('"A \\"quoted\\" \\\\ name" <a@example.com>', 'A "quoted" \\ name', "a@example.com"),
        ('John "Johnny" Doe <a@example.com>', "John Johnny Doe", "a@example.com"),
        ('7" vinyl <a@example.com>', '7" vinyl', "a@example.com"),
        ("foo@bar.com <a@example.com>", "foo@bar.com", "a@example.com"),
        ("a@example.com (Me)", "Me", "a@example.com"),
        ("=?utf-8?b?w5w=?= <a@example.com>", "Ü", "a@example.com"),
        ("=?utf-8?q?=0D=0AX?= <a@example.com>", "=?utf-8?q?=0D=0AX?=", "a@example.com"),
        ("a+b.c-d_e@sub.example.com", "", "a+b.c-d_e@sub.example.com"),
        ("o'brien@example.com", "", "o'brien@example.com"),
        ("a..b.@docomo.example", "", "a..b.@docomo.example"),
        ('"john doe"@example.com', "", '"john doe"@example.com'),
        ('"john.doe"@example.com', "", "john.doe@example.com"),
        ('"a@b"@example.com', "", '"a@b"@example.com'),
        ("root@localhost", "", "root@localhost"),
        ("a@my_host.example", "", "a@my_host.example"),
        ("a@[127.0.0.1]", "", "a@[127.0.0.1]"),
        ("a@[IPv6:::1]", "", "a@[IPv6:::1]"),
        ("A@EXAMPLE.com", "", "A@EXAMPLE.com"),
        ("用户@例子.公司", "", "用户@xn--fsqu00a.xn--55qx5d"),
        (("Me", "a@example.com"), "Me", "a@example.com"),
        (["Me", "a@example.com"], "Me", "a@example.com"),
        ((None, "a@example.com"), "", "a@example.com"),
        (("", "a@example.com"), "", "a@example.com"),
        (("Doe, John", "a@ex.com"), "Doe, John", "a@ex.com"),
        (("foo@bar.com", "a@ex.com"), "foo@bar.com", "a@ex.com"),
        (("<evil@example.net>", "a@ex.com"), "<evil@example.net>", "a@ex.com"),
        (("Me", "a@example.com>"), "Me", "a@example.com"),
        (("Me", "<a@example.com>"), "Me", "a@example.com"),
        ((Lazy("Me"), "a@example.com"), "Me", "a@example.com"),
        (Lazy("Me <a@example.com>"), "Me", "a@example.com"),
        (Address("Me", "a", "example.com"), "Me", "a@example.com"),
        (Address("", "john doe", "example.com"), "", '"john doe"@example.com'),
        (Mailbox("Me", "a@example.com"), "Me", "a@example.com"),
    ],
)
def test_one_address_in_every_form_people_write(written: t.Any, name: str, address: str) -> None:
    box = one(written, "recipients")
    assert (box.name, box.address) == (name, address)


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "root", "@", "a@", "@b", "a@@b", "a b@example.com", "a@example.com.", "a@-b.com", "a@b..com"),
        *("a@x.com, b@y.com", "a@x.com; b@y.com", "A <a@x.com>, B <b@y.com>", "a@x.com,", "Team: a@x.com, b@y.com;"),
        *("Me <a@x.com> <b@y.com>", "a@x.com <", "<a@x.com", "Me <a@x.com", "a@x.com>", "Me <>", "Me <a>", "a＠x.com"),
        *("a@[127.0.0]", "a@[", "a@[example.com]", "a@ex ample.com", "a@exa<mple.com", '"a@example.com', "a\\@b@x.com"),
        *(
            "a@" + "b" * 64 + ".com",
            "a@" + ".".join(["b" * 60] * 5),
            "a" * 500 + "@example.com",
            "a\u00a0b@example.com",
        ),
        *("x" * 300_000 + " <a@x.com>", ("x" * 300_000, "a@x.com")),
        *((), ("a",), ("a", "b", "c"), ("Me", "a@x.com, b@y.com"), ("Me", "Me <a@x.com>"), ("Me", None), None, 5),
        *("a@☃.example..", "a@\u200b.com", "a@xn--\u00fc.com"),
    ],
)
def test_what_is_not_one_address_is_an_error_with_field_and_input(written: t.Any) -> None:
    with pytest.raises(AddressError) as caught:
        one(written, "cc")
    assert caught.value.field == "cc"
    assert str(caught.value).startswith("cc: ")
    if isinstance(written, str):
        assert ascii(written)[1:20] in str(caught.value)


@pytest.mark.parametrize("written", ["a@x.com, b@y.com", "A <a@x.com>, B <b@y.com>", "a@x.com; b@y.com"])
def test_several_in_one_string_are_told_to_be_a_list(written: str) -> None:
    """Flask-Mail 0.10.0 loses the second of them without a word."""
    with pytest.raises(AddressError, match="give several as a list"):
        one(written, "recipients")


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\x0b", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"])
def test_control_characters_are_refused_in_name_and_address(bad: str) -> None:
    for written in (f"a{bad}@x.com", f"Me{bad} <a@x.com>", ("Me" + bad, "a@x.com"), ("Me", f"a@x{bad}.com")):
        with pytest.raises(BadHeaderError) as caught:
            one(written, "sender")
        assert caught.value.field == "sender"


@pytest.mark.parametrize("written", ["a\r\n@x.com", "a@x.com\r\n", "\ra@x.com", ("", "a\r\n@x.com")])
def test_line_breaks_can_be_dropped_for_showing(written: t.Any) -> None:
    assert one(written, "sender", lenient=True).address == "a@x.com"
    with pytest.raises(BadHeaderError):
        one("a\0@x.com", "sender", lenient=True)


@pytest.mark.parametrize(
    ("domain", "ascii_domain"),
    [
        ("straße.example", "xn--strae-oqa.example"),  # IDNA 2003 made strasse.example of it
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("例子.测试", "xn--fsqu00a.xn--0zwm56d"),
        ("ａｂｃ.example", "abc.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_domains_are_idna_2008_with_uts_46(domain: str, ascii_domain: str) -> None:
    assert one(f"a@{domain}", "cc").address == f"a@{ascii_domain}"


def test_only_a_local_part_beyond_ascii_takes_smtputf8() -> None:
    assert one("用户@example.com", "cc").utf8
    assert not one("Üser <user@bücher.example>", "cc").utf8


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("", "a@example.com"),
        ("Me", "Me <a@example.com>"),
        ("J. Doe", '"J. Doe" <a@example.com>'),
        ("Doe, John", '"Doe, John" <a@example.com>'),
        ('A "b" \\', '"A \\"b\\" \\\\" <a@example.com>'),
        ("ÄÜÖ → ✓", "=?utf-8?b?w4TDnMOWIOKGkiDinJM=?= <a@example.com>"),
        ("Jürgen Mustermann", "=?utf-8?q?J=C3=BCrgen_Mustermann?= <a@example.com>"),
        ("two  blanks", "=?utf-8?q?two__blanks?= <a@example.com>"),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@example.com>"),
    ],
)
def test_only_the_name_is_ever_encoded(name: str, header: str) -> None:
    assert one((name, ADDRESS), "cc").text == header


def test_a_name_in_another_charset() -> None:
    assert one(("送信者", ADDRESS), "cc").header(charset("shift_jis")).startswith("=?iso-2022-jp?b?")


def test_a_mailbox_reads_well() -> None:
    assert str(one(("Doe, John", ADDRESS), "cc")) == "Doe, John <a@example.com>"
    assert str(one(ADDRESS, "cc")) == ADDRESS


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (None, []),
        ("", []),
        ([], []),
        ("a@x.com", ["a@x.com"]),
        ("Me <a@x.com>", ["a@x.com"]),
        (["a@x.com", "b@y.com"], ["a@x.com", "b@y.com"]),
        (("a@x.com", "b@y.com"), ["a@x.com", "b@y.com"]),
        (("Me", "a@x.com"), ["a@x.com"]),
        ([("Me", "a@x.com"), ["You", "b@y.com"]], ["a@x.com", "b@y.com"]),
        ((("Me", "a@x.com"), "b@y.com"), ["a@x.com", "b@y.com"]),
        (dict.fromkeys(["b@y.com", "a@x.com"]), ["b@y.com", "a@x.com"]),
        (iter(["b@y.com", "a@x.com"]), ["b@y.com", "a@x.com"]),
        (Address("Me", "a", "x.com"), ["a@x.com"]),
        (Lazy("a@x.com"), ["a@x.com"]),
    ],
)
def test_several_addresses_from_any_iterable_in_order(value: t.Any, addresses: list[str]) -> None:
    """Flask-Mail 0.10.0 takes a bare string letter by letter."""
    assert [box.address for box in mailboxes(value, "recipients")] == addresses


def test_a_list_stays_the_same_list() -> None:
    given = ["a@x.com"]
    assert listed(given) is given


@pytest.mark.parametrize(
    ("written", "addresses"),
    [
        ("a@x.com", ["a@x.com"]),
        ('"Doe, J." <a@x.com>, B <b@y.com>,', ["a@x.com", "b@y.com"]),
        ("undisclosed-recipients:;", []),
    ],
)
def test_lists_written_by_hand_in_headers(written: str, addresses: list[str]) -> None:
    assert [box.address for box in written_list(written, "extra_headers")] == addresses


@pytest.mark.parametrize("written", ["", ",", "a@x.com, b", "Me <a@x.com", "a@x.com\nBcc: b@y.com"])
def test_lists_written_badly_are_refused(written: str) -> None:
    with pytest.raises((AddressError, BadHeaderError)) as caught:
        written_list(written, "extra_headers['To']")
    assert caught.value.field == "extra_headers['To']"


def parties(state: dict[str, t.Any], **fields: t.Any) -> t.Any:
    empty = {"structured_sender": "from@x.com", "recipients": [], "cc": [], "bcc": [], "reply_to": None}
    settings = dict.fromkeys(("default_sender", "default_reply_to", "catch_all", "catch_all_allow")) | state
    return gather(
        t.cast("t.Any", types.SimpleNamespace(**empty | fields)), t.cast("t.Any", types.SimpleNamespace(**settings))
    )


def test_duplicates_go_across_to_cc_and_bcc_and_the_first_stays() -> None:
    found = parties(
        {},
        recipients=["A <a@x.com>", "b@X.com", "a@x.com"],
        cc=["b@x.com", "c@x.com"],
        bcc=["a@X.COM", "d@x.com", "A@x.com"],
    )
    assert [str(box) for box in found.to] == ["A <a@x.com>", "b@X.com"]
    assert [str(box) for box in found.cc] == ["c@x.com"]
    assert [box.address for box in found.recipients] == ["a@x.com", "b@X.com", "c@x.com", "d@x.com", "A@x.com"]


def test_an_iterator_is_read_once_and_kept() -> None:
    message = types.SimpleNamespace(
        structured_sender=None, recipients=iter(["a@x.com"]), cc=None, bcc=None, reply_to=None
    )
    settings = types.SimpleNamespace(default_sender=None, default_reply_to=None, catch_all=None, catch_all_allow=None)
    for _ in range(2):
        assert [box.address for box in gather(t.cast("t.Any", message), settings).to] == ["a@x.com"]


def test_defaults_stand_in_for_sender_and_reply_to() -> None:
    found = parties(
        {"default_sender": ("Me", "me@x.com"), "default_reply_to": ["r@x.com", "s@x.com"]}, structured_sender=None
    )
    assert str(found.sender) == "Me <me@x.com>"
    assert [box.address for box in found.reply_to] == ["r@x.com", "s@x.com"]


def test_a_catch_all_takes_what_is_not_allowed_out() -> None:
    state = {"catch_all": "all@dev.com", "catch_all_allow": ["ok@x.com", "@fine.com", "also.com"]}
    found = parties(
        state,
        recipients=["ok@x.com", "no@x.com", "a@Fine.com"],
        cc=["b@also.com", "c@sub.fine.com"],
        bcc=["secret@x.com"],
    )
    assert [box.address for box in found.recipients] == ["ok@x.com", "a@Fine.com", "b@also.com", "all@dev.com"]
    # The others who get it must not see who was blind copied.
    assert [box.address for box in found.diverted] == ["no@x.com", "c@sub.fine.com"]


def test_a_catch_all_alone_may_see_everybody() -> None:
    found = parties({"catch_all": ["a@dev.com", "b@dev.com"]}, recipients=["no@x.com"], bcc=["secret@x.com"])
    assert [box.address for box in found.recipients] == ["a@dev.com", "b@dev.com"]
    assert [box.address for box in found.diverted] == ["no@x.com", "secret@x.com"]


def test_whoever_is_allowed_is_not_diverted() -> None:
    found = parties({"catch_all": "all@dev.com", "catch_all_allow": "x.com"}, recipients=["a@x.com"])
    assert [box.address for box in found.recipients] == ["a@x.com"]
    assert found.diverted == []


@given(strategies.pair)
def test_a_pair_keeps_its_name_and_its_address(pair: strategies.Pair) -> None:
    box = one(pair, "recipients")
    assert (box.name, box.address) == pair


@given(strategies.pair)
def test_what_the_header_shows_parses_back_to_the_same(pair: strategies.Pair) -> None:
    box = one(pair, "recipients")
    assert one(box.text, "recipients") == box


@pytest.mark.parametrize(
    "piece", ["<", ">", '"', "\\", '\\"', '"\\"', "@", "a@", "<a@", "(", ",", " ", "é", "=?utf-8?q?a?= "]
)
def test_time_is_linear_in_the_input(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    for written in (text, f"{text} <a@x.com>", f'"{text} <a@x.com>', (text, "a@x.com"), ("Me", text)):
        began = time.process_time()
        with contextlib.suppress(AddressError):
            one(written, "recipients")
        assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "local", ["=?utf-8?q?evil=40x.de?=", "a=?b", '"=?utf-8?q?evil?="', '"=\\?utf-8?b?ZQ==?="', "é=?"]
)
def test_a_local_part_is_no_encoded_word(local: str) -> None:
    """Header and envelope would name two addresses to a reader that decodes it."""
    for value in (f"{local}@b.example", f"A <{local}@b.example>", ("A", f"{local}@b.example")):
        with pytest.raises(AddressError, match=r"^cc: .*encoded word") as caught:
            one(value, "cc")
        assert caught.value.field == "cc"
    assert one("a=b?c@b.example", "cc").address == "a=b?c@b.example"
