"""Composes with one library, and prints what it took: run by ``compose.py``, one process for each library.

Some of these libraries change ``email.charset`` for everyone, so no two of them may share a process.
"""

from __future__ import annotations

import base64
import collections.abc as c
import email.policy
import json
import os
import sys
import time
import typing as t
from email.message import EmailMessage

SENDER = ("Postbox", "postbox@example.com")
RECIPIENT = "reader@example.com"
SUBJECT = "Your order has been shipped"
TEXT = "Hello Reader,\n\nyour order 12345 has left our house and will reach you in two days.\n" * 25
HTML = "<p>Hello <b>Reader</b>,</p>\n<p>your order <a href='https://example.com/12345'>12345</a> has left.</p>\n" * 20
FILE = os.urandom(1_000_000)
CHINESE_SENDER = ("邮局服务中心", "postbox@example.com")
CHINESE_RECIPIENT = ("读者张三", "reader@example.com")
CHINESE_SUBJECT = "您的订单已经发货，预计两天后送达，请注意查收"
CHINESE_TEXT = "尊敬的读者：\n\n您的订单 12345 已经从我们的仓库发出，预计两天后送达，请您注意查收。\n" * 20
CHINESE_NAME = "二〇二六年十一月订单明细表.pdf"
CHINESE_FILE = os.urandom(10_000)

Case = c.Callable[[], bytes]


def flask_mail() -> dict[str, Case]:
    """Flask-Mail, and what came after it: the programs are the same, letter by letter."""
    from flask import Flask

    from flask_mail import Mail
    from flask_mail import Message

    app = Flask("bench")
    app.config["MAIL_DEFAULT_SENDER"] = SENDER
    Mail(app)
    app.app_context().push()

    def attached() -> bytes:
        message = Message(SUBJECT, [RECIPIENT], TEXT, HTML)
        message.attach("file.bin", "application/octet-stream", FILE)
        return message.as_bytes()

    def chinese() -> bytes:
        message = Message(CHINESE_SUBJECT, [CHINESE_RECIPIENT], CHINESE_TEXT, sender=CHINESE_SENDER)
        message.attach(CHINESE_NAME, "application/pdf", CHINESE_FILE)
        return message.as_bytes()

    return {
        "text": lambda: Message(SUBJECT, [RECIPIENT], TEXT).as_bytes(),
        "text + html": lambda: Message(SUBJECT, [RECIPIENT], TEXT, HTML).as_bytes(),
        "+ 1 MB attachment": attached,
        "Chinese + 10 kB file": chinese,
    }


def django() -> dict[str, Case]:
    from django.conf import settings

    settings.configure()
    from django.core.mail import EmailMessage
    from django.core.mail import EmailMultiAlternatives

    sender, chinese_sender = f"{SENDER[0]} <{SENDER[1]}>", f"{CHINESE_SENDER[0]} <{CHINESE_SENDER[1]}>"

    def text() -> bytes:
        return EmailMessage(SUBJECT, TEXT, sender, [RECIPIENT]).message().as_bytes(linesep="\r\n")

    def both() -> t.Any:
        message = EmailMultiAlternatives(SUBJECT, TEXT, sender, [RECIPIENT])
        message.attach_alternative(HTML, "text/html")
        return message

    def attached() -> bytes:
        message = both()
        message.attach("file.bin", FILE, "application/octet-stream")
        return message.message().as_bytes(linesep="\r\n")

    def chinese() -> bytes:
        recipient = f"{CHINESE_RECIPIENT[0]} <{CHINESE_RECIPIENT[1]}>"
        message = EmailMessage(CHINESE_SUBJECT, CHINESE_TEXT, chinese_sender, [recipient])
        message.attach(CHINESE_NAME, CHINESE_FILE, "application/pdf")
        return message.message().as_bytes(linesep="\r\n")

    return {
        "text": text,
        "text + html": lambda: both().message().as_bytes(linesep="\r\n"),
        "+ 1 MB attachment": attached,
        "Chinese + 10 kB file": chinese,
    }


def stdlib() -> dict[str, Case]:
    from email.utils import formataddr
    from email.utils import formatdate
    from email.utils import make_msgid

    def message(subject: str, sender: tuple[str, str], recipient: str, text: str) -> EmailMessage:
        made = EmailMessage(email.policy.SMTP)
        made["Subject"] = subject
        made["From"] = formataddr(sender, "utf-8") if sender[0].isascii() else f"{sender[0]} <{sender[1]}>"
        made["To"] = recipient
        made["Date"] = formatdate(localtime=True)
        made["Message-ID"] = make_msgid(domain="example.com")
        made.set_content(text)
        return made

    def both() -> EmailMessage:
        made = message(SUBJECT, SENDER, RECIPIENT, TEXT)
        made.add_alternative(HTML, subtype="html")
        return made

    def attached() -> bytes:
        made = both()
        made.add_attachment(FILE, "application", "octet-stream", filename="file.bin")
        return made.as_bytes()

    def chinese() -> bytes:
        recipient = f"{CHINESE_RECIPIENT[0]} <{CHINESE_RECIPIENT[1]}>"
        made = message(CHINESE_SUBJECT, CHINESE_SENDER, recipient, CHINESE_TEXT)
        made.add_attachment(CHINESE_FILE, "application", "pdf", filename=CHINESE_NAME)
        return made.as_bytes()

    return {
        "text": lambda: message(SUBJECT, SENDER, RECIPIENT, TEXT).as_bytes(),
        "text + html": lambda: both().as_bytes(),
        "+ 1 MB attachment": attached,
        "Chinese + 10 kB file": chinese,
    }


def bare() -> dict[str, Case]:
    """The floor under every attachment: base64 by the interpreter, without lines."""
    import binascii

    return {"+ 1 MB attachment": lambda: binascii.b2a_base64(FILE, newline=False)}


LIBRARIES: dict[str, c.Callable[[], dict[str, Case]]] = {
    "Flask-Postbox": flask_mail,
    "Flask-Mail": flask_mail,
    "Django": django,
    "EmailMessage": stdlib,
    "bare base64": bare,
}


def right(case: str, octets: bytes) -> bool:
    """Whether the octets hold what the case is about; a library that is fast and wrong has no figure."""
    if octets.isalnum() or b"Subject:" not in octets:
        return base64.b64decode(octets) == FILE
    message = email.message_from_bytes(octets, policy=email.policy.default)
    chinese = case.startswith("Chinese")
    texts = [part.get_content() for part in message.walk() if part.get_content_type() == "text/plain"]
    files = [part.get_payload(decode=True) for part in message.walk() if part.get_filename()]
    return (
        message["Subject"].strip() == (CHINESE_SUBJECT if chinese else SUBJECT)
        and [text.replace("\r\n", "\n").strip() for text in texts] == [(CHINESE_TEXT if chinese else TEXT).strip()]
        and files == ([CHINESE_FILE] if chinese else [FILE] if "attachment" in case else [])
    )


def microseconds(case: Case, seconds: float) -> float:
    """What one call takes: the best of five runs that fill *seconds* together, without a first call for caches."""
    case()
    began = time.perf_counter()
    case()
    count = max(1, int(seconds / 5 / (time.perf_counter() - began)))
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(count):
            case()
        best = min(best, (time.perf_counter() - began) / count)
    return best * 1e6


def main(library: str, seconds: float) -> None:
    figures: dict[str, float] = {}
    for name, case in LIBRARIES[library]().items():
        if not right(name, case()):
            raise SystemExit(f"{library} composes {name!r} wrongly")
        figures[name] = microseconds(case, seconds)
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
