"""A mail's HTML as the document of a sandboxed frame.

The browser is what makes it harmless: the frame and the response are both a sandbox without scripts, forms and the
application's origin, and the policy lets nothing be loaded. What is rewritten here is only what no policy covers:
elements that connect or navigate from the head, pictures that are parts of the mail, and the colour scheme.
"""

from __future__ import annotations

import base64
import functools
import re
import typing as t
import urllib.parse

from .letter import Letter
from .letter import Part

SANDBOX: t.Final = "allow-popups allow-popups-to-escape-sandbox"
"""A link opens in a tab of its own, where it works; scripts, forms and this page stay out of reach."""

_ALWAYS: t.Final = f"sandbox {SANDBOX}; default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
_CLOSED: t.Final = "img-src data:; media-src data:; font-src data:; style-src 'unsafe-inline'"
_REMOTE: t.Final = " ".join(
    f"{kind} data: https: http:;" for kind in ("img-src", "media-src", "font-src", "style-src 'unsafe-inline'")
)

_DOCTYPE: t.Final = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)
_HEAD: t.Final = re.compile(r"<(?:meta|base)(?=[\s/>])", re.IGNORECASE)
_LINK: t.Final = re.compile(r"<link(?=[\s/>])", re.IGNORECASE)
_TARGET: t.Final = re.compile(r"(<a(?:rea)?\s[^<>]*?)\btarget(?=\s*=)", re.IGNORECASE)
_CID: t.Final = re.compile(r"cid:([^\s\"'()<>\\]+)", re.IGNORECASE)
_SCHEME: t.Final = re.compile(r"prefers-color-scheme\s*:\s*(dark|light)", re.IGNORECASE)
_OWN_DARK: t.Final = re.compile(r"prefers-color-scheme\s*:\s*dark|color-scheme[^;}>]{0,200}?\bdark", re.IGNORECASE)
_ELSEWHERE: t.Final = re.compile(
    r"((?:\b(?:src|background|srcset|poster)\s*=|url\()\s*+[\"']?\s*+)(?=(?:https?:)?//)", re.IGNORECASE
)
_SHEETS: t.Final = re.compile(r"@import\b|<link\s[^<>]*stylesheet", re.IGNORECASE)

_MOST: t.Final = 50_000_000
"""Characters of data URIs in one document: a mail can name one of its pictures any number of times."""

_INVERTED: t.Final = (
    "<style>html{background:#fff!important;filter:invert(1) hue-rotate(180deg)!important}"
    "img,video,svg,picture,[style*='url('],[background]{filter:invert(1) hue-rotate(180deg)!important}</style>"
)


def policy(*, remote: bool) -> str:
    """The Content-Security-Policy of the document."""
    return f"{_ALWAYS}; {_REMOTE if remote else _CLOSED}"


def wants_remote(html: str) -> bool:
    """Whether *html* would load something from elsewhere."""
    return _ELSEWHERE.search(html) is not None or _SHEETS.search(html) is not None


def has_dark(html: str) -> bool:
    """Whether *html* has colours of its own for a dark background."""
    return _OWN_DARK.search(html) is not None


def document(letter: Letter, html: str, *, dark: bool, remote: bool) -> str:
    """The document.

    :param dark: with the mail's own dark colours; where it has none, inverted as some programs do it.
    :param remote: whether style sheets may come from elsewhere.
    """
    scheme = "dark" if dark else "light"
    own = has_dark(html)
    head = '<base target="_blank">'
    if own:
        head += f"<style>:root{{color-scheme:{scheme}}}</style>"
    elif dark:
        head += _INVERTED
    html = _HEAD.sub("<basefont", html)  # an element that does nothing and, like these, has no end
    if not remote:
        html = _LINK.sub("<basefont", html)  # rel=preconnect obeys no policy
        html = _ELSEWHERE.sub(r"\1data:,", html)  # the policy would do, but for a line on the console for each picture
    html = _TARGET.sub(r"\1data-target", html)
    html = _SCHEME.sub(lambda match: "min-width:0px" if match[1].lower() == scheme else "max-width:0px", html)
    html = _CID.sub(_pictures(letter), html)
    doctype = _DOCTYPE.match(html)
    start = doctype.end() if doctype else 0
    return f"{html[:start]}{head}{html[start:]}"  # behind the doctype, which decides how the browser lays out


def _pictures(letter: Letter) -> t.Callable[[re.Match[str]], str]:
    """What puts a part of the mail in the place of its Content-ID (RFC 2392), :data:`_MOST` characters in all."""
    pictures = {part.content_id: part for part in letter.parts if part.content_id}
    left = _MOST

    @functools.cache
    def address(part: Part) -> str:
        return f"data:{part.content_type};base64,{base64.b64encode(part.octets).decode('ascii')}"

    def put(match: re.Match[str]) -> str:
        nonlocal left
        part = pictures.get(match[1]) or pictures.get(urllib.parse.unquote(match[1]))
        if part is None or not re.fullmatch(r"image/[\w.+-]+", part.content_type):
            return match[0]
        data = address(part)
        left -= len(data)
        return data if left >= 0 else match[0]

    return put
