"""A certificate authority of the test run's own."""

from __future__ import annotations

import pathlib
import ssl
import typing as t

import trustme


class Authority:
    """A certificate authority that lives as long as the test run.

    :param folder: where its certificate is written, for clients that want a file.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._ca = trustme.CA()
        self.ca_file = str(folder / "authority.pem")
        self._ca.cert_pem.write_to_path(self.ca_file)

    def server_context(self, *names: str, **issue: t.Any) -> ssl.SSLContext:
        """What a server shows that is called *names* (``localhost`` and 127.0.0.1 unless told).

        :param issue: passed on to trustme, e.g. ``not_after`` for a certificate that has expired.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*(names or ("localhost", "127.0.0.1")), **issue).configure_cert(context)
        return context

    def pem(self, *names: str) -> bytes:
        """A private key and its certificate for *names*, as a server that is no Python wants them."""
        return self._ca.issue_cert(*names).private_key_and_cert_chain_pem.bytes()
