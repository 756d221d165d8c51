"""Mails written in Markdown (CommonMark), with tables.

A value that a template prints is text, whatever is in it: all ASCII punctuation in it becomes character references,
which are never structure (CommonMark 0.31 §2.5) and are safe inside of HTML, too.
"""

from __future__ import annotations

import functools
import re
import typing as t

from markupsafe import Markup

from ..errors import MissingExtraError

if t.TYPE_CHECKING:
    from markdown_it import MarkdownIt

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_OURS = re.compile(r"&#(3[3-9]|4[0-7]|5[89]|6[0-4]|9[1-6]|12[3-6]);")
_PLAIN_URL = re.compile(r"(?:https?://|mailto:)(?:[\w\-.~:/?#@$+,;=%]|&(?![\w#]+;))+", re.ASCII)


def escaped(value: t.Any) -> Markup:
    """*value* as Markdown that reads as it is written. Markup stays, and so do addresses of pages, as they may stand
    in ``<...>``, where no references are understood (CommonMark 0.31 §6.5)."""
    if hasattr(value, "__html__"):
        return Markup(value)  # noqa: S704 - it is already
    text = str(value)
    if _PLAIN_URL.fullmatch(text):
        return Markup(text)  # noqa: S704 - nothing in it could be structure
    return Markup(_PUNCTUATION.sub(_reference, text))  # noqa: S704 - escaped here


def _reference(character: re.Match[str]) -> str:
    return f"&#{ord(character[0])};"


def to_html(source: str) -> str:
    """HTML of *source*. HTML in it stays; values in it have been :func:`escaped`.

    :raises MissingExtraError: markdown-it-py is not installed.
    """
    parser = _parser()
    tokens = parser.parse(source)
    for token in tokens:
        for each in (token, *(token.children or ())):
            if each.type in ("code_inline", "code_block", "fence"):  # where references are text
                each.content = _OURS.sub(lambda reference: chr(int(reference[1])), each.content)
    return str(parser.renderer.render(tokens, parser.options, {}))


@functools.cache
def _parser() -> MarkdownIt:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise MissingExtraError("A mail in Markdown (.md)", "markdown") from None
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
