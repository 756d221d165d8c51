"""Who may look at the mailbox, and from where.

It answers 404 unless it is enabled, and outside debug mode unless a setting and ``MAIL_MAILBOX_AUTH`` say otherwise.
A name that is not this machine's is refused, so that no page elsewhere can have its own name resolve to here (DNS
rebinding). What changes something is a POST from one of our own pages, with its token.
"""

from __future__ import annotations

import hmac
import inspect
import ipaddress
import typing as t
import urllib.parse

from flask import abort
from flask import current_app
from flask import request
from flask import Response
from werkzeug.utils import import_string
from werkzeug.wrappers import Response as BaseResponse

from ..extension.mailbox import mode
from .frame import policy as frame_policy
from .store import store_of

PAGE_POLICY: t.Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Guarded(Response):
    """A response whose headers nothing in the application can loosen: they are set when it is sent."""

    policy: str = PAGE_POLICY

    def get_wsgi_headers(self, environ: t.Any) -> t.Any:
        headers = super().get_wsgi_headers(environ)
        headers["Content-Security-Policy"] = self.policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-DNS-Prefetch-Control"] = "off"
        headers["Referrer-Policy"] = "same-origin"  # none at all would make the Origin of our forms "null"
        headers["X-Robots-Tag"] = "noindex"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers.remove("X-Frame-Options")
        for name in [name for name, _ in headers if name.lower().startswith("access-control-")]:
            headers.remove(name)  # an application that shares its pages with others does not mean these
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        return headers


class Framed(Guarded):
    """The document of a mail."""

    policy: str = frame_policy(remote=False)

    def get_wsgi_headers(self, environ: t.Any) -> t.Any:
        headers = super().get_wsgi_headers(environ)
        headers["Referrer-Policy"] = "no-referrer"
        return headers


class FramedWithRemote(Framed):
    """The document of a mail that may load what it links to."""

    policy: str = frame_policy(remote=True)


def state() -> t.Any:
    """The settings in force."""
    return current_app.extensions["mail"]


def admit() -> t.Any:
    """Look at a request before any of the pages does.

    :returns: what ``MAIL_MAILBOX_AUTH`` answers instead of a page, such as a way to the login; else ``None``.
    :raises NotFound: there is no mailbox.
    :raises Forbidden: not under this name, not for this visitor, or not from that page.
    """
    settings = state()
    if mode(settings, current_app) == "off" or not (current_app.debug or settings.mailbox_auth):
        abort(404)
    if not trusted(request.host, settings.mailbox_hosts):
        abort(403, f"The mailbox is not shown as {request.host!r}. Add the name to MAIL_MAILBOX_HOSTS.")
    if settings.mailbox_auth:
        said = _asked(settings.mailbox_auth)
        if isinstance(said, (BaseResponse, tuple)):  # a decorator such as login_required turned the visitor away
            return current_app.make_response(t.cast(t.Any, said))
        if not said:
            abort(403, "MAIL_MAILBOX_AUTH says no.")
    _check_origin()
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        _check_token()
    return None


def _asked(named: t.Any) -> object:
    """What ``MAIL_MAILBOX_AUTH`` says.

    :raises RuntimeError: it is a coroutine function, and Flask's extra ``async`` is not installed.
    :raises TypeError: it says something to be awaited, which would count as a yes.
    """
    function = t.cast("t.Callable[[], t.Any]", import_string(named) if isinstance(named, str) else named)
    said: object = current_app.ensure_sync(function)()
    if inspect.isawaitable(said):
        raise TypeError(f"MAIL_MAILBOX_AUTH has to say True or False, and returned {said!r}.")
    return said


def trusted(host: str, named: t.Iterable[str]) -> bool:
    """Whether *host*, as a browser names it, is this machine, or one of *named*."""
    try:
        name = (urllib.parse.urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 §6.3
        return True
    if name in {each.lower().rstrip(".") for each in named}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _check_origin() -> None:
    """Browsers say where a request comes from; one that says nothing is no browser, and has to know the token.

    A link to the mailbox may be anywhere: only what is neither a POST nor names an origin may come from other sites.
    """
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    foreign = origin is not None and origin.lower().partition("://")[2] != request.host.lower()
    followed = request.method in ("GET", "HEAD", "OPTIONS")
    if foreign or (site not in (None, "same-origin") and not followed):
        abort(403, "This comes from another page.")


def _check_token() -> None:
    given = request.form.get("token") or request.headers.get("X-Mailbox-Token") or ""
    if not hmac.compare_digest(given.encode(), store_of(current_app).token().encode()):
        abort(403, "The page is out of date: load it again.")
