"""Everything that can be wrong, each with the line it is to be found in.

A fault is a function that builds it of real parts; :data:`FAULTS` has them all. Every one is examined and its screen
compared with the one in ``screens/``, in both languages.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import datetime
import pathlib
import time
import typing as t

import pytest

from flask_mail.doctor import Budget
from flask_mail.doctor import network
from flask_mail.doctor import SystemResolver
from flask_mail.queues.outbox import engine
from flask_mail.queues.outbox import metadata
from flask_mail.queues.outbox import Store

from ..servers import Authority
from ..servers import hang
from ..servers import line
from ..servers import PASSWORD
from ..servers import ScriptedServer
from ..servers import Server
from .names import NameServer

SENDER = "hello@mysite.example"
GREETING = b"220 mail.test ESMTP\r\n"
OFFER = b"250-mail.test\r\n250-SIZE 1000000\r\n250 AUTH PLAIN LOGIN\r\n"


@d.dataclass
class Stage:
    """What faults are built on."""

    start_server: c.Callable[..., Server]
    scripted: c.Callable[..., ScriptedServer]
    authority: Authority
    name_server: c.Callable[..., NameServer]
    monkeypatch: pytest.MonkeyPatch
    tmp_path: pathlib.Path
    free_port: int
    deaf_port: int
    hidden: dict[str, str] = d.field(default_factory=dict[str, str])
    """What differs each time, and what the screens show instead."""

    def to(self, server: Server | ScriptedServer, **config: t.Any) -> dict[str, t.Any]:
        self.hidden[str(server.port)] = "2525"
        settings = {**server.config, "MAIL_DEFAULT_SENDER": SENDER, "MAIL_TLS_CA": self.authority.ca_file}
        return {"config": {**settings, **config}}

    def script(self, *steps: t.Any, **config: t.Any) -> dict[str, t.Any]:
        return self.to(self.scripted([*steps]), **config)

    def names(self, records: dict[str, list[str]], **config: t.Any) -> dict[str, t.Any]:
        server = self.name_server(records)
        settings = {"MAIL_SERVER": "127.0.0.1", "MAIL_DEFAULT_SENDER": SENDER, **config}
        return {"config": settings, "resolver": SystemResolver(server.address), "only": ("mx", "spf", "dkim", "dmarc")}


@d.dataclass(frozen=True)
class Fault:
    """A fault.

    :param bad: the marks that are not ``ok`` or ``skip``, by check.
    :param causes: the labels to be found.
    """

    build: c.Callable[[Stage], dict[str, t.Any]]
    bad: dict[str, str]
    causes: tuple[str, ...]


FAULTS: dict[str, Fault] = {}


def fault(
    *causes: str, **bad: str
) -> c.Callable[[c.Callable[[Stage], dict[str, t.Any]]], c.Callable[[Stage], dict[str, t.Any]]]:
    def register(build: c.Callable[[Stage], dict[str, t.Any]]) -> c.Callable[[Stage], dict[str, t.Any]]:
        FAULTS[build.__name__.replace("_", "-")] = Fault(build, bad, causes)
        return build

    return register


@fault()
def nothing_wrong(stage: Stage) -> dict[str, t.Any]:
    return stage.to(stage.start_server(tls="starttls", auth=True))


# Configuration


@fault("setting", "setting", settings="fail")
def settings_that_cannot_be_used(stage: Stage) -> dict[str, t.Any]:
    return {"config": {"MAIL_PORT": "ssl", "MAIL_USE_TLS": "perhaps"}}


@fault("setting", settings="fail")
def settings_that_contradict(stage: Stage) -> dict[str, t.Any]:
    return {"config": {"MAIL_USE_TLS": "1", "MAIL_USE_SSL": "yes"}}


@fault("setting", settings="fail")
def half_a_login(stage: Stage) -> dict[str, t.Any]:
    return {"config": {"MAIL_USERNAME": "joe"}}


@fault("setting", settings="fail")
def a_sender_that_is_none(stage: Stage) -> dict[str, t.Any]:
    return {"config": {"MAIL_DEFAULT_SENDER": "The Example"}}


@fault("suppressed", "caught-all", "unknown-setting", "unknown-setting", settings="warn")
def settings_that_hold_mail_back(stage: Stage) -> dict[str, t.Any]:
    server = stage.start_server()
    return stage.to(
        server,
        MAIL_PORT=str(server.port),
        MAIL_SUPPRESS_SEND="on",
        MAIL_CATCH_ALL="staging@mysite.example",
        MAIL_USENAME="joe",
        MAIL_COLOUR="blue",
    )


@fault("no-server", settings="warn")
def no_server(stage: Stage) -> dict[str, t.Any]:
    return {"config": {"MAIL_DEFAULT_SENDER": SENDER}, "offline": True}


@fault("captured", settings="warn")
def mail_for_the_mailbox(stage: Stage) -> dict[str, t.Any]:
    return {
        "config": {"MAIL_SERVER": "127.0.0.1", "MAIL_MAILBOX": True, "MAIL_DEFAULT_SENDER": SENDER},
        "offline": True,
    }


@fault("stays-here", settings="warn")
def mail_for_the_console(stage: Stage) -> dict[str, t.Any]:
    return {"config": {"MAIL_TRANSPORT": "console", "MAIL_DEFAULT_SENDER": SENDER}}


@fault("port-wants-tls", "blanks-around", "credentials-encoding", settings="warn")
def settings_that_look_wrong(stage: Stage) -> dict[str, t.Any]:
    config = {
        "MAIL_SERVER": "mail.mysite.example",
        "MAIL_PORT": 465,
        "MAIL_USERNAME": "joe ",
        "MAIL_PASSWORD": "“pass”",
    }
    return {"config": config, "offline": True}


@fault("rival", distribution="fail")
def another_flask_mail(stage: Stage) -> dict[str, t.Any]:
    info = stage.tmp_path / "flask_mail-0.10.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Flask-Mail\nVersion: 0.10.0\n", "utf-8")
    (info / "RECORD").write_text("flask_mail/__init__.py,,\n", "utf-8")
    stage.monkeypatch.syspath_prepend(stage.tmp_path)
    return stage.to(stage.start_server())


@fault("provider-from", provider="fail")
def a_sender_qq_does_not_take(stage: Stage) -> dict[str, t.Any]:
    config = {
        "MAIL_SERVER": "smtp.qq.com",
        "MAIL_PORT": 465,
        "MAIL_USE_SSL": True,
        "MAIL_USERNAME": "123456789@qq.com",
        "MAIL_PASSWORD": "abcdefghijklmnop",
        "MAIL_DEFAULT_SENDER": "hello@example.com",
    }
    return {"config": config, "offline": True}


@fault("provider-tls", "provider-address", "port-wants-tls", provider="fail", settings="warn")
def a_login_gmail_does_not_take(stage: Stage) -> dict[str, t.Any]:
    config = {"MAIL_SERVER": "smtp.gmail.com", "MAIL_PORT": "465", "MAIL_USERNAME": "me", "MAIL_PASSWORD": "secret"}
    return {"config": config, "offline": True}


# The way


@fault("dns", dns="fail")
def no_such_host(stage: Stage) -> dict[str, t.Any]:
    return {"config": {"MAIL_SERVER": "no-such-host.invalid", "MAIL_DEFAULT_SENDER": SENDER}}


@fault("proxy-unused", proxy="warn")
def a_proxy_that_is_not_used(stage: Stage) -> dict[str, t.Any]:
    stage.monkeypatch.setenv("ALL_PROXY", f"socks5://joe:{PASSWORD}@127.0.0.1:1080")
    return stage.to(stage.start_server())


@fault("proxy-down", proxy="fail")
def a_proxy_that_is_down(stage: Stage) -> dict[str, t.Any]:
    stage.hidden[str(stage.free_port)] = "1080"
    return stage.to(stage.start_server(), MAIL_PROXY=f"socks5://joe:secret@127.0.0.1:{stage.free_port}")


@fault("refused", connect="fail")
def nobody_there(stage: Stage) -> dict[str, t.Any]:
    stage.hidden[str(stage.free_port)] = "2525"
    return {"config": {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": stage.free_port, "MAIL_DEFAULT_SENDER": SENDER}}


@fault("port-blocked", connect="fail")
def a_port_that_is_blocked(stage: Stage) -> dict[str, t.Any]:
    other = stage.start_server()
    stage.hidden |= {str(stage.deaf_port): "25", str(other.port): "587", str(stage.free_port): "465"}
    stage.monkeypatch.setattr(network, "USUAL", (other.port, stage.free_port))
    return {"config": {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": stage.deaf_port}, "budget": Budget(each=0.8)}


@fault("ports-blocked", connect="fail")
def a_network_that_blocks_mail(stage: Stage) -> dict[str, t.Any]:
    stage.hidden |= {str(stage.deaf_port): "25", str(stage.free_port): "587"}
    stage.monkeypatch.setattr(network, "USUAL", (stage.free_port,))
    return {"config": {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": stage.deaf_port}, "budget": Budget(each=0.8)}


# The conversation


@fault("ip-blocked", greeting="fail")
def a_greeting_that_is_none(stage: Stage) -> dict[str, t.Any]:
    return stage.script(b"554 5.7.1 Your IP is listed by a block list\r\n", hang)


@fault("server-busy", greeting="fail")
def a_server_that_is_busy(stage: Stage) -> dict[str, t.Any]:
    return stage.script(b"421 4.3.2 Too busy, try again later\r\n", hang)


@fault("closed-early", greeting="fail")
def a_server_that_hangs_up(stage: Stage) -> dict[str, t.Any]:
    return stage.script()


@fault("timeout", greeting="fail")
def a_server_that_says_nothing(stage: Stage) -> dict[str, t.Any]:
    return {**stage.script(hang), "budget": Budget(each=0.5)}


@fault("not-smtp", greeting="fail")
def a_web_server(stage: Stage) -> dict[str, t.Any]:
    return stage.script(b"HTTP/1.1 400 Bad Request\r\n\r\n", hang)


@fault("cert-untrusted", tls="fail")
def an_unknown_authority(stage: Stage) -> dict[str, t.Any]:
    return stage.to(stage.start_server(tls="starttls", auth=True), MAIL_TLS_CA=None)


@fault("cert-hostname", tls="fail")
def a_certificate_for_another_name(stage: Stage) -> dict[str, t.Any]:
    context = stage.authority.server_context("mail.other.example")
    return stage.to(stage.start_server(tls="implicit", context=context))


@fault("cert-expired", tls="fail")
def a_certificate_that_has_expired(stage: Stage) -> dict[str, t.Any]:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    context = stage.authority.server_context(not_after=yesterday)
    return stage.to(stage.start_server(tls="starttls", context=context))


@fault("expires-soon", tls="warn")
def a_certificate_that_ends_soon(stage: Stage) -> dict[str, t.Any]:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3, hours=1)
    return stage.to(stage.start_server(tls="implicit", context=stage.authority.server_context(not_after=soon)))


@fault("unverified", tls="warn")
def a_certificate_nobody_looks_at(stage: Stage) -> dict[str, t.Any]:
    return stage.to(stage.start_server(tls="starttls"), MAIL_TLS_VERIFY="no")


@fault("tls-mode-mismatch", tls="fail")
def tls_on_a_plain_port(stage: Stage) -> dict[str, t.Any]:
    return stage.to(stage.start_server(), MAIL_USE_SSL=True)


@fault("tls-mode-mismatch", tls="fail")
def no_starttls(stage: Stage) -> dict[str, t.Any]:
    return stage.to(stage.start_server(), MAIL_USE_TLS=True)


@fault("helo-rejected", ehlo="fail")
def a_name_that_is_refused(stage: Stage) -> dict[str, t.Any]:
    no = b"550 5.7.1 Helo command rejected: Host not found\r\n"
    return stage.script(GREETING, line, no, line, no, hang, MAIL_USE_TLS=True)


@fault("helo-only", ehlo="warn")
def a_very_old_server(stage: Stage) -> dict[str, t.Any]:
    known = b"250 mail.test\r\n"
    unknown = b"502 command not implemented\r\n"
    return stage.script(GREETING, line, unknown, line, known, line, known, line, known, hang)


@fault("auth-wrong", login="fail")
def a_wrong_password(stage: Stage) -> dict[str, t.Any]:
    server = stage.start_server(tls="starttls", auth=True)
    server.replies["AUTH"] = "535 5.7.8 Authentication credentials invalid"
    return stage.to(server)


@fault("auth-code", login="fail")
def a_password_where_qq_wants_a_code(stage: Stage) -> dict[str, t.Any]:
    said = "535 Login Fail. Please enter your authorization code to login. 请使用授权码登录。\r\n".encode("gbk")
    login = {"MAIL_USERNAME": "123456789@qq.com", "MAIL_PASSWORD": PASSWORD}
    return stage.script(b"220 smtp.qq.com\r\n", line, OFFER, line, said, hang, **login)


@fault("auth-unsupported", login="fail")
def no_login_that_is_known(stage: Stage) -> dict[str, t.Any]:
    offer = b"250-mail.test\r\n250 AUTH GSSAPI NTLM\r\n"
    return stage.script(GREETING, line, offer, hang, MAIL_USERNAME="joe", MAIL_PASSWORD=PASSWORD)


@fault("unexpected", login="fail")
def a_token_that_cannot_be_fetched(stage: Stage) -> dict[str, t.Any]:
    def fetch() -> str:
        raise LookupError("the token has gone")

    offer = b"250-mail.test\r\n250 AUTH XOAUTH2\r\n"
    return stage.script(GREETING, line, offer, hang, MAIL_USERNAME="joe", MAIL_OAUTH2_TOKEN=fetch)


@fault("auth-required", sender="fail")
def a_login_that_is_missing(stage: Stage) -> dict[str, t.Any]:
    server = stage.start_server()
    server.replies["MAIL"] = "530 5.7.0 Authentication required"
    return stage.to(server)


@fault("sender-not-allowed", sender="fail")
def a_sender_that_is_not_allowed(stage: Stage) -> dict[str, t.Any]:
    server = stage.start_server()
    server.replies["MAIL"] = "553 5.7.1 Sender address rejected: not owned by user joe"
    return stage.to(server)


@fault("utf8-unsupported", sender="fail")
def a_sender_beyond_ascii(stage: Stage) -> dict[str, t.Any]:
    return stage.to(stage.start_server(enable_SMTPUTF8=False), MAIL_DEFAULT_SENDER="grüße@mysite.example")


@fault("no-sender", sender="warn")
def no_sender(stage: Stage) -> dict[str, t.Any]:
    return stage.to(stage.start_server(), MAIL_DEFAULT_SENDER=None)


@fault("nothing-sent", "suppressed", settings="warn", send="fail")
def a_test_that_is_held_back(stage: Stage) -> dict[str, t.Any]:
    return {**stage.to(stage.start_server(), MAIL_SUPPRESS_SEND=True), "send_to": "you@example.com"}


@fault("recipient-unknown", send="fail")
def a_test_that_is_refused(stage: Stage) -> dict[str, t.Any]:
    server = stage.start_server()
    server.refused["you@example.com"] = "550 5.1.1 <you@example.com>: user unknown"
    return {**stage.to(server), "send_to": "you@example.com"}


# The sender's domain

GOOD = {
    "mysite.example MX": ["10 mx.mysite.example."],
    "mysite.example TXT": ['"v=spf1 ip4:127.0.0.1 -all"'],
    "_dmarc.mysite.example TXT": ['"v=DMARC1; p=reject"'],
}


@fault("mx-none", mx="fail")
def a_domain_that_takes_no_mail(stage: Stage) -> dict[str, t.Any]:
    return stage.names({key: value for key, value in GOOD.items() if "MX" not in key})


@fault("spf-broken", "dmarc-unaligned", spf="fail", dmarc="warn")
def two_spf_records(stage: Stage) -> dict[str, t.Any]:
    return stage.names({**GOOD, "mysite.example TXT": ['"v=spf1 mx -all"', '"v=spf1 a -all"']})


@fault("spf-provider", "dmarc-unaligned", spf="fail", dmarc="warn")
def an_spf_record_without_the_provider(stage: Stage) -> dict[str, t.Any]:
    config = {"MAIL_SERVER": "smtp.gmail.com", "MAIL_PORT": 587, "MAIL_USE_TLS": True}
    login = {"MAIL_USERNAME": "me@mysite.example", "MAIL_PASSWORD": "secret"}
    records = {"mysite.example TXT": ['"v=spf1 ip4:192.0.2.0/24 -all"'], "smtp.gmail.com A": ["198.51.100.1"]}
    case = stage.names({**GOOD, **records}, **config, **login)
    return {**case, "only": ("provider", *case["only"])}


@fault("spf-relay", "dmarc-unaligned", spf="warn", dmarc="warn")
def a_relay_whose_envelope_cannot_be_seen(stage: Stage) -> dict[str, t.Any]:
    config = {"MAIL_SERVER": "smtp.sendgrid.net", "MAIL_PORT": 587, "MAIL_USE_TLS": True}
    login = {"MAIL_USERNAME": "apikey", "MAIL_PASSWORD": "secret"}
    case = stage.names({**GOOD, "mysite.example TXT": ['"v=spf1 -all"']}, **config, **login)
    return {**case, "only": ("provider", *case["only"])}


@fault("foreign-domain", "dmarc-unaligned", spf="fail", dmarc="warn")
def a_domain_of_somebody_else(stage: Stage) -> dict[str, t.Any]:
    records = {
        "gmail.com MX": ["5 gmail-smtp-in.l.google.com."],
        "gmail.com TXT": ['"v=spf1 redirect=_spf.google.com"'],
        "_dmarc.gmail.com TXT": ['"v=DMARC1; p=none; sp=quarantine"'],
    }
    return stage.names(records, MAIL_DEFAULT_SENDER="me@gmail.com", MAIL_SERVER="198.51.100.1")


@fault("spf-none", "dmarc-none", "mx-implicit", mx="warn", spf="warn", dmarc="warn")
def a_domain_with_nothing(stage: Stage) -> dict[str, t.Any]:
    return stage.names({"mysite.example A": ["192.0.2.1"]})


@fault("dkim-none", dkim="fail")
def no_published_key(stage: Stage) -> dict[str, t.Any]:
    return stage.names(GOOD, **signing(ED25519))


@fault("dkim-mismatch", "dmarc-unaligned", "spf-other", spf="warn", dkim="fail", dmarc="fail")
def another_key_is_published(stage: Stage) -> dict[str, t.Any]:
    other = "/VCVXGcF7wz6RZ8zxM0yBTzGTiMRBqKvGXzwMhQHkXc="
    records = {
        "s1._domainkey.mysite.example TXT": [f'"v=DKIM1; k=ed25519; p={other}"'],
        "mysite.example TXT": ['"v=spf1 ip4:192.0.2.0/24 -all"'],
    }
    return stage.names({**GOOD, **records}, **signing(ED25519), MAIL_SERVER="198.51.100.1")


@fault("dkim-revoked", dkim="fail")
def a_key_that_was_revoked(stage: Stage) -> dict[str, t.Any]:
    return stage.names({**GOOD, "s1._domainkey.mysite.example TXT": ['"v=DKIM1; p="']}, **signing(ED25519))


ED25519 = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
"""A private key that is anybody's: the one of RFC 8463 §A.2."""


def signing(key: str) -> dict[str, str]:
    return {"MAIL_DKIM_DOMAIN": "mysite.example", "MAIL_DKIM_SELECTOR": "s1", "MAIL_DKIM_KEY": key}


# What waits


def outbox(stage: Stage, *states: str, age: float = 0.0, **config: t.Any) -> dict[str, t.Any]:
    """An outbox with a message in each of *states*, and no worker."""
    store = Store(engine(url := f"sqlite:///{stage.tmp_path}/outbox.sqlite"))
    store.create()
    now = time.time()
    row = {
        "rank": 0, "due": now, "created": now - age, "expires": now + 1e6, "attempts": 0, "deaths": 0,
        "message_id": "<a@b>", "sender": SENDER, "recipients": [["to@example.com", "open"]], "options": {},
        "details": {}, "size": 1,
    }  # fmt: skip
    with store.engine.begin() as connection:
        for number, state in enumerate(states):
            connection.execute(metadata.tables["mail_outbox"].insert(), {**row, "id": str(number), "state": state})
    store.engine.dispose()
    built = stage.to(stage.start_server(), MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=url, **config)
    return {**built, "only": ("queue",)}


@fault("queue-no-worker", "queue-failed", "queue-held", queue="fail")
def an_outbox_that_nobody_empties(stage: Stage) -> dict[str, t.Any]:
    return outbox(stage, "ready", "waiting", "failed", "dead", "held")


@fault("queue-slow", queue="warn")
def an_outbox_that_is_slow(stage: Stage) -> dict[str, t.Any]:
    return outbox(stage, "ready", age=1800.0, MAIL_OUTBOX_WORKER="thread")


@fault("queue-database", queue="fail")
def an_outbox_without_its_database(stage: Stage) -> dict[str, t.Any]:
    built = stage.to(
        stage.start_server(), MAIL_QUEUE="outbox", MAIL_OUTBOX_URL="postgresql+psycopg://me@127.0.0.1:1/mail"
    )
    return {**built, "only": ("queue",)}


# Several at once


@fault(
    "unknown-setting",
    "proxy-unused",
    "expires-soon",
    "auth-wrong",
    settings="warn",
    proxy="warn",
    tls="warn",
    login="fail",
)
def several_at_once(stage: Stage) -> dict[str, t.Any]:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3, hours=1)
    context = stage.authority.server_context(not_after=soon)
    server = stage.start_server(tls="starttls", context=context, auth=True)
    server.replies["AUTH"] = "535 5.7.8 Authentication credentials invalid"
    stage.monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    return stage.to(server, MAIL_USENAME="joe")
