"""Where the words say nothing: enhanced status codes (RFC 3463 and its registry) and reply codes (RFC 5321 §4.2).

Servers use both loosely, so a reply code counts only where there are no words, or where they are about the same thing.
"""

from __future__ import annotations

import typing as t

from .login import OTHER_REASONS
from .row import Row

_SILENT = r"^[\W\d]*(?:error\W*|sorry\W*|no\W*|nope\W*|rejected\W*|failed\W*|denied\W*)?$"
_LOGIN = (
    rf"{_SILENT}|auth|log[- ]?in|password|passwd|credential|user ?name|\buser\b|api[- ]?key|sasl|anmeld|kennwort|"
    r"benutzer|identifiant|mot de passe|contrase|senha|парол|密码|认证|登录|验证|ログイン|認証"
)
_NOT_WRONG = (
    r"disabled|not enabled|blocked|suspended|locked|limit|quota|exceed|\bip\b|denied by|not allowed|too many|tls|"
    r"encrypt|secure|expired|mechanism|not supported|unsupported|not available|temporar|unavailable|busy|rate|\brelay|"
    rf"{OTHER_REASONS}"
)

CODES: t.Final = (
    Row(
        "recipient-unknown",
        enhanced="x.1.1 x.1.6 x.1.10",
        near=rf"{_SILENT}|user|recipient|mailbox|inbox|address|account|alias|\bname\b|person|unknown|exist|found|<@>|"
        rf"rcpt|"
        r"undeliver|subscriber|用户|收件|邮箱",
        unless=r"sender|blocked|polic|spam|relay|quota|limit|abuse|forg",
    ),
    Row(
        "syntax",
        enhanced="5.1.3 5.1.7 5.5.2 5.5.4",
        near=rf"{_SILENT}|syntax|argument|parameter|malformed|invalid|illegal|\bbad\b|command|recogni|character|option",
        unless=r"blocked|reputation|spam|polic|denied|auth|valid recip|helo|ehlo|sender|domain|utf-?8",
    ),
    Row(
        "sender-rejected",
        enhanced="x.1.8",
        near=rf"{_SILENT}|sender|from|domain|address|resolv|\bdns\b",
        unless=r"spam|blocked|relay|account",
    ),
    Row(
        "recipient-rejected",
        enhanced="5.2.1",
        stage="rcpt",
        near=rf"{_SILENT}|mailbox|inbox|account|recipient|user|address|disabled|inactive|accept",
        unless=r"\bip\b|rate|unknown|spam",
    ),
    Row(  # Microsoft's; by RFC 3463 the code is for a host that does not answer
        "recipient-rejected",
        enhanced="5.4.1",
        stage="rcpt",
        near=rf"{_SILENT}|reject|den(?:y|ied)|refus|recipient",
        unless=r"\bip\b|spam|relay|answer|timed? ?out",
    ),
    Row(
        "mailbox-full",
        enhanced="x.2.2",
        near=rf"{_SILENT}|full|quota|space|storage|exceed|limit|over|voll|plein|llen[oa]|chei[oa]|pien[oa]|满",
        unless=r"spam|blocked|rate|send|subm",
    ),
    Row("too-large", enhanced="5.2.3 x.3.4", near=rf"{_SILENT}|siz|large|big|long|exceed|limit|大"),
    Row(
        "server-busy",
        enhanced="4.3.0 4.3.1 4.3.2 4.4.5",
        near=rf"{_SILENT}|temporar|later|busy|error|fail|problem|unavailable|not available|system|storage|queue|"
        rf"service|"
        r"internal|not active|shut|resource|memory|disk|aborted",
        unless=r"limit|exceed|quota|too many|gr[ea]y|spam|block|maximum|reached|period|reputation|polic|auth|sender",
    ),
    Row("timeout", enhanced="4.4.2", near=rf"{_SILENT}|time ?d? ?-?out", words="slow"),
    Row("quota", enhanced="5.1.90"),
    Row("quota", enhanced="5.4.5", provider="gmail google-relay"),
    Row(
        "rate-limit",
        enhanced="x.5.3 4.7.28 5.7.28",
        near=rf"{_SILENT}|too many|limit|exceed|maximum|rate|quota|recipients",
        unless=r"invalid|unknown|not owned",
    ),
    Row("utf8-unsupported", enhanced="x.6.7"),
    Row("auth-wrong", enhanced="5.7.3", code="535", stage="auth", unless=_NOT_WRONG),
    Row("auth-wrong", enhanced="5.7.8", near=_LOGIN, unless=_NOT_WRONG),
    Row("auth-unsupported", enhanced="5.7.4", stage="auth"),
    Row("tls-required", enhanced="5.7.10 5.7.11"),
    Row("account-suspended", enhanced="5.7.13", stage="auth mail"),
    Row("unauthenticated-domain", enhanced="x.7.20 x.7.21 x.7.22 x.7.23 x.7.24 x.7.26 x.7.27 x.7.509 x.7.515"),
    Row("ip-blocked", enhanced="x.7.25 5.7.511 5.7.606"),
    Row("recipient-rejected", enhanced="5.7.12 5.7.124 5.7.129 5.7.133 5.7.134 5.7.135 5.7.136 5.7.505 5.7.507"),
    Row("helo-rejected", enhanced="5.7.506"),
    Row("rate-limit", enhanced="5.2.121 5.2.122 5.7.508"),
    Row("syntax", enhanced="5.7.512 5.1.20 5.6.11", words="content"),
    Row("account-suspended", enhanced="5.7.501 5.7.502 5.7.503 5.7.700 5.7.705"),
    Row("auth-disabled", enhanced="5.7.30"),
    Row("sender-not-allowed", enhanced="5.7.750"),
    Row("auth-required", enhanced="5.7.57"),
    Row("sender-not-allowed", enhanced="5.7.60 5.2.252"),
    Row("relay-denied", enhanced="5.7.54 5.7.64"),
    Row("auth-wrong", code="535 526", stage="auth", near=_LOGIN, unless=_NOT_WRONG),
    Row("auth-wrong", code="535 526", error="SMTPAuthenticationError", near=_LOGIN, unless=_NOT_WRONG),
    Row("auth-unsupported", code="502 504", stage="auth", unless=r"helo|ehlo|first"),
    Row("auth-unsupported", code="500", stage="auth", near=r"command|unrecogni|not recogni|unknown|implement|support"),
    Row("tls-required", code="538", stage="auth"),
    Row(
        "server-busy",
        code="454",
        stage="auth",
        near=rf"{_SILENT}|temporar|try again|later|unavailable|not available",
        unless=r"tls|too many|exceed|quota|limit",
        seen=("454 4.7.0 Temporary authentication failure",),
    ),
    Row("auth-required", code="530", stage="mail rcpt", near=rf"{_SILENT}|auth|log[- ]?in|credential|anonymous"),
    Row("syntax", code="500 501 555", stage="mail rcpt", near=rf"{_SILENT}|syntax|argument|parameter|malformed|option"),
    Row("helo-rejected", code="501 504", stage="ehlo", near=rf"{_SILENT}|helo|ehlo|host|name|domain|argument|syntax"),
    Row("helo-rejected", code="550 553 554", stage="ehlo", near=r"helo|ehlo|host ?name|domain name|your name"),
    Row("relay-denied", code="551", stage="rcpt", near=rf"{_SILENT}|not local|relay|please try|forward"),
    Row("mailbox-full", code="552", stage="rcpt", near=rf"{_SILENT}|storage|quota|full|space"),
    Row("too-large", code="552", stage="mail", near=rf"{_SILENT}|siz|storage|large|big|exceed"),
    Row("auth-wrong", code="535", near=_LOGIN, unless=_NOT_WRONG),
    Row("auth-required", code="530", near=rf"{_SILENT}|auth|log[- ]?in", unless=r"\btls\b|\bssl\b|encrypt"),
    Row(
        "server-busy",
        code="421",
        near=rf"{_SILENT}|closing|later|busy|unavailable|not available",
        unless=(
            r"limit|too many|exceed|block|listed|reputation|spam|polic|denied|refused|rate|auth|suspicious|"
            r"not allowed|"
            r"tls|error:|\bips?\b|dns\b|white ?-?list|\bmax|reached|\b4\.7\.\d"
        ),
    ),
)
