"""Pictures that travel with a mail: ``{{ embed("static/logo.png") }}`` and ``<img src="cid:static/logo.png">``.

What the application's users write may end up in a template, so only pictures are read: after ``cid:`` those that
anybody may see anyway, and by ``embed`` those below the folders of the application and its blueprints. A
:class:`pathlib.Path` or octets come from the program itself.
"""

from __future__ import annotations

import collections.abc as c
import contextvars
import dataclasses as d
import hashlib
import html as entities
import mimetypes
import os
import re
import typing as t
import urllib.parse

from flask import Flask
from werkzeug.security import safe_join

from ..errors import TemplateError
from ..message import Attachment
from ..message.attachment import image_type

_KEPT: t.Final = 1_000_000
"""Files up to this size, in octets, are read once and kept while they stay the same."""
_REFERENCE = re.compile(
    r"""((?:\b(?:src|background|poster|href)\s*=\s*["']?|\burl\(\s*(?:["']|&quot;|&\#3[49];)?))(?:cid:)+([^"'\s>)&]+)""",
    re.IGNORECASE,
)


@d.dataclass(frozen=True, slots=True)
class Picture:
    """A picture and its Content-ID, which is made of its octets: the same picture has the same id in every mail."""

    filename: str | None
    content_type: str | None
    data: bytes
    content_id: str

    def attachment(self) -> Attachment:
        return Attachment(self.filename, self.content_type, self.data, "inline", content_id=self.content_id)


def _picture(filename: str | None, content_type: str | None, data: bytes) -> Picture:
    return Picture(filename, content_type, data, f"{hashlib.blake2b(data, digest_size=12).hexdigest()}@inline.invalid")


class Album:
    """The pictures of an application's mails."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._kept: dict[str, tuple[tuple[int, int], Picture]] = {}
        self.by_id: dict[str, Picture] = {}
        """Those that are kept, by Content-ID."""

    @property
    def folder(self) -> str:
        return self._app.root_path

    @property
    def static_folder(self) -> str | None:
        return self._app.static_folder

    def find(self, name: str, *, static: bool) -> str | None:
        """The path of the file that *name* stands for: ``static/...`` in a folder of static files, else below the
        folder of the application or of a blueprint, unless only *static* files will do."""
        name = name.lstrip("/")
        places: list[tuple[str | None, str]] = []
        for each in (self._app, *self._app.blueprints.values()):
            if name.startswith("static/"):
                places.append((each.static_folder, name.removeprefix("static/")))
            if not static:
                places.append((each.root_path, name))
        paths = (safe_join(folder, rest) for folder, rest in places if folder is not None)
        return next((path for path in paths if path is not None and os.path.isfile(path)), None)

    def open(self, path: str) -> Picture:
        """The picture at *path*; read again only if the file has changed."""
        status = os.stat(path)
        seen = status.st_mtime_ns, status.st_size
        kept = self._kept.get(path)
        if kept is not None and kept[0] == seen:
            return kept[1]
        with open(path, "rb") as file:
            picture = _picture(os.path.basename(path), type_of(path), file.read())
        if status.st_size <= _KEPT and len(self._kept) < 100:
            self._kept[path] = seen, picture
            self.by_id[picture.content_id] = picture
        return picture


class Pictures:
    """Those of one mail.

    :param mail: the name of its template, for errors.
    :param known: the Content-IDs of its attachments.
    """

    def __init__(self, album: Album, mail: str, known: c.Container[str | None] = ()) -> None:
        self._album = album
        self._mail = mail
        self._known = known
        self.embedded: dict[str, Picture] = {}
        """By Content-ID, in the order in which they are asked for."""

    def embed(self, source: t.Any) -> str:
        """Take *source*, the name of a file, a path or octets, along; returns ``cid:...``.

        :raises TemplateError: there is no such picture.
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(t.cast(bytes, source))
            kind = image_type(data)
            if kind is None:
                raise self._error("the octets to embed are no picture: they begin with no known signature.")
            picture = _picture(None, kind, data)
        elif isinstance(source, os.PathLike):
            path = os.fspath(t.cast("os.PathLike[str]", source))
            picture = self._open(path, path)
        else:
            picture = self._named(str(source), static=False)
        self.embedded[picture.content_id] = picture
        return f"cid:{picture.content_id}"

    def resolve(self, html: str) -> str:
        """*html* with the names of files after ``cid:`` replaced by Content-IDs.

        :raises TemplateError: it names a picture that is not there.
        """
        return _REFERENCE.sub(self._resolved, html) if "cid:" in html.lower() else html

    def _resolved(self, reference: re.Match[str]) -> str:
        before, written = reference.groups()
        name = urllib.parse.unquote(entities.unescape(written))
        picture = self._album.by_id.get(name)  # also of a module of macros, which is run only once
        if picture is None and (name in self.embedded or name in self._known or type_of(name) is None):
            return f"{before}cid:{written}"  # of an attachment, also one that comes later
        picture = picture or self._named(name, static=True)
        self.embedded[picture.content_id] = picture
        return f"{before}cid:{picture.content_id}"

    def _named(self, name: str, *, static: bool) -> Picture:
        name = name.removeprefix("cid:")
        if type_of(name) is None:
            raise self._error(f"{name!r} is not the name of a picture. Attach files of other types with 'attachments'.")
        path = self._album.find(name, static=static)
        if path is None:
            where = f"'static/...' in {self._album.static_folder}" if static else f"a file below {self._album.folder}"
            raise self._error(
                f"there is no picture {name!r} to embed: it has to be {where}, or the content_id of an attachment."
            )
        return self._open(path, name)

    def _open(self, path: str, name: str) -> Picture:
        try:
            return self._album.open(path)
        except OSError as error:
            raise self._error(f"the picture {name!r} cannot be read: {error.strerror}.") from error

    def _error(self, text: str) -> TemplateError:
        return TemplateError(f"{self._mail}: {text}", template=self._mail)


def type_of(name: str) -> str | None:
    """The MIME type of the picture in a file of that name; ``None`` if it is none."""
    found = mimetypes.guess_type(name, strict=False)[0]
    return found if found is not None and found.startswith("image/") else None


current: contextvars.ContextVar[Pictures] = contextvars.ContextVar("flask_mail.pictures")
"""Those of the mail that is being rendered; macros, which see no variables, ask here."""


def embed(source: t.Any) -> str:
    """In a template of a mail: embed a picture; see :meth:`Pictures.embed`."""
    return current.get().embed(source)
