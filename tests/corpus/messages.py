"""The corpus: one message for each kind of reader, as it went over the wire when somebody last looked at it.

The ``.eml`` files open in any mail program. A change of composing shows as a difference in them; look at it, then
write them anew::

    python -m tests.corpus.messages
"""

from __future__ import annotations

import base64
import collections.abc as c
import pathlib
import types
import typing as t

from flask_mail import Message
from flask_mail.compose import compose
from flask_mail.compose import Stamp
from flask_mail.message import Calendar

FOLDER = pathlib.Path(__file__).parent
DATE = "Sat, 21 Nov 2026 03:00:00 +0000"
# A key for nothing but these files: thirty-two octets in a row.
DKIM_SEED = base64.b64encode(bytes(range(32))).decode()
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
INVITATION = "\r\n".join(
    [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Postbox//Corpus//EN", "METHOD:REQUEST", "BEGIN:VEVENT"),
        *("UID:meeting@example.com", "DTSTAMP:20261121T030000Z", "DTSTART:20261201T090000Z", "DTEND:20261201T100000Z"),
        *("SUMMARY:Größere Besprechung", "ORGANIZER:mailto:sender@example.com", "ATTENDEE:mailto:reader@example.com"),
        *("END:VEVENT", "END:VCALENDAR", ""),
    ]
)
CHINESE = "尊敬的读者：\n\n您的订单已经发货，预计两天后送达，请注意查收。\n\n此致\n敬礼\n"


def mail(**fields: t.Any) -> Message:
    defaults = {"recipients": [("Reader", "reader@example.com")], "sender": ("Sender", "sender@example.com")}
    return Message(**{**defaults, **fields})


def plain() -> Message:
    return mail(subject="Hello", body="Hello Reader,\n\nhow are you?\n")


def html() -> Message:
    return mail(
        subject="Hello in HTML",
        html="<h1>Hello</h1>\n<p>How <b>are</b> you? <a href='https://example.com'>Look</a></p>\n",
    )


def inline_image() -> Message:
    message = mail(
        subject="A picture", body="A picture.", html='<p>A picture: <img src="cid:pixel@example.com" alt="pixel"></p>'
    )
    message.attach("pixel.png", "image/png", PIXEL, "inline", content_id="pixel@example.com")
    message.attach("notes.txt", "text/plain", "Notes on the picture: schön.\n")
    return message


def invitation() -> Message:
    return mail(
        subject="Invitation",
        body="Please come.\n",
        html="<p>Please come.</p>",
        calendar=Calendar(INVITATION, attach=True),
    )


def chinese() -> Message:
    message = mail(
        subject="您的订单已经发货，预计两天后送达，请您注意查收并确认签收，谢谢您的支持",
        recipients=[("张三", "zhangsan@例子.公司"), ("李四（采购部）", "lisi@example.com")],
        sender=("邮局服务中心", "service@example.com"),
        body=CHINESE,
    )
    message.attach("二〇二六年十一月订单明细表（最终版）.csv", "text/csv", "编号,名称\n1,书\n")
    return message


def fifty_recipients() -> Message:
    return mail(
        subject="To all of you",
        recipients=[(f"Reader Nº {number}", f"reader{number}@example.com") for number in range(30)],
        cc=[f"copy{number}@example.com" for number in range(15)],
        bcc=[f"blind{number}@example.com" for number in range(5)],
        body="Hello all.\n",
    )


def signed() -> Message:
    message = mail(subject="Signed – with a dash", body="Signed.\n", html="<p>Signed.</p>")
    message.list_unsubscribe(
        "https://example.com/unsubscribe?token=" + "0123456789abcdef" * 8, "unsubscribe@example.com"
    )
    return message


MESSAGES: dict[str, c.Callable[[], Message]] = {
    made.__name__: made for made in (plain, html, inline_image, invitation, chinese, fifty_recipients, signed)
}
SETTINGS = {"signed": {"dkim_domain": "example.com", "dkim_selector": "corpus", "dkim_key": DKIM_SEED}}


def composed(name: str) -> tuple[Message, t.Any]:
    """The message *name* and its submission, with all that is made up for a message fixed."""
    message = MESSAGES[name]()
    message.stamp = Stamp.__new__(Stamp)
    message.stamp.__setstate__(
        {
            "boundary": "0" * 24,
            "unique": "0" * 32,
            "message_id": None,
            "date": 0.0,
            "signed": 1795230000,
            "spent": False,
        }
    )
    message.extra_headers = {"Date": DATE, **(message.extra_headers or {})}  # the zone would be the machine's
    return message, compose(message, types.SimpleNamespace(**SETTINGS.get(name, {})))


def path(name: str) -> pathlib.Path:
    return FOLDER / f"{name}.eml"


if __name__ == "__main__":
    for each in MESSAGES:
        path(each).write_bytes(bytes(composed(each)[1].content))
