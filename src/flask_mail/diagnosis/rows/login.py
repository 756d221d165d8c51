"""What mail software says about TLS and logging in: Postfix, Exim, Exchange, Sendmail, OpenSMTPD, Dovecot."""

from __future__ import annotations

import typing as t

from .row import Row

_REFUSED = (
    r"fail|unsuccessful|invalid|reject|error|incorrect|wrong|denied|not accepted|refused|bad\b|unknown|"
    r"does not match|"
    r"mismatch|not (?:valid|found|recogni[sz]ed|match|correct)|no such|unauthori[sz]ed|could not|unable|inv[aá]lid|"
    r"incorrect|falsch|ung[uü]ltig|fehlgeschlagen|incorrecta?|err[oó]ne|失败|错误|不正确|有误|невер"
)
_ACCOUNT = (
    r"auth\w*|log[- ]?in|credentials?|user(?:[ -]?name)?|user[- ]?id|password|passwd|passphrase|account|api[- ]?key|"
    r"token|"
    r"kennwort|passwort|benutzername|mot de passe|identifiant|contrase[nñ]a|usuario|senha|autentica\w*|"
    r"parola|пароль|логин|认证|验证|登录|密码|用户名|帐号|账号"
)

OTHER_REASONS: t.Final = (
    r"unsuccessful,(?! the user credentials)|suspend|disabled|restrict|\bfull\b|inactiv|activ[aeé]|aktiv|gesperrt|"
    r"bloqu|gebloc?k|habilit|expir[^e]|abgelaufen|verlopen|vencid|caduc|scadut|истек|истёк|заблок|отключ|"
    r"uitgeschakeld|subscri|browser|停用|冻结|锁定|未开|服务|过期|失效|期限|無効|ロック|停止"
)
"""What a login fails for that is no wrong password, in words that no row has known."""

_REQUIRED = r"requ?i?e?re?d"
"""However it is spelt."""

LOGIN: t.Final = (
    Row(
        "tls-required",
        text=r"must issue (?:a |an )?starttls|starttls (?:command )?(?:first|(?:is )?required)|"
        rf"(?:tls|ssl|encryption)(?: \(tls\))? (?:connection |session |mode )?(?:is )?(?:{_REQUIRED}|needed|mandatory)|"
        r"requires? (?:an? )?(?:\w+ )?(?:tls|ssl|encryption|encrypted|secure)|"
        r"until tls|(?:tls|ssl|encryption) must be (?:active|enabled|used|negotiated)|"
        r"without (?:tls|ssl|encryption)|(?:must|please|only) use (?:tls|ssl|starttls)|"
        r"encrypted connection|"
        rf"secure connection (?:is )?{_REQUIRED}|plain ?text auth\w* (?:is )?(?:disallowed|disabled|not allowed)|"
        r"non-?secure|insecure connection|(?:not|n't) sent over a tls",
        unless=r"tls (?:is )?not available",
        seen=(
            "530 5.7.0 Must issue a STARTTLS command first.",
            "538 5.7.11 Encryption required for requested authentication mechanism",
        ),
    ),
    Row("server-busy", text=r"tls (?:is )?(?:currently |temporarily )?(?:not available|unavailable)", code="454"),
    Row(
        "tls-mode-mismatch",
        text=r"(?:when|while|because) (?:tls|ssl) (?:is )?(?:already )?active|(?:tls|ssl) (?:is |"
        r"was )?already (?:active|"
        r"started|established|on\b|in (?:use|effect))|already (?:using|running|in|under) (?:tls|ssl)\b",
        stage="starttls untold",
    ),
    Row(
        "tls-mode-mismatch",
        text=r"starttls\b.{0,30}(?:not (?:supported|available|advertised|implemented|offered)|unknown|unrecogni)|"
        r"unrecogni[sz]ed|"
        r"not (?:recogni[sz]ed|implemented|supported)|unknown command|\btls (?:is )?not (?:available|supported)",
        stage="starttls",
        code="500 501 502 503 504",
        words="no-starttls",
    ),
    Row(  # the words beside it are about relaying, or the name in HELO
        "auth-required",
        text=r"without (?:smtp )?authentication|turn on smtp authentication|"
        r"(?:server|envio .{0,20}) (?:requires?|necess\w+) (?:smtp )?(?:authentication|autentica[cç]\w+)|"
        r"authenticat\w+ (?:is required )?(?:to|for|before) relay",
        stage="mail rcpt data end-of-data",
        unless=r"\bspf\b|dmarc|dkim",
    ),
    Row(  # POP before SMTP
        "auth-required",
        text=r"first (?:check|collect|fetch|receive) (?:for )?(?:your|new) e?-?mails?\b|"
        r"(?:check|collect|fetch|receive|retrieve) (?:for )?(?:your|new) (?:e?-?mails?|messages) (?:\w+ )?(?:before|"
        r"prior to) (?:you )?send",
        unless=r"e?-?mail (?:address|account|settings|client|server|program)",
        stage="mail rcpt untold",
    ),
    Row(
        "auth-disabled",
        text=r"(?:does not|doesn't|don't) have an? (?:\w+ )?(?:subscription|licen[cs]e|plan)\b|"
        r"(?:plan|subscription|package|licen[cs]e) (?:does not|doesn't) (?:include|allow|support|cover|permit)|"
        r"not (?:included|available|supported|part) (?:in|of|on|with|under|for) your (?:\w+ )?(?:plan|subscription|"
        r"package|licen[cs]e)\b|(?:free|trial|basic|demo) (?:accounts?|plans?|users?) (?:cannot|can't|can not|"
        r"(?:are|is) not allowed to|may not) (?:use|send|access)|(?:paid|premium|business) (?:accounts?|plans?|users|"
        r"customers) only|only (?:for|available (?:to|for|in|on|with)) (?:paid|premium|business)|for (?:paid|premium|"
        r"business) (?:accounts?|plans?|users|customers) only|upgrade .{0,30}to (?:use|enable|access|unlock) smtp",
        unless=r"exceed|limit|quota|until|verif",
        stage="auth",
    ),
    Row(
        "server-busy",
        text=r"(?:lost|connect\w*|timed? ?-?out)\b.{0,20}authentication server|\binternal (?:server )?error",
        stage="auth",
    ),
    Row("server-busy", text=r"unable to authenticate at present", stage="auth"),
    Row(
        "account-suspended",
        text=r"looks like spam|not a robot|captcha|(?:unusual|suspicious) (?:\w+ )?(?:login|sign-?in|activity)",
        stage="auth",
    ),
    Row(
        "ip-blocked",
        text=r"\bips?\b.{0,30}(?:not (?:white-?listed|allowed|authori[sz]ed|permitted)|blocked|banned|black-?listed)|"
        r"(?:not allowed|not permitted|denied|blocked) from (?:this|your) ip\b",
        stage="auth",
    ),
    Row(
        "tls-required",
        text=r"the password was not sent",
        words="unsent",
        seen=("SMTPNotSupportedError: mail.example.com offers no TLS on port 25, so the password was not sent.",),
    ),
    Row(
        "tls-mode-mismatch",
        text=r"starttls (?:extension )?(?:is )?not supported|does not offer starttls",
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
        r"authentication (?:is )?not (?:enabled|supported|available|required)|when not advertised|"
        r"un(?:recogni[sz]ed|supported|known|implemented) auth(?!orit)|"
        r"auth\w* (?:\S+ )?(?:mechanism|type|method|mode)s? (?:\S+ )?(?:is )?(?:not (?:supported|available|allowed|"
        r"implemented)|unsupported|unrecogni[sz]ed|invalid|unknown)|(?:unsupported|invalid|unknown) (?:auth\w* |"
        r"sasl )?"
        r"mechanism|mechanism (?:is )?not (?:supported|available)|auth command is not|"
        r"auth (?:is )?not (?:enabled|supported|available|implemented)|command \"?'?auth.{0,30}(?:not|un)|"
        r"no (?:auth\w* |sasl )?mechanisms?|does(?: not|n't) support (?:smtp )?auth|mechanism is too weak|"
        r"(?:unrecogni[sz]ed|unknown|not recogni[sz]ed|"
        r"not implemented).{0,6}auth(?!orit)",
        transient=False,
        seen=(
            "SMTPNotSupportedError: SMTP AUTH extension not supported by server.",
            "SMTPException: No suitable authentication method found.",
            "503 5.5.1 Error: authentication not enabled",
            "503 AUTH command used when not advertised",
            "504 5.7.4 Unrecognized authentication type",
        ),
    ),
    Row(
        "auth-unsupported",
        text=r"command (?:is )?(?:un(?:recogni[sz]ed|known)|not (?:recogni[sz]ed|implemented|known|supported))|"
        r"unrecogni[sz]ed command|unknown command",
        stage="auth",
        code="500 502 504",
    ),
    Row(
        "auth-wrong",
        text=r"too many (?:[\w-]+ ){0,3}(?:logins?|auth\w*|password|attempts|failures)",
        stage="auth",
        transient=False,
        words="too-often",
        seen=("421 4.7.0 Too many failed login attempts",),
    ),
    Row(
        "auth-disabled",
        text=r"(?:smtp|auth\w*|protocol|access|service|login)\b(?: \S+){0,4}? (?:is |has been |are )?(?:disabled|"
        r"not enabled|"
        r"turned off|switched off|deactivated|not activated|not permitted for)|does not have access rights|"
        r"enable (?:smtp|imap|pop)|not (?:allowed|authori[sz]ed|permitted|enabled) to use (?:smtp|this service)",
        stage="auth",
        unless=r"account (?:is |has been )?disabled|command|\buser (?:is )?disabled",
    ),
    Row(
        "auth-disabled",
        text=r"smtp auth(?:entication)? (?:is |has been )?(?:disabled|not enabled)|"
        r"(?:smtp|imap|pop3?) (?:access|service|protocol) (?:is |has been )?(?:disabled|not enabled|turned off)",
        stage="untold",
    ),
    Row(
        "account-suspended",
        text=r"(?:account|user|mailbox|login|帐号|账号|用户)\b.{0,40}?(?:\blocked|suspended|disabled|\bblocked|"
        r"banned|"
        r"deactivated|not active|inactive|frozen|expired|closed|terminated|停用|冻结|锁定|封)",
        unless=r"password (?:has |is |was )?expired|token|licen[cs]e|authori[sz]ation code",
        stage="auth",
    ),
    Row(
        "server-busy",
        text=r"temporar\w+ (?:\w+ )?(?:authentication |server |system |internal )?(?:failure|problem|error|"
        r"unavailable)|"
        r"try (?:again )?later|internal (?:authentication |server )?error|service unavailable",
        unless=r"exceed|quota|\blimit|too many|attempts",
        code="4xx",
        stage="auth",
        transient=True,
    ),
    Row(
        "oauth-failed",
        text=r"\"status\" ?: ?\"?40|\bxoauth2?\b|\boauthbearer\b|invalid_token|invalid_grant|(?:access|oauth2?|"
        r"bearer) token|"
        r"token (?:is |has )?(?:expired|invalid|revoked)",
        stage="auth",
    ),
    Row(
        "auth-wrong",
        text=r"\b(?:auth|authenti(?:fi)?cation|authori[sz]ation|log-?(?:in|on)) (?:has |was )?(?:failed|failure|"
        r"unsuccessful|"
        r"rejected)|(?:incorrect|invalid|wrong|bad|unknown) (?:smtp )?(?:authentication data|user ?name|log-?in|"
        r"password|"
        r"credentials)|credentials (?:were |are )?(?:invalid|incorrect|wrong|not accepted|rejected)|api key not found|"
        r"password (?:is )?(?:invalid|incorrect|wrong|not accepted)",
        unless=r"expired|too many|locked|disabled|suspended|inactive|\bip\b|tls|mechanism|temporar|server|limit|"
        r"quota|sender",
        code="none",
        stage="auth untold",
    ),
    Row("oauth-failed", text=r"\"status\" ?: ?\"?40\d.{0,20}\"schemes\""),
    Row("oauth-failed", code="535", mechanism="XOAUTH2 OAUTHBEARER", stage="auth", text="."),
    Row(
        "auth-wrong",
        text=rf"(?:{_ACCOUNT})\b.{{0,40}}?(?:{_REFUSED})|(?:{_REFUSED}).{{0,30}}?(?:{_ACCOUNT})",
        code="5xx",
        stage="auth",
        unless=r"\bip\b|limit|quota|not allowed|unsupported|not supported|mechanism|\btls\b|sequence|syntax|"
        r"temporar|expired|too many|cancel|\bspam\b|suspicious|robot|already|nested|"
        rf"polic|two-?(?:factor|step)|\b[2m]fa\b|\bplan\b|{OTHER_REASONS}",
        seen=(
            "535 Incorrect authentication data",
            "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
            "535 Authentication credentials invalid",
        ),
    ),
    Row(
        "auth-wrong",
        text=r"(?:invalid|incorrect|wrong|bad) (?:user ?name|login|user|e-?mail) (?:or|and|/) ?password",
        unless=r"too many|locked|expired|temporar",
        stage="auth",
    ),
)
