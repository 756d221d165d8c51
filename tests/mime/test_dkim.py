"""DKIM: dkimpy's verifier is the judge."""

from __future__ import annotations

import base64
import pathlib
import types
import typing as t

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask

from flask_mail import Mail
from flask_mail import Message
from flask_mail.compose import compose
from flask_mail.errors import ConfigError
from flask_mail.errors import MissingExtraError
from flask_mail.mime import dkim as signing

RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()


def pem(key: t.Any, form: str = "PKCS8") -> str:
    private = getattr(serialization.PrivateFormat, form)
    octets = key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
    return str(octets.decode())


def raw(key: ed25519.Ed25519PrivateKey) -> str:
    kinds = serialization.Encoding.Raw, serialization.PrivateFormat.Raw
    return base64.b64encode(key.private_bytes(*kinds, serialization.NoEncryption())).decode()


def record(key: t.Any) -> bytes:
    """What the domain publishes in DNS (RFC 6376 §3.6.1, RFC 8463 §4)."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public)
    kinds = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(key.public_key().public_bytes(*kinds))


def verifies(octets: bytes, key: t.Any) -> bool:
    return bool(dkim.verify(octets, dnsfunc=lambda name, timeout=5: record(key)))


def settings(key: t.Any, **more: t.Any) -> t.Any:
    return types.SimpleNamespace(dkim_domain="example.com", dkim_selector="mail", dkim_key=key, **more)


def message(**fields: t.Any) -> Message:
    return Message(
        **{
            "subject": "Größe",
            "recipients": ["to@example.com"],
            "body": "text\n\n\n",
            "sender": "a@example.com",
            **fields,
        }
    )


KEYS = {
    "RSA, PKCS #1": (pem(RSA, "TraditionalOpenSSL"), RSA),
    "RSA, PKCS #8": (pem(RSA), RSA),
    "RSA, CRLF": (pem(RSA).replace("\n", "\r\n"), RSA),
    "RSA, from the environment": (pem(RSA).replace("\n", "\\n"), RSA),
    "Ed25519, PKCS #8": (pem(ED25519), ED25519),
    "Ed25519, as dknewkey writes it": (raw(ED25519), ED25519),
}


@pytest.mark.parametrize("name", KEYS)
def test_signatures_verify(name: str) -> None:
    key, private = KEYS[name]
    mail = message(html="<p>é</p>", cc=["c@example.com"])
    mail.attach("a.bin", None, bytes(100_000))
    mail.list_unsubscribe("https://example.com/u/1")
    submission = compose(mail, settings(key))
    octets = bytes(submission.content)
    assert verifies(octets, private)
    assert submission.content.size == len(octets)
    assert mail.as_bytes() == octets
    signed = dkim.DKIM(octets)
    assert signed.verify(dnsfunc=lambda name, timeout=5: record(private))
    names = [name.lower() for name, _ in signed.signed_headers]
    assert {b"from", b"list-unsubscribe", b"list-unsubscribe-post", b"subject", b"to", b"cc", b"date"} <= set(names)
    assert b"c=relaxed/relaxed" in octets.replace(b"\r\n ", b" ")


@pytest.mark.parametrize("key", [RSA, ED25519])
def test_what_is_changed_on_the_way_no_longer_verifies(key: t.Any) -> None:
    octets = bytes(compose(message(), settings(pem(key))).content)
    for changed in (
        octets.replace(b"text", b"next"),
        octets.replace(b"Date:", b"Date: "[:-1] + b" x"),
        octets.replace(b"\r\nFrom:", b"\r\nFrom: other@example.net\r\nFrom:"),
        octets.replace(b"\r\nFrom:", b"\r\nFrom: other@example.net\r\nX-From:"),
    ):
        assert changed != octets
        assert not verifies(changed, key)


def test_a_key_from_a_file(tmp_path: pathlib.Path) -> None:
    for name, (key, private) in KEYS.items():
        if "environment" in name:
            continue
        path = tmp_path / "key"
        path.write_text(key)
        signing._signer.cache_clear()
        for given in (path, str(path)):
            assert verifies(bytes(compose(message(), settings(given)).content), private)


def test_the_headers_to_sign_can_be_chosen() -> None:
    for headers in (["Subject"], "Subject, X-Not-There"):
        octets = bytes(compose(message(), settings(pem(RSA), dkim_headers=headers)).content)
        assert b"h=from : subject : from;" in octets.replace(b"\r\n", b"")
        assert verifies(octets, RSA)


def test_what_must_be_signed_is_signed_whatever_is_chosen() -> None:
    """RFC 8058 §4: without a signature over both of them, nobody may unsubscribe with one click."""
    mail = message()
    mail.list_unsubscribe("https://example.com/u/1")
    signed = dkim.DKIM(bytes(compose(mail, settings(pem(RSA), dkim_headers=["subject"])).content))
    assert signed.verify(dnsfunc=lambda name, timeout=5: record(RSA))
    names = {name.lower() for name, _ in signed.signed_headers}
    assert names == {b"from", b"list-unsubscribe", b"list-unsubscribe-post", b"subject"}


@pytest.mark.parametrize("headers", [["Sub:ject"], ["a b"], ["ü"], [""], "subject: to", ["a\r\nb"]])
def test_a_header_to_sign_has_the_name_of_one(headers: t.Any) -> None:
    with pytest.raises(ConfigError, match=r"^MAIL_DKIM_HEADERS") as caught:
        signing.signer("example.com", "mail", pem(RSA), headers)
    assert caught.value.key == "MAIL_DKIM_HEADERS"


@pytest.mark.parametrize("key", ["MAIL_DKIM_KEY", "MAIL_DKIM_SELECTOR"])
def test_half_of_the_settings_is_a_config_error(key: str) -> None:
    app = Flask(__name__)
    app.config[key] = pem(RSA) if key == "MAIL_DKIM_KEY" else "mail"
    with pytest.raises(ConfigError, match=f"^{key} is set, .* without MAIL_DKIM_DOMAIN") as caught:
        Mail(app)
    assert caught.value.key == key
    assert "BEGIN" not in str(caught.value)


WRONG = {
    "nothing": None,
    "no key": "no such file",
    "no PEM": "-----BEGIN NONSENSE-----",
    "broken": "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----",
    "something else": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    "encrypted": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
    "elliptic": pem(ec.generate_private_key(ec.SECP256R1())),
    "small": pem(rsa.generate_private_key(65537, 1024)).replace("MII", "MIX"),
    "public": RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_key_that_cannot_be_read_is_a_config_error_that_shows_none_of_it(name: str) -> None:
    with pytest.raises(ConfigError, match="^MAIL_DKIM_KEY ") as caught:
        signing.signer("example.com", "mail", WRONG[name])
    assert caught.value.key == "MAIL_DKIM_KEY"
    body = str(WRONG[name]).partition("KEY-----\n")[2][:40]
    assert not body or body not in str(caught.value)


@pytest.mark.parametrize(
    ("domain", "selector"), [("", "mail"), (None, "mail"), ("exa mple.com", "mail"), ("é.com", "mail")]
)
def test_a_wrong_domain_is_a_config_error(domain: t.Any, selector: str) -> None:
    with pytest.raises(ConfigError, match="^MAIL_DKIM_DOMAIN"):
        signing.signer(domain, selector, pem(RSA))


@pytest.mark.parametrize("selector", [None, "", "a b", "a;b"])
def test_a_wrong_selector_is_a_config_error(selector: str | None) -> None:
    with pytest.raises(ConfigError, match="^MAIL_DKIM_SELECTOR"):
        signing.signer("example.com", selector, pem(RSA))


def test_no_key_is_shown() -> None:
    made = signing.signer("example.com", "mail", raw(ED25519))
    assert repr(made) == "<Signer mail._domainkey.example.com>"


def test_without_dkimpy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dkim", None)
    signing._signer.cache_clear()
    with pytest.raises(MissingExtraError, match=r"Flask-Postbox\[dkim\]"):
        signing.signer("example.com", "mail", pem(ED25519))
