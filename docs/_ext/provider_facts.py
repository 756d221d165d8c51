"""The directive ``providers``: what is known of the mail providers of a group, as settings to paste.

.. code-block:: rst

    .. providers:: gmail
        :language: en

A group that does not exist is an error.
"""

from __future__ import annotations

import typing as t

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from flask_mail.diagnosis import providers
from flask_mail.diagnosis.providers import Provider

SECURITY = {"starttls": "``MAIL_USE_TLS``", "ssl": "``MAIL_USE_SSL``"}
USER = {
    "en": {"address": "the full address", "any": "as the provider gives it"},
    "zh": {"address": "完整的邮箱地址", "any": "以服务商给出的为准"},
}
PASSWORD = {
    "en": {
        "password": "the account's password",
        "app-password": "an app password",
        "code": "the authorisation code (授权码)",
        "api-key": "an API key",
        "smtp-password": "the password or key for SMTP",
        "token": "a token",
        "oauth": "none: ``MAIL_OAUTH2_TOKEN``",
    },
    "zh": {
        "password": "账号的密码",
        "app-password": "应用专用密码",
        "code": "授权码",
        "api-key": "API 密钥",
        "smtp-password": "SMTP 专用的密码或密钥",
        "token": "token",
        "oauth": "不用密码，用 ``MAIL_OAUTH2_TOKEN``",
    },
}
NAMES = {
    "en": ("Server", "Ports", "MAIL_USERNAME", "MAIL_PASSWORD", "Sender", "the address that logs in", "SPF", "Limits"),
    "zh": ("服务器", "端口", "MAIL_USERNAME", "MAIL_PASSWORD", "发件人", "必须是登录用的地址", "SPF", "限额"),
}


class Providers(SphinxDirective):
    """A rubric, settings and a list of facts for each provider of the group."""

    required_arguments = 1
    option_spec: t.ClassVar = {"language": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        group = [one for one in providers.all_providers() if one.group == self.arguments[0]]
        language = self.options.get("language", "en")
        if not group or language not in NAMES:
            raise self.error(f"{self.arguments[0]} in {language} is not known")
        return self.parse_text_to_nodes("\n".join(line for one in group for line in _entry(one, language)))


def _entry(provider: Provider, language: str) -> list[str]:
    server, ports, user, password, sender, login, spf, limits = NAMES[language]
    facts = {
        server: f"``{provider.host}``",
        ports: ", ".join(f"{port.number} ({SECURITY[port.security]})" for port in provider.ports),
        user: USER[language].get(provider.user, f"``{provider.user}``"),
        password: PASSWORD[language][provider.password],
        sender: login if provider.from_login else "",
        spf: f"``include:{provider.spf}``" if provider.spf else "",
        limits: provider.limits.get(language, ""),
    }
    lines = [f".. rubric:: {provider.title[language]}", "", f'``MAIL_PROVIDER = "{provider.name}"``', ""]
    lines += [f":{name}: {fact}" for name, fact in facts.items() if fact]
    link = provider.link.get(language, "")
    return [*lines, "", " ".join(filter(None, [provider.hint.get(language, ""), link and f"`{link} <{link}>`__"])), ""]


def setup(app: Sphinx) -> dict[str, t.Any]:
    app.add_directive("providers", Providers)
    return {"version": "1", "parallel_read_safe": True}
