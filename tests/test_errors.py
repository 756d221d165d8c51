"""One tree of errors, under which the old ``except`` clauses keep working."""

from __future__ import annotations

import copy
import pickle
import smtplib
import socket
import ssl

import pytest

import flask_mail
from flask_mail.errors import delivery_error
from flask_mail.errors import DeliveryError
from flask_mail.errors import MailError
from flask_mail.errors import MissingExtraError
from flask_mail.submission import Reply

ORIGINALS = [
    smtplib.SMTPAuthenticationError(535, b"no"),
    smtplib.SMTPSenderRefused(550, b"no", "a@x"),
    smtplib.SMTPRecipientsRefused({"a@x": (550, b"no")}),
    smtplib.SMTPServerDisconnected("gone"),
    ConnectionRefusedError(111, "Connection refused"),
    TimeoutError("timed out"),
    socket.gaierror(-2, "Name or service not known"),
    ssl.SSLCertVerificationError(1, "self-signed certificate"),
]


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda e: type(e).__name__)
def test_both_classes_and_all_attributes(original: Exception) -> None:
    error = delivery_error(original, stage="auth", transient=False, reply=Reply(535, b"no"), host="h", port=25)
    assert isinstance(error, type(original))
    assert isinstance(error, DeliveryError)
    assert type(error).__name__ == type(original).__name__
    assert str(error) == str(original)
    assert error.args == original.args
    assert vars(original).items() <= vars(error).items()
    if isinstance(original, OSError):
        assert (error.errno, error.strerror) == (original.errno, original.strerror)
    assert (error.stage, error.transient, error.host, error.port) == ("auth", False, "h", 25)
    assert error.reply is not None
    assert error.reply.code == 535


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("way", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy], ids=["pickle", "copy"])
def test_it_travels(original: Exception, way: object) -> None:
    error = delivery_error(original, stage="auth", transient=True)
    error.add_note("a note")
    again = way(error)  # type: ignore[operator]
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert (again.stage, again.transient, again.__notes__) == ("auth", True, ["a note"])


def test_1_the_first_true_error_stays() -> None:
    first = delivery_error(smtplib.SMTPServerDisconnected("gone"), stage="mail", transient=True)
    assert delivery_error(first, stage="quit", transient=False) is first
    assert first.stage == "mail"


def test_the_tree() -> None:
    for name in ("ConfigError", "NotInitializedError", "MissingExtraError", "BadHeaderError", "AddressError"):
        assert issubclass(getattr(flask_mail, name), MailError)


def test_a_missing_extra_names_the_line_to_type() -> None:
    error = MissingExtraError("The outbox", "outbox")
    assert str(error) == "The outbox needs an optional dependency: pip install 'Flask-Postbox[outbox]'"
    assert isinstance(error, ImportError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
