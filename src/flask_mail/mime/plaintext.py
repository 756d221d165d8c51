"""HTML -> text that reads well: for messages whose writer gave no plain text.

Everything here takes time linear in the size of the document, whatever it holds.
"""

from __future__ import annotations

from .columns import WIDTH
from .grid import Cell
from .grid import laid_out
from .grid import survey
from .tags import attributes
from .tags import is_hidden
from .tags import may_hide
from .tags import number
from .tags import tokens
from .writer import Writer

_WIDEST_SPAN = 50


def from_html(source: str, width: int = WIDTH) -> str:
    """The text of an HTML document or fragment: paragraphs, lists, tables, headings and links stay readable.

    :param width: columns of a line; a word that is longer, such as the address of a page, stays whole.
    """
    writer = Writer(width)
    found = list(tokens(source))
    tables = survey(found)
    grid: _Grid | None = None
    for place, (tag, closing, rest) in enumerate(found):
        if grid is not None:
            if tag == "table":
                writer.block(laid_out(grid.finished(), writer.room))
                grid = None
            else:
                grid.take(tag, closing, rest)
        elif tag is None:
            writer.text(rest)
        elif closing:
            writer.close(tag)
        elif place in tables.grids and writer.shows(rest):
            grid = _Grid()
        else:
            writer.open(tag, rest, apart=place in tables.apart, paragraph=place in tables.paragraphs)
    return writer.result()


class _Grid:
    """Collects the cells of a table of data."""

    def __init__(self) -> None:
        self.rows: list[list[Cell]] = []
        self._cell: Writer | None = None
        self._hidden = False

    def take(self, tag: str | None, closing: bool, rest: str) -> None:
        """Take the next token of the table."""
        if tag == "tr":
            self._end()
            self._hidden = not closing and may_hide(rest) and is_hidden(attributes(rest))
            if not closing and not self._hidden:
                self.rows.append([])
        elif self._hidden:
            return
        elif tag in ("td", "th", "caption"):
            self._end()
            if not closing:
                self._begin(tag, attributes(rest) if " " in rest else {})
        elif tag in ("thead", "tbody", "tfoot"):
            self._end()
        elif self._cell is not None:
            self._pass_on(self._cell, tag, closing, rest)
        elif tag is None and rest.strip():
            self._begin("caption", {})
            self._pass_on(self._writer(), tag, closing, rest)

    def finished(self) -> list[list[Cell]]:
        """The rows of the table."""
        self._end()
        return self.rows

    def _begin(self, tag: str, found: dict[str, str]) -> None:
        if is_hidden(found):
            return
        if not self.rows or tag == "caption":
            self.rows.append([])
        span = 0 if tag == "caption" else max(1, min(number(found.get("colspan", "1")), _WIDEST_SPAN))
        rows = max(1, min(number(found.get("rowspan", "1")), 1000))
        self.rows[-1].append(Cell(self._writer().lines(), span, rows, head=tag == "th"))

    def _writer(self) -> Writer:
        if self._cell is None:
            self._cell = Writer(1_000_000)
        return self._cell

    @staticmethod
    def _pass_on(writer: Writer, tag: str | None, closing: bool, rest: str) -> None:
        if tag is None:
            writer.text(rest)
        elif closing:
            writer.close(tag)
        else:
            writer.open(tag, rest)

    def _end(self) -> None:
        if self._cell is not None and self.rows and self.rows[-1]:
            self.rows[-1][-1].lines = [line for line in self._cell.lines() if line]
        self._cell = None
