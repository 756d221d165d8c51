"""A small site in a folder: an application, its templates, and its command line in a process of its own."""

from __future__ import annotations

import collections
import collections.abc as c
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

from flask import Flask

from flask_mail import Mail

from ..faults.server import Conversation
from ..faults.server import FaultyServer
from ..faults.server import Taken

APP = """\
from flask import Flask
from flask_mail import Mail

app = Flask(__name__)
app.config.update(MAIL_DEFAULT_SENDER="news@mysite.example", MAIL_TIMEOUT=20)
app.config.from_prefixed_env()
mail = Mail(app)
"""
TEMPLATES = {
    "news.txt": "{% block subject %}News for {{ name }}{% endblock %}\nDear {{ name }},\nnumber {{ number }}.\n",
    "news.html": "<p>Dear {{ name }},</p>\n<p>number {{ number }} for you.</p>\n",
    "strict.txt": "{% block subject %}{{ 100 // (number|int) }}{% endblock %}Hello",
}


class Site:
    """The folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        (folder / "templates").mkdir()
        (folder / "site_app.py").write_text(APP, "utf-8")
        for name, source in TEMPLATES.items():
            (folder / "templates" / name).write_text(source, "utf-8")

    def mail(self, server: FaultyServer, **config: t.Any) -> Mail:
        """The application in this process."""
        app = Flask("site", root_path=str(self.folder))
        app.config.update(server.config, MAIL_DEFAULT_SENDER="news@mysite.example", MAIL_TIMEOUT=20)
        app.config.update(config)
        return Mail(app)

    def write(self, name: str, content: str | bytes) -> pathlib.Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def readers(self, count: int, name: str = "readers.csv") -> pathlib.Path:
        """A file with so many rows."""
        rows = "".join(f"user{number}@example.com,Reader {number},{number}\n" for number in range(count))
        return self.write(name, f"email,name,number\n{rows}")

    def start(self, server: FaultyServer, *arguments: str, **options: t.Any) -> subprocess.Popen[str]:
        """Start ``flask mail ...``."""
        environment = {
            **os.environ,
            "FLASK_MAIL_SERVER": server.host,
            "FLASK_MAIL_PORT": str(server.port),
            "PYTHONWARNINGS": "error",
            "COLUMNS": "200",
        }
        command = [sys.executable, "-m", "flask", "--app", "site_app", "mail", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=self.folder, env=environment, text=True, **{**pipes, **options})

    def run(self, server: FaultyServer, *arguments: str) -> tuple[int, str]:
        """Run ``flask mail ...``; its status, and what it wrote."""
        with self.start(server, *arguments) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, out + err

    def results(self, name: str = "readers.csv.results.jsonl") -> list[dict[str, t.Any]]:
        text = (self.folder / name).read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def outcomes(self, name: str = "readers.csv.results.jsonl") -> dict[int, str]:
        """The outcome of each line; it has one."""
        results = self.results(name)
        assert len({each["line"] for each in results}) == len(results)
        return {each["line"]: each["outcome"] for each in results}


def received(server: FaultyServer) -> collections.Counter[int]:
    """How often each number was sent."""
    return collections.Counter(number_of(taken) for taken in server.taken)


def number_of(taken: Taken) -> int:
    [recipient] = taken.recipients
    return int(re.sub(r"\D", "", recipient.partition("@")[0]))


def message_id(taken: Taken) -> str:
    found = re.search(rb"(?mi)^Message-ID: (\S+)", taken.content)
    assert found
    return found[1].decode()


def at_message(number: int, do: c.Callable[[Conversation], object]) -> c.Callable[[Conversation, str, str], t.Any]:
    """Trouble: *do* something, once, when the content of so many messages has come."""
    seen = [0]

    def trouble(talk: Conversation, stage: str, argument: str) -> t.Any:
        if stage == "final dot":
            seen[0] += 1
            if seen[0] == number:
                return do(talk)
        return None

    return trouble
