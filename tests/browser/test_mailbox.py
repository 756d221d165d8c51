"""The mailbox as a programmer uses it, in a real browser."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import re

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect
from playwright.sync_api import Page

from flask_mail import Message

from ..servers import Server
from .conftest import Site
from .conftest import Watched
from .sample import mail_page
from .sample import make_app
from .sample import messages
from .sample import running


@pytest.fixture
def full(site: Site) -> Site:
    """The mailbox with the six mails of the sample."""
    for message in messages():
        site.mail.send(message)
    return site


@pytest.fixture(autouse=True)
def no_console_error(watched: Watched) -> c.Iterator[None]:
    """Nothing that a test does makes the browser complain."""
    yield
    assert watched.console == []


def subjects(page: Page) -> list[str]:
    return page.locator(".row-subject").all_inner_texts()


def test_a_mail_arrives_without_a_reload(site: Site, page: Page) -> None:
    page.goto(f"{site}/_mail/")
    expect(page.get_by_role("heading", name="Waiting for mail")).to_be_visible()
    page.evaluate("window.same = true")

    site.mail.send(Message("Hello", ["ada@example.com"], "It works."))

    expect(page.locator(".row.new .row-subject")).to_have_text("Hello")
    expect(page).to_have_title("(1) Mail · Postbox")
    page.click(".row")
    expect(page.locator("pre.text")).to_have_text("It works.")
    expect(page).to_have_title("Hello · Postbox")
    expect(page.locator(".row.new")).to_have_count(0)
    assert page.evaluate("window.same")


def test_a_search_narrows_the_list(full: Site, page: Page) -> None:
    page.goto(f"{full}/_mail/")
    page.fill("#search", "grace")
    expect(page.locator(".row")).to_have_count(2)
    assert subjects(page) == ["New user: Ada Lovelace", "Flasky meets in November"]
    expect(page).to_have_url(re.compile(r"\?q=grace$"))
    page.fill("#search", "确认您的")
    expect(page.locator(".row")).to_have_count(1)
    assert subjects(page) == ["请确认您的邮箱地址"]
    page.fill("#search", "nowhere to be found")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.fill("#search", "")
    expect(page.locator(".row")).to_have_count(6)


def test_the_html_in_three_widths_and_in_the_dark(full: Site, page: Page) -> None:
    page.goto(f"{full}/_mail/")
    page.click("text=Please confirm your address")
    letter = page.frame_locator("iframe")
    expect(letter.get_by_role("link", name="Confirm your address")).to_be_visible()
    for name, width in (("Phone", 375), ("Tablet", 768)):
        page.get_by_role("button", name=name).click()
        assert round((page.locator("iframe").bounding_box() or {})["width"]) == width
        assert letter.locator("body").evaluate("() => innerWidth") == width - 2  # the frame's border
    page.get_by_role("button", name="Full").click()
    assert (page.locator("iframe").bounding_box() or {})["width"] > 800

    expect(letter.locator("body")).to_have_css("background-color", "rgb(244, 242, 238)")
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(letter.locator("body")).to_have_css("background-color", "rgb(23, 24, 27)")
    expect(page.locator(".tools-note")).to_be_hidden()


def test_a_mail_without_dark_colours_is_inverted_and_it_says_so(site: Site, page: Page) -> None:
    site.mail.send(Message("Plain", ["ada@example.com"], html="<p>Hello</p>"))
    page.goto(f"{site}/_mail/")
    page.click("text=Plain")
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator(".tools-note")).to_contain_text("inverted")
    expect(page.frame_locator("iframe").locator("html")).to_have_css("filter", "invert(1) hue-rotate(180deg)")


def test_every_tab_shows_its_part(full: Site, page: Page) -> None:
    page.goto(f"{full}/_mail/")
    page.click("text=Flasky meets in November")
    shown = {
        "Text": "Bring a friend.",
        "Headers": "RCPT TO",
        "Source": "Content-Type: multipart/mixed",
        "Parts": "multipart/alternative",
        "Attachments": "map.png",
        "Lint": "note",
    }
    for tab, text in shown.items():
        page.locator(".tabs a", has_text=tab).click()
        expect(page.locator(".tabs a[aria-current]")).to_contain_text(tab)
        expect(page.locator(".panel")).to_contain_text(text)
    page.locator(".tabs a", has_text="Headers").click()
    expect(page.locator("tr", has_text="grace@demo.example").locator(".chip")).to_have_text("Bcc")
    page.go_back()
    expect(page.locator(".tabs a[aria-current]")).to_contain_text("Lint")


def test_files_are_saved(full: Site, page: Page) -> None:
    page.goto(f"{full}/_mail/")
    page.click("text=November news")
    with page.expect_download() as saved:
        page.click("text=.eml")
    assert saved.value.suggested_filename == "November news.eml"
    assert saved.value.path().read_bytes().startswith(b"From: Flasky <flasky@demo.example>\r\n")
    page.locator(".tabs a", has_text="Attachments").click()
    with page.expect_download() as saved:
        page.click(".files a")
    assert saved.value.suggested_filename == "活动安排.csv"
    assert "上海" in saved.value.path().read_text("utf-8")


def test_remote_content_is_loaded_only_on_request(site: Site, page: Page, watched: Watched) -> None:
    picture = f"{site}/static/picture.png"
    page.route(picture, lambda route: route.fulfill(status=200, content_type="image/svg+xml", body=SVG))
    site.mail.send(Message("Picture", ["ada@example.com"], html=f'<img src="{picture}" alt="A picture">'))
    page.goto(f"{site}/_mail/")
    page.click("text=Picture")
    expect(page.frame_locator("iframe").get_by_alt_text("A picture")).to_be_attached()
    assert picture not in watched.requests

    with page.expect_request(picture):
        page.click("text=Load remote content")
    expect(page.frame_locator("iframe").get_by_alt_text("A picture")).to_have_js_property("naturalWidth", 7)


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"></svg>'


def test_a_picture_of_the_mail_itself_is_shown(site: Site, page: Page) -> None:
    message = Message("Inline", ["ada@example.com"])
    cid = message.embed(SVG.encode(), "dot.svg", "image/svg+xml")
    message.html = f'<img src="cid:{cid}" alt="dot">'
    site.mail.send(message)
    page.goto(f"{site}/_mail/")
    page.click("text=Inline")
    expect(page.frame_locator("iframe").get_by_alt_text("dot")).to_have_js_property("naturalWidth", 7)


def test_a_link_of_the_mail_opens_in_a_tab_of_its_own(site: Site, page: Page) -> None:
    link = f'<p><a target="_top" href="{site}/hello">Say hello</a></p>'
    site.mail.send(Message("Link", ["ada@example.com"], html=mail_page(link)))
    page.goto(f"{site}/_mail/")
    page.click("text=Link")
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_text("Say hello").click()
    expect(opened.value).to_have_title("hello")
    assert opened.value.evaluate("() => [window.opener, window.origin]") == [None, site.address]
    expect(page).to_have_title("Link · Postbox")


def test_delete_goes_on_to_the_next_mail(full: Site, page: Page) -> None:
    page.goto(f"{full}/_mail/")
    page.click("text=王小明 follows you")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Deleted.")).to_be_visible()
    expect(page.locator("h1")).to_have_text("请确认您的邮箱地址")
    expect(page.locator(".row")).to_have_count(5)
    page.reload()
    assert "王小明 follows you" not in subjects(page)
    expect(page.locator("h1")).to_have_text("请确认您的邮箱地址")


def test_delete_all_asks_first(full: Site, page: Page) -> None:
    page.goto(f"{full}/_mail/")
    page.click("text=Delete all")
    page.locator("#clear").get_by_role("button", name="Cancel").click()
    expect(page.locator(".row")).to_have_count(6)
    page.click("text=Delete all")
    page.locator("#clear").get_by_role("button", name="Delete all").click()
    expect(page.get_by_role("heading", name="Waiting for mail")).to_be_visible()


def test_send_to_me_goes_through_the_configured_server(full: Site, page: Page, smtp: Server) -> None:
    full.app.config.update(smtp.config, MAIL_MAILBOX=True)
    full.mail.init_app(full.app)
    page.goto(f"{full}/_mail/")
    page.click("text=Flasky meets in November")
    page.get_by_role("button", name="Send to me").click()
    page.fill("input[name=address]", "me@example.com")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("Sent to me@example.com.")
    [delivery] = smtp.wait()
    assert delivery.recipients == ("me@example.com",)
    assert delivery.sender == "flasky@demo.example"
    page.get_by_role("button", name="Send to me").click()
    expect(page.locator("input[name=address]")).to_have_value("me@example.com")


def test_copy_as_test_puts_one_on_the_clipboard(full: Site, page: Page) -> None:
    page.goto(f"{full}/_mail/")
    page.click("text=Please confirm your address")
    page.get_by_role("button", name="Copy as test").click()
    expect(page.locator("#test pre")).to_contain_text(
        'msg = outbox.one(to="ada@demo.example", subject="Please confirm your address")'
    )
    expect(page.get_by_text("It is on the clipboard.")).to_be_visible()


def test_the_keyboard_does_it_all(full: Site, page: Page) -> None:
    page.goto(f"{full}/_mail/")
    heading = page.locator("h1")
    page.keyboard.press("j")
    expect(heading).to_have_text("Please confirm your address")
    page.keyboard.press("j")
    expect(heading).to_have_text("王小明 follows you")
    page.keyboard.press("k")
    expect(heading).to_have_text("Please confirm your address")
    page.keyboard.press("w")
    expect(page.locator(".panel.html")).to_have_attribute("data-width", "phone")
    page.keyboard.press("m")
    expect(page.locator("[data-do=dark]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("2")
    expect(page.locator(".tabs a[aria-current]")).to_have_text("Text")
    page.keyboard.press("Shift+?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("d")
    expect(heading).to_have_text("王小明 follows you")
    page.keyboard.press("u")
    expect(page.locator(".row.new", has_text="王小明 follows you")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("news")
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".row").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(heading).to_have_text("November news")
    page.keyboard.press("Escape")
    expect(heading).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(f"{full}/_mail/previews")


def test_a_phone_shows_the_list_or_the_mail(full: Site, browser: Browser, watched: Watched) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    page = context.new_page()
    watched.watch(page)
    page.goto(f"{full}/_mail/")
    expect(page.locator("#pane")).to_be_hidden()
    page.tap("text=Please confirm your address")
    expect(page.frame_locator("iframe").get_by_role("heading")).to_be_visible()
    expect(page.locator(".list")).to_be_hidden()
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    page.get_by_role("link", name="Back to the list").tap()
    expect(page.locator(".list")).to_be_visible()
    context.close()


def test_nothing_is_wider_than_a_phone(browser: Browser, tmp_path: pathlib.Path) -> None:
    app, mail = make_app(tmp_path, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=f"sqlite:///{tmp_path / 'outbox.sqlite'}")
    mail.send(Message("Unbreakable" * 30, [f"reader-{number}@example.com" for number in range(40)], "x" * 500))
    with running(app) as address, contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.set_viewport_size({"width": 360, "height": 700})
        page.goto(f"{address}/_mail/")
        opened = page.locator(".row").get_attribute("href")
        tabs = [f"{opened}?tab={name}" for name in ("text", "headers", "source", "parts", "lint")]
        for path in ("/_mail/", "/_mail/previews/broken", "/_mail/outbox", *tabs):
            page.goto(f"{address}{path}")
            assert page.evaluate("() => document.documentElement.scrollWidth") == 360
            theme = page.get_by_role("button", name="Light or dark").bounding_box()
            assert theme is not None
            assert theme["x"] + theme["width"] <= 360
        shown = page.locator(".tabs").bounding_box()
        assert shown is not None
        assert shown["y"] < 400  # forty recipients leave room for the mail
        page.keyboard.press("g")
        page.keyboard.press("o")
        expect(page).to_have_url(f"{address}/_mail/outbox")


def test_light_and_dark_follow_the_system_until_one_is_chosen(site: Site, page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site}/_mail/")
    ground = page.locator("body")
    expect(ground).to_have_css("background-color", "rgb(22, 23, 27)")
    page.emulate_media(color_scheme="light")
    expect(ground).to_have_css("background-color", "rgb(246, 245, 242)")
    page.get_by_role("button", name="Light or dark").click()
    page.reload()
    expect(ground).to_have_css("background-color", "rgb(22, 23, 27)")


def test_a_preview_in_another_language(site: Site, page: Page) -> None:
    page.goto(f"{site}/_mail/previews")
    page.click(".row:has-text('welcome')")
    expect(page.frame_locator("iframe").locator("h1")).to_have_text("Welcome")
    page.select_option("#locale", "zh")
    expect(page.frame_locator("iframe").locator("h1")).to_have_text("欢迎加入")
    expect(page.locator(".head h1")).to_have_text("欢迎加入")
    page.locator(".tabs a", has_text="Text").click()
    expect(page.locator("pre.text")).to_contain_text("欢迎加入")


def test_a_preview_that_fails_shows_where(site: Site, page: Page) -> None:
    page.goto(f"{site}/_mail/previews")
    page.click(".row:has-text('broken')")
    expect(page.locator(".note.bad")).to_have_text("KeyError: 'surname'")
    expect(page.locator("#pane pre.source")).to_contain_text('html={"name": "Ada"}["surname"]')
    page.click(".row:has-text('november-news')")
    expect(page.frame_locator("iframe").locator("h1")).to_have_text("November news")
