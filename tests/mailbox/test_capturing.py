"""When mail goes to the mailbox, and when it does not."""

from __future__ import annotations

import collections.abc as c
import logging
import pathlib
import subprocess
import sys
import textwrap
import threading
import typing as t

import pytest
from flask import Flask

import flask_mail
from flask_mail.mailbox.store import store_of
from flask_mail.transports.memory import MemoryTransport

from ..servers import Server
from .conftest import send

Make = c.Callable[..., Flask]


def kept(app: Flask) -> list[str]:
    return [entry.subject for entry in store_of(app).entries()]


def test_in_debug_mode_with_nowhere_to_send_to_mail_is_captured(app: Flask) -> None:
    receipt = send(app, bcc=["boss@example.com"])
    assert receipt.accepted == ("joe@example.com", "boss@example.com")
    assert kept(app) == ["Hello"]
    [entry] = store_of(app).entries()
    record = store_of(app).record(entry.id) or {}
    assert record["sender"] == "support@mysite.example"
    assert record["recipients"] == ["joe@example.com", "boss@example.com"]


@pytest.mark.parametrize(
    "config",
    [
        {"debug": False},
        {"testing": True},
        {"MAIL_SERVER": "127.0.0.1"},
        {"MAIL_TRANSPORT": "memory"},
        {"MAIL_MAILBOX": False},
        {"MAIL_SUPPRESS_SEND": True},
    ],
    ids=str,
)
def test_otherwise_it_is_not(make: Make, smtp: Server, config: dict[str, t.Any]) -> None:
    app = make(**{"MAIL_PORT": smtp.port, **config})
    send(app)
    assert kept(app) == []
    assert not (pathlib.Path(app.instance_path)).exists()


@pytest.mark.parametrize("config", [{}, {"debug": False}, {"testing": True}, {"MAIL_SERVER": "127.0.0.1"}], ids=str)
def test_mail_mailbox_captures_everywhere(make: Make, smtp: Server, config: dict[str, t.Any]) -> None:
    app = make(**{"MAIL_PORT": smtp.port, "MAIL_MAILBOX": True, **config})
    send(app)
    assert kept(app) == ["Hello"]
    assert smtp.deliveries == []


def test_a_server_that_is_assigned_later_gets_the_mail(app: Flask, smtp: Server) -> None:
    state = app.extensions["mail"]
    send(app, "captured")
    state.transport = memory = MemoryTransport()
    send(app, "sent")
    assert kept(app) == ["captured"]
    assert len(memory.submissions) == 1


def test_copies_show_what_was_really_sent(make: Make, smtp: Server) -> None:
    app = make(**smtp.config, MAIL_MAILBOX_COPIES=True)
    smtp.refused["no@example.com"] = "550 5.1.1 no such user"
    receipt = send(app, recipients=["joe@example.com", "no@example.com"])
    assert receipt.accepted == ("joe@example.com",)
    [delivery] = smtp.wait()
    [entry] = store_of(app).entries()
    letter, record = store_of(app).letter(entry.id), store_of(app).record(entry.id)
    assert letter is not None
    assert record is not None
    assert letter.octets.endswith(b"It works.")
    assert record["sent"]["accepted"] == ["joe@example.com"]
    assert record["sent"]["refused"] == {"no@example.com": "550 5.1.1 no such user"}
    assert delivery.recipients == ("joe@example.com",)


def test_copies_of_many_and_over_a_kept_connection(make: Make, smtp: Server) -> None:
    app = make(**smtp.config, MAIL_MAILBOX_COPIES=True)
    with app.app_context():
        state = app.extensions["mail"]
        messages = [flask_mail.Message(f"No. {number}", ["joe@example.com"], "x") for number in range(3)]
        assert all(result.ok for result in state.send_many(messages))
        for message in messages:
            state.send(message)
    assert len(smtp.wait(6)) == 6
    assert sorted(kept(app)) == sorted(2 * ["No. 0", "No. 1", "No. 2"])
    assert smtp.connections == 2  # one for the three, one that is kept for the three others


def test_a_copy_that_cannot_be_kept_fails_no_send(make: Make, smtp: Server, caplog: pytest.LogCaptureFixture) -> None:
    app = make(**smtp.config, MAIL_MAILBOX_COPIES=True)
    pathlib.Path(app.instance_path).write_text("a file where the folder should be", "ascii")
    assert send(app).accepted == ("joe@example.com",)
    assert "its copy could not be kept" in caplog.text


def test_a_folder_that_cannot_be_written_to_is_named(app: Flask) -> None:
    pathlib.Path(app.instance_path).write_text("a file where the folder should be", "ascii")
    with pytest.raises(OSError) as caught:
        send(app)
    assert isinstance(caught.value, flask_mail.MailError)
    assert "The mailbox's folder, " in "".join(caught.value.__notes__)


def test_mail_that_nobody_can_see_is_a_warning_in_the_log(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    app = make(debug=False, MAIL_MAILBOX=True)
    with caplog.at_level(logging.WARNING, "flask_mail"):
        send(app)
    assert "without MAIL_MAILBOX_AUTH" in caplog.text


def test_init_app_after_the_first_request_still_works(make: Make) -> None:
    app = make(MAIL_MAILBOX=False)
    app.test_client().get("/")
    app.config["MAIL_MAILBOX"] = True
    flask_mail.Mail(app)
    send(app)
    assert kept(app) == ["Hello"]


PROGRAM = """
    import sys
    from flask import Flask
    import flask_mail

    app = Flask("hello", instance_path=sys.argv[1])
    app.debug = True
    app.config["MAIL_DEFAULT_SENDER"] = "hello@example.com"
    mail = flask_mail.Mail(app)
    for number in range(40):
        mail.send(flask_mail.Message(f"{sys.argv[2]} {number}", ["you@example.com"], "x"))
"""


def test_several_processes_and_threads_share_it(app: Flask) -> None:
    program = textwrap.dedent(PROGRAM)
    processes = [subprocess.Popen([sys.executable, "-c", program, app.instance_path, str(name)]) for name in range(2)]
    threads = [threading.Thread(target=lambda: [send(app) for _ in range(20)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(60) for process in processes] == [0, 0]
    assert len(kept(app)) == 120
    assert len(set(kept(app))) == 81


HELLO = """
    from flask import Flask
    from flask_mail import Mail

    app = Flask(__name__)
    app.config["MAIL_DEFAULT_SENDER"] = "hello@example.com"
    mail = Mail(app)
"""
BANNER = """
    import click
    import flask.cli
    import sys
    import werkzeug.serving
    flask.cli.run_simple = werkzeug.serving.run_simple = lambda *args, **kwargs: None
    sys.argv = ["flask", "--app", "hello", *sys.argv[1:]]
    flask.cli.main()
"""


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["run", "--debug", "--port", "5005"], [" * Mail is captured: http://127.0.0.1:5005/_mail/"]),
        (["run", "--debug", "--host", "::1", "--port", "1"], [" * Mail is captured: http://[::1]:1/_mail/"]),
        (["run", "--port", "5005"], []),
        (["routes"], []),
    ],
    ids=str,
)
def test_flask_run_prints_one_line_with_the_link(
    tmp_path: pathlib.Path, arguments: list[str], lines: list[str]
) -> None:
    (tmp_path / "hello.py").write_text(textwrap.dedent(HELLO), "utf-8")
    command = [sys.executable, "-c", textwrap.dedent(BANNER), *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if "_mail/" in line and line.startswith(" *")] == lines
