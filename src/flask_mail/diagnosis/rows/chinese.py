"""What QQ, NetEase, Sina, Aliyun and the mail software of Chinese companies and universities say.

QQ: service.mail.qq.com/detail/122. NetEase: help.163.com/09/1224/17/5RAJ4LMH00753VB8.html. Aliyun: the list of error
codes at help.aliyun.com.
"""

from __future__ import annotations

import typing as t

from .row import Row

_NETEASE = "163 126 yeah netease-enterprise"
_CODES = "qq 163 126 yeah sina"
_ALIYUN = "aliyun aliyun-enterprise"

LOGIN: t.Final = (
    Row(
        "auth-code",
        text=r"授权码|authori[sz]ation code",
        seen=("535 Error: 请使用授权码登录。", "535 Login Fail. Please enter your authorization code to login."),
    ),
    Row(
        "auth-disabled",
        text=r"(?:smtp|pop3|imap).{0,20}(?:未开启|没有开通|未开通|已关闭)|请.{0,4}(?:开启|开通).{0,10}smtp",
    ),
    Row(
        "auth-disabled",
        text=r"user has no (?:permission|authority)|用户(?:无权登[陆录]|(?:没有|无)登[陆录]权限)",
        seen=("550 User has no permission",),
    ),
    Row(
        "account-suspended",
        provider=_CODES,
        text=r"user (?:is )?(?:locked|suspended)|(?:account|user) is (?:locked|frozen)|冻结|锁定",
        stage="auth mail",
    ),
    Row("auth-code", text=r"authentication failed, system busy|account is abnormal, service is not open", stage="auth"),
    Row("auth-code", provider=_CODES, text=r"account is abnormal, service is not open", stage="auth"),
    Row("auth-code", provider=_CODES, code="535", stage="auth", seen=("535 Error: authentication failed",)),
    Row("auth-code", provider=_CODES, code="535", error="SMTPAuthenticationError"),
    Row(
        "auth-code",
        provider="qq",
        error="SMTPServerDisconnected ConnectionResetError",
        stage="auth",
        transient=False,
        seen=("SMTPServerDisconnected: Connection unexpectedly closed (QQ, while logging in)",),
    ),
    Row(
        "auth-wrong",
        text=r"too much fail(?:ed|ure)? auth\w*|auth error limit exceed",
        transient=False,
        words="too-often",
        seen=("451 Requested mail action not taken: too much fail authentication",),
    ),
    Row("auth-wrong", text=r"(?:user ?name|passw\w*) (?:or|and) passw\w* (?:is|are) (?:null|empty)|invalid base64"),
    Row("auth-wrong", text=r"authentication failure\[\d\]", seen=("526 Authentication failure[0]",)),
    Row("auth-wrong", provider=_ALIYUN, code="526 535"),
    Row(
        "auth-required",
        provider=_NETEASE,
        text=r"authentication is required",
        seen=("553 authentication is required,163 smtp5,D9GowACX",),
    ),
)

SENDERS: t.Final = (
    Row(
        "sender-not-allowed",
        text=r"mail from must equal authori[sz]ed user|local user only|must be same as authori[sz]ation user|"
        r"from address and the authenticated user|#err_auth_fail|doesn'?t conform with authentication|"
        r"\"?mail from\"? is non-local account|mismatch with login",
        transient=False,
        seen=(
            "553 Mail from must equal authorized user",
            "501 mail from address must be same as authorization user",
            "440 mail from account doesn't conform with authentication",
            "553 Local user only,163 smtp5",
            '501 "MAIL FROM" is non-local account',
            "552 the from address and the authenticated user must be the same email.",
        ),
    ),
    Row("sender-not-allowed", text=r"notauthenticatedsender|发件sender没有经过认证"),
    Row(
        "syntax",
        text=r"\"from\" header is missing|from header is missing or invalid",
        words="content",
        seen=(
            '550 The "From" header is missing or invalid. Please follow RFC5322, RFC2047, RFC822 standard protocol.',
        ),
    ),
    Row(
        "account-suspended",
        text=r"account (?:is not|isn'?t) allowed to send(?! to)|main account unavailable",
        seen=("541 This account isn't allowed to send email",),
    ),
)

NETEASE: t.Final = (
    Row(
        "quota",
        text=r"\b(?:MI:STC|RP:TRC)\b",
        seen=("554 MI:STC", "550 RP:TRC"),
    ),
    Row(
        "rate-limit",
        text=r"\b(?:MI:(?:DMC|SFQ|CCL|CEL)|RP:(?:DRC|QRC|RCL|CCL|CEL)|HL:(?:ICC|IFC))\b|too much recipient",
        transient=True,
        seen=("450 MI:DMC", "451 MI:SFQ", "421 HL:ICC", "421 HL:IFC", "450 RP:DRC", "550 RP:RCL"),
    ),
    Row("spam-content", text=r"\bDT:SPM\b|illegal attachment", seen=("554 DT:SPM",)),
    Row(
        "ip-blocked",
        text=r"\b(?:DT:RBL|WM:BLI|HL:(?:IPB|REP|IHU|MEP))\b|\bip in blacklist",
        seen=("450 DT:RBL", "554 HL:IPB", "554 IP in blacklist"),
    ),
    Row("unauthenticated-domain", text=r"\b(?:MI:SPF|MI:DMA)\b", seen=("550 MI:SPF", "550 MI:DMA")),
    Row("sender-rejected", text=r"\b(?:WM:BLU|MI:SPB)\b|user in blacklist|null sender is not allowed"),
    Row("helo-rejected", text=r"\bMI:NHD\b", seen=("550 MI:NHD",)),
    Row("syntax", text=r"\bMI:IMF\b", seen=("550 MI:IMF",)),
    Row("relay-denied", text=r"\bRP:FRL\b", seen=("550 RP:FRL",)),
    Row("server-busy", text=r"requested action aborted: (?:local )?error in processing"),
)

QQ: t.Final = (
    Row("ip-blocked", text=r"suspected spam ip", seen=("550 Suspected spam ip",)),
    Row(
        "rate-limit",
        text=r"(?:connection|domain|ip|sender|sending) frequency limited|发信频率|频率过高|频率限制",
        seen=("550 Connection frequency limited", "550 Domain frequency limited", "550 Ip frequency limited"),
    ),
    Row("recipient-rejected", text=r"rejected by recipients", seen=("550 Mail is rejected by recipients",)),
    Row(
        "spam-content",
        provider="qq exmail",
        text=r"mail content denied|content (?:denied|rejected)|mail rejected|suspected bounce|垃圾邮件",
        seen=("550 Mail content denied",),
    ),
    Row("unauthenticated-domain", provider="qq exmail", text=r"spf check"),
    Row(
        "recipient-unknown",
        text=r"mailbox not found|mailbox unavailable or access denied|收件人不存在|用户不存在",
        seen=("550 Mailbox not found. http://service.mail.qq.com/",),
    ),
)

SOFTWARE: t.Final = (
    Row(
        "spam-content",
        text=r"transient reject by behaviou?r spam",
        transient=True,
        seen=("454 Transient reject by behaviour spam",),
    ),
    Row(
        "spam-content",
        text=r"(?:reject|denied) by (?:content|behaviou?r) spam",
        seen=("554 Reject by content spam", "554 Reject by behaviour spam"),
    ),
    Row(
        "recipient-rejected",
        text=r"account (?:is not|isn'?t) allowed to receive",
        seen=("542 This account isn't allowed to receive email",),
    ),
    Row(
        "recipient-unknown",
        text=r"rcpt \([\w@]+\) do|rcptto account is(?:n'?t| not) a local",
        seen=("554 RCPT (account) dosn't exist",),
    ),
    Row(
        "too-large",
        text=r"(?:data content|attach\w*) is achieved the maximum threshold",
        seen=("510 The length of DATA content is achieved the maximum threshold",),
    ),
    Row(
        "ip-blocked",
        text=r"\brbl deny|\bblack ip\b|(?<![a-z])ip(?:地址)?.{0,8}(?:黑名单|被封|封禁)",
        seen=("554 rbl deny.", "550 black ip."),
    ),
    Row("helo-rejected", text=r"helo ?host error", seen=("555 helohost error.",)),
    Row("rate-limit", text=r"rcpts? (?:attempts )?is achieved the maximum|same size mails"),
    Row("rate-limit", text=r"out of allow rcpt numbers", seen=("451 out of allow RCPT numbers.",)),
    Row("relay-denied", text=r"host denies relay", seen=("553 host denies relay.",)),
    Row("quota", text=r"exceeded hour limit", transient=True),
)

CHINESE: t.Final = (*LOGIN, *SENDERS, *NETEASE, *QQ, *SOFTWARE)
