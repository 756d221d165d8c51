"""Tables as text: which tables hold data, and how those are laid out in columns.

Most tables of mails only place things. Which are which is seen before anything is written, in one pass.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import re

from .columns import columns
from .columns import wrapped
from .tags import Token

_GAP = "  "
_NARROWEST = 12  # columns that a cell is not squeezed below
_MOST = 20  # cells of a row that are laid out as columns
_LONG = 66  # characters of a row of a placing table that make it a paragraph
_LABEL = 30  # columns of a cell that names what stands in the next one
_NO_DATA = frozenset(["ul", "ol", "h1", "h2", "h3", "blockquote", "pre", "hr"])
_BREAKING = frozenset(["p", "div", "br", "table", "h4", "h5", "h6", "dl", "section", "article", "center", *_NO_DATA])
_NUMERIC = re.compile(
    r"[^\w\s]{0,2}(?:[A-Z]{3} ?)?[^\w\s]{0,2}(?:\d{1,3}(?:[.,'\s]\d{3})+|\d+)(?:[.,]\d+)?"
    r"(?:\s?(?:[^\w\s]|[A-Z]{3}|[kMG]?B|k?[gmW]|h|元|円))?"
)


@d.dataclass(slots=True)
class Survey:
    """What is known of the tables of a document, by the places of their tags among its tokens."""

    grids: set[int] = d.field(default_factory=set[int])
    """Tables of data."""
    apart: set[int] = d.field(default_factory=set[int])
    """Cells of other tables that begin a line of their own."""
    paragraphs: set[int] = d.field(default_factory=set[int])
    """Rows of other tables that are paragraphs."""


@d.dataclass(slots=True)
class _Table:
    place: int
    nested: bool = False
    data: bool = True
    rows: int = 0
    row: int = -1
    cells: list[int] = d.field(default_factory=list[int])
    texts: list[int] = d.field(default_factory=list[int])
    breaks: bool = False


def survey(tokens: c.Sequence[Token]) -> Survey:
    """Look at the tables of a document."""
    found = Survey()
    stack: list[_Table] = []
    for place, (tag, closing, text) in enumerate(tokens):
        if tag == "table":
            if not closing:
                if stack:
                    stack[-1].nested = stack[-1].breaks = True
                stack.append(_Table(place))
            elif stack:
                _end_row(table := stack.pop(), found)
                if table.data and not table.nested and table.rows >= 2:
                    found.grids.add(table.place)
        elif not stack:
            continue
        elif tag is None:
            if stack[-1].texts:
                stack[-1].texts[-1] += len(text.strip())
        elif tag == "tr":
            _end_row(stack[-1], found)
            stack[-1].row = -1 if closing else place
        elif tag in ("td", "th"):
            if not closing:
                stack[-1].cells.append(place)
                stack[-1].texts.append(0)
        elif tag == "img" and stack[-1].texts and "alt" in text:
            stack[-1].texts[-1] += 1
        elif tag in _BREAKING:
            stack[-1].breaks = True
            stack[-1].data = stack[-1].data and tag not in _NO_DATA
    return found


def _end_row(table: _Table, found: Survey) -> None:
    filled = sum(map(bool, table.texts))
    table.rows += filled >= 2
    if table.breaks or sum(table.texts) > _LONG:
        found.apart.update(table.cells)
        if table.row >= 0:
            found.paragraphs.add(table.row)
    table.cells, table.texts, table.breaks, table.row = [], [], False, -1


@d.dataclass(slots=True)
class Cell:
    """A cell of a table of data.

    :param lines: its text.
    :param span: over how many columns it goes; 0 for a caption, which is above all of them.
    :param rows: over how many rows it goes.
    :param head: whether it says what stands below or beside it.
    """

    lines: list[str]
    span: int = 1
    rows: int = 1
    head: bool = False

    @property
    def text(self) -> str:
        return " ".join(self.lines)


def laid_out(rows: list[list[Cell]], width: int) -> list[str]:
    """The lines of a table: in columns where they fit into *width*, else one cell below the other."""
    rows = [row for row in _filled_up(rows) if any(cell.lines for cell in row)]
    count = max((sum(cell.span for cell in row) for row in rows), default=0)
    widths = _widths(rows, count, width) if count <= _MOST else None
    if widths is None:
        return _records(rows, width)
    right = [_is_numeric(rows, column) for column in range(count)]
    lines: list[str] = []
    for number, row in enumerate(rows):
        lines += _row(row, widths, right, width)
        following = rows[number + 1] if number + 1 < len(rows) else None
        if _is_head(row) and following is not None and not _is_head(following):
            lines.append(_GAP.join("-" * wide for wide in widths if wide))
    return lines


def _filled_up(rows: list[list[Cell]]) -> c.Iterator[list[Cell]]:
    """The rows with empty cells where one from above reaches down."""
    reaching: dict[int, tuple[int, int]] = {}  # by column: how many more rows, and over how many columns
    for row in rows:
        made: list[Cell] = []
        column = 0
        for cell in row:
            while column in reaching:
                made.append(Cell([], reaching[column][1]))
                column += made[-1].span
            made.append(cell)
            column += cell.span
        reaching = {at: (more - 1, span) for at, (more, span) in reaching.items() if more > 1}
        column = 0
        for cell in made:
            if cell.rows > 1 and cell.lines and column < _MOST:
                reaching[column] = cell.rows - 1, cell.span
            column += cell.span
        yield made


def _at(row: list[Cell], column: int) -> Cell | None:
    """The cell that fills this column alone, if there is one with text."""
    for cell in row:
        if column == 0 and cell.span == 1:
            return cell if cell.lines else None
        column -= cell.span
        if column < 0:
            break
    return None


def _is_head(row: list[Cell]) -> bool:
    return bool(row) and all(cell.head for cell in row if cell.lines)


def _is_numeric(rows: list[list[Cell]], column: int) -> bool:
    cells = [cell for row in rows if not _is_head(row) and (cell := _at(row, column))]
    return bool(cells) and all(_NUMERIC.fullmatch(cell.text) for cell in cells)


def _widths(rows: list[list[Cell]], count: int, width: int) -> list[int] | None:
    """How wide each column is; ``None`` where they do not fit."""
    natural, least = [0] * count, [0] * count
    for row in rows:
        column = 0
        for cell in row:
            if cell.span == 1:
                for line in cell.lines:
                    natural[column] = max(natural[column], columns(line))
                    longest = max(map(columns, line.split()), default=0) if columns(line) > _NARROWEST else 0
                    least[column] = max(least[column], min(longest, columns(line)), min(columns(line), _NARROWEST))
            column += cell.span
    gaps = len(_GAP) * (sum(map(bool, natural)) - 1)
    while sum(natural) + gaps > width:
        widest = max(range(count), key=lambda column: natural[column] - least[column])
        spare = natural[widest] - least[widest]
        if spare <= 0:
            return None
        natural[widest] -= min(spare, sum(natural) + gaps - width)
    return natural


def _row(row: list[Cell], widths: list[int], numeric: list[bool], width: int) -> c.Iterator[str]:
    cells: list[tuple[list[str], int, bool]] = []  # lines, columns, whether they stand on the right
    column = 0
    for cell in row:
        spanned = [each for each in widths[column : column + cell.span] if each]
        room = sum(spanned) + len(_GAP) * (len(spanned) - 1)
        if not cell.span:
            room = width
        elif column + cell.span >= len(widths) and cell.span > 1:
            room = width - sum(each + len(_GAP) for each in widths[:column] if each)
        if spanned or cell.lines:
            lines = [part for line in cell.lines for part in wrapped(line, max(room, 1))]
            cells.append((lines, max(room, 0), cell.span == 1 and numeric[column]))
        column += cell.span
    for number in range(max((len(lines) for lines, _, _ in cells), default=0)):
        parts = [_padded(lines[number] if number < len(lines) else "", room, right) for lines, room, right in cells]
        yield _GAP.join(parts).rstrip()


def _padded(text: str, room: int, right: bool) -> str:
    blanks = " " * (room - columns(text))
    return blanks + text if right else text + blanks


def _records(rows: list[list[Cell]], width: int) -> list[str]:
    """Row after row, each cell on a line of its own, after its column's heading where there is one."""
    pairs = all(sum(map(bool, (cell.lines for cell in row))) <= 2 for row in rows)
    heads = [cell.text for cell in rows[0]] if rows and _is_head(rows[0]) and len(rows) > 1 else []
    lines: list[str] = []
    for row in rows[1:] if heads else rows:
        made: list[str] = []
        filled = [(column, cell) for column, cell in enumerate(row) if cell.lines]
        if pairs and not heads and len(filled) == 2 and columns(filled[0][1].text) <= _LABEL:
            made += _labelled(filled[0][1].text, filled[1][1], width)
        else:
            for column, cell in filled:
                made += _labelled(heads[column] if column < len(heads) else "", cell, width)
        if lines and (len(made) > 1 or heads):
            lines.append("")
        lines += made
    return lines


def _labelled(label: str, cell: Cell, width: int) -> list[str]:
    start = f"{label.rstrip(':：')}: " if label else ""
    lines: list[str] = []
    for line in cell.lines:
        lines += wrapped(line, width, start, "  " if label else "")
        start = "  " if label else ""
    return lines
