"""The links of a mail, as its reader sees them: a text, and where it leads."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import html.parser
import re

_URL = re.compile(r"""https?://[^\s<>"]+""", re.IGNORECASE)
_AFTER_A_URL = ".,;:!?)]}'’”。，；：！？）"
_AROUND_A_URL = " \t<([{“‘（-–—" + _AFTER_A_URL + ">"


@d.dataclass(frozen=True, slots=True)
class Link:
    """One link.

    :param text: what the reader sees of it; in plain text the line that it stands in, or else the one before.
    :param url: where it leads.
    """

    text: str
    url: str


def in_html(source: str) -> list[Link]:
    """The links of an HTML text in their order; a picture counts as its ``alt``."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    return reader.links


def in_text(source: str) -> list[Link]:
    """The links of a plain text in their order."""
    found: list[Link] = []
    before = ""
    for line in map(str.strip, source.splitlines()):
        urls = list(_urls(line))
        label = line
        for url in urls:
            label = label.replace(url, "")
        label = label.strip(_AROUND_A_URL) or before
        found += [Link(label, url) for url in urls]
        before = label if line else before
    return found


def _urls(line: str) -> c.Iterator[str]:
    for match in _URL.finditer(line):
        url = match[0]
        while url[-1] in _AFTER_A_URL and not (url[-1] == ")" and url.count("(") >= url.count(")")):
            url = url[:-1]
        yield url


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self._url: str | None = None
        self._seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a":
            self._end()
            self._url = (attributes.get("href") or "").strip()
            self._seen = [attributes.get("aria-label") or ""]
        elif tag == "img":
            self._seen.append(attributes.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end()

    def handle_data(self, data: str) -> None:
        self._seen.append(data)

    def parse_html_declaration(self, i: int) -> int:
        try:
            return super().parse_html_declaration(i)
        except AssertionError:  # a broken one, such as "<![ ": a comment to browsers
            return self.parse_bogus_comment(i)

    def close(self) -> None:
        super().close()
        self._end()

    def _end(self) -> None:
        if self._url and not self._url.startswith("#"):
            self.links.append(Link(" ".join("".join(self._seen).split()), self._url))
        self._url = None
