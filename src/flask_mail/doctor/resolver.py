"""Questions to DNS, asked by dnspython (the extra ``dns``)."""

from __future__ import annotations

import importlib
import typing as t

from ..errors import MissingExtraError

Kind = t.Literal["A", "AAAA", "MX", "TXT"]


class NoAnswer(Exception):
    """DNS says that there is no such record."""


class Unreachable(Exception):
    """DNS said nothing that can be used."""


class Resolver(t.Protocol):
    """What answers."""

    def ask(self, name: str, kind: Kind) -> list[str]:
        """The records of *name*: addresses, ``"10 host"`` for MX, the joined strings of TXT.

        :raises NoAnswer: there is none.
        :raises Unreachable: nobody knows.
        """
        ...


class SystemResolver:
    """Asks the servers this machine asks, or the one given.

    :param server: an address to ask instead, with its port.
    :param lifetime: seconds for one question.
    """

    def __init__(self, server: tuple[str, int] | None = None, lifetime: float = 4.0) -> None:
        self._server = server
        self._lifetime = lifetime
        self._made: t.Any = None

    def ask(self, name: str, kind: Kind) -> list[str]:
        dns, resolver = self._ready()
        try:
            answer = resolver.resolve(name, kind, search=False, raise_on_no_answer=True)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            raise NoAnswer(name) from None
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise Unreachable(f"{name} {kind}: {type(error).__name__}") from None
        return [_shown(record, kind) for record in answer]

    def _ready(self) -> tuple[t.Any, t.Any]:
        try:
            dns: t.Any = importlib.import_module("dns")
            for module in ("exception", "resolver"):
                importlib.import_module(f"dns.{module}")
        except ImportError:
            raise MissingExtraError("--dns", "dns") from None
        if self._made is None:
            self._made = dns.resolver.Resolver(configure=self._server is None)
            self._made.lifetime = self._lifetime
            if self._server is not None:
                self._made.nameservers, self._made.port = [self._server[0]], self._server[1]
        return dns, self._made


def _shown(record: t.Any, kind: Kind) -> str:
    if kind == "TXT":  # RFC 7208 §3.3: the strings of a record are joined without blanks
        return b"".join(record.strings).decode("utf-8", "replace")
    if kind == "MX":
        return f"{record.preference} {str(record.exchange).rstrip('.')}"
    return str(record.address)
