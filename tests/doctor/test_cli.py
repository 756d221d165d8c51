"""The command line: what it takes, what it writes, and how it ends."""

from __future__ import annotations

import collections.abc as c
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import click
import pytest
from click.testing import CliRunner
from flask import Flask

import flask_mail
from flask_mail.cli.alone import from_url
from flask_mail.cli.alone import main
from flask_mail.diagnosis import providers as known
from flask_mail.doctor import Case
from flask_mail.doctor import examine
from flask_mail.settings import KEYS
from flask_mail.settings import read

from ..servers import Authority
from ..servers import PASSWORD
from ..servers import Server

Run = c.Callable[..., t.Any]


@pytest.fixture
def run(smtp_auth: Server, make_app: c.Callable[..., Flask]) -> Run:
    """Run ``flask mail ...`` in an application whose mail works, but for the settings given."""

    def command(*words: str, **config: t.Any) -> t.Any:
        app = make_app(smtp_auth, **config)
        flask_mail.Mail(app)
        return app.test_cli_runner().invoke(args=words)

    return command


def test_the_group_lists_its_commands(run: Run) -> None:
    shown = run("mail").output
    assert {"doctor", "providers", "send-test"} <= {*shown.split()}


def test_the_commands_are_loaded_when_one_is_asked_for() -> None:
    code = "import flask, flask_mail, sys; flask_mail.Mail(flask.Flask('x')); print('flask_mail.cli' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_doctor_exits_with_0_where_all_is_well(run: Run, smtp_auth: Server) -> None:
    result = run("mail", "doctor")
    assert result.exit_code == 0, result.output
    assert "All 11 checks passed" in result.output
    assert smtp_auth.deliveries == []


def test_doctor_exits_with_1_where_something_fails(run: Run, smtp_auth: Server) -> None:
    smtp_auth.replies["AUTH"] = "535 5.7.8 no"
    result = run("mail", "doctor")
    assert result.exit_code == 1
    assert "✗ login" in result.output
    assert "- sender" in result.output


def test_strict_exits_with_1_for_what_is_worth_a_look(run: Run) -> None:
    assert run("mail", "doctor", MAIL_DEFAULT_SENDER=None).exit_code == 0
    assert run("mail", "doctor", "--strict", MAIL_DEFAULT_SENDER=None).exit_code == 1


def test_json_is_all_there_is_on_standard_output(run: Run) -> None:
    result = run("mail", "doctor", "--json", MAIL_DEFAULT_SENDER=None)
    told = json.loads(result.stdout)
    assert told["healthy"] is True
    assert told["checks"][-1]["name"] == "sender"
    assert told["checks"][-1]["mark"] == "warn"
    assert told["checks"][-1]["troubles"][0]["cause"] == "no-sender"
    assert "conversation" not in told
    assert PASSWORD not in result.output


def test_json_has_the_conversation_where_it_is_asked_for(run: Run) -> None:
    result = run("mail", "doctor", "--json", "--verbose")
    assert ">>> AUTH (hidden)" in json.loads(result.stdout)["conversation"]
    assert PASSWORD not in result.output


def test_only_does_what_was_named_and_what_it_needs(run: Run, smtp_auth: Server) -> None:
    told = json.loads(run("mail", "doctor", "--only", "greeting, settings", "--json").stdout)
    assert [check["name"] for check in told["checks"]] == [
        "settings",
        "provider",
        "dns",
        "proxy",
        "connect",
        "greeting",
    ]
    smtp_auth.wait_for(lambda: smtp_auth.open_connections == 0)
    assert {*smtp_auth.verbs} <= {"QUIT"}


def test_only_names_the_checks_there_are(run: Run) -> None:
    result = run("mail", "doctor", "--only", "logon")
    assert result.exit_code == 2
    assert "settings, distribution, provider" in result.output


def test_offline_opens_no_connection(run: Run, smtp_auth: Server) -> None:
    result = run("mail", "doctor", "--offline", "--dns", "--send-to", "you@example.com")
    assert result.exit_code == 0
    assert smtp_auth.connections == 0


def test_verbose_shows_the_conversation_without_the_password(run: Run) -> None:
    result = run("mail", "doctor", "-v")
    assert ">>> AUTH (hidden)" in result.output
    assert "<<< 220 mail.test" in result.output
    assert PASSWORD not in result.output


def test_doctor_sends_where_it_is_told_to(run: Run, smtp_auth: Server) -> None:
    assert run("mail", "doctor", "--send-to", "you@example.com").exit_code == 0
    [delivery] = smtp_auth.wait()
    assert delivery.recipients == ("you@example.com",)


def test_doctor_sees_settings_that_were_changed_too_late(smtp: Server, make_app: c.Callable[..., Flask]) -> None:
    app = make_app(smtp)
    flask_mail.Mail(app)
    app.config["MAIL_PASSWORD"] = PASSWORD
    app.config["MAIL_USERNAME"] = "joe"
    app.config["MAIL_TIMEOUT"] = 5
    result = app.test_cli_runner().invoke(args=["mail", "doctor", "--offline"])
    assert "MAIL_USERNAME, MAIL_PASSWORD, MAIL_TIMEOUT: what is in force differs" in " ".join(result.output.split())
    assert PASSWORD not in result.output


# The language and the terminal


def test_the_language_is_that_of_the_process(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "11 项检查全部通过" in run("mail", "doctor").output


def test_a_setting_chooses_the_language(run: Run) -> None:
    assert "11 项检查全部通过" in run("mail", "doctor", MAIL_LOCALE="zh").output


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "✓"), ("ascii", "ok"), ("latin-1", "ok"), ("gbk", "ok")])
def test_marks_are_letters_where_the_terminal_is_not_utf_8(encoding: str, mark: str, smtp: Server) -> None:
    result = _alone(f"smtp://127.0.0.1:{smtp.port}?from=a@mysite.example", PYTHONIOENCODING=encoding)
    assert result.returncode == 0
    assert f"{mark} Server" in result.stdout.decode(encoding)


def test_a_terminal_without_chinese_gets_english(smtp: Server) -> None:
    url = f"smtp://127.0.0.1:{smtp.port}?from=a@mysite.example"
    assert b"ok Server" in _alone(url, PYTHONIOENCODING="latin-1", LC_ALL="zh_CN.UTF-8").stdout
    assert "ok 服务器" in _alone(url, PYTHONIOENCODING="gb18030", LC_ALL="zh_CN.UTF-8").stdout.decode("gb18030")


def test_colours_are_for_terminals_that_want_them(smtp: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["doctor", "--url", f"smtp://127.0.0.1:{smtp.port}?from=a@mysite.example"]
    assert "\x1b[32m" in CliRunner().invoke(main, arguments, color=True).output
    assert "\x1b[" not in CliRunner().invoke(main, arguments, color=False).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in CliRunner().invoke(main, arguments, color=True).output


# The group


def test_the_group_can_be_renamed(run: Run) -> None:
    assert run("post", "doctor", "--offline", MAIL_CLI_GROUP="post").exit_code == 0
    assert "No such command" in run("mail", "doctor", MAIL_CLI_GROUP="post").output


@pytest.mark.parametrize("off", [False, "false", "off"])
def test_the_group_can_be_left_out(off: t.Any, run: Run) -> None:
    assert "No such command" in run("mail", "doctor", MAIL_CLI_GROUP=off).output


@pytest.mark.parametrize("wrong", ["two words", True, "-x", 5])
def test_a_name_that_is_none_is_refused(wrong: t.Any) -> None:
    with pytest.raises(flask_mail.ConfigError, match="MAIL_CLI_GROUP is .*'mail', or False for none"):
        read({"MAIL_CLI_GROUP": wrong})


@pytest.mark.parametrize("first", [True, False])
def test_a_command_of_the_application_stays(first: bool, app: Flask) -> None:
    if first:
        app.cli.add_command(click.Command("mail", callback=lambda: click.echo("mine")))
    flask_mail.Mail(app)
    if not first:
        app.cli.add_command(click.Command("mail", callback=lambda: click.echo("mine")))
    assert app.test_cli_runner().invoke(args=["mail"]).output == "mine\n"


def test_a_second_init_app_renames(app: Flask) -> None:
    mail = flask_mail.Mail(app)
    app.config["MAIL_CLI_GROUP"] = "post"
    mail.init_app(app)
    assert "post" in app.cli.commands
    assert "mail" not in app.cli.commands


# send-test


def test_send_test_shows_the_receipt(run: Run, smtp_auth: Server) -> None:
    result = run("mail", "send-test", "you@example.com")
    [delivery] = smtp_auth.wait()
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"Message-ID: {delivery.message['Message-ID']}",
        "you@example.com: accepted",
        "The server said: 250 2.0.0 OK: queued as 1",
    ]


def test_send_test_shows_a_refusal_with_what_to_do(run: Run, smtp_auth: Server) -> None:
    smtp_auth.refused["you@example.com"] = "550 5.1.1 no such user"
    result = run("mail", "send-test", "you@example.com")
    assert result.exit_code == 1
    assert "550 5.1.1 no such user" in result.output
    assert "Traceback" not in result.output
    assert len(result.output.splitlines()) > 2


def test_send_test_says_when_nothing_was_sent(run: Run, smtp_auth: Server) -> None:
    result = run("mail", "send-test", "you@example.com", MAIL_SUPPRESS_SEND=True)
    assert result.exit_code == 1
    assert "Nothing was sent" in result.output
    assert smtp_auth.connections == 0


@pytest.fixture
def in_a_folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applications have their instance folder in a temporary one."""
    monkeypatch.setattr(Flask, "auto_find_instance_path", lambda app: str(tmp_path / "instance"))


@pytest.mark.usefixtures("in_a_folder")
def test_mail_that_only_goes_to_the_mailbox_counts_as_not_sent(run: Run, smtp_auth: Server) -> None:
    examined = run("mail", "doctor", "--send-to", "you@example.com", MAIL_MAILBOX=True)
    assert examined.exit_code == 1
    assert "captured: " in examined.output
    assert "only-captured: " in examined.output
    tried = run("mail", "send-test", "you@example.com", MAIL_MAILBOX=True)
    assert "It went to the mailbox in the browser, at /_mail/, and to nobody." in tried.output
    assert smtp_auth.deliveries == []


@pytest.mark.usefixtures("in_a_folder")
def test_in_debug_mode_without_a_server_mail_is_captured() -> None:
    app = Flask("app_of_a_test")
    app.debug = True
    flask_mail.Mail(app)
    report = examine(Case.of_app(app), offline=True)
    causes = [trouble.cause for finding in report.findings for trouble in finding.troubles]
    assert "captured-in-debug" in causes
    assert "no-server" not in causes
    app.debug = False
    report = examine(Case.of_app(app), offline=True)
    causes = [trouble.cause for finding in report.findings for trouble in finding.troubles]
    assert "captured-in-debug" not in causes
    assert "no-server" in causes


def test_send_test_refuses_what_is_no_address(run: Run) -> None:
    result = run("mail", "send-test", "nobody")
    assert result.exit_code == 1
    assert "AddressError" in result.output


# providers


def test_every_provider_is_listed(run: Run) -> None:
    listed = [line.split()[0] for line in run("mail", "providers").output.splitlines()]
    assert listed == sorted(provider.name for provider in known.all_providers())


@pytest.mark.parametrize("provider", known.all_providers(), ids=lambda provider: provider.name)
@pytest.mark.parametrize("locale", ["en_US.UTF-8", "zh_CN.UTF-8"])
def test_the_settings_of_a_provider_can_be_pasted(
    provider: known.Provider, locale: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    result = run("mail", "providers", provider.name)
    assert result.exit_code == 0
    settings: dict[str, t.Any] = {}
    exec(result.output, {"os": type("os", (), {"environ": {"MAIL_PASSWORD": PASSWORD}})}, settings)
    assert settings.keys() <= KEYS.keys()
    values = read(settings)
    assert values["server"] == provider.host
    assert not (values["use_tls"] and values["use_ssl"])


@pytest.mark.parametrize("name", ["qq", "QQ", "smtp.qq.com", "me@foxmail.com"])
def test_a_provider_is_known_by_what_people_have_of_it(name: str, run: Run) -> None:
    assert 'MAIL_SERVER = "smtp.qq.com"' in run("mail", "providers", name).output


def test_a_provider_that_is_not_known(run: Run) -> None:
    result = run("mail", "providers", "nobody")
    assert result.exit_code == 1
    assert "gmail" in result.output


# Without an application


def _alone(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "flask_mail", "doctor", "--url", *words]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment}, timeout=30)


def test_a_url_is_enough(smtp_starttls: Server, authority: Authority) -> None:
    user = f"postmaster:{PASSWORD.replace(' ', '%20')}"
    query = f"from=hello@mysite.example&use_tls=yes&tls_ca={authority.ca_file}"
    done = _alone(f"smtp://{user}@127.0.0.1:{smtp_starttls.port}?{query}", "--strict")
    assert done.returncode == 0, done.stdout
    assert smtp_starttls.logins == ["postmaster"]
    assert PASSWORD.encode() not in done.stdout + done.stderr


def test_the_password_may_come_from_the_environment(smtp_auth: Server) -> None:
    url = f"smtp://postmaster@127.0.0.1:{smtp_auth.port}?from=hello@mysite.example"
    assert _alone(url, MAIL_PASSWORD=PASSWORD).returncode == 0
    done = _alone(url)
    assert done.returncode == 1
    assert b"MAIL_PASSWORD is not" in done.stdout


def test_the_environment_is_enough(smtp: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Give --url" in CliRunner().invoke(main, ["doctor"]).output
    monkeypatch.setenv("FLASK_MAIL_SERVER", smtp.host)
    monkeypatch.setenv("MAIL_PORT", str(smtp.port))
    monkeypatch.setenv("MAIL_USENAME", "joe")
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 0
    assert "did you mean MAIL_USERNAME" in result.output


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("smtp://smtp.example.com", (587, True, False)),
        ("smtp://smtp.example.com:25", (25, False, False)),
        ("smtps://smtp.example.com", (465, False, True)),
        ("smtp://localhost", (25, False, False)),
        ("smtp://smtp.example.com:587?use_tls=off", (587, False, False)),
    ],
)
def test_a_url_says_how_to_speak(url: str, settings: tuple[int, bool, bool]) -> None:
    values = read(from_url(url))
    assert (values["port"], values["use_tls"], values["use_ssl"]) == settings


def test_a_url_is_decoded() -> None:
    config = from_url("smtps://me%40example.com:p%2Fw@smtp.example.com?from=me@example.com")
    assert config["MAIL_USERNAME"] == "me@example.com"
    assert config["MAIL_PASSWORD"] == "p/w"
    assert config["MAIL_DEFAULT_SENDER"] == "me@example.com"


@pytest.mark.parametrize("url", ["smtp.example.com", "http://smtp.example.com", "smtp://", "smtp://a:b@c:port"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(click.UsageError, match="--url"):
        from_url(url)
