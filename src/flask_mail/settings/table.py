"""The table of settings: one field for each ``MAIL_*`` key, with how it is parsed and its default."""

from __future__ import annotations

import dataclasses as d
import ssl
import typing as t

from . import parsers as p
from . import times
from .secrets import Secret


def _setting(key: str, parse: p.Parser, default: t.Any = None, *, secret: bool = False) -> t.Any:
    return d.field(default=default, metadata={"key": key, "parse": parse, "secret": secret})


@d.dataclass(eq=False, repr=False)
class Settings:
    """The settings in force; a mutable object whose ``__dict__`` holds nothing else.

    Field by field the value of the key named beside it.
    """

    server: str = _setting("MAIL_SERVER", p.parse_server, "127.0.0.1")
    """``MAIL_SERVER``: host name or address of the mail server."""
    username: str | None = _setting("MAIL_USERNAME", p.parse_credential)
    """``MAIL_USERNAME``: whom to log in as; no login without it."""
    password: str | None = _setting("MAIL_PASSWORD", p.parse_password, secret=True)
    """``MAIL_PASSWORD``: often an app password or an authorisation code, not the account's own."""
    port: int = _setting("MAIL_PORT", p.parse_port, 25)
    """``MAIL_PORT``: 587 for STARTTLS, 465 for TLS from the start, 25 for a relay of one's own."""
    use_tls: bool = _setting("MAIL_USE_TLS", p.parse_bool, False)
    """``MAIL_USE_TLS``: begin in clear and change to TLS by STARTTLS (RFC 3207)."""
    use_ssl: bool = _setting("MAIL_USE_SSL", p.parse_bool, False)
    """``MAIL_USE_SSL``: speak TLS from the first octet (RFC 8314 §3.3)."""
    default_sender: t.Any = _setting("MAIL_DEFAULT_SENDER", p.parse_mailbox)
    """``MAIL_DEFAULT_SENDER``: the sender of messages that name none, an address or a ``(name, address)`` pair."""
    debug: int = _setting("MAIL_DEBUG", p.parse_debug, 0)
    """``MAIL_DEBUG``: log the SMTP conversation, redacted, to ``flask_mail.smtp``; ``app.debug`` by default."""
    max_emails: int | None = _setting("MAIL_MAX_EMAILS", p.parse_limit)
    """``MAIL_MAX_EMAILS``: how many messages one connection carries before a new one is opened."""
    suppress: bool = _setting("MAIL_SUPPRESS_SEND", p.parse_bool, False)
    """``MAIL_SUPPRESS_SEND``: compose and signal, but send nothing; ``app.testing`` by default."""
    ascii_attachments: bool = _setting("MAIL_ASCII_ATTACHMENTS", p.parse_bool, False)
    """``MAIL_ASCII_ATTACHMENTS``: turn the file names of attachments into ASCII."""
    transport: t.Any = _setting("MAIL_TRANSPORT", p.parse_transport, "smtp")
    """``MAIL_TRANSPORT``: ``smtp``, ``console``, ``file``, ``memory``, ``null`` or a dotted path."""
    subject_prefix: str | None = _setting("MAIL_SUBJECT_PREFIX", p.parse_line)
    """``MAIL_SUBJECT_PREFIX``: put before every subject, for example ``"[Example] "``."""
    default_reply_to: t.Any = _setting("MAIL_DEFAULT_REPLY_TO", p.parse_mailbox)
    """``MAIL_DEFAULT_REPLY_TO``: the Reply-To of messages that name none."""
    catch_all: tuple[str, ...] = _setting("MAIL_CATCH_ALL", p.parse_list, ())
    """``MAIL_CATCH_ALL``: send everything to these addresses instead (a staging system)."""
    catch_all_allow: tuple[str, ...] = _setting("MAIL_CATCH_ALL_ALLOW", p.parse_list, ())
    """``MAIL_CATCH_ALL_ALLOW``: addresses and domains that ``MAIL_CATCH_ALL`` lets through."""
    message_id_domain: str | None = _setting("MAIL_MESSAGE_ID_DOMAIN", p.parse_hostname)
    """``MAIL_MESSAGE_ID_DOMAIN``: what stands right of the ``@`` in a Message-ID; the sender's domain by default."""
    dkim_domain: str | None = _setting("MAIL_DKIM_DOMAIN", p.parse_hostname)
    """``MAIL_DKIM_DOMAIN``: sign with DKIM for this domain (RFC 6376); needs the extra ``dkim``."""
    dkim_selector: str | None = _setting("MAIL_DKIM_SELECTOR", p.parse_hostname)
    """``MAIL_DKIM_SELECTOR``: the name under which DNS holds the public key."""
    dkim_key: str | None = _setting("MAIL_DKIM_KEY", p.parse_secret, secret=True)
    """``MAIL_DKIM_KEY``: the private key, RSA or Ed25519, as PEM text or the path of a PEM file."""
    dkim_headers: tuple[str, ...] = _setting("MAIL_DKIM_HEADERS", p.parse_list, ())
    """``MAIL_DKIM_HEADERS``: which header fields to sign; a sound choice by default."""
    timeout: float | dict[str, float] = _setting("MAIL_TIMEOUT", times.parse_timeout, 30.0)
    """``MAIL_TIMEOUT``: seconds that any one step of a conversation may take, or a mapping from stages to seconds."""
    deadline: float = _setting("MAIL_DEADLINE", times.parse_seconds, 600.0)
    """``MAIL_DEADLINE``: seconds that connecting, and then each message, may take in all."""
    tls_verify: bool = _setting("MAIL_TLS_VERIFY", p.parse_bool, True)
    """``MAIL_TLS_VERIFY``: check the server's certificate and name. Off, anybody on the way can read the password."""
    tls_ca: str | None = _setting("MAIL_TLS_CA", p.parse_text)
    """``MAIL_TLS_CA``: a PEM file of the authorities to trust instead of the system's."""
    tls_cert: str | None = _setting("MAIL_TLS_CERT", p.parse_text)
    """``MAIL_TLS_CERT``: a PEM file of the client certificate to show."""
    tls_key: str | None = _setting("MAIL_TLS_KEY", p.parse_text)
    """``MAIL_TLS_KEY``: a PEM file of its key, where the certificate's file does not hold it."""
    tls_context: ssl.SSLContext | None = _setting("MAIL_TLS_CONTEXT", p.parse_context)
    """``MAIL_TLS_CONTEXT``: an ``ssl.SSLContext`` to use instead of all these."""
    allow_cleartext_auth: bool = _setting("MAIL_ALLOW_CLEARTEXT_AUTH", p.parse_bool, False)
    """``MAIL_ALLOW_CLEARTEXT_AUTH``: send the password without TLS to a server other than this machine."""
    oauth2_token: t.Any = _setting("MAIL_OAUTH2_TOKEN", p.parse_token, secret=True)
    """``MAIL_OAUTH2_TOKEN``: a function asked for an access token at each login, or its dotted path (XOAUTH2)."""
    local_hostname: str | None = _setting("MAIL_LOCAL_HOSTNAME", p.parse_hostname)
    """``MAIL_LOCAL_HOSTNAME``: the name to greet the server with; found without DNS by default."""
    source_address: tuple[str, int] | None = _setting("MAIL_SOURCE_ADDRESS", p.parse_source)
    """``MAIL_SOURCE_ADDRESS``: the address to connect from."""
    proxy: str | None = _setting("MAIL_PROXY", p.parse_proxy, secret=True)
    """``MAIL_PROXY``: ``socks5://`` or ``http://`` (CONNECT), with user and password; needs the extra ``socks``."""
    pool_size: int = _setting("MAIL_POOL_SIZE", p.parse_count, 4)
    """``MAIL_POOL_SIZE``: how many connections ``mail.send`` and Celery's tasks keep open for the next; 0 for none."""
    pool_idle: float = _setting("MAIL_POOL_IDLE", times.parse_seconds, 30.0)
    """``MAIL_POOL_IDLE``: seconds for which an unused connection is kept."""
    rate_limit: tuple[int, float] | None = _setting("MAIL_RATE_LIMIT", times.parse_rate)
    """``MAIL_RATE_LIMIT``: how fast ``send_many`` may send, such as ``"14/s"``."""
    provider: str | None = _setting("MAIL_PROVIDER", p.parse_provider)
    """``MAIL_PROVIDER``: a provider's name; sets server, port and TLS where they are not set, and checks the rest."""
    locale: str | None = _setting("MAIL_LOCALE", p.parse_locale)
    """``MAIL_LOCALE``: the language of advice, ``en`` or ``zh``; that of the process by default."""
    file_path: str | None = _setting("MAIL_FILE_PATH", p.parse_text)
    """``MAIL_FILE_PATH``: folder of the ``file`` transport; ``mail`` in the instance folder by default."""
    queue: t.Any = _setting("MAIL_QUEUE", p.parse_queue, "thread")
    """``MAIL_QUEUE``: where ``send_later`` puts mail: ``thread``, ``outbox``, ``celery`` or a dotted path."""
    threads: int = _setting("MAIL_THREADS", p.parse_positive, 2)
    """``MAIL_THREADS``: how many threads of a process the ``thread`` queue sends with."""
    queue_size: int = _setting("MAIL_QUEUE_SIZE", p.parse_positive, 1000)
    """``MAIL_QUEUE_SIZE``: how many messages the ``thread`` queue of a process holds."""
    queue_full: str = _setting("MAIL_QUEUE_FULL", p.parse_full, "error")
    """``MAIL_QUEUE_FULL``: what ``send_later`` does when it is full: raise an ``error``, or ``block``."""
    shutdown_timeout: float = _setting("MAIL_SHUTDOWN_TIMEOUT", times.parse_duration, 10.0)
    """``MAIL_SHUTDOWN_TIMEOUT``: seconds in which the ``thread`` queue is sent empty when the process ends."""
    unsent_path: str | None = _setting("MAIL_UNSENT_PATH", p.parse_text)
    """``MAIL_UNSENT_PATH``: folder for what the ``thread`` queue could not send; ``unsent`` in the instance folder."""
    retry_schedule: tuple[float, ...] = _setting(
        "MAIL_RETRY_SCHEDULE", times.parse_durations, (60.0, 300.0, 900.0, 3600.0, 7200.0, 10800.0, 14400.0)
    )
    """``MAIL_RETRY_SCHEDULE``: seconds to wait after each failed attempt; the last one repeats. Each is varied by up to
    a fifth, so that not all come back at once."""
    retry_for: float = _setting("MAIL_RETRY_FOR", times.parse_duration, 432000.0)
    """``MAIL_RETRY_FOR``: seconds after which a message that could not be sent is given up (RFC 5321 §4.5.4.1)."""
    in_doubt: str = _setting("MAIL_IN_DOUBT", p.parse_in_doubt, "resend")
    """``MAIL_IN_DOUBT``: what becomes of a message that a server may have or not, since the connection was lost before
    it said so: ``resend`` it, with the same Message-ID, or ``hold`` it for a decision."""
    outbox_url: str | None = _setting("MAIL_OUTBOX_URL", p.parse_url, secret=True)
    """``MAIL_OUTBOX_URL``: the outbox's database, as SQLAlchemy writes it; that of Flask-SQLAlchemy, where the
    application has it, else an SQLite file in the instance folder."""
    outbox_lease: float = _setting("MAIL_OUTBOX_LEASE", times.parse_duration, 60.0)
    """``MAIL_OUTBOX_LEASE``: seconds for which a worker holds the messages it takes; renewed while it sends."""
    outbox_worker: str | None = _setting("MAIL_OUTBOX_WORKER", p.parse_worker)
    """``MAIL_OUTBOX_WORKER``: ``thread`` runs a worker inside the application, else it is ``flask mail worker``."""
    outbox_keep: float = _setting("MAIL_OUTBOX_KEEP", times.parse_duration, 604800.0)
    """``MAIL_OUTBOX_KEEP``: seconds for which the outbox keeps messages that are done with."""
    outbox_dispatch: str = _setting("MAIL_OUTBOX_DISPATCH", p.parse_dispatch, "worker")
    """``MAIL_OUTBOX_DISPATCH``: who sends what is in the outbox: a ``worker`` of ours, or ``celery``."""
    inline_css: bool = _setting("MAIL_INLINE_CSS", p.parse_bool, False)
    """``MAIL_INLINE_CSS``: write the rules of style sheets into the elements of a mail; needs the extra ``css``."""
    strict_templates: bool = _setting("MAIL_STRICT_TEMPLATES", p.parse_bool, False)
    """``MAIL_STRICT_TEMPLATES``: a variable that a mail's template uses and nobody gave is an error."""
    markdown_layout: str = _setting("MAIL_MARKDOWN_LAYOUT", p.parse_text, "mail/layout.html")
    """``MAIL_MARKDOWN_LAYOUT``: the template around mails in Markdown, which prints ``content``; a plain page where
    there is no such template."""
    mailbox: bool | None = _setting("MAIL_MAILBOX", p.parse_bool)
    """``MAIL_MAILBOX``: capture mail and show it at ``/_mail/``; by default where the application is in debug mode and
    no ``MAIL_SERVER`` is set."""
    mailbox_copies: bool = _setting("MAIL_MAILBOX_COPIES", p.parse_bool, False)
    """``MAIL_MAILBOX_COPIES``: send mail, and show a copy of it at ``/_mail/``."""
    mailbox_auth: t.Any = _setting("MAIL_MAILBOX_AUTH", p.parse_function)
    """``MAIL_MAILBOX_AUTH``: a function asked at each request whether it may see the mailbox, or its dotted path;
    without one there is no mailbox outside debug mode."""
    mailbox_hosts: tuple[str, ...] = _setting("MAIL_MAILBOX_HOSTS", p.parse_list, ())
    """``MAIL_MAILBOX_HOSTS``: the host names under which the mailbox may be opened, besides this machine's own."""
    cli_group: str = _setting("MAIL_CLI_GROUP", p.parse_group, "mail")
    """``MAIL_CLI_GROUP``: what the commands of this package stand under, as in ``flask mail doctor``; ``False`` for
    no commands."""

    def __setattr__(self, name: str, value: t.Any) -> None:
        if type(value) is str and name in _SECRETS:
            value = Secret(value)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{field.name}={'***' if field.metadata.get('secret') and value else repr(value)}"
            for field in d.fields(self)
            for value in (getattr(self, field.name),)
        )
        return f"{type(self).__name__}({shown})"


_SECRETS = frozenset(field.name for field in d.fields(Settings) if field.metadata.get("secret"))

KEYS: t.Final = {field.metadata["key"]: field for field in d.fields(Settings)}
"""Every known key with its field."""
