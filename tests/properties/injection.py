"""Messages with hostile values in every public field.

Whatever is put in, either a named error is raised, or the header, the tree, the bodies and the envelope are exactly
what was asked; there is nothing between. Run many, on any Python that has the package installed::

    python -m tests.properties.injection --count 100000
"""

from __future__ import annotations

import argparse
import collections
import collections.abc as c
import random
import re
import sys
import types
import typing as t

from flask_mail import Attachment
from flask_mail import Message
from flask_mail.compose import compose
from flask_mail.errors import ConfigError
from flask_mail.errors import MessageError
from flask_mail.submission import Submission

from . import reading

FRAGMENTS = (
    *("\r\n", "\n", "\r", "\0", "\x01", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\udfff"),
    *(
        "\r\nBcc: evil@example.net",
        "\nBcc: evil@example.net\n",
        "\r\n\r\nbody",
        "\r\n ",
        "\r\n\t",
        "\n\n.\r\n",
        "\r\n.\r\n",
    ),
    *(
        "=?utf-8?q?=0D=0ABcc:_evil@example.net?=",
        "=?utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5uZXQ=?=",
        "=?",
        "?=",
        "=?utf-8?q?",
    ),
    *(
        '"',
        "'",
        "\\",
        "<",
        ">",
        "<>",
        "(",
        ")",
        ",",
        ";",
        ":",
        "@",
        "@@",
        "[",
        "]",
        "..",
        ".",
        "/",
        "../",
        "%0d%0a",
        "%",
        "*",
    ),
    *(
        "evil@example.net",
        "<evil@example.net>",
        ", evil@example.net",
        '"a" <evil@example.net>',
        "a@b> <evil@example.net",
    ),
    *(
        "Bcc: x",
        "Content-Type: text/html",
        "--",
        "--=_a",
        "boundary=x",
        'filename="x"',
        "; charset=utf-7",
        "charset",
        "utf-8''",
    ),
    *(
        "text/plain",
        "multipart/mixed",
        "html",
        "SMTPUTF8",
        "SIZE=1",
        "NOTIFY=NEVER",
        "RET=FULL",
        "=",
        "?",
        "x",
        "ab c",
        " ",
        "  ",
    ),
    *(
        "\t",
        "é",
        "名前",
        "😀",
        "\u202e",
        "\ufeff",
        "\u00a0",
        "\u3000",
        "＠",
        "ＡＢ",
        "a" * 80,
        "b" * 1000,
        "utf-8",
        "latin-1",
        "iso-2022-jp",
    ),
)
PART_NAMES = {"content-type", "content-transfer-encoding", "content-disposition", "content-id"}
SAFE_ADDRESS = re.compile(
    r"""(?:[^\s<>"@,;:()\\\[\]]+|"(?:[^"\\\r\n]|\\[^\r\n])*")@(?:[0-9A-Za-z_.-]+|\[[0-9A-Fa-f:.IPv]+\])"""
)
SAFE_OPTION = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*(?:=[!-<>-~]+)?")

Fields = dict[str, t.Any]


def hostile(rng: random.Random) -> str:
    """A value that some parser might take for something else."""
    return "".join(rng.choice(FRAGMENTS) for _ in range(rng.choice((1, 1, 2, 2, 3, 5))))


def harmless(rng: random.Random) -> Fields:
    """The fields of a message that nothing is wrong with, as they are handed to :func:`make`."""
    fields: Fields = {"subject": "Hello", "sender": ("Sender", "sender@example.com"), "recipients": ["to@example.com"]}
    extras: Fields = {
        "body": "Text\n",
        "html": "<p>Text</p>",
        "cc": [("Cc", "cc@example.com")],
        "bcc": ["bcc@example.com"],
        "reply_to": ["reply@example.com"],
        "extra_headers": {"X-Note": "yes"},
        "attachment": {"filename": "a.txt", "content_type": "text/plain", "data": b"data"},
        "alts": {"markdown": "*Text*"},
        "mail_options": ["BODY=8BITMIME"],
        "rcpt_options": ["NOTIFY=FAILURE"],
        "calendar": "BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n",
        "priority": "high",
        "auto_submitted": True,
        "envelope_from": "bounces@example.com",
        "tags": ["tag"],
        "metadata": {"a": 1},
    }
    fields.update({name: value for name, value in extras.items() if rng.random() < 0.25})
    return fields


def _attachment(name: str) -> c.Callable[[Fields, str], None]:
    def put(fields: Fields, value: str) -> None:
        fields["attachment"] = {**fields.get("attachment", {"data": b"data"}), name: value}

    return put


def _field(name: str, wrap: c.Callable[[str], t.Any] = lambda value: value) -> c.Callable[[Fields, str], None]:
    return lambda fields, value: fields.__setitem__(name, wrap(value))


def _both(value: str) -> dict[str, str]:
    half = len(value) // 2
    return {value[:half]: value[half:]}


HEADERS = (
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Sender",
    "References",
    "List-Unsubscribe",
    "Bcc",
)
TARGETS: tuple[c.Callable[[Fields, str], None], ...] = (
    *(
        _field(name)
        for name in ("subject", "body", "html", "sender", "charset", "date", "msgId", "priority", "auto_submitted")
    ),
    *(_field(name) for name in ("envelope_from", "calendar", "recipients", "cc", "bcc", "reply_to")),
    *(
        _field(name, lambda value: [value])
        for name in ("recipients", "cc", "bcc", "reply_to", "mail_options", "rcpt_options", "tags")
    ),
    *(
        _field(name, lambda value, name=name: [(value, f"{name}@example.org")])
        for name in ("recipients", "cc", "bcc", "reply_to")
    ),
    *(_field(name, lambda value: [("Name", value)]) for name in ("recipients", "cc", "bcc", "reply_to")),
    *(
        _field(name, lambda value, name=name: [f"{value} <1{name}@example.org>", f"2{name}@example.org"])
        for name in ("recipients", "cc")
    ),
    *(_field(name, lambda value: [f"Name <{value}@example.com>", f"x@{value}"]) for name in ("recipients", "bcc")),
    _field("sender", lambda value: (value, "sender@example.com")),
    _field("sender", lambda value: ("Sender", value)),
    _field("sender", lambda value: f"{value} <sender@example.com>"),
    _field("recipients", lambda value: (value, value)),
    _field("extra_headers", lambda value: {"X-Note": value}),
    _field("extra_headers", lambda value: {value: "yes"}),
    _field("extra_headers", _both),
    *(_field("extra_headers", lambda value, name=name: {name: value}) for name in HEADERS),  # type: ignore[misc]
    _field("alts", lambda value: {value: "text"}),
    _field("alts", lambda value: {"markdown": value}),
    _field("metadata", lambda value: {value: value}),
    _field("calendar_method"),
    _field("calendar_filename"),
    _field("unsubscribe_url"),
    _field("unsubscribe_mailto"),
    _field("alternative_type"),
    _field("alternative_parameter"),
    *(_attachment(name) for name in ("filename", "content_type", "data", "disposition", "content_id")),
    lambda fields, value: _attachment("headers")(fields, {"X-Note": value}),  # type: ignore[arg-type]
    lambda fields, value: _attachment("headers")(fields, {value: "yes"}),  # type: ignore[arg-type]
    lambda fields, value: _attachment("headers")(fields, {"Content-ID": value}),  # type: ignore[arg-type]
    lambda fields, value: _attachment("headers")(fields, {"Content-Disposition": value}),  # type: ignore[arg-type]
    *(
        lambda fields, value, name=name: fields.setdefault("state", {}).__setitem__(name, value)  # type: ignore[misc]
        for name in (
            "subject_prefix",
            "default_sender",
            "default_reply_to",
            "catch_all",
            "catch_all_allow",
            "message_id_domain",
        )
    ),
)


def make(fields: Fields) -> Message:
    """The message that *fields* ask for."""
    known = dict(fields)
    special = {
        name: known.pop(name, None)
        for name in (
            *("state", "attachment", "msgId", "calendar_method", "calendar_filename"),
            *("unsubscribe_url", "unsubscribe_mailto", "alternative_type", "alternative_parameter"),
        )
    }
    message = Message(**known)
    if special["attachment"] is not None:
        message.attachments.append(Attachment(**special["attachment"]))
    if special["msgId"] is not None:
        message.msgId = special["msgId"]
    if special["calendar_method"] or special["calendar_filename"]:
        message.calendar = "BEGIN:VCALENDAR"
        assert message.calendar is not None
        message.calendar.method = special["calendar_method"] or "REQUEST"
        message.calendar.filename = special["calendar_filename"] or "invite.ics"
        message.calendar.attach = True
    if special["unsubscribe_url"] or special["unsubscribe_mailto"]:
        message.list_unsubscribe(special["unsubscribe_url"], special["unsubscribe_mailto"], one_click=False)
    if special["alternative_type"]:
        message.add_alternative("text", special["alternative_type"])
    if special["alternative_parameter"]:
        message.add_alternative("text", "text/x-form", form=special["alternative_parameter"])
    return message


def check(fields: Fields) -> str:
    """Compose what *fields* ask for and judge it.

    :returns: ``"composed"``, or the class of the error that was raised.
    :raises AssertionError: something else than what was asked came out, or an error without a name.
    """
    state = types.SimpleNamespace(**fields.get("state", {}))
    before: bytes | None = None
    try:
        message = make(fields)
        before = None if state.__dict__ else shown(message)
        submission = compose(message, state)
    except (MessageError, ConfigError) as error:
        judge_error(error)
        return type(error).__name__
    octets = bytes(submission.content)
    reading.assert_wire(octets, utf8="SMTPUTF8" in submission.envelope.mail_options)
    assert submission.content.size == len(octets)
    assert message.as_bytes() == octets, "shown otherwise than sent"
    assert state.__dict__ or before == octets, "shown otherwise before it was sent"
    found = reading.fields(octets)
    judge_header(fields, message, found, submission)
    judge_envelope(fields, message, found, submission)
    judge_parts(fields, message, octets)
    return "composed"


def judge_error(error: MessageError | ConfigError) -> None:
    assert error.key if isinstance(error, ConfigError) else error.field, f"the error names nothing: {error!r}"
    assert str(error).isprintable(), f"the error itself is hostile: {str(error)!r}"


def shown(message: Message) -> bytes | None:
    """The message as it is shown without an application: more is forgiven here, and no less safe."""
    try:
        octets = message.as_bytes()
    except MessageError:
        return None
    reading.assert_wire(octets, utf8=True)
    assert "bcc" not in {name.lower() for name in reading.fields(octets).names}
    return octets


def judge_header(fields: Fields, message: Message, found: reading.Fields, submission: Submission) -> None:
    extra = {name.lower(): value for name, value in (message.extra_headers or {}).items()}
    once = ["from", "date", "message-id", "mime-version", "content-type"]
    once += ["to"] if message.recipients or (message.bcc and not message.cc) else []
    once += [name for name, there in (("cc", message.cc), ("subject", submission and asked_subject(fields))) if there]
    once += ["reply-to"] if message.reply_to or fields.get("state", {}).get("default_reply_to") else []
    once += ["x-original-recipients"] if found.one("X-Original-Recipients") is not None else []
    once += ["x-priority", "importance"] if found.one("X-Priority") is not None else []
    once += ["auto-submitted"] if message.auto_submitted else []
    once += ["content-transfer-encoding"] if not found.one("Content-Type").startswith("multipart/") else []  # type: ignore[union-attr]
    names = [name.lower() for name in found.names]
    # A header of one's own that says nothing takes its place all the same; an empty Subject is none.
    asked = sorted({*once, *extra} - ({"subject"} if extra.get("subject", "x") == "" else set()))
    assert sorted(set(names)) == asked, f"{sorted(set(names))} instead of {asked}"
    assert len(names) == len(set(names)), f"a header is there twice: {names}"
    if "subject" in names and "subject" not in extra:
        assert found.text("Subject") == asked_subject(fields)
    for name, value in extra.items():
        if name == "x-note":
            assert found.text(name) == value
    identifier = found.one("Message-ID")
    assert identifier == submission.message_id
    assert re.fullmatch(r"<[!-;=?-~]+>", identifier or "")


def asked_subject(fields: Fields) -> str:
    subject, prefix = str(fields["subject"]), str(fields.get("state", {}).get("subject_prefix", ""))
    if prefix and not subject.startswith(prefix.strip()):
        subject = f"{prefix}{'' if prefix[-1].isspace() else ' '}{subject}" if subject else prefix.strip()
    return re.sub(r"\r\n(?=[ \t])", "", subject)


def judge_envelope(fields: Fields, message: Message, found: reading.Fields, submission: Submission) -> None:
    envelope = submission.envelope
    bounces_go_nowhere = fields.get("envelope_from", "").strip() == "<>"
    for address in (*envelope.recipients, *(() if bounces_go_nowhere else (envelope.sender,))):
        assert SAFE_ADDRESS.fullmatch(address), f"{address!r} is no address"
    for option in (*envelope.mail_options, *envelope.rcpt_options):
        assert SAFE_OPTION.fullmatch(option), f"{option!r} is no option"
    extra = {name.lower() for name in message.extra_headers or {}}
    shown = {
        name: reading.mailboxes(found, name) for name in ("From", "To", "Cc", "Reply-To") if name.lower() not in extra
    }
    if "From" in shown:
        [(name, address)] = shown["From"]
        assert fields.get("envelope_from") or address == envelope.sender
        judge_pair(fields["sender"], name, address)
    if fields.get("state", {}).get("catch_all"):
        return
    visible = [
        address for name in ("To", "Cc") for _, address in shown.get(name, []) if address != "undisclosed-recipients:;"
    ]
    if not {"to", "cc"} & extra:
        assert list(envelope.recipients[: len(visible)]) == visible
        assert len(envelope.recipients) - len(visible) <= len(message.bcc)
    assert len(envelope.recipients) <= len(message.recipients) + len(message.cc) + len(message.bcc)
    boxes = shown.get("To", [])
    if len(boxes) == len(message.recipients):  # none of them was there twice
        for each, (name, address) in zip(message.recipients, boxes, strict=True):
            judge_pair(each, name, address)


def judge_pair(asked: t.Any, name: str, address: str) -> None:
    """A name given by itself is shown as it is, and the address is the one given beside it."""
    if not isinstance(asked, tuple):
        assert address.isascii() is False or address.rpartition("@")[0].strip('"').replace("\\", "") in asked.replace(
            "\\", ""
        )
        return
    assert name == asked[0], f"{name!r} instead of {asked[0]!r}"
    if asked[1].isascii() and '"' not in asked[1]:
        assert address == asked[1].strip().removesuffix(">").removeprefix("<")


def judge_parts(fields: Fields, message: Message, octets: bytes) -> None:
    parsed = reading.standard(octets)
    parts = list(parsed.walk())
    own = {name.lower() for each in message.attachments for name in each.headers}
    for part in parts[1:]:
        names = [name.lower() for name in part]
        assert set(names) <= PART_NAMES | own, f"headers nobody asked for: {names}"
        assert len(names) == len(set(names)), f"a header of a part is there twice: {names}"
    leaves = reading.leaves(parsed)
    asked = 1 + len(message.alts) + len(message.attachments) + (message.calendar is not None)
    asked += message.calendar is not None and message.calendar.attach
    assert len(leaves) == asked, f"{len(leaves)} parts instead of {asked}"
    if fields.get("body") is not None:
        assert reading.text(leaves[0]) == fields["body"].replace("\r\n", "\n").replace("\r", "\n")
    if "attachment" in fields:
        judge_attachment(fields["attachment"], octets, leaves)


def judge_attachment(asked: Fields, octets: bytes, leaves: list[t.Any]) -> None:
    data = asked["data"]
    if isinstance(data, bytes):
        assert data in map(reading.content, leaves)
    if asked.get("filename") is None or "content-disposition" in {name.lower() for name in asked.get("headers", {})}:
        return
    name = asked["filename"].replace("\t", " ").replace("\\", "/").rpartition("/")[2]
    parts = [part.partition(b"\r\n")[2] for part in re.split(rb"\r\n--=_[mar][0-9a-f]{24}", octets)[1:]]
    shown = [reading.file_name(reading.fields(part)) for part in parts if b"\r\n\r\n" in part]
    assert not name or name in shown, f"{name!r} not in {shown}"


def run(count: int, seed: int) -> collections.Counter[str]:
    """Judge *count* messages; the same seed gives the same ones."""
    rng = random.Random(seed)
    outcomes: collections.Counter[str] = collections.Counter()
    for number in range(count):
        fields = harmless(rng)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            rng.choice(TARGETS)(fields, hostile(rng))
        try:
            outcomes[check(fields)] += 1
        except Exception as error:
            error.add_note(f"message {number} of seed {seed}: {fields!a}")
            raise
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    outcomes = run(arguments.count, arguments.seed)
    print(f"Python {sys.version.split()[0]}: {arguments.count} messages, as asked or refused by name")
    for outcome, times in outcomes.most_common():
        print(f"  {times:8}  {outcome}")


if __name__ == "__main__":
    main()
