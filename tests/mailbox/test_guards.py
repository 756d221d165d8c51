"""Who may look at the mailbox, from where, and what a page may do there."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

import flask
import flask_wtf
import pytest
from flask import Flask
from flask import Response

import flask_mail
from flask_mail.mailbox.guards import trusted
from flask_mail.mailbox.letter import Letter
from flask_mail.mailbox.pages import download
from flask_mail.mailbox.store import store_of

from .conftest import send

Make = c.Callable[..., Flask]
PAGES = ("/_mail/", "/_mail/list", "/_mail/previews", "/_mail/static/mailbox.js")


def named(value: object) -> str:
    """*value* without addresses in memory, which differ in each process."""
    return re.sub(r" at 0x\w+", "", str(value))


def statuses(app: Flask, **options: t.Any) -> set[int]:
    found = set()
    for page in PAGES:
        with app.test_client().get(page, **options) as response:
            found.add(response.status_code)
    return found


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ({}, 200),
        ({"MAIL_SERVER": "127.0.0.1"}, 404),
        ({"MAIL_SERVER": "127.0.0.1", "MAIL_MAILBOX": True}, 200),
        ({"MAIL_SERVER": "127.0.0.1", "MAIL_MAILBOX_COPIES": True}, 200),
        ({"MAIL_MAILBOX": False}, 404),
        ({"MAIL_MAILBOX": False, "MAIL_MAILBOX_COPIES": True}, 404),
        ({"testing": True}, 404),
        ({"debug": False}, 404),
        ({"debug": False, "MAIL_MAILBOX": True}, 404),
        ({"debug": False, "MAIL_MAILBOX_COPIES": True}, 404),
        ({"debug": False, "MAIL_MAILBOX_AUTH": lambda: True}, 404),
        ({"debug": False, "MAIL_MAILBOX": True, "MAIL_MAILBOX_AUTH": lambda: True}, 200),
        ({"debug": False, "MAIL_MAILBOX": True, "MAIL_MAILBOX_AUTH": lambda: False}, 403),
        ({"MAIL_MAILBOX_AUTH": lambda: False}, 403),
        ({"debug": False, "MAIL_MAILBOX": True, "MAIL_MAILBOX_AUTH": "flask.has_request_context"}, 200),
    ],
    ids=named,
)
def test_it_is_there_where_it_is_enabled(make: Make, config: dict[str, t.Any], status: int) -> None:
    assert statuses(make(**config)) == {status}


async def async_no() -> bool:
    return False


async def async_yes() -> bool:
    return True


@pytest.mark.parametrize(
    ("auth", "status"),
    [
        (async_no, 403),
        (async_yes, 200),
        (f"{__name__}.async_no", 403),
        (lambda: None, 403),
        (lambda: flask.redirect("/login"), 302),  # as a decorated login_required answers
        (lambda: ("Not you", 401), 401),
    ],
    ids=["async no", "async yes", "async by name", "nothing", "login", "answer"],
)
def test_only_a_yes_admits(make: Make, auth: t.Any, status: int) -> None:
    assert statuses(make(debug=False, MAIL_MAILBOX=True, MAIL_MAILBOX_AUTH=auth)) == {status}


class Later:
    """Something to be awaited, that nobody has awaited yet."""

    def __await__(self) -> c.Generator[None, None, bool]:
        yield
        return False


@pytest.mark.parametrize("auth", [lambda: {}["user"], Later], ids=["an error", "something to await"])
def test_an_error_admits_nobody(make: Make, auth: t.Any) -> None:
    assert statuses(make(debug=False, MAIL_MAILBOX=True, MAIL_MAILBOX_AUTH=auth)) == {500}


def test_debug_mode_that_ends_ends_the_mailbox(app: Flask) -> None:
    app.debug = False
    assert statuses(app) == {404}


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("LOCALHOST.", True),
        ("app.localhost:5000", True),
        ("127.0.0.1", True),
        ("127.1.2.3:80", True),
        ("[::1]:5000", True),
        ("staging.example.com", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("notlocalhost", False),
        ("127.0.0.1.evil.example", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_and_named_ones_are_served(host: str, known: bool) -> None:
    assert trusted(host, ("Staging.example.com",)) is known


def test_a_foreign_host_is_refused(app: Flask) -> None:
    assert statuses(app, base_url="http://evil.example") == {403}
    app.extensions["mail"].mailbox_hosts = ("evil.example",)
    assert statuses(app, base_url="http://evil.example") == {200}


@pytest.fixture
def post(app: Flask) -> c.Callable[..., int]:
    """Delete all mails, with any headers; the token is right unless another is given."""
    send(app)

    def attempt(token: str | None = None, **headers: str) -> int:
        token = store_of(app).token() if token is None else token
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        status = app.test_client().post("/_mail/clear", data={"token": token}, headers=named).status_code
        assert (store_of(app).entries() == []) is (status == 303)
        return status

    return attempt


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "http://localhost", "Sec_Fetch_Site": "same-origin"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": ""}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "none"}, 403),
        ({"token": "wrong"}, 403),
        ({"token": ""}, 403),
        ({"token": "nicht-möglich"}, 403),
    ],
    ids=str,
)
def test_what_changes_something_comes_from_a_page_of_ours(
    post: c.Callable[..., int], headers: dict[str, str], status: int
) -> None:
    assert post(**headers) == status


def test_another_page_reads_nothing_even_where_the_application_shares_its_own(app: Flask) -> None:
    @app.after_request
    def share(response: Response) -> Response:  # as Flask-CORS does
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    assert statuses(app, headers={"Origin": "http://evil.example"}) == {403}
    assert statuses(app, headers={"Origin": "http://localhost"}) == {200}
    assert statuses(app, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}) == {200}  # a link
    for path in ("/_mail/", "/_mail/list"):
        answer = app.test_client().get(path)
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_without_its_slash_it_is_looked_at_as_well(app: Flask) -> None:
    assert app.test_client().get("/_mail").status_code == 200
    assert app.test_client().get("/_mail", base_url="http://evil.example").status_code == 403
    app.debug = False
    assert app.test_client().get("/_mail").status_code == 404


def test_a_get_changes_nothing(app: Flask) -> None:
    send(app)
    [entry] = store_of(app).entries()
    for path in ("/_mail/clear", f"/_mail/m/{entry.id}/delete", f"/_mail/m/{entry.id}/send"):
        assert app.test_client().get(path).status_code in (404, 405)
    assert len(store_of(app).entries()) == 1


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "%2e%2e%2f", ".token", "20261121T000000.000000Z-00000000"])
def test_an_id_that_nobody_made_is_not_found(app: Flask, name: str) -> None:
    send(app)
    for path in (f"/_mail/m/{name}", f"/_mail/m/{name}/raw", f"/_mail/m/{name}/body", f"/_mail/m/{name}/part/0"):
        assert app.test_client().get(path).status_code in (404, 308)


def test_the_application_cannot_loosen_the_headers(make: Make) -> None:
    app = make()

    @app.after_request
    def loosen(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "default-src *"
        response.headers["X-Content-Type-Options"] = "sniff"
        response.headers["X-Frame-Options"] = "DENY"  # and the frame of the mail would stay empty
        return response

    send(app, html="<p>Hello")
    [entry] = store_of(app).entries()
    body = app.test_client().get(f"/_mail/m/{entry.id}/body")
    assert body.headers["Content-Security-Policy"].startswith("sandbox allow-popups ")
    assert "img-src data:;" in body.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in body.headers
    assert body.headers["Referrer-Policy"] == "no-referrer"
    page = app.test_client().get("/_mail/")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"


ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def test_each_answer_has_its_headers(app: Flask) -> None:
    message = flask_mail.Message("Hello", ["joe@example.com"], html="<p>Hello")
    message.attach("page.html", "text/html", "<script>alert(1)</script>")
    with app.app_context():
        app.extensions["mail"].send(message)
    mail = f"/_mail/m/{store_of(app).entries()[0].id}"
    client = app.test_client()
    for path in ("/_mail/", "/_mail/list", "/_mail/previews", mail, f"{mail}/body", f"{mail}/raw", f"{mail}/part/4"):
        answer = client.get(path)
        assert answer.status_code == 200
        given = dict(answer.headers)
        framed = path.endswith("body")
        assert given.items() >= ALWAYS.items()
        assert given["Referrer-Policy"] == ("no-referrer" if framed else "same-origin")
        assert given["Content-Security-Policy"].startswith(
            "sandbox " if framed else "default-src 'none'; script-src 'self'"
        )
        assert given["Cache-Control"] == ("no-cache" if path.endswith("list") else "no-store")


@pytest.mark.parametrize(
    ("name", "kind", "header"),
    [
        ("page.html", "text/html", "attachment; filename=page.html"),
        ("picture.svg", "image/svg+xml", "attachment; filename=picture.svg"),
        ("../../.bashrc", "text/plain", "attachment; filename=bashrc"),
        ('a";x="b.txt', "text/plain", 'attachment; filename="a\\";x=\\"b.txt"'),
        ("a\u202egnp.exe", "image/png", "attachment; filename=agnp.exe"),
        ("täxt.txt", "text/plain", "attachment; filename=t_xt.txt; filename*=UTF-8''t%C3%A4xt.txt"),
    ],
)
def test_an_attachment_is_nothing_but_a_download(app: Flask, name: str, kind: str, header: str) -> None:
    message = flask_mail.Message("Hello", ["joe@example.com"], "x")
    message.attach(name, kind, b"<script>alert(1)</script>")
    with app.app_context():
        app.extensions["mail"].send(message)
    answer = app.test_client().get(f"/_mail/m/{store_of(app).entries()[0].id}/part/2")
    assert answer.data == b"<script>alert(1)</script>"
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == header


def test_a_file_name_breaks_out_of_no_header() -> None:
    octets = b"Content-Type: text/plain; name*=utf-8''a%0D%0ASet-Cookie:%20b=c%0D%0A%22.html\r\n\r\nx"
    [part] = Letter(octets).parts
    with Flask("app_of_a_test").test_request_context():
        written = download(b"", part.safe_name).headers["Content-Disposition"]
    assert written.isprintable()
    assert written.startswith("attachment; filename=")


def test_it_works_beside_flask_wtf(make: Make) -> None:
    app = make(SECRET_KEY="secret")
    flask_wtf.CSRFProtect(app)
    send(app)
    client = app.test_client()
    form = client.get("/_mail/").text.partition('id="tokens"')[2].partition("</form>")[0]
    tokens = dict(re.findall(r'name="(\w+)" value="([^"]+)"', form))
    assert tokens.keys() == {"token", "csrf_token"}
    assert client.post("/_mail/clear", data=tokens).status_code == 303


def test_no_password_is_on_any_page(make: Make) -> None:
    secret = "correct-horse-battery"
    login = {"MAIL_USERNAME": "joe", "MAIL_PASSWORD": secret, "MAIL_SERVER": "127.0.0.1", "MAIL_PORT": 9}
    app = make(**login, MAIL_MAILBOX=True)
    send(app)
    [entry] = store_of(app).entries()
    client = app.test_client()
    mail = f"/_mail/m/{entry.id}"
    answers = [client.get(page) for page in ("/_mail/", "/_mail/list", mail, f"{mail}?tab=headers")]
    form = {"token": store_of(app).token(), "address": "me@example.com"}
    answers.append(failed := client.post(f"{mail}/send", data=form))
    assert failed.status_code == 502
    assert "Connection refused" in failed.text
    assert all(secret not in answer.text for answer in answers)
