"""The plain text of a mail that has only HTML."""

from __future__ import annotations

from ..mime.plaintext import from_html


def text_of(html: str) -> str:
    """What a reader without HTML gets: within 78 columns, with every link.

    :returns: the text, which ends with a line end unless it is empty.
    """
    return from_html(html)
