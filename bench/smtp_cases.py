"""One case of :mod:`smtp`, in a process that knows one library: ``smtp_cases.py LIBRARY CASE PORT COUNT``.

Prints a JSON object: ``rate`` (messages per second); or ``seconds``, and the extra memory at most, in octets: ``peak``
(what Python allocates, which tracemalloc counts in a run of its own) and ``resident`` (what the process holds).
"""

from __future__ import annotations

import asyncio
import collections.abc as c
import json
import os
import pathlib
import sys
import tempfile
import time
import tracemalloc
import typing as t

TEXT = "Hello world, this is a line of a mail as people write them.\n" * 16
HTML = f"<html><body><p>{TEXT}</p></body></html>"
TEMPLATES = {
    "order.txt": """\
Dear {{ name }},

thank you for your order {{ number }}:
{% for item in items %}
- {{ item.name }}: {{ "%.2f" | format(item.price) }} EUR
{%- endfor %}

It will reach you within three days. To hear no more of us: {{ unsubscribe }}
""",
    "layout.html": """\
<!doctype html>
<html lang="en"><head><title>{% block title %}{% endblock %}</title></head>
<body>{% block content %}{% endblock %}
<p><a href="{{ unsubscribe }}">To hear no more of us</a></p></body></html>
""",
    "order.html": """\
{% extends "layout.html" %}
{% block title %}Your order {{ number }}{% endblock %}
{% block content %}
<p>Dear {{ name }},</p>
<p>thank you for your order {{ number }}:</p>
<table>{% for item in items %}
<tr><td>{{ item.name }}</td><td>{{ "%.2f" | format(item.price) }} EUR</td></tr>
{%- endfor %}</table>
<p>It will reach you within three days.</p>
{% endblock %}
""",
}
ITEMS = [{"name": f"A thing that is called number {number}", "price": 9.99 + number} for number in range(8)]


def rendered(number: int) -> tuple[str, str]:
    """Text and HTML for a reader."""
    from flask import render_template

    return render_template("order.txt", **row(number)), render_template("order.html", **row(number))


def row(number: int) -> dict[str, t.Any]:
    """What the templates print for a reader."""
    unsubscribe = f"https://example.com/unsubscribe/{number:032x}"
    return {"name": f"Reader {number}", "number": number, "items": ITEMS, "unsubscribe": unsubscribe}


def application(port: int, **config: t.Any) -> t.Any:
    from flask import Flask
    from jinja2 import DictLoader

    app = Flask("bench")
    app.jinja_loader = DictLoader(TEMPLATES)
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_DEFAULT_SENDER="me@example.com", **config)
    return app


def rated(count: int, work: c.Callable[[int], object]) -> dict[str, float]:
    work(max(1, count // 20))  # connections, caches and imports are warm
    start = time.perf_counter()
    work(count)
    return {"rate": count / (time.perf_counter() - start)}


def flask_mail(case: str, port: int, count: int) -> dict[str, float]:
    from flask_mail import Mail
    from flask_mail import Message

    app = application(port, **({"MAIL_POOL_SIZE": 0} if case == "send, pool off" else {}))
    mail: t.Any = Mail(app)

    def messages(number: int) -> c.Iterator[t.Any]:
        for n in range(number):
            yield Message(f"Hello {n}", ["to@example.com"], TEXT, HTML)

    def merged(number: int) -> c.Iterator[t.Any]:
        for n in range(number):
            yield Message(f"Your order {n}", [(f"Reader {n}", f"to{n}@example.com")], *rendered(n))

    def made(number: int) -> c.Iterator[t.Any]:
        for n in range(number):
            reader = [(f"Reader {n}", f"to{n}@example.com")]
            yield Message.from_template("order", reader, subject=f"Your order {n}", **row(n))

    def connect(number: int, source: t.Any = messages) -> None:
        with mail.connect() as connection:
            for message in source(number):
                connection.send(message)

    def many(number: int, source: t.Any = messages) -> None:
        assert all(result.ok for result in mail.send_many(source(number), connections=4))

    def each(number: int) -> None:
        for message in messages(number):
            mail.send(message)

    def render(number: int) -> None:
        for n in range(number):
            rendered(n)

    with app.test_request_context():
        if case == "composed":
            return composed(mail, list(messages(count)))
        if case == "20 MiB":
            return large(mail, Message)
        work = {
            "connect": connect,
            "send": each,
            "send, pool off": each,
            "many": many,
            "merge by connect": lambda number: connect(number, merged),
            "merge": lambda number: many(number, made),
            "merge, rendered before": lambda number: many(number, merged),
            "render": render,
        }[case]
        return rated(count, work)


def composed(mail: t.Any, messages: list[t.Any]) -> dict[str, float]:
    from flask_mail.compose import compose
    from flask_mail.transports.bulk import Bulk
    from flask_mail.transports.dialogue import Job

    submissions = [compose(message, mail.state) for message in messages]
    transport = mail.get_transport()

    def work(number: int) -> None:
        jobs = (Job(submission) for submission in submissions[:number])
        assert all(job.error is None for job in Bulk(transport.open, jobs, connections=4, window=16))

    return rated(len(submissions), work)


def large(mail: t.Any, message_class: t.Any) -> dict[str, float]:
    with tempfile.NamedTemporaryFile(suffix=".bin", delete=False) as file:
        file.write(os.urandom(20 * 1024 * 1024))
    try:
        ours = hasattr(type(mail), "send_many")  # Flask-Mail's Mail has every name

        def once() -> None:
            message = message_class("Large", ["to@example.com"], TEXT)
            if ours:
                message.attach("large.bin", "application/octet-stream", pathlib.Path(file.name))
                mail.send(message)
            else:
                with open(file.name, "rb") as data:
                    message.attach("large.bin", "application/octet-stream", data.read())
                mail.send(message)

        mail.send(message_class("Small", ["to@example.com"], TEXT))  # connections, caches and imports are warm
        pathlib.Path("/proc/self/clear_refs").write_text("5")  # from now on VmHWM tells of the most since
        before = status("VmRSS")
        start = time.perf_counter()
        once()
        seconds = time.perf_counter() - start
        resident = status("VmHWM") - before
        tracemalloc.start()
        once()
        return {"seconds": seconds, "peak": float(tracemalloc.get_traced_memory()[1]), "resident": resident}
    finally:
        os.unlink(file.name)


def status(name: str) -> float:
    """A figure of this process in octets; see proc(5)."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def django(case: str, port: int, count: int) -> dict[str, float]:
    from django.conf import settings

    settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port)
    from django.core.mail import EmailMultiAlternatives
    from django.core.mail import get_connection

    def messages(number: int) -> c.Iterator[t.Any]:
        for n in range(number):
            message = EmailMultiAlternatives(f"Hello {n}", TEXT, "me@example.com", ["to@example.com"])
            message.attach_alternative(HTML, "text/html")
            yield message

    def connect(number: int) -> None:
        with get_connection() as connection:
            for message in messages(number):
                connection.send_messages([message])

    def each(number: int) -> None:
        for message in messages(number):
            message.send()

    return rated(count, {"connect": connect, "send": each}[case])


def aiosmtplib(case: str, port: int, count: int) -> dict[str, float]:
    from email.message import EmailMessage

    import aiosmtplib

    async def run(number: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for n in range(number):
                message = EmailMessage()
                message["Subject"], message["From"], message["To"] = f"Hello {n}", "me@example.com", "to@example.com"
                message.set_content(TEXT)
                message.add_alternative(HTML, subtype="html")
                await client.send_message(message)

    return rated(count, lambda number: asyncio.run(run(number)))


if __name__ == "__main__":
    library, case, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    library = {"Flask-Mail": "flask_mail", "Flask-Postbox": "flask_mail"}.get(library, library)
    print(json.dumps(globals()[library](case, port, count)))
