"""The folder: what is in it, what is new, and what goes."""

from __future__ import annotations

import inspect
import json
import pathlib
import stat

import pytest

from flask_mail.mailbox.capture import Capture
from flask_mail.mailbox.store import Store
from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Submission
from flask_mail.transports.file import FileTransport


def submission(subject: str, text: str = "x") -> Submission:
    octets = f"Subject: {subject}\r\nTo: joe@example.com\r\n\r\n{text}".encode()
    return Submission(Envelope("me@example.com", ("joe@example.com",)), Content([octets]), "<1@example.com>")


@pytest.fixture
def store(tmp_path: pathlib.Path) -> Store:
    return Store(tmp_path / "instance" / "mailbox", kept=5)


def subjects(store: Store, query: str = "") -> list[str]:
    return [entry.subject for entry in store.entries(query)]


def test_only_the_newest_are_kept(store: Store) -> None:
    for number in range(8):
        Capture(store).send(submission(str(number)))
        store.mark(store.entries()[0].id, seen=True)
    assert subjects(store) == ["7", "6", "5", "4", "3"]
    names = {path.name for path in store.folder.iterdir()}
    assert len(names) == 3 * 5 + 1
    assert ".gitignore" in names


def test_what_a_dead_process_left_goes_with_the_old(store: Store) -> None:
    Capture(store).send(submission("first"))
    [name] = [entry.id for entry in store.entries()]
    older = f"2020{name[4:]}"
    for left in (f"{older}.eml", f".{older}.eml.partial"):
        (store.folder / left).write_bytes(b"x")
    for number in range(5):
        Capture(store).send(submission(str(number)))
    assert not [path for path in store.folder.iterdir() if "2020" in path.name]


@pytest.mark.parametrize("name", ["../outside", "{absolute}", "20261121T000000.000000Z-0000000", "", "."])
def test_a_name_leads_nowhere_but_into_the_folder(store: Store, name: str) -> None:
    Capture(store).send(submission("inside"))
    outside = store.folder.parent / "outside"
    name = name.format(absolute=outside)
    for ending in (".json", ".eml", ".seen"):
        outside.with_suffix(ending).write_text("{}", "ascii")
        (store.folder / f"{name}{ending}").write_text("{}", "ascii")
    there = sorted(store.folder.parent.rglob("*"))
    assert (store.record(name), store.letter(name)) == (None, None)
    store.mark(name, seen=False)
    store.mark(name, seen=True)
    store.delete(name)
    assert sorted(store.folder.parent.rglob("*")) == there


def test_five_hundred_are_kept() -> None:
    assert inspect.signature(Store).parameters["kept"].default == 500


def test_a_folder_that_is_not_there_is_empty(store: Store) -> None:
    assert store.entries() == []
    assert store.letter("20261121T000000.000000Z-00000000") is None
    store.clear()
    store.prune()


def test_nobody_else_reads_it_and_git_does_not_take_it(store: Store) -> None:
    token = store.token()
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((store.folder / ".token").stat().st_mode) == 0o600
    assert (store.folder / ".gitignore").read_text("ascii") == "*\n"
    assert Store(store.folder).token() == token
    assert len(token) == 32


def test_the_version_changes_with_the_list(store: Store) -> None:
    versions = [store.version()]
    Capture(store).send(submission("one"))
    versions.append(store.version())
    [entry] = store.entries()
    assert not entry.seen
    store.mark(entry.id, seen=True)
    versions.append(store.version())
    assert store.entries()[0].seen
    store.delete(entry.id)
    versions.append(store.version())
    assert len(set(versions[:3])) == 3
    assert versions[3] == versions[0]


def test_all_words_have_to_occur_somewhere(store: Store) -> None:
    Capture(store).send(submission("Confirm", "Please confirm, Ada"))
    Capture(store).send(submission("News", "Nothing new, Ada"))
    assert subjects(store, "ADA confirm") == ["Confirm"]
    assert subjects(store, "joe@example") == ["News", "Confirm"]
    assert subjects(store, "ada nobody") == []


def test_mail_of_the_file_transport_is_shown_as_well(store: Store) -> None:
    FileTransport(store.folder).send(submission("From elsewhere"))
    assert subjects(store) == ["From elsewhere"]


def test_a_record_that_is_no_json_is_passed_over(store: Store) -> None:
    Capture(store).send(submission("whole"))
    [entry] = store.entries()
    broken = entry.id[:-1] + ("0" if entry.id[-1] != "0" else "1")
    (store.folder / f"{broken}.json").write_text("{", "ascii")
    assert subjects(store) == ["whole"]
    assert json.loads((store.folder / f"{entry.id}.json").read_bytes())["summary"]["subject"] == "whole"


def test_the_list_parses_no_mail(store: Store) -> None:
    Capture(store).send(submission("whole"))
    [entry] = store.entries()
    (store.folder / f"{entry.id}.eml").unlink()
    assert [each.subject for each in Store(store.folder).entries()] == ["whole"]
