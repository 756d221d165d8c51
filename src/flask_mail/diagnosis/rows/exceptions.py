"""What the standard library raises where no server has said a word."""

from __future__ import annotations

import typing as t

from .row import Row

EXCEPTIONS: t.Final = (
    Row("credentials-encoding", error="UnicodeEncodeError", stage="auth"),
    Row("cert-expired", text=r"certificate has expired", error="SSLCertVerificationError SSLError"),
    Row("cert-hostname", text=r"hostname mismatch|ip address mismatch|not valid for", error="SSLCertVerificationError"),
    Row("cert-untrusted", error="SSLCertVerificationError"),
    Row("tls-mode-mismatch", text=r"WRONG_VERSION_NUMBER", error="SSLError", words="no-tls"),
    Row("dns", error="gaierror"),
    Row("refused", error="ConnectionRefusedError"),
    Row(
        "tls-mode-mismatch",
        error="TimeoutError SMTPServerDisconnected",
        stage="greeting",
        port="465",
        words="tls-first",
    ),
    Row("timeout", error="TimeoutError"),
    Row("closed-early", error="SMTPServerDisconnected ConnectionResetError BrokenPipeError"),
    Row("not-smtp", error="SMTPResponseException", code="-1"),
    Row("auth-wrong", code="535 534 526"),
    Row("auth-required", code="530"),
    Row("recipient-unknown", enhanced="5.1.1"),
    Row("server-busy", code="421"),
)
