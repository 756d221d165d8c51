"""The demo's mail server: takes every mail on a free loopback port, saves it and lets others wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import email.policy
import functools
import re
import threading
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from typing import Self

from flask_mail import MissingExtraError

PATIENCE = 10.0
"""How long to wait for a mail, in seconds."""


@dataclass(frozen=True)
class Delivery:
    """A mail as it arrived."""

    number: int
    time: datetime
    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @functools.cached_property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def parts(self) -> list[str]:
        """The file name of each attachment, the subtype of each other part."""
        leaves = [part for part in self.message.walk() if not part.is_multipart()]
        return [part.get_filename() or part.get_content_subtype() for part in leaves]

    @property
    def links(self) -> list[str]:
        """The links in the plain text."""
        return re.findall(r"https?://\S+", self.message.get_body(("plain",)).get_content())

    @property
    def file_name(self) -> str:
        """Sorts by time, says for whom; nothing a sender chose can lead out of the folder."""
        recipient = re.sub(r"[^\w.@+-]", "_", self.recipients[0])[:100]
        return f"{self.time:%Y%m%d-%H%M%S}-{self.number:02}-{recipient}.eml"


class NothingArrived(TimeoutError):
    """A mail that was waited for did not come."""


class Postbox:
    """An SMTP server while its ``with`` block lasts.

    :param folder: where each mail is saved as ``.eml``, octet for octet.
    :param announce: called with each delivery, in the server's thread, before the sender hears that it was taken.
    :raises MissingExtraError: aiosmtpd is not installed.
    """

    def __init__(self, folder: Path, announce: Callable[[Delivery], None]) -> None:
        self.folder = folder
        self.deliveries: list[Delivery] = []
        self.announce = announce
        self._arrival = threading.Condition()

    def __enter__(self) -> Self:
        try:
            from aiosmtpd.smtp import SMTP
        except ImportError:
            raise MissingExtraError("The demo's mail server", "testing") from None
        protocol = functools.partial(SMTP, self, enable_SMTPUTF8=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        listening: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(protocol, listening)))
        self._thread.start()
        self.port = listening.result(PATIENCE)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(PATIENCE)

    async def _serve(self, protocol: Callable[[], asyncio.Protocol], listening: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing, self._awake = asyncio.Event(), asyncio.Event()
        self._awake.set()
        try:
            server = await self._loop.create_server(protocol, "127.0.0.1", 0)
        except OSError as error:
            listening.set_exception(error)
            return
        listening.set_result(server.sockets[0].getsockname()[1])
        await self._closing.wait()
        server.close()

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """Take no mail while the block lasts: who sends one waits."""
        self._loop.call_soon_threadsafe(self._awake.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._awake.set)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await self._awake.wait()
        number = len(self.deliveries) + 1
        content = envelope.original_content
        delivery = Delivery(number, datetime.now(), envelope.mail_from, tuple(envelope.rcpt_tos), content)
        (self.folder / delivery.file_name).write_bytes(content)
        self.announce(delivery)
        with self._arrival:
            self.deliveries.append(delivery)
            self._arrival.notify_all()
        return "250 2.0.0 Thank you"

    def wait_for(self, recipient: str, subject: str) -> Delivery:
        """The first mail to *recipient* with this subject, as soon as it is there.

        :raises NothingArrived: it did not come within :data:`PATIENCE`.
        """

        def found() -> Delivery | None:
            return next((d for d in self.deliveries if recipient in d.recipients and d.subject == subject), None)

        with self._arrival:
            if delivery := self._arrival.wait_for(found, PATIENCE):
                return delivery
        raise NothingArrived(f"no mail “{subject}” to {recipient} within {PATIENCE:.0f} seconds")
