"""The checks that need no network: settings, installed distributions, the provider's demands."""

from __future__ import annotations

import collections.abc as c
import importlib.metadata
import typing as t

from ..address import one
from ..distribution import rival_owner
from ..errors import ConfigError
from ..errors import MessageError
from ..settings import KEYS
from ..settings import read
from ..settings import suppressed
from ..settings import unknown_keys
from .counsel import demands
from .counsel import find_provider
from .exam import Exam
from .exam import Seen
from .report import Trouble

_READ_LATE = ("MAIL_SUPPRESS_SEND", "MAIL_DEBUG")
"""What may differ from the settings in force, because the application says it too."""


def settings(exam: Exam) -> Seen:
    """Whether every setting can be used, means what it seems to, and lets mail out."""
    config = exam.case.config
    troubles = [*_unusable(exam)]
    if not troubles:
        troubles += [*_stale(exam), *_mismatched(exam), *_withheld(exam)]
    troubles += [
        exam.trouble("unknown-setting", grave=False, key=key, hint=exam.say("hint", key=near) if near else "")
        for key, near in unknown_keys(config)
    ]
    count = sum(1 for key in KEYS if config.get(key) not in (None, ""))
    return Seen(exam.say("settings", count=count), tuple(troubles), tuple(_parsed(exam)))


def _unusable(exam: Exam) -> c.Iterator[Trouble]:
    config, wrong = exam.case.config, False
    for key, field in KEYS.items():
        try:
            if config.get(key) not in (None, "", ()):
                field.metadata["parse"](key, config[key])
        except ConfigError as error:
            wrong = True
            yield exam.trouble("setting", problem=exam.clean(str(error)))
    if not wrong:
        try:
            read(config)
            for key in ("MAIL_DEFAULT_SENDER", "MAIL_DEFAULT_REPLY_TO"):
                if config.get(key) not in (None, "", ()):
                    one(config[key], key)
        except (ConfigError, MessageError) as error:
            yield exam.trouble("setting", problem=exam.clean(str(error)))


def _stale(exam: Exam) -> c.Iterator[Trouble]:
    """Settings that were changed after ``init_app`` had read them."""
    if not exam.case.in_use:
        return
    written = read(exam.case.config)
    changed = [
        key
        for key, field in KEYS.items()
        if key not in _READ_LATE and key in exam.case.config and written[field.name] != exam.values[key]
    ]
    if changed:
        yield exam.trouble("changed-later", grave=False, keys=", ".join(changed))


def _mismatched(exam: Exam) -> c.Iterator[Trouble]:
    values = exam.values
    port, use_ssl = values["MAIL_PORT"], values["MAIL_USE_SSL"]
    if port in (465, 2465, 994) and not use_ssl:
        yield exam.trouble("port-wants-tls", grave=False, port=port)
    if port in (25, 587, 2525, 2587) and use_ssl:
        yield exam.trouble("port-wants-starttls", grave=False, port=port)
    for key in ("MAIL_USERNAME", "MAIL_PASSWORD"):
        value = values[key] or ""
        if value != value.strip():
            yield exam.trouble("blanks-around", grave=False, key=key)
        if not value.isascii():
            yield exam.trouble("credentials-encoding", grave=False, key=key)


def _withheld(exam: Exam) -> c.Iterator[Trouble]:
    """What keeps mail from those it is written to."""
    values, case = exam.values, exam.case
    if suppressed(case.config, testing=case.testing) or values["MAIL_SUPPRESS_SEND"]:
        by = "MAIL_SUPPRESS_SEND" if case.config.get("MAIL_SUPPRESS_SEND") not in (None, "") else "TESTING"
        yield exam.trouble("suppressed", grave=False, by=by)
    if values["MAIL_CATCH_ALL"]:
        yield exam.trouble("caught-all", grave=False, addresses=", ".join(values["MAIL_CATCH_ALL"]))
    if case.captured:
        yield exam.trouble("captured" if values["MAIL_MAILBOX"] else "captured-in-debug", grave=False)
        return
    transport = values["MAIL_TRANSPORT"]
    if transport == "smtp" and not (case.config.get("MAIL_SERVER") or case.config.get("MAIL_PROVIDER")):
        yield exam.trouble("no-server", grave=False, host=values["MAIL_SERVER"], port=values["MAIL_PORT"])
    if transport in ("console", "file", "memory", "null"):
        yield exam.trouble("stays-here", grave=False, transport=transport)


def _parsed(exam: Exam) -> c.Iterator[str]:
    """The strings that were understood as something else."""
    for key, value in exam.case.config.items():
        field = KEYS.get(key)
        if field is None or field.metadata["secret"] or not isinstance(value, str) or not value.strip():
            continue
        try:
            meant = field.metadata["parse"](key, value)
        except ConfigError:
            continue
        if not isinstance(meant, str):
            yield exam.say("parsed", key=key, value=repr(value), meant=repr(meant))


def distribution(exam: Exam) -> Seen:
    """Whether another distribution has put its files over ours."""
    ours = f"Flask-Postbox {importlib.metadata.version('Flask-Postbox')}"
    rival = rival_owner()
    if rival is None:
        return Seen(exam.say("distribution", ours=ours))
    return Seen(exam.say("distribution-two", ours=ours, rival=rival), (exam.trouble("rival", rival=rival),))


def provider(exam: Exam) -> Seen:
    """Who is behind the server, and whether the settings are what they demand."""
    exam.provider = find_provider(exam.values)
    if exam.provider is None:
        return Seen(exam.say("provider-unknown", host=exam.values["MAIL_SERVER"]))
    return Seen(exam.provider.title[exam.language], tuple(demands(exam, exam.provider)))


def transport(exam: Exam) -> str | None:
    """The name of the transport in use where it is not SMTP."""
    chosen: t.Any = exam.values["MAIL_TRANSPORT"]
    return None if chosen == "smtp" else chosen if isinstance(chosen, str) else type(chosen).__name__
