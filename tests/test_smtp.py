"""SMTP against real servers: what is sent, what is refused, and that nothing leaves before the server is trusted."""

from __future__ import annotations

import base64
import collections.abc as c
import datetime
import logging
import select
import smtplib
import socket
import ssl
import struct
import time
import types
import typing as t

import pytest
import trustme

from flask_mail import DeliveryError
from flask_mail.delivery import deliver
from flask_mail.delivery import open_session
from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Submission
from flask_mail.transports import connect
from flask_mail.transports import wire
from flask_mail.transports.auth import Account
from flask_mail.transports.connect import Endpoint
from flask_mail.transports.dots import dot_stuffed
from flask_mail.transports.smtp import SMTPTransport
from flask_mail.transports.timeouts import Timeouts
from flask_mail.transports.tls import Trust

from . import servers
from .servers import Authority
from .servers import PASSWORD
from .servers import ScriptedServer
from .servers import Server
from .servers import USERNAME

StartServer = c.Callable[..., Server]
Scripted = c.Callable[..., ScriptedServer]
ME = Account(USERNAME, PASSWORD)


def submission(*recipients: str, content: bytes = b"Subject: x\r\n\r\nhello\r\n", **envelope: t.Any) -> Submission:
    to = recipients or ("to@example.com",)
    return Submission(Envelope("from@example.com", to, **envelope), Content([content]), "<1@example.com>")


def transport(server: Server | ScriptedServer, *, timeout: float = 5.0, **options: t.Any) -> SMTPTransport:
    return SMTPTransport(Endpoint(server.host, server.port, timeouts=Timeouts(timeout), **options))


def send(server: Server | ScriptedServer, what: Submission | None = None, **options: t.Any) -> t.Any:
    session = open_session(transport(server, **options))
    try:
        return deliver(what or submission(), session)
    finally:
        session.close()


def test_one_transaction(smtp: Server) -> None:
    receipt = send(smtp, submission("a@example.com", "b@example.com"))
    (delivery,) = smtp.wait()
    assert delivery.sender == "from@example.com"
    assert delivery.recipients == receipt.accepted == ("a@example.com", "b@example.com")
    assert delivery.content == b"Subject: x\r\n\r\nhello\r\n"
    assert receipt.message_id == "<1@example.com>"
    assert receipt.complete
    assert receipt.reply.code == 250
    smtp.wait_for(lambda: "QUIT" in smtp.verbs)


def test_the_session_shows_a_smtplib_client(smtp: Server, smtp_tls: Server, authority: Authority) -> None:
    session = transport(smtp).open()
    assert isinstance(session.host, smtplib.SMTP)
    assert session.host.sendmail("a@example.com", ["b@example.com"], b"Subject: y\r\n\r\n") == {}
    session.host.quit()
    session.close()
    assert smtp.wait()[0].sender == "a@example.com"
    session = transport(smtp_tls, security="tls", trust=Trust(ca=authority.ca_file)).open()
    assert isinstance(session.host, smtplib.SMTP_SSL)
    session.close()


def test_37_greeting_without_a_name_look_up(smtp: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda *_: pytest.fail("asked DNS for its own name"))
    monkeypatch.setattr(socket, "gethostname", lambda: "unqualified")
    send(smtp)
    assert smtp.wait()[0].helo == "[127.0.0.1]"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_dots_are_stuffed_across_chunks(size: int) -> None:
    content = b".a\r\n..b\r\n.\r\n\r\n.c\r\nd.\r\n"
    chunks = [content[i : i + size] for i in range(0, len(content), size)]
    assert b"".join(dot_stuffed(chunks)) == b"..a\r\n...b\r\n..\r\n\r\n..c\r\nd.\r\n.\r\n"


def test_content_without_a_last_line_end_gets_one() -> None:
    assert b"".join(dot_stuffed([b"a"])) == b"a\r\n.\r\n"
    assert b"".join(dot_stuffed([])) == b".\r\n"


def test_dots_arrive_as_they_were(smtp: Server) -> None:
    content = b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n"
    send(smtp, submission(content=content))
    assert smtp.wait()[0].content == content


@pytest.mark.parametrize(("tls", "security"), [("starttls", "starttls"), ("implicit", "tls")])
def test_tls_and_login(start_server: StartServer, authority: Authority, tls: str, security: str) -> None:
    server = start_server(tls=tls, auth=True)
    send(server, security=security, account=ME, trust=Trust(ca=authority.ca_file))
    (delivery,) = server.wait()
    assert delivery.tls
    assert delivery.login == USERNAME


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_each_mechanism(start_server: StartServer, mechanism: str) -> None:
    others = {"PLAIN", "LOGIN"} - {mechanism}
    server = start_server(auth=True)
    server._controller.SMTP_kwargs["auth_exclude_mechanism"] = others
    send(server, account=ME)
    assert server.wait()[0].login == USERNAME
    assert [arg.split()[0] for verb, arg in server.commands if verb == "AUTH"] == [mechanism]


def bad_certificates(authority: Authority) -> dict[str, ssl.SSLContext]:
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(stranger)
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    return {
        "unknown authority": stranger,
        "other host": authority.server_context("other.example"),
        "expired": authority.server_context("127.0.0.1", not_before=past, not_after=past + datetime.timedelta(1)),
    }


@pytest.mark.parametrize("fault", ["unknown authority", "other host", "expired"])
@pytest.mark.parametrize(("tls", "security"), [("starttls", "starttls"), ("implicit", "tls")])
def test_2_a_bad_certificate_is_refused(
    start_server: StartServer, authority: Authority, tls: str, security: str, fault: str
) -> None:
    server = start_server(tls=tls, auth=True, context=bad_certificates(authority)[fault])
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        send(server, security=security, account=ME, trust=Trust(ca=authority.ca_file))
    assert isinstance(caught.value, DeliveryError)
    assert caught.value.stage == "tls"
    assert not caught.value.transient
    assert ("MAIL_TLS_CA" in "".join(caught.value.__notes__)) == (fault == "unknown authority")
    assert "MAIL_TLS_VERIFY" in "".join(caught.value.__notes__)
    assert server.logins == []
    assert "MAIL" not in server.verbs


def test_2_verification_can_be_turned_off_by_name(start_server: StartServer, authority: Authority) -> None:
    server = start_server(tls="starttls", auth=True, context=bad_certificates(authority)["unknown authority"])
    send(server, security="starttls", account=ME, trust=Trust(verify=False))
    assert server.wait()[0].tls


def test_2_old_tls_is_refused(authority: Authority, start_server: StartServer) -> None:
    context = authority.server_context()
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    server = start_server(tls="implicit", context=context)
    with pytest.raises(ssl.SSLError) as caught:
        send(server, security="tls", trust=Trust(verify=False))
    assert isinstance(caught.value, DeliveryError)


def test_a_missing_starttls_is_an_error(smtp: Server) -> None:
    with pytest.raises(smtplib.SMTPNotSupportedError, match="does not offer STARTTLS.*MAIL_USE_SSL") as caught:
        send(smtp, security="starttls", account=ME)
    assert caught.value.stage == "starttls"
    assert smtp.logins == []


def test_text_injected_before_the_handshake_is_an_error(scripted: Scripted) -> None:
    server = scripted(
        [
            b"220 x\r\n",
            servers.line,
            b"250-x\r\n250 STARTTLS\r\n",
            servers.line,
            b"220 go\r\n250 2.0.0 injected\r\n",
            servers.hang,
        ]
    )
    with pytest.raises(smtplib.SMTPServerDisconnected, match="in clear text") as caught:
        send(server, security="starttls", account=ME)
    assert caught.value.stage == "starttls"
    assert [line.split()[0] for line in server.received] == [b"EHLO", b"STARTTLS"]


def remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server look as if it were another machine."""
    monkeypatch.setattr("flask_mail.transports.connect._within_machine", lambda client, endpoint: False)


def test_2_no_password_in_clear(smtp_auth: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    remote(monkeypatch)
    with pytest.raises(smtplib.SMTPNotSupportedError, match="MAIL_ALLOW_CLEARTEXT_AUTH") as caught:
        send(smtp_auth, account=ME)
    assert isinstance(caught.value, DeliveryError)
    assert caught.value.stage == "auth"
    assert smtp_auth.logins == []
    send(smtp_auth, account=ME, cleartext_auth=True)
    assert smtp_auth.logins == [USERNAME]


def test_2_starttls_is_used_for_a_password_where_it_is_offered(
    smtp_starttls: Server, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote(monkeypatch)
    send(smtp_starttls, account=ME, trust=Trust(ca=authority.ca_file))
    assert smtp_starttls.wait()[0].tls


def test_19_a_refused_login(smtp_auth: Server) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        send(smtp_auth, account=Account(USERNAME, "wrong"))
    error = t.cast(t.Any, caught.value)
    assert (error.stage, error.transient, error.smtp_code, error.reply.code) == ("auth", False, 535, 535)
    assert "app password or an authorisation code" in "".join(error.__notes__)
    assert len(smtp_auth.logins) == 1, "a second attempt may lock the account"


def test_a_server_without_login(start_server: StartServer) -> None:
    server = start_server(username=None)
    with pytest.raises(smtplib.SMTPNotSupportedError, match="offers no login"):
        send(server, account=ME)


def test_non_ascii_passwords_are_utf_8(start_server: StartServer) -> None:
    server = start_server(auth=True, password="pässwörd密码")
    send(server, account=Account(USERNAME, "pässwörd密码"))
    assert server.wait()[0].login == USERNAME


def test_9_the_refused_are_named(smtp: Server, caplog: pytest.LogCaptureFixture) -> None:
    smtp.refused["b@example.com"] = "550 5.1.1 no such user"
    with caplog.at_level(logging.WARNING, "flask_mail"):
        receipt = send(smtp, submission("a@example.com", "b@example.com", "c@example.com"))
    assert receipt.accepted == ("a@example.com", "c@example.com") == smtp.wait()[0].recipients
    assert {who: reply.code for who, reply in receipt.refused.items()} == {"b@example.com": 550}
    assert receipt.refused["b@example.com"].enhanced == "5.1.1"
    assert "b@example.com was refused: 550 5.1.1 no such user" in caplog.text


def test_everybody_refused(smtp: Server) -> None:
    smtp.refused["b@example.com"] = "550 5.1.1 no such user"
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(smtp, submission("b@example.com"))
    error = t.cast(t.Any, caught.value)
    assert error.recipients == {"b@example.com": (550, b"5.1.1 no such user")}
    assert (error.stage, error.transient) == ("rcpt", False)
    assert smtp.deliveries == []


@pytest.mark.parametrize(
    ("verb", "reply", "kind", "stage", "transient"),
    [
        ("EHLO", "550 no", None, None, None),
        ("MAIL", "550 no", smtplib.SMTPSenderRefused, "mail", False),
        ("MAIL", "450 later", smtplib.SMTPSenderRefused, "mail", True),
        ("MAIL", "421 busy", smtplib.SMTPSenderRefused, "mail", True),
        ("RCPT", "421 busy", smtplib.SMTPRecipientsRefused, "rcpt", True),
        ("DATA", "554 no", smtplib.SMTPDataError, "data", False),
        (".", "451 later", smtplib.SMTPDataError, "end-of-data", True),
        (".", "554 spam", smtplib.SMTPDataError, "end-of-data", False),
    ],
)
def test_1_the_first_error_is_what_is_raised(
    smtp: Server, verb: str, reply: str, kind: t.Any, stage: str | None, transient: bool | None
) -> None:
    smtp.replies[verb] = reply
    smtp.replies["RSET"] = "421 gone"
    if kind is None:
        assert send(smtp).complete  # HELO is the way out (RFC 5321 §3.2)
        return
    with pytest.raises(kind) as caught:
        send(smtp)
    error = t.cast(t.Any, caught.value)
    assert isinstance(error, DeliveryError)
    assert (error.stage, error.transient, str(error.reply)) == (stage, transient, reply)
    assert smtp.deliveries == []


def test_1_nothing_at_parting_fails_a_delivery(smtp: Server) -> None:
    smtp.replies["QUIT"] = "500 what?"
    assert send(smtp).complete
    smtp.wait()


def test_a_session_goes_on_after_a_refusal(smtp: Server) -> None:
    smtp.refused["b@example.com"] = "450 later"
    session = transport(smtp).open()
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        session.send(submission("b@example.com"))
    assert session.send(submission("a@example.com")).complete
    session.close()
    session.close()
    assert smtp.connections == 1


def test_30_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError) as caught:
        open_session(SMTPTransport(Endpoint("127.0.0.1", port, timeouts=Timeouts(5))))
    error = t.cast(t.Any, caught.value)
    assert (error.stage, error.transient, error.errno) == ("connect", True, 111)
    assert error.__notes__[0] == f"While sending mail with 127.0.0.1:{port}, stage connect."
    assert "Nothing listens at MAIL_SERVER and MAIL_PORT" in error.__notes__[-1]


def test_of_several_addresses_the_first_that_answers_is_used(smtp: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(host: str, port: int, **_: t.Any) -> list[t.Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    several = SMTPTransport(Endpoint("several.example", smtp.port, timeouts=Timeouts(5)))
    addresses = ["127.0.0.3", "127.0.0.4", smtp.host]  # nobody listens at the first two
    several.open().close()
    addresses = ["127.0.0.3", "127.0.0.4"]
    with pytest.raises(ConnectionRefusedError) as caught:
        several.open()
    assert t.cast(t.Any, caught.value).stage == "connect"


def test_what_is_an_address_already_is_not_asked_for(smtp: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("asked for an address's address"))
    assert send(smtp).complete


@pytest.mark.parametrize("host", ["127.0.0.1.", "256.0.0.1", "server1", "::1"])
def test_what_only_looks_like_one_is(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *_, **__: asked.append(name) or [])
    with pytest.raises(OSError, match="no address"):
        SMTPTransport(Endpoint(host, 25, timeouts=Timeouts(5))).open()
    assert asked == [host]


def test_no_such_host() -> None:
    with pytest.raises(socket.gaierror) as caught:
        open_session(SMTPTransport(Endpoint("no-such-host.invalid", 25, timeouts=Timeouts(5))))
    assert "MAIL_SERVER names no host" in t.cast(t.Any, caught.value).__notes__[-1]


@pytest.mark.parametrize(
    ("script", "kind", "stage", "hint"),
    [
        ([servers.hang], TimeoutError, "greeting", "MAIL_USE_SSL"),
        ([b"220 slow", servers.hang], TimeoutError, "greeting", "MAIL_USE_SSL"),
        ([b"220 x\r\n", servers.hang], TimeoutError, "ehlo", "MAIL_TIMEOUT"),
        ([], smtplib.SMTPServerDisconnected, "greeting", "MAIL_USE_SSL"),
        ([servers.reset], ConnectionResetError, "connect greeting", ""),
        ([b"554 go away\r\n"], smtplib.SMTPConnectError, "greeting", ""),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], smtplib.SMTPResponseException, "greeting", "not a mail server"),
        ([b"220-" + b"x" * 70_000], smtplib.SMTPResponseException, "greeting", "not a mail server"),
        ([b"220-x\r\n" * 200], smtplib.SMTPResponseException, "greeting", "not a mail server"),
        ([b"220 x\r\n", servers.line], smtplib.SMTPServerDisconnected, "ehlo", ""),
    ],
)
def test_13_every_end_is_bounded_and_explained(
    scripted: Scripted, script: list[t.Any], kind: type[Exception], stage: str, hint: str
) -> None:
    server = scripted(script)
    start = time.monotonic()
    with pytest.raises(kind) as caught:
        open_session(transport(server, timeout=0.3))
    assert time.monotonic() - start < 1.3
    error = t.cast(t.Any, caught.value)
    assert isinstance(error, DeliveryError)
    assert error.stage in stage.split()  # a reset may come before anything is read
    assert hint in "".join(error.__notes__)


OFFER = [b"220 x\r\n", servers.line, b"250-x\r\n250 STARTTLS\r\n", servers.line, b"220 go\r\n"]


@pytest.mark.parametrize(
    ("script", "security", "stage"),
    [
        ([servers.hang], "proxy", "connect"),
        ([servers.hang], "tls", "tls"),
        ([*OFFER, servers.hang], "starttls", "tls"),
        ([b"220-x\r\n", servers.hang], "plain", "greeting"),
    ],
)
def test_13_connecting_has_a_deadline_as_a_whole(
    scripted: Scripted, script: list[t.Any], security: str, stage: str
) -> None:
    server = scripted(script)
    options: dict[str, t.Any] = {"security": security}
    if security == "proxy":
        options = {"proxy": f"http://{server.host}:{server.port}"}
    endpoint = Endpoint(server.host, server.port, timeouts=Timeouts(10, total=0.3), **options)
    start = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        open_session(SMTPTransport(endpoint))
    assert time.monotonic() - start < 1.3
    assert t.cast(t.Any, caught.value).stage == stage


def test_a_connection_may_be_kept_longer_than_a_message_may_take(smtp: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a program that uses smtplib's methods, too: the deadline is of connecting, and of each message."""
    session = transport(smtp).open()
    for later in (1000, 2000):
        monkeypatch.setattr(wire, "time", types.SimpleNamespace(monotonic=lambda ago=later: time.monotonic() + ago))
        assert session.host.noop()[0] == 250
        assert session.host.sendmail("a@example.com", ["b@example.com"], b"Subject: y\r\n\r\n") == {}
        assert session.send(submission()).complete
    session.close()
    smtp.wait(4)


def test_17_tls_spoken_to_a_plain_port(smtp: Server, authority: Authority) -> None:
    with pytest.raises(ssl.SSLError) as caught:
        open_session(transport(smtp, security="tls", trust=Trust(ca=authority.ca_file)))
    assert "MAIL_USE_TLS instead of MAIL_USE_SSL" in t.cast(t.Any, caught.value).__notes__[-1]


def test_17_plain_spoken_to_a_tls_port(smtp_tls: Server) -> None:
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)) as caught:
        open_session(transport(smtp_tls, timeout=0.3))
    assert "MAIL_USE_SSL" in t.cast(t.Any, caught.value).__notes__[-1]


def test_a_missing_ca_file_names_the_setting(smtp: Server) -> None:
    with pytest.raises(ValueError, match="MAIL_TLS_CA is '/nowhere.pem', which cannot be read"):
        open_session(transport(smtp, security="tls", trust=Trust(ca="/nowhere.pem")))


def test_34_smtputf8_is_asked_for_only_where_it_is_offered(smtp: Server, start_server: StartServer) -> None:
    mail = submission("jörg@example.com", mail_options=("SMTPUTF8",))
    assert send(smtp, mail).complete
    assert smtp.wait()[0].recipients == ("jörg@example.com",)
    old = start_server(enable_SMTPUTF8=False)
    with pytest.raises(smtplib.SMTPNotSupportedError, match="non-ASCII characters before its @"):
        send(old, mail)
    assert "MAIL" not in old.verbs


def test_options_are_passed_on(smtp: Server) -> None:
    send(smtp, submission(mail_options=("BODY=8BITMIME",), rcpt_options=("NOTIFY=NEVER",)))
    (delivery,) = smtp.wait()
    assert "BODY=8BITMIME" in delivery.mail_options
    assert delivery.rcpt_options == ("NOTIFY=NEVER",)


def test_content_that_fails_midway_is_never_delivered_in_part(smtp: Server) -> None:
    class Torn:
        size = 20

        def __iter__(self) -> c.Iterator[bytes]:
            yield b"Subject: x\r\n\r\n"
            raise OSError("disk")

    session = transport(smtp).open()
    with pytest.raises(OSError, match="disk"):
        session.send(Submission(Envelope("a@example.com", ("b@example.com",)), Content([Torn()]), "<1@x>"))
    assert not session.alive
    session.close()
    smtp.wait_for(lambda: smtp.open_connections == 0)
    assert smtp.deliveries == []


def test_22_the_conversation_is_logged_without_secrets(
    smtp_auth: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG, "flask_mail.smtp"):
        send(smtp_auth, submission(content=b"Subject: x\r\n\r\nprivate\r\n"), account=ME, log=True)
    log = caplog.text
    assert ">>> EHLO" in log
    assert ">>> AUTH (hidden)" in log
    assert ">>> MAIL FROM:<from@example.com>" in log
    assert "<<< 250" in log
    plain = base64.b64encode(f"\0{USERNAME}\0{PASSWORD}".encode()).decode()
    for secret in (PASSWORD, plain, base64.b64encode(PASSWORD.encode()).decode(), "private"):
        assert secret not in log
    assert capfd.readouterr() == ("", "")


def test_nothing_is_logged_unless_asked_for(smtp: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "flask_mail.smtp"):
        send(smtp)
    assert caplog.records == []


def test_the_password_is_in_no_repr(smtp_auth: Server) -> None:
    shown = repr(transport(smtp_auth, account=ME))
    assert PASSWORD not in shown
    assert USERNAME in shown


def test_the_name_to_greet_with_is_found_out_again_each_minute(smtp: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(connect, "time", types.SimpleNamespace(monotonic=lambda: now))
    for name in ("one.example", "two.example"):
        monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
        send(smtp)
    now += 60
    send(smtp)
    assert [delivery.helo for delivery in smtp.wait(3)] == ["one.example", "one.example", "two.example"]


def test_a_socket_may_be_of_another_kind(smtp: Server) -> None:
    """Eventlet puts a class of its own into the place of ``socket.socket``, which has one inside."""

    class Green:
        def __init__(self, inside: socket.socket) -> None:
            self.inside = inside

        def __getattr__(self, name: str) -> t.Any:
            return getattr(self.inside, name)

    endpoint = Endpoint("127.0.0.1", smtp.port, timeouts=Timeouts(5))
    made: t.Any = Green(socket.create_connection(("127.0.0.1", smtp.port)))
    client = connect.begin(made, endpoint)
    assert client.local_hostname
    client.close()


@pytest.mark.parametrize(("tls", "security"), [("starttls", "starttls"), ("implicit", "tls")])
def test_tls_does_not_wait_for_acknowledgements(
    start_server: StartServer, authority: Authority, tls: str, security: str
) -> None:
    """Its records are written one after the other: with Nagle's algorithm each second one waits for 40 ms."""
    server = start_server(tls=tls)
    session = transport(server, security=security, trust=Trust(ca=authority.ca_file)).open()
    assert session.host.sock is not None
    assert session.host.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    session.close()


def test_what_a_server_said_before_it_hung_up_is_heard_at_any_command() -> None:
    ours, theirs = socket.socketpair()
    client = wire.Client(ours, timeouts=Timeouts(5), hostname="client.example")
    theirs.sendall(b"421 4.3.2 too busy\r\n")
    theirs.close()
    assert str(client.command("RCPT TO:<to@example.com>")) == "421 4.3.2 too busy"


@pytest.mark.parametrize("port", ["1", None, "no-such-service"])
def test_a_port_that_is_no_number_is_a_failure_to_connect(port: t.Any) -> None:
    with pytest.raises(DeliveryError) as caught:
        SMTPTransport(Endpoint("127.0.0.1", port, timeouts=Timeouts(5))).open()
    assert caught.value.stage == "connect"


@pytest.mark.parametrize("trouble", ["reset before it", "interrupted"])
def test_a_handshake_that_fails_leaves_no_descriptor_open(trouble: str) -> None:
    """However long the error is kept."""
    made: list[ssl.SSLSocket] = []

    class Recorded(ssl.SSLSocket):
        def __new__(cls, *args: t.Any, **kwargs: t.Any) -> t.Self:
            made.append(super().__new__(cls, *args, **kwargs))
            return t.cast(t.Self, made[-1])

        def do_handshake(self, block: bool = False) -> None:
            raise KeyboardInterrupt

    context = ssl.create_default_context()
    context.sslsocket_class = Recorded
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint(*listener.getsockname(), security="tls", trust=Trust(given=context), timeouts=Timeouts(5))
        sock = connect.open_socket(endpoint)
        server, _ = listener.accept()
        with server:
            if trouble == "reset before it":
                server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                server.close()
                poll = select.poll()
                poll.register(sock, 0)  # the end of both ways is told all the same
                assert poll.poll(5000)
            with pytest.raises((ConnectionResetError, KeyboardInterrupt)) as kept:
                connect.begin(sock, endpoint)
    assert [each.fileno() for each in made] == [-1]
    assert (kept.type is KeyboardInterrupt) is (trouble == "interrupted")
