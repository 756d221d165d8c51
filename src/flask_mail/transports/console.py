"""A transport that writes mail to a terminal, for development."""

from __future__ import annotations

import email
import email.message
import email.policy
import sys
import threading
import typing as t

from ..submission import Receipt
from ..submission import Submission
from .base import accepted
from .base import Transport

_RULE = "-" * 72


class ConsoleTransport(Transport):
    """Writes envelope and content as text: as it stands where a person can read it so, else decoded.

    :param stream: where to; standard output, as it is at the time of sending, by default.
    :param raw: always write the content as it stands.
    """

    def __init__(self, stream: t.TextIO | None = None, *, raw: bool = False) -> None:
        self._stream = stream
        self._raw = raw
        self._lock = threading.Lock()

    def send(self, submission: Submission, /) -> Receipt:
        """Write *submission*, whole, before another thread's."""
        stream = self._stream or sys.stdout
        envelope = submission.envelope
        content = bytes(submission.content)
        text = content.decode("utf-8", "replace").replace("\r\n", "\n")
        if not self._raw and _is_encoded(text):
            text = "\n".join(_readable(email.message_from_bytes(content, policy=email.policy.default)))
        with self._lock:
            stream.write(f"{_RULE}\nMAIL FROM:<{envelope.sender}>\n")
            stream.writelines(f"RCPT TO:<{recipient}>\n" for recipient in envelope.recipients)
            stream.write(f"{_RULE}\n{_writable(text, stream)}\n{_RULE}\n")
            stream.flush()
        return accepted(submission)


def _is_encoded(text: str) -> bool:
    low = text.lower()
    return "=?" in low or "encoding: base64" in low or "encoding: quoted-printable" in low


def _readable(message: email.message.EmailMessage) -> t.Iterator[str]:
    """The mail as a mail program shows its source: headers and texts decoded, attachments by name and size."""
    yield from (f"{name}: {value}" for name, value in message.items())
    yield ""
    for part in message.walk():
        if part.is_multipart():
            continue
        if part is not message:
            yield f"[{part.get_content_type()}{_named(part)}]"
        if part.get_content_maintype() == "text" and not part.get_filename():
            yield t.cast(str, part.get_content()).replace("\r\n", "\n")


def _named(part: email.message.Message) -> str:
    octets = t.cast(bytes, part.get_payload(decode=True)) or b""
    name = part.get_filename()
    return f", {name}, {len(octets)} octets" if name else ""


def _writable(text: str, stream: t.TextIO) -> str:
    """*text* without what the terminal cannot show."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
