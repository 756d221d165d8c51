"""From a configuration to the values of all settings, checked one by one and against each other."""

from __future__ import annotations

import collections.abc as c
import difflib
import email.utils
import typing as t
import warnings

from ..diagnosis import providers
from ..errors import ConfigError
from .parsers import parse_bool
from .parsers import parse_provider
from .parsers import Parser
from .secrets import Config
from .table import KEYS
from .table import Settings


class MailConfigWarning(UserWarning):
    """A ``MAIL_*`` setting that is probably not what was meant."""

    __module__ = "flask_mail.settings"


def read(config: Config, *, debug: bool | int = False, testing: bool = False) -> dict[str, t.Any]:
    """The values of all settings in *config*, by attribute name.

    :param config: keys to values; a missing key, ``None`` and an empty string are the default.
    :param debug: the default of ``MAIL_DEBUG``.
    :param testing: the default of ``MAIL_SUPPRESS_SEND``.
    :raises ConfigError: a value cannot be used, or two contradict each other.
    """
    added = _added_by_provider(config)
    values = {
        field.name: (
            added.get(key, field.default) if _unset(config.get(key)) else _parsed(key, field.metadata["parse"], config)
        )
        for key, field in KEYS.items()
    }
    if _unset(config.get("MAIL_DEBUG")):
        values["debug"] = int(debug)
    if _unset(config.get("MAIL_SUPPRESS_SEND")):
        values["suppress"] = bool(testing)
    _check(values)
    return values


def _parsed(key: str, parse: Parser, config: Config) -> t.Any:
    try:
        return parse(key, config[key])
    except ConfigError as error:
        raise error.with_traceback(None) from None  # the frames below hold the value, which may be a secret


def _added_by_provider(config: Config) -> dict[str, t.Any]:
    """What ``MAIL_PROVIDER`` sets of the keys that are not set."""
    if _unset(named := config.get("MAIL_PROVIDER")):
        return {}
    provider = providers.lookup(name=parse_provider("MAIL_PROVIDER", named))
    assert provider is not None
    keys = ("MAIL_SERVER", "MAIL_PORT", "MAIL_USE_TLS", "MAIL_USE_SSL", "MAIL_USERNAME", "MAIL_PASSWORD")
    given = {key: KEYS[key].metadata["parse"](key, config[key]) for key in keys if not _unset(config.get(key))}
    return provider.settings(given)


def _check_provider(values: c.Mapping[str, t.Any]) -> None:
    provider = providers.lookup(name=values["provider"]) if values["provider"] else None
    objection = provider.objection(values["username"], _address(values["default_sender"])) if provider else None
    if objection is not None:
        raise ConfigError(f"{objection[0]} {objection[1]}.", key=objection[0])


def _address(sender: t.Any) -> str:
    """The address of a default sender, as far as it is known before a message is composed."""
    if isinstance(sender, tuple):
        return str(t.cast("tuple[object, ...]", sender)[-1])
    if hasattr(sender, "addr_spec"):
        return str(sender.addr_spec)
    return email.utils.parseaddr(sender)[1] if isinstance(sender, str) else ""


def as_config(settings: Settings) -> dict[str, t.Any]:
    """The values in force under their keys: what a transport is built from."""
    return {key: getattr(settings, field.name) for key, field in KEYS.items()}


def suppressed(config: Config, *, testing: bool) -> bool:
    """What ``MAIL_SUPPRESS_SEND``, else *testing*, says now."""
    value = config.get("MAIL_SUPPRESS_SEND")
    return testing if _unset(value) else parse_bool("MAIL_SUPPRESS_SEND", value)


def warn_of_unknown(config: c.Iterable[str], *, stacklevel: int = 2) -> None:
    """Warn of each ``MAIL_*`` key that nothing reads, with the key that was probably meant."""
    for key, near in unknown_keys(config):
        hint = f"did you mean {near}?" if near else "nothing reads it."
        warnings.warn(f"{key} is not a setting of Flask-Mail; {hint}", MailConfigWarning, stacklevel=stacklevel + 1)


def unknown_keys(config: c.Iterable[str]) -> list[tuple[str, str | None]]:
    """Each ``MAIL_*`` key that nothing reads, with the key that was probably meant."""
    return [
        (key, next(iter(difflib.get_close_matches(key.upper(), KEYS, n=1, cutoff=0.75)), None))
        for key in config
        if key.upper().startswith("MAIL_") and key not in KEYS
    ]


def _unset(value: t.Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value == ()


def _check(values: c.Mapping[str, t.Any]) -> None:
    if values["use_tls"] and values["use_ssl"]:
        raise ConfigError(
            "MAIL_USE_TLS and MAIL_USE_SSL are both on, but a connection starts either in clear (MAIL_USE_TLS, "
            "usually port 587) or with TLS (MAIL_USE_SSL, usually port 465). Turn one of them off.",
            key="MAIL_USE_TLS",
        )
    for there, missing in (("username", "password"), ("password", "username"), ("oauth2_token", "username")):
        if missing == "password" and values["oauth2_token"] is not None:
            continue
        if values[there] is not None and values[missing] is None:
            raise ConfigError(
                f"MAIL_{there.upper()} is set but MAIL_{missing.upper()} is not, so no login could happen. "
                f"Set both, or neither for a server that asks for no login.",
                key=f"MAIL_{missing.upper()}",
            )
    _check_provider(values)
