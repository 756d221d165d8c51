"""Through a proxy: SOCKS 5 and HTTP CONNECT, with user and password; and proxies that do not do as they should."""

from __future__ import annotations

import re
import smtplib
import socket
import sys
import time
import typing as t

import pytest
from flask import Flask

from flask_mail import ConfigError
from flask_mail import DeliveryError
from flask_mail import Mail
from flask_mail import Message
from flask_mail import MissingExtraError

from .faults.proxies import Client
from .faults.proxies import Proxy
from .faults.server import FaultyServer
from .servers import Authority

SCHEMES = pytest.mark.parametrize("scheme", ["http", "socks5"])
USER, PASSWORD = "me", "p@ss:w/rd%20 x"
USERINFO = "me:p%40ss%3Aw%2Frd%2520%20x"


def mailer(server: FaultyServer, url: str, **config: t.Any) -> Mail:
    app = Flask("app_of_a_test")
    app.config.update(server.config, MAIL_DEFAULT_SENDER="from@example.com", MAIL_TIMEOUT=10, MAIL_PROXY=url)
    app.config.update(config)
    return Mail(app)


def send(mail: Mail) -> None:
    assert mail.send(Message("Hello", ["to@example.com"], "x")).complete


def fails(mail: Mail, kind: type[Exception] = ConnectionError) -> t.Any:
    """What sending raises; always of connecting, and always naming the setting at fault."""
    with pytest.raises(kind, match="MAIL_PROXY") as caught:
        send(mail)
    assert isinstance(caught.value, DeliveryError)
    assert caught.value.stage == "connect"
    assert not caught.value.in_doubt
    return caught.value


@SCHEMES
@pytest.mark.parametrize("login", [None, (USER, PASSWORD)], ids=["anonymous", "with password"])
def test_mail_goes_through_it(scheme: str, login: t.Any) -> None:
    """The name of the server is looked up there, and its greeting may come along with the proxy's reply."""
    with FaultyServer("PIPELINING") as server, Proxy(scheme, login) as proxy:
        mail = mailer(server, proxy.url(USERINFO if login else ""), MAIL_SERVER="localhost")
        send(mail)
        assert all(result.ok for result in mail.send_many(Message("x", [f"{n}@x.example"], "x") for n in range(5)))
        assert set(proxy.targets) == {("localhost", server.port)}
        assert len(server.taken) == 6


def test_a_password_that_is_not_ascii() -> None:
    """HTTP has no trouble with it; over SOCKS 5 nobody knows how to write it (RFC 1929)."""
    with FaultyServer() as server, Proxy("http", (USER, "schlüssel")) as proxy:
        send(mailer(server, proxy.url("me:schl%C3%BCssel")))
    with FaultyServer() as server, Proxy("socks5", (USER, "schlüssel")) as proxy:
        error = fails(mailer(server, proxy.url("me:schl%C3%BCssel")), ConfigError)
        assert "ASCII" in str(error)
        assert "ü" not in str(error)


@SCHEMES
@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "STARTTLS"])
def test_tls_goes_through_it(scheme: str, implicit: bool, authority: Authority) -> None:
    tls = authority.server_context()
    login: t.Any = {"mechanisms": "PLAIN", "accounts": {"user": "secret"}}
    with FaultyServer(context=tls, implicit=implicit, **login) as server, Proxy(scheme, greeted=not implicit) as proxy:
        config = {"MAIL_USERNAME": "user", "MAIL_PASSWORD": "secret", "MAIL_TLS_CA": authority.ca_file}
        send(mailer(server, proxy.url(), MAIL_USE_SSL=implicit, MAIL_USE_TLS=not implicit, **config))
        assert server.logins == ["user"]


@SCHEMES
@pytest.mark.parametrize("userinfo", ["", "me:wrong%20password"])
def test_a_proxy_that_wants_another_password(scheme: str, userinfo: str) -> None:
    with FaultyServer() as server, Proxy(scheme, (USER, PASSWORD)) as proxy:
        error = fails(mailer(server, proxy.url(userinfo)))
        assert f"127.0.0.1:{proxy.port}" in str(error)
        assert not error.transient
        assert server.connections == 0
        for hidden in ("wrong password", "wrong%20password", "bWU6d3JvbmcgcGFzc3dvcmQ"):
            assert hidden not in str(error)


def socks(code: int) -> t.Callable[[Client], None]:
    return lambda client: client.send(bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))


@pytest.mark.parametrize(
    ("trouble", "words", "transient"),
    [
        (socks(1), "General", True),
        (socks(2), "ruleset", False),
        (socks(4), "[Hh]ost unreachable", True),
        (socks(5), "[Cc]onnection refused", True),
        (lambda client: client.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "SOCKS", False),
        (lambda client: client.finish(), "closed", None),
    ],
)
def test_socks_that_refuses(trouble: t.Any, words: str, transient: bool | None) -> None:
    with FaultyServer() as server, Proxy("socks5", trouble=trouble) as proxy:
        error = fails(mailer(server, proxy.url()))
        assert transient is None or error.transient is transient
        assert re.search(words, str(error))


@SCHEMES
@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 so", b"\x05"], ids=["hangs", "stops", "stops early"])
def test_one_that_hangs_ends_in_time(scheme: str, first: bytes) -> None:
    def hang(client: Client) -> None:
        client.send(first)
        client.drain()

    with FaultyServer() as server, Proxy(scheme, trouble=hang) as proxy:
        start = time.monotonic()
        if (scheme, first[:1]) in (("http", b"\x05"), ("socks5", b"H")):
            assert not fails(mailer(server, proxy.url(), MAIL_TIMEOUT=0.3)).transient
        else:
            assert fails(mailer(server, proxy.url(), MAIL_TIMEOUT=0.3), TimeoutError).transient
        assert time.monotonic() - start < 1.3


@pytest.mark.parametrize("octets", [b"\x05\x00\x00\x03\xff" + b"x" * 300, b"HTTP/1.1 200 ok\r\nVia: " + b"x" * 300])
def test_one_that_drips_ends_in_time(octets: bytes) -> None:
    def drip(client: Client) -> None:
        for octet in octets:
            client.send(bytes([octet]))
            client.server.stopping.wait(0.02)

    with FaultyServer() as server, Proxy("http" if octets[:1] == b"H" else "socks5", trouble=drip) as proxy:
        start = time.monotonic()
        fails(mailer(server, proxy.url(), MAIL_TIMEOUT=0.3), TimeoutError)
        assert time.monotonic() - start < 1.3


def test_a_head_without_end_is_given_up() -> None:
    def endless(client: Client) -> None:
        client.send(b"HTTP/1.1 200 ok\r\n")
        while True:
            client.send(b"Via: another\r\n" * 100)

    with FaultyServer() as server, Proxy("http", trouble=endless) as proxy:
        assert not fails(mailer(server, proxy.url())).transient


@pytest.mark.parametrize(("status", "transient"), [("403 no", False), ("429 slow down", True), ("502 no way", True)])
def test_http_that_refuses(status: str, transient: bool) -> None:
    refuse = lambda client: client.send(f"HTTP/1.0 {status}\r\nContent-Length: 0\r\n\r\n".encode())  # noqa: E731
    with FaultyServer() as server, Proxy("http", trouble=refuse) as proxy:
        error = fails(mailer(server, proxy.url()))
        assert status in str(error)
        assert error.transient is transient


def test_an_address_is_written_as_a_url_wants_it() -> None:
    refuse = lambda client: client.send(b"HTTP/1.1 403 no\r\n\r\n")  # noqa: E731
    with FaultyServer() as server, Proxy("http", trouble=refuse) as proxy:
        fails(mailer(server, proxy.url(), MAIL_SERVER="::1"))
        assert proxy.targets == [("::1", server.port)]


@SCHEMES
def test_one_that_is_not_there(scheme: str) -> None:
    with FaultyServer() as server:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        assert fails(mailer(server, f"{scheme}://127.0.0.1:{port}")).transient
        fails(mailer(server, f"{scheme}://no-such-host.invalid:1080"))


@pytest.mark.parametrize(
    "url",
    ["http://me:canary@proxy.example", "socks5://me:can/ary@proxy.example:1080", "http://me:canary@:3128", "http://"],
)
def test_a_url_that_is_none_is_not_repeated(url: str) -> None:
    with FaultyServer() as server:
        with pytest.raises(ConfigError, match="MAIL_PROXY") as caught:
            send(mailer(server, url))
        assert "ary" not in str(caught.value)
        assert server.connections == 0


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with FaultyServer() as server, Proxy("http") as http, Proxy("socks5") as socks5:
        send(mailer(server, http.url()))
        with pytest.raises(MissingExtraError, match=r"Flask-Postbox\[socks\]"):
            send(mailer(server, socks5.url()))


@pytest.mark.parametrize("scheme", [None, "http", "socks5"])
def test_37_the_address_to_connect_from(scheme: str | None) -> None:
    peers: list[str] = []

    def note(talk: t.Any, stage: str, _: str) -> None:
        if stage == "greeting":
            peers.append(talk.link.sock.getpeername()[0])

    with FaultyServer(trouble=note) as server, Proxy(scheme or "http") as proxy:
        mail = mailer(server, proxy.url() if scheme else "", MAIL_SOURCE_ADDRESS="127.0.0.2")
        send(mail)
        assert (proxy.peers if scheme else peers) == ["127.0.0.2"]


def test_a_proxy_does_not_hide_what_the_server_says() -> None:
    refuse = lambda talk, stage, _: "554 5.7.1 not from there" if stage == "greeting" else None  # noqa: E731
    with FaultyServer(trouble=refuse) as server, Proxy("http") as proxy:
        with pytest.raises(smtplib.SMTPConnectError, match="not from there") as caught:
            send(mailer(server, proxy.url()))
        assert t.cast(t.Any, caught.value).stage == "greeting"
