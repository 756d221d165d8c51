"""A mail as a test of it: what "copy as test" puts on the clipboard."""

from __future__ import annotations

import email.utils
import html
import re
import typing as t

from .letter import Letter

_LINK: t.Final = re.compile(r"<a\b[^>]*\bhref\s*=\s*[\"']?https?:[^>]*>(.*?)</a\s*>", re.IGNORECASE | re.DOTALL)
_TAG: t.Final = re.compile(r"<[^>]*>")


def snippet(letter: Letter, recipients: list[str]) -> str:
    """A test for pytest that finds this mail among those that were sent, and looks at it."""
    subject = letter.header("Subject")
    to = [address for _, address in email.utils.getaddresses([letter.header("To")]) if address] or recipients
    wanted = ", ".join(f"{key}={_quoted(value)}" for key, value in (("to", to[0] if to else ""), ("subject", subject)))
    lines = [
        f"def test_{_name(subject)}(outbox):",
        "    ...  # what sends the mail",
        "",
        f"    msg = outbox.one({wanted})",
    ]
    if line := _telling_line(letter.readable):
        lines.append(f"    assert {_quoted(line)} in msg.text")
    if label := _link(letter.html or ""):
        lines.append(f"    assert msg.link({_quoted(label)})")
    lines += [f"    assert msg.attachment({_quoted(part.filename)})" for part in letter.attachments if part.filename]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPED.get(each, each) for each in text) + '"'


_ESCAPED: t.Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _name(subject: str) -> str:
    words = re.findall(r"\w+", subject.lower())
    return "_".join(words)[:50].rstrip("_") or "the_mail"


def _telling_line(text: str) -> str:
    """The first line with enough in it to be recognised by."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return next((line for line in lines if 8 <= len(line) <= 90 and "://" not in line and line.strip("=-_*#")), "")


def _link(source: str) -> str:
    """The words of the first link that has some."""
    labels = (" ".join(html.unescape(_TAG.sub(" ", match[1])).split()) for match in _LINK.finditer(source))
    return next((label for label in labels if label), "")
