"""Templates: a merge beside rendering alone, CSS inlined, text made from HTML.

The merge goes the whole way of ``send_many(Message.from_template(...) for ...)`` but for the network: its transport
drops what it gets. Rendering alone is Jinja rendering the same two templates with the same variables, once by its own
``render`` and once by Flask's ``render_template``. They take turns, so that a busy machine slows all of them; what
counts is the ratio within a round, and of the rounds the median::

    python bench/templates.py
"""

from __future__ import annotations

import argparse
import collections.abc as c
import gc
import statistics
import sys
import time
import typing as t

from flask import Flask
from flask import render_template
from jinja2 import DictLoader

from flask_mail import Mail
from flask_mail import Message
from flask_mail.mime.plaintext import from_html
from flask_mail.templates.styles import inlined

GOALS = {"merge": 1.8, "css": 1.0, "text": 50.0, "linear": 2.5}
"""Times rendering alone; milliseconds; milliseconds; times as long for twice as much."""
RENDER, FLASK, MERGE = "template.render", "render_template", "merge"

STYLE = "".join(
    f".c{number} {{ margin: 0 0 {number}px; padding: {number}px; color: #{number:03}; font-size: 14px }}\n"
    for number in range(20)
)
TEMPLATES = {
    "layout.html": (
        "<!DOCTYPE html>\n<html><head><meta charset='utf-8'><title>{% block subject %}{% endblock %}</title></head>\n"
        "<body style='margin: 0; background: #f4f1ea'><table role='presentation' width='100%'><tr><td align='center'>\n"
        "{% block content %}{% endblock %}\n<p style='color: #7a746b'>You get this because you asked for it. "
        "<a href='{{ leave }}'>Leave</a></p></td></tr></table></body></html>\n"
    ),
    "macros.html": (
        "{% macro button(link, label) %}<a href='{{ link }}' style='padding: 10px 20px'>{{ label }}</a>{% endmacro %}"
    ),
    "news.html": (
        "{% extends 'layout.html' %}{% from 'macros.html' import button %}\n"
        "{% block subject %}News for {{ user.name }}{% endblock %}\n"
        "{% block content %}<h1>Hello {{ user.name }}</h1>\n{% for item in items %}\n"
        "<h2>{{ item.title }}</h2>\n<p style='margin: 0 0 16px; color: #333'>{{ item.text }}</p>\n"
        "{{ button(item.link, 'Read on') }}\n{% endfor %}\n{% if user.orders %}<table>{% for order in user.orders %}"
        "<tr><td>{{ order.number }}</td><td>{{ order.sum }}</td></tr>{% endfor %}</table>{% endif %}{% endblock %}"
    ),
    "news.txt": (
        "{% block subject %}News for {{ user.name }}{% endblock %}\nHello {{ user.name }},\n\n"
        "{% for item in items %}{{ item.title }}\n\n{{ item.text }}\n\n{{ item.link }}\n\n{% endfor %}"
        "{% for order in user.orders %}{{ order.number }}  {{ order.sum }}\n{% endfor %}\n-- \nLeave: {{ leave }}\n"
    ),
}
ITEMS = [
    {
        "title": f"Title {number} & more",
        "text": "As many words as such a paragraph has in a letter that comes every month. " * 3,
        "link": f"https://example.com/{number}?from=news&month=11",
    }
    for number in range(6)
]


def rows(count: int) -> c.Iterator[dict[str, t.Any]]:
    for number in range(count):
        orders = [{"number": f"{number}-{each}", "sum": f"${each * 9.5:.2f}"} for each in range(3)]
        user = {"name": f"Reader <{number}>", "email": f"reader{number}@example.com", "orders": orders}
        yield {"user": user, "items": ITEMS, "leave": f"https://example.com/leave/{number}"}


def make_app() -> Flask:
    app = Flask("bench")
    app.config.update(MAIL_TRANSPORT="null", MAIL_DEFAULT_SENDER=("News", "news@example.com"))
    app.jinja_loader = DictLoader(TEMPLATES)
    Mail(app)
    return app


def merge(app: Flask, given: list[dict[str, t.Any]]) -> None:
    messages = (Message.from_template("news", recipients=row["user"]["email"], **row) for row in given)
    for result in app.extensions["mail"].send_many(messages):
        assert result.ok


def ways(app: Flask, given: list[dict[str, t.Any]]) -> dict[str, c.Callable[[], object]]:
    html, text = app.jinja_env.get_template("news.html"), app.jinja_env.get_template("news.txt")
    return {
        RENDER: lambda: [(html.render(row), text.render(row)) for row in given],
        FLASK: lambda: [(render_template("news.html", **row), render_template("news.txt", **row)) for row in given],
        MERGE: lambda: merge(app, given),
    }


def seconds(run: c.Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def best(run: c.Callable[[], object], times: int = 20) -> float:
    """Milliseconds."""
    run()
    return 1000 * min(seconds(run) for _ in range(times))


def styled(size: int = 20_000) -> str:
    """A mail of some 20 kB with a style sheet of 20 rules and a media query."""
    paragraph = "<tr><td class='c{0}'><p class='c{1}'>Some words, <a class='c2' href='https://e.example'>a link</a></p>"
    media = "@media (max-width: 600px) { .c1 { width: 100% !important } }"
    head = f"<!DOCTYPE html><html><head><style>{STYLE}{media}</style></head><body><table>"
    line = 0
    while len(head) < size:
        head += paragraph.format(line % 20, (line + 7) % 20) + "</td></tr>\n"
        line += 1
    return f"{head}</table></body></html>"


def long_page(size: int) -> str:
    """A page as newsletters are: tables in tables, styles everywhere, links with parameters, a table of data."""
    block = (
        "<table role='presentation' width='100%' cellpadding='0'><tr><td style='padding: 24px; font-size: 14px'>"
        "<h2 style='margin: 0; color: #333'>Title</h2><p style='margin: 0 0 16px; line-height: 1.5; color: #51545e'>As "
        "many words as such a paragraph has in a letter, and <a href='https://example.com/track/abc?a=1&amp;b=2' "
        "style='color: #3869d4'>a link</a>. It has a second sentence, too.</p><ul><li>one</li><li>two</li></ul>"
        "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Widget</td><td>$1.50</td></tr></table></td></tr></table>\n"
    )
    return block * (size // len(block))


def merge_table(rounds: list[dict[str, float]], count: int) -> str:
    lines = ["| | µs a message | merge, times as long |", "|---|---|---|"]
    for name in rounds[0]:
        each = statistics.median(one[name] for one in rounds) / count * 1e6
        times = statistics.median(one[MERGE] / one[name] for one in rounds)
        lines.append(f"| {name} | {each:.1f} | {times:.2f} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10_000, help="of the merge")
    parser.add_argument("--check", action="store_true", help="fail where a goal is missed")
    arguments = parser.parse_args()
    app, given = make_app(), list(rows(arguments.rows))
    rounds: list[dict[str, float]] = []
    with app.app_context():
        merge(app, given[:100])
        for number in range(arguments.rounds):
            print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
            rounds.append({name: seconds(run) for name, run in ways(app, given).items()})
    css, page = styled(), long_page(100_000)
    text, twice = best(lambda: from_html(page)), best(lambda: from_html(page * 2))
    figures = {
        "merge": statistics.median(one[MERGE] / one[RENDER] for one in rounds),
        "css": best(lambda: inlined(css)),
        "text": text,
        "linear": twice / text,
    }
    print(f"Python {sys.version.split()[0]}, {arguments.rows} rows, medians of {arguments.rounds} rounds in turns\n")
    print(merge_table(rounds, arguments.rows))
    print(f"\nmerge against rendering alone: {figures['merge']:.2f} times (goal: at most {GOALS['merge']})")
    print(f"CSS of {len(css) / 1000:.0f} kB inlined: {figures['css']:.2f} ms (goal: at most {GOALS['css']:.0f} ms)")
    print(f"text of {len(page) / 1000:.0f} kB of HTML: {text:.1f} ms (goal: at most {GOALS['text']:.0f} ms)")
    print(f"text of twice as much: {figures['linear']:.2f} times as long (goal: at most {GOALS['linear']})")
    missed = [name for name, figure in figures.items() if figure > GOALS[name]]
    if arguments.check and missed:
        print(f"\nmissed: {', '.join(missed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
