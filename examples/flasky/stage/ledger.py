"""A table of deliveries for a terminal, which is printed line by line as they arrive."""

import unicodedata

from .postbox import Delivery

WIDTHS = {"": 2, "time": 8, "to": 18, "subject": 36, "size": 6, "parts": 0}
GAP = "  "


def heading() -> str:
    return line(*WIDTHS)


def row(delivery: Delivery) -> str:
    return line(
        "",
        f"{delivery.time:%H:%M:%S}",
        ", ".join(delivery.recipients),
        delivery.subject,
        f"{len(delivery.content) / 1000:.1f} kB",
        ", ".join(delivery.parts),
    )


def line(*cells: str) -> str:
    return GAP.join(pad(cell, width) for cell, width in zip(cells, WIDTHS.values(), strict=True))


def pad(text: str, width: int) -> str:
    """*text* with blanks up to *width* columns; a Chinese character takes two of them."""
    return text + " " * (width - sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text))
