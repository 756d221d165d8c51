"""An application with mails worth looking at, for the browser tests and the pictures in the documentation."""

from __future__ import annotations

import base64
import collections.abc as c
import contextlib
import pathlib
import threading
import typing as t

import flask_babel
from flask import Flask
from werkzeug.serving import make_server

from flask_mail import Mail
from flask_mail import Message

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<style>
body {{ margin: 0; background: #f4f2ee; color: #26262a; font: 16px/1.6 "Helvetica Neue", Arial, sans-serif; }}
.card {{ max-width: 560px; margin: 32px auto; padding: 36px 40px; border-radius: 12px; background: #ffffff; }}
h1 {{ margin: 0 0 16px; font-size: 24px; line-height: 1.3; }}
.button {{ display: inline-block; margin: 12px 0; padding: 12px 26px; border-radius: 8px; background: #2f6f5e;
  color: #ffffff; text-decoration: none; font-weight: bold; }}
.small {{ color: #77777f; font-size: 13px; }}
@media (max-width: 480px) {{ .card {{ margin: 0; border-radius: 0; padding: 28px 22px; }} }}
@media (prefers-color-scheme: dark) {{ body {{ background: #17181b; color: #e6e6e2; }}
  .card {{ background: #222429; }} .small {{ color: #9b9ba3; }} }}
</style></head>
<body><div class="card">{inside}</div></body></html>
"""

SIGN_UP = """<h1>Welcome to Flasky, Ada</h1>
<p>Please confirm that this address is yours. The link works for one hour.</p>
<p><a class="button" href="https://flasky.example/confirm/9f2c41d7">Confirm your address</a></p>
<p class="small">If it was not you who signed up, ignore this mail: nothing will happen.</p>"""
FOLLOWER = """<h1>王小明 follows you</h1><p>You have 12 followers now.</p>
<p><a class="button" href="https://flasky.example/people/7">Look at the profile</a></p>"""
INVITATION = """<h1>Flasky meets in November</h1><p>Saturday, 7 November, 14:00, at the library. Bring a friend.</p>
<p><a class="button" href="https://flasky.example/meetings/11">Say that you come</a></p>"""
NEWS = """<h1>November news</h1><p><img src="https://flasky.example/pictures/november.png" alt="The autumn fair"
width="480" height="160"></p><p>We meet twice this month; the attached file says when and where.</p>
<p class="small"><a href="https://flasky.example/newsletter/leave">Unsubscribe</a></p>"""
CHINESE = """<h1>请确认您的邮箱地址</h1><p>王小明,您好!</p>
<p>欢迎加入 Flasky。请点击下面的按钮确认您的邮箱地址。
链接一小时内有效。</p>
<p><a class="button" href="https://flasky.example/confirm/77ab0c3e">确认邮箱地址</a></p>
<p class="small">如果您没有注册,请忽略这封邮件。</p>"""


def mail_page(inside: str, language: str = "en") -> str:
    """A whole HTML mail."""
    return PAGE.format(inside=inside, language=language)


def messages() -> c.Iterator[Message]:
    """The mails, the oldest first."""
    news = Message("November news", ["Ada Lovelace <ada@demo.example>"], html=mail_page(NEWS))
    news.list_unsubscribe("https://flasky.example/newsletter/leave/77")
    news.attach("活动安排.csv", "text/csv", "日期,地点\n11-08,上海\n11-22,London\n")
    yield news
    invitation = Message("Flasky meets in November", ["王小明 <ming@demo.example>"], html=mail_page(INVITATION))
    invitation.bcc = ["grace@demo.example"]
    invitation.attach("map.png", "image/png", DOT)
    yield invitation
    yield Message("New user: Ada Lovelace", ["Grace Hopper <grace@demo.example>"], "Ada Lovelace has signed up.\n")
    yield Message("请确认您的邮箱地址", ["王小明 <ming@demo.example>"], html=mail_page(CHINESE, "zh"))
    yield Message("王小明 follows you", ["Ada Lovelace <ada@demo.example>"], html=mail_page(FOLLOWER))
    yield Message("Please confirm your address", ["Ada Lovelace <ada@demo.example>"], html=mail_page(SIGN_UP))


def make_app(folder: pathlib.Path, **config: t.Any) -> tuple[Flask, Mail]:
    """The application, with previews."""
    app = Flask("flasky", instance_path=str(folder / "instance"), root_path=str(folder))
    app.debug = True
    app.config.update(MAIL_DEFAULT_SENDER=("Flasky", "flasky@demo.example"), **config)
    translations(folder / "translations" / "zh" / "LC_MESSAGES")
    flask_babel.Babel(app)
    mail = Mail(app)

    @mail.preview("welcome")
    def welcome() -> Message:
        """The first mail that anybody gets."""
        words = flask_babel.gettext("Welcome")
        return Message(words, html=mail_page(f"<h1>{words}</h1>", str(flask_babel.get_locale())))

    @mail.preview("november-news")
    def november_news() -> Message:
        """The newsletter, with an attachment."""
        return next(messages())

    @mail.preview("broken")
    def broken() -> Message:
        """One that fails."""
        return Message("Hello", html={"name": "Ada"}["surname"])

    @app.get("/hello")
    def hello() -> str:
        return "<title>hello</title>Hello."

    return app, mail


def translations(folder: pathlib.Path) -> None:
    """A catalogue in which "Welcome" is Chinese."""
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo

    catalogue = Catalog(locale="zh")
    catalogue.add("Welcome", "欢迎加入")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)


@contextlib.contextmanager
def running(app: Flask, host: str = "127.0.0.1") -> c.Iterator[str]:
    """Serve *app*; yields its address."""
    server = make_server(host, 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
