"""The doctor's own words, in English and Chinese; they stand in ``words.toml``."""

from __future__ import annotations

import functools
import pathlib
import tomllib
import typing as t

LANGUAGES: t.Final = ("en", "zh")


class Words:
    """The texts in one language.

    :param language: one of :data:`LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"

    def text(self, key: str, /, **fields: t.Any) -> str:
        """A sentence or less."""
        return str(table()["texts"][key][self.language]).format(**fields)

    def label(self, name: str) -> str:
        """The name of a check or a group."""
        return str(table()["labels"][name][self.language])

    def trouble(self, cause: str, /, **fields: t.Any) -> tuple[str, str]:
        """What is wrong, and what to do about it."""
        summary, remedy = table()["troubles"][cause][self.language]
        return str(summary).format(**fields), str(remedy).format(**fields)


@functools.cache
def table() -> dict[str, t.Any]:
    """All texts: section, key, language."""
    return tomllib.loads(pathlib.Path(__file__).with_name("words.toml").read_text("utf-8"))
