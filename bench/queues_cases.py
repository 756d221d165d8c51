"""One case of :mod:`queues`, in a process that knows one library: ``queues_cases.py LIBRARY CASE PORT COUNT DATABASE``.

Prints a JSON object: ``rate`` (messages per second) or ``seconds`` (for one). DATABASE is the URL of an empty one.
"""

from __future__ import annotations

import collections.abc as c
import itertools
import json
import statistics
import sys
import time
import typing as t
import urllib.parse

from smtp_cases import HTML
from smtp_cases import TEXT


def ours(case: str, port: int, count: int, url: str) -> dict[str, float]:
    from flask import Flask

    from flask_mail import Mail
    from flask_mail import Message

    app = Flask("bench")
    app.config.update(
        MAIL_SERVER="127.0.0.1",
        MAIL_PORT=port,
        MAIL_DEFAULT_SENDER="me@example.com",
        MAIL_QUEUE="outbox",
        MAIL_OUTBOX_URL=url,
        MAIL_POOL_SIZE=4,
    )
    mail: t.Any = Mail(app)

    def messages(number: int) -> c.Iterator[t.Any]:
        for n in range(number):
            yield Message(f"Hello {n}", ["to@example.com"], TEXT, HTML)

    with app.app_context():
        queue = mail.state.get_queue()
        queue.store.create()
        if case == "put":
            return {"seconds": _each(lambda message: mail.send_later(message), messages(count))}
        if case == "insert":
            return {"seconds": _inserted(mail, queue, messages(count))}
        if case == "put many":
            _all(mail.send_many(messages(count // 20), later=True))
            return {"seconds": _timed(lambda: _all(mail.send_many(messages(count), later=True))) / count}
        if case in ("put, composed", "put many, composed"):
            return {"seconds": _put(queue, _composed(mail, messages(count)), together="many" in case)}
        if case == "send":
            return {"seconds": _each(mail.send, messages(count))}
        if case == "claim":
            return {"seconds": _claimed(mail, queue, messages(count))}
        connections = int(case)
        _all(mail.send_many(messages(count), later=True))
        from flask_mail.extension.background import make_worker

        worker = make_worker(mail.state, queue, connections=connections)
        seconds = _timed(lambda: worker.run(burst=True))
        assert worker.tally.sent == count, worker.tally
        return {"rate": count / seconds}


def _timed(work: c.Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _each(work: c.Callable[[t.Any], object], messages: c.Iterable[t.Any]) -> float:
    """The median of the seconds that one takes."""
    seconds = [_timed(lambda message=message: work(message)) for message in messages]  # type: ignore[misc]
    return statistics.median(seconds[len(seconds) // 10 :])  # connections, caches and imports are warm


def _all(results: c.Iterable[t.Any]) -> None:
    assert all(result.ok for result in results)


def _composed(mail: t.Any, messages: c.Iterable[t.Any]) -> list[t.Any]:
    from flask_mail.compose import compose

    return [compose(each, mail.state) for each in messages]


def _put(queue: t.Any, submissions: list[t.Any], *, together: bool) -> float:
    """What :meth:`send_later`, or ``send_many(later=True)`` in as large parts as it does, ask of the queue."""
    from flask_mail.extension.later import CHUNK

    if not together:
        return _each(queue.put, submissions)
    chunks = [submissions[start : start + CHUNK] for start in range(0, len(submissions), CHUNK)]
    queue.put_many(chunks[0])
    return _timed(lambda: [queue.put_many(chunk) for chunk in chunks]) / len(submissions)


def _inserted(mail: t.Any, queue: t.Any, messages: c.Iterable[t.Any]) -> float:
    """The same rows by SQLAlchemy Core alone, each in a durable transaction."""
    from flask_mail.queues.outbox import rows
    from flask_mail.queues.outbox.schema import contents
    from flask_mail.queues.outbox.schema import messages as table

    new = [
        rows.row(each, now=time.time(), not_before=None, expires=2e9, priority=0, key=None)
        for each in _composed(mail, messages)
    ]

    def insert(row: dict[str, t.Any]) -> None:
        with queue.store.engine.begin() as connection:
            connection.execute(table.insert(), row)
            connection.execute(contents.insert(), row)

    return _each(insert, new)


def _claimed(mail: t.Any, queue: t.Any, messages: c.Iterable[t.Any]) -> float:
    """Claim a hundred, over and over."""
    from flask_mail.queues.base import Lease

    _all(mail.send_many(messages, later=True))
    store = queue.store
    numbers = itertools.count()
    seconds: list[float] = []
    while True:
        start = time.perf_counter()
        found = store.claim(Lease(f"bench:{next(numbers)}", time.monotonic() + 600), 600.0, 100)
        if len(found) < 100:
            return statistics.median(seconds)
        seconds.append(time.perf_counter() - start)


def _django(port: int, url: str, app: str, **settings: t.Any) -> None:
    import django
    from django.conf import settings as configured

    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "sqlite":
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path[1:]}
    else:
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "USER": parts.username,
            "HOST": parts.hostname,
            "PORT": parts.port,
        }
    configured.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.contenttypes", app],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        **settings,
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def post_office(case: str, port: int, count: int, url: str) -> dict[str, float]:
    _django(
        port,
        url,
        "post_office",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        POST_OFFICE={"BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"}},
    )
    from django.core.management import call_command
    from post_office import mail
    from post_office.models import Email
    from post_office.models import STATUS

    mail.send_many(
        [
            {
                "recipients": ["to@example.com"],
                "sender": "me@example.com",
                "subject": f"Hello {n}",
                "message": TEXT,
                "html_message": HTML,
            }
            for n in range(count)
        ]
    )
    seconds = _timed(lambda: call_command("send_queued_mail", verbosity=0))
    assert Email.objects.filter(status=STATUS.sent).count() == count
    return {"rate": count / seconds}


def django_mailer(case: str, port: int, count: int, url: str) -> dict[str, float]:
    import tempfile

    _django(
        port,
        url,
        "mailer",
        MAILER_EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        MAILER_LOCK_PATH=tempfile.mktemp(prefix="mailer-"),
    )
    import mailer
    from django.core.management import call_command
    from mailer.models import Message

    for n in range(count):
        mailer.send_html_mail(f"Hello {n}", TEXT, HTML, "me@example.com", ["to@example.com"])
    seconds = _timed(lambda: call_command("send_mail", verbosity=0))
    assert not Message.objects.exists()
    return {"rate": count / seconds}


if __name__ == "__main__":
    library, case, port, count, url = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    print(json.dumps(globals()[library.replace("-", "_")](case, port, count, url)))
