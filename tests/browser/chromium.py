"""The Chromium of the system, driven by Playwright; nothing is downloaded."""

from __future__ import annotations

import collections.abc as c
import contextlib
import os
import shutil

from playwright.sync_api import Browser
from playwright.sync_api import Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str:
    """The path of the browser.

    :raises FileNotFoundError: there is none.
    """
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        if name and (found := shutil.which(name)):
            return found
    raise FileNotFoundError("The browser tests need Chromium: apt-get install chromium, or set CHROMIUM to its path.")


@contextlib.contextmanager
def launched(playwright: Playwright) -> c.Iterator[Browser]:
    """A browser without a window, and without a way to any other machine."""
    browser = playwright.chromium.launch(
        executable_path=executable(),
        args=[
            "--no-sandbox",  # root may not have one
            "--disable-gpu",
            "--disable-dev-shm-usage",  # which is small in a container
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost",
        ],
    )
    try:
        yield browser
    finally:
        browser.close()
