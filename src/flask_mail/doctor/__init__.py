"""The mail doctor: whether mail will work, told before the first mail is sent.

:func:`examine` looks at one thing after another, in the order in which they matter: settings, provider, the server's
name and port, its greeting, TLS, what it offers, the login, the sender, and on request what DNS tells receivers. The
steps are those that sending takes (:mod:`flask_mail.transports.connect`), taken one by one. Nothing is sent unless
asked for, nothing that is found is green while something below it is not, and no secret is shown.

=================  =================================================================
``case``           what is examined
``exam``           one examination: what is shared, in what order, for how long
``configuration``  the checks without network
``network``        the checks of the way to the server
``conversation``   the checks that speak with it
``queueing``       the check of what waits to be sent
``domain``         the checks of the sender's domain, over ``resolver`` and ``spf``
``checks``         all of them in their order
``counsel``        what is asked of :mod:`flask_mail.diagnosis`
``report``         what comes out of it; ``screen`` shows it
``words``          what is said, in English and Chinese
=================  =================================================================
"""

from __future__ import annotations

import collections.abc as c
import logging
import time
import typing as t

from ..diagnosis.texts import language
from ..transports.wire import logger
from .case import Case as Case
from .checks import chosen
from .checks import NAMES as NAMES
from .configuration import transport
from .exam import Budget as Budget
from .exam import Exam
from .exam import perform
from .report import Finding as Finding
from .report import Report as Report
from .report import Trouble as Trouble
from .resolver import NoAnswer as NoAnswer
from .resolver import Resolver as Resolver
from .resolver import SystemResolver as SystemResolver
from .resolver import Unreachable as Unreachable
from .words import Words


def examine(
    case: Case,
    *,
    only: t.Collection[str] = (),
    offline: bool = False,
    dns: bool = False,
    send_to: str | None = None,
    budget: Budget | None = None,
    resolver: Resolver | None = None,
    locale: str | None = None,
    watch: c.Callable[[str], object] = lambda name: None,
) -> Report:
    """Look whether mail will work.

    :param case: the configuration.
    :param only: the checks to do, of :data:`NAMES`; what they need is done too.
    :param offline: touch no network.
    :param dns: look at the sender's domain too.
    :param send_to: send a test message to this address; nothing is sent otherwise.
    :param budget: how long it may take.
    :param resolver: what answers for DNS; this machine's own by default.
    :param locale: the language; ``MAIL_LOCALE``, else the process's by default.
    :param watch: told the name of each check before it is done.
    """
    words = Words(language(locale or case.values.get("MAIL_LOCALE")))
    exam = Exam(case, words, budget or Budget(), resolver=resolver or SystemResolver(), send_to=send_to)
    checks = chosen(
        tls_first=bool(case.values.get("MAIL_USE_SSL")),
        over_smtp=bool(case.values) and transport(exam) is None,
        outbox=case.values.get("MAIL_QUEUE") == "outbox",
        dns=dns,
        send=send_to is not None,
        only=only,
    )
    start = time.monotonic()
    with _Listener(exam) as heard:
        try:
            findings = tuple(perform(exam, checks, offline=offline, watch=watch))
        finally:
            exam.end()
    return Report(_subject(exam), findings, time.monotonic() - start, tuple(heard), words.language)


def _subject(exam: Exam) -> str:
    values = exam.values
    if not values:
        return exam.say("no-server")
    server = transport(exam) or f"{values['MAIL_SERVER']}:{values['MAIL_PORT']}"
    user = values["MAIL_USERNAME"]
    return exam.say("as-user", server=server, user=user) if user else server


class _Listener(logging.Handler):
    """Hears the conversation as it is logged, which is without secrets."""

    def __init__(self, exam: Exam) -> None:
        super().__init__(logging.DEBUG)
        self._exam = exam
        self._lines: list[str] = []
        self._before = logger.level, logger.propagate

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self._exam.clean(record.getMessage()))

    def __enter__(self) -> list[str]:
        self._before = logger.level, logger.propagate
        logger.addHandler(self)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False  # the screen is the place for it
        return self._lines

    def __exit__(self, *_: object) -> None:
        logger.removeHandler(self)
        level, logger.propagate = self._before
        logger.setLevel(level)
