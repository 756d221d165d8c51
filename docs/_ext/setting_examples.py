"""An example of each setting, as the page of settings shows it."""

import typing as t

EXAMPLES: dict[str, t.Any] = {
    "MAIL_SERVER": "smtp.gmail.com",
    "MAIL_PORT": 587,
    "MAIL_USE_TLS": True,
    "MAIL_USE_SSL": True,
    "MAIL_USERNAME": "me@gmail.com",
    "MAIL_PASSWORD": "abcd efgh ijkl mnop",
    "MAIL_TIMEOUT": 10,
    "MAIL_TLS_VERIFY": False,
    "MAIL_TLS_CA": "/etc/ssl/our-authority.pem",
    "MAIL_ALLOW_CLEARTEXT_AUTH": True,
    "MAIL_DEFAULT_SENDER": ("The Example", "hello@example.com"),
    "MAIL_DEFAULT_REPLY_TO": "help@example.com",
    "MAIL_SUBJECT_PREFIX": "[Example] ",
    "MAIL_ASCII_ATTACHMENTS": True,
    "MAIL_MAX_EMAILS": 100,
    "MAIL_TRANSPORT": "console",
    "MAIL_FILE_PATH": "/srv/mail",
    "MAIL_SUPPRESS_SEND": True,
    "MAIL_CATCH_ALL": ["staging@example.com"],
    "MAIL_CATCH_ALL_ALLOW": ["example.com", "boss@example.org"],
    "MAIL_DEBUG": True,
}
