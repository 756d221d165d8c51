"""What is known of a failure, in one shape, whether it comes from an exception or was recorded."""

from __future__ import annotations

import ast
import base64
import binascii
import builtins
import collections.abc as c
import contextlib
import dataclasses as d
import re
import smtplib
import socket
import ssl
import typing as t

from . import providers

_CODE = re.compile(r"\s*([2-5]\d\d)(?:[ -]|$)")
# RFC 3463 §2, where it belongs: at the beginning of a line, behind the code or some bracket
_ENHANCED = re.compile(
    r"^(?:[2-5]\d\d[ -])?\s*[#(\[<]*([245]\.\d{1,3}\.\d{1,3})\b(?!\.\d)", re.MULTILINE
)  # RFC 3463 §2
_ENHANCED_WITHIN = re.compile(r"(?<![\d.])([45]\.\d{1,2}\.\d{1,3})(?![\d.]|\w)")
_PAIR = re.compile(r"\((-?\d{1,3}), (b?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))(?:, .*)?\)", re.DOTALL)
# what spam-report@ or no-such-user@ is called tells no cause
_ADDRESS = re.compile(r"[\w.+=%~-]{1,64}@[\w-]+(?:\.[\w-]+)*")
_BASE64 = re.compile(r"(?:^|(?<=\s))(eyJ[A-Za-z0-9+/]{8,}={0,2})")

_GOES_ON = re.compile(r"\n(?:[2-5]\d\d[ -])?[ \t]*(?:[245]\.\d{1,3}\.\d{1,3}[ \t]+)?(?=[a-z])")
"""Where a line breaks within a sentence: the next one begins with a small letter."""

_QUOTED = re.compile(
    r"\s*All RCPT commands were rejected with this error:(.+?)Valid RCPT command must precede DATA", re.DOTALL
)
"""Exim's words to DATA, where it has refused all recipients."""

LONG: t.Final = 4096
"""Characters of a text that are looked at; what a reply has to say stands at its beginning."""

STAGES: t.Final = {
    "SMTPConnectError": "greeting",
    "SMTPHeloError": "ehlo",
    "SMTPAuthenticationError": "auth",
    "SMTPSenderRefused": "mail",
    "SMTPRecipientsRefused": "rcpt",
    "SMTPDataError": "data",
    "gaierror": "connect",
    "ConnectionRefusedError": "connect",
}
"""Where a delivery stood, as the exception's class tells it."""


_ONLY_AT_LOGIN = (534, 535, 538, "5.7.8", "5.7.9")
"""Reply codes and enhanced ones that answer nothing but AUTH (RFC 4954 §6)."""


@d.dataclass(frozen=True, slots=True)
class Evidence:
    """What the table is asked with; each part may be missing.

    :param errors: names of the exception's class and of the classes it derives from.
    :param words: *text* without mail addresses, with plain apostrophes, and lines only where sentences begin.
    :param security: ``ssl``, ``starttls`` or ``plain``.
    :param mechanism: how it was logged in, e.g. ``XOAUTH2``.
    """

    errors: tuple[str, ...] = ()
    stage: str = ""
    code: int | None = None
    enhanced: tuple[str, ...] = ()
    text: str = ""
    words: str = ""
    provider: str = ""
    host: str = ""
    port: int | None = None
    security: str = ""
    mechanism: str = ""


def readable(raw: str | bytes) -> str:
    """A server's words as text: UTF-8, else GB18030, else Latin-1; a challenge in base64 is decoded."""
    octets = raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogateescape")
    return _BASE64.sub(_challenge, _repaired(_decode(octets)[:LONG])).strip()


def _decode(octets: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return octets.decode(encoding)
        except UnicodeDecodeError:
            continue
    return octets.decode("latin-1")


_MOJIBAKE = re.compile(r"(?:[\x80-\xff]{2}){3,}")


def _repaired(text: str) -> str:
    """*text* read once more, where it is GBK that somebody has read as Latin-1."""
    if not _MOJIBAKE.search(text) or any(character > "\xff" for character in text):
        return text
    try:
        return text.encode("latin-1").decode("gb18030")
    except UnicodeDecodeError:
        return text


def _challenge(match: re.Match[str]) -> str:
    """What XOAUTH2 says in base64 and JSON when it fails."""
    try:
        return base64.b64decode(match[1] + "=" * (-len(match[1]) % 4)).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return match[1]


def gather(
    error: BaseException | None,
    settings: t.Any = None,
    *,
    stage: str | None = None,
    code: int | None = None,
    text: str | bytes | None = None,
    exception: BaseException | str | None = None,
    provider: str | None = None,
    host: str | None = None,
    port: int | None = None,
) -> Evidence:
    """Everything that is known, from the exception and from what is given beside it, which counts first.

    :param settings: a mapping or an object with some of the settings.
    """
    if isinstance(exception, BaseException):
        error = error or exception
    names = class_names(exception if isinstance(exception, str) else error)
    said_code, said = _reply(error)
    code, text = _told(said_code if code is None else code, said if text is None else readable(text))
    host = host or getattr(error, "host", None) or setting(settings, "server") or ""
    port = port or getattr(error, "port", None) or _number(setting(settings, "port"))
    stage = stage or getattr(error, "stage", None) or next((STAGES[name] for name in names if name in STAGES), None)
    stage, text = _meant(stage, text)
    enhanced = enhanced_codes(text)
    if not stage and any(one in _ONLY_AT_LOGIN for one in (code, *enhanced)):
        stage = "auth"
    return Evidence(
        errors=names,
        stage=stage or "",
        code=code,
        enhanced=enhanced,
        text=text,
        words=_ADDRESS.sub("@", _GOES_ON.sub(" ", text)).replace("\u2019", "'"),
        provider=_provider(provider or setting(settings, "provider"), host, text),
        host=str(host),
        port=port,
        security=_security(settings),
        mechanism=_mechanism(settings),
    )


def class_names(exception: BaseException | str | None) -> tuple[str, ...]:
    """The names of an exception's class and of its bases, the most special first."""
    if exception is None:
        return ()
    if isinstance(exception, str):
        name = exception.rpartition(".")[2]
        found = next((getattr(m, name) for m in (builtins, smtplib, ssl, socket) if hasattr(m, name)), None)
        if not isinstance(found, type):
            return (name,)
        names = (name, *(cls.__name__ for cls in found.__mro__))
    else:
        names = tuple(cls.__name__ for cls in type(exception).__mro__)
    return tuple(dict.fromkeys("TimeoutError" if name == "timeout" else name for name in names if name != "object"))


def enhanced_codes(text: str) -> tuple[str, ...]:
    """The enhanced status codes (RFC 3463) that lines begin with; else the first one within."""
    found = _ENHANCED.findall(text) or _ENHANCED_WITHIN.findall(text)[:1]
    return tuple(dict.fromkeys(found))


def chain(error: BaseException) -> c.Iterator[BaseException]:
    """*error* and what caused it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def setting(settings: t.Any, name: str) -> t.Any:
    """A setting out of a mapping, by attribute name or key, or out of an object."""
    if isinstance(settings, c.Mapping):
        mapping = t.cast("c.Mapping[str, t.Any]", settings)
        return mapping.get(name, mapping.get(f"MAIL_{name.upper()}"))
    return getattr(settings, name, None)


def _reply(error: BaseException | None) -> tuple[int | None, str]:
    """Code and text of the reply inside an exception; without one, the exception's own words."""
    if error is None:
        return None, ""
    reply = getattr(error, "reply", None)
    if reply is not None:
        return reply.code, readable(getattr(reply, "raw", None) or reply.text)
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code, readable(_octets(error.smtp_error))
    if isinstance(error, smtplib.SMTPRecipientsRefused) and error.recipients:
        first = next(iter(error.recipients.values()))
        return first[0], readable(_octets(first[1]))
    return None, readable(str(error))


def _octets(said: t.Any) -> str | bytes:
    return said if isinstance(said, (str, bytes)) else str(said)


def _told(code: int | None, text: str) -> tuple[int | None, str]:
    """Code and text where the text holds the code too, as it is pasted: ``(535, b'...')`` or ``535 5.7.8 ...``."""
    pair = _PAIR.search(text)
    if pair is not None and code in (None, int(pair[1])):
        with contextlib.suppress(SyntaxError, ValueError):  # it only looks like Python
            code, text = int(pair[1]), readable(ast.literal_eval(pair[2]))
    match = _CODE.match(text)
    if match is not None and code in (None, int(match[1])):
        return int(match[1]), re.sub(rf"^\s*{match[1]}(?:[ -]|$)", "", text, flags=re.MULTILINE)
    return code, text


def _meant(stage: str | None, text: str) -> tuple[str | None, str]:
    """Stage and text, where the text repeats what was said at another stage."""
    quoted = _QUOTED.match(text)
    return ("rcpt", quoted[1].strip()) if quoted else (stage, text)


def _provider(name: str | None, host: t.Any, text: str) -> str:
    found = (
        (providers.lookup(name=name) if name else None)
        or (providers.lookup(host=str(host)) if host else None)
        or (providers.signed(text) if text else None)
    )
    return found.name if found else ""


def _number(value: t.Any) -> int | None:
    return int(value) if isinstance(value, (int, str)) and str(value).isascii() and str(value).isdigit() else None


def _security(settings: t.Any) -> str:
    if _on(setting(settings, "use_ssl")):
        return "ssl"
    if _on(setting(settings, "use_tls")):
        return "starttls"
    known = setting(settings, "use_ssl") is not None or setting(settings, "use_tls") is not None
    return "plain" if known else ""


def _on(value: t.Any) -> bool:
    return str(value).lower() in ("true", "1", "yes", "on") if value is not None else False


def _mechanism(settings: t.Any) -> str:
    named = setting(settings, "auth_mechanism")
    if named:
        return str(named).upper()
    return "XOAUTH2" if setting(settings, "oauth2_token") else ""
