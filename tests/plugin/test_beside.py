"""The plugin among others: what it costs, what it is called, who else is there."""

from __future__ import annotations

import pytest

TEST = """
from flask import Flask
from flask_mail import Mail, Message


def test_it(mail_outbox, mail_faults):
    app = Flask("app")
    app.config.update(MAIL_DEFAULT_SENDER="shop@example.com")
    Mail(app).send(Message("Hello", ["ann@example.com"]))
    assert mail_outbox.one().to == ["ann@example.com"]
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """In a process of its own, where a warning is an error."""
    return pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", *arguments)


def test_its_fixtures_are_there_without_any_set_up(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    run(pytester).assert_outcomes(passed=1)


def test_flask_is_imported_only_where_a_fixture_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_without():
            assert "flask_mail_pytest" in sys.modules
            assert "flask" not in sys.modules
            assert "flask_mail" not in sys.modules

        def test_with(outbox):
            assert "flask" in sys.modules
        """
    )
    run(pytester, "-p", "no:flask").assert_outcomes(passed=2)


def test_every_fixture_says_what_it_is_for(pytester: pytest.Pytester) -> None:
    lines = run(pytester, "--fixtures").outlines
    for name in ("outbox", "mail_outbox", "mail_faults", "smtp_server"):
        [at] = [number for number, line in enumerate(lines) if line.startswith(f"{name} -- ")]
        assert lines[at + 1].startswith("    ")
        assert "no docstring" not in lines[at + 1]


def test_a_project_may_have_an_outbox_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef outbox():\n    return 'mine'\n")
    pytester.makepyfile(TEST + "\n\ndef test_mine(outbox, mail_faults):\n    assert outbox == 'mine'\n")
    run(pytester).assert_outcomes(passed=2)


def test_it_can_be_named_where_no_plugin_is_loaded_by_itself(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(TEST)
    run(pytester).assert_outcomes(errors=1)
    run(pytester, "-p", "flask_mail").assert_outcomes(passed=1)
    pytester.makeconftest('pytest_plugins = ["flask_mail.pytest_plugin"]')
    run(pytester).assert_outcomes(passed=1)


def test_it_can_be_turned_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    run(pytester, "-p", "no:flask_mail").assert_outcomes(errors=1)


def test_it_lives_beside_pytest_flask(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from flask import current_app, Flask
        from flask_mail import Mail, Message

        mail = Mail()

        @pytest.fixture
        def app():
            app = Flask("shop")
            app.config.update(MAIL_DEFAULT_SENDER="shop@example.com")
            mail.init_app(app)

            @app.post("/orders")
            def order():
                mail.send(Message("Thank you", ["ann@example.com"]))
                return "", 201

            return app

        def test_of_pytest_flask_and_ours(client, outbox, config):
            assert current_app.name == "shop"  # pytest-flask has pushed a context
            assert config["MAIL_DEFAULT_SENDER"] == "shop@example.com"
            assert client.post("/orders").status_code == 201
            assert outbox.one().subject == "Thank you"

        def test_the_order_does_not_matter(outbox, client, smtp_server):
            assert client.post("/orders").status_code == 201
            assert outbox.one().subject == "Thank you"
        """
    )
    result = run(pytester, "-v")
    result.stdout.fnmatch_lines(["plugins: *flask-*"])
    result.assert_outcomes(passed=2)


def test_it_lives_beside_pytest_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from flask import Flask
        from flask_mail import Mail, Message

        @pytest.mark.parametrize("number", range(6))
        def test_of_many(number, outbox, smtp_server, worker_id):
            assert worker_id in ("gw0", "gw1")
            app = Flask("shop")
            app.config.update(MAIL_DEFAULT_SENDER="shop@example.com", **smtp_server.config)
            Mail(app).send(Message(f"Number {number}", ["ann@example.com"]))
            assert outbox.one().subject == f"Number {number}"
            assert smtp_server.messages == []
        """
    )
    run(pytester, "-n", "2").assert_outcomes(passed=6)
