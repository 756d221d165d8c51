"""The transports: each passes the contract published for third parties, and does what only it does."""

from __future__ import annotations

import collections.abc as c
import io
import json
import pathlib
import re
import socket
import subprocess
import sys
import textwrap
import threading
import typing as t

import pytest
from flask import Flask

import flask_mail
from flask_mail import Mail
from flask_mail import Message
from flask_mail.errors import ConfigError
from flask_mail.settings import as_config
from flask_mail.settings import Settings
from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Receipt
from flask_mail.submission import Submission
from flask_mail.testing import Delivered
from flask_mail.testing import FailureContract
from flask_mail.testing import make_submission
from flask_mail.testing import Streamed
from flask_mail.testing import TransportContract
from flask_mail.testing import Unreadable
from flask_mail.transports import load
from flask_mail.transports import NAMES
from flask_mail.transports import Transport
from flask_mail.transports.base import accepted
from flask_mail.transports.connect import Endpoint
from flask_mail.transports.connect import Trust
from flask_mail.transports.console import ConsoleTransport
from flask_mail.transports.file import FileTransport
from flask_mail.transports.memory import MemoryTransport
from flask_mail.transports.null import NullTransport
from flask_mail.transports.smtp import SMTPTransport

from .servers import Authority
from .servers import Server

RULE = "-" * 72


class TestSMTP(TransportContract):
    server: Server

    @pytest.fixture(autouse=True)
    def setup(self, smtp: Server) -> None:
        self.server = smtp
        self.transport = SMTPTransport(Endpoint(smtp.host, smtp.port))

    def delivered(self) -> list[Delivered]:
        return [Delivered(one.sender, one.recipients, one.content) for one in self.server.deliveries]


class TestSMTPOverTLS(TestSMTP):
    @pytest.fixture(autouse=True)
    def setup(self, start_server: c.Callable[..., Server], authority: Authority) -> None:
        self.server = start_server(tls="implicit")
        trust = Trust(ca=authority.ca_file)
        self.transport = SMTPTransport(Endpoint(self.server.host, self.server.port, security="tls", trust=trust))


class TestSMTPWithoutSMTPUTF8(TestSMTP):
    @pytest.fixture(autouse=True)
    def setup(self, start_server: c.Callable[..., Server]) -> None:
        self.server = start_server(enable_SMTPUTF8=False)
        self.transport = SMTPTransport(Endpoint(self.server.host, self.server.port))


class TestSMTPThatFails(FailureContract):
    def setup_method(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.transport = SMTPTransport(Endpoint("127.0.0.1", port))


class TestMemory(TransportContract):
    transport: MemoryTransport

    def setup_method(self) -> None:
        self.transport = MemoryTransport()

    def delivered(self) -> list[Delivered]:
        return [
            Delivered(one.envelope.sender, one.envelope.recipients, bytes(one.content))
            for one in self.transport.submissions
        ]

    def test_it_keeps_what_was_sent_though_its_source_changes(self) -> None:
        source = Streamed(b"as it was\r\n")
        self.transport.send(make_submission(source))
        source._data = b"AS IT IS!\r\n"
        [kept] = self.transport.submissions
        assert bytes(kept.content).endswith(b"as it was\r\n")

    def test_each_transport_has_submissions_of_its_own(self) -> None:
        self.transport.send(make_submission())
        assert MemoryTransport().submissions == []


class TestNull(TransportContract):
    def setup_method(self) -> None:
        self.transport = NullTransport()

    def test_a_fault_in_the_content_shows_though_nothing_is_kept(self) -> None:
        with pytest.raises(OSError, match="the file is gone"):
            self.transport.send(make_submission(Unreadable()))


class TestFile(TransportContract):
    folder: pathlib.Path

    @pytest.fixture(autouse=True)
    def setup(self, tmp_path: pathlib.Path) -> None:
        self.folder = tmp_path / "not" / "there yet"
        self.transport = FileTransport(self.folder)

    def delivered(self) -> list[Delivered]:
        return [
            Delivered(record["sender"], tuple(record["recipients"]), path.with_suffix(".eml").read_bytes())
            for path in sorted(self.folder.glob("*.json"))
            for record in [json.loads(path.read_text("utf-8"))]
        ]

    def test_the_envelope_is_json_beside_the_content(self) -> None:
        self.transport.send(make_submission(sender="", recipients=("用户@example.com",), mail_options=("SMTPUTF8",)))
        [path] = self.folder.glob("*.json")
        record = json.loads(path.read_text("utf-8"))
        assert record.pop("date").endswith("+00:00")
        assert record == {
            "message_id": "<one@contract.example.com>",
            "sender": "",
            "recipients": ["用户@example.com"],
            "mail_options": ["SMTPUTF8"],
            "rcpt_options": [],
            "tags": [],
            "metadata": {},
        }

    def test_names_sort_by_time_and_no_two_are_the_same(self) -> None:
        for n in range(20):
            self.transport.send(make_submission(name=f"{n:02}"))
        names = sorted(path.stem for path in self.folder.glob("*.eml"))
        assert len(names) == 20
        contents = [(self.folder / f"{name}.eml").read_text() for name in names]
        assert [re.findall(r"<(\d+)@", content) for content in contents] == [[f"{n:02}"] for n in range(20)]

    def test_a_failure_leaves_nothing_behind(self) -> None:
        with pytest.raises(OSError, match="the file is gone"):
            self.transport.send(make_submission(Unreadable()))
        assert list(self.folder.iterdir()) == []

    def test_a_crash_leaves_nothing_that_looks_like_a_mail(self) -> None:
        """The process dies while it writes: there is no ``.eml`` and no ``.json``, nor half of one."""
        program = """
            import os, sys
            from flask_mail.testing import make_submission, Streamed
            from flask_mail.transports.file import FileTransport

            class Deadly(Streamed):
                def __iter__(self):
                    yield from super().__iter__()
                    os._exit(9)

            FileTransport(sys.argv[1]).send(make_submission(Deadly(b"x" * 100_000)))
        """
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(program), self.folder], timeout=60)
        assert done.returncode == 9
        assert [path.suffix for path in self.folder.iterdir()] == [".partial"]
        whole = make_submission(name="whole")
        self.transport.send(whole)
        self._check_delivered(whole)

    def test_a_json_is_there_only_with_its_eml(self, monkeypatch: pytest.MonkeyPatch) -> None:
        written: list[str] = []
        replace = pathlib.Path.replace

        def watch(path: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
            written.append(target.suffix)
            return replace(path, target)

        monkeypatch.setattr(pathlib.Path, "replace", watch)
        self.transport.send(make_submission())
        assert written == [".eml", ".json"]


class TestFileThatFails(FailureContract):
    @pytest.fixture(autouse=True)
    def setup(self, tmp_path: pathlib.Path) -> None:
        (tmp_path / "file").write_text("not a folder")
        self.transport = FileTransport(tmp_path / "file")


class TestConsole(TransportContract):
    stream: io.StringIO

    def setup_method(self) -> None:
        self.stream = io.StringIO()
        self.transport = ConsoleTransport(self.stream)

    def delivered(self) -> list[Delivered]:
        pieces = self.stream.getvalue().split(RULE + "\n")
        assert pieces.pop() == ""
        return [
            Delivered(
                re.findall(r"^MAIL FROM:<(.*)>$", envelope, re.MULTILINE)[0],
                tuple(re.findall(r"^RCPT TO:<(.*)>$", envelope, re.MULTILINE)),
                content.removesuffix("\n").replace("\n", "\r\n").encode(),
            )
            for before, envelope, content in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True)
            if before == ""
        ]

    def test_it_writes_envelope_and_content(self) -> None:
        self.transport.send(make_submission("Grüße\r\n".encode(), recipients=("a@example.com", "b@example.com")))
        assert self.stream.getvalue() == (
            f"{RULE}\n"
            "MAIL FROM:<sender@example.com>\n"
            "RCPT TO:<a@example.com>\n"
            "RCPT TO:<b@example.com>\n"
            f"{RULE}\n"
            "From: sender@example.com\n"
            "Subject: contract\n"
            "Message-ID: <one@contract.example.com>\n"
            "\n"
            "Grüße\n"
            "\n"
            f"{RULE}\n"
        )

    def test_standard_output_is_taken_as_it_is_when_a_mail_is_sent(self, capsys: pytest.CaptureFixture[str]) -> None:
        transport = ConsoleTransport()
        with capsys.disabled():
            pass  # standard output has changed hands since the transport was made
        transport.send(make_submission())
        assert "A short text." in capsys.readouterr().out

    def test_mails_of_many_threads_do_not_mix(self) -> None:
        submissions = [make_submission(Streamed(b"%d\r\n" % n * 2000), name=str(n)) for n in range(8)]
        threads = [threading.Thread(target=self.transport.send, args=[submission]) for submission in submissions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._check_delivered(*submissions, ordered=False)

    def test_octets_that_are_no_text_are_shown_as_such(self) -> None:
        self.transport.send(make_submission(b"\xff\xfe\r\n"))
        assert "\ufffd\ufffd\n" in self.stream.getvalue()


# By name and by dotted path


class Letterbox(Transport):
    """A transport as a user of the package writes one."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.sent: list[Submission] = []

    @classmethod
    def from_config(cls, config: c.Mapping[str, t.Any], /) -> t.Self:
        if not config.get("LETTERBOX_LABEL"):
            raise ConfigError("LETTERBOX_LABEL has to be set.", key="LETTERBOX_LABEL")
        return cls(f"{config['LETTERBOX_LABEL']} {config['MAIL_TIMEOUT']!r}")

    def send(self, submission: Submission, /) -> Receipt:
        self.sent.append(submission)
        return accepted(submission)


def make_letterbox(config: c.Mapping[str, t.Any]) -> Letterbox:
    return Letterbox.from_config(config)


letterbox = Letterbox("an object")


def make_app(**config: t.Any) -> Flask:
    app = Flask("app_of_a_test")
    app.config.update(MAIL_DEFAULT_SENDER="support@mysite.example", **config)
    return app


def a_message() -> flask_mail.Message:
    return flask_mail.Message("Hello", recipients=["joe@example.com"], body="Hello")


def send_one(app: Flask) -> Receipt:
    return flask_mail.Mail(app).send(a_message())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_transport(name: str) -> None:
    assert issubclass(load(name), Transport)


@pytest.mark.parametrize("name", NAMES)
def test_an_application_chooses_a_transport_by_name(name: str) -> None:
    transport = flask_mail.Mail(make_app(MAIL_TRANSPORT=name)).get_transport()
    assert type(transport) is load(name)


@pytest.mark.parametrize("attribute", ["Letterbox", "make_letterbox"])
def test_a_dotted_path_leads_to_a_users_own_transport(attribute: str) -> None:
    app = make_app(MAIL_TRANSPORT=f"{__name__}.{attribute}", MAIL_TIMEOUT="2.5", LETTERBOX_LABEL="from the config")
    receipt = send_one(app)
    assert receipt.accepted == ("joe@example.com",)
    transport = app.extensions["mail"].get_transport()
    assert transport.label == "from the config 2.5"  # every MAIL_* setting is there, parsed
    [submission] = transport.sent
    assert submission.envelope.sender == "support@mysite.example"


@pytest.mark.parametrize("chosen", [f"{__name__}.letterbox", letterbox], ids=["dotted path", "object"])
def test_a_transport_may_be_an_object(chosen: t.Any) -> None:
    assert flask_mail.Mail(make_app(MAIL_TRANSPORT=chosen)).get_transport() is letterbox


def test_a_transport_may_be_a_class() -> None:
    mail = flask_mail.Mail(make_app(MAIL_TRANSPORT=Letterbox, LETTERBOX_LABEL="a class"))
    assert mail.get_transport().label == "a class 30.0"  # type: ignore[attr-defined]


def test_the_same_transport_serves_every_send() -> None:
    app = make_app(MAIL_TRANSPORT="memory")
    mail = flask_mail.Mail(app)
    receipts = [mail.send(a_message()), mail.send(a_message())]
    kept = app.extensions["mail"].get_transport().submissions
    assert [one.message_id for one in kept] == [receipt.message_id for receipt in receipts]


def test_changed_settings_make_another_transport() -> None:
    mail = flask_mail.Mail(make_app(MAIL_TRANSPORT="memory"))
    first = mail.get_transport()
    mail.state.transport = "null"
    assert type(mail.get_transport()) is NullTransport
    assert mail.get_transport() is not first


def test_a_transport_of_ones_own_says_what_it_lacks() -> None:
    with pytest.raises(ConfigError, match=r"^LETTERBOX_LABEL has to be set\.$"):
        send_one(make_app(MAIL_TRANSPORT=f"{__name__}.Letterbox"))


def test_an_unknown_name_is_refused_by_init_app() -> None:
    with pytest.raises(ConfigError) as caught:
        flask_mail.Mail(make_app(MAIL_TRANSPORT="smpt"))
    assert str(caught.value) == (
        "MAIL_TRANSPORT is 'smpt', but it has to be one of smtp, console, file, memory, null, or a dotted path such "
        "as 'myapp.mail.MyTransport'."
    )
    assert caught.value.key == "MAIL_TRANSPORT"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("no_such_package.Transport", "No module named 'no_such_package'"),
        (
            "flask_mail.transports.smtp.NoTransport",
            "module 'flask_mail.transports.smtp' has no attribute 'NoTransport'",
        ),
    ],
)
def test_a_dotted_path_that_leads_nowhere_says_so(path: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        send_one(make_app(MAIL_TRANSPORT=path))
    assert str(caught.value) == (
        f"MAIL_TRANSPORT is {path!r}, which cannot be imported ({problem}). Give one of smtp, console, file, memory, "
        f"null, or the dotted path of a class."
    )


def test_a_dotted_path_to_something_else_says_so() -> None:
    with pytest.raises(ConfigError, match=r"MAIL_TRANSPORT is '-+', which is no Transport and makes none\."):
        send_one(make_app(MAIL_TRANSPORT=f"{__name__}.RULE"))


@pytest.mark.parametrize("value", [42, ["smtp"]])
def test_a_transport_that_is_none_is_refused_by_init_app(value: t.Any) -> None:
    with pytest.raises(ConfigError, match=r"^MAIL_TRANSPORT is .* but it has to be the name of a transport"):
        flask_mail.Mail(make_app(MAIL_TRANSPORT=value))


def test_a_class_that_overrides_nothing_says_what_is_missing() -> None:
    class Unfinished(Transport):
        pass

    with pytest.raises(NotImplementedError, match=r"^Unfinished overrides neither open\(\) nor send\(\)$"):
        Unfinished().send(make_submission())


# What the file and console transports do in an application


def test_files_go_to_the_instance_folder_by_default(tmp_path: pathlib.Path) -> None:
    app = Flask("app_of_a_test", instance_path=str(tmp_path))
    app.config.update(MAIL_TRANSPORT="file", MAIL_DEFAULT_SENDER="support@mysite.example")
    send_one(app)
    assert sorted(path.suffix for path in (tmp_path / "mail").iterdir()) == [".eml", ".json"]


def test_files_go_where_the_setting_says(tmp_path: pathlib.Path) -> None:
    receipt = send_one(make_app(MAIL_TRANSPORT="file", MAIL_FILE_PATH=str(tmp_path / "here")))
    [path] = (tmp_path / "here").glob("*.json")
    assert json.loads(path.read_text())["message_id"] == receipt.message_id
    assert receipt.message_id.encode() in path.with_suffix(".eml").read_bytes()


def test_a_file_transport_without_a_folder_says_which_setting_it_needs() -> None:
    with pytest.raises(ConfigError, match=r"^MAIL_FILE_PATH has to name the folder that mail is written to\.$"):
        FileTransport.from_config({"MAIL_FILE_PATH": None})


def test_the_console_shows_a_whole_mail(capsys: pytest.CaptureFixture[str]) -> None:
    receipt = send_one(make_app(MAIL_TRANSPORT="console"))
    shown = capsys.readouterr().out
    for line in ("MAIL FROM:<support@mysite.example>", "RCPT TO:<joe@example.com>", "Subject: Hello", "", "Hello"):
        assert line in shown.splitlines()
    assert receipt.message_id in shown


# SMTP from settings


def test_the_password_is_not_in_the_repr() -> None:
    config = {**_smtp_config(), "MAIL_USERNAME": "joe", "MAIL_PASSWORD": "open sesame"}
    assert "open sesame" not in repr(SMTPTransport.from_config(config))


def test_settings_choose_how_to_speak_to_the_server() -> None:
    for settings, security in (
        ({}, "plain"),
        ({"MAIL_USE_TLS": True}, "starttls"),
        ({"MAIL_USE_SSL": True}, "tls"),
    ):
        assert SMTPTransport.from_config({**_smtp_config(), **settings}).endpoint.security == security


def _smtp_config() -> dict[str, t.Any]:
    return as_config(Settings())


def test_the_console_shows_an_encoded_mail_readably(capsys: pytest.CaptureFixture[str]) -> None:
    app = make_app(MAIL_TRANSPORT="console")
    message = Message(
        "你好", ["to@example.com"], "第一封邮件\n", html="<p>第一封邮件</p>", sender=("王小明", "a@example.com")
    )
    message.attach("报告.txt", "text/plain", "x" * 100)
    Mail(app).send(message)
    shown = capsys.readouterr().out
    assert "From: 王小明 <a@example.com>\n" in shown
    assert "Subject: 你好\n" in shown
    assert "[text/plain]\n第一封邮件\n" in shown
    assert "<p>第一封邮件</p>" in shown
    assert "[text/plain, 报告.txt, 100 octets]" in shown
    assert "=?utf-8" not in shown


def test_the_console_shows_source_when_asked_and_what_its_terminal_can() -> None:
    octets = io.BytesIO()
    ascii_terminal = io.TextIOWrapper(octets, encoding="ascii")
    submission = Submission(
        Envelope("a@example.com", ("b@example.com",)), Content([b"Subject: =?utf-8?b?5L2g5aW9?=\r\n\r\nx\r\n"]), "<1@x>"
    )
    ConsoleTransport(ascii_terminal).send(submission)
    ConsoleTransport(ascii_terminal, raw=True).send(submission)
    assert b"Subject: \\u4f60\\u597d\n" in octets.getvalue()
    assert b"Subject: =?utf-8?b?5L2g5aW9?=\n" in octets.getvalue()


def test_a_setting_counts_however_it_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    state = t.cast(t.Any, flask_mail.Mail(make_app(MAIL_TRANSPORT="smtp", MAIL_PORT=1025)).state)
    with monkeypatch.context() as patched:
        patched.setitem(vars(state), "port", 1026)
        assert state.get_transport().endpoint.port == 1026
    assert state.get_transport().endpoint.port == 1025
    state.port = 1027
    assert state.get_transport().endpoint.port == 1027
