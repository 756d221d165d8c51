"""No secret shows: not in what is logged, raised or noted, nor in the frames of a traceback with their variables.

A canary stands for the password, the token and the proxy's password. Everything that can be seen of a failing send is
collected, at every step, with a server that repeats what it was sent; the canary must be nowhere in it: as it is, in
base64, or percent-encoded.
"""

from __future__ import annotations

import base64
import collections.abc as c
import logging
import ssl
import traceback
import typing as t
import urllib.parse

import pytest
from flask import Flask

from flask_mail import ConfigError
from flask_mail import Mail
from flask_mail import Message

from ..servers import Authority
from .faults import Always
from .faults import FAULTS
from .proxies import Client
from .proxies import Proxy
from .server import Conversation
from .server import FaultyServer
from .server import Link

CANARY = "Sésame/ouvre+toi?%canary"
TOKEN = "ya29.canary/token+x=="
USER = "me@example.com"
STAGES = ("greeting", "EHLO", "STARTTLS", "handshake", "second EHLO", "AUTH", "MAIL", "RCPT", "DATA", "final dot")


def forms(secret: str) -> c.Iterator[str]:
    """All the ways in which it must not appear."""
    yield secret
    yield repr(secret.encode()).strip("b'")
    for text in (secret, f"\0{USER}\0{secret}", f"me:{secret}"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(text.encode()).decode().rstrip("=")
    for quoted in (urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)):
        yield quoted
        yield quoted.lower()


def parts(error: BaseException | None) -> c.Iterator[BaseException]:
    """*error* and all that stands behind it, whether it is shown or not."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        one = queue.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            queue += [one.__cause__, one.__context__]


def seen_of(error: BaseException) -> c.Iterator[str]:
    """Everything that can be seen of *error*."""
    for one in parts(error):
        yield from (str(one), repr(one), repr(one.args), repr(vars(one)))
        yield from getattr(one, "__notes__", [])
        shown = traceback.TracebackException.from_exception(one, capture_locals=True)
        yield from (text for text in shown.format() if "/tests/" not in text)  # whose frames know the canary
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                yield from map(repr, frame.f_locals.values())


class Seen:
    """Collects what can be seen; :meth:`check` looks for the canary."""

    def __init__(self, log: pytest.LogCaptureFixture, capture: pytest.CaptureFixture[str]) -> None:
        self._log = log
        self._capture = capture
        self.texts: list[str] = []

    def error(self, error: BaseException) -> None:
        self.texts += seen_of(error)

    def check(self, *secrets: str) -> None:
        shown = [*self.texts, self._log.text, *self._capture.readouterr()]
        for record in self._log.records:
            shown += [record.getMessage(), repr(record.args), repr(record.msg)]
        everything = "\n".join(shown)
        assert everything.strip()
        for secret in secrets:
            for form in forms(secret):
                at = everything.find(form)
                assert at < 0, f"{form!r} in {everything[max(0, at - 300) : at + 100]!r}"


@pytest.fixture
def seen(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> c.Iterator[Seen]:
    with caplog.at_level(logging.DEBUG):
        yield Seen(caplog, capfd)


def repeats(talk: Conversation, stage: str, argument: str) -> t.Any:
    """A server that refuses every login with the words of the client, at every step after it as well."""
    if stage == "AUTH":
        return f"535 5.7.8 not with {argument}, that is {CANARY} and {TOKEN}, or {urllib.parse.quote(CANARY, safe='')}"
    return None


def mailer(server: FaultyServer, authority: Authority, **config: t.Any) -> Mail:
    app = Flask("app_of_a_test")
    app.config.update(server.config, MAIL_DEFAULT_SENDER="from@example.com", MAIL_POOL_SIZE=0, MAIL_DEBUG=True)
    app.config.update(MAIL_TIMEOUT={"default": 10}, MAIL_USE_TLS=server.context is not None)
    app.config.update(MAIL_TLS_CA=authority.ca_file, MAIL_USERNAME=USER, MAIL_PASSWORD=CANARY)
    app.config.update(config)
    return Mail(app)


def message() -> Message:
    return Message("Hello", ["to@example.com"], "x")


def try_all_ways(mail: Mail, seen: Seen) -> None:
    with pytest.raises(Exception) as caught:
        mail.send(message())
    seen.error(caught.value)
    with pytest.raises(Exception) as caught, mail.connect() as connection:
        connection.send(message())
    seen.error(caught.value)
    for result in mail.send_many([message()]):
        assert result.error is not None
        seen.error(result.error)
        seen.texts.append(repr(result))
    seen.texts += [repr(mail), repr(mail.state), repr(vars(mail.state)), repr(mail.get_transport())]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in ("hang", "drip")])
@pytest.mark.parametrize("stage", STAGES)
def test_a_failing_send_shows_no_password(stage: str, fault: str, seen: Seen, authority: Authority) -> None:
    accounts = {USER: CANARY}
    context = authority.server_context()
    with FaultyServer(context=context, mechanisms="PLAIN", accounts=accounts, trouble=Always(stage, fault)) as server:
        try_all_ways(mailer(server, authority), seen)
    seen.check(CANARY)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"])
def test_a_server_that_repeats_what_it_was_sent(mechanism: str, seen: Seen, authority: Authority) -> None:
    config = {"MAIL_OAUTH2_TOKEN": lambda: TOKEN} if mechanism.endswith(("2", "ER")) else {}
    with FaultyServer(mechanisms=mechanism, trouble=repeats) as server:
        try_all_ways(mailer(server, authority, **config), seen)
    seen.check(TOKEN if config else CANARY)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "final dot"])
def test_also_after_the_login(stage: str, mechanism: str, seen: Seen, authority: Authority) -> None:
    sent: list[str] = []

    def later(talk: Conversation, step: str, argument: str) -> t.Any:
        if step == stage:
            sent[:] = [line for _, line in talk.server.lines if line.startswith("AUTH") or " " not in line]
            return f"550 5.7.1 who says {CANARY} or {TOKEN}, or {'; '.join(sent)}?"
        return None

    secret = TOKEN if mechanism.endswith(("2", "ER")) else CANARY
    config = {"MAIL_OAUTH2_TOKEN": lambda: TOKEN} if secret is TOKEN else {}
    with FaultyServer(mechanisms=mechanism, accounts={USER: secret}, trouble=later) as server:
        try_all_ways(mailer(server, authority, **config), seen)
    seen.check(secret)
    assert sent


@pytest.mark.parametrize("how", ["garbage", "closes", "in a challenge", "without end"])
@pytest.mark.parametrize("stage", ["AUTH", "MAIL", "DATA"])
def test_a_server_that_repeats_it_and_is_none(stage: str, how: str, seen: Seen, authority: Authority) -> None:
    def parrot(link: Link) -> None:
        heard = " ".join(line for _, line in link.server.lines if line.startswith("AUTH"))
        said = {
            "garbage": f"{heard} {CANARY}\r\n",
            "closes": f"535 {heard} {CANARY}\r\n",
            "in a challenge": f"334 {base64.b64encode(CANARY.encode()).decode()}\r\n",
            "without end": f"250 {CANARY}" * 4000,
        }[how]
        link.send(said.encode())
        link.finish()

    trouble = lambda _, step, __: parrot if step == stage else None  # noqa: E731
    with FaultyServer(mechanisms="PLAIN", accounts={USER: CANARY}, trouble=trouble) as server:
        try_all_ways(mailer(server, authority), seen)
    seen.check(CANARY)


def test_a_send_that_succeeds_shows_no_password(seen: Seen, authority: Authority) -> None:
    for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
        with FaultyServer(mechanisms=mechanism, accounts={USER: CANARY}) as server:
            mail = mailer(server, authority)
            assert mail.send(message()).complete
            assert all(result.ok for result in mail.send_many([message()]))
            seen.texts += [repr(mail), repr(mail.state), repr(vars(mail.state)), repr(mail.get_transport())]
    seen.check(CANARY)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("what", ["another password", "refuses", "closes", "hangs", "is none", "is not there"])
def test_a_proxys_password(what: str, scheme: str, seen: Seen, authority: Authority) -> None:
    secret = "proxy+canary/word" if scheme == "socks5" else CANARY
    faults: dict[str, t.Any] = {
        "refuses": lambda client: client.send(f"HTTP/1.1 403 not with {secret}\r\n\r\n".encode()),
        "closes": Client.finish,
        "hangs": Client.drain,
        "is none": lambda client: client.send(f"220 who says {secret} here\r\n".encode()),
    }
    login = ("me", "another") if what == "another password" else None
    with FaultyServer() as server, Proxy(scheme, login, faults.get(what)) as proxy:
        url = proxy.url(f"me:{urllib.parse.quote(secret, safe='')}")
        if what == "is not there":
            url = url.replace(str(proxy.port), "1")
        config = {"MAIL_USERNAME": None, "MAIL_PASSWORD": None, "MAIL_TIMEOUT": 0.3 if what == "hangs" else 10}
        try_all_ways(mailer(server, authority, MAIL_PROXY=url, **config), seen)
    seen.check(secret)


@pytest.mark.parametrize(
    "config",
    [
        {"MAIL_USERNAME": None},
        {"MAIL_PASSWORD": CANARY + "\n"},
        {"MAIL_PASSWORD": CANARY.encode()},
        {"MAIL_PORT": "none"},
        {"MAIL_USE_TLS": True, "MAIL_USE_SSL": True},
        {"MAIL_TRANSPORT": "nowhere"},
        {"MAIL_PROXY": f"ftp://me:{CANARY}@proxy.example"},
        {"MAIL_OAUTH2_TOKEN": CANARY},
        {"MAIL_TIMEOUT": "soon"},
        {"MAIL_DEFAULT_SENDER": 3},
    ],
    ids=lambda config: "-".join(config),
)
def test_settings_that_are_wrong(config: dict[str, t.Any], seen: Seen) -> None:
    app = Flask("app_of_a_test")
    app.config.update(MAIL_USERNAME=USER, MAIL_PASSWORD=CANARY, MAIL_PROXY=f"http://me:{CANARY}@localhost:1")
    app.config.update(config)
    with pytest.raises(ConfigError) as caught:
        Mail(app)
    seen.error(caught.value)
    mail = Mail()
    with pytest.raises(ConfigError) as caught:
        mail.init_app(app)
    seen.error(caught.value)
    seen.check(CANARY)


@pytest.mark.parametrize(
    "config",
    [
        {"MAIL_TRANSPORT": "no.such.Transport"},
        {"MAIL_TLS_CA": "/nowhere.pem"},
        {"MAIL_TLS_CERT": "/nowhere.pem"},
        {"MAIL_PROXY": f"http://me:{CANARY}@:1"},
        {"MAIL_PROXY": f"http://me:{urllib.parse.quote(CANARY)}@localhost:many"},
        {"MAIL_OAUTH2_TOKEN": "no.such.function"},
        {"MAIL_OAUTH2_TOKEN": lambda: CANARY + "\n"},
    ],
    ids=lambda config: "-".join(config),
)
def test_settings_that_turn_out_wrong(config: dict[str, t.Any], seen: Seen, authority: Authority) -> None:
    context: ssl.SSLContext | None = authority.server_context() if "MAIL_TLS" in "".join(config) else None
    with FaultyServer(mechanisms="PLAIN XOAUTH2", context=context) as server:
        for way in ("send", "send_many"):
            try:
                mail = mailer(server, authority, SECRET_KEY=CANARY, **config)
                if way == "send":
                    mail.send(message())
                [result] = mail.send_many([message()])
                assert result.error is not None
                raise result.error
            except ConfigError as error:
                seen.error(error)
    seen.check(CANARY)


def test_a_password_assigned_later(seen: Seen, authority: Authority) -> None:
    with FaultyServer(mechanisms="PLAIN", trouble=repeats) as server:
        mail = mailer(server, authority, MAIL_PASSWORD="something else", SECRET_KEY=CANARY)
        state = t.cast(t.Any, mail.state)
        state.password = CANARY
        try_all_ways(mail, seen)
        state.transport = "no.such.Transport"
        with pytest.raises(ConfigError) as caught:
            mail.send(message())
        seen.error(caught.value)
    seen.check(CANARY)
