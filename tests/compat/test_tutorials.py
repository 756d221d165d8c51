"""What tutorials on Flask-Mail have their readers write."""

from __future__ import annotations

import collections.abc as c
import os
import pathlib
import subprocess
import sys
import textwrap
import threading
import types

import pytest
from flask import current_app
from flask import Flask
from flask import render_template_string

from flask_mail import Mail
from flask_mail import Message

from ..servers import Server

MakeApp = c.Callable[..., Flask]


def test_the_application_factory(smtp_starttls: Server, make_app: MakeApp) -> None:
    mail = Mail()

    def create_app() -> Flask:
        app = make_app(smtp_starttls)
        mail.init_app(app)

        @app.post("/sign-up/<name>")
        def sign_up(name: str) -> str:
            message = Message("Welcome", recipients=[f"{name}@example.com"])
            message.body = render_template_string("Hello, {{ name }}!", name=name)
            message.html = render_template_string("<b>Hello, {{ name }}!</b>", name=name)
            mail.send(message)
            return "ok"

        return app

    client = create_app().test_client()
    assert client.post("/sign-up/joe").text == "ok"
    [delivery] = smtp_starttls.wait()
    assert delivery.recipients == ("joe@example.com",)
    body = delivery.message.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "Hello, joe!"


def test_a_thread_with_the_app_and_its_context(make_app: MakeApp, smtp: Server) -> None:
    mail = Mail()
    app = make_app(smtp, FLASKY_MAIL_SUBJECT_PREFIX="[Flasky]", FLASKY_MAIL_SENDER="Flasky Admin <flasky@example.com>")
    mail.init_app(app)

    def send_async_email(app: Flask, message: Message) -> None:
        with app.app_context():
            mail.send(message)

    def send_email(to: str, subject: str, template: str, **values: str) -> threading.Thread:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        message = Message(
            app.config["FLASKY_MAIL_SUBJECT_PREFIX"] + " " + subject,
            sender=app.config["FLASKY_MAIL_SENDER"],
            recipients=[to],
        )
        message.body = render_template_string(template, **values)
        thread = threading.Thread(target=send_async_email, args=[app, message])
        thread.start()
        return thread

    @app.route("/")
    def index() -> str:
        send_email("joe@example.com", "New User", "User {{ name }} has joined.", name="張偉").join()
        return "ok"

    assert app.test_client().get("/").text == "ok"
    [delivery] = smtp.wait()
    assert delivery.message["Subject"] == "[Flasky] New User"
    assert delivery.message["From"].addresses[0].display_name == "Flasky Admin"
    assert delivery.sender == "flasky@example.com"
    assert delivery.message.get_content().strip() == "User 張偉 has joined."


def test_many_threads_at_once(app: Flask, mail: Mail, smtp: Server) -> None:
    def send(number: int) -> None:
        with app.app_context():
            mail.send(Message(str(number), recipients=["to@example.com"], body="hi"))

    threads = [threading.Thread(target=send, args=[number]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {delivery.message["Subject"] for delivery in smtp.wait(16)} == {str(number) for number in range(16)}


def test_two_mails_in_two_modules(app: Flask, smtp: Server) -> None:
    accounts, orders = types.ModuleType("accounts"), types.ModuleType("orders")
    accounts.mail, orders.mail = Mail(app), Mail(app)  # type: ignore[attr-defined]
    with app.app_context():
        for module in (accounts, orders):
            module.mail.send(Message(module.__name__, recipients=["to@example.com"], body="hi"))
    assert [delivery.message["Subject"] for delivery in smtp.wait(2)] == ["accounts", "orders"]
    assert accounts.mail.state.port == orders.mail.state.port == app.extensions["mail"].port


def test_settings_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, smtp_starttls: Server, make_app: MakeApp
) -> None:
    server = smtp_starttls
    assert server.username is not None
    monkeypatch.setenv("MAIL_SERVER", server.host)
    monkeypatch.setenv("MAIL_PORT", str(server.port))
    monkeypatch.setenv("MAIL_USE_TLS", "true")
    monkeypatch.setenv("MAIL_USERNAME", server.username)
    monkeypatch.setenv("MAIL_PASSWORD", server.password)
    app = make_app(server)
    for key in ("MAIL_SERVER", "MAIL_PORT", "MAIL_USERNAME", "MAIL_PASSWORD"):
        app.config[key] = os.environ.get(key)
    app.config["MAIL_USE_TLS"] = os.environ.get("MAIL_USE_TLS", "true").lower() in ["true", "on", "1"]
    app.config["MAIL_PORT"] = os.environ.get("MAIL_PORT")
    assert isinstance(app.config["MAIL_PORT"], str)
    with app.app_context():
        Mail(app).send(Message("hello", recipients=["to@example.com"], body="hi"))
    assert server.wait()[0].login == server.username


def test_settings_from_prefixed_variables(
    monkeypatch: pytest.MonkeyPatch, make_app: MakeApp, start_server: c.Callable[..., Server]
) -> None:
    server = start_server(auth=True, username="24816", password="135246")
    monkeypatch.setenv("FLASK_MAIL_PORT", str(server.port))
    monkeypatch.setenv("FLASK_MAIL_USE_TLS", "false")
    monkeypatch.setenv("FLASK_MAIL_USERNAME", "24816")
    monkeypatch.setenv("FLASK_MAIL_PASSWORD", "135246")  # arrives as a number
    app = make_app(server)
    app.config.from_prefixed_env()
    assert isinstance(app.config["MAIL_PASSWORD"], int)
    with app.app_context():
        Mail(app).send(Message("hello", recipients=["to@example.com"], body="hi"))
    assert server.wait()[0].login == "24816"


def test_many_users_over_one_connection(app: Flask, mail: Mail, smtp: Server) -> None:
    users = [("Ann", "ann@example.com"), ("Bob", "bob@example.com"), ("Çelik", "celik@example.com")]
    with app.app_context(), mail.connect() as connection:
        for name, address in users:
            message = Message(recipients=[address], body="...", subject=f"hello, {name}")
            connection.send(message)
    assert [d.message["Subject"] for d in smtp.wait(3)] == ["hello, Ann", "hello, Bob", "hello, Çelik"]
    assert smtp.connections == 1


def test_a_file_of_the_application_attached(app: Flask, mail: Mail, smtp: Server, tmp_path: pathlib.Path) -> None:
    app.root_path = str(tmp_path)
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    with app.app_context():
        message = Message("hello", recipients=["to@example.com"], body="see the picture")
        with app.open_resource("image.png") as file:
            message.attach("image.png", "image/png", file.read())
        mail.send(message)
    [attachment] = smtp.wait()[0].message.iter_attachments()
    assert attachment.get_content_type() == "image/png"
    assert attachment.get_content() == b"\x89PNG\r\n\x1a\n\x00"


def test_a_unit_test_of_a_view(make_app: MakeApp, smtp: Server) -> None:
    app = make_app(smtp, TESTING=True)
    mail = Mail(app)

    @app.route("/send")
    def view() -> str:
        mail.send_message(subject="testing", body="test", recipients=["to@example.com"])
        return "sent"

    with mail.record_messages() as outbox:
        assert app.test_client().get("/send").text == "sent"
    assert len(outbox) == 1
    assert outbox[0].subject == "testing"
    assert smtp.connections == 0


def test_a_flask_shell_session(smtp: Server, tmp_path: pathlib.Path) -> None:
    (tmp_path / "hello.py").write_text(
        textwrap.dedent(
            f"""
            from flask import Flask
            from flask_mail import Mail

            app = Flask(__name__)
            app.config["MAIL_SERVER"] = "localhost"
            app.config["MAIL_PORT"] = "{smtp.port}"
            mail = Mail(app)
            """
        )
    )
    session = textwrap.dedent(
        """
        from flask_mail import Message
        from hello import mail
        msg = Message('test email', sender='you@example.com', recipients=['you@example.com'])
        msg.body = 'This is the plain text body'
        msg.html = 'This is the <b>HTML</b> body'
        with app.app_context():
            mail.send(msg)

        """
    )
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "hello", "shell"],
        cwd=tmp_path,
        input=session,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONSTARTUP": ""},
    )
    assert smtp.deliveries, done.stdout + done.stderr
    [delivery] = smtp.deliveries
    assert delivery.message["Subject"] == "test email"
    assert delivery.recipients == ("you@example.com",)


def test_the_same_message_for_several_people(app: Flask, mail: Mail, smtp: Server) -> None:
    with app.app_context():
        message = Message("hello", body="hi")
        for address in ("one@example.com", "two@example.com"):
            message.recipients = [address]
            mail.send(message)
    assert [delivery.recipients for delivery in smtp.wait(2)] == [("one@example.com",), ("two@example.com",)]
    assert [delivery.message["To"] for delivery in smtp.deliveries] == ["one@example.com", "two@example.com"]
