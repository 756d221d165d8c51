"""The checks of the sender's domain: what DNS tells receivers of it (``--dns``)."""

from __future__ import annotations

import collections.abc as c
import contextlib
import importlib
import ipaddress
import time
import typing as t

from ..mime.dkim import signer
from . import spf as rules
from .conversation import default_sender
from .counsel import keeps_envelope
from .counsel import owner_of
from .counsel import Provider
from .counsel import same_house
from .exam import Exam
from .exam import Seen
from .network import is_address
from .report import Trouble
from .resolver import NoAnswer
from .resolver import Resolver

_NOWHERE: t.Final = "0.0.0.0"  # noqa: S104
_PROBE: t.Final = b"From: doctor@localhost\r\nSubject: probe\r\n\r\nprobe\r\n"


def _domain(exam: Exam) -> str | None:
    mailbox = default_sender(exam)
    return None if mailbox is None or mailbox.domain.startswith("[") else mailbox.domain


def of_domain(look: c.Callable[[Exam, str], Seen]) -> c.Callable[[Exam], Seen]:
    """A check of the sender's domain, where there is one and it is the user's to care for."""

    def check(exam: Exam) -> Seen:
        domain = _domain(exam)
        if domain is None:
            return Seen(exam.say("domain-none"), skipped=True)
        owner = owner_of(domain)
        if owner is not None and same_house(exam.provider, owner):
            return Seen(exam.say("domain-providers", domain=domain), skipped=True)
        return look(exam, domain)

    return check


@of_domain
def mx(exam: Exam, domain: str) -> Seen:
    """Whether the domain takes mail: replies and bounces go there."""
    try:
        records = sorted(exam.resolver.ask(domain, "MX"), key=lambda text: int(text.split()[0]))
    except NoAnswer:
        with contextlib.suppress(NoAnswer):
            address = exam.resolver.ask(domain, "A")[0]
            return Seen(address, (exam.trouble("mx-implicit", grave=False, domain=domain),))
        return Seen(exam.say("dns-no-record"), (exam.trouble("mx-none", domain=domain),))
    hosts = [text.partition(" ")[2] for text in records]
    if hosts in ([""], ["."]):  # RFC 7505
        return Seen("0 .", (exam.trouble("mx-null", domain=domain),))
    return Seen(", ".join(hosts[:2]) + (exam.say("dns-more", count=len(hosts) - 2) if len(hosts) > 2 else ""))


@of_domain
def spf(exam: Exam, domain: str) -> Seen:
    """Whether the domain's record lets this server send for it."""
    try:
        text = rules.record(exam.resolver, domain)
        if text is None:
            return Seen(exam.say("dns-no-record"), (exam.trouble("spf-none", grave=False, domain=domain),))
        if (owner := owner_of(domain)) is not None:
            return Seen(text, (_foreign(exam, domain, owner),))
        result, evaluation = rules.evaluate(exam.resolver, domain, _addresses(exam))
    except rules.Broken as broken:
        return Seen(exam.say("spf-broken"), (exam.trouble("spf-broken", problem=str(broken), domain=domain),))
    included = exam.provider.spf.lower() if exam.provider else ""
    if result == "pass" or (evaluation and included in evaluation.included):
        return Seen(exam.say("spf-pass", host=exam.values["MAIL_SERVER"]))
    fields: dict[str, t.Any] = {"host": exam.values["MAIL_SERVER"], "domain": domain, "result": result}
    if included:
        return Seen(text, (_not_included(exam, f"include:{included}", **fields),))
    if evaluation is None or evaluation.unsure or _tells_nothing(evaluation.address):
        return Seen(text, (exam.trouble("spf-unsure", grave=False, **fields),))
    return Seen(text, (exam.trouble("spf-other", grave=False, **fields),))


def _foreign(exam: Exam, domain: str, owner: Provider) -> Trouble:
    grave = not any(map(_tells_nothing, _addresses(exam)))  # a server on this machine may hand on to the owner's
    title = owner.title[exam.language]
    return exam.trouble("foreign-domain", grave=grave, domain=domain, owner=title, host=owner.host)


def _not_included(exam: Exam, include: str, **fields: t.Any) -> Trouble:
    if keeps_envelope(exam.provider):
        return exam.trouble("spf-provider", include=include, **fields)
    return exam.trouble("spf-relay", grave=False, include=include, **fields)


def _addresses(exam: Exam) -> list[str]:
    """The addresses of the server: what it sends from is often one of them, though it need not be."""
    host = exam.values["MAIL_SERVER"]
    if is_address(host):
        return [host]
    found: list[str] = []
    for kind in ("A", "AAAA"):
        with contextlib.suppress(NoAnswer):
            found += exam.resolver.ask(host, kind)
    return found or [_NOWHERE]


def _tells_nothing(address: str) -> bool:
    """Whether *address* is not what receivers see."""
    return address == _NOWHERE or ipaddress.ip_address(address).is_loopback


def dkim(exam: Exam) -> Seen:
    """Whether what the private key signs is good by the published key."""
    values = exam.values
    domain, selector = values["MAIL_DKIM_DOMAIN"], values["MAIL_DKIM_SELECTOR"]
    if domain is None:
        return Seen(exam.say("dkim-unused"), skipped=True)
    own = signer(domain, selector, values["MAIL_DKIM_KEY"], values["MAIL_DKIM_HEADERS"])
    name = f"{selector}._domainkey.{domain}"
    try:
        published = exam.resolver.ask(name, "TXT")
    except NoAnswer:
        return Seen(exam.say("dns-no-record"), (exam.trouble("dkim-none", name=name),))
    if "p=;" in published[0].replace(" ", "") + ";":  # RFC 6376 §3.6.1: revoked
        return Seen(name, (exam.trouble("dkim-revoked", name=name),))
    signed = own.header(_PROBE, int(time.time())) + _PROBE
    if not _verified(signed, published[0]):
        return Seen(name, (exam.trouble("dkim-mismatch", name=name),))
    return Seen(exam.say("dkim", name=name))


def _verified(signed: bytes, published: str) -> bool:
    """Whether the signature of *signed* is good by the key in *published*."""
    library: t.Any = importlib.import_module("dkim")

    def answer(name: bytes, timeout: int = 5) -> bytes:
        return published.encode("utf-8")

    try:
        return bool(library.DKIM(signed).verify(dnsfunc=answer))
    except library.DKIMException:
        return False


@of_domain
def dmarc(exam: Exam, domain: str) -> Seen:
    """Whether mail passes the policy of the domain: SPF or DKIM for the domain in From (RFC 7489 §3.1)."""
    at, tags = _policy(exam.resolver, domain)
    if not tags:
        return Seen(exam.say("dns-no-record"), (exam.trouble("dmarc-none", grave=False, domain=domain),))
    policy = tags.get("sp", tags.get("p", "")) if at != domain else tags.get("p", "")
    if policy.lower() not in ("none", "quarantine", "reject"):
        return Seen(f"p={policy}", (exam.trouble("dmarc-broken", domain=at),))
    by = [*_aligned(exam, domain, at, tags)]
    if by:
        return Seen(exam.say("dmarc", policy=policy, by=", ".join(by)))
    # Without a signature of ours the server may still add one; that cannot be seen from here.
    grave: bool = policy.lower() != "none" and bool(exam.values["MAIL_DKIM_DOMAIN"])
    return Seen(f"p={policy}", (exam.trouble("dmarc-unaligned", grave=grave, policy=policy, domain=domain),))


def _policy(resolver: Resolver, domain: str) -> tuple[str, dict[str, str]]:
    """The record that holds for *domain*, its own or that of a parent, and where it stands."""
    labels = domain.split(".")
    for start in range(max(len(labels) - 1, 1)):
        at = ".".join(labels[start:])
        try:
            texts = resolver.ask(f"_dmarc.{at}", "TXT")
        except NoAnswer:
            continue
        for text in texts:
            if text.replace(" ", "").upper().startswith("V=DMARC1"):
                pairs = (part.partition("=") for part in text.split(";") if "=" in part)
                return at, {name.strip().lower(): value.strip() for name, _, value in pairs}
    return domain, {}


def _aligned(exam: Exam, domain: str, at: str, tags: dict[str, str]) -> c.Iterator[str]:
    """What passes for the domain in From; a policy's own domain stands for the organisation's (RFC 7489 §3.2)."""
    signing = exam.values["MAIL_DKIM_DOMAIN"]
    if signing and exam.found["dkim"].mark == "ok" and _same(signing, domain, at, tags.get("adkim", "r")):
        yield "DKIM"
    if exam.found["spf"].mark == "ok" and keeps_envelope(exam.provider):
        yield "SPF"


def _same(one: str, other: str, organisation: str, mode: str) -> bool:
    one, other = one.lower(), other.lower()
    return one == other or (mode.lower() == "r" and f".{one}".endswith(f".{organisation.lower()}"))
