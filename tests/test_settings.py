"""Every setting: what is understood, what is refused, and in which words."""

from __future__ import annotations

import typing as t
import warnings

import pytest
from flask import Flask

from flask_mail import ConfigError
from flask_mail import Mail
from flask_mail.settings import KEYS
from flask_mail.settings import MailConfigWarning
from flask_mail.settings import read
from flask_mail.settings import Settings


def test_the_documented_defaults_of_flask_mail() -> None:
    assert {
        name: value
        for name, value in read({}).items()
        if name
        in "server port use_tls use_ssl debug username password default_sender max_emails suppress ascii_attachments"
    } == {
        "server": "127.0.0.1",
        "port": 25,
        "use_tls": False,
        "use_ssl": False,
        "debug": 0,
        "username": None,
        "password": None,
        "default_sender": None,
        "max_emails": None,
        "suppress": False,
        "ascii_attachments": False,
    }


def test_debug_and_testing_are_the_defaults_of_two() -> None:
    values = read({}, debug=True, testing=True)
    assert (values["debug"], values["suppress"]) == (1, True)
    values = read({"MAIL_DEBUG": "0", "MAIL_SUPPRESS_SEND": "no"}, debug=True, testing=True)
    assert (values["debug"], values["suppress"]) == (0, False)


@pytest.mark.parametrize("unset", [None, "", "  "])
@pytest.mark.parametrize("key", KEYS)
def test_unset_means_default(key: str, unset: str | None) -> None:
    assert read({key: unset}) == read({})


@pytest.mark.parametrize(("key", "field"), [(k, f) for k, f in KEYS.items() if isinstance(f.default, bool)])
def test_16_words_for_booleans(key: str, field: t.Any) -> None:
    for word in (True, 1, "1", "true", "True", "yes", "ON", " t "):
        assert read({key: word})[field.name] is True
    for word in (False, 0, "0", "false", "False", "no", "OFF", "n"):
        assert read({key: word})[field.name] is False
    for wrong in ("maybe", "2", 2, [], object):
        with pytest.raises(ConfigError, match=f"^{key} is .*, but it has to be true or false"):
            read({key: wrong})


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("MAIL_PORT", "587", 587),
        ("MAIL_PORT", " 465 ", 465),
        ("MAIL_MAX_EMAILS", "10", 10),
        ("MAIL_MAX_EMAILS", 0, None),
        ("MAIL_DEBUG", "2", 2),
        ("MAIL_DEBUG", "true", 1),
        ("MAIL_DEBUG", True, 1),
        ("MAIL_TIMEOUT", "2.5", 2.5),
        ("MAIL_TIMEOUT", 5, 5.0),
        ("MAIL_SERVER", " smtp.example.com ", "smtp.example.com"),
        ("MAIL_SERVER", "::1", "::1"),
        ("MAIL_CATCH_ALL", "a@example.com, b@example.com", ("a@example.com", "b@example.com")),
        ("MAIL_CATCH_ALL", ["a@example.com"], ("a@example.com",)),
        ("MAIL_CATCH_ALL_ALLOW", "@example.com", ("@example.com",)),
        ("MAIL_DEFAULT_SENDER", ["Me", "me@example.com"], ("Me", "me@example.com")),
        ("MAIL_DEFAULT_SENDER", "me@example.com", "me@example.com"),
        ("MAIL_TRANSPORT", " console ", "console"),
    ],
)
def test_16_what_is_understood(key: str, value: t.Any, parsed: t.Any) -> None:
    result = read({key: value})[KEYS[key].name]
    assert (result, type(result)) == (parsed, type(parsed))


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("MAIL_PORT", "smtp", "MAIL_PORT is 'smtp', but it has to be a port number from 1 to 65535, for example 587."),
        ("MAIL_PORT", 0, "MAIL_PORT is 0, but it has to be a port number"),
        ("MAIL_PORT", 65536, "MAIL_PORT is 65536, but it has to be a port number"),
        ("MAIL_PORT", "-1", "MAIL_PORT is '-1', but it has to be a port number"),
        ("MAIL_PORT", True, "MAIL_PORT is True, but it has to be a port number"),
        ("MAIL_PORT", 25.0, "MAIL_PORT is 25.0, but it has to be a port number"),
        ("MAIL_PORT", "٢٥", "MAIL_PORT is '٢٥', but it has to be a port number"),
        ("MAIL_MAX_EMAILS", "many", "MAIL_MAX_EMAILS is 'many', but it has to be a whole number of messages"),
        ("MAIL_MAX_EMAILS", -1, "MAIL_MAX_EMAILS is -1, but it has to be a whole number of messages"),
        ("MAIL_DEBUG", "loud", "MAIL_DEBUG is 'loud', but it has to be true or false"),
        ("MAIL_TIMEOUT", 0, "MAIL_TIMEOUT is 0, but it has to be a number of seconds above 0, for example 30."),
        ("MAIL_TIMEOUT", "nan", "MAIL_TIMEOUT is 'nan', but it has to be a number of seconds"),
        ("MAIL_TIMEOUT", "soon", "MAIL_TIMEOUT is 'soon', but it has to be a number of seconds"),
        ("MAIL_TIMEOUT", [1], r"MAIL_TIMEOUT is \[1\], but it has to be a number of seconds"),
        ("MAIL_SERVER", 25, "MAIL_SERVER is 25, but it has to be a string."),
        ("MAIL_SERVER", "smtp://a", "MAIL_SERVER is 'smtp://a', but it has to be a host name alone"),
        ("MAIL_SERVER", "a:587", "set MAIL_SERVER = 'a' and MAIL_PORT = 587"),
        ("MAIL_SERVER", "a b", "MAIL_SERVER is 'a b', but it has to be a host name without blanks"),
        ("MAIL_SERVER", "a\nb", "MAIL_SERVER is 'a.nb', but it has to be a host name without blanks"),
        ("MAIL_DEFAULT_SENDER", ("a", "b", "c"), "MAIL_DEFAULT_SENDER is .* an address, or a pair"),
        ("MAIL_DEFAULT_SENDER", 5, "MAIL_DEFAULT_SENDER is 5, but it has to be an address, or a pair"),
        ("MAIL_DEFAULT_REPLY_TO", b"a@b", "MAIL_DEFAULT_REPLY_TO is b'a@b', but it has to be an address"),
        ("MAIL_SUBJECT_PREFIX", 5, "MAIL_SUBJECT_PREFIX is 5, but it has to be a string."),
        ("MAIL_CATCH_ALL", 5, "MAIL_CATCH_ALL is 5, but it has to be a list of strings"),
        ("MAIL_CATCH_ALL_ALLOW", [5], r"MAIL_CATCH_ALL_ALLOW is \[5\], but it has to be a list of strings"),
        ("MAIL_TRANSPORT", 5, "MAIL_TRANSPORT is 5, but it has to be the name of a transport"),
        ("MAIL_USERNAME", ["me"], "MAIL_USERNAME has to be a string, but it is a list."),
        ("MAIL_TLS_CA", 5, "MAIL_TLS_CA is 5, but it has to be a string."),
        ("MAIL_FILE_PATH", 5, "MAIL_FILE_PATH is 5, but it has to be a string."),
    ],
)
def test_16_what_is_refused(key: str, value: t.Any, text: str) -> None:
    with pytest.raises(ConfigError, match=text) as caught:
        read({key: value})
    assert caught.value.key == key
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("password", [["canary"], b"canary", "canary\n", "can\x00ary"])
def test_an_error_never_shows_the_password(password: t.Any) -> None:
    with pytest.raises(ConfigError, match="^MAIL_PASSWORD ") as caught:
        read({"MAIL_USERNAME": "me", "MAIL_PASSWORD": password})
    assert "canary" not in str(caught.value)


def test_a_number_is_a_password_as_flask_reads_it_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_MAIL_USERNAME", "me")
    monkeypatch.setenv("FLASK_MAIL_PASSWORD", "123456")
    app = Flask(__name__)
    app.config.from_prefixed_env()
    assert Mail(app).password == "123456"


def test_17_tls_and_ssl_contradict_each_other() -> None:
    with pytest.raises(ConfigError, match="MAIL_USE_TLS and MAIL_USE_SSL are both on.* Turn one of them off."):
        read({"MAIL_USE_TLS": "true", "MAIL_USE_SSL": "true"})


@pytest.mark.parametrize(("given", "missing"), [("USERNAME", "PASSWORD"), ("PASSWORD", "USERNAME")])
def test_18_half_a_login(given: str, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"MAIL_{given} is set but MAIL_{missing} is not.*Set both") as caught:
        read({f"MAIL_{given}": "canary"})
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("MAIL_USENAME", "MAIL_USERNAME"),
        ("MAIL_POST", "MAIL_PORT"),
        ("MAIL_USE_SSl", "MAIL_USE_SSL"),
        ("mail_server", "MAIL_SERVER"),
        ("MAIL_DEFAULT_SENDERS", "MAIL_DEFAULT_SENDER"),
    ],
)
def test_16_an_unknown_key_warns_with_what_was_meant(wrong: str, meant: str) -> None:
    app = Flask(__name__)
    app.config[wrong] = "x"
    with pytest.warns(MailConfigWarning, match=f"^{wrong} is not a setting.*did you mean {meant}\\?$") as caught:
        Mail(app)
    assert caught[0].filename == __file__
    with pytest.warns(MailConfigWarning, match=f"did you mean {meant}") as caught:
        Mail().init_app(app)
    assert caught[0].filename == __file__


def test_a_known_key_does_not_warn() -> None:
    app = Flask(__name__)
    app.config.update(dict.fromkeys(KEYS), MAILBOX="mine", SECRET_KEY="x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Mail(app)


def test_a_wrong_setting_registers_nothing() -> None:
    app = Flask(__name__)
    app.config["MAIL_PORT"] = "x"
    with pytest.raises(ConfigError):
        Mail(app)
    assert "mail" not in app.extensions


def test_the_repr_masks_the_password() -> None:
    settings = Settings(**read({"MAIL_USERNAME": "me", "MAIL_PASSWORD": "canary"}))
    assert "canary" not in repr(settings)
    assert "password=***" in repr(settings)
    assert "username='me'" in repr(settings)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("MAIL_DEFAULT_SENDER", "a@example.com, b@example.com", "^MAIL_DEFAULT_SENDER: .*give an address"),
        (
            "MAIL_DEFAULT_SENDER",
            "a@example.com\n",
            "^MAIL_DEFAULT_SENDER must not contain a line feed.*give an address",
        ),
        ("MAIL_DEFAULT_REPLY_TO", "nonsense", "^MAIL_DEFAULT_REPLY_TO: .*give an address"),
        ("MAIL_CATCH_ALL", "nonsense", "^MAIL_CATCH_ALL: .*give an address"),
        ("MAIL_SUBJECT_PREFIX", "[X]\n", "^MAIL_SUBJECT_PREFIX is .*without control characters"),
        ("MAIL_TRANSPORT", "no_such_package.Path", "^MAIL_TRANSPORT is .*cannot be imported"),
        ("MAIL_TRANSPORT", "smpt", "^MAIL_TRANSPORT is 'smpt', but it has to be one of smtp"),
        ("MAIL_TLS_CA", "/no/such.pem", "^MAIL_TLS_CA is '/no/such.pem', but it has to be the path of a file"),
        ("MAIL_TLS_CERT", "/no/such.pem", "^MAIL_TLS_CERT is .* the path of a file"),
        ("MAIL_DKIM_DOMAIN", "example.com", "^MAIL_DKIM_"),
    ],
)
def test_init_app_checks_what_needs_more_than_the_value(key: str, value: str, text: str) -> None:
    app = Flask(__name__)
    app.config[key] = value
    with pytest.raises(ConfigError, match=text):
        Mail(app)
    assert "mail" not in app.extensions


def test_a_transport_that_cannot_be_made_names_the_setting() -> None:
    app = Flask(__name__)
    app.config["MAIL_TRANSPORT"] = "os.getcwd"
    with pytest.raises(ConfigError, match="^MAIL_TRANSPORT is .*cannot be called with the configuration"):
        Mail(app).get_transport()
