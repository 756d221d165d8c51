"""The screens on the page are those of the tests."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from flask_mail.cli.alone import main

from ..test_docs import Block
from ..test_docs import blocks
from ..test_docs import DOCS
from .test_faults import SCREENS

PAGE = DOCS / "doctor.md"
SHOWN = [block for block in blocks(PAGE) if block.mark == "doctor"]


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.details)
def test_a_screen_is_shown_as_it_is(block: Block) -> None:
    assert block.code == (SCREENS / f"{block.details}.txt").read_text("utf-8")


def test_there_are_five_screens_in_both_languages() -> None:
    assert len(SHOWN) >= 5
    assert {block.details.rpartition(".")[2] for block in SHOWN} == {"en", "zh"}


def test_every_option_is_explained() -> None:
    options = set(re.findall(r"(--[a-z-]+)", CliRunner().invoke(main, ["doctor", "--help"]).output))
    explained = set(re.findall(r"^`(?:-v, )?(--[a-z-]+)", PAGE.read_text("utf-8"), re.MULTILINE))
    assert explained == options - {"--help"}
