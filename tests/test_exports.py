"""The names that ``flask_mail`` gives out: a new one, or one gone, is a decision."""

import types

import flask_mail

NAMES = """
    AddressError Attachment BadHeaderError Calendar ConfigError Connection ContentError DeliveryError
    FlaskMailUnicodeDecodeError Mail MailError MergeError Message MissingExtraError NotInitializedError Progress
    QueueError Receipt Result TemplateError email_deferred email_dispatched email_failed email_queued force_text
    sanitize_address sanitize_addresses sanitize_subject signals
"""


def test_the_exported_names() -> None:
    public = {name for name, value in vars(flask_mail).items() if not isinstance(value, types.ModuleType)}
    assert {name for name in public if not name.startswith("_")} - {"annotations"} == set(NAMES.split())
