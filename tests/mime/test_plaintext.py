"""HTML -> text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_mail.mime.plaintext import from_html

NEWSLETTER = """<!DOCTYPE html>
<html><head><title>News</title><style>p { color: red }</style></head>
<body>
<div style="display: none">A preview line</div>
<h1>Hello &amp; welcome</h1>
<h2>您好</h2>
<p>This is <b>bold</b>, and a
   <a href="https://example.com/?a=1&amp;b=2">link</a>.<br>A new line</p>
<ul><li>one</li><li>two<ul><li>nested</li></ul></li></ul>
<ol start="3"><li>three<li>four</ol>
<blockquote><p>quoted</p><p>twice</p></blockquote>
<pre>  as
    it is</pre>
<table><tr><td>left</td><td>right</td></tr></table>
<img src="cid:logo" alt="Our logo">
<script>alert("<p>no</p>")</script>
</body></html>
"""

TEXT = """\
Hello & welcome
===============

您好
----

This is bold, and a link <https://example.com/?a=1&b=2>.
A new line

- one
- two
  - nested

3. three
4. four

> quoted
>
> twice

  as
    it is

left right

[Our logo]
"""


def test_a_newsletter_reads_well() -> None:
    assert from_html(NEWSLETTER) == TEXT


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain\n"),
        ("<p>a</p><p>b</p>", "a\n\nb\n"),
        ("a<br><br><br>b", "a\n\nb\n"),
        ("a<hr>b", f"a\n\n{'-' * 40}\n\nb\n"),
        ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2\n"),
        ("a <!-- no --> b", "a b\n"),
        ("a<!-- never closed", "a\n"),
        ("a<script>x", "a\n"),
        ("a <b", "a <b\n"),
        ('<a href="https://x.y">https://x.y</a>', "https://x.y\n"),
        ('<a href="mailto:a@x.y">a@x.y</a>', "a@x.y\n"),
        ('<a href="#top">top</a>', "top\n"),
        ('<a href="https://x.y"><img alt="pic"></a>', "[pic] <https://x.y>\n"),
        ('<img alt="a > b">', "[a > b]\n"),
        ("<p hidden>no</p><p>yes</p>", "yes\n"),
        ("<li>loose</li>", "loose\n"),
        ("</ul></li></p>x", "x\n"),
        ("a&nbsp;b &#x540d;", "a b 名\n"),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";\n"),
    ],
)
def test_pieces(html: str, text: str) -> None:
    assert from_html(html) == text


PIECES = [
    "<!--",
    "<",
    "<a",
    "<a b='",
    "</",
    "<?",
    "<![CDATA[",
    "<script>",
    "<a =",
    "<ul>",
    "<ul><li>",
    "<blockquote>",
    "<div hidden>",
]
PIECES += ["<h1>", "&#", "&amp", "<a href=x>", "<p style='", "<a \"'>", "</a>", "<br>", "<pre>\n", ">", '"']


TABLES = ["<table>", "</table>", "<tr>", "</tr>", "<td>", "<th>", "<td colspan=3>", "<td rowspan=2>", "<caption>"]


@pytest.mark.parametrize("piece", [*PIECES, *TABLES])
def test_time_is_linear_whatever_the_input(piece: str) -> None:
    """The stdlib's parser takes seconds for some of these."""
    html = (piece * 100_000)[:100_000]
    began = time.process_time()
    from_html(html)
    assert time.process_time() - began < 1


@given(
    st.lists(
        st.one_of(st.sampled_from([*PIECES, *TABLES, "</ul>", "</li>", "</blockquote>", " ", "x"]), st.text(max_size=5))
    ).map("".join)
)
def test_any_input_gives_text(html: str) -> None:
    text = from_html(html)
    assert not text or text.endswith("\n")
