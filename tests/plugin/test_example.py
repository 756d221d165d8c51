"""The example app's own tests, which use the plugin."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

FLASKY = pathlib.Path(__file__).parents[2] / "examples" / "flasky"


@pytest.mark.parametrize("beside", [("-p", "no:flask"), ()], ids=["alone", "beside pytest-flask"])
def test_the_tests_of_the_example_pass(beside: tuple[str, ...]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAIL_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *beside]
    done = subprocess.run(command, cwd=FLASKY, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
