"""What goes wrong on purpose: how the server at the other end of a captured mail behaves."""

from __future__ import annotations

import dataclasses as d
import threading
import typing as t

from ..submission import Envelope
from ..submission import Reply

STAGES: t.Final = ("greeting", "ehlo", "auth", "mail", "rcpt", "data", "end-of-data")
"""Where a server can say no."""

CONNECTING: t.Final = ("greeting", "ehlo", "auth")
"""Those of them that come before any message."""

_LOGIN = (530, 534, 535, 538)  # RFC 4954 §6


@d.dataclass(slots=True, eq=False)
class Fault:
    """One thing that goes wrong.

    :param stage: where; see :data:`STAGES`.
    :param reply: what the server says there; ``None`` where it does not refuse.
    :param drops: whether it closes the connection there without a word.
    :param seconds: how long it takes to answer there.
    :param recipient: only for mail to this address.
    :param times: for how many mails, or connections; ``None`` for all.
    """

    stage: str
    reply: Reply | None = None
    drops: bool = False
    seconds: float = 0.0
    recipient: str | None = None
    times: int | None = 1

    def concerns(self, envelope: Envelope | None) -> bool:
        """Whether it is to happen to the next mail, or to the next connection where *envelope* is ``None``."""
        if self.times == 0 or (self.stage in CONNECTING) != (envelope is None):
            return False
        return envelope is None or self.recipient is None or self._is_among(envelope.recipients)

    def _is_among(self, recipients: tuple[str, ...]) -> bool:
        assert self.recipient is not None
        return self.recipient.lower() in (recipient.lower() for recipient in recipients)


class MailFaults:
    """Makes captured mail fail as it fails with a real server: with the same errors, stages and receipts.

    Faults of the same kind wait for each other: two calls of :meth:`fail_next` are for two mails.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def fail_next(
        self,
        code: int,
        text: str = "",
        *,
        recipient: str | None = None,
        stage: str | None = None,
        times: int | None = 1,
    ) -> None:
        """Let the server refuse the next mail, for instance with ``451`` and ``"4.7.1 Please try again later"``.

        :param code: the reply code, 400 to 599.
        :param text: what it says; may begin with an enhanced status code (RFC 3463).
        :param recipient: refuse only this one, and take the mail for all others; the next mail that has it counts.
        :param stage: where: ``"greeting"``, ``"ehlo"``, ``"auth"``, ``"mail"``, ``"rcpt"``, ``"data"`` or
            ``"end-of-data"``. By default ``rcpt`` with a *recipient*, ``auth`` for 530, 534, 535 and 538, which only a
            login gets, and else ``end-of-data``: the server has read the mail and does not want it.
        :param times: how many mails, or connections, fail so; ``None`` for all from now on.
        :raises ValueError: no server can do that.
        """
        if not 400 <= code <= 599:
            raise ValueError(f"fail_next: code is {code!r}, but it has to be one that refuses, 400 to 599")
        if stage is None:
            stage = "rcpt" if recipient is not None else "auth" if code in _LOGIN else "end-of-data"
        self._add(Fault(stage, Reply(code, text.encode()), recipient=recipient, times=times), "fail_next")

    def drop_after_data(self, *, recipient: str | None = None, times: int | None = 1) -> None:
        """Let the server close the connection once it has the whole mail, and before it answers: nobody can know
        whether it was taken, and the error has ``in_doubt`` set.

        :param recipient: the next mail to this address, whatever else is sent before.
        :param times: how many mails; ``None`` for all from now on.
        """
        self._add(Fault("end-of-data", drops=True, recipient=recipient, times=times), "drop_after_data")

    def delay(
        self, seconds: float, *, recipient: str | None = None, stage: str = "end-of-data", times: int | None = None
    ) -> None:
        """Let the server take its time to answer. Where that is more than ``MAIL_TIMEOUT``, sending fails as it does
        with a server that does not answer, after that time.

        :param seconds: how long.
        :param recipient: only mails to this address.
        :param stage: where; see :meth:`fail_next`.
        :param times: how many mails, or connections; ``None``, as by default, for all from now on.
        """
        if seconds < 0:
            raise ValueError(f"delay: seconds is {seconds!r}, but it has to be 0 or more")
        self._add(Fault(stage, seconds=seconds, recipient=recipient, times=times), "delay")

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._faults.clear()

    def take(self, envelope: Envelope | None) -> list[Fault]:
        """What happens to a mail with *envelope*, or to a connection where there is none."""
        with self._lock:
            taken: dict[t.Any, Fault] = {}
            for fault in self._faults:
                if fault.concerns(envelope):
                    taken.setdefault((fault.seconds > 0, fault.recipient), fault)
            for fault in taken.values():
                fault.times = None if fault.times is None else fault.times - 1
        return list(taken.values())

    def _add(self, fault: Fault, caller: str) -> None:
        if fault.stage not in STAGES:
            raise ValueError(f"{caller}: stage is {fault.stage!r}, but it has to be one of {', '.join(STAGES)}")
        if fault.stage in CONNECTING and fault.recipient is not None:
            raise ValueError(f"{caller}: at stage {fault.stage!r} there is no recipient yet; leave one of them out")
        with self._lock:
            self._faults.append(fault)
