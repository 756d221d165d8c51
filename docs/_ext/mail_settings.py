"""The directive ``mail-settings``: documents ``MAIL_*`` keys from :data:`flask_mail.settings.KEYS` and nothing else.

.. code-block:: rst

    .. mail-settings::

        MAIL_SERVER
        MAIL_PORT

A key that does not exist is an error. That none is missing is for tests/test_docs.py to see.
"""

from __future__ import annotations

import typing as t

from docutils import nodes
from setting_examples import EXAMPLES
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

from flask_mail import settings

TYPES = {  # by the function that parses it
    "parse_bool": "true or false",
    "parse_context": "``ssl.SSLContext``",
    "parse_count": "whole number",
    "parse_credential": "string",
    "parse_debug": "true or false",
    "parse_group": "string, or false",
    "parse_dispatch": "``worker`` or ``celery``",
    "parse_duration": "number of seconds, or duration such as ``15m``, ``4h``, ``5d``",
    "parse_durations": "list of durations, or one string with commas between",
    "parse_full": "``error`` or ``block``",
    "parse_function": "function, or dotted path of one",
    "parse_hostname": "string",
    "parse_in_doubt": "``resend`` or ``hold``",
    "parse_limit": "whole number",
    "parse_list": "list of strings, or one string with commas between",
    "parse_mailbox": "address, or pair of a display name and an address",
    "parse_password": "string",
    "parse_locale": "``en`` or ``zh``",
    "parse_port": "whole number",
    "parse_positive": "whole number",
    "parse_provider": "name of a provider",
    "parse_proxy": "URL",
    "parse_queue": "string, class or object",
    "parse_rate": "number of messages per ``s``, ``m``, ``h`` or ``d``",
    "parse_seconds": "number of seconds",
    "parse_secret": "string",
    "parse_server": "string",
    "parse_source": "IP address, or pair of one and a port",
    "parse_text": "string",
    "parse_timeout": "number of seconds, or mapping of stages to them",
    "parse_token": "function, or dotted path of one",
    "parse_transport": "string, class or object",
    "parse_url": "URL",
    "parse_worker": "``thread``, or false",
}

DEFAULTS = {  # those that init_app finds elsewhere
    "MAIL_DEBUG": "``app.debug``",
    "MAIL_SUPPRESS_SEND": "``app.testing``",
    "MAIL_FILE_PATH": "``mail`` in the instance folder",
    "MAIL_MAILBOX": "``app.debug``, unless ``MAIL_SERVER`` is set",
    "MAIL_OUTBOX_URL": "the application's own, or ``outbox.sqlite`` in the instance folder",
    "MAIL_RETRY_SCHEDULE": "``1m, 5m, 15m, 1h, 2h, 3h, 4h``",
    "MAIL_UNSENT_PATH": "``unsent`` in the instance folder",
}


class MailSettings(SphinxDirective):
    """One ``confval`` for each key in the content: its type, default, meaning and an example."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        keys = [key for key in map(str.strip, self.content) if key]
        for key in keys:
            if key not in settings.KEYS:
                raise self.error(f"{key} is not a setting")
        return self.parse_text_to_nodes("\n".join(line for key in keys for line in _entry(key)))


def _entry(key: str) -> list[str]:
    field = settings.KEYS[key]
    default = DEFAULTS.get(key) or (f"``{field.default!r}``" if field.default not in (None, ()) else "not set")
    meanings = ModuleAnalyzer.for_module(settings.Settings.__module__).find_attr_docs()
    text = " ".join(meanings["Settings", field.name]).strip().removeprefix(f"``{key}``: ")
    lines = [
        f".. confval:: {key}",
        f"   :type: {TYPES.get(field.metadata['parse'].__name__, field.type)}",
        f"   :default: {default}",
        "",
        f"   {text[:1].upper()}{text[1:]}",
        "",
    ]
    return [*lines, f"   Example: ``{key} = {EXAMPLES[key]}``", ""] if key in EXAMPLES else lines


def setup(app: Sphinx) -> dict[str, t.Any]:
    app.add_directive("mail-settings", MailSettings)
    return {"version": "1", "parallel_read_safe": True}
