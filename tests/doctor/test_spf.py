"""SPF (RFC 7208), asked of a real name server."""

from __future__ import annotations

import collections.abc as c

import pytest

from flask_mail.doctor import SystemResolver
from flask_mail.doctor.spf import Broken
from flask_mail.doctor.spf import evaluate

from .names import NameServer

OTHERS = {
    "mail.example A": ["192.0.2.10"],
    "mail.example AAAA": ["2001:db8::10"],
    "exchanged.example MX": ["10 mail.example."],
    "other.example TXT": ['"v=spf1 ip4:192.0.2.0/28 ~all"', '"unrelated"'],
    "loop.example TXT": ['"v=spf1 include:loop.example -all"'],
    "bare.example A": ["192.0.2.99"],
}


@pytest.mark.parametrize(
    ("record", "address", "result"),
    [
        ("v=spf1 ip4:192.0.2.10 -all", "192.0.2.10", "pass"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "192.0.3.10", "fail"),
        ("v=spf1 ~all", "192.0.2.10", "softfail"),
        ("v=spf1 ?all", "192.0.2.10", "neutral"),
        ("v=spf1", "192.0.2.10", "neutral"),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::10", "pass"),
        ("v=spf1 a:mail.example -all", "192.0.2.10", "pass"),
        ("v=spf1 a:mail.example -all", "2001:db8::10", "pass"),
        ("v=spf1 a:mail.example/28 -all", "192.0.2.1", "pass"),
        ("v=spf1 a -all", "192.0.2.10", "fail"),
        ("v=spf1 mx:exchanged.example -all", "192.0.2.10", "pass"),
        ("v=spf1 include:other.example -all", "192.0.2.3", "pass"),
        ("v=spf1 include:other.example -all", "192.0.2.30", "fail"),
        ("v=spf1 redirect=other.example", "192.0.2.30", "softfail"),
        ("v=spf1 -ip4:192.0.2.10 +all", "192.0.2.10", "fail"),
        ("v=spf1 exp=why.example ip4:192.0.2.10 -all", "192.0.2.10", "pass"),
        ("V=SPF1 IP4:192.0.2.10 -ALL", "192.0.2.10", "pass"),
    ],
)
def test_a_record_lets_an_address_send(
    record: str, address: str, result: str, name_server: c.Callable[..., NameServer]
) -> None:
    names = name_server({**OTHERS, "mysite.example TXT": [f'"{record}"']})
    assert evaluate(SystemResolver(names.address), "mysite.example", [address])[0] == result


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 include:bare.example -all",
        "v=spf1 include:loop.example -all",
        "v=spf1 ip4:mail.example -all",
        "v=spf1 al",
    ],
)
def test_a_record_that_is_broken(record: str, name_server: c.Callable[..., NameServer]) -> None:
    names = name_server({**OTHERS, "mysite.example TXT": [f'"{record}"']})
    with pytest.raises(Broken):
        evaluate(SystemResolver(names.address), "mysite.example", ["192.0.2.200"])


def test_a_mechanism_that_depends_on_the_message_leaves_it_open(name_server: c.Callable[..., NameServer]) -> None:
    names = name_server({"mysite.example TXT": ['"v=spf1 exists:%{i}._spf.mysite.example -all"']})
    result, evaluation = evaluate(SystemResolver(names.address), "mysite.example", ["192.0.2.10"])
    assert result == "fail"
    assert evaluation is not None
    assert evaluation.unsure


def test_one_address_that_passes_is_enough(name_server: c.Callable[..., NameServer]) -> None:
    names = name_server({"mysite.example TXT": ['"v=spf1 ip4:192.0.2.10 -all"']})
    assert evaluate(SystemResolver(names.address), "mysite.example", ["192.0.2.9", "192.0.2.10"])[0] == "pass"
