"""Two distributions own ``flask_mail``: ours says so, once, and what to do."""

from __future__ import annotations

import pathlib
import subprocess
import sys

PROGRAM = """
import sys
import warnings

sys.path.append(sys.argv[1])  # last: whose files are found first is not what is tested here

from flask import Flask
from flask_mail import Mail

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(2):
        Mail(Flask("an app"))
for warning in caught:
    print(warning.filename, warning.message)
"""


def warnings_beside(site: pathlib.Path, version: str, *files: str) -> list[str]:
    """What is warned of where a distribution Flask-Mail with *files* is installed too."""
    folder = site / f"Flask_Mail-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: Flask-Mail\nVersion: {version}\n")
    own = [f"{folder.name}/METADATA", f"{folder.name}/RECORD"]
    (folder / "RECORD").write_text("".join(f"{file},,\n" for file in [*files, *own]))
    for file in files:
        (site / file).parent.mkdir(exist_ok=True)
        (site / file).touch()
    program = site.parent / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, program, site],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_another_owner_is_warned_of_once_with_the_remedy(tmp_path: pathlib.Path) -> None:
    [line] = warnings_beside(tmp_path / "site", "0.10.0", "flask_mail/__init__.py", "flask_mail/py.typed")
    file, text = line.split(" ", 1)
    assert file == str(tmp_path / "program.py")
    assert "Flask-Mail 0.10.0" in text
    assert "pip uninstall Flask-Mail" in text
    assert "shim" in text


def test_the_single_module_of_the_old_releases_is_another_owner_too(tmp_path: pathlib.Path) -> None:
    [line] = warnings_beside(tmp_path / "site", "0.9.1", "flask_mail.py")
    assert "Flask-Mail 0.9.1" in line


def test_the_shim_owns_nothing_and_is_not_warned_of(tmp_path: pathlib.Path) -> None:
    assert warnings_beside(tmp_path / "site", "0.10.0+postbox") == []


def test_files_of_other_names_are_nobodys_business(tmp_path: pathlib.Path) -> None:
    assert warnings_beside(tmp_path / "site", "0.10.0", "flask_mailman/__init__.py") == []
