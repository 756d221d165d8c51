"""The directive ``error-index``: every cause of the table of diagnosis, with the words by which people look for it.

.. code-block:: rst

    .. error-index:: en
"""

from __future__ import annotations

import typing as t

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from flask_mail.diagnosis import CAUSES
from flask_mail.diagnosis import rows
from flask_mail.diagnosis import texts

WORDS = {
    "en": {
        "seen": "Seen as:",
        "again": "Trying again:",
        True: "may help.",
        False: "does not help.",
        None: "may help where the reply begins with a 4.",
    },
    "zh": {
        "seen": "原文：",
        "again": "重试：",
        True: "可能有用。",
        False: "没有用。",
        None: "答复以 4 开头时可能有用。",
    },
}


class ErrorIndex(SphinxDirective):
    """A section for each label, in the order of the alphabet."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        [language] = self.arguments
        if language not in texts.LANGUAGES:
            raise self.error(f"{language} is not a language of the advice")
        lines = [line for cause in sorted(CAUSES) for line in _section(cause, language)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def _section(cause: str, language: str) -> list[str]:
    of = [row for row in rows.TABLE if row.cause == cause]
    wordings = sorted({row.words for row in of} | {""})
    words = WORDS[language]
    lines = ["", f".. _error-{cause}-{language}:", "", cause, "-" * len(cause), ""]
    for wording in wordings:
        said = texts.of(cause, wording, language)
        lines += [f"**{said['summary']}** {said['remedy']}", ""]
        seen = [one for row in of if row.words == wording for one in row.seen]
        if seen:
            lines += [words["seen"], "", ".. code-block:: text", "", *[f"    {one}" for one in seen], ""]
    return [*lines, f"{words['again']} {words[CAUSES[cause]]}", ""]


def setup(app: Sphinx) -> dict[str, t.Any]:
    app.add_directive("error-index", ErrorIndex)
    return {"version": "1", "parallel_read_safe": True}
