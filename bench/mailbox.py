"""The mailbox in the browser, with 500 mails of 50 kB: what the server takes for the list, and the browser for a mail.

The list is measured in the server, as a request that comes from nowhere, in a new process and again; a mail is
measured in Chromium, from the click until its frame is loaded::

    python bench/mailbox.py
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator

from flask import Flask
from werkzeug.serving import make_server

from flask_mail import Mail
from flask_mail import Message

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

MAILS, SIZE = 500, 50_000
GOALS = {"list, first in a process": 100.0, "list": 100.0, "a mail opens in the browser": 300.0}
"""Milliseconds at most."""
PARAGRAPH = "<p>Ada, this is number {number}: <b>{words}</b> <a href='https://example.com/{number}'>Read on</a></p>\n"
WORDS = "the quick brown fox jumps over the lazy dog and 你好 " * 3


def make_app(folder: str) -> Flask:
    app = Flask(__name__, instance_path=folder)
    app.debug = True
    app.config["MAIL_DEFAULT_SENDER"] = "bench@example.com"
    Mail(app)
    return app


def fill(folder: str) -> float:
    """Send the mails; returns the milliseconds that one takes to be captured."""
    app = make_app(folder)
    state = app.extensions["mail"]
    paragraph = PARAGRAPH.format(number=7, words=WORDS)
    html = f"<!doctype html><html><body>{paragraph * (SIZE // 2 // len(paragraph.encode()))}</body></html>"
    with app.app_context():
        sizes = [len(Message("x", ["ada@example.com"], html=html).as_bytes())]
        html = html * max(1, round(SIZE / sizes[0]))
        start = time.perf_counter()
        for number in range(MAILS):
            state.send(Message(f"Mail no. {number}", [f"ada{number}@example.com"], html=html))
    return (time.perf_counter() - start) / MAILS * 1000


def milliseconds(action: Callable[[], object], times: int) -> float:
    """The median."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def serve_list(folder: str) -> dict[str, float]:
    """In this process: the first list and those after it, a search, and a poll that finds nothing new."""
    app = make_app(folder)
    client = app.test_client()

    def get(path: str, status: int = 200, **headers: str) -> str:
        answer = client.get(path, headers=headers)
        assert answer.status_code == status, answer.status
        return answer.headers.get("ETag", "")

    client.get("/_mail/previews")  # the templates are there, the mails are not
    found = {"list, first in a process": milliseconds(lambda: get("/_mail/"), 1)}
    found["list"] = milliseconds(lambda: get("/_mail/"), 21)
    found["list, search"] = milliseconds(lambda: get("/_mail/list?q=brown+ada499"), 21)
    tag = get("/_mail/list")
    found["list, nothing new"] = milliseconds(lambda: get("/_mail/list", 304, **{"If-None-Match": tag}), 21)
    return found


@contextlib.contextmanager
def running(app: Flask) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


OPEN = """number => new Promise(done => {
  const row = document.querySelectorAll(".row")[number], start = performance.now();
  new MutationObserver((_, observer) => {
    const frame = document.querySelector(`[data-id="${row.dataset.id}"] iframe`);
    if (!frame) return;
    observer.disconnect();
    frame.addEventListener("load", () => done(performance.now() - start), {once: true});
  }).observe(document.querySelector("#pane"), {childList: true});
  row.click();
})"""


def open_mails(folder: str, times: int) -> float:
    """The median milliseconds from a click on a mail until its frame is loaded."""
    from playwright.sync_api import sync_playwright
    from tests.browser.chromium import launched

    with running(make_app(folder)) as site, sync_playwright() as playwright, launched(playwright) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 760})
        page.goto(f"{site}/_mail/")
        return statistics.median(page.evaluate(OPEN, number) for number in range(1, times + 1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=25, help="how many mails are opened")
    parser.add_argument("--check", action="store_true", help="fail where a goal is missed")
    parser.add_argument("--list", metavar="FOLDER", help=argparse.SUPPRESS)  # in a process of its own
    arguments = parser.parse_args()
    if arguments.list:
        print(json.dumps(serve_list(arguments.list)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = {"a mail is captured": fill(folder)}
        command = [sys.executable, __file__, "--list", folder]
        rounds = [json.loads(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(5)]
        found |= {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
        found["a mail opens in the browser"] = open_mails(folder, arguments.times)
        size = statistics.median(path.stat().st_size for path in pathlib.Path(folder).glob("mailbox/*.eml"))
    print(f"Python {sys.version.split()[0]}, {MAILS} mails of {size / 1000:.0f} kB, medians\n")
    print("| | ms | goal |\n|---|---|---|")
    for name, taken in found.items():
        print(f"| {name} | {taken:.1f} | {GOALS.get(name, '')} |")
    missed = [name for name, goal in GOALS.items() if found[name] > goal]
    if arguments.check and missed:
        print(f"\nmissed: {', '.join(missed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
