"""Attachments, and how their type is found."""

from __future__ import annotations

import collections.abc as c
import io
import os
import typing as t
from mimetypes import guess_type

from ..compose import is_data
from ..compose import not_data
from ..errors import ContentError
from ..mime import blobs
from ..mime.attachments import is_mapping
from ..mime.attachments import pairs
from ..mime.gate import plain

AttachmentData = str | bytes | bytearray | memoryview | os.PathLike[str] | t.IO[bytes] | t.IO[str] | t.Any
"""Octets, text, a path, an open file, or what wraps one (Werkzeug's ``FileStorage``)."""

_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"<svg", "image/svg+xml"),
    (b"BM", "image/bmp"),
)


class Attachment:
    """A file that travels with a message.

    :param filename: its name; directories in it are dropped when the message is composed.
    :param content_type: its MIME type, also with parameters; guessed from the name by default.
    :param data: its content. A path is read when the message is composed and sent; an open file is read from its
        beginning, wherever it stands, and has to stay open until then.
    :param disposition: ``attachment`` or ``inline``.
    :param headers: more headers of the part.
    :param content_id: the id by which the HTML refers to it (``cid:``), without angle brackets.
    :raises ValueError: there is no *data*.
    :raises ContentError: *data* are nothing that can be sent.

    .. versionchanged:: 1.0
        *data* takes paths and open files; *content_id* is new.
    """

    def __init__(
        self,
        filename: str | None = None,
        content_type: str | None = None,
        data: AttachmentData | None = None,
        disposition: str | None = None,
        headers: c.Mapping[str, str] | c.Iterable[tuple[str, str]] | None = None,
        *,
        content_id: str | None = None,
    ) -> None:
        if data is None:
            raise ValueError("The 'data' argument is required.")
        if not is_data(data):
            raise ContentError(f"attachments: data {not_data(data)}", field="attachments")
        self.data: t.Any = data
        self.filename: str | None = filename if filename is not None else _own_name(data)
        self.content_type: str = content_type or _own_type(data) or _guessed(self.filename, data)
        self.disposition: str = disposition or "attachment"
        self.headers: t.Any = {} if headers is None else headers
        self.content_id: str | None = content_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.filename!r} {self.content_type}>"

    def __getstate__(self) -> dict[str, t.Any]:
        """For copying and pickling: what is open is read, what is lazy is resolved."""
        self.data = blobs.rereadable(self.data, "attachments")  # what can be read only once is kept
        if hasattr(self.headers, "__next__"):
            self.headers = list(self.headers)
        state = {name: str(value) if _is_lazy(value) else value for name, value in self.__dict__.items()}
        state["data"] = settled(self.data)
        state["headers"] = dict(self.headers) if is_mapping(self.headers) else pairs(self.headers)
        return state


def settled(data: t.Any) -> t.Any:
    """An attachment's data as something that can be copied: octets, text or a path."""
    if isinstance(data, (str, bytes, os.PathLike)):
        return t.cast("str | bytes | os.PathLike[str]", data)
    if blobs.is_file(data) or isinstance(data, (bytearray, memoryview)):
        return octets(data)
    if not is_data(data):
        raise ContentError(f"attachments: data {not_data(data)}", field="attachments")
    return plain(data, "attachments")


def octets(data: t.Any) -> bytes:
    """What is in a path, an open binary file or a buffer."""
    return b"".join(bytes(block) for block in blobs.blob(data, None, "attachments").blocks())


def _is_lazy(value: t.Any) -> bool:
    return hasattr(value, "encode") and not isinstance(value, str)


def _own_name(data: t.Any) -> str | None:
    """The name that a path, an upload or an open file brings with it."""
    if isinstance(data, os.PathLike):
        return os.path.basename(os.fspath(t.cast("os.PathLike[str]", data)))
    if not blobs.is_file(data):
        return None
    name: t.Any = getattr(data, "filename", None) or getattr(data, "name", None)
    return os.path.basename(name) or None if isinstance(name, str) and not name.startswith("<") else None


def _own_type(data: t.Any) -> str | None:
    """The type that an upload was sent with."""
    own: t.Any = getattr(data, "content_type", None) if hasattr(data, "stream") else None
    return own if isinstance(own, str) and own else None


def _guessed(filename: str | None, data: t.Any) -> str:
    if filename is not None:
        found, compression = guess_type(plain(filename, "attachments"))
        found = _COMPRESSED.get(compression, found) if compression else found
        if found is not None:
            return found
    return (
        "text/plain"
        if isinstance(data, (str, io.TextIOBase)) or hasattr(data, "encode")
        else "application/octet-stream"
    )


def image_type(data: t.Any) -> str | None:
    """The type of an image in memory, told by its first octets."""
    if not isinstance(data, (bytes, bytearray)):
        return None
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), None)
