"""Mails that mean harm, in a real browser: nothing in them runs, loads, navigates or sees the application's cookies.

A page of the attacker's stands on another port of this machine: every request that reaches it is a leak.
"""

from __future__ import annotations

import collections.abc as c
import http.server
import pathlib
import re
import socket
import threading
import tomllib
import typing as t

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect
from playwright.sync_api import Page

from flask_mail import Attachment
from flask_mail import Message
from flask_mail.mailbox.store import store_of

from .conftest import Site
from .conftest import Watched

CANARY = "text-behind-the-attack"


class Attacker:
    """A server that notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.connections = 0
        self.pages: dict[str, str] = {}
        attacker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                attacker.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(attacker.pages.get(self.path, "<title>pwned</title>pwned").encode())

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Listener(http.server.ThreadingHTTPServer):
            def get_request(self) -> tuple[socket.socket, t.Any]:
                attacker.connections += 1
                return super().get_request()

        self._server = Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def attacker() -> c.Iterator[Attacker]:
    attacker = Attacker()
    yield attacker
    attacker.close()


ATTACKS: dict[str, str] = tomllib.loads((pathlib.Path(__file__).parent / "attacks.toml").read_text("utf-8"))


def aimed(html: str, attacker: Attacker, app: str) -> str:
    """An attack, with addresses."""
    return html.replace("EVIL", attacker.address).replace("HOST", attacker.address[7:]).replace("APP", app)


NOWHERE_TO_CLICK = ("javascript in an area", "math")


def test_a_hostile_mail_does_nothing(site: Site, page: Page, attacker: Attacker) -> None:
    sent: dict[str, tuple[str, str]] = {}
    for attack, html in ATTACKS.items():
        html = aimed(html, attacker, site.address)
        site.mail.send(Message(attack, ["ada@example.com"], html=f"{html}<p>{CANARY}"))
        sent[attack] = store_of(site.app).entries()[0].id, html
    page.context.add_cookies([{"name": "session", "value": "secret", "url": site.address}])
    for attack, (name, html) in sent.items():
        page.goto(f"{site}/_mail/m/{name}")  # until the frame is loaded, too
        if "id=press" in html:
            press = page.frame_locator("iframe").locator("#press")
            press.dispatch_event("click")
            if attack not in NOWHERE_TO_CLICK:
                press.click(force=True)
            page.wait_for_timeout(100)
        expect(page).to_have_title(re.compile(rf"{attack} · Postbox$"))
        assert page.url == f"{site}/_mail/m/{name}"
        assert page.frames[1].url == f"{page.url}/body", attack
        for other in page.context.pages[1:]:  # a link opened a tab, which is nobody's but its own
            assert other.url in (f"{site}/hello", "about:blank", ":"), attack
    page.wait_for_load_state("networkidle")

    assert attacker.asked == []
    assert attacker.connections == 0


def test_the_attacker_would_notice(page: Page, attacker: Attacker) -> None:
    """The same mails without the mailbox around them: most of what is held back above gets out here."""
    for number, html in enumerate(ATTACKS.values()):
        attacker.pages[f"/{number}"] = f"<!doctype html>{aimed(html, attacker, attacker.address)}"
    frames = "".join(f"<iframe sandbox='{TRUSTING}' src='/{number}'></iframe>" for number in range(len(ATTACKS)))
    attacker.pages["/start"] = f"<!doctype html>{frames}"
    page.goto(f"{attacker.address}/start", wait_until="commit")
    wanted = {"script", "onerror", "refresh", "image.png", "css.png", "sheet.css", "svg", "frame", "prefetch"}
    for _ in range(100):
        noticed = {path.split("?")[0].strip("/") for path in attacker.asked}
        if wanted <= noticed:
            break
        page.wait_for_timeout(50)
    assert wanted - noticed == set()


TRUSTING = "allow-scripts allow-same-origin allow-forms"  # all but the page around them, which has to stay


def test_the_frame_has_no_origin_and_so_no_cookies(site: Site, page: Page) -> None:
    """Also where the document is opened by itself, without the frame around it."""
    site.mail.send(Message("Look here", ["ada@example.com"], html="<p>Hello"))
    page.goto(f"{site}/_mail/")
    page.click(".row")
    source = page.locator("iframe").get_attribute("src")
    policy = page.request.get(f"{site}{source}").headers["content-security-policy"]
    assert "sandbox allow-popups allow-popups-to-escape-sandbox;" in policy
    assert "allow-same-origin" not in policy + (page.locator("iframe").get_attribute("sandbox") or "")
    page.goto(f"{site}{source}")
    assert page.evaluate("() => window.origin") == "null"


def test_deep_nesting_is_shown(site: Site, page: Page) -> None:
    html = "<div>" * 20_000 + CANARY
    site.mail.send(Message("Deep", ["ada@example.com"], html=html))
    page.goto(f"{site}/_mail/")
    page.click(".row")
    expect(page.frame_locator("iframe").get_by_text(CANARY)).to_be_attached()


def test_what_is_no_html_stays_text(site: Site, page: Page, attacker: Attacker, watched: Watched) -> None:
    """Everything else that a mail says is shown as text: subject, names, headers, plain text, file names."""
    attack = f"<img src='{attacker.address}/text' onerror=alert(1)>"
    message = Message(attack, [(attack, "ada@example.com")], attack, extra_headers={"X-Attack": attack})
    message.attachments = [Attachment(f"../../{attack}.html", "text/html", attack.encode())]
    site.mail.send(message)
    page.goto(f"{site}/_mail/")
    page.click(".row")
    expect(page.locator("h1")).to_have_text(attack)
    for tab in ("Headers", "Source", "Parts", "Attachments", "Text"):
        page.locator(".tabs a", has_text=tab).click()
        expect(page.locator(".tabs a[aria-current]")).to_contain_text(tab)
    expect(page.locator("pre.text")).to_have_text(attack)
    assert attacker.asked == []
    assert watched.console == []


@pytest.mark.parametrize(
    ("given", "saved"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\evil.exe", "evil.exe"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        (".bashrc", "bashrc"),
    ],
)
def test_an_attachment_is_saved_and_never_shown(site: Site, page: Page, given: str, saved: str) -> None:
    message = Message("File", ["ada@example.com"], "x")
    message.attachments = [Attachment(given, "text/html", b"<script>document.title = 'pwned'</script>")]
    site.mail.send(message)
    page.goto(f"{site}/_mail/")
    page.click(".row")
    page.locator(".tabs a", has_text="Attachments").click()
    link = page.locator(".files a")
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == saved
    answer = page.request.get(f"{site}{link.get_attribute('href')}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_another_page_can_neither_frame_it_nor_post_to_it(site: Site, browser: Browser, attacker: Attacker) -> None:
    site.mail.send(Message("Keep me", ["ada@example.com"], "x"))
    page = browser.new_context().new_page()
    page.goto(f"{attacker.address}/start")
    page.set_content(f"<iframe src='{site}/_mail/'></iframe><form method=post action='{site}/_mail/clear'></form>")
    page.wait_for_load_state("networkidle")
    assert "Keep me" not in page.frames[1].content()
    with page.expect_navigation():
        page.evaluate("document.forms[0].submit()")
    assert "403" in page.content() or "Forbidden" in page.content()
    assert [each.subject for each in store_of(site.app).entries()] == ["Keep me"]
    page.context.close()
