"""What mail software says about the recipient: one who is not there, takes nothing, or has no room."""

from __future__ import annotations

import typing as t

from .row import Row

_UNKNOWN: t.Final = (
    r"(?:user|mailbox|mail box|account|recipient|addressee|alias|address(?:es)?|rcpt)\b(?: \S+){0,8}? "
    r"(?:(?:does not|doe?s ?n['o]t|don'?t) exists?|not exists?|unknown|invalid|is wrong|unallocated|"
    r"no longer (?:valid|on server|exists?|"
    r"available)|not (?:exist|found|valid|known|present|available|listed|a valid|our customer|local))|"
    r"(?:is|are) no longer valid|user unknown|"
    r"(?:no such|unknown|invalid|non-?existent|bad|undeliverable|unrout[e]?able) (?:\w+ )?(?:user|recipient|"
    r"mailbox|"
    r"e?-?mail|account|person|address|local|alias|destination|domain)|invalid[- ]recipient|"
    r"inactive (?:e?-?mail )?address|recip(?:ient)?notfound|no mailbox|no (?:account|user|one|person) (?:by|at|"
    r"with|"
    r"here)|(?:wrong|bogus) (?:recipient|user|mailbox)|nobody (?:here|by|at|with)\b|"
    r"not a member of (?:the )?domain|"
    r"(?:is )?not an? (?:known|valid|active|registered|existing|current) (?:\w+ )?(?:user|mailbox|address|"
    r"recipient|"
    r"account)|"
    r"@>? (?:was |is )?not found|(?:name|address(?:es)?|user|mailbox)\b.{0,12} (?:is|was|were|could|"
    r"can) ?not (?:be )?found|"
    r"no mail ?box (?:available|found)|account unavailable|can'?t accept user|not a local (?:address|user|"
    r"mailbox)|"
    r"missing home directory|recipients? (?:was|were|is|are) undeliverable|"
    r"(?:user|mailbox|account)(?: \w+)? no(?:t|n)? exist|(?:recipient|address) cannot be verified|host unknown|"
    r"find (?:the )?recipient|(?:not|n'?t) find any host named|not (?:in|on) (?:the |our )?recipient list|"
    r"not our customer|tried to reach does not exist|does ?n['o]t have an? \S+ account|"
    r"(?:does not|does ?n['o]t|has no) (?:have an )?account|do(?:es)?n'?t exists|unavailable (?:mail )?user|"
    r"not (?:an? )?(?:\w+ )?user (?:of|on|here)|(?:is not|isn'?t) a local|not in route list|"
    r"recipient no longer|no longer on server|destinataire\w* (?:est )?(?:invalide|inconnu|inexistant)|"
    r"(?:empf[äa]e?nger|benutzer|postfach)\b.{0,30}(?:unbekannt|nicht (?:gefunden|vorhanden|bekannt|verf)|"
    r"existiert)|"
    r"(?:usuario|destinatario|buz[oó]n|cuenta)\b.{0,30}(?:no existe|desconocid|inexistente|inv[aá]lid)|"
    r"no existe|(?:usu[aá]rio|conta|caixa)\b.{0,30}(?:n[aã]o existe|inexistente|desconhecid|inv[aá]lid)|"
    r"(?:utente|casella|destinatario)\b.{0,30}(?:sconosciut|inesistente|non (?:esiste|trovat|valid))|"
    r"пользователь.{0,20}не|нет такого|收件人.{0,8}(?:不存在|无效)|用户.{0,6}不存在|地址.{0,6}不存在|"
    r"(?:host|domain) not found|domain (?:does not|doesn'?t) exist|no mx (?:records? )?for|no dns (?:a|mx)\b|"
    r"badrcptto|"
    r"invalid rcpt ?to|null ?mx|cannot receive mail|does not receive mail"
)

RECIPIENTS: t.Final = (
    Row(
        "recipient-rejected",
        text=r"^\W*(?:5\.\d\.\d )?(?:<[^>]*>\W*)?(?:recipient )?(?:address )?(?:rejected|refused)\W*$",
        unless=r"5\.1\.1\b",
        stage="rcpt",
        code="5xx",
    ),
    Row("recipient-rejected", text=r"^\W*5\.1\.0 recipient rejected\b", stage="untold"),
    Row("recipient-rejected", text=r"recipient address rejected: user disabled|\brecipient prohibited\b"),
    Row("recipient-rejected", text=r"rejected: (?:recipient|destinat\w+|empf\w+nger) @\W+access denied"),
    Row("recipient-unknown", text=r"recipient domain must exist"),
    Row("recipient-rejected", text=r"(?:invalid mailbox\W+)?local mailbox .{0,80}is unavailable: account is disabled"),
    Row("server-busy", text=r"(?:address|sender) verification in progress|unverified address", code="4xx"),
    Row(
        "mailbox-full",
        text=r"(?:mailbox|inbox|mail ?folder|mail file|maildir|incoming mail)\b.{0,30}(?:\bfull|over ?quota|"
        r"over (?:the |its )?(?:\w+ )?quota|space not enough|"
        r"quota exceeded|"
        r"(?:size|storage) limit|limit exceeded|exceed|out of storage|\bquota)|(?:user|account|recipient|mailbox|"
        r"they|who)\b.{0,40}"
        r"over (?:the |their |its |disk |allowed )*?quota|quota exceeded ?\(mailbox|"
        r"quota exceeds? the hard limit|would exceed .{0,20}(?:storage|"
        r"quota)|"
        r"(?<!spool )(?<!queue )\bfolder (?:is )?(?:full|over ?quota)|(?:full|plein\w*) (?:mailbox|inbox|boite)|"
        r"disk quota|user has too many messages|"
        r"recipient storage full|over the allowed quota|"
        r"bo[iî]te.{0,30}pleine|postfach.{0,30}voll|buz[oó]n.{0,20}lleno|caixa.{0,20}cheia|casella.{0,20}piena|"
        r"邮箱已满|邮箱空间不足|容量已满|ящик.{0,20}переполнен|user'?s space has been used up|"
        r"(?:not enough|insufficient|no) (?:disk |storage )*space (?:in|for) (?:the )?(?:user|mailbox|recipient)",
        unless=r"sending (?:limit|quota|rate)|outgoing|(?<!return to )(?<!returned to )sender|log-?in",
        seen=("552 5.2.2 Mailbox full", "452 4.2.2 The recipient's inbox is out of storage space."),
    ),
    Row(
        "mailbox-full",
        text=r"over ?quota|exceeded storage allocation|quota (?:exceeded|violation)",
        stage="rcpt untold",
        unless=r"policy|queue|sending|outgoing|sender|message quota|daily|hour|log-?in|attempt",
    ),
    Row(
        "recipient-rejected",
        text=r"(?:account|mailbox|user|recipient|compte|address)\b.{0,60}(?:\bdisabled|suspended|discontinued|"
        r"inactive\b|"
        r"deactivated|archived|\bblocked|is ?blocked|\bbloqu[eé]|\blocked|expired|not accepting|"
        r"no longer accept|does not accept)|"
        r"(?:user|recipient|mailbox|rcpt)\b.{0,50}(?:\bnot ok\b|is (?:currently )?restricted)|"
        r"(?:deactivated|inactive|disabled|suspended|expired|closed|locked) (?:mailbox|user|account|recipient)|"
        r"(?:account|mailbox)\b.{0,20}(?:\bclosed|not (?:yet )?activated|terminated)|"
        r"unavailable or access denied|not (?:allowed|permitted) to post|closed (?:mailing )?list|"
        r"user (?:is )?not active|(?:mailbox|account|user) (?:is |was |has been )?frozen|"
        r"recipient (?:address )?(?:rejected|refused)\W{1,4}(?:recipient (?:address )?(?:rejected|"
        r"refused) )?(?:for|due to|by) "
        r"(?:\w+ )?polic|"
        r"not subscribed to th(?:is|e)|"
        r"reserved by rfc 2606|recipient address rejected: (?:access denied|inactive|block)|blocked by recipient|"
        r"(?:rejected|refused|blocked) by (?:(?:the|this) )?(?:recipient|user|destination|policy of the recipient)\b"
        r"(?!'?s? (?:\w+ )?(?:server|system|filter|mta|agent))|user suspended|"
        r"suspend the service|"
        r"invalid/inactive|administrative prohibition.{0,4}envelope|blocked senders|envelope (?:blocked|rejected)|"
        r"(?:does not|doesn'?t) want your|"
        r"(?:rcpt|recipient|user) (?:is |was |has been )?(?:rejected|refused|denied)(?!\W{1,3}(?:no|not|unknown|"
        r"invalid|user|mailbox|account|does|nobody)\b)|"
        r"(?:user|recipient)'?s (?:reject|block|black|deny) ?-?list|"
        r"sender not in|"
        r"policy rejection on the target|policy rejection- ?abuse|"
        r"not (?:allowed|permitted|authori[sz]ed) to (?:send )?(?:mail |messages )?to (?:this|the|that) "
        r"(?:recipient|user|address|group|list)|only accepts? (?:mail|messages) from|members-only",
        unless=r"inactive (?:e?-?mail )?address|:blocked\)|null ?mx|\bip\b|your (?:[\w-]+ )?account|"
        r"sending for this account|sender address|"
        r"(?:server|system|service) (?:is )?(?:\w+ )?busy|too (?:large|big)",
        stage="rcpt data end-of-data",
        code="4xx 5xx",
        seen=(
            "550 5.2.1 The email account that you tried to reach is disabled.",
            "550 5.4.1 Recipient address rejected: Access denied.",
        ),
    ),
    Row(
        "recipient-unknown",
        text=_UNKNOWN,
        unless=r"sender|syntax|rfc.?\d{3,4}|\b5\.1\.3\b|too many",
        code="4xx 5xx",
        stage="rcpt",
        seen=(
            "550 5.1.1 <you@example.com>: Recipient address rejected: User unknown in local recipient table",
            "550 5.1.1 The email account that you tried to reach does not exist.",
            "550 No such user here",
            "550 Unrouteable address",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        ),
    ),
    Row(  # where the record does not tell who is meant, the words have to
        "recipient-unknown",
        text=rf"{_UNKNOWN}|not deliver mail to @?.{{0,8}}the account or domain may not exist|^host unknown",
        code="450 550 551 553 554",
        stage="untold",
        unless=r"sender|\bfrom\b|auth|log ?in|password|syntax|verif|domain (?:not|name)|\bhelo|\behlo|server|client|"
        r"\bip\b|relay|\bdns\b|mx rec|rfc.?\d{3,4}|(?:invalid|bad) (?:e-?mail )?address|\b5\.1\.3\b|"
        r"blocked|account unavail|too many",
    ),
    Row(
        "recipient-unknown",
        text=r"^\W*(?:5\.\d\.\d )?(?:<@>\W*)?(?:requested action (?:was )?not taken:? ?)?"
        r"mailbox (?:is )?unavailable\W*$",
        code="550 553",
        stage="untold",
    ),
    Row(
        "recipient-rejected",
        text=r"(?:account|mailbox) that you tried to reach is (?:disabled|inactive)|recipient address rejected: access|"
        r"(?:recipient'?s?|user'?s? (?:mailbox|account)) (?:mailbox |account )?(?:is )?(?:disabled|suspended|inactive)|"
        r"rejected by (?:the|this) (?:user|recipient)\b(?!'?s? (?:\w+ )?(?:server|system|filter|mta|agent))",
        code="450 550 551 553 554",
        stage="untold",
        unless=r"sender|\bfrom\b|auth|log ?in|password|\bspam|virus|\bip\b",
    ),
    Row("recipient-unknown", text=r"^host or domain name not found", stage="untold"),
    Row("recipient-unknown", text=r"dns error on the (?:target|recipient|destination) domain", code="5xx"),
    Row(
        "recipient-unknown",
        text=r"recipient address rejected: (?:domain not found|user unknown|undeliverable)|"
        r"(?:domain|host) does not accept mail \(null ?mx\)",
        unless=r"mailbox full|quota|connect|timed? ?out",
    ),
    Row(
        "recipient-unknown",
        text=r"no such user|user unknown|all recipients are invalid|tried to reach does not exist|"
        r"recip(?:ient)?notfound|"
        r"does ?n['o]t have an? \S+ account|\be-?mail (?:address )?(?:does )?not exist",
        unless=r"sender|from",
    ),
    Row(
        "recipient-unknown",
        text=r"mailbox (?:is )?unavailable",
        code="550 553 551",
        stage="rcpt",
        unless=r"try again|blocked|black ?list|spam|policy|reputation|denied",
        seen=("550 Requested action not taken: mailbox unavailable",),
    ),
)
