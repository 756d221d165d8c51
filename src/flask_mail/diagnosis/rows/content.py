"""What mail software says about the mail itself, its domain, its number, and about the server."""

from __future__ import annotations

import typing as t

from .row import Row

CONTENT: t.Final = (
    Row(
        "unauthenticated-domain",
        text=r"dmarc|unauthenticated (?:e?mail|sender|message)|sender is unauthenticated|authentication checks|"
        r"(?:spf|dkim)\b.{0,60}(?:did not pass|not pass|fail)|(?:fail\w*|invalid|violat\w*) spf|spf check|"
        r"(?:sender policy framework|spf) violation|required authentication level|not allowed by spf|"
        r"not (?:designated|permitted) (?:as|by)",
        seen=(
            "550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy.",
            "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
            "550 5.7.515 Access denied, sending domain EXAMPLE.COM doesn't meet the required authentication level.",
            "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        ),
    ),
    Row(
        "rate-limit",
        text=r"too many (?:\w+ )?(?:recipients|messages|connections|e?mails|concurrent|sessions|requests|nonmail)|"
        r"receiving (?:e?mail |messages )?(?:too quickly|at a rate)|unusual rate|per time unit|rate limit|"
        r"reduce the number of|maximum (?:allowed )?(?:connections|recipients)|too much mail",
        transient=True,
        seen=(
            "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
            "421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address.",
            "421 Too many concurrent SMTP connections",
            "452 4.5.3 Your message has too many recipients.",
            "450 4.7.1 Error: too much mail from 203.0.113.7",
        ),
    ),
    Row(
        "ip-blocked",
        text=r"spamhaus|barracuda|spamcop|sorbs|uceprotect|dnsbl|\brbl\b|poor reputation|"
        r"\bip\b.{0,60}(?:black|blocked|banned|denied|listed|not authori[sz]ed)|dynamic ip|ptr record|reverse dns|"
        r"your (?:ip|host|server).{0,40}(?:blocked|blacklisted|banned|listed)|^ip=.*\(bl\)",
        seen=(
            "550 5.7.25 The IP address sending this message does not have a PTR record setup",
            "554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.",
            "554 IP=203.0.113.7 - A problem occurred. (Ask your postmaster for help or to contact "
            "tosa@rx.t-online.de to clarify.) (BL)",
        ),
    ),
    Row(
        "too-large",
        text=r"(?:message|mail)(?: \w+)? (?:too (?:big|large)|size exceeds|exceeds|exceeded \S+ message size)|"
        r"size (?:limit )?(?:exceed|over)|exceeded mailsize|content too long|message file too big|larger than",
        seen=(
            "552 5.3.4 Message size exceeds fixed limit",
            "552 5.2.3 Your message exceeded Google's message size limits.",
        ),
    ),
    Row(
        "syntax",
        text=r"bare (?:lf|newlines?|cr)|lone cr|missing final|from header|'from' header|not rfc ?5322|"
        r"invalid address in from|"
        r"rfc ?5322 compliant|multiple from|valid message-?id|header.{0,20}(?:missing|malformed|duplicate)|"
        r"(?:missing|malformed|duplicate).{0,20}header|malformed",
        stage="data end-of-data",
        words="content",
        seen=(
            "550 5.7.1 Messages missing a valid Message-ID header are not accepted.",
            "550 From header is missing, header is not RFC 5322 compliant",
            "554 5.6.0 Message contains bare newlines",
        ),
    ),
    Row(
        "spam-content",
        text=r"\bspam|unsolicited|virus|malware|phish|infected|potential security issue|"
        r"very low reputation of the sending|banned (?:content|attachment)|"
        r"suspicious characteristics",
        stage="data end-of-data",
        seen=(
            "550 5.7.1 Our system has detected that this message is likely unsolicited mail.",
            "552 5.7.0 This message was blocked because its content presents a potential security issue.",
            "554 5.7.1 Message rejected as spam",
            "552 Virus found.",
        ),
    ),
    Row(
        "auth-required",
        text=r"authentication (?:is )?(?:required|needed)|auth (?:command )?first|please authenticate|"
        r"must authenticate|not authenticated|authenticate first|请先登录|please log ?in first|requires authentication",
        seen=("530 5.7.0 Authentication Required.", "503 5.5.4 Error: send AUTH command first"),
    ),
    Row(
        "timeout",
        text=r"timeout exceeded|timeout waiting|timeout - closing|connect error 10060|idle timeout",
        code="4xx",
        words="slow",
        seen=("421 4.4.2 mail.example.com Error: timeout exceeded",),
    ),
    Row(
        "server-busy",
        text=r"server (?:is )?(?:too )?(?:busy|temporarily unavailable)|temporary (?:system |local |server |lookup )?"
        r"(?:problem|failure|error)|insufficient system|resources temporarily|shutting down|queue file write error|"
        r"service (?:is )?(?:currently |temporarily )?(?:not available|unavailable)|"
        r"server configuration (?:error|problem)|"
        r"temporarily rejected|temporarily unavailable|system (?:is )?(?:too )?busy",
        code="4xx",
        seen=(
            "421 4.4.5 Server busy, try again later.",
            "421 4.3.2 Service not available, closing transmission channel",
            "451 4.3.0 Error: queue file write error",
            "452 4.3.1 Insufficient system storage",
        ),
    ),
    Row(
        "not-smtp",
        text=r"^/1\.\d \d{3} |http/1|^2\.0-|openssh|imap4rev1|pop3 (?:server )?ready",
        transient=False,
        stage="connect greeting",
        seen=("SMTPResponseException: (-1, \"The server's answer is not SMTP: 'HTTP/1.1 400 Bad Request'\")",),
    ),
)
