"""What Google, Microsoft, Yahoo, Apple, Zoho, GoDaddy and others who host mailboxes say.

Google: support.google.com/a/answer/3726730. Microsoft: learn.microsoft.com/exchange/mail-flow-best-practices/
non-delivery-reports-in-exchange-online. Yahoo: senders.yahooinc.com/smtp-error-codes. Apple: support.apple.com/102322.
"""

from __future__ import annotations

import typing as t

from .row import Row

_GOOGLE = "gmail google-relay"
_MICROSOFT = "microsoft365 outlook"
_DISABLED = (
    r"smtpclientauthentication is disabled|basic authentication is (?:disabled|not supported)|smtp_auth_disabled|"
    r"security defaults policy|(?:user is )?locked by your organization's security|"
    r"did not meet the criteria to be authenticated"
)
_NO_OTHER_REASON = r"(?!,? (?!the user credentials)\w)"
"""The words before it say of any failure that it failed; a reason behind them is the one that counts."""

GOOGLE: t.Final = (
    Row(
        "oauth-failed",
        provider="gmail",
        text=r"username and password not accepted|badcredentials|\"status\"",
        mechanism="XOAUTH2 OAUTHBEARER",
        seen=('{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}',),
    ),
    Row("rate-limit", provider="gmail", text=r"too many login attempts", code="4xx"),
    Row("auth-wrong", provider="gmail", text=r"too many login attempts", transient=False, words="too-often"),
    Row(
        "auth-app-password",
        provider="gmail",
        text=r"username and password not accepted|badcredentials|application-specific password|invalidsecondfactor",
        seen=(
            "535 5.7.8 Username and Password not accepted. Learn more at "
            "https://support.google.com/mail/?p=BadCredentials",
            "534 5.7.9 Application-specific password required. Learn more at "
            "https://support.google.com/mail/?p=InvalidSecondFactor",
        ),
    ),
    Row(
        "auth-app-password",
        provider="gmail",
        text=r"(?:via|through) your web ?browser|webloginrequired|less secure",
        seen=("534 5.7.14 Please log in via your web browser and then try again.",),
    ),
    Row("auth-app-password", text=r"(?:via|with|through) your (?:web )?browser", code="534"),
    Row("auth-app-password", provider="gmail", code="534 535", stage="auth"),
    Row(
        "relay-denied",
        provider=_GOOGLE,
        text=r"mail relay denied|invalid credentials for relay",
        seen=(
            "550 5.7.1 Invalid credentials for relay [203.0.113.7]. The IP address you've registered in your domain's "
            "SMTP Relay service doesn't match the domain of the account this email is being sent from.",
        ),
    ),
    Row(
        "quota",
        provider=_GOOGLE,
        text=r"daily (?:user )?sending (?:limit|quota)|sending limit exceeded|daily smtp relay|email quota exceeded",
        seen=("550 5.4.5 Daily user sending limit exceeded.", "550 5.4.5 Daily user sending quota exceeded."),
    ),
    Row("rate-limit", provider=_GOOGLE, text=r"too many recipients|limit exceeded for customer"),
    Row(
        "spam-content",
        text=r"our system has detected that this message is (?:likely )?(?:suspicious|unsolicited)|"
        r"reputation of the sending domain",
    ),
    Row(
        "rate-limit",
        provider=_GOOGLE,
        text=r"try again later, closing connection",
        seen=("421 4.7.0 Try again later, closing connection.",),
    ),
    Row(
        "ip-blocked",
        text=r"mail sent from your ip address has been (?:temporarily )?blocked",
    ),
    Row(
        "ip-blocked",
        provider=_GOOGLE,
        text=r"ip address has been (?:temporarily )?blocked|send e?mail directly to our servers|ip not in whitelist",
    ),
    Row("syntax", provider=_GOOGLE, text=r"not rfc 5322 compliant|message is malformed", words="content"),
)

MICROSOFT: t.Final = (
    Row(
        "auth-disabled",
        provider=_MICROSOFT,
        text=_DISABLED,
        seen=(
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            "550 5.7.30 Basic authentication is not supported for Client Submission.",
        ),
    ),
    Row("auth-disabled", text=_DISABLED),
    Row(
        "oauth-failed",
        provider=_MICROSOFT,
        text=r"authentication unsuccessful",
        mechanism="XOAUTH2 OAUTHBEARER",
        seen=("535 5.7.3 Authentication unsuccessful [XX0P000CA0001.PROD.OUTLOOK.COM] (XOAUTH2)",),
    ),
    Row(
        "auth-wrong",
        provider=_MICROSOFT,
        text=rf"authentication unsuccessful{_NO_OTHER_REASON}",
        stage="auth",
        seen=(
            "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
            "535 5.7.3 Authentication unsuccessful [XX0P000CA0001.PROD.OUTLOOK.COM]",
        ),
    ),
    Row(
        "auth-required",
        text=r"client (?:was )?not authenticated",
        seen=(
            "530 5.7.57 Client not authenticated to send mail.",
            "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
        ),
    ),
    Row(
        "sender-not-allowed",
        text=r"permissions? to send as|sendasdenied|not allowed to send as",
        seen=(
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            "554 5.2.252 SendAsDenied; login@example.com not allowed to send as hello@example.com",
        ),
    ),
    Row(
        "account-suspended",
        text=r"tenant has exceeded threshold|outboundspamexception|\bwascl\b|bad outbound sender|"
        r"access denied, spam abuse",
        seen=(
            "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; WASCL UserAction verdict is not None. "
            "Actual verdict is Suspend",
            "550 5.1.8 Access denied, bad outbound sender.",
        ),
    ),
    Row(
        "quota",
        text=r"submission ?quota ?exceeded|daily limit for message recipients",
        seen=(
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
            "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
        ),
    ),
    Row(
        "rate-limit",
        text=r"sender thread limit|concurrent connections limit|message submission rate|temporarily rate limited|"
        r"exceeded the (?:rate|connection) limit",
        seen=(
            "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
            "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending",
            "451 4.7.650 The mail server [203.0.113.7] has been temporarily rate limited due to IP reputation.",
        ),
    ),
    Row(
        "ip-blocked",
        text=r"part of\s+their network is on our block ?list|banned sending ip|traffic not accepted from this ip",
        seen=(
            "550 5.7.1 Unfortunately, messages from [203.0.113.7] weren't sent. Please contact your Internet service "
            "provider since part of their network is on our block list (S3150).",
            "550 5.7.606 Access denied, banned sending IP [203.0.113.7].",
        ),
    ),
    Row("recipient-unknown", text=r"(?:recipient address rejected: )?access denied\. as\(201806281\)"),
    Row("recipient-rejected", text=r"resolver\.rst\.(?:notauthorized|authrequired|sendernotauth)"),
    Row("recipient-unknown", provider=_MICROSOFT, text=r"mailbox unavailable", stage="rcpt"),
    Row("recipient-unknown", text=r"mailbox unavailable \(s20\d+\)"),
    Row("relay-denied", text=r"tenantattribution"),
)

OTHERS: t.Final = (
    Row(
        "auth-app-password",
        provider="yahoo icloud aol fastmail mailru",
        code="535 534",
        stage="auth",
        seen=("535 5.7.0 (#AUTH005) Too many bad auth attempts. (Yahoo)",),
    ),
    Row(
        "sender-rejected",
        text=r"unresolvable rfc\.?\s?532[12] from domain|unresolvable-from-domain",
        seen=("451 Message temporarily deferred due to unresolvable RFC.5321 from domain.",),
    ),
    Row(
        "rate-limit",
        text=r"\[tss?0[49]\](?! all)|messages? from \(?[\d.:a-f]{7,39}\)? temporarily deferred|unexpected volume|"
        r"excessive volume|max message per connection",
        seen=(
            "421 4.7.0 [TSS04] Messages from 203.0.113.7 temporarily deferred due to unexpected volume or user "
            "complaints",
            "421 Max message per connection reached, closing transmission channel",
        ),
    ),
    Row("ip-blocked", text=r"will be permanently deferred; retrying will not succeed"),
    Row("ip-blocked", provider="yahoo aol", text=r"\[bl\d\d\]|\[ts03\]|permanently deferred"),
    Row("recipient-unknown", text=r"doesn't have a \S+ account"),
    Row("recipient-rejected", text=r"cannot be delivered. this (?:account|mailbox)(?: has been \w+)?"),
    Row(
        "spam-content",
        provider="yahoo aol",
        text=r"not (?:accepted|allowed).{0,40}polic|\[ph\d\d\]|not (?:accepted|allowed) for policy reasons",
        seen=("554 Message not allowed - [PH01] Email not accepted for policy reasons.",),
    ),
    Row(
        "spam-content",
        text=r"\[(?:cs01|hm08|hme1)\]",
        unless=r"spf|dkim|dmarc",
        seen=("550 5.7.1 [CS01] Message rejected due to local policy.",),
    ),
    Row("ip-blocked", provider="icloud", text=r"not accepting connections"),
    Row(
        "sender-not-allowed",
        text=r"relaying disallowed as|sender is not allowed to relay",
        seen=("553 Relaying disallowed as hello@example.com",),
    ),
    Row("sender-not-allowed", provider="zoho", text=r"relaying disallowed"),
    Row("syntax", provider="webde gmx", text=r"[?&]c=hi\b", words="content"),
    Row("syntax", text=r"postmaster\.(?:web\.de|gmx\.\w+)/\S*[?&]c=hi\b", words="content"),
    Row(
        "account-suspended",
        provider="zoho",
        text=r"outgoing blocked|sender (?:e-?mail )?(?:address )?blocked",
        seen=("550 5.4.6 Unusual sending activity detected.", "554 5.1.8 Email Outgoing Blocked."),
    ),
    Row("account-suspended", text=r"unusual (?:sending|outgoing) activity"),
    Row(
        "auth-app-password",
        text=r"parol prilozheniya|application password is required|ordinary password",
        seen=("535 5.7.0 NEOBHODIM parol prilozheniya / Application password is REQUIRED",),
    ),
    Row(
        "auth-app-password",
        text=r"app(?:lication)?[- ](?:specific )?password|应用专用密码|app-?passwort|mot de passe d'application|"
        r"contrase[nñ]a de aplicaci[oó]n|senha de (?:app|aplicativo)|password per (?:le )?app\b|парол\w* приложени|"
        r"アプリ(?:専用)?の?パスワード",
        stage="auth",
    ),
    Row(
        "auth-disabled",
        text=r"does not have access rights to this service",
        seen=("535 5.7.8 Error: authentication failed: This user does not have access rights to this service",),
    ),
    Row("spam-content", text=r"under suspicion of spam", seen=("554 5.7.1 Message rejected under suspicion of SPAM",)),
    Row(
        "auth-unsupported",
        text=r"authentication not allowed on",
        seen=("535 Authentication not allowed on IBSMTP Servers. IB401",),
    ),
    Row("ip-blocked", text=r"policy block list|exploits block list"),
)

MAILBOXES: t.Final = (*GOOGLE, *MICROSOFT, *OTHERS)
