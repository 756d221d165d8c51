"""What mail software says about the machine that connects: greylisting, lists of addresses, HELO, too much at once.

What proves a domain (SPF, DKIM, DMARC) stands here too, because it names addresses of machines as well.
"""

from __future__ import annotations

import typing as t

from .row import Row

_LISTS = (
    r"spamhaus|barracudacentral|spamcop|\bsorbs\b|uceprotect|abuseat|hostkarma|junkemailfilter|spamrl|invaluement|"
    r"mailspike|surriel|\bordb\b|\bnjabl\b|\bdsbl\b|senderscore|returnpath|backscatterer|dnsbl|\brbls?\b|\brbl[-+.]|"
    r"drbl|real-?time (?:block|"
    r"black)"
)
_MAKERS = r"barracuda|cloudmark|abusix|cobion|return path"
"""They keep lists, but look at contents, too."""
_ON_A_LIST = (
    r"black ?-?list|block ?-?list|\bblocked\b|\bbanned\b|\blisted\b|\bdenied\b|deny ?list|gesperrt|bloque[ea]?d?"
)
_CALLER = (
    r"\bips?\b|\bip-|\bclient (?:host|ip|address|machine)|\b(?:your|sending|sender'?s?|remote|originating|"
    r"connecting) "
    r"(?:\w+ )?(?:server|hosts?|mta|network|isp|relay|machine)\b|\bmail server at\b"
)
_NUMBER = r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"
"""An address alone, which may as well be there for the record."""
_BARRED = r"black ?-?list|block ?-?list|\bblocked\b|\bbanned\b|\blisted\b|deny ?list|gesperrt|bloque[ea]?d?"
_MACHINE = rf"\bhosts?\b|\bservers?\b|\bclient\b|\bmta\b|\bnetwork\b|{_CALLER}|{_NUMBER}"
_LISTED = r"black ?-?list|block ?-?list|\blisted\b|deny ?list"
_DOMAIN_LISTED = (
    r"(?:mail ?from|from|sender|sending|envelope)(?:'s|:)? (?:e?-?mail )?(?:domain|address)\b(?: \S+){0,6}? "
    r"(?:(?:is|was|has been) )?(?:\w+ )?(?:listed|black ?-?listed|block ?-?listed|blocked using|found in)|"
    r"sender (?:is )?(?:listed|black ?-?listed|block ?-?listed|on (?:a|our|the) (?:black|block|deny) ?-?list)|"
    r"your (?:e-?mail )?(?:address|domain) (?:is|has been) (?:black|block) ?-?listed|sender rejected aup#|"
    r"sender address has null mx|sender address black ?-?listed|badmailfrom"
)

_REJECTED = r"(?:client host|(?:helo|data) command|(?:sender|recipient) address|end-of-data) rejected: "
"""Postfix names what it has looked at, and then the reason."""

HOSTS: t.Final = (
    Row(
        "server-busy",
        text=rf"{_REJECTED}(?:server configuration (?:error|problem)|temporary lookup failure)",
        code="4xx",
        seen=("451 4.3.5 <unknown[203.0.113.7]>: Client host rejected: Server configuration error",),
    ),
    Row("server-busy", text=rf"{_REJECTED}try again later", enhanced="4.3.x"),
    Row("syntax", text=rf"{_REJECTED}improper use of smtp command pipelining"),
    Row(
        "greylisted",
        text=r"gr[ea]y ?-?list|postgrey|liste grise|lista gris|灰名单",
        transient=True,
        seen=(
            "450 4.2.0 <you@example.com>: Recipient address rejected: Greylisted, see "
            "http://postgrey.schweikert.ch/help/example.com.html",
            "451 4.7.1 Greylisting in action, please come back later",
        ),
    ),
    Row(
        "greylisted",
        text=r"^(?:4\.7\.1 )?try again later\.?$",
        enhanced="4.7.1",
        transient=True,
        seen=("451 4.7.1 Try again later",),
    ),
    Row(
        "helo-rejected",
        text=r"(?:helo|ehlo)\b.{0,60}(?:mismatch|must|reject|invalid|refus|denied|fully|fqdn|forged|resolv|"
        r"not (?:valid|accept|allow|"
        r"match)|\bbad\b|requires? domain)|use a valid (?:helo|ehlo)|(?:invalid|bad|forged|bogus|"
        r"fake) (?:\w+ )?(?:helo|ehlo)|"
        r"need fully-qualified hostname|arguments: invalid domain name",
        unless=r"(?:helo|ehlo) (?:command )?(?:first|required)|recipient address rejected: need|"
        r"sender address rejected: need",
        seen=(
            "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
            "501 5.5.4 Invalid command arguments: Invalid domain name",
        ),
    ),
    Row("helo-rejected", text=r"domain name|host ?name|your name", stage="ehlo", code="501 504 550 553 554"),
    Row("helo-rejected", text=r"syntax|argument|parameter", stage="ehlo", code="501"),
    Row("helo-rejected", text=r"^(?:501 )?5\.5\.4 invalid domain name", stage="ehlo untold", code="501"),
    Row(
        "spam-content",
        text=r"(?:rejected|refused|blocked|classified|detected) (?:as|for|because of|due to|to be) (?:\w+ )?spam\b",
        near=r"\bspf\b|dkim|dmarc",
        unless=r"(?:spf|dkim|dmarc)\W{0,3}(?:\w+ ){0,3}(?:fail|soft|neutral|none|reject|polic|not\b|err|=)|"
        r"(?:fail|violat|"
        r"no\b|not\b|missing|lack|without|invalid)\w* (?:\w+ ){0,3}(?:spf|dkim|dmarc)",
    ),
    Row(
        "unauthenticated-domain",
        text=r"dmarc|\bspf\b|sender policy framework|\bdkim\b|unauthenticated e-?mail from|"
        r"sender is unauthenticated|authentication checks|"
        r"openspf|spf\.pobox|"
        r"required authentication level|not allowed by spf|not (?:designated|permitted) (?:as|by)|"
        r"not aligned|\balignment|authenticat\w* with (?:either )?(?:spf|dkim)|"
        r"mail ?from .{0,60}mismatch\w* (?:client|your) ip|anti-?spoof|"
        r"sender ?id\b|"
        r"pass (?:either )?spf|spf or dkim|spf 检查",
        seen=(
            "550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy.",
            "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
            "550 5.7.515 Access denied, sending domain EXAMPLE.COM doesn't meet the required authentication level.",
            "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        ),
    ),
    Row(
        "rate-limit",
        text=r"(?<!bounced )too many (?!(?:bad|invalid|unknown|failed|spam|error|login|auth|unsuccessful|"
        r"wrong)\w*\b)(?:[\w-]+ ){0,3}"
        r"(?:recipients|recipient attempts|messages|connections?|e?-?mails|clients|concurrent|sessions|requests|"
        r"nonmail|deliveries|rcpt)|"
        r"receiving (?:e?-?mail |messages )?(?:too quickly|at a rate)|unusual rate|per time unit|"
        r"(?:rate|connection|session|thread|relay|frequency|concurrency|throughput)s? ?-?limit(?!ed because)|"
        r"rate[- ]?limited(?! because)|"
        r"(?:messages?|recipients?|connections?|emails?|mails?)(?: \w+){0,3} rate(?! limited)|"
        r"reduce the (?:number|rate) of|maximum (?:allowed |number of |concurrent |server |sending )*(?:connections|"
        r"recipients|"
        r"sessions|messages|rate)|max message per connection|too much e?-?mail|slow down|sending too (?:fast|quickly|"
        r"much)|"
        r"too frequent|(?:per|a) (?:second|minute) (?:limit|exceed)|(?:limit|exceed)\w*\b.{0,30} per (?:second|minute)|"
        r"excessive volume|unexpected volume|throttl|limit for (?:processing|the number of)|"
        r"number of (?:messages|recipients|sessions|connections|concurrent connections)\b.{0,60}(?:exceed|limit|"
        r"reached)|limit of \d+ (?:simultaneous |concurrent )?(?:recipients|connections)\b|"
        r"trop de (?:connexions|messages|destinataires)|zu viele (?:verbindungen|nachrichten|e?-?mails|empf)|"
        r"demasiad[oa]s (?:conexiones|mensajes|destinatarios)|muit[oa]s (?:conex|mensage|destinat)|"
        r"слишком (?:много|часто)|频率|频繁|过于频繁",
        unless=r"black ?-?list|messages on the server",
        transient=True,
        seen=(
            "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
            "421 4.7.28 Our system has detected an unusual rate of unsolicited mail originating from your IP address. "
            "... mail sent from your IP address has been temporarily rate limited.",
            "421 Too many concurrent SMTP connections",
            "452 4.5.3 Your message has too many recipients.",
            "450 4.7.1 Error: too much mail from 203.0.113.7",
        ),
    ),
    Row(
        "rate-limit",
        text=r"too many (?:\w+ ){0,2}errors?\b.{0,60}temporar\w* (?:black ?-?listed|block(?:ed)?|banned|barred)",
        transient=True,
    ),
    Row(
        "sender-rejected",
        text=_DOMAIN_LISTED + r"|sender address \[.*?\] blocked",
        seen=(
            "554 5.7.1 Service unavailable; Sender address [hello@example.com] blocked using dbl.spamhaus.org",
            "550 5.7.1 Service unavailable, MailFrom domain is listed in Spamhaus.",
        ),
    ),
    Row(
        "spam-content",
        text=r"\b(?:url|uri|link|website)s?\b.{0,60}(?:listed|black ?-?list|block ?-?list|spam)|surbl|uribl|"
        r"black ?-?listed url|domain present in(?: the spamhaus dbl)?|spam url",
        unless=r"client host",
    ),
    Row(
        "ip-blocked",
        text=_MAKERS,
        near=rf"{_MACHINE}|\blist(?:ed)?\b|(?:black|block) ?-?list|reputation|reset-request|/lookup|ip=|csi\.",
        unless=r"\bspam (?:filter|content)|virus|phish|attachment|return path:",
        stage="connect greeting ehlo mail rcpt data end-of-data untold",
    ),
    Row(
        "ip-blocked",
        text=_LISTS,
        unless=r"\.proofpoint\.com/(?!dnsbl)|dbl\.spamhaus|spamhaus dbl",  # DBL lists domains
        seen=(
            "554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using zen.spamhaus.org",
            "550 5.7.1 <hello@example.com>... 203.0.113.7 listed at zen.spamhaus.org",
        ),
    ),
    Row(
        "ip-blocked",
        text=r"(?:poor|bad|low|negative) (?:\w+ )?reputation|reputation (?:is )?(?:too )?(?:poor|bad|low)|"
        r"ip reputation",
        unless=r"domain|suspicious|rate limit",
        seen=("554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.",),
    ),
    Row(
        "ip-blocked",
        text=r"\bptr\b|reverse[- ]?(?:dns|lookup|host|name)|\br-?dns\b|find your (?:reverse|hostname)|dynamic ip|"
        r"(?:dynamic|generic|dial-?up|residential) (?:\w+ )?(?:ip|address|host|dns|range)",
        seen=(
            "550 5.7.25 The IP address sending this message does not have a PTR record setup",
            "450 4.7.1 Client host rejected: cannot find your hostname, [203.0.113.7]",
        ),
    ),
    Row(
        "ip-blocked",
        text=rf"(?:{_CALLER}).{{0,80}}?(?:{_ON_A_LIST})|(?:{_ON_A_LIST}).{{0,40}}?(?:{_CALLER})|"
        rf"(?:{_NUMBER}).{{0,80}}?(?:{_BARRED})|(?:{_BARRED}).{{0,40}}?(?:{_NUMBER})|"
        rf"(?:{_MACHINE}).{{0,80}}?(?:{_LISTED})|(?:{_LISTED}).{{0,40}}?(?:{_MACHINE})",
        unless=r"recipient address rejected|relay|this message|message has been|authenticat|\bsender address\b|"
        r"\btls\b|"
        r"\brecipient\b.{0,20}block|\baccount\b|suspicious|sender denied|server busy|virus|not listed|"
        r":blocked|mail ?from failed|(?:banned|spam) content",
        stage="connect greeting ehlo mail rcpt data end-of-data untold",
        seen=(
            "554 IP=203.0.113.7 - A problem occurred. (Ask your postmaster for help or to contact "
            "tosa@rx.t-online.de to clarify.) (BL)",
            "550 5.7.1 Client address [203.0.113.7] blocked.",
        ),
    ),
    Row(
        "ip-blocked",
        text=r"mail from \[?[\d.]{7,15}\]? (?:refused|rejected|blocked)|remote ?host looks|currently sending spam|"
        r"you are sending spam|"
        r"unresolvable (?:\w+ )?host ?name|unverif\w+ (?:sending )?ips?\b|"
        r"client host rejected|deny_?ip|\bip\b(?: address)?(?: \S+)? (?:is |was |has been )?(?:rejected|forbidden|"
        r"refused|invalid|"
        r"in prison|hangup|hung up)|(?:invalid|forbidden|bad|rejected) (?:sender )?ip\b|client host .{0,80}blocked|"
        r"\bip[=:]\S+ .{0,3}a problem occurred|your ip identified as spammer|"
        r"messages from \[?[\d.]+\]? weren't sent|not (?:currently )?accept(?:ing)? (?:mail|connections|"
        r"messages) from "
        r"(?:your|this|you\b)|your access to (?:submit messages to )?this (?:e-?mail|mail) system has been rejected|"
        r"(?:you are )?not allowed to connect|host network not allowed|open proxy|use (?:the|your) (?:smtp|"
        r"mail) server "
        r"of your isp|black ?-?listed at|block for spam|blocked for (?:spam|abuse)|"
        r"ip (?:address )?(?:is )?not (?:authori[sz]ed|allowed|permitted|whitelisted|in (?:the )?white ?-?list)|"
        r"adresse ip .{0,20}(?:bloqu|refus)|ip-?adresse .{0,40}(?:gesperrt|blockiert)|too many spams? from your ip|"
        r"\bip (?:address )?must (?:resolve|have)\b|no access for (?:this|your) ip\b|"
        r"connection (?:from \S+ )?(?:rejected|refused|denied) (?:for|due to|by) (?:policy|spam|abuse)",
        unless=r"to relay|relay access|not (?:logged|authenticated)|authenti|autentica[cç]|"
        r"client host rejected: (?:.{0,20}\btls\b|.{0,20}starttls|server configuration|service unavailable|"
        r"temporary|try again)",
        stage="connect greeting ehlo mail rcpt data end-of-data untold",
    ),
    Row(
        "ip-blocked",
        text=r"\((?:rtr|rly|con|dns):\w\w\)",  # AOL's codes for machines it takes nothing from
        code="5xx",
        seen=("554 (RTR:DU) http://postmaster.info.aol.com/errors/554rtrdu.html",),
    ),
    Row(
        "ip-blocked",
        text=r"\bip[_ ]control|\b(?:your|sender|client|source) ip\b ?\S* (?:is |was |has been )?filtered",
    ),
    Row(
        "ip-blocked",
        text=r"(?:[\w-]+\.)+[a-z]{2,}\]?\)? (?:is |was )?listed (?:at|in|on|by) (?:[\w-]+\.)+[a-z]{2,}",
        unless=r"domain|sender|\bfrom\b|\bur[il]s?\b|link|website|recipient|address",
    ),
    Row(  # nothing but the address is known of who connects
        "ip-blocked",
        near=r"block|reject|den(?:y|ied)|forbid|\bban|refuse|not (?:allowed|authori[sz]ed|welcome|permitted)|"
        r"prohibit|abuse|violat|policy",
        unless=r"too many|limit|temporar|later|busy|service refuse|relay",
        code="550 553 554 571",
        stage="greeting",
        seen=("554 5.7.0 Blocked",),
    ),
)
