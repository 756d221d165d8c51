"""The example app, and the demo as `./dev demo` runs it."""

from __future__ import annotations

import collections.abc as c
import email
import email.message
import email.policy
import html
import os
import pathlib
import pty
import re
import select
import signal
import smtplib
import socket
import subprocess
import sys
import typing as t
import urllib.parse
import urllib.request

import pytest
from flask import Flask

from flask_mail.extension.runtime import runtimes

from .servers import Server

FLASKY = pathlib.Path(__file__).parents[1] / "examples" / "flasky"

ADA, MING, GRACE = "ada@demo.example", "ming@demo.example", "grace@demo.example"
EXPECTED = [
    (ADA, "[Flasky] Please confirm your address"),
    (GRACE, "[Flasky] New user: Ada Lovelace"),
    (ADA, "[Flasky] Welcome to Flasky"),
    (MING, "[Flasky] Please confirm your address"),
    (GRACE, "[Flasky] New user: 王小明"),
    (MING, "[Flasky] 欢迎来到 Flasky"),
    (ADA, "[Flasky] 王小明 follows you"),
    (GRACE, "[Flasky] Please confirm your address"),
    (GRACE, "[Flasky] New user: Grace Hopper"),
    (GRACE, "[Flasky] Welcome to Flasky"),
    (ADA, "[Flasky] Invitation: Autumn meeting"),
    (MING, "[Flasky] Invitation: Autumn meeting"),
    (GRACE, "[Flasky] Invitation: Autumn meeting"),
    (ADA, "[Flasky] 十一月通讯 · November news"),
    (MING, "[Flasky] 十一月通讯 · November news"),
]


def run_demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, FLASKY / "demo.py", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        timeout=60,
    )


def test_the_demo_shows_and_saves_every_mail(tmp_path: pathlib.Path) -> None:
    run = run_demo("--once", "--save", str(tmp_path), MAIL_USERNAME="stray")
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""

    rows = [line for line in run.stdout.splitlines() if " kB " in line]
    assert len(rows) == len(EXPECTED)
    for recipient, subject in EXPECTED:
        [row] = [row for row in rows if recipient in row and subject in row]
        assert "plain, html, logo.png" in row
    assert "活动安排.csv" in rows[-1]
    assert f"{len(EXPECTED)} mails arrived, and are saved in {tmp_path}" in run.stdout

    mails = [read(path) for path in sorted(tmp_path.iterdir())]
    assert sorted((mail["To"].addresses[0].addr_spec, mail["Subject"]) for mail in mails) == sorted(EXPECTED)
    assert {str(mail["From"]) for mail in mails} == {"Flasky <flasky@demo.example>"}
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)


def test_the_demo_shows_what_waits_in_the_outbox_and_how_it_drains(tmp_path: pathlib.Path) -> None:
    run = run_demo("--once", "--save", str(tmp_path))
    queued: dict[str, int] = {}
    arrived: dict[str, int] = {}
    for line in run.stdout.splitlines():
        if scene := re.fullmatch(r"(.+): (\d) mails? (?:is|are) in the outbox, and the page came in \d+ ms", line):
            queued[scene[1]] = int(scene[2])
        elif " kB " in line:
            arrived[list(queued)[-1]] = arrived.get(list(queued)[-1], 0) + 1
    assert queued["Ada Lovelace signs up"] == 2
    assert queued["王小明 follows Ada Lovelace"] == 1
    assert queued["Grace Hopper invites everyone"] == 3
    assert arrived == queued
    assert "The outbox is empty" in run.stdout


def test_the_newsletter_of_the_demo_is_whole(tmp_path: pathlib.Path) -> None:
    assert run_demo("--once", "--save", str(tmp_path)).returncode == 0
    [mail] = [
        mail
        for mail in map(read, tmp_path.iterdir())
        if "November" in mail["Subject"] and mail["To"].addresses[0].display_name == "王小明"
    ]

    link = mail["List-Unsubscribe"].strip("<>")
    assert "/unsubscribe/" in link
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert page is not None
    assert "欢迎！这个月有两次聚会" in text.get_content()
    assert link in text.get_content()
    assert "欢迎！这个月有两次聚会" in page.get_content()

    (attachment,) = mail.iter_attachments()
    assert attachment.get_content_type() == "text/csv"
    assert attachment.get_payload(decode=True) == "日期,地点\n11-08,上海\n11-22,London\n".encode()


def test_the_invitation_of_the_demo_can_be_answered(tmp_path: pathlib.Path) -> None:
    assert run_demo("--once", "--save", str(tmp_path)).returncode == 0
    [mail] = [
        mail
        for mail in map(read, tmp_path.iterdir())
        if "Invitation" in mail["Subject"] and mail["To"].addresses[0].addr_spec == MING
    ]
    [calendar] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    lines = calendar.get_content().replace("\r\n ", "").splitlines()
    assert {"METHOD:REQUEST", "DTSTART:20261122T183000Z", "LOCATION:12 Ada Street\\, London"} <= {*lines}
    assert f'ATTENDEE;RSVP=TRUE;PARTSTAT=NEEDS-ACTION;CN="王小明":mailto:{MING}' in lines
    text = mail.get_body(("plain",))
    assert text is not None
    assert "When   Sunday, 22 November 2026, 18:30 to 20:30 UTC" in text.get_content()


def test_the_welcome_is_in_the_readers_language(flasky: Flask) -> None:
    from app.extensions import mail

    for number, language in enumerate(("en", "zh", "tlh")):
        with mail.record_messages() as outbox:
            sign_up(flasky, email=f"ada{number}@demo.example", language=language)
            for _ in range(2):  # the second time it is no news
                link = next(word for word in str(outbox[0].body).split() if "/confirm/" in word)
                flasky.test_client().get(link)
        welcomes = [message for message in outbox if "Flasky" in message.subject]
        assert [message.subject for message in welcomes] == [
            "欢迎来到 Flasky" if language == "zh" else "Welcome to Flasky"
        ]
        assert "<ol" in welcomes[0].html
        assert 'class="card" style="max-width: 520px;' in welcomes[0].html


def add_confirmed(name: str, address: str, *, subscribed: bool = False) -> t.Any:
    """Somebody who has opened the link."""
    from app import users
    from app.extensions import db

    user = users.add(name, address, "correct horse", subscribed=subscribed)
    user.confirmed = True
    db.session.commit()
    return user


def test_only_who_looks_after_the_app_invites(flasky: Flask) -> None:
    form = {"title": "Party", "place": "Here", "start": "2026-11-22T18:30", "hours": "2"}
    assert flasky.test_client().post("/meetings", data=form).status_code == 403
    client = flasky.test_client()
    with flasky.app_context():
        add_confirmed("Grace", GRACE)
    client.post("/sign-in", data={"email": GRACE, "password": "correct horse"})
    assert client.get("/meetings").status_code == 200
    assert client.post("/meetings", data={**form, "start": "soon"}).status_code == 400
    page = client.post("/meetings", data=form, follow_redirects=True)
    assert "on its way to 1 person." in page.text


def test_in_a_terminal_the_demo_stays_until_it_is_interrupted(tmp_path: pathlib.Path) -> None:
    ours, theirs = pty.openpty()
    demo = subprocess.Popen([sys.executable, FLASKY / "demo.py", "--save", tmp_path], stdin=theirs, stdout=theirs)
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:
        try:
            screen = read_until(terminal, "Press Ctrl-C to end.")
            site = screen.split("Flasky runs at ")[1].split()[0]
            assert f"{site}_mail/" in screen
            form = {"name": "Joe", "email": "joe@demo.example", "password": "correct horse"}
            browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with browser.open(f"{site}_mail/", timeout=30) as mailbox:
                page = mailbox.read().decode()
            for _, subject in EXPECTED:
                assert html.escape(subject) in page
            browser.open(f"{site}sign-up", urllib.parse.urlencode(form).encode(), timeout=30).close()
            assert f"{site}confirm/" in read_until(terminal, "New user: Joe")
            demo.send_signal(signal.SIGINT)
            assert demo.wait(timeout=30) == 0
        finally:
            demo.kill()
            demo.wait()
    assert len(list(tmp_path.iterdir())) == len(EXPECTED) + 2


def read_until(terminal: t.BinaryIO, text: str) -> str:
    """What the terminal shows, up to *text*."""
    screen = b""
    while text.encode() not in screen:
        assert select.select([terminal], [], [], 30)[0], f"no {text!r} within 30 seconds: {screen.decode()}"
        screen += terminal.read(4096)
    return screen.decode()


def test_the_demo_names_the_extra_it_needs(tmp_path: pathlib.Path) -> None:
    (tmp_path / "aiosmtpd.py").write_text("raise ImportError('not installed')\n")
    run = run_demo("--once", "--save", str(tmp_path / "mail"), PYTHONPATH=str(tmp_path))
    assert run.returncode == 1
    assert "pip install 'Flask-Postbox[testing]'" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_demo_says_when_it_cannot_save(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    run = run_demo("--once", "--save", str(tmp_path / "file"))
    assert run.returncode == 1
    assert run.stderr.startswith("The demo failed: ")
    assert "Traceback" not in run.stderr


def test_a_mail_that_does_not_come_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FLASKY))
    from stage import postbox

    deliveries: list[postbox.Delivery] = []
    with postbox.Postbox(tmp_path, deliveries.append) as box:
        with smtplib.SMTP("127.0.0.1", box.port, timeout=30) as client:
            client.sendmail("joe@demo.example", ["../ada/@demo.example"], "Subject: Hello\n\nHello\n")
        assert box.wait_for("../ada/@demo.example", "Hello") is deliveries[0]
        monkeypatch.setattr(postbox, "PATIENCE", 0.01)
        with pytest.raises(postbox.NothingArrived, match="no mail “Goodbye” to joe@demo.example within"):
            box.wait_for("joe@demo.example", "Goodbye")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [deliveries[0].content]


def test_a_mail_that_stays_in_the_outbox_ends_the_demo(
    flasky: Flask, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import demo
    from stage.postbox import NothingArrived

    class Busy(demo.Postbox):
        async def handle_DATA(self, *arguments: t.Any) -> str:
            return "451 4.3.0 Please try again later"

    monkeypatch.setattr(demo, "PATIENCE", 0.2)
    with Busy(tmp_path, demo.announce) as box, demo.running_app(0, box.port) as (app, site):
        try:
            with pytest.raises(NothingArrived, match="2 mails are still in the outbox after"):
                demo.play(demo.Stage(app, site, box))
        finally:
            runtimes[app.extensions["mail"]].close()
            with app.app_context():
                sys.modules["app.extensions"].db.engine.dispose()
    assert issubclass(NothingArrived, OSError)  # for which the demo ends with 1


def read(path: pathlib.Path) -> email.message.EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


@pytest.fixture
def flasky(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Flask]:
    monkeypatch.syspath_prepend(str(FLASKY))
    from app import create_app
    from app.extensions import db

    app = create_app({"TESTING": True, "FLASKY_ADMIN": GRACE, "MAIL_OUTBOX_WORKER": None}, str(tmp_path))
    yield app
    with app.app_context():
        db.engine.dispose()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("app", "demo", "stage")]:
        del sys.modules[name]


def sign_up(flasky: Flask, **fields: str) -> tuple[int, str]:
    form = {"name": "Ada", "email": ADA, "password": "correct horse", **fields}
    response = flasky.test_client().post("/sign-up", data=form, follow_redirects=True)
    return response.status_code, response.text


def test_a_sign_up_sends_two_mails(flasky: Flask) -> None:
    from app.extensions import mail

    with mail.record_messages() as outbox:
        assert sign_up(flasky)[0] == 200
    assert [message.subject for message in outbox] == ["Please confirm your address", "New user: Ada"]
    assert [message.recipients for message in outbox] == [[("Ada", ADA)], [GRACE]]


@pytest.mark.parametrize(
    ("field", "value", "answer"),
    [
        ("name", " ", "Please tell us your name."),
        ("email", "ada", "“ada” is not an e-mail address."),
        ("email", "ada@x.example, joe@x.example", "“ada@x.example, joe@x.example” is not an e-mail address."),
        ("password", "short", "A password needs eight characters or more."),
    ],
)
def test_a_sign_up_that_is_not_good_enough_sends_nothing(flasky: Flask, field: str, value: str, answer: str) -> None:
    from app.extensions import mail

    with mail.record_messages() as outbox:
        status, page = sign_up(flasky, **{field: value})
    assert status == 422
    assert answer in page
    assert outbox == []


def test_a_form_on_another_site_is_refused(flasky: Flask) -> None:
    response = flasky.test_client().post("/sign-out", headers={"Origin": "https://elsewhere.example"})
    assert response.status_code == 403


def test_an_altered_link_confirms_nobody(flasky: Flask) -> None:
    sign_up(flasky)
    page = flasky.test_client().get("/confirm/WzFd.bad.token", follow_redirects=True).text
    assert "This link is not valid" in page
    assert "Ada" not in page


def test_a_sign_up_that_is_rolled_back_leaves_no_mail_in_the_outbox(flasky: Flask) -> None:
    flasky.testing = False
    outbox = flasky.extensions["mail"].outbox
    flasky.config["FLASKY_ADMIN"] = "no address"  # whom the second mail is for
    page = sign_up(flasky)[1]
    assert "nothing was saved" in page
    assert outbox.stats().states == {}

    flasky.config["FLASKY_ADMIN"] = GRACE
    sign_up(flasky)
    assert outbox.stats().states == {"ready": 2}


def test_a_mail_server_that_is_not_there_is_tried_again(flasky: Flask) -> None:
    flasky.testing = False
    state = flasky.extensions["mail"]
    with socket.socket() as deaf:  # bound, so nobody else takes the port, but not listening
        deaf.bind(("127.0.0.1", 0))
        state.server, state.port = deaf.getsockname()
        assert sign_up(flasky)[0] == 200
        flasky.test_cli_runner().invoke(args=["mail", "worker", "--burst"])
    entries = state.outbox.entries()
    assert {address for entry in entries for address in entry.recipients} == {ADA, GRACE}
    assert {entry.state for entry in entries} <= {"ready", "waiting"}


def test_a_refused_subscriber_does_not_stop_the_newsletter(flasky: Flask, smtp: Server) -> None:
    flasky.testing = False
    state = flasky.extensions["mail"]
    state.server, state.port = smtp.host, smtp.port
    smtp.refused[ADA] = "550 5.1.1 No such user"
    with flasky.test_request_context():
        from app import newsletter

        for name, address in (("Ada", ADA), ("小明", MING)):
            add_confirmed(name, address, subscribed=True)
        assert newsletter.send_newsletter("News", "Good news.") == 2
    flasky.test_cli_runner().invoke(args=["mail", "worker", "--burst"])

    assert [delivery.recipients for delivery in smtp.wait(1)] == [(MING,)]
    [failed] = state.outbox.entries(state="failed")
    assert failed.recipients == {ADA: ("failed", "550 5.1.1 No such user")}


def test_a_subscriber_leaves_with_one_click(flasky: Flask) -> None:
    with flasky.app_context():
        from app import tokens
        from app import users

        token = tokens.make("unsubscribe", add_confirmed("Ada", ADA, subscribed=True))
        assert [user.email for user in users.subscribers()] == [ADA]

    response = flasky.test_client().post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    with flasky.app_context():
        assert users.subscribers() == []
