"""The progress bar as a line of text."""

from __future__ import annotations

import pytest

from flask_mail.cli.bar import duration
from flask_mail.cli.bar import picture


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ((0, 10, 0.0, 0, 60), "0%  0 of 10"),
        ((5, 10, 2.5, 0, 60), "50%  5 of 10  2.5/s  0:02 left"),
        ((10, 10, 50.0, 3, 60), "100%  10 of 10  50/s  0:00 left  3 not sent"),
        ((12345, 2000000, 100.0, 0, 60), "1%  12,345 of 2,000,000  100/s  5:31:17 left"),
        ((7, None, 3.0, 1, 60), "7  3.0/s  1 not sent"),
        ((7, None, 0.0, 0, 5), "7"),
        ((0, 0, 0.0, 0, 60), "0 of 0"),
    ],
)
def test_a_picture(given: tuple[int, int | None, float, int, int], line: str) -> None:
    drawn = picture(*given)
    assert drawn.lstrip("#- ") == line
    assert len(drawn) < given[-1]


@pytest.mark.parametrize("columns", [1, 5, 20, 40, 80, 200])
def test_it_is_never_wider_than_the_terminal(columns: int) -> None:
    assert len(picture(123456, 1234567, 1234.5, 77, columns)) < columns


def test_the_bar_grows_with_what_is_done() -> None:
    full = [picture(done, 100, 0.0, 0, 80).count("#") for done in range(101)]
    assert full == sorted(full)
    assert full[0] == 0
    assert full[100] == 40
    assert "-" not in picture(100, 100, 0.0, 0, 80)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (5.4, "0:05"), (65, "1:05"), (3599.6, "1:00:00"), (7384, "2:03:04"), (5 * 86400, "5 days")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
