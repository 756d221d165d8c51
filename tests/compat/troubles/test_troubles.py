"""What users of Flask-Mail ran into, one test for each trouble, named by its number in the project's list.

Every test here fails with Flask-Mail 0.10.0; ``test_upstream_fails.py`` runs this very file against it to show that.
So nothing here may use what Flask-Mail does not have, except where not having it is the trouble.
"""

from __future__ import annotations

import base64
import collections.abc as c
import datetime
import logging
import os
import pathlib
import smtplib
import ssl
import subprocess
import sys
import threading
import typing as t

import pytest
from flask import Flask

import flask_mail
from flask_mail import email_dispatched
from flask_mail import Mail
from flask_mail import Message

from ...conftest import SENDER
from ...servers import Authority
from ...servers import hang
from ...servers import ScriptedServer
from ...servers import Server

MakeApp = c.Callable[..., Flask]
StartServer = c.Callable[..., Server]
Scripted = c.Callable[..., ScriptedServer]


def within(seconds: float, what: c.Callable[[], t.Any]) -> BaseException | None:
    """What *what* raises; the test fails when it is still at it after so many *seconds*."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            what()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"still waiting after {seconds} s"
    return raised[0] if raised else None


def words(error: BaseException | None) -> str:
    """All a reader is shown of *error*: its text and its notes."""
    assert error is not None, "no error at all"
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


def send(app: Flask, **fields: t.Any) -> None:
    """Send one message as a program would, in a context."""
    with app.app_context():
        message = {"subject": "hello", "recipients": ["to@example.com"], "body": "hi", **fields}
        app.extensions["mail"].send(Message(**message))


YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("flaw", ["unknown authority", "another name", "expired"])
def test_trouble_02_the_certificate_is_verified_before_the_password_goes_out(
    make_app: MakeApp,
    start_server: StartServer,
    authority: Authority,
    tmp_path: pathlib.Path,
    tls: str,
    flaw: str,
) -> None:
    context = {
        "unknown authority": lambda: Authority(tmp_path).server_context(),
        "another name": lambda: authority.server_context("mail.elsewhere.example"),
        "expired": lambda: authority.server_context(not_after=YESTERDAY),
    }[flaw]()
    server = start_server(tls=tls, auth=True, context=context)
    app = make_app(server, MAIL_SERVER="localhost")
    Mail(app)
    with pytest.raises(ssl.SSLCertVerificationError):
        send(app)
    assert server.logins == []
    assert server.deliveries == []


@pytest.mark.parametrize("key", ["TESTING", "MAIL_SUPPRESS_SEND"])
def test_trouble_11_suppression_set_after_init_is_obeyed(app: Flask, mail: Mail, smtp: Server, key: str) -> None:
    app.config[key] = True
    send(app)
    assert smtp.connections == 0


def test_trouble_11_suppression_lifted_after_init_is_obeyed(make_app: MakeApp, smtp: Server) -> None:
    app = make_app(smtp, TESTING=True)
    Mail(app)
    app.config["TESTING"] = False
    send(app)
    assert len(smtp.deliveries) == 1


def test_trouble_11_the_outbox_holds_what_was_sent_not_what_became_of_it(make_app: MakeApp, smtp: Server) -> None:
    app = make_app(smtp, TESTING=True)
    mail = Mail(app)
    with app.app_context(), mail.record_messages() as outbox:
        message = Message("first", recipients=["one@example.com"], body="hello")
        mail.send(message)
        message.subject = "second"
        message.recipients.append("two@example.com")
        mail.send(message)
    assert [recorded.subject for recorded in outbox] == ["first", "second"]
    assert outbox[0].recipients == ["one@example.com"]


def test_trouble_11_a_suppressed_message_is_composed_all_the_same(make_app: MakeApp, smtp: Server) -> None:
    app = make_app(smtp, TESTING=True)
    Mail(app)
    with pytest.raises(ValueError, match=r"surrogate|encode"):
        send(app, body="half a character: \ud83d")


def test_trouble_13_a_server_that_says_nothing_is_given_up(make_app: MakeApp, scripted: Scripted) -> None:
    app = make_app(scripted([hang]), MAIL_TIMEOUT=0.3)
    Mail(app)
    assert isinstance(within(2, lambda: send(app)), TimeoutError)


def test_trouble_13_the_timeout_is_finite_by_default(app: Flask, mail: Mail) -> None:
    assert mail.state is not None
    assert 0 < mail.state.timeout <= 120


def test_trouble_14_a_bound_mail_needs_no_context(app: Flask, mail: Mail, smtp: Server) -> None:
    raised = within(5, lambda: mail.send(Message("hello", sender=SENDER, recipients=["to@example.com"], body="hi")))
    assert raised is None
    assert smtp.wait()[0].recipients == ("to@example.com",)


def test_trouble_14_the_default_sender_needs_no_context(app: Flask, mail: Mail, smtp: Server) -> None:
    raised = within(5, lambda: mail.send_message("hello", recipients=["to@example.com"], body="hi"))
    assert raised is None
    [delivery] = smtp.wait()
    assert delivery.sender == SENDER
    assert delivery.message["From"] == SENDER


@pytest.mark.parametrize("key", ["MAIL_SUPPRESS_SEND", "MAIL_USE_TLS", "MAIL_USE_SSL", "MAIL_DEBUG"])
def test_trouble_16_false_from_the_environment_is_false(make_app: MakeApp, smtp: Server, key: str) -> None:
    app = make_app(smtp, **{key: "False"})
    Mail(app)
    send(app)
    assert len(smtp.deliveries) == 1


def test_trouble_16_a_number_from_the_environment_is_a_number(make_app: MakeApp, smtp: Server) -> None:
    app = make_app(smtp, MAIL_MAX_EMAILS="1")
    mail = Mail(app)
    with app.app_context(), mail.connect() as connection:
        for _ in range(3):
            connection.send(Message("hello", recipients=["to@example.com"], body="hi"))
    assert smtp.connections >= 3


@pytest.mark.parametrize(
    ("key", "value"),
    [("MAIL_PORT", "smtp"), ("MAIL_USE_TLS", "ture"), ("MAIL_MAX_EMAILS", "many"), ("MAIL_SUPPRESS_SEND", "flase")],
)
def test_trouble_16_a_value_that_cannot_be_used_is_an_error_at_init(
    make_app: MakeApp, smtp: Server, key: str, value: str
) -> None:
    with pytest.raises(ValueError, match=f"{key} is '{value}'"):
        Mail(make_app(smtp, **{key: value}))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("MAIL_USENAME", "MAIL_USERNAME"), ("MAIL_POST", "MAIL_PORT"), ("MAIL_USE_SSl", "MAIL_USE_SSL")],
)
def test_trouble_16_a_misspelt_key_is_warned_of(make_app: MakeApp, smtp: Server, wrong: str, right: str) -> None:
    with pytest.warns(UserWarning, match=rf"{wrong}.*did you mean {right}\?"):
        Mail(make_app(smtp, **{wrong: "x"}))


def test_trouble_17_tls_and_ssl_together_are_refused_at_init(make_app: MakeApp, smtp: Server) -> None:
    with pytest.raises(ValueError, match="MAIL_USE_TLS and MAIL_USE_SSL"):
        Mail(make_app(smtp, MAIL_USE_TLS=True, MAIL_USE_SSL=True))


def test_trouble_17_speaking_clear_to_a_tls_port_says_what_to_set(make_app: MakeApp, start_server: StartServer) -> None:
    app = make_app(start_server(tls="implicit"), MAIL_USE_SSL=False, MAIL_TIMEOUT=0.3)
    Mail(app)
    assert "MAIL_USE_SSL" in words(within(2, lambda: send(app)))


def test_trouble_17_speaking_tls_to_a_clear_port_says_what_to_set(make_app: MakeApp, smtp: Server) -> None:
    app = make_app(smtp, MAIL_USE_SSL=True)
    Mail(app)
    assert "MAIL_USE_TLS" in words(within(5, lambda: send(app)))


@pytest.mark.parametrize(("given", "missing"), [("MAIL_USERNAME", "MAIL_PASSWORD"), ("MAIL_PASSWORD", "MAIL_USERNAME")])
def test_trouble_18_half_a_login_is_an_error_at_init(make_app: MakeApp, smtp: Server, given: str, missing: str) -> None:
    with pytest.raises(ValueError, match=missing) as caught:
        Mail(make_app(smtp, **{given: "s3cret"}))
    assert "s3cret" not in str(caught.value)


def test_trouble_18_a_server_that_wants_a_login_is_explained(make_app: MakeApp, smtp_auth: Server) -> None:
    app = make_app(smtp_auth, MAIL_USERNAME=None, MAIL_PASSWORD=None)
    Mail(app)
    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        send(app)
    assert caught.value.smtp_code == 530
    assert "MAIL_USERNAME" in words(caught.value)


def test_trouble_20_a_missing_init_app_says_so() -> None:
    app, mail = Flask(__name__), Mail()
    with app.app_context(), pytest.raises(RuntimeError, match="init_app"):
        mail.send(Message("hello", recipients=["to@example.com"], body="hi"))


def test_trouble_20_an_unknown_attribute_is_an_error(mail: Mail) -> None:
    with pytest.raises(AttributeError, match="sever"):
        print(mail.sever)


def test_trouble_20_the_state_of_an_app_of_a_factory_is_not_none(make_app: MakeApp, smtp: Server) -> None:
    mail = Mail()
    app = make_app(smtp)
    mail.init_app(app)
    with app.app_context():
        assert mail.state is app.extensions["mail"]
        assert mail.port == smtp.port


def test_trouble_22_debugging_shows_no_secret_and_writes_nothing_to_stderr(
    make_app: MakeApp,
    smtp_auth: Server,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app(smtp_auth, MAIL_DEBUG=True)
    Mail(app)
    with caplog.at_level(logging.DEBUG, "flask_mail.smtp"):
        send(app, body="for your eyes only")
    assert len(smtp_auth.deliveries) == 1
    shown = capsys.readouterr()
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name == "flask_mail.smtp")
    plain = f"\0{smtp_auth.username}\0{smtp_auth.password}"
    for secret in (smtp_auth.password, "for your eyes only"):
        for form in (secret, base64.b64encode(secret.encode()).decode(), base64.b64encode(plain.encode()).decode()):
            assert form not in shown.out + shown.err + logged
    assert shown.err == ""
    assert "RCPT TO:<to@example.com>" in logged


def test_trouble_23_receivers_of_both_shapes_are_called(app: Flask, mail: Mail, smtp: Server) -> None:
    seen: list[tuple[str, t.Any, t.Any]] = []

    def old(message: t.Any, app: t.Any) -> None:
        seen.append(("old", app, message))

    def new(app: t.Any, message: t.Any) -> None:
        seen.append(("new", app, message))

    with email_dispatched.connected_to(new), email_dispatched.connected_to(old):
        send(app)
    assert {(shape, a, m.subject) for shape, a, m in seen} == {("old", app, "hello"), ("new", app, "hello")}
    assert len(smtp.deliveries) == 1


def test_trouble_23_a_failing_receiver_is_logged_and_fails_no_send(
    app: Flask, mail: Mail, smtp: Server, caplog: pytest.LogCaptureFixture
) -> None:
    def receiver(app: t.Any, message: t.Any) -> None:
        raise LookupError("the statistics table is gone")

    with email_dispatched.connected_to(receiver):
        send(app)
    assert len(smtp.deliveries) == 1
    assert "the statistics table is gone" in caplog.text


def test_trouble_24_a_list_of_str_is_well_typed(tmp_path: pathlib.Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from flask_mail import Attachment, Message\n"
        "to: list[str] = ['a@example.com']\n"
        "pairs: list[tuple[str, str]] = [('A', 'a@example.com')]\n"
        "files: list[Attachment] = []\n"
        "Message('hello', recipients=to, cc=to, bcc=pairs, attachments=files)\n"
    )
    # Not to be found as an installed package but as source: so both libraries are checked the same way.
    library = str(pathlib.Path(flask_mail.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-incremental", str(program)],
        env={**os.environ, "MYPYPATH": library},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


def test_trouble_32_staging_mails_no_customer(make_app: MakeApp, smtp: Server) -> None:
    app = make_app(smtp, MAIL_CATCH_ALL="dev@ours.example", MAIL_CATCH_ALL_ALLOW=["tester@example.com"])
    Mail(app)
    send(app, recipients=["customer@example.com", "tester@example.com"], bcc=["boss@example.com"])
    reached = {recipient for delivery in smtp.deliveries for recipient in delivery.recipients}
    assert reached == {"dev@ours.example", "tester@example.com"}
    headers = "\n".join(f"{name}: {value}" for name, value in smtp.deliveries[0].message.items())
    assert "customer@example.com" in headers
