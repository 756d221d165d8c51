"""What mail software says about who sends, from where, and to whom.

What names a sender or a recipient stands before what only says "rejected".
"""

from __future__ import annotations

import typing as t

from .row import Row

PARTIES: t.Final = (
    Row(
        "sender-not-allowed",
        text=r"not owned by (?:auth )?user|not (?:allowed|permitted|authori[sz]ed) to send (?:e?mail )?(?:from|as)|"
        r"sender (?:address )?(?:does not|doesn't) match|sender address is not (?:allowed|owned)",
        transient=False,
        seen=("553 5.7.1 <hello@example.com>: Sender address rejected: not owned by user joe",),
    ),
    Row(
        "relay-denied",
        text=r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not permitted|not allowed|prohibited|disallowed|forbidden)|"
        r"(?:unable|not (?:allowed|permitted|authori[sz]ed)) to relay|not allowed relay|do not relay|no relaying|"
        r"list of allowed rcpthosts|proper authentication required",
        seen=(
            "554 5.7.1 <you@example.com>: Relay access denied",
            "550 5.7.1 Unable to relay",
            "550 relay not permitted",
            "553 sorry, that domain isn't in my list of allowed rcpthosts",
        ),
    ),
    Row(
        "helo-rejected",
        text=r"(?:helo|ehlo) (?:command |name |argument )*(?:is )?(?:rejected|invalid|required)|invalid (?:helo|ehlo)|"
        r"need fully-qualified hostname|arguments: invalid domain name",
        seen=(
            "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
            "501 5.5.4 Invalid command arguments: Invalid domain name",
        ),
    ),
    Row(
        "greylisted",
        text=r"gr[ea]y-?list|postgrey",
        transient=True,
        seen=(
            "450 4.2.0 <you@example.com>: Recipient address rejected: Greylisted, see "
            "http://postgrey.schweikert.ch/help/example.com.html",
            "451 4.7.1 Greylisting in action, please come back later",
        ),
    ),
    Row(
        "ip-blocked",
        text=r"(?:sender|client host|helo).{0,60}(?:dnsbl|\brbl\b)|client host .{0,80}blocked|"
        r"client host rejected|messages from \[?[\d.]+\]? weren't sent",
        seen=(
            "554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using zen.spamhaus.org",
            "450 4.7.1 Client host rejected: cannot find your hostname, [203.0.113.7]",
        ),
    ),
    Row("syntax", text=r"recipient address must contain a domain|recipient address rejected: need fully-qualified"),
    Row(
        "syntax",
        text=r"(?:bad|invalid|malformed) (?:sender |recipient |e?mail )?address(?: syntax)?\b|syntax error|bad syntax|"
        r"not a valid rfc.?532[12] address|unrecogni[sz]ed command|bad sequence of commands|"
        r"(?:mail|rcpt|ehlo|helo) (?:command )?first|"
        r"need (?:mail|rcpt) command|protocol violation|"
        r"command (?:not implemented|unknown|unrecogni[sz]ed)|address contains|invalid (?:mail from|rcpt to)",
        code="500 501 502 503 504 550 553 554 555 451 454",
        seen=(
            "501 5.1.3 Bad recipient address syntax",
            "501 5.1.7 Bad sender address syntax",
            "555 5.5.2 Syntax error, cannot decode response",
            "503 5.5.1 Bad sequence of commands",
        ),
    ),
    Row(
        "sender-rejected",
        text=r"sender address (?:rejected|refused|must)|sender address \[.*?\] blocked|sender verify failed|"
        r"domain of sender address|(?:rejected|invalid) sender|sender (?:rejected|refused|denied)|"
        r"for sender address|could not verify sender",
        seen=(
            "450 4.1.8 <hello@example.invalid>: Sender address rejected: Domain not found",
            "553 5.1.8 Domain of sender address hello@example.invalid does not exist",
            "550 Sender verify failed",
            "554 5.7.1 Service unavailable; Sender address [hello@example.com] blocked using dbl.spamhaus.org",
        ),
    ),
    Row(
        "recipient-unknown",
        text=r"(?:user|mailbox|account|recipient|address)\b(?: \S+){0,8} (?:does not exist|doesn'?t exist|unknown|"
        r"invalid|not (?:exist|found|valid|known))|user (?:unknown|invalid)|"
        r"(?:no such|unknown|invalid|non-?existent) (?:user|recipient|mailbox|account|person)|unrouteable address|"
        r"unknown or illegal alias|inactive email address|recipientnotfound|recipient not found|no mailbox (?:here|by)|"
        r"host unknown|find the recipient domain|not a valid recipient|no longer on server",
        code="550 553 554 551 501 450 511 521 541 556",
        stage="rcpt",
        seen=(
            "550 5.1.1 <you@example.com>: Recipient address rejected: User unknown in local recipient table",
            "550 5.1.1 The email account that you tried to reach does not exist.",
            "550 No such user here",
            "550 Unrouteable address",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        ),
    ),
    Row("recipient-unknown", text=r"no such user|user unknown|tried to reach does not exist|recipientnotfound"),
    Row(
        "mailbox-full",
        text=r"over ?quota|(?:mailbox|inbox) (?:is )?full|inbox is out of storage|邮箱已满|exceeded storage allocation",
        stage="rcpt",
        seen=("552 5.2.2 Mailbox full", "452 4.2.2 The recipient's inbox is out of storage space."),
    ),
    Row("mailbox-full", text=r"(?:mailbox|inbox) (?:is )?full|(?:user|account|mailbox)\b.{0,40}over ?quota|邮箱已满"),
    Row(
        "recipient-rejected",
        text=r"(?:account|mailbox|user)\b.{0,60}(?:disabled|suspended|discontinued|not accepting)|reserved by rfc 2606|"
        r"recipient address rejected: access denied|user suspended",
        stage="rcpt",
        seen=(
            "550 5.2.1 The email account that you tried to reach is disabled.",
            "550 5.4.1 Recipient address rejected: Access denied.",
        ),
    ),
    Row(
        "utf8-unsupported",
        text=r"smtputf8",
        seen=(
            "SMTPNotSupportedError: SMTPUTF8 not supported by server",
            "553 5.6.7 Must declare SMTPUTF8 to send unicode address",
        ),
    ),
)
