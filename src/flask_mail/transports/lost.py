"""How a connection is lost, and what that tells.

smtplib says ``SMTPServerDisconnected`` whatever happened once the connection stood; programs catch that. So each class
here is one too, beside the class that says what it was.
"""

from __future__ import annotations

import select
import smtplib
import socket
import ssl


class SMTPTimeoutError(smtplib.SMTPServerDisconnected, TimeoutError):
    """The server took longer than it may."""


class TooLateError(SMTPTimeoutError):
    """Whoever sends it may not do so any longer: the lease ran out."""


class SMTPResetError(smtplib.SMTPServerDisconnected, ConnectionResetError):
    """The connection broke off: what the server said last may not have come."""


class SMTPTLSError(smtplib.SMTPServerDisconnected, ssl.SSLError):
    """TLS failed after its handshake."""


def lost(error: OSError) -> smtplib.SMTPServerDisconnected:
    """What *error*, from reading or writing a socket, is called here."""
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return error
    if isinstance(error, TimeoutError):
        return SMTPTimeoutError("the server did not answer in time")
    if isinstance(error, ssl.SSLError):
        failed = SMTPTLSError(error.errno, error.strerror)
        failed.__dict__.update(error.__dict__)  # OpenSSL's reason
        return failed
    if isinstance(error, ConnectionError):
        return SMTPResetError(error.errno, error.strerror)
    return smtplib.SMTPServerDisconnected(error.errno, error.strerror)


def ended(sock: socket.socket) -> smtplib.SMTPServerDisconnected:
    """What it is called when *sock* has come to its end.

    Inside TLS Python 3.11 takes a reset for an end; poll tells them apart, by POLLHUP.
    """
    if isinstance(sock, ssl.SSLSocket) and hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        if any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0)):
            return SMTPResetError("the connection was reset")
    return smtplib.SMTPServerDisconnected("Connection unexpectedly closed")


def in_order(error: Exception) -> bool:
    """Whether *error* tells that the server closed in order (FIN, or 421): all it ever said has come."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code == 421
    return type(error) is smtplib.SMTPServerDisconnected and error.errno is None
