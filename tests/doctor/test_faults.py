"""Every fault is found, in its line, and shown as the screens have it, in English and Chinese.

``REDRAW_SCREENS=1`` writes the screens anew: to be looked at before they are committed.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses as d
import json
import os
import pathlib
import re
import time
import typing as t

import pytest

from flask_mail.doctor import Budget
from flask_mail.doctor import Case
from flask_mail.doctor import examine
from flask_mail.doctor import Report
from flask_mail.doctor.report import worst
from flask_mail.doctor.screen import Screen
from flask_mail.doctor.words import Words

from ..servers import Authority
from ..servers import PASSWORD
from ..servers import ScriptedServer
from ..servers import Server
from .faults import Fault
from .faults import FAULTS
from .faults import Stage
from .names import NameServer

SCREENS = pathlib.Path(__file__).parent / "screens"


@pytest.fixture
def stage(
    start_server: c.Callable[..., Server],
    scripted: c.Callable[..., ScriptedServer],
    authority: Authority,
    name_server: c.Callable[..., NameServer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
    free_port: int,
    deaf_port: int,
) -> Stage:
    return Stage(start_server, scripted, authority, name_server, monkeypatch, tmp_path, free_port, deaf_port)


def examined(fault: Fault, stage: Stage, locale: str) -> Report:
    options = fault.build(stage)
    return examine(Case(options.pop("config")), locale=locale, **{"budget": Budget(each=5, total=20), **options})


def settled(report: Report, hidden: dict[str, str]) -> Report:
    """*report* without what differs each time."""

    def calm(value: t.Any) -> t.Any:
        if isinstance(value, str):
            for there, shown in hidden.items():
                value = value.replace(there, shown)
            value = re.sub(r" \(_ssl\.c:\d+\)|\[Errno -?\d+\] ", "", value)
            value = value.replace("Temporary failure in name resolution", "Name or service not known")
            value = re.sub(r"Python SMTP [\d.]+", "ESMTP", value)
            value = re.sub(r"by trustme v[\w.]+", "by Example CA", value)
            value = re.sub(r"Postbox [\d.a-z]+", "Postbox 1.0.0", value)
            return re.sub(r"trustme v[\w.]+", "Example CA", value)
        if isinstance(value, tuple):
            return tuple(calm(item) for item in value)
        if d.is_dataclass(value) and not isinstance(value, type):
            changed = {field.name: calm(getattr(value, field.name)) for field in d.fields(value)}
            return d.replace(value, **changed)
        return 0.001 if isinstance(value, float) else value

    return t.cast(Report, calm(report))


def drawn(report: Report, **options: t.Any) -> str:
    return "".join(f"{line}\n" for line in Screen(Words(report.locale), **options).lines(report))


@pytest.mark.parametrize("locale", ["en", "zh"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_shown(name: str, locale: str, stage: Stage) -> None:
    fault = FAULTS[name]
    start = time.monotonic()
    report = examined(fault, stage, locale)

    assert time.monotonic() - start < 5
    marks = {finding.check: finding.mark for finding in report.findings}
    assert {check: mark for check, mark in marks.items() if mark not in ("ok", "skip")} == fault.bad
    causes = [trouble.cause for finding in report.findings for trouble in finding.troubles]
    assert sorted(causes) == sorted(fault.causes)
    assert report.healthy() == ("fail" not in fault.bad.values())
    assert report.healthy(strict=True) == (not fault.bad)
    screen = drawn(settled(report, stage.hidden))
    path = SCREENS / f"{name}.{locale}.txt"
    if os.environ.get("REDRAW_SCREENS"):
        path.write_text(screen, "utf-8")
    assert screen == path.read_text("utf-8")
    shown = screen + json.dumps(report.as_dict(conversation=True))
    assert PASSWORD not in shown


def test_there_is_no_screen_without_its_fault() -> None:
    assert {path.name for path in SCREENS.iterdir()} == {
        f"{name}.{locale}.txt" for name in FAULTS for locale in ("en", "zh")
    }


def test_every_check_fails_once() -> None:
    from flask_mail.doctor import NAMES

    failing = {check for fault in FAULTS.values() for check, mark in fault.bad.items() if mark == "fail"}
    assert failing == {*NAMES, "send"}


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if "fail" in fault.bad.values()])
def test_no_parent_is_better_than_its_child(name: str, stage: Stage) -> None:
    report = examined(FAULTS[name], stage, "en")
    lines = drawn(report).splitlines()
    for group, findings in report.groups().items():
        [heading] = [line for line in lines if line.endswith(f" {Words('en').label(group)}")]
        expected = {"fail": "✗", "warn": "!", "ok": "✓", "skip": "-"}[worst(finding.mark for finding in findings)]
        assert heading.startswith(expected)
    assert "passed in" not in lines[-1]
