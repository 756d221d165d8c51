"""The rules of linting, each a function of a mail as it is sent."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t
from urllib.parse import unquote

from ..diagnosis import providers
from ..message.finding import Finding
from . import clients
from . import markup
from .markup import Place
from .sent import Sent

CLIPPED: t.Final = 102 * 1024
"""Octets of HTML beyond which Gmail cuts a mail off, and shows a link to the rest."""

MANY: t.Final = 50
"""Recipients of one mail, from which on it is bulk."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CID = re.compile(r"""(?:=\s*+["']?|\burl\(\s*+(?:["']|&quot;|&\#3[49];)?)\s*+cid:([^"'\s)>]+)""", re.IGNORECASE)
_BULK = {"precedence": re.compile(r"bulk|list|junk"), "list-id": re.compile("."), "feedback-id": re.compile(".")}
_ADDRESSES = ("From", "Sender", "Reply-To", "To", "Cc")


def _at(line: int) -> str:
    return f"html line {line}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def _once(places: c.Iterable[Place]) -> c.Iterator[Place]:
    """Each text once, at its first place."""
    seen: set[str] = set()
    for place in places:
        if place.text not in seen:
            seen.add(place.text)
            yield place


def _size(sent: Sent) -> c.Iterator[Finding]:
    if sent.html_octets > CLIPPED:
        yield Finding(
            "size",
            "error",
            f"The HTML is {sent.html_octets / 1024:.0f} kB as it is sent; Gmail cuts a mail off after 102 kB.",
            "Shorten it, or put pictures and styles elsewhere.",
            "html",
        )


def _unread(sent: Sent) -> c.Iterator[Finding]:
    if sent.html is not None and len(sent.html) > markup.MOST:
        yield Finding(
            "too-long",
            "note",
            f"Only the first {markup.MOST} characters of the HTML were looked at.",
            "Shorten it.",
            "html",
        )


def _missing_text(sent: Sent) -> c.Iterator[Finding]:
    if sent.html is not None and not (sent.text or "").strip():
        yield Finding(
            "text-missing",
            "warning",
            "There is HTML, but no plain text: some readers see nothing, and filters take it for spam.",
            "Leave body out, so that the text is made from the HTML, or write one.",
        )


def _missing_alt(sent: Sent) -> c.Iterator[Finding]:
    for source, line in _once(sent.markup.nameless):
        yield Finding(
            "alt-missing",
            "warning",
            f"The picture {_shown(source)} has no alt text: many see an empty frame until they allow pictures.",
            'Say in alt what it shows; alt="" where it is only an ornament.',
            _at(line),
        )


def _broken_cid(sent: Sent) -> c.Iterator[Finding]:
    if sent.html is None:
        return
    seen: set[str] = set()
    for match in _CID.finditer(sent.html):
        cid = match[1]
        if cid in sent.cids or unquote(cid) in sent.cids or cid in seen:
            continue
        seen.add(cid)
        yield Finding(
            "cid-broken",
            "error",
            f"The HTML shows cid:{cid}, but no part of the mail has that Content-ID.",
            "Attach the picture with this content_id, or use what message.embed() returns.",
            _at(sent.html.count("\n", 0, match.start(1)) + 1),
        )


def _relative_links(sent: Sent) -> c.Iterator[Finding]:
    images = {place for place in sent.markup.images if place.text}
    for target, line in _once([*sent.markup.links, *sorted(images, key=lambda place: place.line)]):
        if not _SCHEME.match(target) and not target.startswith("#"):
            yield Finding(
                "link-relative",
                "error",
                f"The address {_shown(target)} is relative, and a mail has no place to start from.",
                "Write the whole address, with url_for(..., _external=True).",
                _at(line),
            )


def _insecure_images(sent: Sent) -> c.Iterator[Finding]:
    for source, line in _once(sent.markup.images):
        if source[:5].lower() == "http:":
            yield Finding(
                "image-insecure",
                "warning",
                f"The picture {_shown(source)} is not fetched by https; clients leave it out, or warn.",
                "Serve it by https, or embed it.",
                _at(line),
            )


def _dropped(sent: Sent) -> c.Iterator[Finding]:
    source = clients.source()
    for feature in clients.features():
        lines = list(feature.lines(sent.markup))
        if lines:
            yield Finding(
                "dropped-by-clients",
                feature.level,
                f"{_and(feature.dropped)} {'drops' if len(feature.dropped) == 1 else 'drop'} {feature.name}"
                f"{f', used {len(lines)} times' if len(lines) > 1 else ''} (tested {feature.tested}).",
                f"See that the mail can be read without it. Facts: {source.name.partition(' ')[0]}, {source.snapshot}.",
                _at(min(lines)),
            )


def _and(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _is_bulk(sent: Sent) -> bool:
    if sent.bulk or any(pattern.match(sent.header(name).strip().lower()) for name, pattern in _BULK.items()):
        return True
    return len({*sent.recipients, *sent.addresses("To"), *sent.addresses("Cc")}) >= MANY


def _unsubscribing(sent: Sent) -> c.Iterator[Finding]:
    if not _is_bulk(sent):
        return
    given = sent.header("List-Unsubscribe")
    if not given.strip():
        yield Finding(
            "unsubscribe-missing",
            "error",
            "It is bulk mail without List-Unsubscribe, which Gmail and Yahoo ask of those who send much.",
            "Call message.list_unsubscribe(url).",
        )
    elif "https:" not in given.lower() or not sent.header("List-Unsubscribe-Post"):
        yield Finding(
            "unsubscribe-not-one-click",
            "warning",
            "It is bulk mail that cannot be unsubscribed from with one click (RFC 8058), as Gmail and Yahoo ask.",
            "Call message.list_unsubscribe(url) with an https address that unsubscribes on POST.",
        )


def _sender(sent: Sent) -> c.Iterator[Finding]:
    login = getattr(sent.settings, "username", None) or ""
    if "@" not in login or getattr(sent.settings, "transport", "smtp") != "smtp":
        return
    for address in sent.addresses("From"):
        if address.lower() == login.lower():
            continue
        provider = providers.lookup(host=getattr(sent.settings, "server", ""))
        strict = provider is not None and provider.from_login
        same = address.rpartition("@")[2].lower() == login.rpartition("@")[2].lower()
        says = f"{provider.title['en']} takes only mail from who logs in." if provider and strict else ""
        yield Finding(
            "from-differs",
            "error" if strict else "note" if same else "warning",
            f"From is {address}, but the login is {login}. {says or 'Some servers refuse that, or put in the login.'}",
            "Send from the login's address, with reply_to for the other, unless the server allows both.",
            "From",
        )


def _beyond_ascii(sent: Sent) -> c.Iterator[Finding]:
    given = [(name, address) for name in _ADDRESSES for address in sent.addresses(name)]
    given += [("recipients", address) for address in sorted(sent.recipients)]
    seen: set[str] = set()
    for name, address in given:
        local = address.rpartition("@")[0]
        if not local.isascii() and address not in seen:
            seen.add(address)
            yield Finding(
                "address-beyond-ascii",
                "warning",
                f"The address {address} goes only over servers with SMTPUTF8 (RFC 6531), and many have it not.",
                "Use an address in ASCII; a domain may have any letters.",
                name,
            )


RULES: t.Final[tuple[c.Callable[[Sent], c.Iterator[Finding]], ...]] = (
    _size,
    _missing_text,
    _broken_cid,
    _relative_links,
    _missing_alt,
    _insecure_images,
    _dropped,
    _unsubscribing,
    _sender,
    _beyond_ascii,
    _unread,
)
"""Every rule, in the order in which findings of one level are told."""
