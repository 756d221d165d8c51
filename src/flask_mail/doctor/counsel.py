"""What the doctor asks of :mod:`flask_mail.diagnosis`: the meaning of an error, and a provider's demands."""

from __future__ import annotations

import collections.abc as c
import smtplib
import typing as t

from ..address import one
from ..diagnosis import advise
from ..diagnosis import providers
from ..errors import DeliveryError
from ..errors import MailError
from ..errors import MessageError
from ..errors import MissingExtraError
from .report import Trouble

Provider = providers.Provider

_SHOWN = ("MAIL_SERVER", "MAIL_PORT", "MAIL_USE_TLS", "MAIL_USE_SSL", "MAIL_PROVIDER", "MAIL_USERNAME")


class Asking(t.Protocol):
    """What of an examination is looked at here."""

    @property
    def values(self) -> c.Mapping[str, t.Any]: ...
    @property
    def language(self) -> str: ...
    def trouble(self, cause: str, /, *, grave: bool = True, link: str = "", **fields: t.Any) -> Trouble: ...
    def say(self, key: str, /, **fields: t.Any) -> str: ...
    def clean(self, text: str) -> str: ...


def trouble_of(error: Exception, asking: Asking) -> Trouble:
    """What *error* means and what to do about it."""
    if isinstance(error, MissingExtraError):
        return asking.trouble("missing-extra", problem=str(error))
    if isinstance(error, MailError) and not isinstance(error, DeliveryError):
        return asking.trouble("setting", problem=asking.clean(str(error)))
    if not isinstance(error, (DeliveryError, OSError)):
        return asking.trouble("unexpected", problem=asking.clean(_named(error)))
    settings: dict[str, t.Any] = {key: asking.values.get(key) for key in _SHOWN}
    if asking.values.get("MAIL_OAUTH2_TOKEN") is not None:
        settings["auth_mechanism"] = "XOAUTH2"
    advice = advise(error, settings, locale=asking.language)
    return Trouble(advice.cause, asking.clean(advice.summary), asking.clean(advice.remedy), advice.link)


def figure_of(error: Exception) -> str:
    """*error* in its own words, or the server's."""
    if isinstance(error, DeliveryError):
        if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code < 0:  # what came is no reply
            return str(error.smtp_error)
        return str(error.reply).replace("\n", " ") if error.reply is not None else _named(error)
    return _named(error) if isinstance(error, OSError) else ""  # else the trouble says it


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def find_provider(values: c.Mapping[str, t.Any]) -> Provider | None:
    """The provider that the settings name, or whose server they name."""
    name = values.get("MAIL_PROVIDER")
    return (providers.lookup(name=str(name)) if name else None) or providers.lookup(host=values["MAIL_SERVER"])


def demands(asking: Asking, provider: Provider) -> c.Iterator[Trouble]:
    """What the provider demands and the settings do not give."""
    values, user = asking.values, asking.values["MAIL_USERNAME"]
    link = provider.link.get(asking.language, "")
    ports = {port.number: port.security for port in provider.ports}
    wanted = ports.get(values["MAIL_PORT"])
    if wanted is None:
        offered = ", ".join(map(str, ports))
        yield asking.trouble("provider-port", grave=False, port=values["MAIL_PORT"], ports=offered)
    elif wanted != _security(values) and (wanted == "ssl" or _security(values) == "ssl"):
        yield asking.trouble("provider-tls", port=values["MAIL_PORT"], setting=_SETTING[wanted])
    if user is None:  # a relay may go by this machine's address instead
        yield asking.trouble("provider-login", grave=provider.user != "any", link=link)
    elif provider.user == "address" and "@" not in user:
        yield asking.trouble("provider-address", user=user)
    elif provider.user not in ("address", "any") and user != provider.user:
        yield asking.trouble("provider-user", wanted=provider.user)
    elif provider.from_login and (sender := _sender(values)) and "@" in user and sender.lower() != user.lower():
        yield asking.trouble("provider-from", sender=sender, user=user)


_SETTING = {"ssl": "MAIL_USE_SSL = True", "starttls": "MAIL_USE_TLS = True", "plain": "MAIL_USE_SSL = False"}


def _security(values: c.Mapping[str, t.Any]) -> str:
    return "ssl" if values["MAIL_USE_SSL"] else "starttls" if values["MAIL_USE_TLS"] else "plain"


def _sender(values: c.Mapping[str, t.Any]) -> str:
    try:
        return one(values["MAIL_DEFAULT_SENDER"], "MAIL_DEFAULT_SENDER").address
    except MessageError:
        return ""


def offered_ports(provider: Provider | None) -> list[int]:
    """The ports the provider's server offers, the one to use first."""
    return [port.number for port in provider.ports] if provider else []


def owner_of(domain: str) -> Provider | None:
    """The provider that gives out addresses of *domain*, and so cares for its records."""
    return providers.lookup(domain=domain)


def same_house(one: Provider | None, other: Provider) -> bool:
    """Whether both are run by the same, as Outlook.com and Microsoft 365 are."""
    return one is not None and (one.name == other.name or (one.group == other.group and one.group not in _MIXED))


def keeps_envelope(provider: Provider | None) -> bool:
    """Whether mail keeps the sender in its envelope, so that SPF looks at the sender's domain: relays often put in one
    of their own, for the bounces."""
    return provider is None or bool(provider.domains) or provider.group not in _MIXED


_MIXED = ("relays", "ses")
"""The groups that hold what does not belong together, or is a relay."""
