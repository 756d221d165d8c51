"""What stands in the HTML of a mail, with the lines it stands in: links, pictures, styles.

The stdlib's ``html.parser`` takes quadratic time where tags are never closed. So it is fed by the piece, a limited
number of characters in all, and never told that this was the end: only then it would try each ``<`` again.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import html.parser
import re
import typing as t

MOST: t.Final = 1 << 19
"""Characters that are looked at."""

_PIECE = 1 << 15
_SOURCES = {"img": "src", "input": "src", "video": "poster"}  # what shows a picture, and where it names it
_STRING = r""""[^"]*+"|'[^']*+'"""
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_PIECE_OF_CSS = re.compile(rf"""((?:[^{{}};"'(]++|{_STRING}|\((?:[^()"']++|{_STRING})*+\)|["'(])*+)([{{}};]|\Z)""")
_URL = re.compile(r"""url\(\s*+(?:"([^"]*+)"|'([^']*+)'|([^"')\s]*+))""", re.IGNORECASE)


class Place(t.NamedTuple):
    """Something that the HTML refers to or uses, and where.

    :param text: the address, the element's name, the CSS.
    :param line: the line of the HTML, from 1.
    """

    text: str
    line: int


class Declaration(t.NamedTuple):
    """A property and its value, in small letters."""

    name: str
    value: str
    line: int


@d.dataclass(frozen=True)
class Markup:
    """What was found in the HTML."""

    links: list[Place] = d.field(default_factory=list[Place])
    """The targets of links and forms."""
    images: list[Place] = d.field(default_factory=list[Place])
    """Where pictures are, those of the CSS among them."""
    nameless: list[Place] = d.field(default_factory=list[Place])
    """Pictures without an ``alt`` attribute."""
    elements: list[Place] = d.field(default_factory=list[Place])
    """Every element's name; a style sheet that is linked to is a ``link``, or ``link to fonts``, any other link is
    none."""
    declarations: list[Declaration] = d.field(default_factory=list[Declaration])
    preludes: list[Place] = d.field(default_factory=list[Place])
    """Selectors, and rules that begin with ``@``; what stands inside another selector begins with ``&``."""


def read(source: str) -> Markup:
    """Look through *source*, of which no more than :data:`MOST` characters are looked at."""
    reader = _Reader()
    for start in range(0, min(len(source), MOST), _PIECE):
        reader.feed(source[start : min(start + _PIECE, MOST)])
    return reader.markup


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.markup = Markup()
        self._sheet: list[str] | None = None
        self._sheet_line = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        given = {name: value or "" for name, value in reversed(attrs)}  # of two, the first one counts
        if tag != "link" or "stylesheet" in given.get("rel", "").lower():
            fonts = " to fonts" if tag == "link" and "//fonts." in given.get("href", "").lower() else ""
            self.markup.elements.append(Place(f"{tag}{fonts}", line))
        if tag in ("a", "area") and "href" in given:
            self.markup.links.append(Place(given["href"].strip(), line))
        elif tag == "form" and "action" in given:
            self.markup.links.append(Place(given["action"].strip(), line))
        if tag == "img" and "alt" not in given:
            self.markup.nameless.append(Place(given.get("src", ""), line))
        for source in _sources(tag, given):
            self.markup.images.append(Place(source, line))
        if "style" in given:
            self._declare(given["style"], line)
        if tag == "style":
            self._sheet, self._sheet_line = [], line

    def handle_data(self, data: str) -> None:
        if self._sheet is not None:
            self._sheet.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "style" and self._sheet is not None:
            sheet, self._sheet = "".join(self._sheet), None
            self._read_sheet(_COMMENT.sub(_line_ends, sheet))

    def parse_html_declaration(self, i: int) -> int:
        try:
            return super().parse_html_declaration(i)
        except AssertionError:  # a broken one, such as "<![ ": a comment to browsers
            return self.parse_bogus_comment(i)

    def _declare(self, css: str, line: int) -> None:
        """The declarations of a ``style`` attribute."""
        for text, _, _ in _pieces(_COMMENT.sub("", css)):
            self._declaration(text, line)

    def _read_sheet(self, css: str) -> None:
        opened: list[bool] = []  # of each block: whether it is a selector's
        for text, end, before in _pieces(css):
            line = self._sheet_line + before + text[: len(text) - len(text.lstrip())].count("\n")
            text = " ".join(text.split())
            if end == "{":
                rule = text.startswith("@")
                nested = "&" if not rule and any(opened) else ""
                self.markup.preludes.append(Place(nested + text.lower(), line))
                opened.append(not rule)
                continue
            if text.startswith("@"):
                self.markup.preludes.append(Place(text.lower(), line))
            elif text:
                self._declaration(text, line)
            if end == "}" and opened:
                opened.pop()

    def _declaration(self, text: str, line: int) -> None:
        name, colon, value = text.partition(":")
        if not colon:
            return
        self.markup.declarations.append(Declaration(name.strip().lower(), " ".join(value.split()).lower(), line))
        for found in _URL.findall(value):
            self.markup.images.append(Place("".join(found).strip(), line))


def _sources(tag: str, given: dict[str, str]) -> c.Iterator[str]:
    """The addresses of the pictures that an element shows."""
    name = _SOURCES.get(tag)
    if name is not None and name in given:
        yield given[name].strip()
    if "background" in given:
        yield given["background"].strip()
    if tag in ("img", "source") and "srcset" in given:
        for candidate in given["srcset"].split(", "):
            yield candidate.strip().partition(" ")[0]


def _pieces(css: str) -> c.Iterator[tuple[str, str, int]]:
    """What stands before each brace and semicolon that counts, that sign, and the lines before it all."""
    lines = 0
    for match in _PIECE_OF_CSS.finditer(css):
        yield match[1], match[2], lines
        lines += match[0].count("\n")


def _line_ends(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")
