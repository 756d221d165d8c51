"""What mail software says about the mail itself, and about the server."""

from __future__ import annotations

import typing as t

from .row import Row

_MAIL = (
    r"(?:message|mail|e-?mail|content|data|file|attachments?|body|stream|letter|邮件|附件|nachricht|mensaje|mensagem)"
)

_SPAM: t.Final = (
    r"(?<!users from )(?<!amount of )\bspam(?!mer)|unsolicited|virus|malware|phish|infected|"
    r"potential security issue|\btrojan|"
    r"very low reputation of the sending|banned (?:content|attachment)|\bid=\S+ -? ?banned|suspicious|"
    r"(?:illegal|prohibited|forbidden|banned|blocked)[ _](?:attachment|file[ _]?(?:type|name|ext))|content (?:scanner|"
    r"filter)|"
    r"attachments?\b.{0,40}(?:forbidden|not allowed|blocked|prohibited|banned|not accepted)|"
    r"content (?:was |has been )?(?:filter|reject|denied|blocked|not accept)|message (?:was |has been )?filtered|"
    r"unacceptable content|content restrictions?|bulk.advertis|pattern detection|mass ?mail|blocked by (?:our|the|"
    r"a) (?:\w+ )?filter|"
    r"failed .{0,20}anti-?spam|spam-?trap|\b(?:ube|uce)\b|bulk mail|junk|unwanted (?:\w+ )?(?:content|mail|"
    r"attachment)|垃圾邮件|"
    r"违规|敏感|content examination|(?:prohibited|forbidden|banned|blocked|blacklisted) (?:\w+ ){1,2}(?:found )?in the "
    r"(?:body|text|content|subject)\b|(?:subject|body|message|content) contains? (?:an? )?(?:prohibited|forbidden|"
    r"banned|blocked|disallowed) (?:word|content|link|url|attachment|phrase)s?\b"
)

_SCANNER: t.Final = (
    r"(?:unable|failed|could not) to (?:be )?scan|(?:\bscann\w+|filter\w*|(?:spam|content|virus|milter) ?-?(?:engine|"
    r"daemon|service)) (?:is |was |has )?(?:\w+ )?(?:not (?:available|responding|running)|unavailable|fail(?:ed|ure)|"
    r"errors?\b|down\b|timed? ?-?out|busy|overload)"
)

CONTENT: t.Final = (
    Row(
        "syntax",
        text=r"(?:message )?\bline (?:is |was )?too long|\blines? (?:longer|exceed)|maximum line length|line length",
        words="content",
        seen=("552 message line is too long",),
    ),
    Row(
        "too-large",
        text=rf"{_MAIL}(?: \w+){{0,3}}? (?:is |was )?(?:too (?:big|large|long)|exceed(?:s|ed)? (?:\S+ ){{0,4}}size|"
        rf"size exceeds|"
        rf"is more than|larger than)|{_MAIL}(?: \w+)? (?:size|length)\b.{{0,30}}(?:exceed|over|limit|maximum)|"
        r"maxsubmissionexceeded|max(?:imum)? (?:(?:allowed|inbound|incoming|outgoing) )?(?:message|mail|e-?mail) size|"
        r"(?:message|mail) size violation|size (?:limit )?(?:exceed|over)|exceeded mailsize|"
        r"size limit|larger than|more than \d+ bytes|taille (?:limite|maximale)|zu gro(?:ß|ss)|"
        r"(?:demasiado|muy|muito|troppo) grand|слишком больш|邮件.{0,6}(?:过大|太大)|附件.{0,6}(?:过大|太大)|"
        r"超过.{0,8}大小",
        unless=r"mailbox (?:size|(?:is )?full)|header",
        seen=(
            "552 5.3.4 Message size exceeds fixed limit",
            "552 5.2.3 Your message exceeded Google's message size limits.",
        ),
    ),
    Row(
        "syntax",
        text=r"bare <?(?:lf|newlines?|cr|line ?feeds?)|lone cr|missing final|expected mime|from header|"
        r"'from' header|not rfc|"
        r"rfc ?-?5322|rfc ?-?2?822|rfc compliant|multiple from|valid message-?id|"
        r"\bnul characters?|null (?:bytes?|characters?)|(?:not|n't) (?:conform|comply)\w* (?:to|"
        r"with) .{0,20}(?:standard|rfc)|"
        r"headers?\b.{0,20}(?:missing|malformed|duplicate|invalid|too long|not (?:valid|compliant))|"
        r"(?:missing|malformed|duplicate|invalid|no) .{0,20}headers?\b|malformed|invalid address in from|"
        r"missing (?:the )?(?:from|date|subject|to)\b|mime/reject|multiple \w+ headers?\b|header error|"
        r"multiple addresses in|header size|\bbad header|"
        r"without (?:a |an |the )?\W?(?:to|from|date|subject|message-id)\W{0,2} ?(?:header|field|line)s?|(?:invalid|"
        r"broken) (?:mime )?structure|mime error|without (?:any )?headers?\b|"
        r"(?:subject|headers?|from|reply-to|body) (?:line |field )?contains? (?:\w+ )?(?:invalid|illegal|forbidden|"
        r"disallowed|unencoded|control|non-?ascii|8-?bit) (?:\S+ )?(?:characters?|bytes?|octets?|data)\b|"
        r"(?:wrong|bad|incorrect|invalid) (?:mime|charset|character set|content-?type|(?:transfer[- ])?encoding)",
        unless=r"authenticat|spoof",
        stage="data end-of-data untold",
        words="content",
        seen=(
            "550 5.7.1 Messages missing a valid Message-ID header are not accepted.",
            "550 From header is missing, header is not RFC 5322 compliant",
            "554 5.6.0 Message contains bare newlines",
        ),
    ),
    Row("server-busy", text=_SCANNER, code="4xx"),
    Row(
        "spam-content",
        text=_SPAM,
        unless=rf"{_SCANNER}|recipient (?:\w+ )?(?:marked|flagged|blocked)|spam complaints|configuration error",
        stage="data end-of-data",
        seen=(
            "550 5.7.1 Our system has detected that this message is likely unsolicited mail.",
            "552 5.7.0 This message was blocked because its content presents a potential security issue.",
            "554 5.7.1 Message rejected as spam",
            "552 Virus found.",
        ),
    ),
    Row(
        "spam-content",
        text=r"(?:rejected|refused|blocked|denied|discarded) by (?:the |our )?(?:rspamd|spamassassin|amavis(?:d-new)?|"
        r"dspam|bogofilter|clamav)\b",
    ),
    Row(
        "spam-content",
        text=r"(?:identified|flagged|detected|classified|considered|rejected|marked|looks|suspected|judged|scored) "
        r"(?:to be |as |like |of |a )*(?:\w+ )?(?:spam|junk|bulk|unsolicited)|"
        r"(?:mail|message)\b.{0,40}\bspam\b|\bspam (?:message|content|e?-?mail|mail|score|detected)|(?:message|"
        r"content) (?:content )?rejected as",
        unless=r"\bip\b|\bhost\b|\bclient\b|\bserver\b|recipient|too many|(?:marked|flagged) your",
    ),
    Row(
        "spam-content",
        text=r"\b(?:virus|malware|trojan)\b.{0,60}(?:detected|found)|(?:message|mail|content|attachment)s? .{0,30}"
        r"(?:infected|\bvirus|malware|phishing)|spam+ed by \w+ spam engine|spam or virus",
        unless=r"\bip\b|\bhost\b|\bclient\b|\bscan(?:s|ned|ning)?\b|scanner (?:\w+ )?(?:not|un|fail|error)",
    ),
    Row(
        "spam-content",
        text=_SPAM,
        near=r"message|mail\b|content|attachment|virus|malware|^\W*(?:[45]\.\d\.\d )?(?:high probability of )?spam\b",
        unless=rf"{_SCANNER}|\bip\b|\bhosts?\b|client|server|sender|account|login|auth|recipient|too many|rate|\bscan|"
        r"report|user|domain|block ?list|black ?list|suspend|your \w+ is",
        stage="untold",
    ),
    Row(
        "timeout",
        text=r"timeout exceeded|timeout waiting|timeout - closing|connect error 10060|idle (?:timeout|too long)|"
        r"timed out (?:waiting|while reading|after)|closing connection.{0,20}(?:timeout|inactiv)|inactivity",
        unless=r"mailbox|account|user\b|recipient|filter|scann",
        code="4xx",
        words="slow",
        seen=("421 4.4.2 mail.example.com Error: timeout exceeded",),
    ),
    Row(
        "server-busy",
        text=r"server (?:is )?(?:too |currently |temporarily )?(?:busy|overloaded|unavailable|not available|down)|"
        r"too busy|temporar\w+ (?:\w+ ){0,2}(?:problem|failure|error|not available|unavailable)|"
        r"temporarily (?:rejected|"
        r"refused|deferred|closed)(?! (?:due|because|for)\b)|insufficient system|"
        r"resources? (?:is |are )?(?:temporarily|unavailable|"
        r"not available|exhausted)|shutting down|"
        r"queue (?:file write error|unavailable)|(?:storage|disk|spool) (?:error|failure|full)|"
        r"service (?:is )?(?:currently |temporarily )?(?:not available|unavailable|refused)"
        r"(?!\s*[,;:]\s*(?!closing|please|try|again)\w)|"
        r"(?:server|local|system) configuration (?:error|problem)|system\S* (?:is )?(?:too )?busy|"
        r"internal (?:server |system )?error|"
        r"local error|(?:lookup|database|ldap|backend) (?:failure|error)|failed to be replicated|overload|"
        r"under maintenance|(?:reconfiguration|maintenance|upgrade|restart) (?:is )?in progress|error in processing|"
        r"(?:cannot|can'?t|unable to|could not|failed to) (?:allocate memory|fork)|out of (?:memory|disk)|"
        r"no space left|untrapped exception|service refuse|unable to (?:process|"
        r"accept) (?:\w+ ){0,3}"
        r"(?:at this time|right now|now)|系统(?:繁)?忙|服务器(?:繁)?忙|稍后(?:再|重)试",
        unless=r"quota|black ?-?list|\bspam(?!mer)|mailbox|suspicious|content|reputation|\blisted|\blimit|exceed",
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
        stage="connect greeting",
        seen=("SMTPResponseException: (-1, \"The server's answer is not SMTP: 'HTTP/1.1 400 Bad Request'\")",),
    ),
    Row("quota", text=r"limited to \d+ (?:messages|e?-?mails)\b.{0,6}(?:hour|day|month)"),
    Row("server-busy", text=r"^\W*(?:5\.\d\.\d )?internal server error\W*$"),
    Row("timeout", text=r"^\W*(?:4\.\d\.\d )?connection time(?:d )?-?out\W*$", code="421"),
    Row("syntax", text=r"invalid message content\b", stage="end-of-data untold", words="content"),
)
