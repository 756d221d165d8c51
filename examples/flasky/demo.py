"""Flasky at work: the app and a mail server on free loopback ports, three people who use it, and what arrived.

Each mail waits in the app's outbox until the mail server, which sleeps while a page is made, wakes up again. With a
terminal attached the demo stays up afterwards: look at the mails in your browser, sign up yourself and watch more come
in. Otherwise it ends, with status 0 if every mail arrived and 1 if one is missing. Nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from flask_mail import MissingExtraError
from werkzeug.datastructures import FileStorage
from werkzeug.serving import make_server

from app import create_app
from stage import ledger
from stage.postbox import Delivery
from stage.postbox import NothingArrived
from stage.postbox import PATIENCE
from stage.postbox import Postbox
from stage.visitor import Visitor

PASSWORD = "correct horse"
ADA = "ada@demo.example"
MING = "ming@demo.example"
ADMIN = "grace@demo.example"
WELCOMES = {"en": "Welcome to Flasky", "zh": "欢迎来到 Flasky"}

NEWS = """\
欢迎！这个月有两次聚会，时间和地点见附件。

Welcome! We meet twice this month; the attached file says when and where.
"""
MEETINGS = "日期,地点\n11-08,上海\n11-22,London\n"
MEETING = {"title": "Autumn meeting", "start": "2026-11-22T18:30", "hours": "2", "place": "12 Ada Street, London"}


def main() -> int:
    arguments = parse_arguments()
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show Chinese is no reason to stop
    try:
        with Postbox(arguments.save, announce) as postbox, running_app(arguments.port, postbox.port) as (app, site):
            print(f"Flasky runs at {site} and shows its mails at {site}_mail/")
            print(f"They go to a mail server at 127.0.0.1:{postbox.port}.\n\n{ledger.heading()}")
            play(Stage(app, site, postbox))
            print(f"\nThe outbox is empty: {len(postbox.deliveries)} mails arrived, and are saved in {arguments.save}.")
            if terminal and not arguments.once:
                receive_visitors(site, postbox)
    except (OSError, MissingExtraError) as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = Path(__file__).parent / "instance" / "demo-mail"
    parser.add_argument("--port", type=int, default=0, help="the port of the app (default: a free one)")
    parser.add_argument("--save", type=Path, default=folder, metavar="DIR", help="where the mails are saved as .eml")
    parser.add_argument("--once", action="store_true", help="end when all mails are there, also in a terminal")
    return parser.parse_args()


def announce(delivery: Delivery) -> None:
    print(ledger.row(delivery), flush=True)


def announce_with_links(delivery: Delivery) -> None:
    announce(delivery)
    for link in delivery.links:
        print(f"    {link}", flush=True)


@contextlib.contextmanager
def running_app(port: int, mail_port: int) -> Iterator[tuple[Flask, str]]:
    """Run Flasky with a database of its own; yields it, and the address of its front page."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        app = create_app(
            {
                "DEBUG": True,  # so that the mailbox may be looked at
                "SQLALCHEMY_DATABASE_URI": "sqlite:///flasky.sqlite",
                "FLASKY_ADMIN": ADMIN,
                "MAIL_SERVER": "127.0.0.1",
                "MAIL_PORT": str(mail_port),
                "MAIL_USE_TLS": None,
                "MAIL_USE_SSL": None,
                "MAIL_USERNAME": None,
                "MAIL_PASSWORD": None,
                "MAIL_DEFAULT_SENDER": "Flasky <flasky@demo.example>",
                "MAIL_SUBJECT_PREFIX": "[Flasky]",
                "MAIL_MAILBOX_COPIES": True,
            },
            instance_path=folder,
        )
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield app, f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class Stage:
    """Where it happens."""

    def __init__(self, app: Flask, site: str, postbox: Postbox) -> None:
        self.outbox = app.extensions["mail"].outbox
        self.site = site
        self.postbox = postbox

    @contextlib.contextmanager
    def scene(self, what: str) -> Iterator[None]:
        """Let a visitor do something while the mail server sleeps, see what that has left in the outbox, and wait
        until the outbox is empty again."""
        begin = time.perf_counter()
        with self.postbox.asleep():
            yield
            seconds = time.perf_counter() - begin
            queued = self.waiting()
            mails = "1 mail is" if queued == 1 else f"{queued} mails are"
            print(f"{what}: {mails} in the outbox, and the page came in {seconds * 1000:.0f} ms", flush=True)
        deadline = time.monotonic() + PATIENCE
        while self.waiting():
            if time.monotonic() > deadline:
                raise NothingArrived(f"{self.waiting()} mails are still in the outbox after {PATIENCE:.0f} seconds")
            time.sleep(0.01)

    def waiting(self) -> int:
        """How many mails nobody has yet."""
        return sum(count for state, count in self.outbox.stats().states.items() if state != "sent")

    def sign_up(self, visitor: Visitor, name: str, address: str, **fields: str) -> str:
        """Sign up and open the link in the mail; returns the page it leads to."""
        with self.scene(f"{name} signs up"):
            visitor.submit("/sign-up", name=name, email=address, password=PASSWORD, **fields)
        self.postbox.wait_for(ADMIN, f"[Flasky] New user: {name}")
        link = self.postbox.wait_for(address, "[Flasky] Please confirm your address").links[0]
        with self.scene(f"{name} opens the link"):
            page = visitor.open(link)
        self.postbox.wait_for(address, f"[Flasky] {WELCOMES[fields.get('language', 'en')]}")
        return page


def play(stage: Stage) -> None:
    """What happens: three people sign up, one follows another, and the administrator invites all of them and sends a
    newsletter."""
    stage.sign_up(Visitor(stage.site), "Ada Lovelace", ADA, newsletter="on")

    ming = Visitor(stage.site)
    front_page = stage.sign_up(ming, "王小明", MING, newsletter="on", language="zh")
    with stage.scene("王小明 follows Ada Lovelace"):
        ming.press(front_page, "/people/1/follow")
    stage.postbox.wait_for(ADA, "[Flasky] 王小明 follows you")

    grace = Visitor(stage.site)
    stage.sign_up(grace, "Grace Hopper", ADMIN)
    with stage.scene("Grace Hopper invites everyone"):
        grace.submit("/meetings", **MEETING)
    for member in (ADA, MING, ADMIN):
        stage.postbox.wait_for(member, "[Flasky] Invitation: Autumn meeting")
    attachment = FileStorage(io.BytesIO(MEETINGS.encode()), filename="活动安排.csv", content_type="text/csv")
    with stage.scene("Grace Hopper sends a newsletter"):
        grace.submit("/newsletter", subject="十一月通讯 · November news", text=NEWS, attachment=attachment)
    for subscriber in (ADA, MING):
        stage.postbox.wait_for(subscriber, "[Flasky] 十一月通讯 · November news")


def receive_visitors(site: str, postbox: Postbox) -> None:
    """Stay until Ctrl-C; what arrives meanwhile is announced by the mail server's thread."""
    postbox.announce = announce_with_links
    print(f"""
All of them are in the mailbox, to be looked at as phones and dark screens show them:

    {site}_mail/

Now it is your turn. Every mail shows up there at once, and here with the links in it.

    {site}sign-up   with any address
    {site}sign-in   as {ADA}, or as {ADMIN}, who can send newsletters

The password of both is “{PASSWORD}”. Press Ctrl-C to end.
""")
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    print()


if __name__ == "__main__":
    sys.exit(main())
