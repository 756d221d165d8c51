"""Pictures of the example's mails for the documentation: ``python -m tests.browser.example_mails [FOLDER]``."""

from __future__ import annotations

import io
import logging
import pathlib
import sys
import tempfile
import typing as t

from playwright.sync_api import Browser
from playwright.sync_api import sync_playwright
from werkzeug.datastructures import FileStorage

from .chromium import launched
from .sample import running
from .screenshots import HERE

FLASKY = HERE.parents[1] / "examples" / "flasky"
GRACE = "grace@demo.example"
NEWS = "We meet twice this month; the attached file says when and where.\n\nBring a friend!"


def main(folder: pathlib.Path) -> None:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    sys.path.insert(0, str(FLASKY))
    with tempfile.TemporaryDirectory() as place:
        app = flasky(pathlib.Path(place))
        use(app)
        with running(app) as site, sync_playwright() as playwright, launched(playwright) as browser:
            picture(browser, f"{site}/_mail/previews/confirm", folder / "mail-confirm.png", 560, 330)
            picture(browser, f"{site}/_mail/previews/welcome-zh", folder / "mail-welcome-zh.png", 560, 370)
            mailbox(browser, f"{site}/_mail/", folder / "mail-newsletter.png")


def flasky(place: pathlib.Path) -> t.Any:
    """The example, whose mails are captured."""
    from app import create_app

    settings = {"DEBUG": True, "MAIL_MAILBOX": True, "FLASKY_ADMIN": GRACE, "MAIL_OUTBOX_WORKER": None}
    sender = {"MAIL_DEFAULT_SENDER": "Flasky <flasky@demo.example>"}
    return create_app({**settings, **sender}, instance_path=str(place))


def use(app: t.Any) -> None:
    """Have three subscribers, and send them a newsletter."""
    from app import newsletter
    from app import users

    with app.test_request_context(base_url="https://localhost"):
        for name, address in (
            ("Grace Hopper", GRACE),
            ("王小明", "ming@demo.example"),
            ("Ada Lovelace", "ada@demo.example"),
        ):
            users.add(name, address, "correct horse", subscribed=True).confirmed = True
        file = FileStorage(io.BytesIO(b"date,place\n11-08,Shanghai\n11-22,London\n"), filename="meetings.csv")
        newsletter.send_newsletter("November news", NEWS, file)
    app.test_cli_runner().invoke(args=["mail", "worker", "--burst"])
    app.debug = True  # which a command sets as the environment says


def picture(browser: Browser, address: str, path: pathlib.Path, width: int, height: int) -> None:
    """The mail itself, as its frame shows it."""
    page = browser.new_context(viewport={"width": 1200, "height": 900}, timezone_id="UTC").new_page()
    page.goto(address)
    frame = page.wait_for_selector("iframe")
    page.wait_for_load_state("networkidle")
    page.goto(frame.evaluate("frame => frame.src"))
    page.set_viewport_size({"width": width, "height": height})
    page.screenshot(path=path)


def mailbox(browser: Browser, address: str, path: pathlib.Path) -> None:
    """All mails of a merge in a list, and one of them opened."""
    page = browser.new_context(viewport={"width": 1120, "height": 560}, timezone_id="UTC").new_page()
    page.goto(address)
    page.click("text=Ada Lovelace")
    page.wait_for_selector("iframe")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if sys.argv[1:] else HERE)
