"""A browser for the tests in this folder, and an application with a mailbox that it looks at."""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import logging
import pathlib

import pytest
from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Page
from playwright.sync_api import Request
from playwright.sync_api import sync_playwright

from flask_mail import Mail

from .chromium import launched
from .sample import make_app
from .sample import running


@pytest.fixture(scope="package")
def browser() -> c.Iterator[Browser]:
    """One browser for all; Playwright runs a loop in this thread, so it has to end with this folder."""
    with sync_playwright() as playwright, launched(playwright) as browser:
        yield browser


@d.dataclass
class Site:
    """The application under test."""

    app: Flask
    mail: Mail
    address: str

    def __str__(self) -> str:
        return self.address


@pytest.fixture
def site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Site]:
    """The application of :mod:`.sample`, being served."""
    monkeypatch.setattr(logging.getLogger("werkzeug"), "level", logging.ERROR)
    app, mail = make_app(tmp_path)
    with running(app) as address:
        yield Site(app, mail, address)


@d.dataclass
class Watched:
    """What a page did."""

    console: list[str] = d.field(default_factory=list[str])
    """Errors and warnings."""
    requests: list[str] = d.field(default_factory=list[str])
    """The addresses it asked for."""

    def watch(self, page: Page) -> None:
        def say(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.console.append(message.text)

        def ask(request: Request) -> None:
            if not request.url.startswith("data:"):
                self.requests.append(request.url)

        page.on("console", say)
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("request", ask)


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def page(browser: Browser, watched: Watched) -> c.Iterator[Page]:
    """A page on a desktop; the clipboard is free for it to use."""
    context = browser.new_context(viewport={"width": 1280, "height": 760}, permissions=["clipboard-write"])
    context.set_default_timeout(10_000)
    page = context.new_page()
    watched.watch(page)
    yield page
    context.close()
