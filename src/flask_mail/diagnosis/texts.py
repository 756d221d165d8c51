"""What is said about each cause, and in which language. The words stand in ``texts.en.toml`` and ``texts.zh.toml``."""

from __future__ import annotations

import collections.abc as c
import functools
import importlib.resources
import locale
import os
import tomllib
import typing as t

LANGUAGES: t.Final = ("en", "zh")


def language(wanted: str | None = None) -> str:
    """One of :data:`LANGUAGES`.

    :param wanted: a language or a locale, such as ``zh`` or ``zh_CN.UTF-8``; without it that of the process counts.
    """
    name = (wanted or _of_process()).lower()
    return "zh" if name.startswith(("zh", "chinese")) else "en"


def _of_process() -> str:
    """As gettext finds it: the first variable that is set."""
    named = (os.environ.get(variable) for variable in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next(filter(None, named), None) or locale.getlocale()[0] or "en"


def of(cause: str, words: str, language: str) -> c.Mapping[str, t.Any]:
    """``summary``, ``remedy`` and, where there are, ``link`` and ``transient`` of *cause*.

    :param words: the name of a special wording, or empty.
    """
    texts = _load(language)[cause]
    return {**texts, **texts[words]} if words else texts


def notes(locale: str | None) -> c.Mapping[str, str]:
    """The words around an advice in the notes of an exception, in the language of *locale*."""
    return _load(language(locale))["notes"]


@functools.cache
def _load(language: str) -> dict[str, dict[str, t.Any]]:
    file = importlib.resources.files("flask_mail.diagnosis").joinpath(f"texts.{language}.toml")
    return tomllib.loads(file.read_text("utf-8"))
