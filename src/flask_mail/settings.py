"""Every ``MAIL_*`` key: read, parsed and checked here and nowhere else.

:class:`Settings` is the table. Each field names its key and how a value is parsed; strings, as they come from the
environment, are understood. A value that cannot be used is a :class:`~flask_mail.errors.ConfigError` that names the
key, the value (never a secret) and the remedy. This room knows no Flask, no transport and no queue: where a setting
names one, it stays a string.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import difflib
import email.utils
import math
import re
import ssl
import typing as t
import warnings

from .diagnosis import providers
from .errors import ConfigError
from .errors import STAGES

Config = c.Mapping[str, t.Any]
Parser = c.Callable[[str, t.Any], t.Any]

_STAGES = ("default", *STAGES[:-1])  # what MAIL_TIMEOUT may name; nothing waits for QUIT

_PATH = re.compile(r"[^\W\d]\w*(?:[.:][^\W\d]\w*)+")
_COMMAND = re.compile(r"[^\W_][\w-]*")
_RATE = re.compile(r"(\d{1,9}) ?/ ?([smhd])", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})


class Secret(str):
    """A string that no repr, log or traceback shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class MailConfigWarning(UserWarning):
    """A ``MAIL_*`` setting that is probably not what was meant."""


class Masked(c.Mapping[str, t.Any]):
    """A configuration that can be read but shows nothing of itself."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def __getitem__(self, key: str) -> t.Any:
        return self._config[key]

    def __iter__(self) -> c.Iterator[str]:
        return iter(self._config)

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return "<configuration>"


def _refuse(key: str, value: t.Any, wanted: str) -> ConfigError:
    return ConfigError(f"{key} is {value!r}, but it has to be {wanted}.", key=key)


def parse_bool(key: str, value: t.Any) -> bool:
    """``True`` and ``False``, 1 and 0, and the words people write into environments."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
    raise _refuse(key, value, "true or false (or 1/0, yes/no, on/off)")


def parse_int(key: str, value: t.Any, wanted: str = "a whole number, 0 or more", most: int | None = None) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0 or (most is not None and value > most):
        raise _refuse(key, value, wanted)
    return value


def parse_count(key: str, value: t.Any) -> int:
    return parse_int(key, value)


def parse_port(key: str, value: t.Any) -> int:
    wanted = "a port number from 1 to 65535, for example 587"
    port = parse_int(key, value, wanted, most=65535)
    if port == 0:
        raise _refuse(key, value, wanted)
    return port


def parse_limit(key: str, value: t.Any) -> int | None:
    """A number of messages; 0 is no limit."""
    return parse_int(key, value, "a whole number of messages, or unset for no limit") or None


def parse_debug(key: str, value: t.Any) -> int:
    """smtplib's debug level; any truth but a number is 1."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    return int(parse_bool(key, value))


def parse_seconds(key: str, value: t.Any) -> float:
    wanted = "a number of seconds above 0, for example 30"
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _refuse(key, value, wanted)
    try:
        seconds = float(value)
    except ValueError:
        raise _refuse(key, value, wanted) from None
    if not math.isfinite(seconds) or seconds <= 0:
        raise _refuse(key, value, wanted)
    return seconds


def parse_timeout(key: str, value: t.Any) -> float | dict[str, float]:
    """Seconds for every stage, or a mapping from stages, ``"default"`` among them, to seconds."""
    if not isinstance(value, c.Mapping):
        return parse_seconds(key, value)
    stages = t.cast("c.Mapping[object, t.Any]", value)
    for stage in stages:
        if stage not in _STAGES:
            raise ConfigError(f"{key} names the stage {stage!r}; the stages are {', '.join(_STAGES)}.", key=key)
    return {str(stage): parse_seconds(key, seconds) for stage, seconds in stages.items()}


def parse_source(key: str, value: t.Any) -> tuple[str, int]:
    """An address of this host, alone or with a port in a pair."""
    if isinstance(value, str):
        return value.strip(), 0
    if isinstance(value, (list, tuple)):
        pair = t.cast("c.Sequence[t.Any]", value)
        if len(pair) == 2 and isinstance(pair[0], str):
            return pair[0], parse_int(key, pair[1], "an address and a port number", most=65535)
    raise _refuse(key, value, "an IP address of this host, or a pair of one and a port")


def parse_proxy(key: str, value: t.Any) -> str:
    """A URL; it may hold a password, so it is never repeated."""
    proxy = parse_text(key, value).strip()
    if not proxy.startswith(("socks5://", "socks4://", "http://")):
        raise ConfigError(
            f"{key} has to be a URL such as socks5://host:1080 or http://user:password@host:3128.", key=key
        )
    return Secret(proxy)


def parse_context(key: str, value: t.Any) -> ssl.SSLContext:
    if not isinstance(value, ssl.SSLContext):
        raise _refuse(key, value, "an ssl.SSLContext")
    return value


def parse_token(key: str, value: t.Any) -> t.Any:
    """A function, or the dotted path of one."""
    if callable(value):
        return value
    if isinstance(value, str) and _PATH.fullmatch(value.strip()):
        return Secret(value.strip())
    raise ConfigError(f"{key} has to be a function that returns a token, or the dotted path of one.", key=key)


def parse_rate(key: str, value: t.Any) -> tuple[int, float]:
    """Messages and the seconds they are for: ``"14/s"`` is ``(14, 1.0)``."""
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise _refuse(key, value, "a number of messages per second, minute, hour or day, such as '14/s' or '30/m'")
    return int(match[1]), _SECONDS[match[2]]


def parse_text(key: str, value: t.Any) -> str:
    if not isinstance(value, str):
        raise _refuse(key, value, "a string")
    return value


def parse_line(key: str, value: t.Any) -> str:
    """Text for one line of a header."""
    text = parse_text(key, value)
    if not text.isprintable() and any(not character.isprintable() for character in text.replace("\t", " ")):
        raise _refuse(key, value, "text on one line, without control characters")
    return text


def parse_server(key: str, value: t.Any) -> str:
    """A host name or address, alone: no scheme, no port."""
    server = parse_text(key, value).strip()
    if "://" in server or "/" in server:
        raise _refuse(key, value, "a host name alone, for example 'smtp.example.com', with MAIL_PORT and MAIL_USE_TLS")
    name, colon, port = server.rpartition(":")
    if colon and ":" not in name and port.isdigit():
        raise _refuse(key, value, f"a host name without a port; set MAIL_SERVER = {name!r} and MAIL_PORT = {port}")
    if not server.isprintable() or " " in server:
        raise _refuse(key, value, "a host name without blanks or control characters")
    return server


def parse_hostname(key: str, value: t.Any) -> str:
    """What goes after EHLO: a name or an address literal."""
    name = parse_text(key, value).strip()
    if not name.isascii() or not name.isprintable() or " " in name:
        raise _refuse(key, value, "a host name or an address literal such as '[192.0.2.1]', in ASCII")
    return name


def parse_credential(key: str, value: t.Any) -> str:
    """A user name or password; the message never repeats it."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # Flask's from_prefixed_env reads digits as a number
    if not isinstance(value, str):
        raise ConfigError(f"{key} has to be a string, but it is a {type(value).__name__}.", key=key)
    if any(character < " " or character == "\x7f" for character in value):
        raise ConfigError(
            f"{key} holds a line break or another control character, probably copied along with it; "
            f"remove it, for example with .strip().",
            key=key,
        )
    return value


def parse_group(key: str, value: t.Any) -> str:
    """The name of a command, or false, which is the empty name."""
    if value is False or (isinstance(value, str) and value.strip().lower() in _FALSE):
        return ""
    if not isinstance(value, str) or not _COMMAND.fullmatch(value.strip()):
        raise _refuse(key, value, "the name of a command, such as 'mail', or False for none")
    return value.strip()


def parse_secret(key: str, value: t.Any) -> Secret:
    if not isinstance(value, str):
        raise ConfigError(f"{key} has to be a string, but it is a {type(value).__name__}.", key=key)
    return Secret(value)


def parse_password(key: str, value: t.Any) -> Secret:
    return Secret(parse_credential(key, value))


def parse_mailbox(key: str, value: t.Any) -> t.Any:
    """One sender: a string, a ``(name, address)`` pair or an ``email.headerregistry.Address``."""
    if isinstance(value, (list, tuple)):
        pair = t.cast("c.Sequence[t.Any]", value)
        if len(pair) != 2:
            raise _refuse(key, value, "an address, or a pair of a display name and an address")
        return tuple(pair)
    if isinstance(value, str) or hasattr(value, "addr_spec"):
        return value
    if isinstance(value, (bytes, int, float, dict, set)):
        raise _refuse(key, t.cast(t.Any, value), "an address, or a pair of a display name and an address")
    return value  # a lazy string


def parse_provider(key: str, value: t.Any) -> str:
    """The name of a provider, as ``providers.toml`` has it."""
    found = providers.lookup(name=parse_text(key, value))
    if found is None:
        names = [provider.name for provider in providers.all_providers()]
        near = difflib.get_close_matches(str(value).lower(), names, n=1, cutoff=0.6)
        wanted = f"did you mean {near[0]!r}?" if near else "set MAIL_SERVER, MAIL_PORT and MAIL_USE_TLS instead."
        raise ConfigError(f"{key} is {value!r}, which is no provider known here; {wanted}", key=key)
    return found.name


def parse_locale(key: str, value: t.Any) -> str:
    """``en`` or ``zh``, also as a locale such as ``zh_CN.UTF-8``."""
    language = parse_text(key, value).strip().lower()[:2]
    if language not in ("en", "zh"):
        raise _refuse(key, value, "'en' or 'zh'")
    return language


def parse_list(key: str, value: t.Any) -> tuple[str, ...]:
    """Strings: an iterable of them, or one string with commas between."""
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    if isinstance(value, c.Iterable) and not isinstance(value, (bytes, c.Mapping)):
        items = tuple(t.cast("c.Iterable[object]", value))
        if all(isinstance(item, str) for item in items):
            return t.cast("tuple[str, ...]", items)
    raise _refuse(key, t.cast(t.Any, value), "a list of strings, or one string with commas between")


def parse_transport(key: str, value: t.Any) -> t.Any:
    """A name, a dotted path, or the class or object itself."""
    if isinstance(value, str):
        return value.strip()
    if hasattr(value, "open"):
        return value
    raise _refuse(key, value, "the name of a transport, a dotted path to one, or a Transport")


def _setting(key: str, parse: Parser, default: t.Any = None, *, secret: bool = False) -> t.Any:
    return d.field(default=default, metadata={"key": key, "parse": parse, "secret": secret})


@d.dataclass(eq=False, repr=False)
class Settings:
    """The settings in force; a mutable object whose ``__dict__`` holds nothing else.

    Field by field the value of the key named beside it.
    """

    server: str = _setting("MAIL_SERVER", parse_server, "127.0.0.1")
    """``MAIL_SERVER``: host name or address of the mail server."""
    username: str | None = _setting("MAIL_USERNAME", parse_credential)
    """``MAIL_USERNAME``: whom to log in as; no login without it."""
    password: str | None = _setting("MAIL_PASSWORD", parse_password, secret=True)
    """``MAIL_PASSWORD``: often an app password or an authorisation code, not the account's own."""
    port: int = _setting("MAIL_PORT", parse_port, 25)
    """``MAIL_PORT``: 587 for STARTTLS, 465 for TLS from the start, 25 for a relay of one's own."""
    use_tls: bool = _setting("MAIL_USE_TLS", parse_bool, False)
    """``MAIL_USE_TLS``: begin in clear and change to TLS by STARTTLS (RFC 3207)."""
    use_ssl: bool = _setting("MAIL_USE_SSL", parse_bool, False)
    """``MAIL_USE_SSL``: speak TLS from the first octet (RFC 8314 §3.3)."""
    default_sender: t.Any = _setting("MAIL_DEFAULT_SENDER", parse_mailbox)
    """``MAIL_DEFAULT_SENDER``: the sender of messages that name none, an address or a ``(name, address)`` pair."""
    debug: int = _setting("MAIL_DEBUG", parse_debug, 0)
    """``MAIL_DEBUG``: log the SMTP conversation, redacted, to ``flask_mail.smtp``; ``app.debug`` by default."""
    max_emails: int | None = _setting("MAIL_MAX_EMAILS", parse_limit)
    """``MAIL_MAX_EMAILS``: how many messages one connection carries before a new one is opened."""
    suppress: bool = _setting("MAIL_SUPPRESS_SEND", parse_bool, False)
    """``MAIL_SUPPRESS_SEND``: compose and signal, but send nothing; ``app.testing`` by default."""
    ascii_attachments: bool = _setting("MAIL_ASCII_ATTACHMENTS", parse_bool, False)
    """``MAIL_ASCII_ATTACHMENTS``: turn the file names of attachments into ASCII."""
    transport: t.Any = _setting("MAIL_TRANSPORT", parse_transport, "smtp")
    """``MAIL_TRANSPORT``: ``smtp``, ``console``, ``file``, ``memory``, ``null`` or a dotted path."""
    subject_prefix: str | None = _setting("MAIL_SUBJECT_PREFIX", parse_line)
    """``MAIL_SUBJECT_PREFIX``: put before every subject, for example ``"[Example] "``."""
    default_reply_to: t.Any = _setting("MAIL_DEFAULT_REPLY_TO", parse_mailbox)
    """``MAIL_DEFAULT_REPLY_TO``: the Reply-To of messages that name none."""
    catch_all: tuple[str, ...] = _setting("MAIL_CATCH_ALL", parse_list, ())
    """``MAIL_CATCH_ALL``: send everything to these addresses instead (a staging system)."""
    catch_all_allow: tuple[str, ...] = _setting("MAIL_CATCH_ALL_ALLOW", parse_list, ())
    """``MAIL_CATCH_ALL_ALLOW``: addresses and domains that ``MAIL_CATCH_ALL`` lets through."""
    message_id_domain: str | None = _setting("MAIL_MESSAGE_ID_DOMAIN", parse_hostname)
    """``MAIL_MESSAGE_ID_DOMAIN``: what stands right of the ``@`` in a Message-ID; the sender's domain by default."""
    dkim_domain: str | None = _setting("MAIL_DKIM_DOMAIN", parse_hostname)
    """``MAIL_DKIM_DOMAIN``: sign with DKIM for this domain (RFC 6376); needs the extra ``dkim``."""
    dkim_selector: str | None = _setting("MAIL_DKIM_SELECTOR", parse_hostname)
    """``MAIL_DKIM_SELECTOR``: the name under which DNS holds the public key."""
    dkim_key: str | None = _setting("MAIL_DKIM_KEY", parse_secret, secret=True)
    """``MAIL_DKIM_KEY``: the private key, RSA or Ed25519, as PEM text or the path of a PEM file."""
    dkim_headers: tuple[str, ...] = _setting("MAIL_DKIM_HEADERS", parse_list, ())
    """``MAIL_DKIM_HEADERS``: which header fields to sign; a sound choice by default."""
    timeout: float | dict[str, float] = _setting("MAIL_TIMEOUT", parse_timeout, 30.0)
    """``MAIL_TIMEOUT``: seconds that any one step of a conversation may take, or a mapping from stages to seconds."""
    deadline: float = _setting("MAIL_DEADLINE", parse_seconds, 600.0)
    """``MAIL_DEADLINE``: seconds that connecting, and then each message, may take in all."""
    tls_verify: bool = _setting("MAIL_TLS_VERIFY", parse_bool, True)
    """``MAIL_TLS_VERIFY``: check the server's certificate and name. Off, anybody on the way can read the password."""
    tls_ca: str | None = _setting("MAIL_TLS_CA", parse_text)
    """``MAIL_TLS_CA``: a PEM file of the authorities to trust instead of the system's."""
    tls_cert: str | None = _setting("MAIL_TLS_CERT", parse_text)
    """``MAIL_TLS_CERT``: a PEM file of the client certificate to show."""
    tls_key: str | None = _setting("MAIL_TLS_KEY", parse_text)
    """``MAIL_TLS_KEY``: a PEM file of its key, where the certificate's file does not hold it."""
    tls_context: ssl.SSLContext | None = _setting("MAIL_TLS_CONTEXT", parse_context)
    """``MAIL_TLS_CONTEXT``: an ``ssl.SSLContext`` to use instead of all these."""
    allow_cleartext_auth: bool = _setting("MAIL_ALLOW_CLEARTEXT_AUTH", parse_bool, False)
    """``MAIL_ALLOW_CLEARTEXT_AUTH``: send the password without TLS to a server other than this machine."""
    oauth2_token: t.Any = _setting("MAIL_OAUTH2_TOKEN", parse_token, secret=True)
    """``MAIL_OAUTH2_TOKEN``: a function asked for an access token at each login, or its dotted path (XOAUTH2)."""
    local_hostname: str | None = _setting("MAIL_LOCAL_HOSTNAME", parse_hostname)
    """``MAIL_LOCAL_HOSTNAME``: the name to greet the server with; found without DNS by default."""
    source_address: tuple[str, int] | None = _setting("MAIL_SOURCE_ADDRESS", parse_source)
    """``MAIL_SOURCE_ADDRESS``: the address to connect from."""
    proxy: str | None = _setting("MAIL_PROXY", parse_proxy, secret=True)
    """``MAIL_PROXY``: ``socks5://`` or ``http://`` (CONNECT), with user and password; needs the extra ``socks``."""
    pool_size: int = _setting("MAIL_POOL_SIZE", parse_count, 4)
    """``MAIL_POOL_SIZE``: how many connections ``mail.send`` keeps open for the next message; 0 for none."""
    pool_idle: float = _setting("MAIL_POOL_IDLE", parse_seconds, 30.0)
    """``MAIL_POOL_IDLE``: seconds for which an unused connection is kept."""
    rate_limit: tuple[int, float] | None = _setting("MAIL_RATE_LIMIT", parse_rate)
    """``MAIL_RATE_LIMIT``: how fast ``send_many`` may send, such as ``"14/s"``."""
    provider: str | None = _setting("MAIL_PROVIDER", parse_provider)
    """``MAIL_PROVIDER``: a provider's name; sets server, port and TLS where they are not set, and checks the rest."""
    locale: str | None = _setting("MAIL_LOCALE", parse_locale)
    """``MAIL_LOCALE``: the language of advice, ``en`` or ``zh``; that of the process by default."""
    file_path: str | None = _setting("MAIL_FILE_PATH", parse_text)
    """``MAIL_FILE_PATH``: folder of the ``file`` transport; ``mail`` in the instance folder by default."""
    cli_group: str = _setting("MAIL_CLI_GROUP", parse_group, "mail")
    """``MAIL_CLI_GROUP``: what the commands of this package stand under, as in ``flask mail doctor``; ``False`` for
    no commands."""

    def __setattr__(self, name: str, value: t.Any) -> None:
        if type(value) is str and name in _SECRETS:
            value = Secret(value)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{field.name}={'***' if field.metadata.get('secret') and value else repr(value)}"
            for field in d.fields(self)
            for value in (getattr(self, field.name),)
        )
        return f"{type(self).__name__}({shown})"


_SECRETS = frozenset(field.name for field in d.fields(Settings) if field.metadata.get("secret"))

KEYS: t.Final = {field.metadata["key"]: field for field in d.fields(Settings)}
"""Every known key with its field."""


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
