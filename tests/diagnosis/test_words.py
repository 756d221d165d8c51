"""Words that belong together: what means the same in other words, another language or another line has one cause."""

from __future__ import annotations

import pytest

from flask_mail.diagnosis import advise

POSTFIX = (
    "<unknown[203.0.113.7]>: Client host",
    "<me@example.com>: Sender address",
    "<you@example.com>: Recipient address",
    "<localhost>: Helo command",
    "<DATA>: Data command",
    "<END-OF-MESSAGE>: End-of-data",
)


@pytest.mark.parametrize("rejected", POSTFIX)
@pytest.mark.parametrize(
    ("code", "enhanced", "reason", "cause"),
    [
        (451, "4.3.5", "Server configuration error", "server-busy"),
        (451, "4.3.5", "Server configuration problem", "server-busy"),
        (451, "4.3.0", "Temporary lookup failure", "server-busy"),
        (450, "4.3.2", "Try again later", "server-busy"),
        (503, "5.5.0", "Improper use of SMTP command pipelining", "syntax"),
    ],
)
def test_a_reason_is_the_same_whatever_was_looked_at(
    rejected: str, code: int, enhanced: str, reason: str, cause: str
) -> None:
    assert advise(stage="rcpt", code=code, text=f"{enhanced} {rejected} rejected: {reason}").cause == cause


@pytest.mark.parametrize(
    "message",
    [
        "[Errno 101] Network unreachable",  # musl
        "[Errno 113] Host is unreachable",  # musl
        "[Errno 99] Address not available",  # musl
        "[Errno 97] Address family not supported by protocol",
        "[Errno 100] Network is down",
        "[Errno 49] Can't assign requested address",  # macOS
        "[WinError 10051] 向一个无法连接的网络尝试了一个套接字操作。",
        "[WinError 10065] Ein Socketvorgang bezog sich auf einen nicht verfügbaren Host",
    ],
)
def test_systems_tell_in_many_words_that_there_is_no_way(message: str) -> None:
    assert advise(stage="connect", exception="OSError", text=message).cause == "network-unreachable"


@pytest.mark.parametrize("message", ["[Errno 24] Too many open files", "[Errno 28] No space left on device"])
def test_what_this_system_lacks_is_no_trouble_of_a_server(message: str) -> None:
    assert advise(stage="connect", exception="OSError", text=message).cause == "unknown"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("5.7.1 Your message has been detected\n5.7.1 as spam", "spam-content"),
        ("5.7.1 You are not\n5.7.1 permitted to relay\n5.7.1 through this server", "relay-denied"),
        ("Your IP\nhas been\nblocked", "ip-blocked"),
        ("5.3.4 Message size\n5.3.4 exceeds limit", "too-large"),
        ("Message\nrejected\nby the owner", "unknown"),
    ],
)
def test_a_line_may_end_within_a_sentence(text: str, cause: str) -> None:
    assert advise(stage="end-of-data", code=550, text=text).cause == cause


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("No Such User Here", "recipient-unknown"),
        ("relay not permitted", "relay-denied"),
        ("Sender verify failed", "sender-rejected"),
        ("JunkMail rejected - [203.0.113.7] is in an RBL:\nzen.spamhaus.org", "ip-blocked"),
        ("Go away", "unknown"),
    ],
)
def test_what_exim_repeats_at_data_was_said_of_the_recipients(error: str, cause: str) -> None:
    text = f"All RCPT commands were rejected with this error:\n{error}\nValid RCPT command must precede DATA"
    assert advise(stage="data", code=503, text=text).cause == cause


@pytest.mark.parametrize(
    ("stage", "code", "text", "cause"),
    [
        ("rcpt", 421, "Too many invalid recipients", "unknown"),
        ("rcpt", 421, "4.7.1 Too many errors from 203.0.113.7, temporarily blocked", "rate-limit"),
        ("auth", 421, "4.7.0 Too many failed logins from your address, temporarily blocked", "auth-wrong"),
        ("rcpt", 550, "recipient previously bounced", "recipient-rejected"),
        ("mail", 550, "Your messages have bounced too often", "unknown"),
        ("mail", 550, "Your account has bounced too many messages", "unknown"),
        ("rcpt", 553, "sorry, that domain isn't allowed to be relayed through this MTA (#5.7.1)", "relay-denied"),
        ("rcpt", 550, "Delivery not allowed to non-local recipient", "relay-denied"),
        ("end-of-data", 451, "4.4.1 mail could not be relayed: upstream server not available", "server-busy"),
        ("rcpt", 553, "You must check for new mail before sending", "auth-required"),
        ("rcpt", 550, "Please check your message before you send it again", "unknown"),
        ("rcpt", 550, "First read our email policy", "unknown"),
        ("auth", 535, "SMTP is not included in your plan", "auth-disabled"),
        ("auth", 535, "SMTP access is for paid accounts only", "auth-disabled"),
        ("auth", 535, "Your subscription has expired", "unknown"),
        ("auth", 530, "5.7.0 TLS must be active before AUTH", "tls-required"),
        ("auth", 503, "5.5.1 AUTH not available without TLS", "tls-required"),
        ("auth", 501, "5.5.2 Unable to decode response", "unknown"),
        ("end-of-data", 554, "5.7.1 rejected by SpamAssassin", "spam-content"),
        ("end-of-data", 554, "5.7.1 Matched map: BANNED_FILE_NAMES", "spam-content"),
        ("end-of-data", 554, "5.7.1 Matched map: IP_BLACKLIST", "unknown"),
        ("end-of-data", 550, "Body contains forbidden content", "spam-content"),
        ("end-of-data", 550, "From contains invalid characters", "syntax"),
        ("end-of-data", 554, "5.0.0 Error: transaction failed: context deadline exceeded", "unknown"),
    ],
)
def test_families_of_words_and_what_only_looks_like_them(stage: str, code: int, text: str, cause: str) -> None:
    assert advise(stage=stage, code=code, text=text).cause == cause


@pytest.mark.parametrize(
    ("stage", "code", "text", "cause"),
    [
        ("rcpt", 550, "Unbekannter Empfänger", "recipient-unknown"),
        ("rcpt", 550, "Utilisateur inconnu", "recipient-unknown"),
        ("rcpt", 550, "Gebruiker bestaat niet", "recipient-unknown"),
        ("rcpt", 550, "Nieznany użytkownik", "recipient-unknown"),
        ("rcpt", 550, "Kullanıcı bulunamadı", "recipient-unknown"),
        ("rcpt", 550, "Почтовый ящик не существует", "recipient-unknown"),
        ("rcpt", 550, "宛先が存在しません", "recipient-unknown"),
        ("rcpt", 550, "사용자를 찾을 수 없습니다", "recipient-unknown"),
        ("rcpt", 550, "Adresse expéditeur inconnue", "sender-rejected"),
        ("rcpt", 552, "メールボックスがいっぱいです", "mailbox-full"),
        ("rcpt", 550, "Relais refusé", "relay-denied"),
        ("rcpt", 550, "Relay não permitido", "relay-denied"),
        ("rcpt", 550, "Ретрансляция запрещена", "relay-denied"),
        ("rcpt", 550, "中継は拒否されました", "relay-denied"),
        ("mail", 530, "Требуется аутентификация", "auth-required"),
        ("mail", 530, "認証が必要です", "auth-required"),
        ("mail", 550, "Absenderadresse ungültig", "sender-rejected"),
        ("mail", 550, "Quota journalier d'envoi dépassé", "quota"),
        ("auth", 535, "Kullanıcı adı veya şifre hatalı", "auth-wrong"),
        ("auth", 535, "パスワードが違います", "auth-wrong"),
        ("end-of-data", 554, "Сообщение похоже на спам", "spam-content"),
        ("end-of-data", 554, "Pièce jointe interdite", "spam-content"),
        ("greeting", 421, "Сервер перегружен", "server-busy"),
        ("greeting", 554, "您的IP被列入黑名单", "ip-blocked"),
    ],
)
def test_servers_speak_their_languages(stage: str, code: int, text: str, cause: str) -> None:
    assert advise(stage=stage, code=code, text=text).cause == cause


@pytest.mark.parametrize(
    "text",
    [
        "Compte bloqué, mot de passe expiré",
        "Konto gesperrt, Passwort abgelaufen",
        "Contraseña caducada",
        "Неверный пароль, аккаунт заблокирован",
        "パスワードの期限が切れています",
        "密码已过期",
    ],
)
def test_a_login_that_fails_for_another_reason_is_no_wrong_password(text: str) -> None:
    assert advise(stage="auth", code=535, text=text).cause == "unknown"


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        ("rcpt", None, "The host is down"),
        ("rcpt", 550, "Your mail will not be relayed today"),
        ("auth", 535, "Free accounts cannot use SMTP until they are verified"),
        ("end-of-data", 554, "Guidelines exceed the norm"),
    ],
)
def test_words_that_stand_in_another_place_are_no_evidence(stage: str, code: int | None, text: str) -> None:
    assert advise(stage=stage, code=code, text=text).cause == "unknown"
