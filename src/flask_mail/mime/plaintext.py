"""HTML -> text that reads well: for messages whose writer gave no plain text.

The stdlib's ``html.parser`` takes quadratic time on malformed input, so tags are found here in one pass that
always moves on. Nothing is validated: what looks like no tag is text.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import html
import re
import unicodedata

_START = re.compile(r"<(?=[A-Za-z/!?])")
_TAG = re.compile(r"""</?+([A-Za-z][^\s/>]*+)(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_NAME = re.compile(r"</?+([A-Za-z][^\s/>]*+)")
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(href|alt|style|start|hidden)(?:\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>"']++))?""", re.IGNORECASE
)
_HIDDEN = re.compile(r"display\s*+:\s*+none|mso-hide\s*+:\s*+all", re.IGNORECASE)
_QUOTE = "> "
_DEEPEST = 20  # lists and quotations in each other that are still shown as such
_LONGEST_TAG = 4096  # characters in which quotes are respected; beyond, the next > ends the tag

_SKIPPED = frozenset(["script", "style", "title", "template"])
_PARAGRAPHS = frozenset(
    ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "figure"]
)
_BLOCKS = frozenset(
    [
        "div",
        "tr",
        "li",
        "dt",
        "dd",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "nav",
        "aside",
        "address",
        "form",
        "fieldset",
        "figcaption",
        "center",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "body",
        "html",
    ]
)
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


def from_html(source: str) -> str:
    """The text of an HTML document or fragment: paragraphs, lists, headings and links stay readable.

    Takes time linear in the size of *source*, whatever it holds.
    """
    writer = _Writer()
    for tag, closing, rest in _tokens(source):
        if tag is None:
            writer.text(rest)
        elif closing:
            writer.close(tag)
        else:
            writer.open(tag, rest)
    return writer.result()


def _tokens(source: str) -> c.Iterator[tuple[str | None, bool, str]]:
    """Text as ``(None, False, text)`` and tags as ``(name, closing, the tag itself)``."""
    position = 0
    while position < len(source):
        opened = _START.search(source, position)
        start = opened.start() if opened else len(source)
        if start > position:
            yield None, False, _unescaped(source[position:start])
        if start == len(source):
            return
        if source.startswith(("<!", "<?"), start):
            comment = source.startswith("<!--", start)
            end = source.find("-->" if comment else ">", start + 4 if comment else start)
            if end < 0:
                return
            position = end + (3 if comment else 1)
            continue
        name = _NAME.match(source, start)
        if name is None:
            yield None, False, "<"
            position = start + 1
            continue
        end = _end_of_tag(source, start)
        if end < 0:
            yield None, False, _unescaped(source[start:])
            return
        tag, closing = name[1].lower(), source.startswith("</", start)
        yield tag, closing, source[start : min(end, start + 2 * _LONGEST_TAG)]
        position = end
        if tag in _SKIPPED and not closing:
            close = re.compile(f"</{tag}", re.IGNORECASE).search(source, end)
            if close is None:
                return
            position = close.start()


def _end_of_tag(source: str, start: int) -> int:
    whole = _TAG.match(source, start, start + _LONGEST_TAG)
    return whole.end() if whole else source.find(">", start) + 1 or -1


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:  # a number with thousands of digits
        return text


@d.dataclass(slots=True)
class _List:
    """A list that is open: how deep it stands, and the number of its next item if it has numbers."""

    depth: int
    number: int | None


class _Writer:
    """Collects lines; knows how many line ends are due, and what each line starts with."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._line: list[str] = []
        self._due = 0  # line ends before the next text
        self._gap = 0  # how many of the prefixes stand on blank lines among them
        self._blank = False  # a blank before the next text
        self._prefixes: list[str] = []
        self._lists: list[_List] = []
        self._marker = ""
        self._links: list[tuple[str, int]] = []
        self._pre = 0
        self._hidden: list[str] = []

    def text(self, text: str) -> None:
        if self._hidden:
            return
        if self._pre:
            first, *others = text.expandtabs().split("\n")
            self._word(first)
            for line in others:
                self._end_line()
                self._word(line)
            return
        words = text.split()
        if not words:
            self._blank = self._blank or bool(text)
            return
        self._blank = self._blank or text[0].isspace()
        self._word(" ".join(words))
        self._blank = text[-1].isspace()

    def _word(self, text: str) -> None:
        if not text:
            return
        if self._due:
            self._end_line()
            gap = "".join(self._prefixes[: self._gap]).rstrip()
            self._out += [gap] * (self._due - 1) if self._out else []
            self._due = 0
        if not self._line:
            self._line.append(self._prefix() + self._marker)
            self._marker = ""
        elif self._blank:
            self._line.append(" ")
        self._blank = False
        self._line.append(text)

    def _prefix(self) -> str:
        prefixes = "".join(self._prefixes)
        return prefixes[: len(prefixes) - len(self._marker)] if self._marker else prefixes

    def _end_line(self) -> None:
        if self._line or self._out:
            self._out.append("".join(self._line).rstrip() if self._line else self._prefix().rstrip())
        self._line = []

    def _break(self, lines: int) -> None:
        if self._line or self._out:
            self._gap = min(self._gap, len(self._prefixes)) if self._due else len(self._prefixes)
            self._due = max(self._due, lines)
        self._blank = False

    def open(self, tag: str, source: str) -> None:
        if self._hidden:
            if tag == self._hidden[0]:
                self._hidden.append(tag)
            return
        attributes = _attributes(source) if len(source) > len(tag) + 2 else {}
        hidden = attributes and ("hidden" in attributes or _HIDDEN.search(attributes.get("style", "")))
        if hidden and tag not in _VOID and not source.endswith("/>"):
            self._hidden = [tag]
            return
        if tag == "br":
            self._break(min(self._due + 1, 2))
        elif tag == "img":
            if attributes.get("alt", "").strip():
                self._word(f"[{' '.join(attributes['alt'].split())}]")
        elif tag == "a":
            self._links.append((attributes.get("href", "").strip(), len(self._line)))
        elif tag in ("td", "th"):
            self._blank = True
        else:
            self._open_block(tag, attributes)

    def _open_block(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "hr":
            self._break(2)
            self._word("-" * 40)
            self._break(2)
        elif tag in ("ul", "ol"):
            self._break(1 if self._lists else 2)
            start = attributes.get("start", "1")
            number = int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 1
            self._lists.append(_List(len(self._prefixes), number if tag == "ol" else None))
        elif tag == "li":
            self._open_item()
        elif tag == "blockquote":
            self._break(2)
            if len(self._prefixes) <= _DEEPEST:
                self._prefixes.append(_QUOTE)
        elif tag in _PARAGRAPHS:
            self._break(2)
            self._pre += tag == "pre"
        elif tag in _BLOCKS:
            self._break(1)

    def _open_item(self) -> None:
        self._break(1)
        self._marker = ""
        if not self._lists or len(self._prefixes) > _DEEPEST:
            return
        inside = self._lists[-1]
        del self._prefixes[inside.depth :]
        self._marker = "- " if inside.number is None else f"{inside.number}. "
        inside.number = None if inside.number is None else inside.number + 1
        self._prefixes.append(" " * len(self._marker))

    def close(self, tag: str) -> None:
        if self._hidden:
            if tag == self._hidden[0]:
                self._hidden.pop()
            return
        if tag == "a" and self._links:
            self._close_link(*self._links.pop())
        elif tag in ("h1", "h2"):
            self._underline("=" if tag == "h1" else "-")
        elif tag in ("ul", "ol"):
            if self._lists:
                self._back_to(self._lists.pop().depth)
            self._break(1 if self._lists else 2)
        elif tag == "li":
            if self._lists:
                self._back_to(self._lists[-1].depth)
            self._break(1)
        elif tag == "blockquote":
            if self._prefixes and self._prefixes[-1] == _QUOTE:
                self._prefixes.pop()
            self._break(2)
        elif tag in _PARAGRAPHS:
            self._pre = max(0, self._pre - (tag == "pre"))
            self._break(2)
        elif tag in _BLOCKS:
            self._break(1)

    def _back_to(self, depth: int) -> None:
        del self._prefixes[depth:]
        self._marker = ""

    def _close_link(self, target: str, start: int) -> None:
        label = "".join(self._line[start:]).strip()
        bare = target.removeprefix("mailto:").removeprefix("tel:")
        if not target or target.startswith(("#", "javascript:", "cid:", "data:")) or bare == label:
            return
        self._blank = bool(self._line)
        self._word(f"<{''.join(target.split())}>")

    def _underline(self, character: str) -> None:
        if self._line and not self._due and not self._prefixes:
            width = sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in "".join(self._line)[:60])
            self._end_line()
            self._word(character * min(width, 60))
        self._break(2)

    def result(self) -> str:
        if self._line:
            self._end_line()
        return "\n".join(self._out).strip("\n") + ("\n" if self._out else "")


def _attributes(source: str) -> dict[str, str]:
    """The attributes that matter here, unescaped."""
    return {
        name.lower(): _unescaped(value[1:-1] if value[:1] in ("'", '"') else value)
        for name, value in _ATTRIBUTE.findall(source)
    }
