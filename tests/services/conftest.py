"""An application whose mail goes to the server of the test's file."""

from __future__ import annotations

import collections.abc as c
import typing as t

import pytest
from flask import Flask

import flask_mail

from ..servers import Authority
from ..servers.debian import DebianServer

SENDER = "support@example.com"

MakeMail = c.Callable[..., flask_mail.Mail]


@pytest.fixture(autouse=True)
def empty_mailbox(server: DebianServer) -> None:
    """Each test finds an empty mailbox, and waits for all that it sends."""
    server.empty()


@pytest.fixture
def make_mail(authority: Authority, server: DebianServer) -> MakeMail:
    """Make an application, with what the server offers and whether to log in; settings given win."""

    def make(manner: t.Any = "chunking", *, auth: bool = False, **config: t.Any) -> flask_mail.Mail:
        app = Flask("app_of_a_test")
        app.config.update(server.config(manner, auth=auth), MAIL_DEFAULT_SENDER=SENDER)
        app.config.update(MAIL_TLS_CA=authority.ca_file, **config)
        return flask_mail.Mail(app)

    return make
