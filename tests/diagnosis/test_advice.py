"""``advise``: what it takes for evidence, and what it makes of it."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import time

import hypothesis
import pytest
from hypothesis import strategies

from flask_mail.diagnosis import Advice
from flask_mail.diagnosis import advise
from flask_mail.diagnosis import CAUSES
from flask_mail.diagnosis import evidence
from flask_mail.diagnosis import rows
from flask_mail.diagnosis import texts
from flask_mail.errors import delivery_error

CODE = "Error: 请使用授权码登录。"


def test_nothing_known_is_said_to_be_unknown() -> None:
    assert advise().cause == "unknown"
    assert advise(ValueError("no idea")).cause == "unknown"
    assert advise(stage="end-of-data", code=554, text="Transaction failed").cause == "unknown"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_text_is_read_in_its_encoding(encoding: str) -> None:
    assert advise(code=535, text=CODE.encode(encoding)).cause == "auth-code"


def test_gbk_that_was_read_as_latin_1_is_repaired() -> None:
    assert evidence.readable(CODE.encode("gbk").decode("latin-1")) == CODE


@pytest.mark.parametrize("text", ["Ce n'est pas autorisé à émettre, désolé", "Größe überschritten", "naïve café"])
def test_other_text_is_left_alone(text: str) -> None:
    assert evidence.readable(text) == text


@pytest.mark.parametrize(
    ("text", "code", "rest"),
    [
        ("(535, b'5.7.8 Username and Password not accepted.')", 535, "5.7.8 Username and Password not accepted."),
        ("535-5.7.8 Username\n535 5.7.8 and password", 535, "5.7.8 Username\n5.7.8 and password"),
        ("5.7.8 Username", None, "5.7.8 Username"),
    ],
)
def test_what_is_pasted_is_taken_apart(text: str, code: int | None, rest: str) -> None:
    found = evidence.gather(None, text=text)
    assert (found.code, found.text) == (code, rest)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("5.7.8 Username", ("5.7.8",)),
        ("4.7.0 This\n4.7.0 that", ("4.7.0",)),
        ("#5.1.1 bad", ("5.1.1",)),
        ("<a@b.example>: 5.1.1 unknown", ("5.1.1",)),
        ("Client host [5.7.1.9] refused", ()),
        ("Postfix 3.5.1 here", ()),
    ],
)
def test_enhanced_codes_are_found(text: str, codes: tuple[str, ...]) -> None:
    assert evidence.enhanced_codes(text) == codes


def test_the_challenge_of_xoauth2_is_decoded() -> None:
    said = '{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}'
    coded = base64.b64encode(said.encode()).decode()
    assert evidence.readable(f"5.7.8 Bad\n{coded}") == f"5.7.8 Bad\n{said}"
    assert advise(stage="auth", code=535, text=f"Bad\n{coded}", settings={"oauth2_token": "x"}).cause == "oauth-failed"


def test_the_provider_is_known_by_host_name_and_words() -> None:
    text = "Username and Password not accepted"
    for known in ({"host": "smtp.gmail.com"}, {"provider": "gmail"}, {"settings": {"MAIL_SERVER": "smtp.gmail.com"}}):
        assert advise(stage="auth", code=535, text=text, **known).cause == "auth-app-password"
    assert advise(stage="auth", code=535, text=f"{text} x1 - gsmtp").cause == "auth-app-password"
    assert advise(stage="auth", code=535, text=text).cause == "auth-wrong"


def test_the_ports_of_the_provider_are_named_where_none_answers() -> None:
    advice = advise(exception="TimeoutError", stage="connect", host="smtp.postmarkapp.com", port=465, locale="en")
    assert advice.remedy.endswith("Postmark offers 587 (MAIL_USE_TLS), 2525 (MAIL_USE_TLS), 25 (MAIL_USE_TLS).")


def test_smtplib_s_own_exceptions_are_understood() -> None:
    assert advise(smtplib.SMTPAuthenticationError(535, b"nope")).cause == "auth-wrong"
    assert advise(smtplib.SMTPRecipientsRefused({"a@b.c": (550, b"5.1.1 no such user")})).cause == "recipient-unknown"
    assert advise(socket.gaierror(-2, "Name or service not known")).cause == "dns"
    assert advise(ConnectionRefusedError(111, "Connection refused")).cause == "refused"


def test_the_name_of_an_exception_is_enough() -> None:
    assert advise(exception="socket.timeout").cause == "timeout"
    assert advise(exception="ssl.SSLCertVerificationError").cause == "cert-untrusted"
    assert advise(exception="ConnectionResetError", stage="data").cause == "closed-early"


def test_the_cause_behind_an_exception_counts() -> None:
    error = RuntimeError("the task failed")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    assert advise(error).cause == "refused"


def test_ours_tells_stage_and_server_itself() -> None:
    plain = smtplib.SMTPServerDisconnected("Connection unexpectedly closed: timed out")
    error = delivery_error(plain, stage="greeting", transient=True, host="smtp.example.com", port=465)
    assert advise(error, {"use_ssl": False}).cause == "tls-mode-mismatch"
    assert advise(error, {"use_ssl": True}).cause == "timeout"


@pytest.mark.parametrize(
    ("code", "text", "transient"),
    [
        (440, "mail from account doesn't conform with authentication", False),
        (451, "Requested mail action not taken: too much fail authentication", False),
        (526, "Authentication failure[0]", False),
        (454, "Transient reject by behaviour spam", True),
        (550, "5.4.5 Daily user sending limit exceeded. x1 - gsmtp", True),
        (450, "nothing known", True),
        (550, "nothing known", False),
    ],
)
def test_the_first_digit_is_not_enough(code: int, text: str, transient: bool) -> None:
    assert advise(code=code, text=text).transient is transient


def test_a_certificate_error_is_not_taken_for_another() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed: certificate has expired")
    assert advise(error).cause == "cert-expired"


def test_both_languages_have_all_causes_and_wordings() -> None:
    wordings = {(row.cause, row.words) for row in rows.TABLE} | {(cause, "") for cause in CAUSES}
    for language in texts.LANGUAGES:
        for cause, words in wordings:
            said = texts.of(cause, words, language)
            assert said["summary"].endswith((".", "。"))
            assert said["remedy"].endswith((".", "。"))


def test_each_row_has_a_known_label_and_each_label_a_row() -> None:
    assert {row.cause for row in rows.TABLE} == set(CAUSES) - {"unknown"}


@pytest.mark.parametrize("row", [row for row in rows.TABLE if row.seen], ids=lambda row: row.seen[0][:60])
def test_what_a_row_shows_as_seen_leads_to_its_cause(row: rows.Row) -> None:
    given = {"provider": row.provider.split()[0]} if row.provider else {}
    for seen in row.seen:
        name, _, said = seen.partition(": ")
        is_exception = name.rpartition(".")[2].isidentifier() and name[:1].isalpha() and " " not in name
        advice = advise(
            text=said if is_exception else seen,
            exception=name if is_exception else None,
            stage=(row.stage or None) and row.stage.split()[0],
            port=int(row.port.split()[0]) if row.port else None,
            settings={"use_tls": row.security == "starttls"}
            if row.security
            else {"auth_mechanism": row.mechanism.split()[0]}
            if row.mechanism
            else None,
            **given,
        )
        assert advice.cause == row.cause, seen


@pytest.mark.parametrize(
    ("locale", "language"), [("zh_CN.UTF-8", "zh"), ("zh", "zh"), ("en_US", "en"), ("C", "en"), ("de_DE", "en")]
)
def test_the_locale_chooses_the_language(monkeypatch: pytest.MonkeyPatch, locale: str, language: str) -> None:
    assert texts.language(locale) == language
    monkeypatch.setenv("LC_ALL", locale)
    assert texts.language() == language
    assert advise(settings={"locale": "zh"}).summary == texts.of("unknown", "", "zh")["summary"]


def test_advice_reads_as_one_text() -> None:
    assert str(Advice("dns", "A.", "B.", "https://c.example", True)) == "A. B. <https://c.example>"
    assert str(Advice("dns", "A.", "B.", "", True)) == "A. B."


@hypothesis.given(strategies.one_of(strategies.binary(), strategies.text()), strategies.integers(-1, 999))
@hypothesis.example("(535, b'\\x')", 535)
@hypothesis.example("eyJzdGF0dXM" + "A" * 9, 334)
def test_any_text_gets_an_advice(text: str | bytes, code: int) -> None:
    advice = advise(code=code, text=text, stage="auth", port=25, settings={"port": "²"})
    assert advice.cause in CAUSES
    assert advice.summary
    assert advice.remedy


@pytest.mark.parametrize(
    "part", ["a", "(1, b'", "user ", "eyJ", "Ã", "mail 5.1.1 ", "ip 203.0.113.7 ", "sender address ", "message size "]
)
def test_a_long_text_takes_no_long_time(part: str) -> None:
    start = time.monotonic()
    advise(code=550, stage="rcpt", text=part * (65_536 // len(part)))
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        ("greeting", 421, "mx.example.com: see https://mx.example.com/help"),
        ("rcpt", 421, "4.7.0 Error: too many errors"),
        ("mail", 550, "5.7.1 Message refused"),
        ("rcpt", 550, "5.7.1 Access denied by policy"),
        ("end-of-data", 550, "Administrative prohibition"),
        ("end-of-data", 554, "5.7.1 Rejected"),
        ("auth", 535, "5.7.0 See https://mail.example.com/help"),
        ("auth", 454, "4.7.0 Ask the postmaster"),
        ("mail", 530, "5.7.1 Ask the postmaster"),
        ("mail", 553, "5.7.1 Ask the postmaster"),
        ("mail", 501, "5.7.1 Ask the postmaster"),
        ("rcpt", 552, "5.7.1 Ask the postmaster"),
        ("ehlo", 550, "5.7.1 Ask the postmaster"),
        ("rcpt", 450, "4.7.1 Policy rejection"),
    ],
)
def test_a_code_alone_beside_other_words_is_no_evidence(stage: str, code: int, text: str) -> None:
    assert advise(stage=stage, code=code, text=text).cause == "unknown"


@pytest.mark.parametrize(
    ("stage", "code", "cause"),
    [
        ("auth", 535, "auth-wrong"),
        ("mail", 530, "auth-required"),
        ("mail", 552, "too-large"),
        ("rcpt", 552, "mailbox-full"),
        ("greeting", 421, "server-busy"),
    ],
)
def test_a_code_without_words_says_what_rfc_5321_says(stage: str, code: int, cause: str) -> None:
    assert advise(stage=stage, code=code, text="").cause == cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("5.7.1 203.0.113.7 has a poor reputation", "ip-blocked"),
        ("5.7.1 Your domain has a poor reputation", "unknown"),
        ("5.7.1 MailFrom domain is listed in Spamhaus", "sender-rejected"),
        ("5.7.1 Client host [203.0.113.7] blocked using bl.example.org", "ip-blocked"),
        ("5.7.1 Your IP is blacklisted for failing SPF", "unauthenticated-domain"),
        ("4.7.1 Too many messages from your IP address, which is blocked for now", "rate-limit"),
        ("5.7.1 Greylisted: your IP address is not known yet", "greylisted"),
        ("5.7.27 Sender address has null MX", "sender-rejected"),
        ("Sender address blacklisted", "sender-rejected"),
        ("Sender rejected: message too large", "too-large"),
        ("Sender refused: server busy", "unknown"),
        ("Sender has exceeded the number of recipients per hour", "quota"),
        ("Relaying denied. Proper authentication required.", "relay-denied"),
        ("Not permitted to relay through this server without authentication", "auth-required"),
        ("mail.example.com listed at relays.example.org", "ip-blocked"),
        ("Your domain example.com listed at dbl.example.org", "unknown"),
        ("Rejected for a reason listed at help.example.com", "unknown"),
        ("mail.example.com does not exist", "sender-rejected"),
    ],
)
def test_the_words_that_tell_most_count(text: str, cause: str) -> None:
    assert advise(stage="mail", code=550, text=text).cause == cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Empfänger unbekannt", "recipient-unknown"),
        ("El usuario no existe", "recipient-unknown"),
        ("Usuário inexistente", "recipient-unknown"),
        ("Utente sconosciuto", "recipient-unknown"),
        ("收件人不存在", "recipient-unknown"),
        ("Das Postfach ist voll", "mailbox-full"),
        ("Buzón lleno", "mailbox-full"),
        ("Casella piena", "mailbox-full"),
        ("邮箱空间不足", "mailbox-full"),
        ("Zu viele Nachrichten", "rate-limit"),
        ("Trop de messages", "rate-limit"),
        ("发信频率过高", "rate-limit"),
    ],
)
def test_servers_speak_more_languages_than_one(text: str, cause: str) -> None:
    assert advise(stage="rcpt", code=550, text=text).cause == cause


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("", "recipient-rejected"),
        (": Access denied", "recipient-rejected"),
        (": No account by that name here", "recipient-unknown"),
        (": user unknown", "recipient-unknown"),
        (": mailbox full", "mailbox-full"),
        (": message too large", "too-large"),
        (": nobody by that name", "recipient-unknown"),
        (": server busy", "unknown"),
        (" - no reason given", "unknown"),
    ],
)
def test_what_stands_behind_a_refusal_counts_more_than_the_refusal(said: str, cause: str) -> None:
    assert advise(stage="rcpt", code=550, text=f"Recipient rejected{said}").cause == cause


@pytest.mark.parametrize(
    ("code", "text", "cause"),
    [
        (501, "Invalid RCPT TO address provided", "syntax"),
        (550, "Invalid RCPT TO", "recipient-unknown"),
        (550, "Relaying messages for example.com is not permitted", "relay-denied"),
        (550, "Forbidden characters in the local part", "syntax"),
        (450, "Maintenance in progress", "server-busy"),
        (550, "Maintenance in progress", "unknown"),
    ],
)
def test_families_of_words_mean_the_same(code: int, text: str, cause: str) -> None:
    assert advise(stage="rcpt", code=code, text=text).cause == cause


@pytest.mark.parametrize("name", ["spam-report", "no-such-user", "quota", "blocked.user", "unknown", "rate-limit"])
@pytest.mark.parametrize("text", ["5.7.1 <{0}@example.com>: Message refused", "{0}@example.com: not today"])
def test_what_an_address_is_called_is_no_evidence(name: str, text: str) -> None:
    assert advise(stage="end-of-data", code=550, text=text.format(name)).cause == "unknown"


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        ("end-of-data", 550, "Your message to the server was denied"),
        ("mail", 554, "Server denied access"),
        ("rcpt", 550, "The host of this list denied your post"),
        ("rcpt", 554, "Blocked by Barracuda"),
        ("end-of-data", 554, "5.7.1 Message blocked by Cloudmark"),
        ("mail", 550, "rejected: bad Return Path"),
        ("greeting", 521, "connection rejected."),
        ("mail", 550, "certificate expired"),
        ("rcpt", 550, "sending is disabled for this recipient"),
        ("auth", 535, "license expired"),
        ("end-of-data", 550, "maximum number of links exceeded"),
        ("mail", 550, 'policy: "MAIL FROM:<me@example.com> BODY=8BITMIME SMTPUTF8"'),
        ("rcpt", 550, "5.1.1 Not today"),
        ("mail", 451, "4.3.0 Not today"),
        ("end-of-data", 550, "Unable to scan the message for viruses"),
        ("auth", 535, "553 sorry, that password allowed relay (#5.7.5)"),
        ("end-of-data", 550, "mail.example.com does not exist"),
        ("mail", 554, "The user blacklist has changed"),
    ],
)
def test_words_that_often_stand_beside_a_cause_are_not_that_cause(stage: str, code: int, text: str) -> None:
    assert advise(stage=stage, code=code, text=text).cause == "unknown"


@pytest.mark.parametrize(
    ("stage", "text", "cause"),
    [
        ("tls", "140735:error:1408F10B:SSL routines:ssl3_get_record:wrong version number", "tls-mode-mismatch"),
        ("tls", "self-signed certificate in certificate chain", "cert-untrusted"),
        ("connect", "dial tcp: lookup mail.example.com: no such host", "dns"),
        ("connect", "connect ECONNREFUSED 127.0.0.1:25", "refused"),
        ("connect", "connect ETIMEDOUT 203.0.113.7:465", "timeout"),
        ("end-of-data", "read ECONNRESET", "closed-early"),
    ],
)
def test_words_that_a_log_has_kept_alone_are_enough(stage: str, text: str, cause: str) -> None:
    assert advise(stage=stage, text=text).cause == cause
    assert advise(stage="end-of-data", code=550, text=text).cause == "unknown"


@pytest.mark.parametrize(
    ("code", "text", "cause"),
    [
        (550, "No such user here", "recipient-unknown"),
        (550, "Requested action not taken: mailbox unavailable", "recipient-unknown"),
        (None, "Requested action not taken: mailbox unavailable", "recipient-unknown"),
        (None, "5.7.1 Recipient address rejected: Access denied", "recipient-rejected"),
        (550, "That IP address is not allowed to send", "ip-blocked"),
        (552, "5.7.1 virus found by the scanner", "spam-content"),
        (553, "Mailbox unavailable: see the policy of this server", "unknown"),
        (535, "User not found", "auth-wrong"),
        (550, "Unknown sender domain", "sender-rejected"),
        (535, "5.7.8 Error: Access denied: Application-specific password required", "auth-app-password"),
        (None, "Invalid login or password", "auth-wrong"),
        (None, "Login rejected: too many attempts from your IP", "unknown"),
        (
            None,
            "5.7.0 This message was blocked because its content presents a potential security issue.",
            "spam-content",
        ),
        (501, "5.5.4 Invalid domain name", "helo-rejected"),
        (550, "Missing From header", "syntax"),
        (550, "From header sender domain not aligned", "unauthenticated-domain"),
    ],
)
def test_words_tell_much_where_a_record_has_no_stage(code: int | None, text: str, cause: str) -> None:
    assert advise(code=code, text=text).cause == cause


@pytest.mark.parametrize(("text", "transient"), [("4.2.2 mailbox full", True), ("5.2.2 mailbox full", False)])
def test_an_enhanced_code_alone_tells_whether_it_passes(text: str, transient: bool) -> None:
    advice = advise(stage="rcpt", text=text)
    assert (advice.cause, advice.transient) == ("mailbox-full", transient)


@pytest.mark.parametrize(
    ("stage", "code", "text", "cause"),
    [
        ("rcpt", 421, "4.7.0 Too many messages from 203.0.113.7, you are temporarily blocked", "rate-limit"),
        ("rcpt", 450, "4.7.1 Too many unknown recipients from your host", "unknown"),
        ("rcpt", 550, "5.7.1 Client host rejected: your domain is not allowed to relay", "relay-denied"),
        ("auth", 535, "5.7.3 Authentication unsuccessful, user password expired", "unknown"),
        ("auth", 503, "5.5.1 Error: already authenticated", "unknown"),
        ("ehlo", 501, "Syntax error in parameters or arguments", "helo-rejected"),
        ("ehlo", 500, "Syntax error, command unrecognized", "syntax"),
        ("end-of-data", 550, "Too many emails per second. Please upgrade your plan", "rate-limit"),
        ("end-of-data", 550, "Recipients limit exceeded. Please login to your account", "unknown"),
        (None, 534, "5.7.9 Please log in with your web browser and then try again", "auth-app-password"),
        (None, 450, "Mailbox unavailable", "unknown"),
        ("ehlo", 550, "Access denied [203.0.113.7]", "unknown"),
        ("ehlo", 550, "Access denied for your IP [203.0.113.7]", "ip-blocked"),
        ("rcpt", 550, "This account has been suspended, please contact your administrator", "recipient-rejected"),
        ("rcpt", 550, "Your account has been suspended", "account-suspended"),
        ("rcpt", 553, "Sender address rejected: not logged in - please log in to your account", "auth-required"),
        ("end-of-data", 451, "Internal server error. Write to us if you are not a spammer", "server-busy"),
        ("end-of-data", 550, "Rejected as spam. Please set up SPF and DKIM for your domain", "spam-content"),
        ("end-of-data", 550, "Rejected as spam: SPF check failed", "unauthenticated-domain"),
        ("end-of-data", 550, "Rejected as spam because the domain has no SPF record", "unauthenticated-domain"),
        ("end-of-data", 554, "Message from 203.0.113.7 blocked: spam content detected", "spam-content"),
        ("end-of-data", 550, "rejected by the recipient's mail server", "unknown"),
        (None, 550, "Your message was rejected by this user", "recipient-rejected"),
        ("rcpt", 550, "Recipient's mailbox is full, message returned to sender", "mailbox-full"),
        ("rcpt", 452, "4.3.1 Mail spool folder full", "unknown"),
        ("end-of-data", 451, "4.3.0 Message deferred due to virus scanner failure", "server-busy"),
        ("end-of-data", 451, "4.7.1 Service unavailable - spam filter timeout, try again later", "server-busy"),
        ("end-of-data", 554, "5.6.0 Reject, id=1234-01 - BANNED: .exe", "spam-content"),
        (None, None, "Mailbox disabled due to inactivity", "unknown"),
        (None, 550, "User is suspended", "unknown"),
        ("tls", None, "No subject alternative DNS name matching mail.example.com found.", "cert-hostname"),
        ("tls", None, "The remote certificate is invalid: RemoteCertificateNameMismatch", "cert-hostname"),
        ("tls", None, "The remote certificate is invalid: RemoteCertificateChainErrors", "cert-untrusted"),
        ("rcpt", 550, "5.4.1 Policy violation", "unknown"),
        ("rcpt", 550, "5.4.1 Recipient address rejected: Access denied", "recipient-rejected"),
        ("auth", 454, "4.7.0 Quota exceeded for login attempts, try again later", "unknown"),
        ("starttls", 454, "Command not permitted when TLS active", "tls-mode-mismatch"),
        ("starttls", 454, "TLS not available due to temporary reason", "server-busy"),
        ("tls", None, "x509: certificate signed by unknown authority", "cert-untrusted"),
        ("tls", None, "certificate verify failed (hostname mismatch)", "cert-hostname"),
        ("connect", None, "dial tcp: lookup mail.example.com: i/o timeout", "dns"),
    ],
)
def test_words_of_two_causes_go_to_the_one_they_are_about(
    stage: str | None, code: int | None, text: str, cause: str
) -> None:
    assert advise(stage=stage, code=code, text=text).cause == cause


@pytest.mark.parametrize(
    ("stage", "code", "text", "provider"),
    [
        ("mail", 553, "5.7.1 <me@example.com>: Sender address rejected: ask the postmaster", None),
        ("auth", 535, "5.7.139 Authentication unsuccessful, the moon is full", "microsoft365"),
        ("auth", 535, "5.7.139 Authentication unsuccessful, the moon is full", None),
        ("auth", 535, "Anmeldung fehlgeschlagen: SMTP-Zugang nicht aktiviert", None),
        ("auth", 535, "Échec de l'authentification : compte suspendu", None),
        ("auth", 535, "5.7.8 Authentication failed: verify your subscription", None),
        ("greeting", 421, "4.7.0 Connection from your IP temporarily deferred: reputation", None),
        ("mail", 421, "4.7.0 Not for now, closing connection", None),
        ("mail", 451, "4.7.1 Messages temporarily deferred due to the weather", None),
        ("rcpt", 451, "Service unavailable; ask the postmaster", None),
        ("mail", 553, "5.7.1 <me@example.com>: Sender address rejected: Domain not welcome", None),
        ("mail", 451, "4.4.4 Mail received as unauthenticated, incoming to a domain without a tenant", None),
        ("end-of-data", 421, "4.7.1 Your email has been rate limited because the moon is full", None),
        ("auth", 535, "Authentication failed. Restricted user", None),
        ("end-of-data", 550, "Your mailbox has had a spam complaints review", None),
        ("end-of-data", 550, "Found the sender domain in the message body", None),
        ("tls", None, "certificate verify failed: its owner does not match the name", None),
        ("mail", 550, "5.7.1 Refused, see dbl.spamhaus.org", None),
        ("rcpt", 504, "5.5.2 Ask the postmaster", None),
        ("rcpt", 550, "5.2.1 Ask the postmaster", None),
        ("rcpt", 552, "5.2.2 Ask the postmaster", None),
        ("rcpt", 452, "4.5.3 Ask the postmaster", None),
        ("end-of-data", 550, "Rejected: the recipient marked your address as spam", None),
        ("end-of-data", 550, "5.7.1 Not today. To protect our users from spam, see https://mx.example.com", None),
    ],
)
def test_a_reason_that_is_not_known_counts_more_than_the_refusal_before_it(
    stage: str, code: int | None, text: str, provider: str | None
) -> None:
    assert advise(stage=stage, code=code, text=text, provider=provider).cause == "unknown"


@pytest.mark.parametrize(
    ("stage", "code", "text", "cause"),
    [
        ("mail", 450, "4.1.8 <me@example.com>: Sender address rejected: Domain not found", "sender-rejected"),
        ("mail", 550, "5.1.0 Sender address rejected", "sender-rejected"),
        ("auth", 535, "5.7.3 Authentication unsuccessful [A.EURP189.PROD.OUTLOOK.COM]", "auth-wrong"),
        ("auth", 535, "5.7.139 Authentication unsuccessful, the user credentials were incorrect.", "auth-wrong"),
        ("mail", 421, "Service unavailable, please try again later", "server-busy"),
        ("rcpt", 552, "5.2.2 Over the quota", "mailbox-full"),
        ("rcpt", 452, "4.5.3 Too many", "rate-limit"),
        ("mail", 550, "5.1.8 The sender domain does not exist", "sender-rejected"),
        ("end-of-data", 421, "Your email has been rate limited because it has no PTR record", "ip-blocked"),
        ("end-of-data", 421, "Your email has been rate limited because it wasn't sent over a TLS link", "tls-required"),
        ("rcpt", 554, "Client host rejected: authentication is needed", "auth-required"),
    ],
)
def test_a_refusal_alone_or_with_a_reason_that_is_known_is_taken_for_what_it_says(
    stage: str, code: int, text: str, cause: str
) -> None:
    assert advise(stage=stage, code=code, text=text).cause == cause
