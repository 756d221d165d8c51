"""``flask mail send-test --template``."""

from __future__ import annotations

import typing as t

from flask import Flask

from ..servers import Server
from .conftest import MakeSite
from .conftest import Write


def run(site: Flask, *words: str) -> t.Any:
    return site.test_cli_runner().invoke(args=["mail", "send-test", "you@example.com", *words])


def test_a_mail_of_the_application_is_sent(make_site: MakeSite, write: Write, smtp: Server) -> None:
    write(
        {"mail/welcome.txt": "{% block subject %}Welcome{% endblock %}Hello {{ name }}!", "mail/news.html": "<p>News"}
    )
    site = make_site(**smtp.config, MAIL_TRANSPORT="smtp")
    for name in ("mail/welcome", "mail/news"):
        result = run(site, "--template", name)
        assert result.exit_code == 0, result.output
        assert "you@example.com: accepted" in result.output
    welcome, news = (delivery.message for delivery in smtp.wait(2))
    assert welcome["Subject"] == "Welcome"
    assert welcome.get_content().strip() == "Hello !"
    assert news["Subject"] == "mail/news"


def test_it_is_given_variables_and_a_language(make_site: MakeSite, write: Write, smtp: Server) -> None:
    write({"mail/welcome.txt": "{% block subject %}Welcome{% endblock %}Hello {{ user.name }} ({{ locale }})!"})
    site = make_site(**smtp.config, MAIL_TRANSPORT="smtp")
    variables = '{"user": {"name": "Ann"}}'
    result = run(site, "--template", "mail/welcome", "--context", variables, "--locale", "de")
    assert result.exit_code == 0, result.output
    assert smtp.wait()[0].message.get_content().strip() == "Hello Ann (de)!"
    alone = run(site, "--context", variables)
    assert alone.exit_code == 2
    assert "name one with --template" in alone.output


def test_what_is_wrong_with_it_is_told(site: Flask, write: Write) -> None:
    write({"mail/welcome.txt": "Hello {{ user.name }}"})
    result = run(site, "--template", "mail/welcome")
    assert result.exit_code == 1
    assert result.output.startswith("TemplateError: mail/welcome.txt, line 1: 'user' is undefined. Give it")
    assert "There is no template 'mail/welcom'" in run(site, "--template", "mail/welcom").output
