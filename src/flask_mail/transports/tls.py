"""What makes a TLS connection good (RFC 8446, RFC 9325)."""

from __future__ import annotations

import dataclasses as d
import functools
import ssl

from ..errors import ConfigError


@d.dataclass(frozen=True, slots=True)
class Trust:
    """Whom to trust, and as whom to appear.

    :param verify: check certificate and host name.
    :param ca: PEM file of the authorities to trust instead of the system's.
    :param cert: PEM file of a client certificate.
    :param key: PEM file of its key, where ``cert`` does not hold it.
    :param given: a context made elsewhere, used as it is.
    """

    verify: bool = True
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    given: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """The context, made once for each trust: loading the system's authorities takes some 80 ms.

        :raises ConfigError: a file cannot be read.
        """
        return self.given or _context(self)


@functools.lru_cache(maxsize=32)
def _context(trust: Trust) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=trust.ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"MAIL_TLS_CA is {trust.ca!r}, which cannot be read as a PEM file of certificates ({error}).",
            key="MAIL_TLS_CA",
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not trust.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if trust.cert:
        try:
            context.load_cert_chain(trust.cert, trust.key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"MAIL_TLS_CERT is {trust.cert!r} and MAIL_TLS_KEY {trust.key!r}, which cannot be read as PEM files of "
                f"a certificate and its key ({error}).",
                key="MAIL_TLS_CERT",
            ) from error
    return context
