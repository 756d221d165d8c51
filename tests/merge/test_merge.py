"""A merge from Python: each row once, an outcome for each, and nothing that grows."""

from __future__ import annotations

import collections.abc as c
import gc
import itertools
import pathlib
import time
import typing as t

import pytest
from flask import Flask

from flask_mail import ConfigError
from flask_mail import DeliveryError
from flask_mail import Mail
from flask_mail import MergeError
from flask_mail import Message
from flask_mail import NotInitializedError
from flask_mail import QueueError
from flask_mail import TemplateError
from flask_mail.merge import merge
from flask_mail.merge import Outcome

from ..faults.faults import reset
from ..faults.mailing import EACH_OFFER
from ..faults.server import Conversation
from ..faults.server import FaultyServer
from .site import at_message
from .site import message_id
from .site import received
from .site import Site


def readers(count: int) -> list[dict[str, t.Any]]:
    return [{"email": f"user{n}@example.com", "name": f"Reader {n}", "number": n} for n in range(count)]


def kinds(outcomes: c.Iterable[Outcome]) -> dict[int, str]:
    return {outcome.line: outcome.outcome for outcome in outcomes}


def test_each_row_gets_its_own_mail(site: Site) -> None:
    with FaultyServer() as server:
        mail = site.mail(server)
        outcomes = list(merge("news", readers(3), mail=mail, connections=1))
        assert [(each.line, each.address, each.outcome) for each in outcomes] == [
            (1, "user0@example.com", "accepted"),
            (2, "user1@example.com", "accepted"),
            (3, "user2@example.com", "accepted"),
        ]
        by_id = {message_id(taken): taken for taken in server.taken}
        assert [each.reply for each in outcomes] == [
            "250 2.0.0 taken as 1",
            *[f"250 2.0.0 taken as {n}" for n in (2, 3)],
        ]
        content = by_id[outcomes[1].message_id].content
        assert b"To: Reader 1 <user1@example.com>\r\n" in content
        assert b"Subject: News for Reader 1\r\n" in content
        assert b"number 1.\r\n" in content
        assert b"<p>number 1 for you.</p>" in content


def test_the_name_may_be_missing_and_a_column_may_be_called_like_a_parameter(site: Site) -> None:
    (site.folder / "templates" / "odd.txt").write_text("{{ subject }} {{ recipients }} {{ template }} {{ mail }}")
    row = {"email": "ada@example.com", "name": "", "subject": "S", "recipients": "R", "template": "T", "mail": "M"}
    with FaultyServer() as server:
        assert kinds(merge("odd", [row], mail=site.mail(server), subject="Hi")) == {1: "accepted"}
        content = server.taken[0].content
    assert b"\r\n\r\nS R T M\r\n" in content
    assert b"To: ada@example.com\r\n" in content
    assert b"Subject: Hi\r\n" in content


def test_subject_and_unsubscribing_are_templates(site: Site) -> None:
    with FaultyServer() as server:
        outcomes = merge(
            "news",
            [{**readers(1)[0], "name": "A & B", "token": "abc"}],
            mail=site.mail(server),
            subject="Hello {{ name }}",
            unsubscribe="https://mysite.example/u/{{ token }}",
        )
        assert kinds(outcomes) == {1: "accepted"}
        content = server.taken[0].content
    assert b"Subject: Hello A & B\r\n" in content
    assert b"List-Unsubscribe: <https://mysite.example/u/abc>\r\n" in content
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content


def test_unsubscribing_by_mail(site: Site) -> None:
    with FaultyServer() as server:
        assert kinds(merge("news", readers(1), mail=site.mail(server), unsubscribe="mailto:u{{ number }}@x.example"))
        assert b"List-Unsubscribe: <mailto:u0@x.example>\r\n" in server.taken[0].content


def test_each_message_can_be_prepared(site: Site) -> None:
    def prepare(message: Message, row: c.Mapping[str, t.Any]) -> None:
        message.attach(f"{row['number']}.txt", "text/plain", b"x")

    with FaultyServer() as server:
        assert kinds(merge("news", readers(2), mail=site.mail(server), prepare=prepare)) == {
            1: "accepted",
            2: "accepted",
        }
        assert sorted(b'filename="1.txt"' in taken.content for taken in server.taken) == [False, True]


def test_the_language_of_each_reader(site: Site) -> None:
    from flask_babel import Babel
    from flask_babel import get_locale

    (site.folder / "templates" / "where.txt").write_text("[{{ get_locale() }}]")
    rows = [
        {"email": "a@x.example", "locale": "zh_CN"},
        {"email": "b@x.example", "locale": "de"},
        {"email": "c@x.example", "locale": ""},
        {"email": "d@x.example", "locale": "no such"},
    ]
    with FaultyServer() as server:
        mail = site.mail(server)
        assert mail.app is not None
        Babel(mail.app)
        mail.app.jinja_env.globals["get_locale"] = get_locale
        outcomes = list(merge("where", rows, mail=mail, connections=1))
        bodies = [taken.content.rpartition(b"[")[2].partition(b"]")[0] for taken in server.taken]
    assert bodies == [b"zh_Hans_CN", b"de", b"en"]
    assert kinds(outcomes)[4] == "invalid"


def test_inside_of_an_application_context(site: Site) -> None:
    with FaultyServer() as server:
        app = site.mail(server).app
        assert app is not None
        with app.app_context():
            assert kinds(merge("news", readers(1))) == {1: "accepted"}


def test_without_an_application_it_says_so() -> None:
    with pytest.raises(NotInitializedError, match=r"^merge\(\) needs an application with mail"):
        merge("news", [])
    with Flask("app").app_context(), pytest.raises(NotInitializedError, match=r"^merge\(\) needs"):
        merge("news", [])


# Outcomes


def test_bad_rows_are_told_and_stop_nothing(site: Site) -> None:
    rows = readers(6)
    rows[1] = {"name": "Nobody"}
    rows[2] = {"email": "not an address"}
    rows[3]["number"] = 0
    rows[4] = {"email": 5, "number": 1}
    with FaultyServer() as server:
        outcomes = {each.line: each for each in merge("strict", rows[1:], mail=site.mail(server))}
    assert {line: each.outcome for line, each in outcomes.items()} == {
        1: "invalid",
        2: "invalid",
        3: "invalid",
        4: "invalid",
        5: "accepted",
    }
    assert outcomes[1].reply == "there is no address in its column 'email'"
    assert "is not one mail address" in outcomes[2].reply or "number" in outcomes[2].reply
    assert outcomes[3].reply.startswith("ZeroDivisionError")
    assert outcomes[4].reply == "5 in its column 'email' is no address"
    assert received(server) == {5: 1}


def test_an_address_that_is_none_is_told_when_it_is_composed(site: Site) -> None:
    with FaultyServer() as server:
        [outcome] = merge("news", [{"email": "not an address"}], mail=site.mail(server))
    assert (outcome.outcome, outcome.address) == ("invalid", "not an address")
    assert "is not one mail address" in outcome.reply


@EACH_OFFER
def test_what_a_server_says_of_each(site: Site, offers: tuple[str, ...]) -> None:
    def trouble(talk: Conversation, stage: str, argument: str) -> t.Any:
        if stage == "RCPT" and "user1@" in argument:
            return "550 5.1.1 no such user"
        if stage == "RCPT" and "user2@" in argument:
            return "451 4.7.1 try later"
        return reset if stage == "final dot" and "user3@" in talk.rcpts[0] else None

    with FaultyServer(*offers, trouble=trouble) as server:
        outcomes = {each.line: each for each in merge("news", readers(4), mail=site.mail(server), connections=1)}
    assert {line: each.outcome for line, each in outcomes.items()} == {
        1: "accepted",
        2: "refused",
        3: "failed",
        4: "in-doubt",
    }
    assert outcomes[2].reply == "550 5.1.1 no such user"
    assert outcomes[3].reply == "451 4.7.1 try later"
    assert outcomes[2].message_id.startswith("<")


def test_while_sending_is_suppressed(site: Site) -> None:
    with FaultyServer() as server:
        merging = merge("news", readers(2), mail=site.mail(server, TESTING=True))
        assert kinds(merging) == {1: "suppressed", 2: "suppressed"}
        assert server.connections == 0
    assert merging.counts == {"suppressed": 2}


@pytest.mark.parametrize(
    "config",
    [
        {"MAIL_PORT": 1},
        {"MAIL_USERNAME": "me", "MAIL_PASSWORD": "wrong"},
        {"MAIL_DEFAULT_SENDER": "nobody@elsewhere.example"},
    ],
)
def test_where_no_server_takes_anything_it_ends(site: Site, config: dict[str, t.Any]) -> None:
    """Else every row would be tried, in vain."""

    def trouble(talk: Conversation, stage: str, argument: str) -> t.Any:
        return "550 5.7.1 not your address" if stage == "MAIL" and "elsewhere" in argument else None

    with FaultyServer(mechanisms="PLAIN", accounts={"me": "right"}, trouble=trouble) as server:
        merging = merge("news", readers(1000), mail=site.mail(server, **config), results=site.folder / "results")
        outcomes: list[Outcome] = []
        with pytest.raises(DeliveryError):
            outcomes.extend(merging)
        assert merging.counts == {"failed": 3}
        assert list(site.outcomes("results").values()) == ["failed"] * 3  # those of the connections that were first
        again = merge("news", readers(10), mail=site.mail(server), results=site.folder / "results", resume=True)
        assert set(kinds(again).values()) == {"accepted"}
        assert received(server) == dict.fromkeys(range(10), 1)


def test_a_template_that_is_missing_is_no_fault_of_the_rows(site: Site) -> None:
    with FaultyServer() as server:
        merging = merge("nwes", readers(5), mail=site.mail(server), results=site.folder / "results")
        with pytest.raises(TemplateError, match="Did you mean 'news'"):
            list(merging)
        assert not (site.folder / "results").exists()
        assert not (site.folder / "results.sending").exists()


def test_arguments_that_are_wrong(site: Site) -> None:
    with FaultyServer() as server:
        mail = site.mail(server)
        with pytest.raises(ConfigError, match=r"^rate is 'fast'"):
            merge("news", readers(1), mail=mail, rate="fast")
        with pytest.raises(TemplateError, match=r"^subject is '\{\{ x', which is no template"):
            merge("news", readers(1), mail=mail, subject="{{ x")
        with pytest.raises(ValueError, match="connections is 0"):
            merge("news", readers(1), mail=mail, connections=0)


def test_an_iterable_that_fails_does_so_after_what_is_on_the_wire(site: Site) -> None:
    def rows() -> c.Iterator[dict[str, t.Any]]:
        yield from readers(5)
        raise LookupError("the database is gone")

    with FaultyServer() as server:
        merging = merge("news", rows(), mail=site.mail(server), results=site.folder / "results")
        with pytest.raises(LookupError, match="the database is gone"):
            list(merging)
        assert len(site.outcomes("results")) == len(server.taken) == 5


def test_a_rate(site: Site) -> None:
    with FaultyServer() as server:
        start = time.monotonic()
        assert len(list(merge("news", readers(4), mail=site.mail(server, MAIL_RATE_LIMIT="1/h"), rate="10/s"))) == 4
        assert 0.29 < time.monotonic() - start < 5


# Later


def outbox_of(site: Site, server: FaultyServer) -> Mail:
    url = f"sqlite:///{site.folder / 'outbox.db'}"
    return site.mail(server, MAIL_QUEUE="outbox", MAIL_OUTBOX_URL=url)


def test_mails_can_be_queued(site: Site) -> None:
    rows = readers(600)
    rows[3]["email"] = "nobody"
    with FaultyServer() as server:
        mail = outbox_of(site, server)
        results = site.folder / "results"
        outcomes = kinds(merge("news", rows, mail=mail, results=results, later=True))
        assert outcomes == {line: "invalid" if line == 4 else "queued" for line in range(1, 601)}
        assert server.connections == 0
        assert not (site.folder / "results.sending").exists()
        assert kinds(merge("news", rows, mail=mail, results=results, later=True, resume=True)) == {4: "invalid"}
        assert mail.state is not None
        assert sum(mail.state.outbox.stats().states.values()) == 599


def test_queueing_that_was_cut_off_leaves_no_more_in_doubt_than_was_queued_together(site: Site) -> None:
    with FaultyServer() as server:
        mail = outbox_of(site, server)
        results = site.folder / "results"
        outcomes = merge("news", readers(1200), mail=mail, results=results, later=True).outcomes()
        list(itertools.islice(outcomes, 510))
        outcomes.close()
        again = merge("news", readers(1200), mail=mail, results=results, later=True, resume=True)
        assert sorted(again.in_doubt) == list(range(511, 1001))
        assert sorted(kinds(again)) == list(range(1001, 1201))


class FullQueue:
    """Takes two messages, and not one more."""

    def put_many(self, submissions: list[t.Any], **_: t.Any) -> list[str]:
        if len(submissions) > 2:
            raise QueueError("the queue is full")
        return [submission.message_id for submission in submissions]

    put = put_many


def test_a_queue_that_takes_nothing(site: Site) -> None:
    results = site.folder / "results"
    with FaultyServer() as server:
        mail = site.mail(server, MAIL_QUEUE=FullQueue())
        merging = merge("news", readers(3), mail=mail, results=results, later=True)
        with pytest.raises(QueueError, match="the queue is full"):
            list(merging)
        assert site.outcomes("results") == dict.fromkeys((1, 2, 3), "failed")
        assert not (site.folder / "results.sending").exists()
        again = merge("news", readers(2), mail=mail, results=results, later=True, resume=True)
        assert kinds(again) == dict.fromkeys((1, 2), "queued")


# Results, and going on


def test_results_have_a_line_for_each_row(site: Site) -> None:
    path = site.write("readers.csv", "email,name,number\nada@example.com,阿达,1\n,,2\n")
    with FaultyServer() as server:
        outcomes = list(merge("news", path, mail=site.mail(server)))
    assert sorted(site.results(), key=lambda each: int(each["line"])) == [
        {
            "line": 2,
            "address": "ada@example.com",
            "outcome": "accepted",
            "message_id": next(each.message_id for each in outcomes if each.line == 2),
            "reply": "250 2.0.0 taken as 1",
        },
        {
            "line": 3,
            "address": "",
            "outcome": "invalid",
            "message_id": "",
            "reply": "there is no address in its column 'email'",
        },
    ]
    assert sorted(each.name for each in site.folder.glob("readers*")) == ["readers.csv", "readers.csv.results.jsonl"]


def test_results_are_there_as_they_arrive(site: Site) -> None:
    with FaultyServer() as server:
        for number, outcome in enumerate(merge("news", site.readers(10), mail=site.mail(server)), 1):
            assert [each["line"] for each in site.results()][-1] == outcome.line
            assert len(site.results()) == number


def test_a_second_merge_does_not_take_the_results_of_the_first(site: Site) -> None:
    path = site.readers(2)
    with FaultyServer() as server:
        list(merge("news", path, mail=site.mail(server)))
        with pytest.raises(MergeError, match=r"has the results of an earlier merge: go on with that one \(--resume\)"):
            merge("news", path, mail=site.mail(server))
        assert kinds(merge("news", path, mail=site.mail(server), resume=True)) == {}
        assert received(server) == {0: 1, 1: 1}


def test_two_at_once_do_not_write_the_same_results(site: Site) -> None:
    path = site.readers(2)
    with FaultyServer() as server:
        first = merge("news", path, mail=site.mail(server))
        with pytest.raises(MergeError, match=r"^another merge is writing .*results.jsonl: wait"):
            merge("news", path, mail=site.mail(server), resume=True)
        list(first)
        assert kinds(merge("news", path, mail=site.mail(server), resume=True)) == {}


@pytest.mark.parametrize("stop_after", [1, 7, 150])
def test_what_was_stopped_goes_on(site: Site, stop_after: int) -> None:
    path = site.readers(200)
    with FaultyServer("PIPELINING") as server:
        merging = merge("news", path, mail=site.mail(server))
        outcomes = merging.outcomes()
        list(itertools.islice(outcomes, stop_after))
        merging.stop()
        list(outcomes)
        assert stop_after <= len(site.outcomes()) < 200
        assert merging.interrupted
        assert not list(site.folder.glob("*.sending"))
        again = merge("news", path, mail=site.mail(server), resume=True)
        list(again)
        assert again.skipped == merging.done
        assert received(server) == dict.fromkeys(range(200), 1)
        assert set(site.outcomes().values()) == {"accepted"}


def test_after_a_stop_no_row_is_taken(site: Site) -> None:
    taken = 0

    def counted() -> t.Iterator[dict[str, t.Any]]:
        nonlocal taken
        for row in readers(500):
            taken += 1
            yield row

    with FaultyServer("PIPELINING") as server:
        merging = merge("news", counted(), mail=site.mail(server))
        outcomes = merging.outcomes()
        list(itertools.islice(outcomes, 5))
        merging.stop()
        before = taken
        list(outcomes)
    assert 5 <= len(server.taken) <= taken <= before + 1  # which was being taken


def test_what_failed_or_was_invalid_is_tried_again_and_the_others_are_not(site: Site) -> None:
    later = {"user2@example.com"}

    def trouble(talk: Conversation, stage: str, argument: str) -> t.Any:
        if stage == "RCPT" and "user1@" in argument:
            return "550 5.1.1 no such user"
        return "451 4.7.1 later" if stage == "RCPT" and any(each in argument for each in later) else None

    path = site.readers(4)
    path.write_text(path.read_text().replace("user3@example.com", "user3"))
    with FaultyServer(trouble=trouble) as server:
        first = kinds(merge("news", path, mail=site.mail(server)))
        assert first == {2: "accepted", 3: "refused", 4: "failed", 5: "invalid"}
        later.clear()
        path.write_text(path.read_text().replace("user3", "user3@example.com"))
        assert kinds(merge("news", path, mail=site.mail(server), resume=True)) == {4: "accepted", 5: "accepted"}
        assert site.outcomes() == {2: "accepted", 3: "refused", 4: "accepted", 5: "accepted"}
        assert received(server) == {0: 1, 2: 1, 3: 1}


def test_rows_that_moved_are_not_sent(site: Site) -> None:
    path = site.readers(5)
    with FaultyServer() as server:
        list(merge("news", path, mail=site.mail(server)))
        head, rows = path.read_text().split("\n", 1)
        path.write_text(f"{head}\nnew@example.com,New,99\n{rows}")
        with pytest.raises(MergeError) as caught:
            list(merge("news", path, mail=site.mail(server), resume=True))
        assert str(caught.value).startswith("line 2 has the address 'new@example.com', but the one that was sent had")
        assert received(server) == dict.fromkeys(range(5), 1)
        path.write_text(f"{head}\n{rows}user9@example.com,New,99\n")
        assert kinds(merge("news", path, mail=site.mail(server), resume=True)) == {7: "accepted"}


@EACH_OFFER
def test_what_is_in_doubt_is_sent_again_only_when_asked_for_and_as_the_same_mail(
    site: Site, offers: tuple[str, ...]
) -> None:
    def lose(talk: Conversation) -> t.Any:
        talk.take(b"Message-ID: <taken@x>\r\n\r\n")
        talk.replies.clear()
        return reset

    path = site.readers(5)
    with FaultyServer(*offers, trouble=at_message(3, lose)) as server:
        first = {each.line: each for each in merge("news", path, mail=site.mail(server), connections=1)}
        doubtful = [line for line, each in first.items() if each.outcome == "in-doubt"]
        assert doubtful
        again = merge("news", path, mail=site.mail(server), resume=True)
        assert again.in_doubt == {line: first[line].address for line in doubtful}
        assert kinds(again) == {}
        last = merge("news", path, mail=site.mail(server), resume=True, resend_in_doubt=True)
        assert {each.line: each.message_id for each in last} == {line: first[line].message_id for line in doubtful}
        assert set(site.outcomes().values()) == {"accepted"}
        assert all(received(server)[number] for number in range(5))


def test_results_that_are_none(site: Site) -> None:
    path = site.readers(1)
    results = site.folder / "readers.csv.results.jsonl"
    with FaultyServer() as server:
        for text in ('{"line": 2}\n', "[]\n", "nonsense\n", '{"line": 0, "address": "a", "outcome": "accepted"}\n'):
            results.write_text(text)
            with pytest.raises(MergeError, match=r"results.jsonl line 1 is not what a merge writes"):
                merge("news", path, mail=site.mail(server), resume=True)
            assert results.read_text() == text


def test_a_line_that_was_not_written_to_its_end(site: Site) -> None:
    """The disk was full, or the machine lost power."""
    path = site.readers(3)
    results = site.folder / "readers.csv.results.jsonl"
    with FaultyServer() as server:
        list(merge("news", path, mail=site.mail(server), connections=1))
        results.write_bytes(results.read_bytes()[:-20])
        assert kinds(merge("news", path, mail=site.mail(server), resume=True)) == {4: "accepted"}
        assert site.outcomes() == dict.fromkeys((2, 3, 4), "accepted")


def test_results_that_cannot_be_written(site: Site) -> None:
    with FaultyServer() as server, pytest.raises(MergeError, match=r"cannot be written: No such file"):
        merge("news", readers(1), mail=site.mail(server), results=site.folder / "nowhere" / "results")


def test_nothing_grows_with_the_number_of_rows(site: Site) -> None:
    """Good rows and bad ones."""

    def rows(count: int) -> c.Iterator[dict[str, t.Any]]:
        for number in range(count):
            yield {"email": f"user{number}@example.com" if number % 3 else "", "name": "x", "number": number}

    most = 0
    with FaultyServer("PIPELINING", "CHUNKING") as server:
        merging = merge("news", rows(1500), mail=site.mail(server), results=site.folder / "results")
        for number, _ in enumerate(merging):
            if number % 250 == 0:
                gc.collect()
                most = max(most, sum(type(each) is Message for each in gc.get_objects()))
    assert merging.counts == {"accepted": 1000, "invalid": 500}
    assert most < 300


def test_the_journal_does_not_grow_with_the_rows_either(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_mail.merge.ledger._LONGEST", 2000)
    journal = pathlib.Path(site.folder / "results.sending")
    most = 0
    with FaultyServer("PIPELINING") as server:
        for _ in merge("news", readers(300), mail=site.mail(server), results=site.folder / "results"):
            if journal.exists():
                most = max(most, journal.stat().st_size)
        assert received(server) == dict.fromkeys(range(300), 1)
    assert 500 < most < 4000
    assert not journal.exists()
