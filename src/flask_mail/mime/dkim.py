"""DKIM signatures over the final octets, by dkimpy (RFC 6376, RFC 8463)."""

from __future__ import annotations

import base64
import binascii
import functools
import importlib
import re
import typing as t

from ..errors import ConfigError
from ..errors import MissingExtraError

HEADERS = [
    "from",
    "sender",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "to",
    "cc",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "in-reply-to",
    "references",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-help",
    "list-post",
    "auto-submitted",
]
"""What is signed where it is present: RFC 6376 §5.4.1, and both unsubscribe headers as RFC 8058 §4 demands."""

_ALWAYS = ("list-unsubscribe", "list-unsubscribe-post")
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----(.*?)-----END \1PRIVATE KEY-----", re.DOTALL)
_ED25519 = bytes.fromhex("302e020100300506032b657004220420")  # RFC 8410 §7: PKCS #8 with a seed of 32 octets
_NAME = re.compile(r"[!-9;-~]{1,100}\Z")  # RFC 5322 §3.6.8
_SELECTOR = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z_.-]*[0-9A-Za-z])?\Z")


class Signer:
    """Signs messages for one domain; see :func:`signer`."""

    def __init__(self, domain: str, selector: str, algorithm: str, key: bytes, names: tuple[str, ...]) -> None:
        self._domain, self._selector = domain.encode("ascii"), selector.encode("ascii")
        self._algorithm, self._key, self._names = algorithm.encode("ascii"), key, names

    def __repr__(self) -> str:
        return f"<Signer {self._selector.decode()}._domainkey.{self._domain.decode()}>"

    def header(self, octets: bytes, seconds: int) -> bytes:
        """The DKIM-Signature header, with CRLF, for a whole message.

        :param octets: the message with CRLF line ends.
        :param seconds: the time of the signature, in seconds since the epoch; the same message and time give the
            same signature, because both algorithms are deterministic.
        """
        head = octets.partition(b"\r\n\r\n")[0]
        present = {line.partition(b":")[0].strip().lower() for line in head.split(b"\r\n")}
        names = [name for name in self._names if name.encode("ascii") in present]
        signature = _dated(octets, seconds).sign(
            self._selector,
            self._domain,
            self._key,
            signature_algorithm=self._algorithm,
            canonicalize=(b"relaxed", b"relaxed"),
            # A name signed once more than it is there keeps a second one out: RFC 6376 §5.4.2.
            include_headers=[name.encode("ascii") for name in [*names, "from"]],
        )
        return bytes(signature)


def signer(domain: str, selector: str | None, key: t.Any, headers: t.Any = None) -> Signer:
    """A signer for the settings, which are checked; the same settings give the same signer.

    :param domain: ``MAIL_DKIM_DOMAIN``.
    :param selector: ``MAIL_DKIM_SELECTOR``.
    :param key: ``MAIL_DKIM_KEY``: PEM text or a path to it, RSA or Ed25519; or 32 octets in base64, Ed25519.
    :param headers: ``MAIL_DKIM_HEADERS``, the names to sign where they are present; :data:`HEADERS` by default.
        From and both unsubscribe headers are signed in any case (RFC 6376 §5.4, RFC 8058 §4).
    :raises ConfigError: a setting is missing or cannot be used.
    :raises MissingExtraError: dkimpy is not installed.
    """
    for name, value in (("DOMAIN", domain), ("SELECTOR", selector)):
        if not isinstance(value, str) or not _SELECTOR.match(value):
            raise ConfigError(f"MAIL_DKIM_{name}: {value!r} is not a domain name in ASCII", key=f"MAIL_DKIM_{name}")
    if not key:
        raise ConfigError("MAIL_DKIM_KEY is missing: give a private key in PEM, or a path to it", key="MAIL_DKIM_KEY")
    names = headers.replace(",", " ").split() if isinstance(headers, str) else headers or HEADERS
    lower = tuple(dict.fromkeys(["from", *(_checked_name(name) for name in names), *_ALWAYS]))
    text = key.decode("ascii", "replace") if isinstance(key, bytes) else str(key)
    return _signer(domain, str(selector), text, lower)


def _checked_name(given: t.Any) -> str:
    name = str(given).strip().lower()
    if not _NAME.match(name):
        raise ConfigError(f"MAIL_DKIM_HEADERS: {name!a} is not the name of a header", key="MAIL_DKIM_HEADERS")
    return name


@functools.lru_cache(maxsize=16)
def _signer(domain: str, selector: str, key: str, names: tuple[str, ...]) -> Signer:
    algorithm, octets = _loaded(key)
    return Signer(domain, selector, algorithm, octets, names)


def _loaded(key: str) -> tuple[str, bytes]:
    """The algorithm of a private key, and the key as dkimpy wants it. No error shows any of the key."""
    text = key.replace("\\n", "\n") if "-----BEGIN" in key else key
    if "-----BEGIN" not in text:
        seed = _seed(text.strip())
        if seed is not None:
            return "ed25519-sha256", seed
        try:
            with open(key, encoding="ascii") as file:
                text = file.read()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "no such file"
            raise _unusable(f"neither PEM text nor a readable file ({reason})") from None
    pem = _PEM.search(text)
    if pem is None:
        seed = _seed(text.strip())
        if seed is None:
            raise _unusable("there is no private key in PEM in it")
        return "ed25519-sha256", seed
    return _from_pem(pem[1].strip(), "".join(pem[2].split()))


def _seed(text: str) -> bytes | None:
    """Base64 of the 32 octets of an Ed25519 key, as ``dknewkey`` writes it."""
    try:
        return text.encode("ascii") if len(base64.b64decode(text, validate=True)) == 32 else None
    except ValueError:
        return None


def _from_pem(kind: str, body: str) -> tuple[str, bytes]:
    if kind not in ("", "RSA") or ":" in body:
        raise _unusable("only unencrypted RSA and Ed25519 keys can be used")
    try:
        der = base64.b64decode(body, validate=True)
    except binascii.Error:
        raise _unusable("its base64 is broken") from None
    if der.startswith(_ED25519) and len(der) == len(_ED25519) + 32:
        _dkim()
        return "ed25519-sha256", base64.b64encode(der[-32:])
    pem = f"-----BEGIN {kind} PRIVATE KEY-----\n{body}\n-----END {kind} PRIVATE KEY-----\n".replace("  ", " ")
    try:
        bits = _dkim("dkim.crypto").parse_pem_private_key(pem.encode("ascii"))["modulus"].bit_length()
    except Exception as error:
        raise _unusable(f"it cannot be read ({type(error).__name__})") from None
    if bits < 1024:
        raise _unusable(f"{bits} bits are too few for RFC 8301; make one of 2048")
    return "rsa-sha256", pem.encode("ascii")


def _unusable(why: str) -> ConfigError:
    return ConfigError(f"MAIL_DKIM_KEY cannot be used: {why}", key="MAIL_DKIM_KEY")


def _dkim(name: str = "dkim") -> t.Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError("Signing with DKIM", "dkim") from error


def _dated(octets: bytes, seconds: int) -> t.Any:
    """dkimpy's signer for a message, with the time of the signature given instead of taken from the clock."""
    dkim = _dkim().DKIM(octets)
    write: t.Any = dkim.gen_header

    def gen_header(fields: list[tuple[bytes, bytes]], *rest: t.Any) -> t.Any:
        return write([(tag, b"%d" % seconds if tag == b"t" else value) for tag, value in fields], *rest)

    dkim.gen_header = gen_header
    return dkim
