"""A room imports only from lower floors: no arrow upward, sideways, or hidden in a function."""

import ast
import pathlib

import pytest

import flask_mail

SOURCE = pathlib.Path(flask_mail.__file__).parent
FLOORS = (
    "errors signals diagnosis distribution",
    "mime submission",
    "address settings transports queues",
    "compose delivery",
    "message legacy",
    "templates",
    "extension",
    "doctor mailbox merge pytest_plugin testing",
    "cli",
    "flask_mail __main__",  # the public names, and what runs: may import all, nobody may import them
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS, 1) for room in rooms.split()}
PURE = {"errors", "mime", "submission", "address", "compose"}
OUTSIDE = {  # what a room may not import from elsewhere: no network where all is pure, no Flask below the message
    room: ({"flask"} if floor < 5 else set()) | ({"socket", "ssl", "smtplib", "http"} if room in PURE else set())
    for room, floor in FLOOR.items()
}


def imported(path: pathlib.Path, source: pathlib.Path) -> set[str]:
    """The rooms and foreign packages that the module at *path* imports from, wherever in it the import stands."""
    package = ("flask_mail", *path.relative_to(source).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            names = [".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names]
        for root, *inner in (name.split(".") for name in names):
            found.add(inner[0] if root == "flask_mail" and inner and inner[0] in FLOOR else root)
    return found


def arrows(source: pathlib.Path) -> list[str]:
    """Every import that the plan of the house does not allow, as ``from -> to``."""
    found = []
    for path in sorted(source.rglob("*.py")):
        room = path.relative_to(source).parts[0].removesuffix(".py").replace("__init__", "flask_mail")
        if room not in FLOOR:
            found.append(f"{room} is not on the plan")
        found += [
            f"{room} -> {other}"
            for other in sorted(imported(path, source) - {room})
            if FLOOR.get(room, 99) <= FLOOR.get(other, 0) or other in OUTSIDE.get(room, ())
        ]
    return found


def test_no_arrow_points_upward_or_sideways() -> None:
    assert arrows(SOURCE) == []


@pytest.mark.parametrize(
    ("module", "code", "arrow"),
    [
        ("submission.py", "from .message import Message", "submission -> message"),
        ("submission.py", "from . import message", "submission -> message"),
        ("submission.py", "import flask_mail.message", "submission -> message"),
        ("submission.py", "from flask_mail import Message", "submission -> flask_mail"),
        ("transports/smtp.py", "from ..queues.thread import ThreadQueue", "transports -> queues"),
        ("transports/smtp.py", "from ..settings import Settings", "transports -> settings"),
        ("mime/tree.py", "def f():\n    from ..message import Attachment", "mime -> message"),
        (
            "compose.py",
            "import typing\nif typing.TYPE_CHECKING:\n    from .message import Message",
            "compose -> message",
        ),
        ("compose.py", "def f():\n    from flask import current_app", "compose -> flask"),
        ("transports/smtp.py", "import flask", "transports -> flask"),
        ("mime/tree.py", "import smtplib", "mime -> smtplib"),
        ("cellar.py", "import this", "cellar is not on the plan"),
        ("transports/smtp.py", "import smtplib\nfrom .base import Transport\nfrom ..submission import Receipt", None),
        ("__init__.py", "from .extension import Mail as Mail\nfrom .cli import mail", None),
    ],
)
def test_an_arrow_is_seen(tmp_path: pathlib.Path, module: str, code: str, arrow: str | None) -> None:
    path = tmp_path / module
    path.parent.mkdir(exist_ok=True)
    path.write_text(code, "utf-8")
    assert arrows(tmp_path) == ([arrow] if arrow else [])
