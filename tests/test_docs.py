"""The documentation: what it shows runs, what it quotes is what the program says, what it lists is all there is.

A comment before a block says what is special about it:

``<!-- file: NAME -->``
    The block is saved under that name, and imported if it is Python.
``<!-- pytest: NAME -->``
    The block is saved under that name, and its tests are run.
``<!-- smtp: ADDRESS REPLY -->``
    The block sends to a server that refuses the address so.
``<!-- error: NAME [HOST:PORT] -->``
    The text is what Python shows of the error that :data:`ERRORS` calls so.
``<!-- console -->``, ``<!-- conversation -->``
    The text is what is written, but for what differs each time.

All other Python is run as it stands, from the top of the page to its end.
"""

from __future__ import annotations

import ast
import collections.abc as c
import dataclasses as d
import errno
import importlib
import logging
import os
import pathlib
import re
import runpy
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import traceback
import typing as t
import warnings

import pytest
from flask import Flask
from jinja2 import DictLoader

import flask_mail
from flask_mail.merge import Rows
from flask_mail.settings import KEYS
from flask_mail.settings import read
from flask_mail.testing import capture_mail

from . import servers
from .servers import Authority
from .servers import ScriptedServer
from .servers import Server

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES = (*READMES, *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("*.rst")))
FENCED = re.compile(
    r"(?:^<!-- (?P<mark>.+?) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
INDENTED = re.compile(r"^\.\. code-block:: (?P<language>\w+)\n\n(?P<code>(?:(?: {4}.*)?\n)+)", re.MULTILINE)


@d.dataclass(frozen=True)
class Block:
    """One block of code on a page."""

    page: pathlib.Path
    language: str
    code: str
    mark: str = ""
    """What kind of mark stands before it."""
    details: str = ""
    """What the mark says besides."""


def blocks(page: pathlib.Path) -> list[Block]:
    """The blocks of *page* in their order."""
    text = page.read_text("utf-8")
    if page.suffix == ".rst":
        return [Block(page, m["language"], textwrap.dedent(m["code"])) for m in INDENTED.finditer(text)]
    found = []
    for match in FENCED.finditer(text):
        mark, _, details = (match["mark"] or "").partition(": ")
        found.append(Block(page, match["language"], match["code"], mark, details))
    return found


ALL = [block for page in PAGES for block in blocks(page)]
QUOTED = [block for block in ALL if block.mark == "error"]


def page_id(value: object) -> str | None:
    return str(value.relative_to(ROOT)) if isinstance(value, pathlib.Path) else None


@pytest.fixture(autouse=True)
def surroundings(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[None]:
    """An empty folder to be in, the variables the pages ask for, and no way to any other machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MAIL_USERNAME", "123456789@qq.com")
    monkeypatch.setenv("MAIL_PASSWORD", "abcdefghijklmnop")
    connect = socket.socket.connect

    def connect_to_this_machine(self: socket.socket, address: t.Any) -> None:
        assert str(address[0]).startswith("127."), f"the documentation must not connect to {address}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_to_this_machine)
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


# What is shown runs


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_python_runs(
    page: pathlib.Path,
    tmp_path: pathlib.Path,
    make_app: c.Callable[..., Flask],
    start_server: c.Callable[..., Server],
    recwarn: pytest.WarningsRecorder,
) -> None:
    names: dict[str, t.Any] = {"__name__": "a_page"}
    if page.name in ("errors.md", "security.md"):  # they speak of a program that is there already
        names.update(_a_program(make_app(start_server())))
    for block in blocks(page):
        if block.mark == "file" and block.language == "text":
            path = tmp_path / block.details
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code, "utf-8")
        if block.language != "python":
            continue
        if block.mark == "smtp":
            server = start_server()
            address, _, reply = block.details.partition(" ")
            server.refused[address] = reply
            names.update(_a_program(make_app(server)))
        if block.mark in ("file", "pytest"):
            (tmp_path / block.details).write_text(block.code, "utf-8")
        if block.mark == "file":
            importlib.invalidate_caches()
            names.update(vars(importlib.import_module(block.details.removesuffix(".py"))))
        elif block.mark == "pytest":
            _run_pytest(block.details)
        else:
            exec(compile(block.code, f"{page.name}: {block.code[:30]}...", "exec"), names)
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        if thread.name.startswith("Thread-") and "(send" in thread.name:
            thread.join()
    names.clear()  # with it go the receivers of signals that a page connects
    assert [str(warning.message) for warning in recwarn] == []


def _a_program(app: Flask) -> dict[str, t.Any]:
    return {"app": app, "mail": flask_mail.Mail(app), "Message": flask_mail.Message}


def _run_pytest(name: str) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-W", "error", "--rootdir", "."]
    done = subprocess.run([sys.executable, "-m", "pytest", *options, name], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", READMES, ids=page_id)
def test_the_environment_of_the_readme_leads_to_a_real_mail(
    page: pathlib.Path,
    tmp_path: pathlib.Path,
    start_server: c.Callable[..., Server],
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``hello.py`` with the variables as exported, but for the server: it stands on this machine."""
    [hello] = [block for block in blocks(page) if (block.mark, block.details) == ("file", "hello.py")]
    (tmp_path / "hello.py").write_text(hello.code, "utf-8")
    exported = dict(re.findall(r"^export (\w+)='?(.*?)'?$", page.read_text("utf-8"), re.MULTILINE))
    server = start_server(
        tls="starttls" if "FLASK_MAIL_USE_TLS" in exported else "implicit",
        auth=True,
        username=exported["FLASK_MAIL_USERNAME"],
        password=exported["FLASK_MAIL_PASSWORD"],
    )
    here = {"FLASK_MAIL_SERVER": server.host, "FLASK_MAIL_PORT": server.port, "FLASK_MAIL_TLS_CA": authority.ca_file}
    assert here.keys() - exported.keys() == {"FLASK_MAIL_TLS_CA"}
    for name, value in {**exported, **here}.items():
        monkeypatch.setenv(name, str(value))

    response = importlib.import_module("hello").app.test_client().get("/")

    assert "you@example.com" in response.text
    [delivery] = server.wait()
    assert delivery.tls
    assert delivery.login == delivery.sender == exported["FLASK_MAIL_USERNAME"]


@pytest.mark.parametrize("page", READMES, ids=page_id)
def test_the_template_of_the_readme_is_sent_later(page: pathlib.Path, tmp_path: pathlib.Path) -> None:
    files = {block.details: block.code for block in blocks(page) if block.mark == "file"}
    for name, code in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(code, "utf-8")
    names = dict(vars(importlib.import_module("hello")))
    [sign_up] = [block for block in blocks(page) if "/sign-up" in block.code]
    exec(compile(sign_up.code, page.name, "exec"), names)

    with capture_mail() as outbox:
        names["app"].test_client().post("/sign-up", data={"name": "Ada & Co", "email": "ada@example.com"})
        assert outbox == []
        outbox.deliver_queued()
    mail = outbox.one(to="ada@example.com", template="mail/welcome")
    assert "Ada & Co" in mail.subject
    assert "Ada & Co" in mail.text
    assert "Ada &amp; Co" in mail.html
    assert [link.url for link in mail.links] == ["http://localhost/"]


# What is quoted is what the program says


@d.dataclass
class Nobody:
    """Where nothing listens."""

    port: int
    host: str = servers.HOST

    @property
    def config(self) -> dict[str, t.Any]:
        return {"MAIL_SERVER": self.host, "MAIL_PORT": self.port}


@d.dataclass
class Stage:
    """What the errors happen on."""

    start_server: c.Callable[..., Server]
    scripted: c.Callable[..., ScriptedServer]
    server: Server | ScriptedServer | Nobody | None = None

    def app(self, **config: t.Any) -> Flask:
        app = Flask("app_of_a_page")
        app.config.update(MAIL_DEFAULT_SENDER="hello@example.com")
        app.config.update(self.server.config if self.server else {"MAIL_TRANSPORT": "memory"})
        app.config.update(config)
        return app

    def send(self, *, subject: str = "Hello", recipients: str = "you@example.com", **config: t.Any) -> None:
        message = flask_mail.Message(subject, recipients=[recipients], body="It works.", sender="hello@example.com")
        flask_mail.Mail(self.app(**config)).send(message)


def _misspelt(stage: Stage) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flask_mail.Mail(stage.app(MAIL_USENAME="joe"))


def _login(stage: Stage) -> None:
    stage.server = server = stage.start_server(auth=True)
    server.replies["AUTH"] = "535 5.7.8 Username and Password not accepted."
    stage.send(MAIL_PROVIDER="gmail", MAIL_USERNAME="you@gmail.com")


def _dialogue(stage: Stage, *steps: servers.Step) -> ScriptedServer:
    offer = b"250-mail.example.com\r\n250 AUTH LOGIN PLAIN\r\n"
    return stage.scripted([b"220 mail.example.com\r\n", servers.line, offer, servers.line, *steps])


def _qq(stage: Stage) -> None:
    stage.server = _dialogue(stage, "535 Error: 请使用授权码登录。\r\n".encode("gbk"))
    me = "123456789@qq.com"
    login = {"MAIL_USERNAME": me, "MAIL_PASSWORD": "the password of the account", "MAIL_DEFAULT_SENDER": me}
    stage.send(MAIL_PROVIDER="qq", MAIL_LOCALE="zh", **login)


def _no_login(stage: Stage) -> None:
    stage.server = _dialogue(stage, b"553 authentication is required,163 smtp5,D9GowACX\r\n")
    stage.send(MAIL_PROVIDER="163")


def _other_sender(stage: Stage) -> None:
    stage.server = _dialogue(stage, b"501 mail from address must be same as authorization user\r\n")
    stage.send()


def _tls_first(stage: Stage) -> None:
    stage.server = stage.scripted([servers.hang])
    stage.send(MAIL_TIMEOUT=0.2)


def _no_app(stage: Stage) -> None:
    flask_mail.Mail().send(flask_mail.Message("Hello", recipients=["you@example.com"], sender="hello@example.com"))


def _nobody_there(stage: Stage) -> None:
    with socket.create_server((servers.HOST, 0)) as listener:
        stage.server = Nobody(listener.getsockname()[1])  # free again, once the block ends
    stage.send()


def _unknown_authority(stage: Stage) -> None:
    stage.server = stage.start_server(tls="starttls")
    stage.send()


def _tls_on_a_plain_port(stage: Stage) -> None:
    stage.server = stage.start_server()
    stage.send(MAIL_USE_SSL=True)


def _everybody_refused(stage: Stage) -> None:
    stage.server = server = stage.start_server()
    server.refused["you@example.com"] = "550 5.1.1 no such user"
    stage.send()


def _from_template(stage: Stage, template: str, **config: t.Any) -> None:
    app = stage.app(**config)
    app.jinja_loader = DictLoader({"mail/welcome.txt": "Hello {{ user }}"})  # type: ignore[misc, assignment]
    flask_mail.Mail(app).send_template(template, "you@example.com")


def _rows_in_gbk() -> None:
    pathlib.Path("readers.csv").write_bytes("email,name\nwang@example.com,王伟\n".encode("gbk"))
    Rows("readers.csv").count()


ERRORS: dict[str, c.Callable[[Stage], None]] = {
    "port": lambda stage: stage.send(MAIL_PORT="ssl"),
    "half a login": lambda stage: stage.send(MAIL_USERNAME="joe"),
    "misspelt": _misspelt,
    "injection": lambda stage: stage.send(subject="Hello\nBcc: everybody@example.com"),
    "two in one": lambda stage: stage.send(recipients="a@example.com, b@example.com"),
    "login": _login,
    "qq": _qq,
    "neither true nor false": lambda stage: stage.send(MAIL_USE_TLS="ture"),
    "both": lambda stage: stage.send(MAIL_USE_TLS=True, MAIL_USE_SSL="true"),
    "no such provider": lambda stage: stage.send(MAIL_PROVIDER="gmial"),
    "no login": _no_login,
    "other sender": _other_sender,
    "tls first": _tls_first,
    "no app": _no_app,
    "nobody there": _nobody_there,
    "unknown authority": _unknown_authority,
    "tls on a plain port": _tls_on_a_plain_port,
    "everybody refused": _everybody_refused,
    "no such template": lambda stage: _from_template(stage, "mail/welcom"),
    "rows in gbk": lambda stage: _rows_in_gbk(),
    "no such variable": lambda stage: _from_template(stage, "mail/welcome", MAIL_STRICT_TEMPLATES=True),
}


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda block: f"{page_id(block.page)}: {block.details}")
def test_an_error_is_quoted_as_python_shows_it(
    quoted: Block,
    start_server: c.Callable[..., Server],
    scripted: c.Callable[..., ScriptedServer],
) -> None:
    stage = Stage(start_server, scripted)
    name, _, server = quoted.details.rpartition(" ") if ":" in quoted.details else (quoted.details, "", "")
    with pytest.raises(Exception) as caught:
        ERRORS[name](stage)
    shown = "".join(traceback.format_exception_only(caught.value))
    if stage.server:
        shown = shown.replace(f"{stage.server.host}:{stage.server.port}", server)
    shown = re.sub(r" \(_ssl\.c:\d+\)", "", shown).replace(f"[Errno {errno.ECONNREFUSED}]", "[Errno 111]")
    assert shown == quoted.code


def test_every_error_of_the_table_is_quoted() -> None:
    quoted = {re.sub(r" \S+:\d+$", "", block.details) for block in QUOTED}
    assert quoted == set(ERRORS)


def test_the_console_shows_what_the_quickstart_shows(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = blocks(DOCS / "quickstart.md")
    [hello] = [block for block in page if block.mark == "file"]
    [shown] = [block for block in page if block.mark == "console"]
    (tmp_path / "hello.py").write_text(hello.code, "utf-8")
    app = importlib.import_module("hello").app
    assert app.test_client().get("/").text == "Sent to you@example.com"
    assert _without_what_changes(capsys.readouterr().out) == _without_what_changes(shown.code)


def test_the_conversation_is_logged_as_shown(
    start_server: c.Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    [shown] = [block for block in ALL if block.mark == "conversation"]
    stage = Stage(start_server, start_server, start_server(auth=True))
    with caplog.at_level(logging.DEBUG, "flask_mail.smtp"):
        stage.send(MAIL_DEBUG=True)
    logged = "".join(f"{record.getMessage()}\n" for record in caplog.records if record.name == "flask_mail.smtp")
    assert _without_what_changes(logged) == _without_what_changes(shown.code)


def _without_what_changes(text: str) -> str:
    text = re.sub(r"^(Date:|Message-ID:|<<< 220|<<< 250 mail|>>> EHLO).*$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"(SIZE=|\()\d+", r"\1N", text)
    return re.sub(r"^(<<< 250) .*$", r"\1", text, flags=re.MULTILINE)


# What is listed is all there is


def test_the_page_of_settings_lists_every_key_once() -> None:
    page = (DOCS / "settings.rst").read_text("utf-8")
    lists = re.findall(r"^\.\. mail-settings::\n((?:\n? {4}\S+\n)+)", page, re.MULTILINE)
    listed = " ".join(lists).split()
    assert sorted(listed) == sorted(KEYS)


def test_every_setting_has_an_example_that_is_accepted() -> None:
    examples = runpy.run_path(str(DOCS / "_ext" / "setting_examples.py"))["EXAMPLES"]
    assert KEYS.keys() - examples.keys() == set()
    login = {"MAIL_USERNAME": "joe@example.com", "MAIL_PASSWORD": "secret"}
    for key in KEYS:
        assert read({**login, key: eval(examples[key], {"os": os, "ssl": ssl})})


def test_the_reference_has_every_exported_name() -> None:
    from .test_exports import NAMES

    reference = (DOCS / "api.rst").read_text("utf-8")
    documented = set(
        re.findall(r"^\.\. (?:auto)?(?:class|exception|data|function):: (?:[\w.]+\.)?(\w+)", reference, re.MULTILINE)
    )
    assert set(NAMES.split()) - documented == set()


def test_the_tree_of_errors_is_the_one_of_the_module() -> None:
    page = (DOCS / "errors.md").read_text("utf-8")
    for name in re.findall(r"[─] (\w+)", flask_mail.errors.__doc__ or ""):
        assert re.search(rf"[─] {name}\b", page), name
    for name, builtin in re.findall(r"[─] (\w+) +\((\w+)\)", page):
        assert issubclass(getattr(flask_mail.errors, name), eval(builtin))


@pytest.mark.parametrize("page", READMES, ids=page_id)
def test_the_map_of_the_readme_shows_every_room_and_no_other(page: pathlib.Path) -> None:
    _, _, maps = page.read_text("utf-8").partition("`Message` → `compose` → ")
    rows = re.findall(r"^\| (`.*?) \|", maps, re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`([\w./-]+)`", row)]
    for folder in [name for name in names if name.endswith("/")]:
        assert (ROOT / folder).is_dir(), folder
    rooms = {entry.stem for entry in (ROOT / "src" / "flask_mail").iterdir() if not entry.name.startswith("__")}
    assert {name for name in names if name.isidentifier()} == rooms - {"py"}


def test_both_readmes_have_the_same_sections_and_commands() -> None:
    english, chinese = (page.read_text("utf-8") for page in READMES)
    assert len(re.findall(r"^## ", english, re.MULTILINE)) == len(re.findall(r"^## ", chinese, re.MULTILINE))
    assert _commands(READMES[0]) == _commands(READMES[1])
    assert set(_links(english)) - {"README.zh-CN.md"} <= {*_links(chinese), "https://myaccount.google.com/apppasswords"}


def _commands(page: pathlib.Path) -> list[str]:
    lines = [line for block in blocks(page) if block.language == "sh" for line in block.code.splitlines()]
    return [line.partition("#")[0].strip() for line in lines if not line.startswith("export ")]


def _links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)#]+)\)", text)


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix == ".md"], ids=page_id)
def test_links_to_files_lead_somewhere(page: pathlib.Path) -> None:
    for target in _links(page.read_text("utf-8")):
        assert target.startswith("https://") or (page.parent / target).is_file(), target


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_key_and_command_that_is_named_exists(page: pathlib.Path) -> None:
    text = page.read_text("utf-8")
    known = {*KEYS, "MAIL_", "MAIL_USENAME"}
    assert set(re.findall(r"(?<!\w)(?:FLASK_)?(MAIL_[A-Z0-9_]*)", text)) - known == set()
    words = set(re.findall(r"\./dev (\w+)", text))
    offered = set(re.findall(r"^  (\w+)\)$", (ROOT / "dev").read_text("utf-8"), re.MULTILINE))
    assert words <= offered


def test_every_block_of_python_compiles() -> None:
    languages = {block.language for block in ALL}
    assert languages == {"python", "sh", "text"}
    for block in ALL:
        if block.language == "python":
            ast.parse(block.code)
