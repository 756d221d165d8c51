"""What is known of mail providers; the facts stand in ``providers.toml``."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import fnmatch
import functools
import importlib.resources
import re
import tomllib
import typing as t


class Hint(t.NamedTuple):
    """What a provider adds to an advice."""

    text: str = ""
    link: str = ""


NOTHING: t.Final = Hint()

_OFFERS = {"en": "{} offers {}.", "zh": "{} 提供的端口：{}。"}


@d.dataclass(frozen=True, slots=True)
class Port:
    """A port and how it is spoken to: ``ssl``, ``starttls`` or ``plain``."""

    number: int
    security: str

    def __str__(self) -> str:
        return f"{self.number} ({'MAIL_USE_TLS' if self.security == 'starttls' else 'MAIL_USE_SSL'})"

    @property
    def settings(self) -> dict[str, t.Any]:
        """``MAIL_PORT``, ``MAIL_USE_TLS`` and ``MAIL_USE_SSL`` for it."""
        return {
            "MAIL_PORT": self.number,
            "MAIL_USE_TLS": self.security == "starttls",
            "MAIL_USE_SSL": self.security == "ssl",
        }


@d.dataclass(frozen=True)
class Provider:
    """A provider.

    :param name: what ``MAIL_PROVIDER`` calls it.
    :param title: what it is called by people, by language.
    :param hosts: its servers, the usual one first; ``*`` stands for anything.
    :param ports: what its servers offer, the one to use first.
    :param domains: of the addresses it gives out.
    :param mx: patterns of the mail exchangers of domains it hosts.
    :param user: the user name: ``address`` (the full address), ``any``, or the literal name to use.
    :param password: what the password is: ``password``, ``app-password``, ``code``, ``api-key``, ``smtp-password``,
        ``token`` or ``oauth``.
    :param from_login: whether From has to be the address that logs in.
    :param link: where to get the password or code, by language.
    :param spf: what the sender's domain includes in its SPF record.
    :param limits: how much may be sent, by language.
    :param hint: what else to know, by language.
    :param group: the page of the documentation.
    :param aliases: other names for it.
    :param signs: a regular expression for words by which its replies can be known.
    """

    name: str
    title: c.Mapping[str, str]
    hosts: tuple[str, ...]
    ports: tuple[Port, ...]
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    user: str = "any"
    password: str = "password"  # noqa: S105
    from_login: bool = False
    link: c.Mapping[str, str] = d.field(default_factory=dict[str, str])
    spf: str = ""
    limits: c.Mapping[str, str] = d.field(default_factory=dict[str, str])
    hint: c.Mapping[str, str] = d.field(default_factory=dict[str, str])
    group: str = "relays"
    signs: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The usual server."""
        return self.hosts[0]

    def settings(self, given: c.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """What it adds to the settings *given*, by key: the server, and port and TLS as far as they fit.

        :param given: the keys that are set; they win.
        """
        found: dict[str, t.Any] = {"MAIL_SERVER": self.host}
        fitting = [port.settings for port in self.ports if _fits(port.settings, given)]
        if fitting:
            found.update(fitting[0])
        if self.literal_user and given.get("MAIL_PASSWORD"):
            found["MAIL_USERNAME"] = self.user
        return {key: value for key, value in found.items() if key not in given}

    @property
    def literal_user(self) -> bool:
        """Whether every customer logs in as :attr:`user`."""
        return self.user not in ("address", "any")

    def objection(self, username: str | None, sender: str) -> tuple[str, str] | None:
        """What it does not take: the key at fault, and what is wrong with its value.

        :param username: who logs in, if anybody.
        :param sender: the address of the default sender; empty where there is none.
        """
        name = self.title["en"]
        if not username:
            return None
        if self.literal_user and username != self.user:
            return "MAIL_USERNAME", f"is {username!r}, but with {name} it is the word {self.user!r}, for everybody"
        if self.user == "address" and "@" not in username:
            example = f"{username}@{(self.domains or ('example.com',))[0]}"
            return "MAIL_USERNAME", f"is {username!r}, but {name} wants the full address, such as {example!r}"
        if self.from_login and sender and sender.casefold() != username.casefold():
            return (
                "MAIL_DEFAULT_SENDER",
                f"is {sender!r}, but {name} sends from the address that logs in only; make it {username!r}",
            )
        return None

    def advice(self, cause: str, language: str) -> Hint:
        """What it adds to the advice for *cause*."""
        if cause.startswith(("auth-", "oauth-")) and cause not in ("auth-unsupported", "auth-required"):
            return Hint(self.hint.get(language, ""), self.link.get(language, ""))
        if cause in ("timeout", "refused", "network-unreachable", "tls-mode-mismatch", "tls-required"):
            return Hint(_OFFERS[language].format(self.title[language], ", ".join(map(str, self.ports))))
        return NOTHING


def _fits(offered: c.Mapping[str, t.Any], given: c.Mapping[str, t.Any]) -> bool:
    return all(given[key] == value for key, value in offered.items() if key in given)


@functools.lru_cache(maxsize=256)
def lookup(
    *, host: str | None = None, domain: str | None = None, mx: str | None = None, name: str | None = None
) -> Provider | None:
    """The provider of a server, a mail domain or a mail exchanger, or the one of that name.

    :param domain: what stands right of the ``@`` in an address.
    """
    if name:
        return _by_name().get(_folded(name))
    return next((p for p in all_providers() if _known_by(p, host, domain, mx)), None)


def _known_by(provider: Provider, host: str | None, domain: str | None, mx: str | None) -> bool:
    return (
        _like(host, provider.hosts)
        or (domain is not None and domain.lower().rstrip(".") in provider.domains)
        or _like(mx, provider.mx)
    )


@functools.lru_cache(maxsize=256)
def signed(text: str) -> Provider | None:
    """The provider whose words *text* holds."""
    return next((p for p in all_providers() if p.signs and re.search(p.signs, text, re.IGNORECASE)), None)


def _like(name: str | None, patterns: c.Iterable[str]) -> bool:
    return name is not None and any(fnmatch.fnmatchcase(name.lower().rstrip("."), pattern) for pattern in patterns)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())


@functools.cache
def all_providers() -> tuple[Provider, ...]:
    """Every provider, in the order of the file."""
    file = importlib.resources.files("flask_mail.diagnosis").joinpath("providers.toml")
    return tuple(_made(name, facts) for name, facts in tomllib.loads(file.read_text("utf-8")).items())


@functools.cache
def _by_name() -> dict[str, Provider]:
    names: dict[str, Provider] = {}
    for provider in all_providers():
        for name in (provider.name, *provider.title.values(), *provider.aliases):
            names.setdefault(_folded(name), provider)
    return names


def _made(name: str, facts: dict[str, t.Any]) -> Provider:
    """``ports = ["587 starttls"]`` and lists, as the file has them, into what :class:`Provider` holds."""
    ports = tuple(Port(int(number), security) for number, security in (port.split() for port in facts.pop("ports")))
    lists = {key: tuple(t.cast("list[str]", value)) for key, value in facts.items() if isinstance(value, list)}
    values: dict[str, t.Any] = {**facts, **lists}
    if isinstance(values["title"], str):
        values["title"] = dict.fromkeys(("en", "zh"), values["title"])
    return Provider(name=name, ports=ports, **values)
