"""TLS from the first octet and by STARTTLS, good and bad: where it is refused, no octet of a login or of mail leaves.

The server keeps all it receives, before TLS and inside it.
"""

from __future__ import annotations

import base64
import collections.abc as c
import contextlib
import dataclasses as d
import datetime
import os
import pathlib
import smtplib
import ssl
import typing as t

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask

from flask_mail import DeliveryError
from flask_mail import Mail
from flask_mail import Message
from flask_mail.transports import tls

from ..servers import Authority
from .server import Conversation
from .server import FaultyServer
from .server import Link

PASSWORD = "Tr0ub4dor&3 canary"
WAYS = ("implicit", "STARTTLS")
NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
Make = c.Callable[["Files"], ssl.SSLContext]


class Files:
    """Certificates of this test run.

    :param folder: where those stand that settings name by a path.
    """

    def __init__(self, folder: pathlib.Path, authority: Authority) -> None:
        self.folder = folder
        self.authority = authority
        self.client = str(folder / "client.pem")
        leaf = authority._ca.issue_cert("client@example.com")
        leaf.private_key_and_cert_chain_pem.write_to_path(self.client)

    def self_signed(self) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + DAY)
        certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
        path = self.folder / "self-signed.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def of_a_stranger(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("localhost").configure_cert(context)
        return context

    def old(self) -> ssl.SSLContext:
        context = self.authority.server_context("localhost")
        with pytest.warns(DeprecationWarning):
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context

    def asking(self) -> ssl.SSLContext:
        """A server that wants to see a certificate."""
        context = self.authority.server_context("localhost")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.authority.ca_file)
        return context


def issued(*names: str, **issue: t.Any) -> Make:
    return lambda files: files.authority.server_context(*names, **issue)


def instead_of_tls(octets: bytes) -> c.Callable[[Link], None]:
    def answer(link: Link) -> None:
        link.send(octets)
        link.drain()  # what comes is TLS, and no command lines

    return answer


def stripped(_: Conversation, stage: str, __: str) -> t.Any:
    """STARTTLS vanishes from the offer; where TLS should be spoken at once, SMTP is."""
    if stage == "EHLO":
        return "250 faulty.example"
    return instead_of_tls(b"220 faulty.example\r\n") if stage == "handshake" else None


def no_tls_now(_: Conversation, stage: str, __: str) -> t.Any:
    if stage == "STARTTLS":
        return "454 4.7.0 TLS is not available now"
    return instead_of_tls(b"454 4.7.0 TLS is not available now\r\n") if stage == "handshake" else None


def injected(talk: Conversation, stage: str, _: str) -> t.Any:
    """Someone on the way puts a reply before what comes protected (CVE-2021-23993 and others)."""
    if stage == "STARTTLS":
        return (lambda link: link.send(b"220 go ahead\r\n250 faulty.example\r\n")) if not talk.server.implicit else None
    if stage == "handshake" and talk.server.implicit:
        return _clear_text_first
    return None


def _clear_text_first(link: Link) -> None:
    link.send(b"220 faulty.example\r\n")
    link.start_tls()


@d.dataclass(frozen=True)
class Case:
    """What the server shows, how the client is set, and what comes of it.

    :param error: what is raised with TLS from the first octet, and by STARTTLS; ``None`` where mail is delivered.
    :param transient: whether trying again may help, likewise.
    """

    context: Make
    error: tuple[type[Exception], type[Exception]] | None = None
    stage: tuple[str, str] = ("tls", "tls")
    transient: tuple[bool, bool] = (False, False)
    host: str = "localhost"
    trouble: t.Any = None
    config: dict[str, t.Any] = d.field(default_factory=dict)
    trusted: str = "MAIL_TLS_CA"
    """Where the authority stands: a setting, the system's ``SSL_CERT_FILE``, or nowhere."""
    client: bool = False
    """Whether to show a certificate."""


REFUSED = (ssl.SSLCertVerificationError, ssl.SSLCertVerificationError)
NO_TLS = (ssl.SSLError, smtplib.SMTPNotSupportedError)
CASES = {
    "valid": Case(issued("localhost"), trusted="SSL_CERT_FILE"),
    "self-signed": Case(lambda files: files.self_signed(), REFUSED),
    "wrong host": Case(issued("other.example"), REFUSED),
    "expired": Case(issued("localhost", not_before=NOW - 3 * DAY, not_after=NOW - DAY), REFUSED),
    "unknown CA": Case(lambda files: files.of_a_stranger(), REFUSED),
    "IP address": Case(issued("localhost"), REFUSED, host="127.0.0.1"),
    "IP address, certified": Case(issued("127.0.0.1"), host="127.0.0.1"),
    "TLS 1.1 only": Case(lambda files: files.old(), (ssl.SSLError, ssl.SSLError)),
    "TLS 1.1 only, unverified": Case(
        lambda files: files.old(), (ssl.SSLError, ssl.SSLError), config={"MAIL_TLS_VERIFY": False}
    ),
    "STARTTLS stripped": Case(issued("localhost"), NO_TLS, ("tls", "starttls"), trouble=stripped),
    "454": Case(
        issued("localhost"),
        (ssl.SSLError, smtplib.SMTPResponseException),
        ("tls", "starttls"),
        (False, True),
        trouble=no_tls_now,
    ),
    "injected": Case(
        issued("localhost"),
        (ssl.SSLError, smtplib.SMTPServerDisconnected),
        ("tls", "starttls"),
        (False, True),
        trouble=injected,
    ),
    "custom CA": Case(issued("localhost"), trusted="MAIL_TLS_CA"),
    "custom CA, not named": Case(issued("localhost"), REFUSED, trusted="nowhere"),
    "client certificate": Case(lambda files: files.asking(), client=True),
    # With TLS 1.3 the client's handshake is over before the server finds a certificate missing.
    "client certificate, none shown": Case(
        lambda files: files.asking(), (ssl.SSLError, ssl.SSLError), ("greeting", "ehlo")
    ),
    "unverified": Case(lambda files: files.self_signed(), config={"MAIL_TLS_VERIFY": False}),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Files:
    return Files(tmp_path_factory.mktemp("files"), authority)


@contextlib.contextmanager
def trusted_by_the_system(path: str, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[None]:
    with monkeypatch.context() as patch:
        tls._context.cache_clear()
        patch.setenv("SSL_CERT_FILE", path)
        patch.setenv("SSL_CERT_DIR", os.devnull)
        yield
    tls._context.cache_clear()


def settings(case: Case, way: str, files: Files, server: FaultyServer) -> dict[str, t.Any]:
    config = {**server.config, "MAIL_SERVER": case.host, "MAIL_TIMEOUT": 20, **case.config}
    config["MAIL_USE_SSL" if way == "implicit" else "MAIL_USE_TLS"] = True
    config.update(MAIL_USERNAME="me", MAIL_PASSWORD=PASSWORD, MAIL_DEFAULT_SENDER="from@example.com")
    if case.trusted == "MAIL_TLS_CA":
        config["MAIL_TLS_CA"] = files.authority.ca_file
    if case.client:
        config["MAIL_TLS_CERT"] = files.client
    return config


def refuse_all_of_it(server: FaultyServer) -> None:
    """Nothing came that belongs to a login or to mail, neither in clear nor inside TLS."""
    assert {verb.upper() for verb in server.verbs} <= {"EHLO", "STARTTLS", "QUIT"}
    secret = base64.b64encode(f"\0me\0{PASSWORD}".encode())
    for octets in (bytes(server.raw), bytes(server.plain)):
        for word in (b"AUTH", b"MAIL", b"Subject", PASSWORD.encode(), secret, base64.b64encode(PASSWORD.encode())):
            assert word not in octets
    assert server.taken == []


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("way", WAYS)
def test_tls(way: str, name: str, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    options: dict[str, t.Any] = {"mechanisms": "PLAIN", "accounts": {"me": PASSWORD}, "trouble": case.trouble}
    with contextlib.ExitStack() as stack:
        stack.enter_context(
            trusted_by_the_system(
                files.authority.ca_file if case.trusted == "SSL_CERT_FILE" else os.devnull, monkeypatch
            )
        )
        context = case.context(files)
        server = stack.enter_context(FaultyServer(context=context, implicit=way == "implicit", **options))
        app = Flask("app_of_a_test")
        app.config.update(settings(case, way, files, server))
        mail = Mail(app)
        message = Message("Hello", ["to@example.com"], "x")
        if case.error is None:
            assert mail.send(message).complete
            assert b"AUTH PLAIN" in server.plain
            assert b"AUTH PLAIN" not in server.raw
            return
        with pytest.raises(case.error[WAYS.index(way)]) as caught:
            mail.send(message)
        error = caught.value
        assert isinstance(error, DeliveryError)
        assert error.stage == case.stage[WAYS.index(way)]
        assert error.transient is case.transient[WAYS.index(way)]
        assert server.connections == 1
        results = list(mail.send_many([message] * 3))
        assert [type(result.error) for result in results] == [type(error)] * 3
        assert server.connections == 1 + (3 if error.transient else 1), "what cannot succeed is tried once"
        server.wait_for(lambda: server.open == 0)
        refuse_all_of_it(server)


@pytest.mark.parametrize("way", WAYS)
def test_the_server_is_told_which_host_is_meant_and_the_context_made_once(
    way: str, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SNI (RFC 6066 §3); and making a context takes longer than sending many messages."""
    named: list[str | None] = []
    made: list[ssl.SSLContext] = []
    make = ssl.create_default_context

    def counted(**options: t.Any) -> ssl.SSLContext:
        made.append(make(**options))
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    tls._context.cache_clear()
    context = files.authority.server_context("localhost")
    context.sni_callback = lambda _, name, __: named.append(name)
    with FaultyServer(context=context, implicit=way == "implicit") as server:
        app = Flask("app_of_a_test")
        app.config.update(server.config, MAIL_SERVER="localhost", MAIL_TLS_CA=files.authority.ca_file)
        app.config.update(MAIL_POOL_SIZE=0, MAIL_DEFAULT_SENDER="from@example.com", MAIL_USE_SSL=way == "implicit")
        app.config.update(MAIL_USE_TLS=way == "STARTTLS")
        for _ in range(3):
            mail = Mail(app)
            assert mail.send(Message("Hello", ["to@example.com"], "x")).complete
            assert all(result.ok for result in mail.send_many([Message("Hello", ["to@example.com"], "x")]))
        assert named == ["localhost"] * 6
        assert len(made) == 1


def test_a_context_given_is_used_as_it_is(files: Files) -> None:
    context = ssl.create_default_context(cafile=files.authority.ca_file)
    with FaultyServer(context=files.authority.server_context("localhost"), implicit=True) as server:
        app = Flask("app_of_a_test")
        app.config.update(server.config, MAIL_SERVER="localhost", MAIL_USE_SSL=True, MAIL_TLS_CONTEXT=context)
        app.config.update(MAIL_DEFAULT_SENDER="from@example.com")
        assert Mail(app).send(Message("Hello", ["to@example.com"], "x")).complete
