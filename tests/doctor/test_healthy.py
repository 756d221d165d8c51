"""A configuration that works is green, quickly, in each way to connect; and nothing is sent."""

from __future__ import annotations

import base64
import collections.abc as c
import json
import socket
import threading
import time
import typing as t

import pytest
from flask import current_app
from flask import Flask

import flask_mail
from flask_mail.doctor import Budget
from flask_mail.doctor import Case
from flask_mail.doctor import examine
from flask_mail.doctor import SystemResolver
from flask_mail.doctor.exam import Check
from flask_mail.doctor.exam import Exam
from flask_mail.doctor.exam import Seen
from flask_mail.doctor.network import connect

from ..servers import hang
from ..servers import line
from ..servers import PASSWORD
from ..servers import Peer
from ..servers import ScriptedServer
from ..servers import Server
from .faults import ED25519
from .faults import GOOD
from .faults import GREETING
from .faults import signing
from .names import NameServer

PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
"""The public half of the key in RFC 8463 §A.2."""


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"auth": True},
        {"tls": "starttls", "auth": True, "require_starttls": True},
        {"tls": "implicit", "auth": True},
    ],
    ids=["plain", "login", "starttls", "tls"],
)
def test_a_good_configuration_is_green_within_a_second(
    options: dict[str, t.Any], start_server: c.Callable[..., Server], make_app: c.Callable[..., Flask]
) -> None:
    server = start_server(**options)
    app = make_app(server)
    flask_mail.Mail(app)
    start = time.monotonic()
    report = examine(Case.of_app(app))

    assert time.monotonic() - start < 1
    assert {finding.mark for finding in report.findings} == {"ok"}
    assert report.healthy(strict=True)
    assert server.deliveries == []
    assert server.verbs.count("MAIL") == 1
    assert not {"RCPT", "DATA"} & {*server.verbs}
    assert server.connections == 1


def test_tls_is_shown_with_version_issuer_and_days(start_server: c.Callable[..., Server], make_app: t.Any) -> None:
    app = make_app(start_server(tls="implicit"))
    flask_mail.Mail(app)
    report = examine(Case.of_app(app))
    [tls] = [finding for finding in report.findings if finding.check == "tls"]
    assert tls.figure.startswith("TLSv1.3, certified by trustme")
    assert [finding.check for finding in report.findings][5:9] == ["connect", "tls", "greeting", "ehlo"]


def test_one_message_is_sent_where_that_is_asked_for(start_server: c.Callable[..., Server], make_app: t.Any) -> None:
    server = start_server(auth=True)
    app = make_app(server)
    flask_mail.Mail(app)
    with app.app_context():
        report = examine(Case.of_app(app), send_to="you@example.com")
    assert report.healthy(strict=True)
    [delivery] = server.wait()
    assert delivery.recipients == ("you@example.com",)
    assert delivery.message["Subject"] == "Test message"
    assert report.findings[-1].check == "send"
    assert "you@example.com: 250" in report.findings[-1].figure


def test_a_configuration_without_an_application_can_send(start_server: c.Callable[..., Server]) -> None:
    server = start_server()
    case = Case({**server.config, "MAIL_DEFAULT_SENDER": "hello@mysite.example"})
    assert examine(case, send_to="you@example.com").healthy(strict=True)
    assert len(server.wait()) == 1


def test_a_good_domain_is_green(name_server: c.Callable[..., NameServer]) -> None:
    records = {**GOOD, "s1._domainkey.mysite.example TXT": [f'"v=DKIM1; k=ed25519; " "p={PUBLIC}"']}
    config = {"MAIL_SERVER": "127.0.0.1", "MAIL_DEFAULT_SENDER": "hello@mysite.example", **signing(ED25519)}
    names = name_server(records)
    report = examine(Case(config), resolver=SystemResolver(names.address), only=("mx", "spf", "dkim", "dmarc"))
    assert {finding.check: finding.figure for finding in report.findings if finding.group == "domain"} == {
        "mx": "mx.mysite.example",
        "spf": "lets 127.0.0.1 send",
        "dkim": "s1._domainkey.mysite.example fits MAIL_DKIM_KEY",
        "dmarc": "p=reject, passed by DKIM, SPF",
    }
    assert report.healthy(strict=True)


def test_a_policy_of_the_parent_holds_for_the_child(name_server: c.Callable[..., NameServer]) -> None:
    records = {
        "news.mysite.example MX": ["10 mx.mysite.example."],
        "news.mysite.example TXT": ['"v=spf1 redirect=_spf.mysite.example"'],
        "_spf.mysite.example TXT": ['"v=spf1 ip4:127.0.0.0/8 -all"'],
        "_dmarc.mysite.example TXT": ['"v=DMARC1; p=reject; sp=quarantine"'],
    }
    case = Case({"MAIL_SERVER": "127.0.0.1", "MAIL_DEFAULT_SENDER": "hello@news.mysite.example"})
    report = examine(case, resolver=SystemResolver(name_server(records).address), only=("dmarc",))
    assert report.findings[-1].figure == "p=quarantine, passed by SPF"


def test_a_proxy_looks_the_name_up(scripted: c.Callable[..., ScriptedServer]) -> None:
    def request(peer: Peer) -> None:
        peer.read_until(b"\r\n\r\n")

    tunnel = [request, b"HTTP/1.1 200 OK\r\n\r\n", GREETING, line, b"250 mail.test\r\n", line, b"250 OK\r\n"]
    proxy = scripted([*tunnel, line, b"250 OK\r\n", hang])
    config = {
        "MAIL_SERVER": "no-such-host.invalid",
        "MAIL_PROXY": f"http://joe:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{proxy.port}",
        "MAIL_DEFAULT_SENDER": "hello@mysite.example",
    }
    report = examine(Case(config))
    marks = {finding.check: finding.mark for finding in report.findings}
    assert {check for check, mark in marks.items() if mark != "ok"} == {"dns", "tls"}
    assert marks["dns"] == marks["tls"] == "warn"
    assert report.healthy()
    assert report.findings[5].figure == "no-such-host.invalid:25"
    assert PASSWORD not in repr(report)
    assert PASSWORD.replace(" ", "%20") not in repr(report)


def test_a_proxy_that_refuses_is_shown(scripted: c.Callable[..., ScriptedServer]) -> None:
    def request(peer: Peer) -> None:
        peer.read_until(b"\r\n\r\n")

    proxy = scripted([request, b"HTTP/1.1 403 Forbidden\r\n\r\n"])
    config = {"MAIL_SERVER": "127.0.0.1", "MAIL_PROXY": f"http://127.0.0.1:{proxy.port}"}
    connect = examine(Case(config), only=("connect",)).findings[-1]
    assert connect.mark == "fail"
    assert "403 Forbidden" in connect.figure


def test_a_token_may_need_the_application(scripted: c.Callable[..., ScriptedServer]) -> None:
    app = Flask("app_with_a_token")
    offer = b"250-mail.test\r\n250 AUTH XOAUTH2\r\n"
    server = scripted([GREETING, line, offer, line, b"235 2.7.0 Accepted\r\n", hang])
    app.config.update(server.config, MAIL_USERNAME="joe", MAIL_OAUTH2_TOKEN=lambda: current_app.name)
    flask_mail.Mail(app)
    with app.app_context():
        report = examine(Case.of_app(app), only=("login",))
    assert report.findings[-1].figure == "joe by XOAUTH2"


def test_an_address_of_the_provider_is_the_providers_to_care_for(name_server: c.Callable[..., NameServer]) -> None:
    names = name_server({})
    config = {"MAIL_SERVER": "smtp.gmail.com", "MAIL_DEFAULT_SENDER": "me@gmail.com"}
    report = examine(
        Case(config), resolver=SystemResolver(names.address), only=("provider", "mx", "spf", "dkim", "dmarc")
    )
    assert [finding.mark for finding in report.findings[2:]] == ["skip"] * 4
    assert names.asked == []


def test_a_relay_in_the_record_does_not_pass_the_policy(name_server: c.Callable[..., NameServer]) -> None:
    names = name_server({**GOOD, "mysite.example TXT": ['"v=spf1 include:sendgrid.net -all"']})
    config = {"MAIL_SERVER": "smtp.sendgrid.net", "MAIL_DEFAULT_SENDER": "me@mysite.example"}
    report = examine(Case(config), resolver=SystemResolver(names.address), only=("provider", "dmarc"))
    assert "SPF" not in report.findings[-1].figure
    assert report.findings[-1].mark == "warn"


# No end


def test_a_name_server_that_says_nothing_is_no_green_light(name_server: c.Callable[..., NameServer]) -> None:
    resolver = SystemResolver(name_server({}, silent=True).address, lifetime=0.3)
    case = Case({"MAIL_SERVER": "127.0.0.1", "MAIL_DEFAULT_SENDER": "hello@mysite.example"})
    report = examine(case, resolver=resolver, only=("mx", "spf", "dmarc"))
    assert [finding.mark for finding in report.findings] == ["ok", "fail", "fail", "skip", "fail"]
    assert report.seconds < 5


def test_a_token_that_never_comes_ends_in_time(scripted: c.Callable[..., ScriptedServer]) -> None:
    never = threading.Event()

    def fetch() -> str:
        never.wait()
        return ""

    offer = b"250-mail.test\r\n250 AUTH XOAUTH2\r\n"
    server = scripted([GREETING, line, offer, hang])
    config = {**server.config, "MAIL_USERNAME": "joe", "MAIL_OAUTH2_TOKEN": fetch}
    report = examine(Case(config), budget=Budget(each=0.3), only=("login",))
    never.set()
    assert report.findings[-1].mark == "fail"
    assert report.findings[-1].troubles[0].cause == "too-long"
    assert report.seconds < 3


def test_a_check_without_network_ends_in_time_too(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    def look(exam: Exam) -> Seen:
        never.wait()
        return Seen()

    monkeypatch.setattr(
        "flask_mail.doctor.chosen", lambda **_: [Check("settings", "configuration", look, online=False)]
    )
    report = examine(Case({}), budget=Budget(each=0.2))
    never.set()
    assert [trouble.cause for trouble in report.findings[0].troubles] == ["too-long"]
    assert report.seconds < 3


def test_a_connection_that_comes_too_late_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()
    exams: list[Exam] = []

    def look(exam: Exam) -> Seen:
        exams.append(exam)
        found.wait()  # for the server's address
        return connect(exam)

    monkeypatch.setattr("flask_mail.doctor.chosen", lambda **_: [Check("connect", "connection", look)])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": listener.getsockname()[1]}
        report = examine(Case(config), budget=Budget(each=0.2))
        assert [trouble.cause for trouble in report.findings[0].troubles] == ["too-long"]
        found.set()
        listener.settimeout(5)
        peer, _ = listener.accept()
        with peer:
            peer.settimeout(5)
            assert peer.recv(1) == b""
    assert exams


def test_a_server_that_drips_ends_in_time(scripted: c.Callable[..., ScriptedServer]) -> None:
    def drip(peer: Peer) -> None:
        while not peer._server._stopping.wait(0.05):
            peer.send(b"220-still here\r\n")

    report = examine(Case(scripted([drip]).config), budget=Budget(each=0.5), only=("greeting",))
    assert report.findings[-1].mark == "fail"
    assert report.seconds < 3


def test_there_is_an_end_to_all_of_it(scripted: c.Callable[..., ScriptedServer]) -> None:
    report = examine(Case(scripted([hang]).config), budget=Budget(each=5, total=0.4))
    marks = {finding.check: finding.mark for finding in report.findings}
    assert marks["greeting"] == "fail"
    assert "ok" not in list(marks.values())[list(marks).index("greeting") :]
    assert report.seconds < 3


# No secret


def test_no_secret_is_shown_whatever_the_server_repeats(scripted: c.Callable[..., ScriptedServer]) -> None:
    coded = base64.b64encode(f"\0postmaster\0{PASSWORD}".encode())
    said = b"535 5.7.8 no such user: " + coded + b" " + PASSWORD.encode() + b"\r\n"
    server = scripted([GREETING, line, b"250-mail.test\r\n250 AUTH PLAIN\r\n", line, said, hang])
    config = {**server.config, "MAIL_USERNAME": "postmaster", "MAIL_PASSWORD": PASSWORD}
    report = examine(Case(config))
    shown = json.dumps(report.as_dict(conversation=True))
    assert report.findings[-2].check == "login"
    assert "***" in report.findings[-2].figure
    assert ">>> AUTH (hidden)" in report.conversation
    for secret in (PASSWORD, base64.b64encode(PASSWORD.encode()).decode().rstrip("=")):
        assert secret not in shown


def test_no_secret_is_shown_of_settings_that_cannot_be_used() -> None:
    config = {
        "MAIL_PASSWORD": f"{PASSWORD}\n",
        "MAIL_USERNAME": "joe",
        "MAIL_PROXY": f"ftp://joe:{PASSWORD}@proxy.example",
        "MAIL_DKIM_KEY": 5,
        "MAIL_PASWORD": PASSWORD,
    }
    report = examine(Case(config))
    assert len(report.findings[0].troubles) == 4
    assert PASSWORD not in json.dumps(report.as_dict(conversation=True))
    assert PASSWORD not in repr(report)
