"""How a report becomes text."""

from __future__ import annotations

import string

import pytest

from flask_mail.doctor.report import Finding
from flask_mail.doctor.report import Report
from flask_mail.doctor.report import Trouble
from flask_mail.doctor.report import worst
from flask_mail.doctor.screen import Screen
from flask_mail.doctor.screen import width
from flask_mail.doctor.screen import wrapped
from flask_mail.doctor.words import LANGUAGES
from flask_mail.doctor.words import table
from flask_mail.doctor.words import Words

REPORT = Report(
    "smtp.example.com:587",
    (
        Finding("settings", "configuration", "3 set", seconds=0.0004),
        Finding("connect", "server", "x" * 200, (Trouble("refused", "No. " * 60, "Do. " * 60, "https://e.example"),)),
        Finding("login", "server", "说" * 90, seconds=12.34, notes=("note " * 40,)),
    ),
    12.5,
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("columns", [40, 57, 80, 100])
def test_no_line_is_wider_than_the_terminal(columns: int, language: str) -> None:
    lines = [*Screen(Words(language), columns=columns).lines(REPORT)]
    assert max(width(line) for line in lines if "xxx" not in line) <= columns
    assert lines == [line.rstrip() for line in lines]


def test_a_wide_terminal_is_not_filled() -> None:
    assert max(width(line) for line in Screen(Words("en"), columns=300).lines(REPORT) if "xxx" not in line) <= 100


def test_marks_are_ascii_where_wanted() -> None:
    report = Report("x", (Finding("settings", "configuration", "3 set", seconds=0.1),), 0.1)
    screen = "\n".join(Screen(Words("en"), unicode=False).lines(report))
    assert screen.isascii()
    assert "ok Configuration" in screen


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("  one\n two ", 80, ["one two"]),
        ("", 10, [""]),
        ("https://example.com/long/address", 10, ["https://example.com/long/address"]),
        ("服务器不接受", 6, ["服务器", "不接受"]),
        ("请核对，再试。", 6, ["请核", "对，再", "试。"]),
    ],
)
def test_wrapping(text: str, columns: int, lines: list[str]) -> None:
    assert wrapped(text, columns) == lines


def test_the_worst_child_marks_its_parent() -> None:
    assert worst(["ok", "fail", "warn", "skip"]) == "fail"
    assert worst(["ok", "warn", "skip"]) == "warn"
    assert worst(["skip", "ok"]) == "ok"
    assert worst([]) == "skip"


@pytest.mark.parametrize("section", ["labels", "texts", "troubles"])
def test_every_text_says_the_same_in_each_language(section: str) -> None:
    for key, said in table()[section].items():
        assert said.keys() == {*LANGUAGES}, key
        fields = []
        for language in LANGUAGES:
            texts = said[language] if section == "troubles" else [said[language]]
            assert len(texts) == (2 if section == "troubles" else 1)
            fields.append({name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name})
        assert fields[0] == fields[1], key
