"""The order of an SMTP conversation, without any socket: everything that decides what is sent next lives here.

:func:`converse` is a generator. It yields octets to write, which need not be written at once, and :data:`READ`, to
which it is sent the next reply. Whoever drives it writes what it has collected only when a reply is wanted that has
not come yet; so commands go out in the largest groups the protocol allows. Replies that stand in :attr:`Line.arrived`
it takes by itself.

========================  ==================================================================  ============
the server offers         what goes out together                                              waits
========================  ==================================================================  ============
nothing                   one command                                                         4 + recipients
PIPELINING (RFC 2920)     MAIL, RCPT ..., DATA; then content, dot and the next group          2, in bulk 1
CHUNKING (RFC 3030) too   MAIL, RCPT ..., BDAT and content, for a window of messages          1, in bulk 1/window
========================  ==================================================================  ============

A :class:`~.job.Job` is one submission on its way, over as many transactions as its recipients take.
"""

from __future__ import annotations

import collections
import collections.abc as c
import enum
import itertools
import typing as t

from ..submission import Content
from ..submission import Reply
from .dots import dot_stuffed
from .dots import with_dot
from .job import Job
from .offer import Offer


class Step(enum.Enum):
    READ = enum.auto()


READ: t.Final = Step.READ
"""Yielded where the next reply is wanted."""

Conversation = c.Generator[bytes | Step, t.Any, None]
"""Is sent a :class:`Reply` for each :data:`READ`, else ``None``."""

Feed = c.Callable[[], Job | None]

LARGE: t.Final = 65_536
"""Octets of content, from which on it is not sent before the recipients are known to be taken."""

MANY: t.Final = 100
"""Recipients, from which on the same holds, and of which no more go out before one is replied to: the replies must not
fill the way back while nobody reads (RFC 2920 §4.2)."""


class Line:
    """A connection's conversation: what was offered, and which jobs are on the way.

    :param offer: the server's extensions.
    :param window: how many messages may be on the way at once where the protocol allows more than one.
    :param arrived: replies that have come, and that whoever drives it does not need to see.
    """

    def __init__(self, offer: Offer, window: int = 16, arrived: collections.deque[Reply] | None = None) -> None:
        self.offer = offer
        self.window = window
        self.arrived: collections.deque[Reply] = collections.deque() if arrived is None else arrived
        self.jobs: collections.deque[Job] = collections.deque()
        """The jobs begun and not ended, oldest first."""
        self.finished: collections.deque[Job] = collections.deque()
        """The jobs that have ended, in the order of their end, for the driver to take."""
        self.parting: bool = False
        """Whether to say QUIT together with the last content."""
        self.parted: bool = False
        """Whether it was said."""
        self.waking: bool = False
        """Whether it was kept so long that the server may have hung up: no content goes out before it has answered."""
        self._again: collections.deque[Job] = collections.deque()
        self._reset = False

    def converse(self, feed: Feed) -> Conversation:
        """Send the jobs that *feed* gives, until it gives none.

        :param feed: the next job, or ``None`` while there is none.
        """
        if self.offer.chunking and self.offer.pipelining:
            return self._chunked(feed)
        return self._grouped(feed) if self.offer.pipelining else self._plain(feed)

    def _next(self, feed: Feed) -> tuple[Job, list[str]] | None:
        """The next job, with the commands that begin its transaction."""
        while True:
            job = self._again.popleft() if self._again else feed()
            if job is None:
                return None
            try:
                commands = job.commands(self.offer)
            except (OSError, ValueError) as error:  # not for this server
                job.fail(error)
                self.finished.append(job)
                continue
            self.jobs.append(job)
            return job, commands

    def _ended(self, job: Job) -> None:
        """The transaction of *job* is over, and with it perhaps the job."""
        self.jobs.remove(job)
        (self.finished if job.done else self._again).append(job)

    def broken(self, error: Exception, written: int) -> list[Job]:
        """The connection is lost: end the jobs in doubt, and return those that can be sent over another one.

        :param written: octets that went out.
        """
        left: list[Job] = [*self.jobs, *self._again]
        self.jobs.clear()
        self._again.clear()
        for job in left:
            job.cut(written)
            if not job.done and not job.doubtful(error):
                job.rewind()
            else:
                job.fail(error)
                self.finished.append(job)
        return [job for job in left if not job.done]

    # Nothing offered: one command, one reply

    def _plain(self, feed: Feed) -> Conversation:
        while (begun := self._next(feed)) is not None:
            job, (mail, *rcpts) = begun
            if self._reset:
                yield b"RSET\r\n"
                job.reset_replied((yield READ))
            self._reset = True
            yield _lines([mail])
            if job.mail_replied((yield READ)):
                for recipient, rcpt in zip(job.batch, rcpts, strict=True):
                    yield _lines([rcpt])
                    job.rcpt_replied(recipient, (yield READ))
                if job.taken:
                    job.stage = "data"
                    yield _lines(["DATA"])
                if job.data_replied((yield READ) if job.taken else Reply(503)):
                    yield from _content(job)
                    job.content_replied((yield READ))
                    self._reset = False
            self._ended(job)

    # PIPELINING: MAIL, RCPT and DATA in one group, and the group after a dot together with it

    def _grouped(self, feed: Feed) -> Conversation:
        arrived = self.arrived
        dotted: Job | None = None
        while True:
            begun = self._next(feed)
            if begun is None and dotted is None:
                return
            reset = False
            later: list[str] = []
            if begun is not None:
                reset, self._reset = self._reset, False
                group = begun[1]
                group.append("DATA")
                if reset:
                    group.insert(0, "RSET")
                if len(group) > MANY + 2:
                    group, later = group[: MANY + 2], group[MANY + 2 :]
                yield _lines(group)
            if dotted is not None:
                if begun is None and self.parting and not dotted.waiting:
                    self.parted = True
                    yield b"QUIT\r\n"
                dotted.content_replied(arrived.popleft() if arrived else (yield READ))
                self._ended(dotted)
                dotted = None
            if begun is not None:
                if reset:
                    begun[0].reset_replied(arrived.popleft() if arrived else (yield READ))
                if (yield from self._group_replied(begun[0], later)):
                    dotted = begun[0]

    def _group_replied(self, job: Job, later: c.Sequence[str]) -> c.Generator[bytes | Step, t.Any, bool]:
        """Read all replies of a group, then judge; return whether the content went out.

        :param later: its commands that did not go out yet.
        """
        arrived = self.arrived
        good = job.mail_replied(arrived.popleft() if arrived else (yield READ))
        more = iter(later)
        for recipient in job.batch:
            if (command := next(more, None)) is not None:
                yield _lines([command])
            reply: Reply = arrived.popleft() if arrived else (yield READ)
            if good:
                job.rcpt_replied(recipient, reply)
        if job.taken:
            job.stage = "data"
        reply = arrived.popleft() if arrived else (yield READ)
        if job.data_replied(reply):
            yield from _content(job)
            return True
        if reply.code // 100 == 3:  # RFC 2920 §3.1: the server waits for content that nobody is to get
            yield b".\r\n"
            yield READ
        self._reset = True
        self._ended(job)
        return False

    # CHUNKING: whole messages, a window of them

    def _chunked(self, feed: Feed) -> Conversation:
        window: collections.deque[tuple[Job, bool, list[str]]] = collections.deque()
        torn: Exception | None = None
        arrived = self.arrived
        while True:
            while len(window) < self.window and torn is None and not (window and _heavy(window[-1][0])):
                if (begun := self._next(feed)) is None:
                    break
                job, commands = begun
                reset, self._reset = self._reset, True
                if self.waking:
                    self.waking = reset = False
                    yield _lines(["RSET"])
                    job.reset_replied((yield READ))
                if reset:
                    commands.insert(0, "RSET")
                yield _lines(commands[: MANY + 2])
                window.append((job, reset, commands[MANY + 2 :]))
                if not _heavy(job):
                    torn = yield from _chunk(job)
            if not window:
                return
            job, reset, later = window.popleft()
            if torn is not None and not window:  # nothing but closing takes back what was announced
                raise torn
            if reset:
                job.reset_replied(arrived.popleft() if arrived else (yield READ))
            good = job.mail_replied(arrived.popleft() if arrived else (yield READ))
            for recipient, command in itertools.zip_longest(job.batch, later):
                if command is not None:
                    yield _lines([command])
                answer: Reply = arrived.popleft() if arrived else (yield READ)
                if good:
                    job.rcpt_replied(recipient, answer)
            if not _heavy(job):
                if job.taken:
                    job.stage = "end-of-data"
                job.content_replied(arrived.popleft() if arrived else (yield READ))
            elif job.error is None and job.taken:
                job.stage = "end-of-data"
                if (torn := (yield from _chunk(job))) is not None:
                    raise torn
                job.content_replied(arrived.popleft() if arrived else (yield READ))
            else:
                job.content_replied(Reply(503))
            self._ended(job)


def _heavy(job: Job) -> bool:
    """Whether its content waits until the recipients are taken."""
    return job.submission.content.size > LARGE or len(job.batch) > MANY


def _lines(commands: list[str]) -> bytes:
    return ("\r\n".join(commands) + "\r\n").encode("utf-8")


def _content(job: Job) -> c.Generator[bytes, None, None]:
    content = job.submission.content
    job.in_content = True
    try:
        octets = content.whole() if content.size <= LARGE else None
        if octets is not None:
            yield with_dot(octets)
        else:
            yield from dot_stuffed(_whole(content))
    except Exception as error:
        job.fail(error)
        raise
    finally:
        job.in_content = False
    job.in_doubt = True


def _chunk(job: Job) -> c.Generator[bytes, None, Exception | None]:
    """Its content as one chunk; return what went wrong with it."""
    yield f"BDAT {job.submission.content.size} LAST\r\n".encode("ascii")
    job.in_content = True
    try:
        yield from _whole(job.submission.content)
    except Exception as error:
        job.fail(error)
        return error
    finally:
        job.in_content = False
    job.in_doubt = True
    return None


def _whole(content: Content) -> c.Iterator[bytes]:
    """Not an octet more or less than was announced: commands would be taken for content, or content for commands."""
    left = content.size
    for chunk in content:
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        raise OSError("the content is not as long as it was when the message was composed")
