"""``flask mail unsent``: what was put away is listed, and sent again."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import typing as t

import pytest
from click.testing import Result
from flask import Flask

from flask_mail import Mail
from flask_mail.queues.unsent import UnsentFolder

from ..faults.faults import close
from ..faults.server import FaultyServer
from .sending import submission

Run = c.Callable[..., Result]


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> UnsentFolder:
    return UnsentFolder(tmp_path / "instance" / "unsent")


@pytest.fixture
def run(tmp_path: pathlib.Path) -> Run:
    """Run ``flask mail unsent`` for an application whose mail goes to a server."""

    def run(server: FaultyServer, *options: str, **config: t.Any) -> Result:
        app = Flask("app_of_a_test", instance_path=str(tmp_path / "instance"))
        app.config.update(server.config, MAIL_DEFAULT_SENDER="from@example.com")
        app.config.update(config)
        Mail(app)
        return app.test_cli_runner().invoke(args=["mail", "unsent", *options])

    return run


def test_what_is_there_is_listed(run: Run, folder: UnsentFolder) -> None:
    with FaultyServer() as server:
        assert run(server).output == f"There is nothing in {folder.path}.\n"
        path = folder.write(submission(1, "a@example.com", "b@example.com"), "451 not now", in_doubt=True)
        result = run(server)
        assert result.exit_code == 0
        assert path.name in result.output
        assert "a@example.com, b@example.com: 451 not now (the server may have it)" in result.output
        told = json.loads(run(server, "--json").output)
        assert (told["path"], told["recipients"]) == (str(path), ["a@example.com", "b@example.com"])
        assert server.taken == []


def test_it_is_sent_again_and_gone(run: Run, folder: UnsentFolder) -> None:
    sent = [submission(number) for number in range(3)]
    for each in sent:
        folder.write(each, "the process ended", in_doubt=False)
    with FaultyServer() as server:
        result = run(server, "--resend")
        assert result.exit_code == 0
        assert result.output.count(": sent\n") == 3
        assert [taken.content for taken in server.taken] == [bytes(each.content) for each in sent]
    assert list(folder.path.iterdir()) == []


def test_who_is_refused_is_left(run: Run, folder: UnsentFolder) -> None:
    folder.write(submission(1, "a@example.com", "b@example.com"), "the process ended", in_doubt=False)
    refuse = {"b@example.com": "550 5.1.1 nobody"}

    def trouble(_: t.Any, stage: str, argument: str) -> str | None:
        return refuse.get(argument.partition("<")[2].partition(">")[0]) if stage == "RCPT" else None

    with FaultyServer(trouble=trouble) as server:
        result = run(server, "--resend", "--json")
        assert result.exit_code == 1
        assert "550" in json.loads(result.output)["result"]
        (left,) = folder
        assert left.recipients == ("b@example.com",)
        assert "550" in left.error
        refuse.clear()
        assert run(server, "--resend").exit_code == 0
        assert [taken.recipients for taken in server.taken] == [["a@example.com"], ["b@example.com"]]


def test_what_is_in_doubt_is_sent_as_the_setting_says(run: Run, folder: UnsentFolder) -> None:
    folder.write(submission(1), "the connection was lost", in_doubt=True)
    with FaultyServer() as server:
        result = run(server, "--resend", MAIL_IN_DOUBT="hold")
        assert (result.exit_code, result.output) == (1, f"1 left in {folder.path}\n")
        assert server.taken == []
        assert run(server, "--resend", "--in-doubt", MAIL_IN_DOUBT="hold").exit_code == 0
        folder.write(submission(2), "the connection was lost", in_doubt=True)
        assert run(server, "--resend").exit_code == 0
        assert len(server.taken) == 2


def test_what_is_lost_once_more_is_in_doubt(run: Run, folder: UnsentFolder) -> None:
    folder.write(submission(1), "the process ended", in_doubt=False)
    with FaultyServer(trouble=lambda _, stage, __: close if stage == "final dot" else None) as server:
        assert run(server, "--resend").exit_code == 1
    (left,) = folder
    assert left.in_doubt


def test_with_an_outbox_it_is_queued_there(run: Run, folder: UnsentFolder) -> None:
    folder.write(submission(1), "the process ended", in_doubt=False)
    with FaultyServer() as server:
        result = run(server, "--resend", MAIL_QUEUE="outbox")
        assert result.exit_code == 0, result.output
        assert "queued as " in result.output
        assert server.taken == []
    assert list(folder) == []


def test_while_sending_is_suppressed_nothing_is_sent(run: Run, folder: UnsentFolder) -> None:
    folder.write(submission(1), "the process ended", in_doubt=False)
    with FaultyServer() as server:
        result = run(server, "--resend", MAIL_SUPPRESS_SEND=True)
        assert result.exit_code == 1
        assert "suppressed" in result.output
    assert len(list(folder)) == 1
