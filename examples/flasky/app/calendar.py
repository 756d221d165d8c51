"""An invitation as calendars read it (RFC 5545)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from datetime import UTC

from flask_mail import Calendar

from .models import User


@dataclass(frozen=True)
class Meeting:
    """:param start: with a time zone, as *end*."""

    title: str
    place: str
    start: datetime
    end: datetime


def invitation(meeting: Meeting, organizer: User, attendee: User) -> Calendar:
    """A request to come, with buttons to say yes or no where the mail program has some."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Flasky//Flask-Postbox example//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{secrets.token_hex(12)}@flasky.invalid",
        f"DTSTAMP:{moment(datetime.now(UTC))}",
        f"DTSTART:{moment(meeting.start)}",
        f"DTEND:{moment(meeting.end)}",
        f"SUMMARY:{text(meeting.title)}",
        f"LOCATION:{text(meeting.place)}",
        f"ORGANIZER;{person(organizer)}",
        f"ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION;{person(attendee)}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return Calendar("".join(f"{folded(line)}\r\n" for line in lines))


def moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def text(value: str) -> str:
    """*value* with what has a meaning escaped (RFC 5545 §3.3.11)."""
    return re.sub(r"[\\;,]", r"\\\g<0>", value).replace("\n", "\\n")


def person(user: User) -> str:
    name = re.sub(r'["\x00-\x1f]', "", user.name)  # which no parameter can hold (§3.2)
    return f'CN="{name}":mailto:{user.email}'


def folded(line: str) -> str:
    """*line* in pieces of at most 75 octets, never within a character (§3.1)."""
    pieces, size = [""], 0
    for character in line:
        width = len(character.encode())
        if size + width > 74:
            pieces.append("")
            size = 0
        pieces[-1] += character
        size += width
    return "\r\n ".join(pieces)
