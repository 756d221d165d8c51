"""Where the words say nothing: enhanced status codes (RFC 3463 and its registry) and reply codes (RFC 5321 §4.2)."""

from __future__ import annotations

import typing as t

from .row import Row

CODES: t.Final = (
    Row("recipient-unknown", enhanced="x.1.1 x.1.6 x.1.10"),
    Row("syntax", enhanced="5.1.3 5.1.7 5.5.2 5.5.4"),
    Row("sender-rejected", enhanced="x.1.8"),
    Row("recipient-rejected", enhanced="5.2.1"),
    Row("recipient-rejected", enhanced="5.4.1", stage="rcpt"),
    Row("mailbox-full", enhanced="x.2.2"),
    Row("too-large", enhanced="5.2.3 x.3.4"),
    Row("server-busy", enhanced="4.3.0 4.3.1 4.3.2 4.4.5"),
    Row("timeout", enhanced="4.4.2", words="slow"),
    Row("quota", enhanced="5.4.5 5.1.90"),
    Row("rate-limit", enhanced="x.5.3 4.7.28 5.7.28"),
    Row("utf8-unsupported", enhanced="x.6.7"),
    Row("auth-wrong", enhanced="5.7.3", code="535", stage="auth"),
    Row("auth-wrong", enhanced="5.7.8"),
    Row("auth-unsupported", enhanced="5.7.4", stage="auth"),
    Row("tls-required", enhanced="5.7.10 5.7.11"),
    Row("account-suspended", enhanced="5.7.13"),
    Row("unauthenticated-domain", enhanced="x.7.20 x.7.21 x.7.22 x.7.23 x.7.24 x.7.26 x.7.27 x.7.509 x.7.515"),
    Row("ip-blocked", enhanced="x.7.25 5.7.511 5.7.606"),
    Row("auth-disabled", enhanced="5.7.139"),
    Row("auth-required", enhanced="5.7.57"),
    Row("sender-not-allowed", enhanced="5.7.60 5.2.252"),
    Row("relay-denied", enhanced="5.7.54 5.7.64"),
    Row("auth-wrong", code="535 526", stage="auth"),
    Row("auth-wrong", code="535 526", error="SMTPAuthenticationError"),
    Row("auth-unsupported", code="500 502 504", stage="auth"),
    Row("tls-required", code="538", stage="auth"),
    Row("server-busy", code="454", stage="auth", seen=("454 4.7.0 Temporary authentication failure",)),
    Row("auth-required", code="530", stage="mail rcpt"),
    Row("sender-rejected", code="553", stage="mail"),
    Row("syntax", code="500 501 555", stage="mail rcpt"),
    Row("helo-rejected", code="501 504 550 553", stage="ehlo"),
    Row("relay-denied", code="551", stage="rcpt"),
    Row("mailbox-full", code="552", stage="rcpt"),
    Row("too-large", code="552", stage="mail"),
    Row("auth-wrong", code="535"),
    Row("auth-required", code="530"),
    Row("server-busy", code="421"),
)
