"""What mail software says about who sends and to whom.

What names a sender or a recipient stands before what only says "rejected"; a mailbox that is full or shut before one
that does not exist.
"""

from __future__ import annotations

import typing as t

from .recipients import RECIPIENTS
from .row import Row

_SENDER_REFUSED = (
    r"sender address (?:rejected|refused)(?!\s*[:,;-]\s*(?!domain (?:not found|of|does|doesn't|has|must)|access denied|"
    r"user unknown|unknown|unverified|undeliverable|unroute?able|need fully|invalid|malformed|"
    r"(?:does )?not (?:found|exist)|blocked|dumb)\w)"
)
"""Alone, or for what is said of senders only: any other reason would be the one that counts."""

_LOGIN: t.Final = (
    Row(
        "auth-required",
        text=r"auth(?:entication|orization)? (?:is )?(?:required|needed|necessary)|auth (?:command )?first|"
        r"please authenticate|(?:must|have to|need to|should) (?:be )?(?:log(?:ged)? ?in|authenticated?)|"
        r"not authenticated|not logged ?in|authenticate first|requires? (?:smtp )?authentication|"
        r"need .{0,10}\bauth\b|"
        r"authentification requise|authentifizierung (?:ist )?(?:erforderlich|notwendig)|autenticaci[oó]n requerida|"
        r"请先.{0,6}(?:登录|认证|验证)|需要.{0,4}(?:登录|认证|验证)|before sending .{0,20}(?:log|check)|"
        r"pop[- ]before[- ]smtp|"
        r"relay check local|permissions? to submit mail|turn on smtp authentication|(?<!received as )unauthenticated",
        unless=r"relay(?! check)|unauthenticated (?:e-?mail from|sender is|message)|authenticate with|"
        r"not authenticated for|\bgroup\b",
        stage="ehlo mail rcpt data end-of-data untold",
        seen=(
            "530 5.7.0 Authentication Required.",
            "503 5.5.4 Error: send AUTH command first",
            "553 5.7.1 <hello@example.com>: Sender address rejected: not logged in",
        ),
    ),
    Row(
        "auth-required",
        text=r"please log ?in",
        unless=r"relay|limit|quota|exceed|browser|suspend|verif|activat|to your account|password",
        stage="ehlo mail rcpt data end-of-data untold",
    ),
    Row(
        "auth-required",
        text=r"authentication (?:is )?required|请先登录|auth (?:command )?first",
        unless=r"relay\w* (?:\w+ )?(?:denied|not|prohibited|disallowed)|proper authentication",
        code="530 503 550 553 554",
    ),
    Row("auth-required", text=r"need ehlo and auth first|send auth command first|please authenticate first"),
)

_SENDERS: t.Final = (
    Row(
        "sender-not-allowed",
        text=r"not owned by (?:auth )?user|(?:not|never|isn'?t) (?:allowed|permitted|authori[sz]ed) (?:to )?(?:send|"
        r"use)\b"
        r"(?: e?-?mail| messages?)? ?(?:from|as|on behalf|this (?:sender|from|address))|"
        r"sender (?:address )?(?:does not|doesn't) match|(?:sender|from) (?:address )?is not (?:allowed|owned|"
        r"verified)|"
        r"(?:sender|from)\b.{0,30}\bnot (?:been )?verified|not local sender|"
        r"sender (?:address )?(?:is )?not local|unauthori[sz]ed (?:sending|sender|from) domain|"
        r"from/sender name is not valid|"
        r"(?:from|sender)\b.{0,40}\b(?:must|should|has to|needs? to) (?:match|be (?:the )?(?:same|identical|equal))|"
        r"(?:not|mis-?) ?match(?:es|ing)? .{0,30}(?:authenticated|auth|login|log-?in|sasl)\w*|"
        r"authenticated (?:user|account|sender|login).{0,40}(?:mismatch|does not match|differ)|"
        r"cannot send (?:e?-?mail )?(?:from|as) |(?:sender|from)(?: address)? (?:is )?not (?:allowed|permitted|"
        r"authori[sz]ed)\b|"
        r"not valid for your (?:login|account|user)|(?:mail ?from|envelope)\b.{0,40}mismatch\w* .{0,20}(?:header|"
        r"from)|impersonat|"
        r"use your own (?:e?-?mail )?address|sender (?:address )?(?:mismatch|unauthori[sz]ed)|"
        r"from (?:header|address) (?:does not|doesn't|must) match|not allowed in (?:the )?(?:header )?from|"
        r"(?:domain|address|sender) not allowed in (?:the )?(?:from[ -])?header|"
        r"not one of your (?:\w+ )?(?:addresses|aliases|domains|identities)|"
        r"envelope sender not allowed|draft message\b.{0,40}invalid sender",
        unless=r"\bspf\b|per it",
        transient=False,
        seen=("553 5.7.1 <hello@example.com>: Sender address rejected: not owned by user joe",),
    ),
    Row(
        "relay-denied",
        text=r"relay(?:ing)? ?(?:mail|messages?|access|operation|check)? ?(?:(?:to|for|from) \S+ ?)?(?:is |"
        r"was )?(?:denied|not permitted|not allowed|"
        r"prohibited|"
        r"disallowed|forbidden|refused|rejected)|denied relay|"
        r"(?:unable|not (?:allowed|permitted|authori[sz]ed|configured)|cannot|unauthori[sz]ed) (?:to )?relay|"
        r"(?:(?:not|n't) (?:allowed|permitted|authori[sz]ed) to|may not|must not) be relayed|"
        r"not allowed relay|do not relay|no relay|open relay|as a relay|for relay|relay mail|we don'?t relay|"
        r"denies relay|(?:not local|local) host \S+,? not a gateway|not (?:\w+ )?permitted to\s+relay|"
        r"list of allowed (?:rcpt)?hosts|proper authentication required|"
        r"delivery is not allowed to this address|not allowed to non-?local recipient|"
        r"not (?:an? )?(?:local|hosted) domain|gateway user|not relaying|domain is not hosted|"
        r"not (?:one of )?our domains?|"
        r"domain of forward[- ]path|not handle (?:mail for )?this domain",
        unless=r"\brelay check local\b|sender is not allowed to relay",
        seen=(
            "554 5.7.1 <you@example.com>: Relay access denied",
            "550 5.7.1 Unable to relay",
            "550 relay not permitted",
            "553 sorry, that domain isn't in my list of allowed rcpthosts",
        ),
    ),
    Row(
        "syntax",
        text=r"(?:recipient|rcpt)\b.{0,20} must contain a domain|"
        r"recipient address rejected: need fully",
    ),
    Row(
        "syntax",
        text=r"(?:invalid|bad|malformed|illegal) (?:e-?mail |recipient |rcpt ?to )?address",
        code="501",
        stage="rcpt",
        unless=r"5\.1\.1\b",
    ),
    Row("relay-denied", text=r"user (?:is )?not local", code="550 551", stage="rcpt"),
    Row(
        "sender-rejected",
        text=rf"{_SENDER_REFUSED}|sender address must|sender (?:verify|verification) (?:failed|callout)|"
        r"(?:unable|could not|cannot|can't) (?:to )?verif\w+ (?:the )?sender|domain of sender|"
        r"mail from (?:is )?invalid|sender is (?:unvalidated|invalid)|den(?:y|ies) the sender|for sender address|"
        r"(?<!from )(?:unroute?able|unresolvable|unverified|non-?existent|unknown|invalid|illegal|bad|"
        r"rejected) sender(?! address syntax)|"
        r"sender(?:'s)? (?:domain )?(?:is )?(?:rejected|refused|denied|unknown|not (?:exist|found|accepted))|"
        r"verify mail ?from failed|sender (?:e?-?mail )?(?:address )?is not in (?:my|our|the)|"
        r"verification failed for <?@|black ?-?listed sender|invalid domain in mail from|sender is (?:a )?spammer|"
        r"not accept (?:mail|"
        r"messages) from @|is a dead domain|backscatter protection|"
        r"(?:\bfor|invalid|unknown|\bbad|resolve|verify) (?:the )?sender domain|"
        r"sender domain (?:\S+ )?(?:is |was |has |does |must |could |can ?)?"
        r"(?:not|no|invalid|unknown|reject|refus|exist|resolve)|from: domain is invalid|"
        r"(?:null|empty) (?:envelope )?senders? (?:is |are )?(?:not|reject)|"
        r"(?:fake|forged|bogus) sender|"
        r"invalid return[- ]?path|emetteur invalide|"
        r"return[- ]?path.{0,30}(?:invalid|not|reject)|no access for (?:this|your) (?:domain|"
        r"sender)\b|"
        r"from.{0,10}domain.{0,30}(?:not exist|"
        r"not resolve|"
        r"no mx|unresolv|must (?:resolve|exist))|(?:returned|bounce) mail not accepted",
        unless=r"(?:server|system|service) (?:is )?(?:\w+ )?busy|too (?:large|big)",
        seen=(
            "450 4.1.8 <hello@example.invalid>: Sender address rejected: Domain not found",
            "553 5.1.8 Domain of sender address hello@example.invalid does not exist",
            "550 Sender verify failed",
        ),
    ),
)

_FORGED: t.Final = (
    Row(
        "sender-rejected",
        text=r"(?:^|\s)(?:[\w-]+\.)+[a-z]{2,}>? (?:does not|doesn'?t) (?:exist|resolve)|no (?:dns )?(?:a|"
        r"mx)[- ](?:data|records?)\b",
        stage="mail",
        code="4xx 5xx",
    ),
    Row(
        "sender-rejected",
        text=r"(?:sender|mail ?from|from|return[- ]?path|envelope)\b.{0,40}(?:reject|refus|den(?:y|ied)|invalid|"
        r"fake|forged|"
        r"\bbad\b|unknown|not (?:accept|valid|welcome|exist|found|resolv))|(?:fake|forged|bogus|spoofed|banned) "
        r"(?:sender|from|e?-?mail address)",
        unless=r"address (?:rejected|refused)\s*[:,;-]|auth|relay|owned|match|"
        r"\bip\b|client|server|host\b|recipient|later|temporar|quota|limit|spam|busy|"
        r"too (?:large|big)|syntax|\brfc",
        stage="mail",
        code="4xx 5xx",
    ),
)

PARTIES: t.Final = (
    *_LOGIN,
    Row(
        "utf8-unsupported",
        text=r"(?:option|parameter):? smtputf8|smtputf8 (?:is )?(?:not|required|needed|un)|(?:must|need|requires?|"
        r"without|no|declare|support) (?:\w+ )?smtputf8|"
        r"utf-?8.{0,40}not (?:offer|support)|(?:internationali[sz]ed|non-?ascii|unicode) "
        r"(?:e-?mail |mail )?(?:address|support)",
        seen=(
            "SMTPNotSupportedError: SMTPUTF8 not supported by server",
            "553 5.6.7 Must declare SMTPUTF8 to send unicode address",
        ),
    ),
    *_SENDERS,
    *_FORGED,
    *RECIPIENTS,
    Row("syntax", text=r"can(?:not|'t) decode (?:response|argument|credentials)", code="501", stage="auth untold"),
    Row("syntax", text=r"^invalid input from \S+ to "),
    Row("syntax", text=r"syntax error in (?:parameters|arguments)|^syntax error", code="none"),
    Row(
        "syntax",
        text=r"pipelining (?:is )?not (?:allowed|supported)|improper (?:\w+ ){0,4}pipelining|synchroni[sz]ation error",
    ),
    Row(
        "syntax",
        text=r"(?:bad|invalid|malformed|illegal) (?:\w+ )?(?:e?-?mail )?address(?: syntax)?\b|syntax error|"
        r"bad syntax|"
        r"invalid syntax|syntax (?:is|should)|syntax: (?:mail|rcpt|helo|ehlo|data)|not a valid rfc.?\d+ address|"
        r"unrecogni[sz]ed command|"
        r"bad sequence of commands|sequence error|must precede|out of sequence|duplicate (?:mail|rcpt|helo|ehlo)|"
        r"already said|nested mail|wrong state|before (?:the )?(?:smtp )?(?:greeting|banner)|"
        r"already (?:specified|given)|not yet given|"
        r"invalid [`'\"]?(?:to|from|cc|bcc|reply[-_]?to)[`'\"]? field|expected after|(?:mail|rcpt|ehlo|"
        r"helo)(?:/ehlo)? (?:command )?first|send hello|(?:mail|rcpt|data|helo|ehlo) (?:command )?expected|"
        r"invalid input|issue a reset|expected (?:mail|rcpt|data|helo|ehlo)\b|"
        r"need (?:mail|rcpt|helo|ehlo)|protocol (?:violation|deviation)|unknown command|"
        r"command (?:not implemented|unknown|unrecogni[sz]ed|not recogni[sz]ed)|address contains|"
        r"(?:restricted|illegal|invalid|forbidden|disallowed) characters? in (?:the )?(?:\w+ ){0,2}(?:address|local|"
        r"domain)|"
        r"invalid (?:mail from|rcpt to|command|argument|param\w*|domain name)|malformed (?:local|address|recipient|"
        r"sender|mail)|must contain a domain|unsupported option|parameters? not (?:recogni[sz]ed|implemented|"
        r"supported)",
        unless=r"auth (?:command )?first|ehlo and auth|#?5\.1\.1 bad address",
        code="500 501 502 503 504 550 553 554 555 451 454",
        seen=(
            "501 5.1.3 Bad recipient address syntax",
            "501 5.1.7 Bad sender address syntax",
            "555 5.5.2 Syntax error, cannot decode response",
            "503 5.5.1 Bad sequence of commands",
        ),
    ),
)
