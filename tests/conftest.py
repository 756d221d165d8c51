"""Fixtures for all tests: real servers on loopback, and an application whose mail goes to one."""

from __future__ import annotations

import collections.abc as c
import contextlib
import gc
import os
import typing as t

import pytest
from flask import Flask

import flask_mail

from .servers import Authority
from .servers import ScriptedServer
from .servers import Server
from .servers import Step
from .servers.postgres import Postgres
from .servers.redis import Redis

pytest_plugins = ["pytester"]

SENDER = "support@mysite.example"

os.environ["LC_ALL"] = "C.UTF-8"  # advice comes in English, whoever runs the tests


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificate authority all servers with TLS are certified by."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def postgres() -> c.Iterator[Postgres]:
    """A PostgreSQL, started when the first test wants one."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres) -> str:
    """The URL of the database that all tests share."""
    return postgres.url()


@pytest.fixture
def postgres_database(postgres: Postgres) -> c.Iterator[str]:
    """The URL of an empty database that is this test's own."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> c.Iterator[str]:
    """The URL of a Redis that all tests share, started when the first test wants it."""
    with Redis() as server:
        yield server.url


@pytest.fixture
def no_collector() -> c.Iterator[None]:
    """Nothing is closed by the garbage collector, which comes when it likes."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def start_server(authority: Authority) -> c.Iterator[c.Callable[..., Server]]:
    """Start an SMTP server with any of :class:`.servers.Server`'s options; it stops after the test."""
    with contextlib.ExitStack() as stack:

        def start(**options: t.Any) -> Server:
            if options.get("tls"):
                options.setdefault("context", authority.server_context())
            return stack.enter_context(Server(**options))

        yield start


@pytest.fixture
def scripted() -> c.Iterator[c.Callable[..., ScriptedServer]]:
    """Start a server that does what its script says; it stops after the test."""
    with contextlib.ExitStack() as stack:

        def start(*scripts: c.Sequence[Step]) -> ScriptedServer:
            return stack.enter_context(ScriptedServer(*scripts))

        yield start


@pytest.fixture
def smtp(start_server: c.Callable[..., Server]) -> Server:
    """A server without TLS that wants no login."""
    return start_server()


@pytest.fixture
def smtp_auth(start_server: c.Callable[..., Server]) -> Server:
    """A server without TLS that wants a login, as on loopback one may."""
    return start_server(auth=True)


@pytest.fixture
def smtp_starttls(start_server: c.Callable[..., Server]) -> Server:
    """A server as on port 587: STARTTLS first, then a login."""
    return start_server(tls="starttls", require_starttls=True, auth=True)


@pytest.fixture
def smtp_tls(start_server: c.Callable[..., Server]) -> Server:
    """A server as on port 465: TLS from the first octet, then a login."""
    return start_server(tls="implicit", auth=True)


@pytest.fixture
def make_app(authority: Authority) -> c.Callable[..., Flask]:
    """Make an application whose mail goes to a server of ours; the settings given win."""

    def make(server: Server | ScriptedServer, **config: t.Any) -> Flask:
        app = Flask("app_of_a_test")
        app.config.update(server.config, MAIL_DEFAULT_SENDER=SENDER, MAIL_TLS_CA=authority.ca_file)
        app.config.update(config)
        return app

    return make


@pytest.fixture
def app(make_app: c.Callable[..., Flask], smtp: Server) -> Flask:
    """An application that really sends, to the plain server; no ``Mail`` yet, and not in ``TESTING``."""
    return make_app(smtp)


@pytest.fixture
def mail(app: Flask) -> flask_mail.Mail:
    return flask_mail.Mail(app)
