"""HTML as a sequence of tags and text.

The stdlib's ``html.parser`` takes quadratic time on malformed input, so tags are found here in one pass that
always moves on. Nothing is validated: what looks like no tag is text.
"""

from __future__ import annotations

import collections.abc as c
import html
import re
from urllib.parse import quote

_USUAL = re.compile(r"""([^<]*+)<(/?+)([A-Za-z][A-Za-z0-9]*+)(?:\s[^<>"']*+(?:"[^"<>]*+"[^<>"']*+)*+)?+/?+>""")
_START = re.compile(r"<(?=[A-Za-z/!?])")
_TAG = re.compile(r"""</?+([A-Za-z][^\s/>]*+)(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_NAME = re.compile(r"</?+([A-Za-z][^\s/>]*+)")
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(href|alt|style|start|hidden|colspan|rowspan)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>"']++))?""",
    re.IGNORECASE,
)
_LONGEST_TAG = 4096  # characters in which quotes are respected; beyond, the next > ends the tag
_HIDDEN = re.compile(r"display\s*+:\s*+none|mso-hide\s*+:\s*+all", re.IGNORECASE)
_FOLDED = re.compile(r"[\t\n\r\f]+")
_ENDS_ADDRESS = re.compile(r"[\s<>\"]")
_SKIPPED = frozenset(["script", "style", "title", "template"])

Token = tuple[str | None, bool, str]
"""Text as ``(None, False, text)`` and tags as ``(name, closing, the tag itself)``."""


def tokens(source: str) -> c.Iterator[Token]:
    """The tags and the text of *source*, without what nobody sees."""
    position = 0
    while position < len(source):
        usual = _USUAL.match(source, position)
        if usual is not None:  # text and a tag with nothing odd in it, at once
            text, slash, name = usual.groups()
            if text:
                yield None, False, unescaped(text)
            begin, position = position + len(text), usual.end()
            tag, closing = name.lower(), slash == "/"
            yield tag, closing, source[begin:position]
            if tag in _SKIPPED and not closing:
                position = _end_of_skipped(source, tag, position)
            continue
        opened = _START.search(source, position)
        start = opened.start() if opened else len(source)
        if start > position:
            yield None, False, unescaped(source[position:start])
        if start == len(source):
            return
        if source.startswith(("<!", "<?"), start):
            comment = source.startswith("<!--", start)
            end = source.find("-->" if comment else ">", start + 4 if comment else start)
            if end < 0:
                return
            position = end + (3 if comment else 1)
            continue
        odd = _NAME.match(source, start)
        if odd is None:
            yield None, False, "<"
            position = start + 1
            continue
        end = _end_of_tag(source, start)
        if end < 0:
            yield None, False, unescaped(source[start:])
            return
        tag, closing = odd[1].lower(), source.startswith("</", start)
        yield tag, closing, source[start : min(end, start + 2 * _LONGEST_TAG)]
        position = end
        if tag in _SKIPPED and not closing:
            position = _end_of_skipped(source, tag, position)


def _end_of_skipped(source: str, tag: str, position: int) -> int:
    close = re.compile(f"</{tag}", re.IGNORECASE).search(source, position)
    return len(source) if close is None else close.start()


def _end_of_tag(source: str, start: int) -> int:
    whole = _TAG.match(source, start, start + _LONGEST_TAG)
    return whole.end() if whole else source.find(">", start) + 1 or -1


def unescaped(text: str) -> str:
    """*text* with its character references resolved."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:  # a number with thousands of digits
        return text


def attributes(source: str) -> dict[str, str]:
    """Those attributes of a tag that matter for its text, unescaped."""
    return {
        name.lower(): unescaped(value[1:-1] if value[:1] in ("'", '"') else value)
        for name, value in _ATTRIBUTE.findall(source)
    }


def number(text: str, default: int = 1) -> int:
    """The number in an attribute."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else default


def address(target: str) -> str:
    """The address in an ``href`` as browsers read it (WHATWG URL); nothing in it ends an address in a text."""
    target = _FOLDED.sub("", target.strip())
    if target.startswith("tel:"):
        return "".join(target.split())
    return _ENDS_ADDRESS.sub(lambda found: quote(found[0]), target)


def may_hide(tag: str) -> bool:
    """Whether it is worth a closer look if the tag hides what stands in it."""
    return "none" in (tag := tag.lower()) or "hid" in tag


def is_hidden(found: dict[str, str]) -> bool:
    """Whether an element with these attributes is not shown."""
    return "hidden" in found or bool(_HIDDEN.search(found.get("style", "")))
