"""``flask mail merge`` and ``flask mail lint`` as processes: interrupted, killed, watched in a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import typing as t

import pytest

from flask_mail.merge import merge

from ..faults.server import Conversation
from ..faults.server import FaultyServer
from .site import at_message
from .site import received
from .site import Site


def test_a_merge_and_its_results(site: Site) -> None:
    site.readers(300)
    with FaultyServer("PIPELINING") as server:
        status, out = site.run(server, "merge", "news", "readers.csv")
        assert (status, out) == (0, "300 accepted.\nResults: readers.csv.results.jsonl\n")
        assert received(server) == dict.fromkeys(range(300), 1)
    assert site.outcomes() == dict.fromkeys(range(2, 302), "accepted")


def test_bad_rows_are_told_with_their_lines(site: Site) -> None:
    site.write(
        "readers.csv", "email,name,number\nuser1@example.com,A,1\n,B,2\nuser3@example.com\nuser4@example.com,D,0\n"
    )
    with FaultyServer() as server:
        status, out = site.run(server, "merge", "strict", "readers.csv", "--subject", "x {{ 1 // (number|int) }}")
        assert received(server) == {1: 1}
    assert status == 1
    assert out.splitlines() == [
        "line 3: invalid: there is no address in its column 'email'",
        "line 4: invalid: it has 1 columns, and the first line has 3",
        "line 5 user4@example.com: invalid: ZeroDivisionError: integer division or modulo by zero",
        "1 accepted, 3 invalid.",
        "Results: readers.csv.results.jsonl",
        "To go on: python -m flask --app site_app mail merge strict readers.csv --subject"
        " 'x {{ 1 // (number|int) }}' --resume".replace("python", os.path.basename(sys.executable)),
    ]


@pytest.mark.parametrize(
    ("sent", "offers"),
    [(signal.SIGINT, ()), (signal.SIGINT, ("PIPELINING", "CHUNKING")), (signal.SIGTERM, ("PIPELINING",))],
)
def test_who_interrupts_it_can_go_on(site: Site, sent: signal.Signals, offers: tuple[str, ...]) -> None:
    """What is on the wire comes to its end; each row is sent once in all."""
    site.readers(500)
    process: subprocess.Popen[str]

    def interrupt(talk: Conversation) -> None:
        process.send_signal(sent)

    with FaultyServer(*offers, trouble=at_message(100, interrupt)) as server:
        process = site.start(server, "merge", "news", "readers.csv", "--rate", "2000/s")
        with process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 128 + sent, err
        assert "Traceback" not in err
        assert out.startswith("Interrupted. ")
        first = site.outcomes()
        assert set(first.values()) == {"accepted"}
        assert len(first) == len(server.taken)
        assert 100 <= len(first) < 500
        assert not list(site.folder.glob("*.sending"))

        [again] = [line.removeprefix("To go on: ") for line in out.splitlines() if line.startswith("To go on: ")]
        arguments = shlex.split(again)
        assert site.run(server, *arguments[arguments.index("mail") + 1 :])[0] == 0
        assert received(server) == dict.fromkeys(range(500), 1)
        assert set(site.outcomes().values()) == {"accepted"}


def test_it_stops_at_once_where_nothing_is_on_the_wire(site: Site) -> None:
    """An hour between two mails is no reason to wait for one."""
    site.readers(5)
    arguments = ["merge", "news", "readers.csv", "--rate", "1/h", "--progress"]
    with FaultyServer() as server, site.start(server, *arguments) as process:
        assert process.stderr is not None
        drawn = ""
        while "1 of 5" not in drawn:
            drawn += process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stdout is not None
        assert process.stdout.read().startswith("Interrupted. 1 accepted.\n")


def test_who_interrupts_it_twice_is_told_what_is_in_doubt(site: Site) -> None:
    site.readers(3)
    process: subprocess.Popen[str]

    def twice(talk: Conversation) -> t.Any:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        talk.link.drain()

    with FaultyServer(trouble=at_message(2, twice)) as server:
        process = site.start(server, "merge", "news", "readers.csv", "--connections", "1")
        with process:
            assert process.wait(20) == 130
            assert process.stdout is not None
            out = process.stdout.read()
        assert "line 3 user1@example.com: in doubt: the server may have it or not, and it is not sent again.\n" in out
        status, out = site.run(server, "merge", "news", "readers.csv", "--resume")
        assert status == 1
        assert "1 accepted, 1 done before" in out
        assert "1 in doubt. To send again: " in out
        assert received(server) == {0: 1, 2: 1}
        assert site.outcomes() == {2: "accepted", 3: "in-doubt", 4: "accepted"}
        assert site.run(server, "merge", "news", "readers.csv", "--resume", "--resend-in-doubt")[0] == 0
        assert received(server) == {0: 1, 1: 1, 2: 1}


@pytest.mark.parametrize(
    ("number", "offers"), [(1, ("PIPELINING",)), (60, ()), (60, ("PIPELINING",)), (60, ("PIPELINING", "CHUNKING"))]
)
def test_nobody_gets_it_twice_though_it_was_killed(site: Site, number: int, offers: tuple[str, ...]) -> None:
    """Killed in the moment in which the server has the mail and has not said so."""
    site.readers(200)
    process: subprocess.Popen[str]

    def kill(talk: Conversation) -> None:
        process.kill()
        process.wait(20)

    with FaultyServer(*offers, trouble=at_message(number, kill)) as server:
        process = site.start(server, "merge", "news", "readers.csv")
        with process:
            process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL

        status, out = site.run(server, "merge", "news", "readers.csv", "--resume")
        times = received(server)
        outcomes = site.outcomes()
        doubtful = {line - 2 for line, outcome in outcomes.items() if outcome == "in-doubt"}
        assert status == 1
        assert doubtful
        assert len(doubtful) <= 64
        assert f"{len(doubtful)} in doubt." in out
        assert len(outcomes) == 200
        assert set(times.values()) == {1}, "nobody twice"
        assert set(range(200)) - set(times) <= doubtful, "nobody left out without a word"
        assert [talk for talk in times if talk in doubtful], "the one it was killed at"

        path = site.folder / "readers.csv"
        assert list(merge("news", path, mail=site.mail(server), resume=True)) == []
        assert received(server) == times
        last = list(merge("news", path, mail=site.mail(server), resume=True, resend_in_doubt=True))
        assert {outcome.line - 2 for outcome in last} == doubtful
        assert set(received(server)) == set(range(200))
        assert site.outcomes() == dict.fromkeys(range(2, 202), "accepted")


def test_a_dry_run_sends_nothing(site: Site) -> None:
    site.write("readers.csv", "email,name,number\nada@example.com,Ada,1\nbob@example.com,Bob,2\nnobody,Eve,3\n")
    with FaultyServer() as server:
        status, out = site.run(
            server, "merge", "news", "readers.csv", "--unsubscribe", "https://x.example/{{ number }}", "--dry-run", "1"
        )
        assert server.connections == 0
    assert status == 1
    assert out.splitlines() == [
        "----- line 2 -----",
        "From: news@mysite.example",
        "To: Ada <ada@example.com>",
        "Subject: News for Ada",
        "List-Unsubscribe: <https://x.example/1>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "HTML: 41 characters",
        "",
        "Dear Ada,",
        "number 1.",
        "",
        "line 4: recipients: 'nobody', with the name 'Eve', is not one mail address: there is no @ in it",
        "3 rows: 2 can be sent, 1 cannot. Nothing was sent.",
    ]
    assert not list(site.folder.glob("*results*"))


def test_a_dry_run_says_what_lint_finds(site: Site) -> None:
    site.readers(60)
    with FaultyServer() as server:
        status, out = site.run(server, "merge", "news", "readers.csv", "--dry-run")
    assert status == 0
    assert out.count("----- line") == 3
    assert "The first mail: 1 error\nerror unsubscribe-missing\n" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nwes", "readers.csv"], "Did you mean 'news'?"),
        (["news", "nobody.csv"], "Error: nobody.csv cannot be read: No such file or directory"),
        (["news", "gbk.csv"], "Error: gbk.csv line 2 is not in UTF-8. It would read: gb18030 (Chinese)"),
        (["news", "readers.csv", "--rate", "fast"], "Error: rate is 'fast'"),
        (["news", "readers.csv", "--resend-in-doubt"], "--resend-in-doubt goes with --resume."),
        (["news", "readers.csv", "--delimiter", "xx"], "'xx' is not one character; a tab is 'tab'"),
        (["news", "readers.csv", "--address-column", "mail"], "has no column 'mail'"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_sent(site: Site, arguments: list[str], told: str) -> None:
    site.readers(2)
    site.write("gbk.csv", "email,name\na@x.example,王伟\n".encode("gbk"))
    with FaultyServer() as server:
        status, out = site.run(server, "merge", *arguments)
        assert server.connections == 0
    assert status in (1, 2)
    assert told in out
    assert "Traceback" not in out
    assert not list(site.folder.glob("*results*"))


def test_files_in_other_shapes(site: Site) -> None:
    site.write("gbk.csv", "邮箱\tname\tnumber\nuser1@example.com\t王伟\t1\n".encode("gbk"))
    site.write("readers.jsonl", '{"email": "user2@example.com", "name": "B", "number": 2}\n')
    with FaultyServer() as server:
        options = ["--encoding", "gbk", "--delimiter", "tab", "--address-column", "邮箱", "--results", "out.jsonl"]
        assert site.run(server, "merge", "news", "gbk.csv", *options)[0] == 0
        assert site.run(server, "merge", "news", "readers.jsonl")[0] == 0
        assert received(server) == {1: 1, 2: 1}
        assert "王伟" in server.taken[0].content.decode("utf-8", "replace") or b"=E7=8E=8B" in server.taken[0].content
    assert site.outcomes("out.jsonl") == {2: "accepted"}
    assert site.outcomes("readers.jsonl.results.jsonl") == {1: "accepted"}


def test_a_server_that_is_not_there(site: Site) -> None:
    site.readers(10)
    with FaultyServer() as server:
        server.port, port = 1, server.port
        status, out = site.run(server, "merge", "news", "readers.csv")
        server.port = port
        assert status == 1
        assert "It ends here:\nConnectionRefusedError: [Errno 111] Connection refused" in out
        assert "3 failed." in out
        assert site.run(server, "merge", "news", "readers.csv", "--resume")[0] == 0
        assert received(server) == dict.fromkeys(range(10), 1)


# In a terminal


def in_a_terminal(site: Site, server: FaultyServer, *arguments: str) -> str:
    """What ``flask mail ...`` draws where somebody watches."""
    screen, terminal = pty.openpty()
    try:
        process = site.start(server, *arguments, stdout=terminal, stderr=terminal, stdin=terminal)
    finally:
        os.close(terminal)
    drawn = b""
    with process, contextlib.suppress(OSError):  # EIO, when nobody has the terminal open any more
        while octets := os.read(screen, 65536):
            drawn += octets
    os.close(screen)
    return drawn.decode()


def test_the_bar_shows_rate_and_time_left(site: Site) -> None:
    site.readers(60)
    with FaultyServer() as server:
        drawn = in_a_terminal(site, server, "merge", "news", "readers.csv", "--rate", "100/s")
    pictures = re.findall(r"[█#]*[░-]+ +(\d+)%  (\d+) of 60(?:  (\d+)/s  0:0\d left)?", drawn)
    assert len(pictures) > 3
    assert [int(done) for _, done, _ in pictures] == sorted(int(done) for _, done, _ in pictures)
    assert 50 < int(pictures[-1][2]) < 150
    assert re.sub(r"\x1b\[K|.*\r(?!\n)", "", drawn).splitlines()[-2:] == [
        "60 accepted.",
        "Results: readers.csv.results.jsonl",
    ]


def test_a_refused_row_is_told_once_and_not_into_the_bar(site: Site) -> None:
    site.readers(5)

    def refuse(talk: Conversation, stage: str, argument: str) -> t.Any:
        return "550 5.1.1 no such user" if stage == "RCPT" and "user3@" in argument else None

    with FaultyServer(trouble=refuse) as server:
        drawn = in_a_terminal(site, server, "merge", "news", "readers.csv")
    lines = re.sub(r"[^\r\n]*\r?\x1b\[K", "", drawn).splitlines()
    assert [line for line in lines if line] == [
        "line 5 user3@example.com: refused: 550 5.1.1 no such user",
        "4 accepted, 1 refused.",
        "Results: readers.csv.results.jsonl",
    ]


def test_the_bar_can_be_turned_off_and_on(site: Site) -> None:
    site.readers(5)
    with FaultyServer() as server:
        drawn = in_a_terminal(site, server, "merge", "news", "readers.csv", "--no-progress")
        assert drawn == "5 accepted.\r\nResults: readers.csv.results.jsonl\r\n"
        _, out = site.run(server, "merge", "news", "readers.csv", "--progress", "--results", "other")
        assert "of 5" in out


# Lint


def test_lint_of_a_template(site: Site) -> None:
    site.write("templates/bad.html", "<p>{{ name }}</p>\n<a href='/x'>x</a><p style='display: flex'>x</p>")
    site.write("context.json", '{"name": "Ada"}')
    with FaultyServer() as server:
        status, out = site.run(server, "lint", "bad", "--context", "context.json")
        assert status == 1
        assert out.splitlines()[:2] == ["bad: 1 error, 1 warning", "error link-relative (html line 2)"]
        status, out = site.run(server, "lint", "bad", "--json", "--context", '{"name": "Ada"}')
        assert status == 1
        assert [(each["mail"], each["rule"], each["level"]) for each in json.loads(out)] == [
            ("bad", "link-relative", "error"),
            ("bad", "dropped-by-clients", "warning"),
        ]
        assert site.run(server, "lint", "news") == (0, "news: nothing found\n")
        assert site.run(server, "lint", "news", "--bulk")[0] == 1
        assert server.connections == 0


def test_lint_of_previews(site: Site) -> None:
    with FaultyServer() as server:
        status, out = site.run(server, "lint")
        assert (status, "there are no previews" in out) == (2, True)
        with (site.folder / "site_app.py").open("a") as file:
            file.write(PREVIEWS)
        status, out = site.run(server, "lint")
        assert (status, [line for line in out.splitlines() if line[:1] != " "]) == (
            1,
            ["bad: 1 error", "error link-relative (html line 1)", "good: nothing found"],
        )
        assert site.run(server, "lint", "good") == (0, "good: nothing found\n")


PREVIEWS = """
from flask import url_for
from flask_mail import Message


@app.get("/page")
def page():
    return ""


@mail.preview("good")
def good():
    return Message("Good", html=f"<a href='{url_for('page', _external=True)}'>x</a>")


@mail.preview("bad")
def bad():
    return Message("Bad", html=f"<a href='{url_for('page')}'>x</a>")
"""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nwes"], "Did you mean 'news'?"),
        (["news", "--context", "nobody.json"], "'nobody.json' is neither a JSON object nor a file with one"),
        (["news", "--context", "{x}"], "this is not JSON"),
        (["news", "--context", "list.json"], "list.json has to be a JSON object, from names to values"),
    ],
)
def test_lint_says_what_it_cannot_do(site: Site, arguments: list[str], told: str) -> None:
    site.write("list.json", "[1]")
    with FaultyServer() as server:
        status, out = site.run(server, "lint", *arguments)
    assert status in (1, 2)
    assert told in out
    assert "Traceback" not in out
