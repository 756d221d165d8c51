"""One SQLite connection for each request."""

import sqlite3
from pathlib import Path

from flask import current_app
from flask import Flask
from flask import g


def connection() -> sqlite3.Connection:
    """The connection of this request, opened when it is first asked for. Each statement commits by itself."""
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"], isolation_level=None)
        g.db.row_factory = sqlite3.Row
        g.db.execute("PRAGMA foreign_keys = ON")
    return g.db


def close(error: BaseException | None = None) -> None:
    if "db" in g:
        g.pop("db").close()


def init_app(app: Flask) -> None:
    if not app.config["DATABASE"]:
        app.config["DATABASE"] = str(Path(app.instance_path) / "flasky.sqlite")
        Path(app.instance_path).mkdir(exist_ok=True)
    app.teardown_appcontext(close)
    with app.app_context(), app.open_resource("schema.sql", "r") as schema:
        connection().executescript(schema.read())
