"""The table from what happened to what to do.

A row matches on the class of the exception, the stage and the reply code; the first that matches wins, so the most
specific stand first. What cannot be known is not guessed: without a row there is no advice.
"""

from __future__ import annotations

import dataclasses as d
import smtplib
import socket
import ssl


@d.dataclass(frozen=True, slots=True)
class Row:
    """One row: all that is given has to match."""

    remedy: str
    error: type[BaseException] = BaseException
    stage: str = ""
    codes: tuple[int, ...] = ()
    text: str = ""

    def matches(self, error: BaseException, stage: str | None, code: int | None) -> bool:
        return (
            isinstance(error, self.error)
            and self.stage in ("", stage)
            and (not self.codes or code in self.codes)
            and self.text in str(error)
        )


TABLE = (
    Row(
        "This port does not begin with TLS. Use MAIL_USE_TLS instead of MAIL_USE_SSL (usual for port 587), or another "
        "port (465 with MAIL_USE_SSL).",
        error=ssl.SSLError,
        stage="tls",
        text="WRONG_VERSION_NUMBER",
    ),
    Row(
        "The server's certificate is not good for this name, or nobody known here vouches for it. Check MAIL_SERVER; "
        "for an authority of your own name its certificate in MAIL_TLS_CA. MAIL_TLS_VERIFY = False turns the check "
        "off and lets anybody on the way read the password.",
        error=ssl.SSLCertVerificationError,
    ),
    Row("MAIL_SERVER names no host that DNS knows from here. Check its spelling.", error=socket.gaierror),
    Row(
        "Nothing listens at MAIL_SERVER and MAIL_PORT, or something in between refuses. Check both; for development "
        "without a mail server set MAIL_TRANSPORT = 'console'.",
        error=ConnectionRefusedError,
    ),
    Row(
        "The server did not greet in time. Where the port speaks TLS from the start (465), set MAIL_USE_SSL.",
        error=TimeoutError,
        stage="greeting",
    ),
    Row(
        "Nothing answered in time. Check MAIL_SERVER and MAIL_PORT; many hosts block the ports 25, 465 and 587, and "
        "then 2525, where the provider offers it, may work. MAIL_TIMEOUT sets how many seconds to wait.",
        error=TimeoutError,
        stage="connect",
    ),
    Row("The server was too slow. MAIL_TIMEOUT sets how many seconds to wait for each step.", error=TimeoutError),
    Row(
        "The server hung up before its greeting. Where the port speaks TLS from the start (465), set MAIL_USE_SSL; it "
        "may also refuse this host's address.",
        error=smtplib.SMTPServerDisconnected,
        stage="greeting",
    ),
    Row(
        "What answers there is not a mail server. Check MAIL_SERVER and MAIL_PORT.",
        error=smtplib.SMTPResponseException,
        codes=(-1,),
    ),
    Row(
        "The server did not accept MAIL_USERNAME and MAIL_PASSWORD. Many providers (Gmail, QQ, 163, iCloud, Yahoo) "
        "want an app password or an authorisation code made in their settings, not the account's own password.",
        error=smtplib.SMTPAuthenticationError,
        codes=(535, 534, 526),
    ),
    Row(
        "The server wants a login first. Set MAIL_USERNAME and MAIL_PASSWORD, both.",
        error=smtplib.SMTPException,
        codes=(530,),
    ),
    Row(
        "The server wants a login first, and none happened. Set MAIL_USERNAME and MAIL_PASSWORD, both.",
        error=smtplib.SMTPSenderRefused,
        codes=(553,),
        text="authentication is required",
    ),
    Row(
        "The server refused the sender. Most providers want it to be the address that logs in, or one of a domain "
        "they have verified.",
        error=smtplib.SMTPSenderRefused,
        codes=(501, 550, 553, 554),
    ),
    Row("The server is busy or closing; try again later.", codes=(421,)),
)


def advise(error: BaseException, *, stage: str | None = None, code: int | None = None) -> str | None:
    """What to do about *error*.

    :param stage: where the delivery stood.
    :param code: the reply code, if the server gave one.
    :returns: one or two sentences in English; ``None`` where nothing is known.
    """
    if code is None and isinstance(error, smtplib.SMTPResponseException):
        code = error.smtp_code
    for row in TABLE:
        if row.matches(error, stage, code):
            return row.remedy
    return None
