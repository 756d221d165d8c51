"""What a value may look like: each parser takes a key and a value, and returns the value that is meant.

:raises ConfigError: all of them, with the key, the value (never a secret) and the remedy.
"""

from __future__ import annotations

import collections.abc as c
import difflib
import re
import ssl
import typing as t

from ..diagnosis import providers
from ..errors import ConfigError
from .secrets import Secret

Parser = c.Callable[[str, t.Any], t.Any]


_PATH = re.compile(r"[^\W\d]\w*(?:[.:][^\W\d]\w*)+")
_COMMAND = re.compile(r"[^\W_][\w-]*")
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})


def refuse(key: str, value: t.Any, wanted: str) -> ConfigError:
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
    raise refuse(key, value, "true or false (or 1/0, yes/no, on/off)")


def parse_int(key: str, value: t.Any, wanted: str = "a whole number, 0 or more", most: int | None = None) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0 or (most is not None and value > most):
        raise refuse(key, value, wanted)
    return value


def parse_count(key: str, value: t.Any) -> int:
    return parse_int(key, value)


def parse_positive(key: str, value: t.Any) -> int:
    number = parse_int(key, value, wanted := "a whole number, 1 or more")
    if number == 0:
        raise refuse(key, value, wanted)
    return number


def parse_port(key: str, value: t.Any) -> int:
    wanted = "a port number from 1 to 65535, for example 587"
    port = parse_int(key, value, wanted, most=65535)
    if port == 0:
        raise refuse(key, value, wanted)
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


def parse_source(key: str, value: t.Any) -> tuple[str, int]:
    """An address of this host, alone or with a port in a pair."""
    if isinstance(value, str):
        return value.strip(), 0
    if isinstance(value, (list, tuple)):
        pair = t.cast("c.Sequence[t.Any]", value)
        if len(pair) == 2 and isinstance(pair[0], str):
            return pair[0], parse_int(key, pair[1], "an address and a port number", most=65535)
    raise refuse(key, value, "an IP address of this host, or a pair of one and a port")


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
        raise refuse(key, value, "an ssl.SSLContext")
    return value


def parse_token(key: str, value: t.Any) -> t.Any:
    """A function, or the dotted path of one."""
    if callable(value):
        return value
    if isinstance(value, str) and _PATH.fullmatch(value.strip()):
        return Secret(value.strip())
    raise ConfigError(f"{key} has to be a function that returns a token, or the dotted path of one.", key=key)


def parse_text(key: str, value: t.Any) -> str:
    if not isinstance(value, str):
        raise refuse(key, value, "a string")
    return value


def parse_line(key: str, value: t.Any) -> str:
    """Text for one line of a header."""
    text = parse_text(key, value)
    if not text.isprintable() and any(not character.isprintable() for character in text.replace("\t", " ")):
        raise refuse(key, value, "text on one line, without control characters")
    return text


def parse_server(key: str, value: t.Any) -> str:
    """A host name or address, alone: no scheme, no port."""
    server = parse_text(key, value).strip()
    if "://" in server or "/" in server:
        raise refuse(key, value, "a host name alone, for example 'smtp.example.com', with MAIL_PORT and MAIL_USE_TLS")
    name, colon, port = server.rpartition(":")
    if colon and ":" not in name and port.isdigit():
        raise refuse(key, value, f"a host name without a port; set MAIL_SERVER = {name!r} and MAIL_PORT = {port}")
    if not server.isprintable() or " " in server:
        raise refuse(key, value, "a host name without blanks or control characters")
    return server


def parse_hostname(key: str, value: t.Any) -> str:
    """What goes after EHLO: a name or an address literal."""
    name = parse_text(key, value).strip()
    if not name.isascii() or not name.isprintable() or " " in name:
        raise refuse(key, value, "a host name or an address literal such as '[192.0.2.1]', in ASCII")
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
        raise refuse(key, value, "the name of a command, such as 'mail', or False for none")
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
            raise refuse(key, value, "an address, or a pair of a display name and an address")
        return tuple(pair)
    if isinstance(value, str) or hasattr(value, "addr_spec"):
        return value
    if isinstance(value, (bytes, int, float, dict, set)):
        raise refuse(key, t.cast(t.Any, value), "an address, or a pair of a display name and an address")
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
        raise refuse(key, value, "'en' or 'zh'")
    return language


def parse_list(key: str, value: t.Any) -> tuple[str, ...]:
    """Strings: an iterable of them, or one string with commas between."""
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    if isinstance(value, c.Iterable) and not isinstance(value, (bytes, c.Mapping)):
        items = tuple(t.cast("c.Iterable[object]", value))
        if all(isinstance(item, str) for item in items):
            return t.cast("tuple[str, ...]", items)
    raise refuse(key, t.cast(t.Any, value), "a list of strings, or one string with commas between")


def parse_transport(key: str, value: t.Any) -> t.Any:
    """A name, a dotted path, or the class or object itself."""
    if isinstance(value, str):
        return value.strip()
    if hasattr(value, "open"):
        return value
    raise refuse(key, value, "the name of a transport, a dotted path to one, or a Transport")


def parse_queue(key: str, value: t.Any) -> t.Any:
    """A name, a dotted path, or the class, function or object itself."""
    if isinstance(value, str):
        return value.strip()
    if hasattr(value, "put") or callable(value):
        return value
    raise refuse(key, value, "the name of a queue, a dotted path to one, or a Queue")


def parse_function(key: str, value: t.Any) -> t.Any:
    """A function, or the dotted path of one."""
    if callable(value):
        return value
    if isinstance(value, str) and _PATH.fullmatch(value.strip()):
        return value.strip()
    raise refuse(key, value, "a function, or the dotted path of one")


def parse_url(key: str, value: t.Any) -> Secret:
    """A database URL; it may hold a password, so it is never repeated."""
    if not isinstance(value, str) or "://" not in value:
        raise ConfigError(f"{key} has to be a URL such as 'postgresql+psycopg://user@host/database'.", key=key)
    return Secret(value.strip())


def one_of(key: str, value: t.Any, choices: c.Sequence[str]) -> str:
    if isinstance(value, str) and value.strip().lower() in choices:
        return value.strip().lower()
    raise refuse(key, value, " or ".join(map(repr, choices)))


def parse_full(key: str, value: t.Any) -> str:
    return one_of(key, value, ("error", "block"))


def parse_in_doubt(key: str, value: t.Any) -> str:
    return one_of(key, value, ("resend", "hold"))


def parse_worker(key: str, value: t.Any) -> str | None:
    """``"thread"``, or false for a worker outside the application."""
    if value is False or (isinstance(value, str) and value.strip().lower() in _FALSE):
        return None
    return one_of(key, value, ("thread",))


def parse_dispatch(key: str, value: t.Any) -> str:
    return one_of(key, value, ("worker", "celery"))
