"""HTML -> text: mails as they are really written, in ``texts/``, each with the text that it should read as."""

from __future__ import annotations

import gc
import html.parser
import pathlib
import time

import pytest

from flask_mail.mime.columns import columns
from flask_mail.templates.text import text_of

TEXTS = pathlib.Path(__file__).parent / "texts"
MAILS = sorted(TEXTS.glob("*.html"))


class Links(html.parser.HTMLParser):
    """Where the links of a page lead."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def test_there_are_twenty_mails_each_with_its_text() -> None:
    assert len(MAILS) == 20
    assert [path.stem for path in MAILS] == sorted(path.stem for path in TEXTS.glob("*.txt"))


@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_a_mail_reads_as_written_beside_it(mail: pathlib.Path) -> None:
    assert text_of(mail.read_text("utf-8")) == mail.with_suffix(".txt").read_text("utf-8")


@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_it_keeps_every_link(mail: pathlib.Path) -> None:
    source = mail.read_text("utf-8")
    text = text_of(source)
    for link in Links(source).found:
        shown = link.removeprefix("mailto:")
        assert shown in text or (link.startswith("tel:") and link[-6:] in "".join(filter(str.isdigit, text))), link


@pytest.mark.parametrize("mail", MAILS, ids=lambda path: path.stem)
def test_it_stays_within_78_columns(mail: pathlib.Path) -> None:
    for line in text_of(mail.read_text("utf-8")).splitlines():
        assert columns(line) <= 78 or len(line.split()) == 1, line


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<table><tr><td>a</td><td>1</td></tr><tr><td>bb</td><td>22</td></tr></table>", "a    1\nbb  22\n"),
        ("<table><tr><th>A</th><th>B</th></tr><tr><td>a</td><td>b</td></tr><tr><td>", "A B\na b\n"),  # never closed
        ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a\n\nb\n"),
        ("<table><caption>C</caption><tr><td>a<td>b<tr><td>c<td>d</table>", "C\na  b\nc  d\n"),
        ("<table><tr style='display:none'><td>a<td>b<tr><td>c<td>d<tr><td>e<td>f</table>", "c  d\ne  f\n"),
        ("<table style='display:none'><tr><td>a<td>b<tr><td>c<td>d</table>x", "x\n"),
        ("<table><tr><td rowspan=2>a<td>b<tr><td>c<tr><td>d<td>e</table>", "a  b\n   c\nd  e\n"),
        ("<table><tr><td>20.10.2026<td>x<tr><td>1.1.2026<td>y</table>", "20.10.2026  x\n1.1.2026    y\n"),
        ('<a href="https://a.example/">a.example</a>', "https://a.example/\n"),
        ('<a href="https://a.example"></a>', "<https://a.example>\n"),
        ('<p>x</p><a href="https://a.example"><div>y</div></a>', "x\n\ny <https://a.example>\n"),
        ('<a href="tel:+4930123">+49 30 123</a>', "+49 30 123\n"),
        ("<p>x</p><a href='https://a.example'><img src=y></a><p>z</p>", "x\n\n<https://a.example>\n\nz\n"),
        ("x<br><a href='https://a.example'><img src=y></a>", "x\n<https://a.example>\n"),
        ("<p>x <a href='https://a.example'></a>", "x <https://a.example>\n"),
        (
            "<a href='https://a.example'>x</a><a href='https://b.example'>y</a>.",
            "x <https://a.example> y <https://b.example>.\n",
        ),
        ("<a href='https://a.example'>字</a>字", "字 <https://a.example>字\n"),
        ("<a href=' https://a.example/x y\n>'>z</a>", "z <https://a.example/x%20y%3E>\n"),
        ("<a href='tel:+49 30 123'>call</a>", "call <tel:+4930123>\n"),
        ("<map><area href='https://a.example' alt='North'><area></map>", "[North] <https://a.example>\n"),
        ("<p>Test&shy;auto&#8203;mat</p>", "Testautomat\n"),
        ("<h1>您好</h1>", "您好\n====\n"),
        ("<pre>" + "x " * 50 + "</pre>", ("x " * 50).rstrip() + "\n"),
        ("<p>" + "字" * 40 + "。</p>", "字" * 39 + "\n字。\n"),
        ("<p>" + "字" * 39 + "。</p>", "字" * 38 + "\n字。\n"),
    ],
)
def test_pieces(html: str, text: str) -> None:
    assert text_of(html) == text


ROW = (
    "<tr><td style='padding: 8px'><table role='presentation'><tr><td><p style='margin: 0 0 16px; color: #333'>Some "
    "text <a href='https://example.com/?a=1&amp;b=2'>with a link</a> and more of it.</p></td></tr></table></td></tr>"
)
DATA = "<tr><td>Managed server</td><td>720</td><td>$1.25</td><td>$900.00</td></tr>"


@pytest.mark.parametrize(
    "piece",
    [
        ROW,
        DATA,
        "<table><tr><td>",
        "<table><tr><td>a<td>b<tr><td>a<td>b",
        "<td>",
        "<td colspan=50>x<td>y</td>",
        "<td rowspan=999>x<td rowspan=999>y<tr>",
        "<tr><td>x<td>y",
        "字",
        "字, ",
        "é",
        "word ",
        "<li><p>",
        "<a href=x>y",
    ],
)
@pytest.mark.parametrize("around", [("", ""), ("<table>", "</table>"), ("<table><tr><td>a<td>b<tr>", "</table>")])
def test_time_is_linear_with_tables_too(piece: str, around: tuple[str, str]) -> None:
    def seconds(size: int) -> float:
        html = around[0] + piece * (size // len(piece)) + around[1]
        gc.disable()  # what other tests have left takes long to go through
        try:
            began = time.process_time()
            text_of(html)
            return time.process_time() - began
        finally:
            gc.enable()

    assert seconds(100_000) < 1
    # 8 where it is linear, 64 where it is quadratic; caches that others use make it more
    assert min(seconds(200_000) for _ in range(2)) < 28 * max(min(seconds(25_000) for _ in range(3)), 0.01)
