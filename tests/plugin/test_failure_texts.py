"""What a failed assertion says, compared whole, as pytest shows it."""

from __future__ import annotations

import pathlib

import pytest

APP = """
import re
import pytest
from flask import Flask
from flask_mail import Mail, Message

app = Flask("app")
app.config.update(MAIL_DEFAULT_SENDER="shop@example.com", TESTING=True)
mail = Mail(app)


def send(subject, *recipients, **fields):
    mail.send(Message(subject, list(recipients), **fields))


def test(outbox, mail_faults):
"""


def failure(pytester: pytest.Pytester, *lines: str) -> str:
    """What pytest shows behind its ``E`` of a test with these *lines*, the last of which fails."""
    path = pytester.makepyfile(APP + "".join(f"    {line}\n" for line in lines))
    others = [part for name in ("flask", "xdist", "hypothesispytest") for part in ("-p", f"no:{name}")]
    reports = pytester.inline_run(*others, path).getreports("pytest_runtest_logreport")
    [failed] = [report for report in reports if report.failed]
    text = failed.longreprtext.splitlines()
    assert f">       {lines[-1]}" in text, "the traceback does not end in the test"
    shown = [line.removeprefix("E").removeprefix("       ") for line in text if line.startswith("E")]
    return "\n".join(shown).removeprefix("AssertionError: ")


WELCOME = 'send("Welcome", "ann@example.com", body="Hello, Ann.")'
INVOICE = 'send("Invoice 17", ("Bob", "bob@example.com"), "ann@example.com")'


def test_none_of_several_matches(pytester: pytest.Pytester) -> None:
    asked = 'outbox.one(to="bob@example.com", subject=re.compile("^Wel"))'
    assert failure(pytester, WELCOME, INVOICE, asked) == (
        "no mail was sent with to='bob@example.com', subject=re.compile('^Wel').\n"
        "2 were sent:\n"
        "  1. 'Welcome' to ann@example.com\n"
        "       to  is ['ann@example.com'], not 'bob@example.com'\n"
        "  2. 'Invoice 17' to bob@example.com, ann@example.com\n"
        "       subject  is 'Invoice 17', in which re.compile('^Wel') finds nothing"
    )


def test_fields_are_aligned_and_long_values_cut(pytester: pytest.Pytester) -> None:
    long = f'send("Terms", "ann@example.com", body={"word " * 30!r})'
    asked = 'outbox.one(to=["bob@example.com"], text=str.isupper, attachments="terms.pdf", template="mail/terms")'
    assert failure(pytester, long, asked) == (
        "no mail was sent with to=['bob@example.com'], text=str.isupper, attachments='terms.pdf', "
        "template='mail/terms'.\n"
        "1 was sent:\n"
        "  1. 'Terms' to ann@example.com\n"
        "       to           is ['ann@example.com'], not ['bob@example.com']\n"
        f"       text         is '{'word ' * 17}w…, to which str.isupper says no\n"
        "       attachments  is [], not 'terms.pdf'\n"
        "       template     is None, not 'mail/terms'"
    )


def test_a_function_is_shown_by_its_name(pytester: pytest.Pytester) -> None:
    assert failure(pytester, WELCOME, "outbox.one(subject=lambda subject: False)") == (
        "no mail was sent with subject=<lambda>.\n"
        "1 was sent:\n"
        "  1. 'Welcome' to ann@example.com\n"
        "       subject  is 'Welcome', to which <lambda> says no"
    )


def test_nothing_was_sent(pytester: pytest.Pytester) -> None:
    assert failure(pytester, "outbox.one()") == "no mail was sent."


def test_nothing_was_sent_where_something_was_asked_for(pytester: pytest.Pytester) -> None:
    assert failure(pytester, 'outbox.one(subject="Welcome")') == (
        "no mail was sent with subject='Welcome', nor any other."
    )


def test_what_failed_is_listed_with_its_error(pytester: pytest.Pytester) -> None:
    lines = (
        'mail_faults.fail_next(451, "4.7.1 Please try again later")',
        "with pytest.raises(OSError):",
        f"    {WELCOME}",
        'outbox.one(to="ann@example.com")',
    )
    assert failure(pytester, *lines) == (
        "no mail was sent with to='ann@example.com', nor any other.\n"
        "1 was not sent, because sending failed:\n"
        "  1. 'Welcome' to ann@example.com\n"
        "       SMTPDataError: (451, b'4.7.1 Please try again later')\n"
        "       is as asked for"
    )


def test_more_than_one_matches(pytester: pytest.Pytester) -> None:
    assert failure(pytester, WELCOME, INVOICE, 'outbox.one(to="ann@example.com")') == (
        "2 mails were sent with to='ann@example.com', and one() wants a single one:\n"
        "  1. 'Welcome' to ann@example.com\n"
        "  2. 'Invoice 17' to bob@example.com, ann@example.com\n"
        "Ask for more of their fields, or take all(...) of them."
    )


def test_of_many_the_nearest_are_listed(pytester: pytest.Pytester) -> None:
    lines = (
        'for number in range(1, 31): send(f"Number {number}", "bob@example.com")',
        'send("Number 31", "ann@example.com")',
        'outbox.one(to="ann@example.com", subject="Number 32")',
    )
    text = failure(pytester, *lines).splitlines()
    assert text[:5] == [
        "no mail was sent with to='ann@example.com', subject='Number 32'.",
        "31 were sent:",
        "   1. 'Number 1' to bob@example.com",
        "        to       is ['bob@example.com'], not 'ann@example.com'",
        "        subject  is 'Number 1', not 'Number 32'",
    ]
    assert text[-3:] == [
        "  31. 'Number 31' to ann@example.com",
        "        subject  is 'Number 31', not 'Number 32'",
        "  and 21 more.",
    ]


def test_an_outbox_that_is_not_empty(pytester: pytest.Pytester) -> None:
    assert failure(pytester, WELCOME, "outbox.assert_empty()") == (
        "no mail was expected.\n1 was sent:\n  1. 'Welcome' to ann@example.com"
    )


def test_a_link_that_is_not_there(pytester: pytest.Pytester) -> None:
    html = """'<a href="https://x.example/a">Help</a> <a href="https://x.example/b">Unsubscribe</a>'"""
    send = f'send("Welcome", "ann@example.com", html={html})'
    assert failure(pytester, send, 'outbox[0].link("Confirm")') == (
        "no link matches 'Confirm' in 'Welcome' to ann@example.com, which has 2:\n"
        "  Help         https://x.example/a\n"
        "  Unsubscribe  https://x.example/b"
    )
    assert failure(pytester, send, "outbox[0].link()") == (
        "2 links in 'Welcome' to ann@example.com:\n"
        "  Help         https://x.example/a\n"
        "  Unsubscribe  https://x.example/b\n"
        "Say which."
    )
    assert failure(pytester, WELCOME, "outbox[0].link()") == "'Welcome' to ann@example.com has no link."


def test_an_attachment_that_is_not_there(pytester: pytest.Pytester) -> None:
    lines = (
        'message = Message("Terms", ["ann@example.com"])',
        'message.attach("terms.pdf", "application/pdf", b"%PDF")',
        'message.attach("a.txt", "text/plain", b"text")',
        "mail.send(message)",
    )
    assert failure(pytester, *lines, 'outbox[0].attachment("term.pdf")') == (
        "no attachment matches 'term.pdf' in 'Terms' to ann@example.com, which has 2:\n"
        "  terms.pdf  application/pdf, 4 octets\n"
        "  a.txt      text/plain, 4 octets"
    )
    assert failure(pytester, WELCOME, 'outbox[0].attachment("x.pdf")') == (
        "'Welcome' to ann@example.com has no attachment."
    )


def test_the_documentation_quotes_a_failure_as_it_is(pytester: pytest.Pytester) -> None:
    page = (pathlib.Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
    quoted = page.split("<!-- failure -->\n```text\n")[1].split("```")[0]
    orders = [f'send("Thank you", "{name}@example.com")' for name in ("ann", "bob")]
    text = failure(pytester, *orders, 'outbox.one(to="bob@example.com", subject="Thanks")')
    assert quoted == f"AssertionError: {text}\n"
