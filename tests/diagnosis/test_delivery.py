"""What a program and its log see of the advice when mail is sent."""

from __future__ import annotations

import collections.abc as c
import logging
import typing as t

import pytest
from flask import Flask

from flask_mail import DeliveryError
from flask_mail import email_failed
from flask_mail import Mail
from flask_mail import Message
from flask_mail.submission import Receipt

from .. import servers
from ..servers import ScriptedServer
from ..servers import Server

Scripted = c.Callable[..., ScriptedServer]


def send(config: dict[str, t.Any], *recipients: str) -> Receipt:
    app = Flask(__name__)
    app.config.update(config)
    message = Message("Hello", recipients=list(recipients or ["you@example.com"]), sender="me@example.com", body="Hi")
    return Mail(app).send(message)


def answering(scripted: Scripted, reply: str) -> dict[str, t.Any]:
    """A server that says *reply* to MAIL."""
    offer = b"250 mail.example.com\r\n"
    said = [reply.encode("gb18030") + b"\r\n"]
    return scripted([b"220 mail.example.com\r\n", servers.line, offer, servers.line, *said]).config


@pytest.mark.parametrize(
    ("reply", "cause", "transient"),
    [
        ("440 mail from account doesn't conform with authentication", "sender-not-allowed", False),
        ("451 MI:SFQ", "rate-limit", True),
        ("550 This IP has sent too many messages this hour. IB504", "rate-limit", True),
        ("541 This account isn't allowed to send email", "account-suspended", False),
        ("530 5.7.0 Authentication Required.", "auth-required", False),
    ],
)
def test_transient_follows_the_table(scripted: Scripted, reply: str, cause: str, transient: bool) -> None:
    with pytest.raises(DeliveryError) as caught:
        send(answering(scripted, reply))
    assert caught.value.transient is transient
    assert caught.value.__notes__[-1].startswith(f"{cause}: ")


def test_notes_are_readable_and_in_the_language_of_the_settings(scripted: Scripted) -> None:
    with pytest.raises(DeliveryError) as caught:
        send({**answering(scripted, "550 请先登录"), "MAIL_LOCALE": "zh"})
    where, said, advice = caught.value.__notes__
    assert where.startswith("发送邮件时出错，服务器 127.0.0.1:")
    assert said == "服务器的答复：550 请先登录"
    assert advice == "auth-required: 服务器要求先登录，而这次没有登录。请同时设置 MAIL_USERNAME 和 MAIL_PASSWORD。"


def test_what_is_not_known_is_said(scripted: Scripted) -> None:
    with pytest.raises(DeliveryError) as caught:
        send(answering(scripted, "554 Transaction failed"))
    assert caught.value.__notes__[-1].startswith("unknown: What caused this is not known here.")


def test_the_log_has_the_label(scripted: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "flask_mail"), pytest.raises(DeliveryError):
        send(answering(scripted, "451 MI:SFQ"))
    [record] = [record for record in caplog.records if record.name == "flask_mail"]
    assert record.getMessage().endswith("[rate-limit]")


def test_refused_recipients_are_logged_with_label_and_advice(smtp: Server, caplog: pytest.LogCaptureFixture) -> None:
    smtp.refused["full@example.com"] = "552 5.2.2 Mailbox full"
    with caplog.at_level(logging.WARNING, "flask_mail"):
        receipt = send(smtp.config, "you@example.com", "full@example.com")
    assert receipt.accepted == ("you@example.com",)
    [record] = [record for record in caplog.records if record.name == "flask_mail"]
    assert "full@example.com was refused: 552 5.2.2 Mailbox full [mailbox-full] The recipient's mailbox is full." in (
        record.getMessage()
    )


def test_the_signal_of_refused_recipients_follows_the_table(smtp: Server) -> None:
    smtp.refused["late@example.com"] = "550 too many recipients"
    told: dict[tuple[str, ...], bool] = {}

    def failed(app: Flask, *, recipients: tuple[str, ...], error: DeliveryError, **_: t.Any) -> None:
        told[recipients] = error.transient

    with email_failed.connected_to(failed):
        send(smtp.config, "you@example.com", "late@example.com")
    assert told == {("late@example.com",): True}


def test_a_password_is_in_no_advice(start_server: c.Callable[..., Server], caplog: pytest.LogCaptureFixture) -> None:
    server = start_server(auth=True)
    server.replies["AUTH"] = "535 5.7.8 Error: authentication failed: hunter-two"
    config = {**server.config, "MAIL_USERNAME": "me@example.com", "MAIL_PASSWORD": "hunter-two"}
    with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as caught:
        send(config)
    assert "auth-wrong" in caught.value.__notes__[-1]
    assert "hunter-two" not in "".join(caught.value.__notes__) + caplog.text + str(caught.value)
