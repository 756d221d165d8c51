"""The pictures in the documentation: ``python -m tests.browser.screenshots [FOLDER]`` makes them anew."""

from __future__ import annotations

import logging
import pathlib
import sys
import tempfile
import typing as t

from playwright.sync_api import sync_playwright

from .chromium import launched
from .sample import make_app
from .sample import messages
from .sample import running

HERE = pathlib.Path(__file__).parents[2] / "docs" / "_static"


def main(folder: pathlib.Path) -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as place:
        app, mail = make_app(pathlib.Path(place))
        for message in messages():
            mail.send(message)
        with running(app) as site, sync_playwright() as playwright, launched(playwright) as browser:

            def page(scheme: t.Any, width: int, height: int, scale: float = 1) -> t.Any:
                context = browser.new_context(
                    color_scheme=scheme,
                    viewport={"width": width, "height": height},
                    device_scale_factor=scale,
                    timezone_id="UTC",
                )
                return context.new_page()

            desktop = page("light", 1120, 640)
            desktop.goto(f"{site}/_mail/")
            desktop.click("text=Please confirm your address")
            desktop.wait_for_selector("iframe")
            desktop.wait_for_load_state("networkidle")
            desktop.screenshot(path=folder / "mailbox-light.png")
            night = page("dark", 1120, 640)
            night.goto(f"{site}/_mail/")
            night.click("text=请确认您的邮箱地址")
            night.wait_for_selector("iframe")
            night.click("[data-do=dark]")
            night.click("button[data-width=phone]")
            night.wait_for_load_state("networkidle")
            night.screenshot(path=folder / "mailbox-dark.png")
            phone = page("light", 390, 700)
            phone.goto(f"{site}/_mail/")
            phone.click("text=Please confirm your address")
            phone.wait_for_selector("iframe")
            phone.wait_for_load_state("networkidle")
            phone.screenshot(path=folder / "mailbox-phone.png")
            previews = page("light", 1120, 640)
            previews.goto(f"{site}/_mail/previews/november-news")
            previews.wait_for_load_state("networkidle")
            previews.screenshot(path=folder / "previews.png")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if sys.argv[1:] else HERE)
