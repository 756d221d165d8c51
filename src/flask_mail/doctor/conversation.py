"""The checks that speak with the server, in the order in which they are made when mail is sent."""

from __future__ import annotations

import collections.abc as c
import ipaddress
import smtplib
import ssl
import time
import typing as t

from ..address import Mailbox
from ..address import one
from ..errors import DeliveryError
from ..message import Message
from ..transports.connect import authenticate
from ..transports.connect import begin
from ..transports.connect import greet
from ..transports.connect import start_tls
from ..transports.connect import wants_tls
from ..transports.connect import welcome
from ..transports.offer import Offer
from ..transports.wire import Client
from .exam import Exam
from .exam import Seen
from .report import Trouble

_SOON: t.Final = 14
"""Days before its end from which on a certificate is worth a look."""


def client_of(exam: Exam) -> Client:
    """The connection; made of the socket by the first that asks, which for TLS from the start is its handshake."""
    if exam.client is None:
        assert exam.sock is not None
        exam.keep(begin(exam.sock, exam.endpoint()))
    return exam.connected()


def greeting(exam: Exam) -> Seen:
    """Whether the server greets, and with what."""
    reply = welcome(client_of(exam), exam.endpoint())
    return Seen(exam.clean(f"{reply.code} {reply.text.splitlines()[0] if reply.text else ''}".strip()))


def tls(exam: Exam) -> Seen:
    """How the connection is protected, by whose certificate, and for how long yet."""
    endpoint, client = exam.endpoint(), client_of(exam)
    if endpoint.security != "tls":
        try:
            greet(client, endpoint)
        except DeliveryError as error:
            exam.heard_early = error
            return Seen(exam.say("skipped-needs", check=exam.words.label("ehlo")), skipped=True)
        if not wants_tls(client, endpoint):
            return _clear(exam, client)
        start_tls(client, endpoint)
    assert isinstance(client.sock, ssl.SSLSocket)
    return _protected(exam, client.sock)


def _clear(exam: Exam, client: Client) -> Seen:
    assert client.sock is not None
    address = str(client.sock.getpeername()[0]).partition("%")[0]
    if exam.endpoint().proxy is None and ipaddress.ip_address(address).is_loopback:
        return Seen(exam.say("tls-local"))
    key = "tls-unused-offered" if client.has_extn("starttls") else "tls-unused"
    return Seen(exam.say("tls-none"), (exam.trouble(key, grave=False),))


def _protected(exam: Exam, sock: ssl.SSLSocket) -> Seen:
    certificate: dict[str, t.Any] = t.cast("dict[str, t.Any] | None", sock.getpeercert()) or {}
    if not certificate:  # not verified, so not read either
        return Seen(exam.say("tls-unverified", version=sock.version()), (exam.trouble("unverified", grave=False),))
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // 86_400)
    figure = exam.say("tls", version=sock.version(), issuer=_issuer(certificate), days=days)
    return Seen(figure, (exam.trouble("expires-soon", grave=False, days=days),) if days < _SOON else ())


def _issuer(certificate: c.Mapping[str, t.Any]) -> str:
    names: dict[str, str] = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    return names.get("organizationName") or names.get("commonName") or "?"


def ehlo(exam: Exam) -> Seen:
    """What the server offers, and what of it will be used."""
    if exam.heard_early is not None:
        raise exam.heard_early
    client = client_of(exam)
    if client.ehlo_resp is None and client.helo_resp is None:  # once more after STARTTLS (RFC 3207 §4.2)
        greet(client, exam.endpoint())
    if not client.does_esmtp:
        return Seen("HELO", (exam.trouble("helo-only", grave=False),))
    offer = Offer.of(client.esmtp_features, client.banner)
    used = [("PIPELINING", offer.pipelining), ("CHUNKING", offer.chunking), ("SIZE", offer.size is not None)]
    used += [("SMTPUTF8", offer.smtputf8), ("DSN", offer.dsn)]
    there, missing = (", ".join(name for name, yes in used if yes is wanted) for wanted in (True, False))
    size = exam.say("ehlo-size", size=_size(offer.size)) if offer.size else exam.say("ehlo-any-size")
    notes = [exam.say("ehlo-missing", names=missing)] if missing else []
    if client.has_extn("auth"):
        notes.append(exam.say("ehlo-auth", names=exam.clean(client.esmtp_features["auth"].strip())))
    return Seen(exam.say("ehlo-uses", size=size, names=there) if there else size, notes=tuple(notes))


def _size(octets: int) -> str:
    return f"{octets / 1_000_000:.1f} MB" if octets >= 1_000_000 else f"{octets / 1_000:.0f} kB"


def login(exam: Exam) -> Seen:
    """Whether the server lets the user in."""
    client, endpoint = client_of(exam), exam.endpoint()
    if endpoint.account is None:
        return Seen(exam.say("login-none"))
    mechanism = authenticate(client, endpoint)
    clear: tuple[Trouble, ...] = ()
    if not isinstance(client.sock, ssl.SSLSocket) and endpoint.cleartext_auth:
        clear = (exam.trouble("cleartext-login", grave=False),)
    return Seen(exam.say("login", user=endpoint.account.username, mechanism=mechanism), clear)


def sender(exam: Exam) -> Seen:
    """Whether the server takes mail from the default sender; no recipient is named, so nothing is sent."""
    mailbox = default_sender(exam)
    if mailbox is None:
        return Seen(exam.say("sender-none"), (exam.trouble("no-sender", grave=False),))
    client, endpoint = client_of(exam), exam.endpoint()
    if mailbox.utf8 and not client.has_extn("smtputf8"):
        return Seen(str(mailbox), (exam.trouble("utf8-unsupported", address=mailbox.address),))
    with endpoint.at("mail"):
        client.limit = endpoint.timeouts.of("mail")
        reply = client.command(f"MAIL FROM:<{mailbox.address}>" + (" SMTPUTF8" if mailbox.utf8 else ""))
        if reply.code != 250:
            raise smtplib.SMTPSenderRefused(reply.code, reply.raw, mailbox.address)
        client.command("RSET")
    return Seen(exam.say("sender", address=mailbox.address))


def default_sender(exam: Exam) -> Mailbox | None:
    """The address messages come from that name none.

    :raises MessageError: it is no address.
    """
    written = exam.values.get("MAIL_DEFAULT_SENDER")
    return None if written is None else one(written, "MAIL_DEFAULT_SENDER")


def send(exam: Exam) -> Seen:
    """Send one message, as the application would."""
    assert exam.case.state is not None
    assert exam.send_to is not None
    receipt = exam.case.state.send(test_message(exam.send_to, exam.say))
    if receipt.suppressed:
        return Seen(exam.say("send-suppressed"), (exam.trouble("nothing-sent"),))
    if exam.case.captured and exam.case.in_use:
        return Seen(exam.say("send-captured"), (exam.trouble("only-captured"),))
    return Seen(exam.clean(exam.say("send", address=", ".join(receipt.accepted), reply=receipt.reply or "")))


def test_message(address: str, say: c.Callable[..., str]) -> Message:
    """What is sent to try."""
    return Message(say("test-subject"), recipients=[address], body=say("test-body"))
