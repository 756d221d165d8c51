"""The shim: a distribution called Flask-Mail without a file, so that what requires Flask-Mail gets ours."""

from __future__ import annotations

import dataclasses as d
import importlib.metadata
import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap
import typing as t
import venv
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[2]


def pip(*arguments: str | pathlib.Path, python: pathlib.Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run pip, for the environment of *python* or for this one, without any index."""
    target = ["--python", str(python)] if python else []
    options = ["--disable-pip-version-check", "--no-input", "--isolated"]
    return subprocess.run(
        [sys.executable, "-m", "pip", *target, *options, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )


def build(project: pathlib.Path, into: pathlib.Path) -> pathlib.Path:
    """The wheel of *project*, built with the hatchling that is installed here."""
    before = set(into.glob("*.whl"))
    done = pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", into, project)
    assert done.returncode == 0, done.stderr
    [wheel] = set(into.glob("*.whl")) - before
    return wheel


@d.dataclass(frozen=True)
class Environment:
    """A fresh virtual environment with Flask and what it needs, lent from the one the tests run in."""

    folder: pathlib.Path
    wheels: pathlib.Path

    @property
    def python(self) -> pathlib.Path:
        return self.folder / "bin" / "python"

    @property
    def site(self) -> pathlib.Path:
        [site] = self.folder.glob("lib/python*/site-packages")
        return site

    def install(self, *what: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
        """Install with nothing but our own wheels to choose from."""
        return pip("install", "--no-index", "--find-links", self.wheels, *what, python=self.python)

    def ask(self, code: str) -> t.Any:
        """What *code*, run in the environment, prints as JSON."""
        done = subprocess.run(
            [self.python, "-I", "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def lend(name: str, site: pathlib.Path, lent: set[str]) -> None:
    """Copy the installed distribution *name*, and what it requires, to the folder *site*."""
    if name in lent:
        return
    lent.add(name)
    distribution = importlib.metadata.distribution(name)
    for file in distribution.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(pathlib.Path(str(file.locate())).read_bytes())
    for requirement in distribution.requires or ():
        if ";" not in requirement:
            lend(re.split(r"[^\w.-]", requirement)[0].lower(), site, lent)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with the wheels of ours, of the shim, and of a package that requires Flask-Mail."""
    folder = tmp_path_factory.mktemp("wheels")
    needy = tmp_path_factory.mktemp("needy")
    (needy / "pyproject.toml").write_text(
        """
        [project]
        name = "needs-flask-mail"
        version = "1"
        dependencies = ["flask-mail>=0.10.0", "Flask_Mail==0.10.0"]
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        [tool.hatch.build.targets.wheel]
        bypass-selection = true
        """
    )
    for project in (ROOT, ROOT / "shim", needy):
        build(project, folder)
    return folder


@pytest.fixture
def environment(tmp_path: pathlib.Path, wheels: pathlib.Path) -> Environment:
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    environment = Environment(tmp_path / "env", wheels)
    for name in ("flask", "idna"):
        lend(name, environment.site, set())
    return environment


def test_the_shim_holds_nothing_but_its_metadata(wheels: pathlib.Path) -> None:
    [wheel] = wheels.glob("flask_mail-0.10.0+postbox-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"flask_mail-0.10.0+postbox.dist-info"}


def test_a_requirement_of_flask_mail_is_met_by_the_shim_and_nothing_of_ours_is_overwritten(
    environment: Environment,
) -> None:
    done = environment.install("Flask-Mail")
    assert done.returncode == 0, done.stderr
    done = environment.install("needs-flask-mail")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Successfully installed needs-flask-mail-1\n"), done.stdout

    assert pip("check", python=environment.python).stdout == "No broken requirements found.\n"
    found = environment.ask(
        """
        import flask_mail, importlib.metadata, json
        print(json.dumps({
            "version": importlib.metadata.version("flask-mail"),
            "owners": importlib.metadata.packages_distributions()["flask_mail"],
            "sender": flask_mail.Mail.__module__.partition(".")[0],
            "file": flask_mail.__file__,
        }))
        """
    )
    assert found["version"] == "0.10.0+postbox"
    assert found["owners"] == ["Flask-Postbox"]
    assert pathlib.Path(found["file"]).is_relative_to(environment.site)
    [wheel] = environment.wheels.glob("flask_postbox-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        ours = {name: archive.read(name) for name in archive.namelist() if name.startswith("flask_mail/")}
    assert "flask_mail/__init__.py" in ours
    assert [name for name, octets in ours.items() if (environment.site / name).read_bytes() != octets] == []


def test_without_the_shim_the_requirement_would_fetch_flask_mail(environment: Environment) -> None:
    (ours,) = environment.wheels.glob("flask_postbox-*.whl")
    (needy,) = environment.wheels.glob("needs_flask_mail-*.whl")
    assert pip("install", "--no-index", "--no-deps", ours, python=environment.python).returncode == 0
    done = pip("install", "--no-index", needy, python=environment.python)
    assert done.returncode != 0
    assert "No matching distribution found for flask-mail" in done.stderr
