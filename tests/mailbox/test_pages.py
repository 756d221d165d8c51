"""The pages, as far as no browser is needed; see ``tests/browser`` for the rest."""

from __future__ import annotations

import collections.abc as c
import logging
import pathlib
import re
import typing as t
import urllib.request

import pytest
from flask import Flask

import flask_mail
from flask_mail.mailbox.outbox import bars
from flask_mail.mailbox.store import store_of

from ..browser.sample import running
from ..servers import Server
from .conftest import send


def first(app: Flask) -> str:
    return f"/_mail/m/{store_of(app).entries()[0].id}"


def test_the_list_is_sent_again_only_when_it_has_changed(app: Flask) -> None:
    send(app)
    client = app.test_client()
    answer = client.get("/_mail/list")
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert client.get("/_mail/list", headers=tag).status_code == 304
    assert client.get("/_mail/list?q=hello", headers=tag).status_code == 200
    send(app)
    assert client.get("/_mail/list", headers=tag).status_code == 200


def test_asking_for_news_does_not_fill_the_log(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with running(app) as address, caplog.at_level(logging.INFO, "werkzeug"):
        for path in ("/_mail/list", "/_mail/", "/_mail/list?q=hello"):
            urllib.request.urlopen(f"{address}{path}").close()
    assert [record.getMessage().partition('"')[2] for record in caplog.records] == ['GET /_mail/ HTTP/1.1" 200 -']


def test_everything_works_without_the_script(app: Flask) -> None:
    send(app, html="<p>Hello")
    client = app.test_client()
    page = client.get(first(app))
    assert "<!doctype html>" in page.text
    token = {"token": store_of(app).token()}
    gone = client.post(f"{first(app)}/delete", data=token)
    assert (gone.status_code, gone.location) == (303, "/_mail/")
    assert store_of(app).entries() == []


def test_a_mail_that_could_not_be_sent_says_why(app: Flask) -> None:
    send(app)
    form = {"token": store_of(app).token(), "address": "me@example.com"}
    answer = app.test_client().post(f"{first(app)}/send", data=form)
    assert answer.status_code == 502
    assert "MAIL_SERVER is not set" in answer.text
    app.config["MAIL_SERVER"] = "127.0.0.1"
    app.extensions["mail"].mailbox = True
    answer = app.test_client().post(f"{first(app)}/send", data={**form, "address": "no address"})
    assert answer.status_code == 502
    assert "no address" in answer.text


def test_of_a_huge_mail_the_beginning_is_shown(app: Flask) -> None:
    send(app, body="All work and no play\n" * 60_000)
    client = app.test_client()
    for tab in ("text", "source"):
        page = client.get(f"{first(app)}?tab={tab}").text
        assert "The rest of the 1.3 MB is in the .eml file." in page
        assert 380_000 < len(page) < 450_000


def test_the_refused_of_a_copy_are_marked(make: c.Callable[..., Flask], smtp: Server) -> None:
    app = make(**smtp.config, MAIL_MAILBOX_COPIES=True)
    smtp.refused["no@example.com"] = "550 5.1.1 no such user"
    send(app, recipients=["joe@example.com", "no@example.com"])
    page = app.test_client().get(f"{first(app)}?tab=headers").text
    assert "no@example.com was refused: 550 5.1.1 no such user" in page
    assert '<span class="chip bad">refused</span>' in page


def test_previews_are_listed_composed_and_sent(make: c.Callable[..., Flask], smtp: Server) -> None:
    app = make(**smtp.config, MAIL_MAILBOX=True)
    mail = flask_mail.Mail(app)

    @mail.preview("welcome")
    def welcome() -> flask_mail.Message:
        """The first mail."""
        message = flask_mail.Message("Welcome", html="<p>Hello")
        message.attach("terms.txt", "text/plain", "terms")
        return message

    client = app.test_client()
    assert "The first mail." in client.get("/_mail/previews").text
    page = client.get("/_mail/previews/welcome").text
    assert "you@example.com" in page
    assert "delete" not in page.partition('id="pane"')[2].partition("<template")[0]
    assert b"Subject: Welcome" in client.get("/_mail/previews/welcome/raw").data
    assert "<p>Hello" in client.get("/_mail/previews/welcome/body").text
    assert client.get("/_mail/previews/welcome/part/4").data == b"terms"
    assert client.get("/_mail/previews/nothing").status_code == 404
    form = {"token": store_of(app).token(), "address": "me@example.com"}
    assert client.post("/_mail/previews/welcome/send", data=form).status_code == 303
    [delivery] = smtp.wait()
    assert delivery.recipients == ("me@example.com",)
    assert store_of(app).entries() == []


@pytest.fixture
def queued(make: c.Callable[..., Flask], tmp_path: pathlib.Path, smtp: Server) -> Flask:
    """An application with an outbox: one message is sent, two wait for another attempt and one has failed."""
    url = f"sqlite:///{tmp_path / 'outbox.sqlite'}"
    app = make(**smtp.config, MAIL_MAILBOX_COPIES=True, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=url)
    smtp.refused.update(
        {"busy@example.com": "451 4.7.1 <try> later", "no@example.com": "550 5.1.1 no such user"},
    )
    with app.app_context():
        for address in ("joe", "busy", "busy", "no"):
            message = flask_mail.Message("Hello", [f"{address}@example.com"], "x")
            app.extensions["mail"].send_later(message)
    run = app.test_cli_runner().invoke(args=["mail", "worker", "--burst"])
    assert run.exit_code == 0, run.output
    app.debug = True  # the command line has set it to what FLASK_DEBUG says
    return app


def states(app: Flask) -> dict[str, int]:
    with app.app_context():
        return dict(app.extensions["mail"].outbox.stats().states)


def form(app: Flask, page: str, words: str) -> dict[str, t.Any]:
    """What the form beside *words* would send."""
    there = page.partition(words)[2].partition("</form>")[0]
    return {"token": store_of(app).token(), "id": re.findall(r'name="id" value="([^"]+)"', there)}


def test_the_outbox_is_shown_where_the_queue_has_one(queued: Flask) -> None:
    assert states(queued) == {"sent": 1, "waiting": 2, "failed": 1}
    page = queued.test_client().get("/_mail/outbox").text
    assert page.count("<rect ") == 60 + page.count('<rect x="2" y="5"')
    for words in ("Sent in the last hour: 1<", "2 waiting", "1 given up", "451 4.7.1 &lt;try&gt; later", "Give up"):
        assert words in page
    assert page.count(">Give up<") == 1
    assert "/_mail/outbox" in queued.test_client().get("/_mail/").text


def test_retry_and_cancel(queued: Flask) -> None:
    client = queued.test_client()
    page = client.get("/_mail/outbox").text
    waiting, failed = form(queued, page, "451 4.7.1"), form(queued, page, "550 5.1.1")
    assert (len(waiting["id"]), len(failed["id"])) == (2, 1)
    assert client.post("/_mail/outbox/retry", data={**failed, "token": "wrong"}).status_code == 403
    assert client.post("/_mail/outbox/retry", data={**failed, "id": []}).status_code == 400
    assert client.post("/_mail/outbox/retry", data=failed).status_code == 303
    assert client.post("/_mail/outbox/cancel", data=waiting).status_code == 303
    assert states(queued) == {"sent": 1, "cancelled": 2, "ready": 1}


def test_without_one_there_is_no_page(app: Flask) -> None:
    assert app.test_client().get("/_mail/outbox").status_code == 404
    assert "/_mail/outbox" not in app.test_client().get("/_mail/").text


def test_the_chart_stays_in_its_frame() -> None:
    for counts in ([0] * 60, [10**6, 1, *[0] * 58], [], [3]):
        for bar in bars(counts):
            assert 0 <= bar.y <= 96
            assert abs(bar.y + bar.height - 96) < 0.1
            assert 0 <= bar.x < 600
