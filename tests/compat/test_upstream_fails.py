"""Every test in ``troubles/`` fails with Flask-Mail 0.10.0: run there, in a process of its own, and counted by name.

Flask-Mail itself lies in the folder ``flask-mail-0.10.0`` below ``POSTBOX_PEERS`` (``.peers`` unless set), where
``./dev test`` puts it.
"""

from __future__ import annotations

import collections
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from .troubles import test_troubles

ROOT = pathlib.Path(__file__).parents[2]
UPSTREAM = pathlib.Path(os.environ.get("POSTBOX_PEERS", ROOT / ".peers")).resolve() / "flask-mail-0.10.0"
NAMES = [name for name in vars(test_troubles) if name.startswith("test_trouble_")]


def run_with_upstream(*command: str) -> subprocess.CompletedProcess[str]:
    """Run Python where ``import flask_mail`` finds Flask-Mail."""
    environment = {**os.environ, "PYTHONPATH": str(UPSTREAM), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The outcomes of each test of ``troubles/`` with Flask-Mail, over all its parameters."""
    assert (UPSTREAM / "flask_mail").is_dir(), (
        f"Flask-Mail is not in {UPSTREAM}: pip install --target {UPSTREAM} --no-deps Flask-Mail==0.10.0"
    )
    report = tmp_path_factory.mktemp("upstream") / "report.xml"
    # It leaves sockets open where it fails; that is not what is counted here.
    leaks = ["-W", "ignore::ResourceWarning", "-W", "ignore::pytest.PytestUnraisableExceptionWarning"]
    folder = pathlib.Path(test_troubles.__file__).parent
    done = run_with_upstream("-m", "pytest", "-p", "no:cacheprovider", *leaks, f"--junitxml={report}", str(folder))
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    found: dict[str, set[str]] = collections.defaultdict(set)
    for case in ET.parse(report).iter("testcase"):
        outcome = {child.tag for child in case} & {"failure", "error", "skipped"}
        found[case.attrib["name"].partition("[")[0]] |= outcome or {"passed"}
    return found


def test_it_is_flask_mail_that_is_run() -> None:
    done = run_with_upstream("-c", "import flask_mail; print(flask_mail.__file__)")
    assert done.stdout.strip() == str(UPSTREAM / "flask_mail" / "__init__.py"), done.stderr


def test_every_trouble_of_the_ground_floor_is_there() -> None:
    numbers = {int(name.split("_")[2]) for name in NAMES}
    assert numbers == {2, 11, 13, 14, 16, 17, 18, 20, 22, 23, 24, 32}


@pytest.mark.parametrize("name", NAMES)
def test_fails_with_flask_mail(outcomes: dict[str, set[str]], name: str) -> None:
    assert outcomes[name] == {"failure"}
