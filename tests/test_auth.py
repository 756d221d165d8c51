"""Logging in: the strongest mechanism, once, and never in clear to another machine."""

from __future__ import annotations

import contextlib
import pathlib
import smtplib
import ssl
import typing as t

import pytest
from flask import Flask

from flask_mail import ConfigError
from flask_mail import DeliveryError
from flask_mail import Mail
from flask_mail import Message

from .faults.proxies import Proxy
from .faults.server import FaultyServer
from .servers import Authority

PASSWORD = "correct horse battery staple"
ME = "me@example.com"
BY_PASSWORD = ("PLAIN", "LOGIN", "CRAM-MD5")
BY_TOKEN = ("XOAUTH2", "OAUTHBEARER")


def mailer(server: FaultyServer, **config: t.Any) -> Mail:
    app = Flask("app_of_a_test")
    app.config.update(server.config, MAIL_DEFAULT_SENDER="from@example.com", MAIL_TIMEOUT=10, MAIL_POOL_SIZE=0)
    app.config.update(MAIL_USERNAME=ME)
    app.config.update(config)
    return Mail(app)


def send(mail: Mail) -> None:
    assert mail.send(Message("Hello", ["to@example.com"], "x")).complete


@pytest.mark.parametrize("mechanism", BY_PASSWORD)
@pytest.mark.parametrize(("user", "password"), [(ME, PASSWORD), ("jörg@例子.example", "pässwörd 密码 \U0001f511")])
def test_a_password(mechanism: str, user: str, password: str) -> None:
    with FaultyServer(mechanisms=mechanism, accounts={user: password}) as server:
        send(mailer(server, MAIL_USERNAME=user, MAIL_PASSWORD=password))
        assert (server.logins, server.attempts) == ([user], [mechanism])


@pytest.mark.parametrize("mechanism", BY_TOKEN)
@pytest.mark.parametrize("user", [ME, "me,my=self@example.com"])
def test_a_token_is_asked_for_at_each_login(mechanism: str, user: str) -> None:
    tokens = iter(["ya29.first~token", "ya29.second/token=="])
    accounts: dict[str, str] = {}

    def fresh() -> str:
        accounts[user] = next(tokens)
        return accounts[user]

    with FaultyServer(mechanisms=mechanism, accounts=accounts) as server:
        mail = mailer(server, MAIL_USERNAME=user, MAIL_OAUTH2_TOKEN=fresh)
        send(mail)
        send(mail)
        assert (server.logins, server.attempts) == ([user] * 2, [mechanism] * 2)


@pytest.mark.parametrize("path", ["token_of_a_test.fresh", "token_of_a_test:fresh"])
def test_a_token_function_can_be_named_by_its_path(
    path: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token_of_a_test.py").write_text("def fresh():\n    return 'ya29.token'\n")
    monkeypatch.syspath_prepend(tmp_path)
    with FaultyServer(mechanisms="XOAUTH2", accounts={ME: "ya29.token"}) as server:
        send(mailer(server, MAIL_OAUTH2_TOKEN=path))
        assert server.logins == [ME]


def test_a_path_that_leads_nowhere_is_a_setting_that_is_wrong() -> None:
    with FaultyServer(mechanisms="XOAUTH2") as server:
        with pytest.raises(ConfigError, match="MAIL_OAUTH2_TOKEN") as caught:
            send(mailer(server, MAIL_OAUTH2_TOKEN="no.such.function"))
        assert isinstance(caught.value, DeliveryError)
        assert server.attempts == []


@pytest.mark.parametrize("token", [None, b"ya29.token", "", "two words", "ya29.token\n", "schlüssel"])
def test_what_is_no_token_is_not_sent(token: t.Any) -> None:
    with FaultyServer(mechanisms="XOAUTH2") as server:
        with pytest.raises(ConfigError, match="MAIL_OAUTH2_TOKEN has to return an access token"):
            send(mailer(server, MAIL_OAUTH2_TOKEN=lambda: token))
        assert server.attempts == []


@pytest.mark.parametrize("mechanism", BY_TOKEN)
def test_why_a_token_is_refused_can_be_read(mechanism: str) -> None:
    """The server says it in base64 and JSON, before it refuses (RFC 7628 §3.2.2)."""
    with FaultyServer(mechanisms=mechanism, accounts={ME: "ya29.other"}) as server:
        with pytest.raises(smtplib.SMTPAuthenticationError, match='"status": "invalid_token"') as caught:
            send(mailer(server, MAIL_OAUTH2_TOKEN=lambda: "ya29.token"))
        error = t.cast(t.Any, caught.value)
        assert (error.stage, error.transient, error.reply.code) == ("auth", False, 535)
        assert error.reply.text.startswith("5.7.8 Error: authentication failed\n{")
        assert server.attempts == [mechanism]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ("LOGIN PLAIN CRAM-MD5 XOAUTH2", "CRAM-MD5"),
        ("login plain", "PLAIN"),
        ("GSSAPI LOGIN", "LOGIN"),
    ],
)
def test_the_strongest_mechanism_is_chosen_and_tried_once(offered: str, chosen: str) -> None:
    """A second try with the same password can lock the account."""
    with FaultyServer(mechanisms=offered, accounts={ME: "another"}) as server:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            send(mailer(server, MAIL_PASSWORD=PASSWORD))
        assert not t.cast(t.Any, caught.value).transient
        assert server.attempts == [chosen]
        assert server.connections == 1


def test_of_two_mechanisms_for_tokens_the_standard_one_is_chosen() -> None:
    with FaultyServer(mechanisms="XOAUTH2 OAUTHBEARER PLAIN", accounts={ME: "ya29.token"}) as server:
        send(mailer(server, MAIL_OAUTH2_TOKEN=lambda: "ya29.token"))
        assert server.attempts == ["OAUTHBEARER"]


@pytest.mark.parametrize(
    ("offered", "config", "hint"),
    [
        ("XOAUTH2", {"MAIL_PASSWORD": PASSWORD}, "Set MAIL_OAUTH2_TOKEN"),
        ("PLAIN", {"MAIL_OAUTH2_TOKEN": lambda: "ya29.token"}, "OAUTHBEARER, XOAUTH2"),
        ("GSSAPI", {"MAIL_PASSWORD": PASSWORD}, "CRAM-MD5, PLAIN, LOGIN"),
        ("", {"MAIL_PASSWORD": PASSWORD}, "offers no login"),
    ],
)
def test_no_mechanism_in_common(offered: str, config: dict[str, t.Any], hint: str) -> None:
    with FaultyServer(mechanisms=offered) as server:
        with pytest.raises(smtplib.SMTPNotSupportedError, match=hint) as caught:
            send(mailer(server, **config))
        assert t.cast(t.Any, caught.value).stage == "auth"
        assert server.attempts == []


def test_the_old_way_to_offer_a_login_is_understood() -> None:
    with FaultyServer("AUTH=LOGIN", accounts={ME: PASSWORD}) as server:
        send(mailer(server, MAIL_PASSWORD=PASSWORD))
        assert server.logins == [ME]


def login_answered(reply: str) -> FaultyServer:
    return FaultyServer(mechanisms="PLAIN", trouble=lambda talk, stage, _: reply if stage == "AUTH" else None)


@pytest.mark.parametrize(
    "words",
    [
        "5.5.1 already authenticated",
        "5.5.1 Error: already authenticated",
        "You are already logged in",
        "AUTH already done",
    ],
)
def test_logged_in_already_is_logged_in(words: str) -> None:
    with login_answered(f"503 {words}") as server:
        send(mailer(server, MAIL_PASSWORD=PASSWORD))


@pytest.mark.parametrize(
    "words",
    [
        "5.5.1 Error: authentication not enabled",
        "AUTH command used when not advertised",
        "5.5.1 Bad sequence of commands",
        "5.5.1 Error: MAIL transaction already in progress",
    ],
)
def test_whatever_else_comes_out_of_turn_is_no_login(words: str) -> None:
    with login_answered(f"503 {words}") as server:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            send(mailer(server, MAIL_PASSWORD=PASSWORD))
        assert (caught.value.smtp_code, caught.value.smtp_error) == (503, words.encode())
        assert "MAIL" not in server.verbs


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"])
def test_a_challenge_out_of_turn_ends_the_login(mechanism: str) -> None:
    """A server that asks and asks is not told more, least of all the password again."""
    again = lambda talk, stage, _: "334 bm90 base64" if stage == "AUTH" else None  # noqa: E731
    config: dict[str, t.Any] = {"MAIL_PASSWORD": PASSWORD}
    if mechanism == "XOAUTH2":
        config = {"MAIL_OAUTH2_TOKEN": lambda: "ya29.token"}
    with FaultyServer(mechanisms=mechanism, trouble=again) as server:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            send(mailer(server, **config))
        assert len(server.lines) <= 4


# In clear: a server behind a proxy is another machine, wherever the proxy stands


@contextlib.contextmanager
def behind_a_proxy(server: FaultyServer) -> t.Iterator[dict[str, t.Any]]:
    with Proxy("http") as proxy:
        yield {"MAIL_PROXY": proxy.url(), "MAIL_PASSWORD": PASSWORD}


@pytest.mark.parametrize("mechanism", [*BY_PASSWORD, *BY_TOKEN])
def test_2_nothing_goes_in_clear_to_another_machine(mechanism: str) -> None:
    accounts = {ME: PASSWORD if mechanism in BY_PASSWORD else "ya29.token"}
    with FaultyServer(mechanisms=mechanism, accounts=accounts) as server, behind_a_proxy(server) as config:
        if mechanism in BY_TOKEN:
            config["MAIL_OAUTH2_TOKEN"] = lambda: "ya29.token"
        with pytest.raises(smtplib.SMTPNotSupportedError, match="MAIL_ALLOW_CLEARTEXT_AUTH"):
            send(mailer(server, **config))
        server.wait_for(lambda: server.verbs == ["EHLO", "QUIT"])
        send(mailer(server, **config, MAIL_ALLOW_CLEARTEXT_AUTH=True))
        assert server.logins == [ME]


def test_2_tls_is_used_for_a_password_where_it_is_offered(authority: Authority) -> None:
    login: dict[str, t.Any] = {"mechanisms": "PLAIN", "accounts": {ME: PASSWORD}}
    with FaultyServer(context=authority.server_context(), **login) as server, behind_a_proxy(server) as config:
        send(mailer(server, **config, MAIL_TLS_CA=authority.ca_file))
        assert server.logins == [ME]
        assert b"AUTH" not in server.raw
        with pytest.raises(ssl.SSLCertVerificationError):
            send(mailer(server, **config))  # the authority is unknown: not in clear instead


def test_without_a_login_clear_text_is_no_matter() -> None:
    with FaultyServer() as server, Proxy("http") as proxy:
        send(mailer(server, MAIL_PROXY=proxy.url(), MAIL_USERNAME=None))


def test_to_this_machine_a_password_may_go_in_clear() -> None:
    with FaultyServer(mechanisms="PLAIN", accounts={ME: PASSWORD}) as server:
        send(mailer(server, MAIL_PASSWORD=PASSWORD, MAIL_SERVER="localhost"))
        assert server.logins == [ME]
