"""What mail software says about TLS and logging in: Postfix, Exim, Exchange, Sendmail, OpenSMTPD, Dovecot."""

from __future__ import annotations

import typing as t

from .row import Row

LOGIN: t.Final = (
    Row(
        "tls-required",
        text=r"must issue a starttls|starttls (?:command )?(?:first|(?:is )?required)|"
        r"(?:tls|ssl|encryption) (?:connection |session )?(?:is )?(?:required|needed)|requires? (?:tls|ssl|encryption)|"
        r"until tls|without (?:tls|ssl|encryption)|must use (?:tls|ssl|starttls)|encrypted connection",
        seen=(
            "530 5.7.0 Must issue a STARTTLS command first.",
            "538 5.7.11 Encryption required for requested authentication mechanism",
        ),
    ),
    Row(
        "tls-required",
        text=r"the password was not sent",
        words="unsent",
        seen=("SMTPNotSupportedError: mail.example.com offers no TLS on port 25, so the password was not sent.",),
    ),
    Row(
        "tls-mode-mismatch",
        text=r"starttls extension not supported|does not offer starttls",
        words="no-starttls",
        seen=("SMTPNotSupportedError: STARTTLS extension not supported by server.",),
    ),
    Row(
        "tls-required",
        text=r"auth extension not supported|offers no login",
        security="plain",
        port="587",
        seen=("SMTPNotSupportedError: SMTP AUTH extension not supported by server. (port 587 without MAIL_USE_TLS)",),
    ),
    Row(
        "auth-unsupported",
        text=r"auth extension not supported|offers no login|offers to log in by|no suitable authentication method|"
        r"authentication not (?:enabled|supported|available)|when not advertised|unrecogni[sz]ed authentication type|"
        r"auth\w* (?:mechanism|type|method) (?:is )?(?:not (?:supported|available)|unsupported|unrecogni[sz]ed)|"
        r"unsupported auth|auth command is not|auth not (?:enabled|supported|available)",
        seen=(
            "SMTPNotSupportedError: SMTP AUTH extension not supported by server.",
            "SMTPException: No suitable authentication method found.",
            "503 5.5.1 Error: authentication not enabled",
            "503 AUTH command used when not advertised",
            "504 5.7.4 Unrecognized authentication type",
        ),
    ),
    Row(
        "auth-wrong",
        text=r"too many (?:\w+ ){0,3}(?:logins?|auth\w*)",
        stage="auth",
        transient=False,
        words="too-often",
        seen=("421 4.7.0 Too many failed login attempts",),
    ),
    Row("server-busy", text=r"temporary authentication failure|temporary system problem", stage="auth", transient=True),
    Row(
        "oauth-failed", text=r"\"status\" ?: ?\"?40|invalid_token|token (?:is |has )?(?:expired|invalid)", stage="auth"
    ),
    Row("oauth-failed", code="535", mechanism="XOAUTH2 OAUTHBEARER", stage="auth", text="."),
    Row(
        "auth-wrong",
        text=r"authentication (?:credentials )?(?:fail|unsuccessful|invalid|reject|error)|"
        r"(?:invalid|bad|incorrect|wrong) (?:login|credentials?|username|user|password|authentication)|"
        r"(?:username|user|login|password|credentials?)\b.{0,30}(?:incorrect|invalid|wrong|not accepted)|"
        r"login (?:fail|denied|invalid|incorrect)|认证失败|密码错误",
        code="535 534 526 550 501 554",
        stage="auth",
        seen=(
            "535 Incorrect authentication data",
            "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
            "535 Authentication credentials invalid",
        ),
    ),
    Row(
        "auth-required",
        text=r"not logged in|turn on smtp authentication",
        seen=("553 5.7.1 <hello@example.com>: Sender address rejected: not logged in",),
    ),
)
