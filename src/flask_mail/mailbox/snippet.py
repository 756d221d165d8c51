"""A mail as a test of it: what "copy as test" puts on the clipboard."""

from __future__ import annotations

import contextlib
import html.parser
import re
import typing as t
import unicodedata

from .letter import Letter

_MOST: t.Final = 1 << 18
"""Characters of the HTML that are looked at for a link."""
_PIECE: t.Final = 1 << 14


def snippet(letter: Letter, recipients: list[str]) -> str:
    """A test for pytest that finds this mail among those that were sent, and looks at it."""
    subject = letter.header("Subject")
    to = letter.addresses("To")
    who = ("to", to[0]) if to else ("recipients", recipients[0] if recipients else "")
    wanted = ", ".join(f"{key}={_quoted(value)}" for key, value in (who, ("subject", subject)))
    lines = [
        f"def test_{_name(subject)}(outbox):",
        "    ...  # what sends the mail",
        "",
        f"    msg = outbox.one({wanted})",
    ]
    if line := _telling_line(letter.text or ""):
        lines.append(f"    assert {_quoted(line)} in msg.text")
    if label := _link(letter.html or ""):
        lines.append(f"    assert msg.link({_quoted(label)})")
    lines += [f"    assert msg.attachment({_quoted(name)})" for name in _once([p.filename for p in letter.attachments])]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A literal that shows what it holds: nothing invisible, and nothing that turns the line around."""
    return '"' + "".join(_ESCAPED.get(each) or _visible(each) for each in text) + '"'


_ESCAPED: t.Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _visible(char: str) -> str:
    return char if char.isprintable() else char.encode("ascii", "backslashreplace").decode("ascii")


def _name(subject: str) -> str:
    """A name for the test; only what an identifier may hold (Python does not take all that is alphanumeric)."""
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", subject).lower())
    name = "_".join(words)[:50].rstrip("_")
    return name if f"x{name}".isidentifier() and name else "the_mail"


def _once(names: list[str]) -> list[str]:
    """Those of *names* that one part has, and no other."""
    return [name for name in names if name and names.count(name) == 1]


def _telling_line(text: str) -> str:
    """The first line with enough in it to be recognised by, as it stands there."""
    lines = (line.strip() for line in text.split("\n"))
    fits = (line for line in lines if 8 <= len(line) <= 90 and line.isprintable())
    return next((line for line in fits if "://" not in line and line.strip("=-_*#")), "")


def _link(source: str) -> str:
    """The words of the first link that has some, and that no other has."""
    reader = _Labels()
    with contextlib.suppress(AssertionError):  # how the parser gives up at a broken declaration
        for start in range(0, min(len(source), _MOST), _PIECE):  # at once, tags without an end take quadratic time
            reader.feed(source[start : start + _PIECE])
    return next(iter(_once(reader.labels)), "")


class _Labels(html.parser.HTMLParser):
    """What links show, as :mod:`flask_mail.testing` reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.labels: list[str] = []
        self._words: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._end()
            target = (dict(attrs).get("href") or "").strip()
            self._words = [dict(attrs).get("aria-label") or ""] if target and not target.startswith("#") else None
        elif tag == "img" and self._words is not None:
            self._words.append(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end()

    def handle_data(self, data: str) -> None:
        if self._words is not None:
            self._words.append(data)

    def _end(self) -> None:
        if self._words is not None:
            self.labels.append(" ".join("".join(self._words).split()))
        self._words = None
