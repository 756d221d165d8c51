"""The server of the plugin is a real one, with TLS and a login where a test asks for them."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import typing as t

import pytest
from flask import Flask

from flask_mail import DeliveryError
from flask_mail import Mail
from flask_mail import Message
from flask_mail.testing import SMTPServer


def mail_to(server: SMTPServer, **config: t.Any) -> Mail:
    """For an application that could send nothing, were it not for the server's settings."""
    app = Flask("app_of_a_test")
    app.config.update(TESTING=True, MAIL_PROVIDER="gmail", MAIL_DEFAULT_SENDER="shop@example.com")
    app.config.update({**server.config, **config})
    return Mail(app)


def hello() -> Message:
    return Message(
        "Grüße", ["ann@example.com"], ".dots\n..more", bcc=["eve@example.com"], mail_options=["BODY=8BITMIME"]
    )


KINDS: dict[str, c.Callable[[SMTPServer], SMTPServer]] = {
    "plain": lambda server: server,
    "starttls": lambda server: server.tls(),
    "implicit": lambda server: server.tls("implicit"),
    "auth": lambda server: server.auth(),
    "starttls and auth": lambda server: server.tls().auth("joe", "secret"),
    "implicit and auth": lambda server: server.auth("joe", "secret").tls("implicit"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sent_arrives(kind: str, smtp_server: SMTPServer, caplog: pytest.LogCaptureFixture) -> None:
    mail = mail_to(KINDS[kind](smtp_server))
    receipt = mail.send(hello())
    assert receipt.accepted == ("ann@example.com", "eve@example.com")
    [arrived] = smtp_server.messages
    assert arrived.envelope.sender == "shop@example.com"
    assert "BODY=8BITMIME" in arrived.envelope.mail_options
    assert arrived.recipients == ["ann@example.com", "eve@example.com"]
    assert arrived.bcc == ["eve@example.com"]
    assert arrived.subject == "Grüße"
    assert arrived.text == ".dots\n..more"
    assert arrived.message_id == receipt.message_id
    assert caplog.text == ""


def test_a_login_has_to_be_the_right_one(smtp_server: SMTPServer) -> None:
    smtp_server.auth("joe", "secret")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        mail_to(smtp_server, MAIL_PASSWORD="wrong").send(hello())
    with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
        mail_to(smtp_server, MAIL_USERNAME=None, MAIL_PASSWORD=None).send(hello())
    assert smtp_server.messages == []


def test_tls_is_demanded_and_its_certificate_verified(smtp_server: SMTPServer) -> None:
    smtp_server.tls()
    with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
        mail_to(smtp_server, MAIL_USE_TLS=False).send(hello())
    with pytest.raises(ssl.SSLCertVerificationError):
        mail_to(smtp_server, MAIL_TLS_CA=None).send(hello())
    assert smtp_server.messages == []


def test_what_is_asked_for_too_late_is_an_error(smtp_server: SMTPServer) -> None:
    assert smtp_server.port == smtp_server.config["MAIL_PORT"]
    for call, name in ((smtp_server.tls, "tls"), (smtp_server.auth, "auth")):
        with pytest.raises(RuntimeError) as caught:
            call()
        text = f"smtp_server runs already: call {name}() before its config or port is read"
        assert str(caught.value) == text


def test_a_kind_of_tls_that_does_not_exist_is_an_error(smtp_server: SMTPServer) -> None:
    with pytest.raises(ValueError, match="security is 'ssl', but it has to be 'starttls' or 'implicit'"):
        smtp_server.tls("ssl")  # type: ignore[arg-type]


def test_a_server_that_is_not_asked_for_anything_does_not_start(smtp_server: SMTPServer) -> None:
    assert "smtp_server" not in {thread.name for thread in threading.enumerate()}
    assert smtp_server.messages == []


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_when_it_stops(kind: str) -> None:
    with SMTPServer() as server:
        mail = mail_to(KINDS[kind](server))
        mail.send(hello())  # its connection is kept
        port, authority = server.port, server.config["MAIL_TLS_CA"]
        idle = socket.create_connection((server.host, port))
    assert "smtp_server" not in {thread.name for thread in threading.enumerate()}
    assert authority is None or not pathlib.Path(authority).exists()
    with idle, contextlib.suppress(ConnectionResetError):
        idle.settimeout(5)
        while idle.recv(100):
            pass
    with pytest.raises(DeliveryError) as caught:
        mail.send(hello())
    assert isinstance(caught.value, ConnectionRefusedError)


@pytest.mark.parametrize("package", ["aiosmtpd", "trustme"])
def test_a_missing_extra_is_named(package: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / f"{package}.py").write_text("raise ImportError('not installed')\n")
    program = "from flask_mail.testing import SMTPServer\nSMTPServer().tls().config"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert "MissingExtraError: " in done.stderr
    assert done.stderr.endswith(" needs an optional dependency: pip install 'Flask-Postbox[testing]'\n")
