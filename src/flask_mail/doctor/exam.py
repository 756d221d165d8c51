"""One examination: what is known so far, and the order in which more becomes known.

A check is a function that looks at one thing and returns what it has :class:`Seen`, or raises; its
:class:`.report.Finding` is made here, so that no error is green and nothing runs on without end.
"""

from __future__ import annotations

import collections.abc as c
import contextvars
import dataclasses as d
import queue
import socket
import threading
import time
import typing as t

from ..transports.connect import Endpoint
from ..transports.masks import masked
from ..transports.masks import pattern
from ..transports.smtp import SMTPTransport
from ..transports.timeouts import Timeouts
from ..transports.wire import Client
from .case import Case
from .counsel import figure_of
from .counsel import Provider
from .counsel import trouble_of
from .report import Finding
from .report import Trouble
from .resolver import Resolver
from .words import Words

_SHARE: t.Final = 0.9
"""How much of a check's time the connection has: less than all, so that it can say itself what was too slow."""


@d.dataclass(frozen=True, slots=True)
class Budget:
    """How long an examination may take, in seconds.

    :param each: one check.
    :param total: all of them.
    """

    each: float = 10.0
    total: float = 60.0


@d.dataclass(frozen=True, slots=True)
class Seen:
    """What a check has seen.

    :param figure: in a few words.
    :param troubles: what is wrong with it.
    :param notes: what is worth knowing besides.
    :param skipped: there was nothing to look at.
    """

    figure: str = ""
    troubles: tuple[Trouble, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: bool = False


class Exam:
    """What the checks share.

    :param case: the configuration to examine.
    :param resolver: answers questions to DNS, for those about the sender's domain.
    :param send_to: whom to send a test message; nobody by default.
    """

    def __init__(
        self, case: Case, words: Words, budget: Budget, *, resolver: Resolver, send_to: str | None = None
    ) -> None:
        self.case = case
        self.words = words
        self.budget = budget
        self.resolver = resolver
        self.send_to = send_to
        self.found: dict[str, Finding] = {}
        self.provider: Provider | None = None
        self.sock: socket.socket | None = None
        self.client: Client | None = None
        self.heard_early: Exception | None = None
        """What EHLO failed with before TLS."""
        self.over: bool = False

    @property
    def values(self) -> c.Mapping[str, t.Any]:
        """The settings in force by key; empty where they cannot be used."""
        return self.case.values

    def endpoint(self) -> Endpoint:
        """The server, with no more patience than a check has, and a conversation that is logged."""
        mine = SMTPTransport.from_config(self.values).endpoint
        most = self.budget.each * _SHARE
        patience = Timeouts(
            min(mine.timeouts.step, most),
            {stage: min(seconds, most) for stage, seconds in mine.timeouts.stages.items()},
            total=most,
        )
        return d.replace(mine, timeouts=patience, log=True)

    @property
    def language(self) -> str:
        """``en`` or ``zh``."""
        return self.words.language

    def say(self, key: str, /, **fields: t.Any) -> str:
        """A text in the user's language."""
        return self.words.text(key, **fields)

    def trouble(self, cause: str, /, *, grave: bool = True, link: str = "", **fields: t.Any) -> Trouble:
        """One of the doctor's own troubles, in the user's language."""
        summary, remedy = self.words.trouble(cause, **fields)
        return Trouble(cause, summary, remedy, link, grave)

    def connected(self) -> Client:
        """The connection, with its clock set to the start."""
        assert self.client is not None
        self.client.begin()
        return self.client

    def reached(self, sock: socket.socket) -> socket.socket:
        """Take over a socket; one that comes too late is closed."""
        self.sock = sock
        if self.over:
            sock.close()
        return sock

    def keep(self, client: Client) -> Client:
        """Take over a connection; one that comes too late is closed."""
        self.client = client
        if self.over:
            client.leave()
        return client

    def clean(self, text: str) -> str:
        """*text* from outside, without any secret that was repeated in it."""
        octets = text.encode("utf-8", "surrogateescape")
        return masked(octets, pattern(self.case.secrets())).decode("utf-8", "replace")

    def end(self) -> None:
        """Hang up."""
        self.over = True
        if self.client is not None:
            self.client.leave()
        elif self.sock is not None:
            self.sock.close()


@d.dataclass(frozen=True, slots=True)
class Check:
    """One line of the screen.

    :param needs: the checks without which this one makes no sense.
    :param after: the checks whose outcome this one looks at, whatever it is.
    :param online: whether it touches the network.
    """

    name: str
    group: str
    look: c.Callable[[Exam], Seen]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    online: bool = True


def perform(
    exam: Exam, checks: c.Iterable[Check], *, offline: bool, watch: c.Callable[[str], object]
) -> c.Iterator[Finding]:
    """Do *checks* in their order; each has an end, whatever it meets.

    :param offline: skip what touches the network.
    :param watch: told the name of each before.
    """
    until = time.monotonic() + exam.budget.total
    for check in checks:
        watch(check.name)
        finding = _skipped(exam, check, offline) or _performed(exam, check, until - time.monotonic())
        exam.found[check.name] = finding
        yield finding


def _skipped(exam: Exam, check: Check, offline: bool) -> Finding | None:
    if check.online and offline:
        return Finding(check.name, check.group, exam.say("skipped-offline"), skipped=True)
    for need in check.needs:
        there = exam.found.get(need)
        if there is not None and there.skipped and not _goes_without(exam, check, need):
            return Finding(check.name, check.group, there.figure, skipped=True)
        if there is None or there.mark == "fail":
            name = exam.words.label(need)
            return Finding(check.name, check.group, exam.say("skipped-needs", check=name), skipped=True)
    return None


def _goes_without(exam: Exam, check: Check, need: str) -> bool:
    """Whether *need* was skipped for a reason that is this check's to tell."""
    return need == "tls" and check.name == "ehlo" and exam.heard_early is not None


def _performed(exam: Exam, check: Check, left: float) -> Finding:
    start = time.monotonic()
    try:
        if left <= 0:
            seen = Seen(troubles=(exam.trouble("out-of-time", total=f"{exam.budget.total:g}"),))
        else:
            seen = _in_time(lambda: check.look(exam), min(exam.budget.each, left))
    except _TooLong:
        exam.over = True
        seen = Seen(troubles=(exam.trouble("too-long", seconds=f"{time.monotonic() - start:.0f}"),))
    except Exception as error:  # whatever a check meets, it is an answer, and not a green one
        seen = Seen(exam.clean(figure_of(error)), (trouble_of(error, exam),))
    return Finding(
        check.name,
        check.group,
        seen.figure,
        seen.troubles,
        seen.notes,
        None if seen.skipped else time.monotonic() - start,
        seen.skipped,
    )


class _TooLong(Exception):
    """A check had no end."""


def _in_time(look: c.Callable[[], Seen], seconds: float) -> Seen:
    """What *look* returns, waited for *seconds* at most: looking up a name, importing what a setting names, or a
    function of the application's that fetches a token, cannot be told to hurry."""
    answers: queue.SimpleQueue[Seen | Exception] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put(look())
        except Exception as error:
            answers.put(error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(answer,), daemon=True, name="flask-mail-doctor").start()
    try:
        seen = answers.get(timeout=seconds)
    except queue.Empty:
        raise _TooLong from None
    if isinstance(seen, Exception):
        raise seen
    return seen
