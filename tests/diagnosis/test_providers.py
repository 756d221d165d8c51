"""The providers: recognised, complete, and of use as settings."""

from __future__ import annotations

import re

import pytest

from flask_mail.diagnosis import providers
from flask_mail.diagnosis.providers import Provider
from flask_mail.errors import ConfigError
from flask_mail.settings import read

ALL = providers.all_providers()


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ({"host": "smtp.gmail.com"}, "gmail"),
        ({"host": "SMTP.QQ.com."}, "qq"),
        ({"host": "email-smtp.eu-west-1.amazonaws.com"}, "ses"),
        ({"host": "smtp.zoho.eu"}, "zoho"),
        ({"domain": "foxmail.com"}, "qq"),
        ({"domain": "icloud.com"}, "icloud"),
        ({"mx": "aspmx.l.google.com"}, "gmail"),
        ({"mx": "example-com.mail.protection.outlook.com"}, "microsoft365"),
        ({"mx": "mxbiz1.qq.com"}, "exmail"),
        ({"name": "QQ 邮箱"}, "qq"),
        ({"name": "Office365"}, "microsoft365"),
    ],
)
def test_a_provider_is_recognised(by: dict[str, str], name: str) -> None:
    found = providers.lookup(**by)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("by", [{"host": "mail.example.com"}, {"domain": "example.com"}, {"name": "nobody"}, {}])
def test_others_are_not(by: dict[str, str]) -> None:
    assert providers.lookup(**by) is None


@pytest.mark.parametrize("provider", ALL, ids=lambda provider: provider.name)
def test_a_provider_is_complete_and_gives_settings(provider: Provider) -> None:
    assert provider.ports
    assert all(port.security in ("ssl", "starttls") for port in provider.ports)
    assert "*" not in provider.host
    assert provider.password in {"password", "app-password", "code", "api-key", "smtp-password", "token", "oauth"}
    assert provider.group in {"gmail", "microsoft", "qq", "netease", "aliyun", "ses", "relays"}
    assert set(provider.title) == {"en", "zh"}
    for texts in (provider.link, provider.hint, provider.limits):
        assert set(texts) in (set(), {"en", "zh"})
    assert all(link.startswith("https://") for link in provider.link.values())
    re.compile(provider.signs)
    assert providers.lookup(host=provider.host) is provider
    values = read({"MAIL_PROVIDER": provider.name})
    assert (values["server"], values["port"]) == (provider.host, provider.ports[0].number)
    assert values["use_ssl"] is (provider.ports[0].security == "ssl")
    assert values["use_tls"] is not values["use_ssl"]


def test_there_are_the_known_ones_and_more() -> None:
    assert len(ALL) >= 17 + 25


def test_explicit_settings_win() -> None:
    values = read({"MAIL_PROVIDER": "qq", "MAIL_PORT": "587"})
    assert (values["port"], values["use_tls"], values["use_ssl"]) == (587, True, False)
    values = read({"MAIL_PROVIDER": "gmail", "MAIL_USE_SSL": "true"})
    assert (values["port"], values["use_tls"], values["use_ssl"]) == (465, False, True)
    values = read({"MAIL_PROVIDER": "gmail", "MAIL_SERVER": "127.0.0.1", "MAIL_PORT": 2525})
    assert (values["server"], values["port"], values["use_tls"]) == ("127.0.0.1", 2525, False)


def test_a_name_that_everybody_has_is_filled_in() -> None:
    assert read({"MAIL_PROVIDER": "sendgrid", "MAIL_PASSWORD": "SG.x"})["username"] == "apikey"
    assert read({"MAIL_PROVIDER": "sendgrid"})["username"] is None


@pytest.mark.parametrize(
    ("config", "key", "words"),
    [
        ({"MAIL_PROVIDER": "gmial"}, "MAIL_PROVIDER", "did you mean 'gmail'?"),
        ({"MAIL_PROVIDER": "qq", "MAIL_USERNAME": "12345"}, "MAIL_USERNAME", "such as '12345@qq.com'"),
        ({"MAIL_PROVIDER": "resend", "MAIL_USERNAME": "joe"}, "MAIL_USERNAME", "it is the word 'resend'"),
        (
            {"MAIL_PROVIDER": "163", "MAIL_USERNAME": "me@163.com", "MAIL_DEFAULT_SENDER": "Me <you@163.com>"},
            "MAIL_DEFAULT_SENDER",
            "make it 'me@163.com'",
        ),
        ({"MAIL_LOCALE": "fr"}, "MAIL_LOCALE", "it has to be 'en' or 'zh'"),
    ],
)
def test_what_the_provider_demands_is_checked(config: dict[str, str], key: str, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        read({"MAIL_PASSWORD": "secret", **config} if "MAIL_USERNAME" in config else config)
    assert caught.value.key == key
    assert "secret" not in str(caught.value)


def test_what_fits_is_accepted() -> None:
    login = {"MAIL_USERNAME": "Me@qq.com", "MAIL_PASSWORD": "x"}
    assert read({"MAIL_PROVIDER": "qq", "MAIL_DEFAULT_SENDER": ("我", "me@qq.com"), **login})["provider"] == "qq"
    assert read({"MAIL_LOCALE": "zh_CN.UTF-8"})["locale"] == "zh"
