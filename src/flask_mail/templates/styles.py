"""CSS in the elements: many mail programs drop style sheets."""

from __future__ import annotations

import functools
import re
import typing as t

from ..errors import MissingExtraError

if t.TYPE_CHECKING:
    from css_inline import CSSInliner

_STYLE = re.compile(r"<style\b", re.IGNORECASE)
_CONDITIONAL = re.compile(r"""(<style\b)[^>]*?\smedia\s*=\s*(?:["']([^"']*)["']|([^\s>"']+))""", re.IGNORECASE)


def inlined(html: str) -> str:
    """*html* with the rules of its ``<style>`` elements written into the elements they are for.

    What no attribute can hold, such as media queries and ``a:hover``, stays in the ``<style>``. Nothing is fetched,
    neither from the network nor from disk.

    :raises MissingExtraError: css-inline is not installed.
    """
    return _inliner().inline(_CONDITIONAL.sub(_kept, html)) if _STYLE.search(html) else html


def _kept(style: re.Match[str]) -> str:
    """A style sheet for some media only is left alone, as rules in ``@media`` are."""
    medium = (style[2] or style[3]).strip().lower()
    return (
        style[0] if medium in ("", "all", "screen") else f"{style[1]} data-css-inline=ignore{style[0][len(style[1]) :]}"
    )


@functools.cache
def _inliner() -> CSSInliner:
    try:
        from css_inline import CSSInliner
    except ImportError:
        raise MissingExtraError("MAIL_INLINE_CSS", "css") from None
    return CSSInliner(
        keep_style_tags=True,
        keep_at_rules=True,
        keep_link_tags=True,
        remove_inlined_selectors=True,
        load_remote_stylesheets=False,
    )
