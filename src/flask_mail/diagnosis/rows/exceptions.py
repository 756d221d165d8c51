"""What the standard library raises where no server has said a word."""

from __future__ import annotations

import typing as t

from .row import Row

_PLAIN = (
    r"wrong[ _]version[ _]number|unknown[ _]protocol|record layer failure|http request|"
    r"first record does not look like a tls|unrecognized ssl message|unexpected packet format|packet length too long"
)
"""How programs tell of an answer that is no TLS."""

_EXPIRED = r"certificate (?:has |is )?(?:expired|not yet valid)|cert_has_expired|invalid peer certificate: expired"
_OTHER_NAME = (
    r"hostname/ip (?:does not|doesn't) match|certificate is (?:not )?valid for|host ?name mismatch|"
    r"did not match expected cn|notvalidforname|doesn't contain any ip sans|certificatenamemismatch|"
    r"no (?:subject alternative (?:dns )?)?names? (?:matching\b|present)|"
    r"host ?name did not match|"
    r"(?:name|host) .{0,40}(?:does not|doesn't) match .{0,40}cert|err_tls_cert_altname"
)
"""How programs tell that a certificate is for another name."""

_UNTRUSTED = (
    r"self[-_ ]signed[-_ ]cert|unable to (?:get|verify) (?:local |the )?(?:issuer|first)|unknown ?(?:authority|issuer)|"
    r"certificate verif\w+ failed|unable to find valid certification path|partial ?chain|untrusted ?root|"
    r"remote certificate is invalid|invalid peer certificate"
)
"""How programs tell that nobody known vouches for a certificate."""

_OTHER_FAULT = r"match|expired|not yet valid|revoked"
"""What may be wrong with a certificate besides, in words that no row has known: then it is not for want of trust."""

_NO_WAY = (
    r"network (?:is )?(?:unreachable|down)|no route to host|host (?:is )?(?:unreachable|down)|"
    r"unreachable (?:host|network)|destination host was down|dead network|can(?:not|'t) assign requested address|"
    r"(?:^|[\]:] )address not available|requested address is not valid in its context|address family not supported|"
    r"address incompatible with the requested protocol|e(?:net|host)(?:unreach|down)\b|eaddrnotavail|eafnosupport|"
    r"\b(?:winerror|errno) 100(?:47|49|5[0-2]|6[45])\b"
)
"""How systems and C libraries tell that there is no way: by name, in words, and Windows by number in any language."""

_LOST = (
    "SMTPServerDisconnected ConnectionResetError BrokenPipeError ConnectionAbortedError SSLEOFError SSLZeroReturnError "
    "SSLSyscallError"
)

EXCEPTIONS: t.Final = (
    Row(
        "credentials-encoding",
        error="UnicodeEncodeError",
        stage="auth",
        seen=("UnicodeEncodeError: 'ascii' codec can't encode character '\\u20ac' in position 11",),
    ),
    Row("utf8-unsupported", error="UnicodeEncodeError", stage="mail rcpt"),
    Row(
        "cert-expired",
        text=r"certificate has expired|certificate is not yet valid",
        seen=("certificate verify failed: certificate has expired",),
    ),
    Row(
        "cert-hostname",
        text=r"certificate verify failed:? ?\(?(?:hostname|ip address) mismatch|certificate is not valid for|"
        r"^hostname '.*' doesn't match|did not match expected cn=",
        seen=("certificate verify failed: Hostname mismatch, certificate is not valid for 'mail.example.com'.",),
    ),
    Row(
        "cert-untrusted",
        text=r"certificate verify failed",
        unless=_OTHER_FAULT,
        seen=(
            "certificate verify failed: unable to get local issuer certificate",
            "certificate verify failed: self-signed certificate",
        ),
    ),
    Row("cert-expired", text=_EXPIRED, error="SSLCertVerificationError SSLError"),
    Row("cert-hostname", text=_OTHER_NAME, error="SSLCertVerificationError SSLError"),
    Row("cert-untrusted", text=_UNTRUSTED, unless=_OTHER_FAULT, error="SSLCertVerificationError SSLError"),
    Row("cert-untrusted", text=r"^\W*$", error="SSLCertVerificationError"),  # by its class alone
    Row(
        "tls-mode-mismatch",
        text=_PLAIN,
        error="SSLError",
        words="no-tls",
        seen=("ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number",),
    ),
    Row(
        "dns",
        text=r"temporary failure in name resolution|\[errno -3\]|try again|eai_again",
        error="gaierror",
        transient=True,
        seen=("socket.gaierror: [Errno -3] Temporary failure in name resolution",),
    ),
    Row(
        "dns",
        error="gaierror",
        seen=(
            "socket.gaierror: [Errno -2] Name or service not known",
            "socket.gaierror: [Errno 11001] getaddrinfo failed",
        ),
    ),
    Row("dns", error="UnicodeError", stage="connect"),
    Row(
        "dns",
        text=r"name or service not known|getaddrinfo failed|nodename nor servname|name resolution",
        error="OSError",
        seen=("OSError: [Errno 8] nodename nor servname provided, or not known",),
    ),
    Row(
        "refused",
        error="ConnectionRefusedError",
        seen=(
            "ConnectionRefusedError: [Errno 111] Connection refused",
            "ConnectionRefusedError: [WinError 10061] No connection could be made because the target machine actively "
            "refused it",
        ),
    ),
    Row("refused", text=r"connection refused|actively refused", error="OSError"),
    Row(
        "network-unreachable",
        text=_NO_WAY,
        error="OSError",
        seen=("OSError: [Errno 101] Network is unreachable", "OSError: [Errno 113] No route to host"),
    ),
    Row(
        "tls-mode-mismatch",
        error="TimeoutError SMTPServerDisconnected",
        stage="greeting",
        port="465",
        security="plain starttls",
        words="tls-first",
        seen=("SMTPServerDisconnected: Connection unexpectedly closed: timed out (port 465 without MAIL_USE_SSL)",),
    ),
    Row("timeout", error="TimeoutError", stage="greeting", words="greeting"),
    Row(
        "timeout",
        error="TimeoutError",
        stage="connect",
        seen=("TimeoutError: [Errno 110] Connection timed out", "TimeoutError: timed out"),
    ),
    Row("timeout", text=r"timed out", error="SMTPServerDisconnected", stage="greeting", words="greeting"),
    Row("timeout", text=r"timed out", error="SMTPServerDisconnected", words="slow"),
    Row("timeout", error="TimeoutError", stage="starttls tls ehlo auth mail rcpt data end-of-data quit", words="slow"),
    Row("timeout", error="TimeoutError"),
    Row("tls-mode-mismatch", text=r"\x15\x03", error="SMTPResponseException", words="tls-first"),
    Row(
        "timeout",
        text=r"timed out|winerror 10060",
        error="OSError",
        seen=(
            "TimeoutError: [WinError 10060] A connection attempt failed because the connected party did not "
            "properly respond",
        ),
    ),
    Row(
        "closed-early",
        text=r"eof occurred|unexpected_eof",
        error="SSLError",
        words="tls",
        seen=("ssl.SSLEOFError: EOF occurred in violation of protocol",),
    ),
    Row("closed-early", error="SMTPTLSError", words="tls", transient=False),  # an alert: no certificate shown, or so
    Row(
        "closed-early",
        error=_LOST,
        stage="greeting",
        words="greeting",
        seen=("SMTPServerDisconnected: Connection unexpectedly closed",),
    ),
    Row("closed-early", error=_LOST, stage="tls", words="tls"),
    Row(
        "closed-early",
        error=_LOST,
        seen=(
            "SMTPServerDisconnected: Server not connected",
            "ConnectionResetError: [Errno 104] Connection reset by peer",
        ),
    ),
    Row(
        "not-smtp",
        error="SMTPResponseException",
        code="-1",
        stage="ehlo starttls auth mail rcpt data end-of-data",
        transient=True,  # it has greeted as a mail server: something came between
    ),
    Row("not-smtp", error="SMTPResponseException", code="-1"),
    Row("auth-unsupported", error="SMTPNotSupportedError", stage="auth"),
    # The words alone, where a log has kept neither class nor reply, also as other programs write them
    Row("cert-expired", text=_EXPIRED, code="none"),
    Row("cert-hostname", text=_OTHER_NAME, code="none"),
    Row("cert-untrusted", text=_UNTRUSTED, unless=_OTHER_FAULT, code="none"),
    Row(
        "tls-mode-mismatch",
        text=_PLAIN,
        code="none",
        words="no-tls",
    ),
    Row(
        "dns",
        text=r"enotfound|eai_again|no such host|name or service not known|getaddrinfo|nodename nor servname|"
        r"name resolution|unknownhostexception|dial tcp: lookup |no such host is known",
        code="none",
    ),
    Row("refused", text=r"econnrefused|connection refused|actively refused|errno 10061|errno 111\b", code="none"),
    Row("network-unreachable", text=_NO_WAY, code="none", stage="connect proxy greeting untold"),
    Row("timeout", text=r"greeting never received", code="none", words="greeting"),
    Row("auth-wrong", text=r"^failed to authenticate on smtp server", code="none"),
    Row(
        "timeout",
        text=r"etimedout|timed?[ -]?out|execution expired|properly respond after",
        code="none",
        stage="connect",
    ),
    Row("timeout", text=r"etimedout|timed?[ -]?out|properly respond after", code="none", words="slow"),
    Row(
        "closed-early",
        text=r"econnreset|epipe|broken pipe|connection (?:was )?(?:reset|aborted)|socket hang up|socket disconnected|"
        r"(?:unexpectedly|connection) (?:closed|disconnected)|closed (?:the connection |connection )?unexpectedly|"
        r"(?:^|: )eof$|(?:unexpected|violating) eof|eof occurred|got code \"\", with message \"\"|"
        r"end of file reached|forcibly closed|sent an empty reply|got an empty response",
        code="none",
    ),
)
