"""The blueprint: the list, a mail, and what can be done with it.

Each page is whole by itself and works without the script. The script asks for the same addresses with
``X-Fragment: 1`` and gets only the part of the page that changes.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
import typing as t
from urllib.parse import quote

from flask import abort
from flask import Blueprint
from flask import current_app
from flask import redirect
from flask import request
from flask import Response
from flask import url_for
from werkzeug.http import dump_options_header

from ..errors import MailError
from . import forwarding
from .frame import document
from .guards import admit
from .guards import Framed
from .guards import FramedWithRemote
from .guards import Guarded
from .guards import state
from .letter import Letter
from .rendering import answer
from .rendering import page
from .store import Store
from .store import store_of
from .view import View

blueprint: Blueprint = Blueprint("flask_mail", __name__, url_prefix="/_mail", static_folder="static")
blueprint.before_request(admit)


class _Polls(logging.Filter):
    """Keeps what the script asks for again and again out of the development server's log."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (isinstance(record.args, tuple) and record.args and "GET /_mail/list" in str(record.args[0]))


logging.getLogger("werkzeug").addFilter(_Polls())


def store() -> Store:
    return store_of(current_app)


def opened(name: str) -> tuple[dict[str, t.Any], Letter]:
    """The envelope and the mail called *name*.

    :raises NotFound: there is none.
    """
    record, letter = store().record(name), store().letter(name)
    if record is None or letter is None:
        abort(404)
    return record, letter


@blueprint.get("/", strict_slashes=False)
def index() -> Response:
    """The list, and nothing opened yet."""
    return page("mails.html", **listed(), view=None)


@blueprint.get("/list")
def rows() -> Response:
    """The rows of the list, for the script; 304 while nothing has changed."""
    today = datetime.date.today().isoformat()
    query = request.args.get("q", "")
    tag = hashlib.blake2b(f"{store().version()} {today} {query}".encode("utf-8", "replace"), digest_size=12).hexdigest()
    known = tag in request.if_none_match
    response = answer("", status=304) if known else page("rows.html", **listed(), view=None)
    response.set_etag(tag)
    response.headers["Cache-Control"] = "no-cache"
    return response


def listed() -> dict[str, t.Any]:
    """What the list shows."""
    query = request.args.get("q", "")
    entries = store().entries(query)
    return {"entries": entries, "query": query, "unread": sum(not entry.seen for entry in entries)}


@blueprint.get("/m/<name>")
def mail(name: str) -> Response:
    """One mail, beside the list."""
    record, letter = opened(name)
    store().mark(name, seen=True)
    came = datetime.datetime.fromisoformat(record["date"])
    view = View(url_for(".mail", name=name), letter, record, name=name, came=came)
    if "X-Fragment" in request.headers:
        return page("mail.html", view=view)
    return page("mails.html", **listed(), view=view)


@blueprint.get("/m/<name>/body")
def body(name: str) -> Response:
    """The HTML of a mail, as a sandboxed document."""
    return framed(opened(name)[1])


def framed(letter: Letter) -> Response:
    """The document of *letter*'s HTML, as the request wants it."""
    remote = request.args.get("remote") == "1"
    html = letter.html
    if html is None:
        abort(404)
    text = document(letter, html, dark=request.args.get("scheme") == "dark", remote=remote)
    return (FramedWithRemote if remote else Framed)(text, mimetype="text/html")


@blueprint.get("/m/<name>/raw")
def raw(name: str) -> Response:
    """The mail as a file."""
    return saved(opened(name)[1])


def saved(letter: Letter) -> Response:
    """*letter* as a download."""
    kept = "".join(each if each.isalnum() or each in " -_" else " " for each in letter.header("Subject"))
    return download(letter.octets, f"{' '.join(kept.split())[:60] or 'mail'}.eml")


@blueprint.get("/m/<name>/part/<int:number>")
def part(name: str, number: int) -> Response:
    """An attachment."""
    return attachment(opened(name)[1], number)


def attachment(letter: Letter, number: int) -> Response:
    """A part of *letter* as a download."""
    found = letter.part(number)
    if found is None:
        abort(404)
    return download(found.octets, found.safe_name)


def download(octets: bytes, name: str) -> Response:
    """A file to save: never shown, whatever it is."""
    response = Guarded(octets, mimetype="application/octet-stream")
    plain = name.encode("ascii", "replace").decode("ascii").replace("?", "_")
    written = (
        {"filename": plain} if plain == name else {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}
    )
    response.headers["Content-Disposition"] = dump_options_header("attachment", written)  # RFC 6266 §4.3
    return response


@blueprint.post("/m/<name>/delete")
def delete(name: str) -> t.Any:
    """Remove one mail."""
    store().delete(name)
    return done("Deleted.", url_for(".index"))


@blueprint.post("/m/<name>/unread")
def unread(name: str) -> t.Any:
    """Have a mail count as new again."""
    opened(name)
    store().mark(name, seen=False)
    return done("Marked as unread.", url_for(".index"))


@blueprint.post("/clear")
def clear() -> t.Any:
    """Remove all mails."""
    store().clear()
    return done("The mailbox is empty.", url_for(".index"))


@blueprint.post("/m/<name>/send")
def send(name: str) -> t.Any:
    """Send a mail to an address of the developer's."""
    record, letter = opened(name)
    return sent(letter, record, url_for(".mail", name=name))


def sent(letter: Letter, record: dict[str, t.Any], back: str) -> t.Any:
    """Send *letter* to the address in the form, and say what came of it."""
    address = request.form.get("address", "").strip()
    try:
        words = forwarding.forward(letter, record, address, state(), current_app)
    except (MailError, OSError, ValueError) as error:
        notes = "\n".join([str(error), *getattr(error, "__notes__", ())])
        return done(f"Not sent. {notes}", back, failed=True)
    return done(words, back)


def done(words: str, back: str, *, failed: bool = False) -> t.Any:
    """Tell the script what was done; without it, go *back*, or show what went wrong."""
    if "X-Fragment" in request.headers:
        return answer(words, status=502 if failed else 200, mimetype="text/plain")
    if failed:
        return page("trouble.html", words=words, back=back, status=502)
    return redirect(back, 303, Guarded)
