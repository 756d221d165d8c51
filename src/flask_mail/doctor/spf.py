"""Whether a domain lets an address send for it (RFC 7208), as far as that can be said without a message."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import ipaddress
import typing as t

from .resolver import NoAnswer
from .resolver import Resolver

MOST_QUESTIONS: t.Final = 10
"""Mechanisms that ask DNS in one evaluation (RFC 7208 §4.6.4)."""

_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


class Broken(Exception):
    """The record cannot be evaluated: RFC 7208's permerror."""


def record(resolver: Resolver, domain: str) -> str | None:
    """The SPF record of *domain*.

    :raises Broken: there are several (RFC 7208 §4.5).
    """
    try:
        texts = resolver.ask(domain, "TXT")
    except NoAnswer:
        return None
    found = [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]
    if len(found) > 1:
        raise Broken(f"{domain} has {len(found)} SPF records")
    return found[0] if found else None


@d.dataclass
class Evaluation:
    """One evaluation, for one address.

    :param included: the domains whose records were read.
    """

    resolver: Resolver
    address: str
    questions: int = 0
    included: list[str] = d.field(default_factory=list[str])
    unsure: bool = False
    """Whether a mechanism was met that depends on the message."""

    def of(self, domain: str) -> str:
        """``pass``, ``fail``, ``softfail``, ``neutral`` or ``none``.

        :raises Broken: the record is wrong, or asks too much.
        """
        self.included.append(domain.lower())
        text = record(self.resolver, domain)
        if text is None:
            return "none"
        redirect = ""
        for term in text.split()[1:]:
            name, equals, value = term.partition("=")
            if equals and ":" not in name and "/" not in name:
                redirect = value if name.lower() == "redirect" else redirect
                continue
            qualifier, mechanism = (term[0], term[1:]) if term[0] in _RESULTS else ("+", term)
            if self._matches(mechanism, domain):
                return _RESULTS[qualifier]
        if redirect:
            self._ask()
            return self._required(redirect)
        return "neutral"

    def _matches(self, mechanism: str, domain: str) -> bool:
        name, _, rest = mechanism.partition(":")
        bare, _, prefix = name.partition("/") if not rest else (name, "", "")
        name = bare.lower()
        if name == "all":
            return True
        if name in ("ip4", "ip6"):
            return self._within(rest)
        if name not in ("a", "mx", "include", "exists", "ptr"):
            raise Broken(f"{domain}: {mechanism!r} is no mechanism")
        self._ask()
        if "%" in rest or name in ("exists", "ptr"):
            self.unsure = True
            return False
        target, _, length = rest.partition("/")
        return self._asked(name, target or domain, length or prefix)

    def _asked(self, name: str, target: str, prefix: str) -> bool:
        if name == "include":
            return self._required(target) == "pass"
        hosts = [target] if name == "a" else [host.split()[1] for host in self._records(target, "MX")]
        return any(self._within(address, prefix) for host in hosts for address in self._addresses(host))

    def _required(self, domain: str) -> str:
        result = self.of(domain)
        if result == "none":
            raise Broken(f"{domain}, which it includes, has no SPF record")
        return result

    def _addresses(self, host: str) -> list[str]:
        return self._records(host, "AAAA" if ":" in self.address else "A")

    def _records(self, name: str, kind: t.Literal["A", "AAAA", "MX"]) -> list[str]:
        try:
            return self.resolver.ask(name, kind)
        except NoAnswer:
            return []

    def _within(self, network: str, prefix: str = "") -> bool:
        try:
            whole = ipaddress.ip_network(f"{network}/{prefix.split('/')[0]}" if prefix else network, strict=False)
        except ValueError:
            raise Broken(f"{network!r} is no address") from None
        mine = ipaddress.ip_address(self.address)
        return mine.version == whole.version and mine in whole

    def _ask(self) -> None:
        self.questions += 1
        if self.questions > MOST_QUESTIONS:
            raise Broken(f"more than {MOST_QUESTIONS} questions to DNS")


def evaluate(resolver: Resolver, domain: str, addresses: c.Iterable[str]) -> tuple[str, Evaluation | None]:
    """The best result for any of *addresses*, and how it was come to.

    :raises Broken: the record cannot be evaluated.
    """
    best: tuple[str, Evaluation | None] = ("none", None)
    for address in addresses:
        evaluation = Evaluation(resolver, address)
        result = evaluation.of(domain)
        if result == "pass":
            return result, evaluation
        if best[1] is None:
            best = result, evaluation
    return best
