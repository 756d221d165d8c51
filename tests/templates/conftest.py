"""An application with a folder of templates that tests write into."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t

import pytest
from flask import Flask

from flask_mail import Mail

Write = c.Callable[..., None]
MakeSite = c.Callable[..., Flask]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Write:
    """Write templates: ``write({"mail/welcome.txt": "Hello"})``."""

    def write(files: dict[str, str], folder: str = "templates") -> None:
        for name, text in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    return write


@pytest.fixture
def make_site(tmp_path: pathlib.Path) -> MakeSite:
    """Make an application whose templates and static files are in ``tmp_path``, with ``Mail``."""

    def make(**config: t.Any) -> Flask:
        app = Flask("site_of_a_test", root_path=str(tmp_path))
        app.config.update(MAIL_TRANSPORT="memory", MAIL_DEFAULT_SENDER="team@example.com")
        app.config.update(config)
        Mail(app)
        return app

    return make


@pytest.fixture
def site(make_site: MakeSite) -> Flask:
    return make_site()
