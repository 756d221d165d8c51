"""Flasky at work: the app and a mail server on free loopback ports, three people who use it, and what arrived.

With a terminal attached it stays up afterwards, so that you can sign up yourself and watch the mails come in.
Otherwise it ends, with status 0 if every mail arrived and 1 if one is missing. Nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from flask_mail import MissingExtraError
from werkzeug.datastructures import FileStorage
from werkzeug.serving import make_server

from app import create_app
from stage import ledger
from stage.postbox import Delivery
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
        with Postbox(arguments.save, announce) as postbox, running_app(arguments.port, postbox.port) as site:
            print(f"Flasky runs at {site} and hands its mails to 127.0.0.1:{postbox.port}.\n\n{ledger.heading()}")
            play(site, postbox)
            print(f"\n{len(postbox.deliveries)} mails arrived, and are saved in {arguments.save}.", flush=True)
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
def running_app(port: int, mail_port: int) -> Iterator[str]:
    """Run Flasky with a database of its own; yields the address of its front page."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            {
                "DATABASE": str(Path(folder) / "flasky.sqlite"),
                "FLASKY_ADMIN": ADMIN,
                "MAIL_SERVER": "127.0.0.1",
                "MAIL_PORT": str(mail_port),
                "MAIL_USE_TLS": "false",
                "MAIL_USERNAME": None,
                "MAIL_PASSWORD": None,
                "MAIL_DEFAULT_SENDER": "Flasky <flasky@demo.example>",
                "MAIL_SUBJECT_PREFIX": "[Flasky]",
            }
        )
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def play(site: str, postbox: Postbox) -> None:
    """What happens: three people sign up, one follows another, and the administrator invites all of them and sends a
    newsletter."""
    sign_up(Visitor(site), postbox, "Ada Lovelace", ADA, newsletter="on")

    ming = Visitor(site)
    front_page = sign_up(ming, postbox, "王小明", MING, newsletter="on", language="zh")
    ming.press(front_page, "/people/1/follow")
    postbox.wait_for(ADA, "[Flasky] 王小明 follows you")

    grace = Visitor(site)
    sign_up(grace, postbox, "Grace Hopper", ADMIN)
    grace.submit("/meetings", **MEETING)
    for member in (ADA, MING, ADMIN):
        postbox.wait_for(member, "[Flasky] Invitation: Autumn meeting")
    attachment = FileStorage(io.BytesIO(MEETINGS.encode()), filename="活动安排.csv", content_type="text/csv")
    grace.submit("/newsletter", subject="十一月通讯 · November news", text=NEWS, attachment=attachment)
    for subscriber in (ADA, MING):
        postbox.wait_for(subscriber, "[Flasky] 十一月通讯 · November news")


def sign_up(visitor: Visitor, postbox: Postbox, name: str, address: str, **fields: str) -> str:
    """Sign up and open the link in the mail; returns the page it leads to."""
    visitor.submit("/sign-up", name=name, email=address, password=PASSWORD, **fields)
    postbox.wait_for(ADMIN, f"[Flasky] New user: {name}")
    page = visitor.open(postbox.wait_for(address, "[Flasky] Please confirm your address").links[0])
    postbox.wait_for(address, f"[Flasky] {WELCOMES[fields.get('language', 'en')]}")
    return page


def receive_visitors(site: str, postbox: Postbox) -> None:
    """Stay until Ctrl-C; what arrives meanwhile is announced by the mail server's thread."""
    postbox.announce = announce_with_links
    print(f"""
Now it is your turn. Every mail shows up here, with the links in it.

    {site}sign-up   with any address
    {site}sign-in   as {ADA}, or as {ADMIN}, who can send newsletters

The password of both is “{PASSWORD}”. Press Ctrl-C to end.
""")
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    print()


if __name__ == "__main__":
    sys.exit(main())
