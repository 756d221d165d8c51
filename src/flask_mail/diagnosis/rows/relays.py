"""What Amazon SES, SendGrid, Mailgun and others who send for programs say."""

from __future__ import annotations

import typing as t

from .row import Row

_SUSPENDED: t.Final = (
    r"not subscribed to ses|outgoing (?:e?-?mails?|messages?)\b.{0,60}(?:suspended|blocked|disabled)|"
    r"sending (?:is )?(?:paused|suspended)|account (?:has been |is |was |is not |not ){0,2}(?:temporarily )?"
    r"(?:suspended|paused|disabled|deactivated|blocked|banned|locked|under review|(?:yet )?activated|frozen)|"
    r"activate your .{0,20}account|disabled by user|(?:mail )?server has been suspended|"
    r"ability to send (?:\w+ )?(?:e-?mail|mail|messages) (?:has been|is|was) (?:suspended|disabled|blocked)|"
    r"to continue sending messages|pending approval|(?:suspended|disabled) account"
)

RELAYS: t.Final = (
    Row("rate-limit", text=r"too many (?:\w+ )?(?:e-?mails|messages|requests) (?:per|in a|each) (?:second|minute)"),
    Row("quota", text=r"\b(?:quota|limit|credits?)\b.{0,60}\b(?:recharge|top[- ]?up)\b", transient=False),
    Row(
        "quota",
        text=r"(?:daily|monthly) (?:message |sending |e?mail ){0,3}(?:quota|limit)|credits? exceeded|"
        r"not enough credits|exceed sending limit|(?:reached|exceeded) your (?:\w+ ){0,3}(?:quota|plan|allowance)|"
        r"max (?:e?mails|defers and failures) per hour|number of (?:messages|e?-?mails) you (?:can|may) send|"
        r"only \d+ (?:messages|e?-?mails) per (?:day|hour|month)|"
        r"(?:reached|exceeded|over) (?:its|your|the|their) (?:[\w-]+ ){0,3}(?:limit per|daily|monthly|hourly)|"
        r"(?:reached|exceeded|over) your (?:[\w-]+ ){0,3}quota|"
        r"policy rejection\W{1,3}quota|(?:sending|sender|outgoing|outbound|e-?mail|messages?|account) quota|"
        r"(?:hourly|daily|monthly) (?:\w+ ){0,4}(?:limit|quota)|24[- ]?hours? (?:\w+ ){0,3}(?:limit|quota|period)|"
        r"(?:reached|exceeded) the (?:maximum|max|allowed|limit)(?: \w+){0,8} (?:a|per|the|24)\W? ?(?:hour|day|month|"
        r"24)|"
        r"exceed\w* .{0,40}\bper (?:hour|day|month)\b|(?:relay|sending) quota|(?:reached|"
        r"exceeded) (?:\w+ ){0,3}(?:outgoing|outbound|sending) limits?|"
        r"(?:number|count) of (?:allowed )?outgoing (?:messages|e?-?mails)|recipients? limit (?:is |was )?(?:exceeded|"
        r"reached)"
        r".{0,30}(?:today|day|month)|trial (?:account |plan )?(?:\w+ ){0,3}limit|only \d+ messages per (?:day|hour)|"
        r"(?:sending|e-?mail) limit (?:is |has been |was )?(?:reached|exceeded)|"
        r"upgrade your (?:\w+ )?plan|exceeded your (?:\w+ )?(?:messaging|mailing) limits?|"
        r"(?:messages?|e?-?mails?|recipients?)(?: \w+){0,3} (?:per|each|an?) (?:day|hour|month)\b.{0,20}(?:exceed|"
        r"reached)|"
        r"limit of \d+ (?:rcpts?|recipients|messages|e?-?mails) (?:per|in|within|every) (?:an? |one |"
        r"the )?(?:\d+ )?(?:hour|"
        r"day|month)|limits? for your account (?:is|are|was|were|has been|have been) (?:exceeded|reached)|"
        r"发信(?:量|数量|额度).{0,8}(?:超|限)",
        unless=r"\b[45]\.2\.2\b",
        seen=(
            "454 Throttling failure: Daily message quota exceeded.",
            "451 Authentication failed: Maximum credits exceeded",
            "550 Domain example.com has exceeded the max emails per hour (150/150 (100%)) allowed.",
        ),
    ),
    Row(
        "rate-limit",
        text=r"maximum sending rate exceeded|throttling failure|too many requests|received this hour",
        seen=("454 Throttling failure: Maximum sending rate exceeded.", "452 Too many recipients received this hour"),
    ),
    Row(
        "sender-not-allowed",
        text=r"e?mail address is not verified|identit\w+ failed the check|not match a verified|sender signature|"
        r"domain is not verified|is not associated with your account|sender you used .{0,80}not valid|"
        r"(?:sender|from|e-?mail) (?:e-?mail )?address (?:is )?not verified|"
        r"unconfigured sending domain|(?:sending )?domain (?:is )?not (?:configured|"
        r"verified|registered|activated)|sending from (?:(?:this|the|that|your) )?(?:domain|address)(?: \S+)? is not|"
        r"not authori[sz]ed to (?:send from|"
        r"perform)|validate your sender|verify your domain|domain must be verified|"
        r"unauthori[sz]ed (?:use of )?sender(?: address)?|only send testing e?-?mails|(?:demo|sandbox|"
        r"test) domains? can only",
        seen=(
            "554 Message rejected: Email address is not verified. The following identities failed the check in region "
            "US-EAST-1: hello@example.com",
            "550 The from address does not match a verified Sender Identity.",
            "550 The example.com domain is not verified.",
            "550 This domain is not associated with your account",
            "550 5.7.1 Unconfigured Sending Domain <example.com>",
            "550 You can only send testing emails to your own email address",
        ),
    ),
    Row(
        "account-suspended",
        text=_SUSPENDED,
        stage="auth mail data end-of-data",
        seen=(
            "554 Message rejected: Sending paused for this account.",
            "502 5.7.0 Your SMTP account is not yet activated",
            "552 Your account has been suspended. Please contact us to reactivate",
        ),
    ),
    Row(  # where it may be the recipient's account, too
        "account-suspended",
        text=_SUSPENDED,
        near=r"\byour\b.{0,30}(?:account|mailbox|server|ability|access)|activate your|smtp (?:account|server)|"
        r"sending|outgoing|"
        r"sender|not subscribed to ses",
        stage="rcpt untold",
    ),
    Row("ip-blocked", text=r"unauthori[sz]ed ip address", seen=("525 5.7.1 Unauthorized IP address",)),
    Row(
        "auth-wrong",
        text=r"key not found|bad username ?/ ?password|api[- ]?key .{0,30}(?:invalid|not)|"
        r"authorization grant is invalid|not loving your login",
        stage="auth",
        seen=(
            "535 Authentication Credentials Invalid",
            "535 Authentication failed: Bad username / password",
            "535 5.7.0 Mailgun is not loving your login or password",
            "535 5.7.8 Sorry.",
        ),
    ),
    Row(
        "auth-required", text=r"unauthenticated senders? not allowed", seen=("550 Unauthenticated senders not allowed",)
    ),
    Row(
        "recipient-rejected",
        text=r"for test purposes only|authori[sz]ed recipients|marked as inactive|"
        r"suppression list|(?<!sender )(?<!\bip )address blacklisted",
        transient=False,
    ),
    Row(
        "recipient-rejected",
        text=r"(?:previously|repeatedly|permanently) bounced\b|hard[- ]bounced\b|bounced (?:before|previously|"
        r"repeatedly|too many times)\b|on (?:the|our|your) bounce list\b|(?:recipient|address) (?:is |"
        r"has been )?suppressed\b",
        unless=r"\byour\b(?! bounce list)|sender|\brate\b|\bfrom\b",
        stage="rcpt data end-of-data untold",
    ),
    Row("server-busy", text=r"temporary service failure", seen=("451 Temporary service failure",)),
)
