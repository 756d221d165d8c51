"""What becomes of mail whose sender dies, or takes it back, before it is sent; and what its transaction has to do
with that."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

import flask_mail

from .chaos.callers import kill_callers
from .chaos.server import Recorder
from .chaos.site import store_of
from .chaos.stage import Stage


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    """An empty database; ``None`` for an SQLite file."""
    if request.param == "sqlite":
        return None
    return t.cast(str, request.getfixturevalue("postgres_database"))


def test_what_was_acknowledged_is_there_though_its_caller_was_killed(url: str | None) -> None:
    come_of_it = kill_callers(url, 30 if url is None else 10)
    assert come_of_it.held, come_of_it


@pytest.fixture
def stage(url: str | None, tmp_path: pathlib.Path) -> t.Iterator[Stage]:
    with Recorder(tmp_path) as server, Stage(tmp_path, url, server) as made:
        yield made


def test_mail_goes_with_the_transaction_of_the_session_that_is_named(stage: Stage) -> None:
    mail = stage.app.extensions["mail"]
    sessions = orm.sessionmaker(stage.store.engine)
    committed = set()
    with stage.app.app_context():
        for number in range(400):
            with sessions() as session:
                message = flask_mail.Message("x", [f"to.{number}@chaos.example"], body="x\n")
                id = mail.send_later(message, session=session)
                if number % 2:
                    session.rollback()
                else:
                    session.commit()
                    committed.add(id)
    _are_sent(stage, committed)


def test_mail_goes_with_the_transaction_of_flask_sqlalchemy(url: str | None, tmp_path: pathlib.Path) -> None:
    with Recorder(tmp_path) as server:
        database = url or f"sqlite:///{tmp_path}/application.sqlite"
        with Stage(tmp_path, database, server) as stage:
            app = Flask("application", instance_path=str(tmp_path))
            app.config.update(stage.config, MAIL_OUTBOX_URL=None, MAIL_QUEUE="outbox", SQLALCHEMY_DATABASE_URI=database)
            app.config.update(MAIL_DEFAULT_SENDER="chaos@mysite.example")
            db = SQLAlchemy(app)
            users = sa.Table("users", db.metadata, sa.Column("name", sa.Text))
            mail = flask_mail.Mail(app)
            committed = set()
            with app.app_context():
                users.create(db.engine)
                for number in range(400):
                    db.session.execute(users.insert().values(name=f"{number}"))
                    id = mail.send_later(flask_mail.Message("x", [f"to.{number}@chaos.example"], body="x\n"))
                    if number % 2:
                        db.session.rollback()
                    else:
                        db.session.commit()
                        committed.add(id)
                assert db.session.execute(sa.select(sa.func.count()).select_from(users)).scalar() == 200
                db.session.remove()
                db.engine.dispose()
            assert store_of(stage.app).engine.url.database == sa.make_url(database).database
            _are_sent(stage, committed)


def _are_sent(stage: Stage, ids: set[str]) -> None:
    """All of *ids*, and nothing else."""
    score = stage.drain()
    assert len(ids) == 200
    assert (score.lost, score.duplicates, score.altered) == ((), 0, 0)
    assert score.states == {"sent": 200}
    assert {stage.row(id).id for id in ids} == ids
    assert len(stage.accepted) == 200
