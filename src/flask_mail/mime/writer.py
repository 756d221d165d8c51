"""Text in lines: paragraphs, lists, quotations and links, as the tags of a document come."""

from __future__ import annotations

import dataclasses as d
import re

from .columns import columns
from .columns import wrapped
from .tags import address
from .tags import attributes
from .tags import is_hidden
from .tags import may_hide
from .tags import number

_UNSEEN = {ord(character): None for character in "\u00ad\u034f\u200b\u2060\ufeff"}
_FILLER = re.compile("[\\s\u200c\u200d\u200e\u200f]*")
_SCHEME = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)
_NO_DIGIT = re.compile(r"\D+")
_QUOTE = "> "
_WIDEST_PREFIX = 36  # columns of lists and quotations in each other that are still shown as such

_PARAGRAPHS = frozenset(
    ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "figure"]
)
_BLOCKS = frozenset(
    (
        "div tr li dt dd section article header footer main nav aside address form fieldset figcaption center caption "
        "thead tbody tfoot body html"
    ).split()
)
_TOLD = frozenset(["a", "area", "img", "ol"])  # whose attributes are read
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


@d.dataclass(slots=True)
class _List:
    """A list that is open: how deep it stands, and the number of its next item if it has numbers."""

    depth: int
    number: int | None


class Writer:
    """Collects lines; knows how many line ends are due, and what each line starts with."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._out: list[str] = []
        self._line: list[str] = []
        self._start = ""  # what the line starts with
        self._indent = ""  # what goes on below it starts with
        self._ended = 0  # lines that have ended
        self._raw = False  # whether it stays as it is
        self._due = 0  # line ends before the next text
        self._gap = 0  # how many of the prefixes stand on blank lines among them
        self._blank = False  # a blank before the next text
        self._prefixes: list[str] = []
        self._lists: list[_List] = []
        self._marker = ""
        self._linked = False  # whether the last text is the target of a link
        self._links: list[tuple[str, int, int]] = []  # where they lead, and in which line at which piece they begin
        self._rows: list[bool] = []  # whether the rows that are open are paragraphs
        self._pre = 0
        self._hidden: list[str] = []

    @property
    def room(self) -> int:
        """Columns of a line beside what it starts with."""
        return self._width - sum(map(len, self._prefixes))

    def shows(self, tag: str) -> bool:
        """Whether what stands in this tag is seen."""
        return not self._hidden and not (may_hide(tag) and is_hidden(attributes(tag)))

    def text(self, text: str) -> None:
        if self._hidden:
            return
        if not text.isascii():
            text = text.translate(_UNSEEN)
        if self._pre:
            first, *others = text.expandtabs().split("\n")
            self._word(first)
            for line in others:
                self._end_line()
                self._word(line)
            return
        words = text.split()
        if not words or (len(text) < 1000 and _FILLER.fullmatch(text)):
            self._blank = self._blank or bool(text)
            return
        self._blank = self._blank or text[0].isspace()
        self._word(" ".join(words))
        self._blank = text[-1].isspace()

    def block(self, lines: list[str]) -> None:
        """Lines that are a paragraph and stay as they are."""
        self._break(2)
        for line in lines[:1]:
            self._word(line)
            self._raw = True
        for line in lines[1:]:
            self._end_line()
            if line:
                self._word(line)
                self._raw = True
        self._break(2)

    def _word(self, text: str) -> None:
        if not text:
            return
        if self._due:
            self._end_line()
            gap = "".join(self._prefixes[: self._gap]).rstrip()
            self._out += [gap] * (self._due - 1) if self._out else []
            self._due = 0
        if not self._line:
            self._start, self._indent = self._prefix() + self._marker, "".join(self._prefixes)
            self._marker = ""
        elif self._blank:
            self._line.append(" ")
        elif self._linked and text[0].isascii() and (text[0].isalnum() or text[0] in "<["):
            self._line.append(" ")  # nothing but their looks keeps such links apart
        self._blank = self._linked = False
        self._raw = self._raw or self._pre > 0
        self._line.append(text)

    def _prefix(self) -> str:
        prefixes = "".join(self._prefixes)
        return prefixes[: len(prefixes) - len(self._marker)] if self._marker else prefixes

    def _end_line(self) -> None:
        if self._line:
            text = "".join(self._line).rstrip()
            if self._raw:
                self._out.append((self._start + text).rstrip())
            else:
                self._out += wrapped(text, self._width, self._start, self._indent)
        elif self._out:
            self._out.append(self._prefix().rstrip())
        self._line, self._raw = [], False
        self._ended += 1

    def _break(self, lines: int) -> None:
        if self._line or self._out:
            self._gap = min(self._gap, len(self._prefixes)) if self._due else len(self._prefixes)
            self._due = max(self._due, lines)
        self._blank = False

    def open(self, tag: str, source: str, *, apart: bool = False, paragraph: bool = False) -> None:
        if self._hidden:
            if tag == self._hidden[0]:
                self._hidden.append(tag)
            return
        found = attributes(source) if tag in _TOLD or may_hide(source) else {}
        if found and is_hidden(found) and tag not in _VOID and not source.endswith("/>"):
            self._hidden = [tag]
        elif tag == "br":
            self._break(min(self._due + 1, 2))
        elif tag == "img":
            self._picture(found)
        elif tag == "a":
            self._open_link(found)
        elif tag == "area":
            self._open_link(found)
            self._picture(found)
            self._close_link(*self._links.pop())
        elif tag in ("td", "th"):
            if apart:
                self._break(1)
            self._blank = True
        elif tag == "tr":
            self._rows.append(paragraph)
            self._break(1 + paragraph)
        else:
            self._open_block(tag, found)

    def _picture(self, found: dict[str, str]) -> None:
        if found.get("alt", "").strip():
            self._word(f"[{' '.join(found['alt'].split())}]")

    def _open_link(self, found: dict[str, str]) -> None:
        line, piece = (self._ended + 1, 0) if self._due else (self._ended, len(self._line))
        self._links.append((found.get("href", ""), line, piece))

    def _open_block(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "hr":
            self._break(2)
            self._word("-" * 40)
            self._break(2)
        elif tag in ("ul", "ol"):
            self._break(1 if self._lists else 2)
            start = number(attributes.get("start", "1"))
            self._lists.append(_List(len(self._prefixes), start if tag == "ol" else None))
        elif tag == "li":
            self._open_item()
        elif tag == "blockquote":
            self._break(2)
            if self._fits(_QUOTE):
                self._prefixes.append(_QUOTE)
        elif tag in _PARAGRAPHS:
            self._break(2)
            self._pre += tag == "pre"
        elif tag in _BLOCKS:
            self._break(1)

    def _fits(self, prefix: str) -> bool:
        return sum(map(len, self._prefixes)) + len(prefix) <= _WIDEST_PREFIX

    def _open_item(self) -> None:
        self._break(1)
        self._marker = ""
        if not self._lists:
            return
        inside = self._lists[-1]
        marker = "- " if inside.number is None else f"{inside.number}. "
        del self._prefixes[inside.depth :]
        if self._fits(marker):
            self._marker = marker
            self._prefixes.append(" " * len(marker))
        inside.number = None if inside.number is None else inside.number + 1

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
        elif tag == "tr":
            self._break(1 + (self._rows.pop() if self._rows else False))
        elif tag in _PARAGRAPHS:
            self._pre = max(0, self._pre - (tag == "pre"))
            self._break(2)
        elif tag in _BLOCKS:
            self._break(1)

    def _back_to(self, depth: int) -> None:
        del self._prefixes[depth:]
        self._marker = ""

    def _close_link(self, target: str, line: int, start: int) -> None:
        empty = line > self._ended  # what was due before it still is, so nothing was written since
        start = start if line == self._ended else 0
        label = "" if empty else "".join(self._line[start:]).strip()
        target = address(target)
        if not target or target.startswith(("#", "javascript:", "cid:", "data:")):
            return
        bare = _SCHEME.sub("", target, count=1).rstrip("/")
        if label.rstrip("/") == bare or label == target:
            if label != bare or target.startswith(("http:", "https:")):
                self._line[start:] = [*(part for part in self._line[start : start + 1] if part == " "), target]
            return
        if target.startswith("tel:") and _NO_DIGIT.sub("", label) == _NO_DIGIT.sub("", target):
            return
        self._blank = bool(self._line)
        due, self._due = (self._due, 0) if self._line and not empty else (0, self._due)
        self._word(f"<{target}>")
        self._linked = True
        self._due = due  # of a block that has ended inside of the link

    def _underline(self, character: str) -> None:
        if self._line and not self._due and not self._prefixes:
            wide = columns("".join(self._line)[: self._width])
            self._end_line()
            self._word(character * min(wide, 60))
        self._break(2)

    def lines(self) -> list[str]:
        """What was written, line by line."""
        if self._line:
            self._end_line()
        return self._out

    def result(self) -> str:
        """What was written."""
        text = "\n".join(self.lines()).strip("\n")
        return f"{text}\n" if text else ""
