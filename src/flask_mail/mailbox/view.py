"""A mail as one page shows it, whether it was captured or is a preview."""

from __future__ import annotations

import dataclasses as d
import datetime
import functools
import logging
import typing as t
import urllib.parse

from flask import request

from ..message.finding import Finding
from ..templates.lint import lint_octets
from .frame import has_dark
from .frame import SANDBOX
from .frame import wants_remote
from .guards import state
from .letter import Letter
from .snippet import snippet

logger: logging.Logger = logging.getLogger("flask_mail")

LONGEST_SOURCE: t.Final = 400_000
"""Octets of the source, and characters of the text, that are shown; the rest is in the download."""


@d.dataclass
class View:
    """What the template of a mail is given.

    :param base: the address of this mail; what belongs to it stands below.
    :param record: its envelope.
    :param query: what is added to each address, such as the locale of a preview.
    :param name: the mail's name in the store; empty for a preview.
    :param came: when it came.
    """

    base: str
    letter: Letter
    record: dict[str, t.Any]
    query: dict[str, str] = d.field(default_factory=dict[str, str])
    name: str = ""
    came: datetime.datetime | None = None

    sandbox = SANDBOX

    @functools.cached_property
    def subject(self) -> str:
        return self.letter.header("Subject") or "(no subject)"

    @functools.cached_property
    def tabs(self) -> list[tuple[str, str, int]]:
        """Name, label and count of each tab."""
        found = [("html", "HTML", 0)] if self.letter.html is not None else []
        if self.letter.text is not None or not found:
            found.append(("text", "Text", 0))
        found += [("headers", "Headers", 0), ("source", "Source", 0), ("parts", "Parts", 0)]
        if self.letter.attachments:
            found.append(("attachments", "Attachments", len(self.letter.attachments)))
        if self.findings is not None:
            found.append(("lint", "Lint", len(self.findings)))
        return found

    @functools.cached_property
    def tab(self) -> str:
        """The tab that is shown."""
        names = [name for name, _, _ in self.tabs]
        asked = request.args.get("tab", "")
        return asked if asked in names else names[0]

    @functools.cached_property
    def findings(self) -> list[Finding] | None:
        """What its readers will stumble over; ``None`` where it is too broken to tell."""
        if self.letter.trouble:
            return None
        try:
            return lint_octets(self.letter.octets, state(), recipients=self.recipients)
        except Exception:
            logger.exception("%s could not be looked through", self.record["message_id"])
            return None

    def address(self, path: str = "", **more: str) -> str:
        """The address of something that belongs to this mail."""
        query = urllib.parse.urlencode({**self.query, **more})
        return f"{self.base}{'/' if path else ''}{path}{'?' if query else ''}{query}"

    @property
    def sender(self) -> str:
        return str(self.record["sender"])

    @property
    def recipients(self) -> list[str]:
        return list(self.record["recipients"])

    @functools.cached_property
    def bcc(self) -> list[str]:
        """Recipients of the envelope that no header names."""
        named = {address.lower() for name in ("To", "Cc") for address in self.letter.addresses(name)}
        return [each for each in self.recipients if each.lower() not in named]

    @property
    def sent(self) -> dict[str, t.Any] | None:
        """What the server said, where it was really sent."""
        return self.record.get("sent")

    @property
    def remote(self) -> bool:
        """Whether the HTML would load something from elsewhere."""
        return wants_remote(self.letter.html or "")

    @property
    def dark(self) -> bool:
        """Whether the HTML has dark colours of its own."""
        return has_dark(self.letter.html or "")

    @functools.cached_property
    def _text(self) -> str:
        return self.letter.readable

    @property
    def text(self) -> str:
        return self._text[:LONGEST_SOURCE]

    @property
    def text_shortened(self) -> bool:
        return len(self._text) > LONGEST_SOURCE

    @property
    def source(self) -> str:
        return self.letter.octets[:LONGEST_SOURCE].decode("utf-8", "replace").replace("\r\n", "\n")

    @property
    def shortened(self) -> bool:
        return len(self.letter.octets) > LONGEST_SOURCE

    @property
    def test(self) -> str:
        return snippet(self.letter, self.recipients)
