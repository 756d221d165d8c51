"""All checks, in their order. A room that has something to look at, such as a queue, adds its :class:`Check` here."""

from __future__ import annotations

import typing as t

from . import configuration
from . import conversation
from . import domain
from . import network
from . import queueing
from .exam import Check

_FIRST: t.Final = (
    Check("settings", "configuration", configuration.settings, online=False),
    Check("distribution", "configuration", configuration.distribution, online=False),
    Check("provider", "configuration", configuration.provider, needs=("settings",), online=False),
    Check("dns", "server", network.dns, needs=("settings",), after=("provider",)),
    Check("proxy", "server", network.proxy, needs=("settings",)),
    Check("connect", "server", network.connect, needs=("dns", "proxy")),
)
_CLEAR_FIRST: t.Final = (
    Check("greeting", "server", conversation.greeting, needs=("connect",)),
    Check("tls", "server", conversation.tls, needs=("greeting",)),
    Check("ehlo", "server", conversation.ehlo, needs=("tls",)),
)
_TLS_FIRST: t.Final = (
    Check("tls", "server", conversation.tls, needs=("connect",)),
    Check("greeting", "server", conversation.greeting, needs=("tls",)),
    Check("ehlo", "server", conversation.ehlo, needs=("greeting",)),
)
_LAST: t.Final = (
    Check("login", "server", conversation.login, needs=("ehlo",)),
    Check("sender", "server", conversation.sender, needs=("login",)),
)
_DOMAIN: t.Final = (
    Check("mx", "domain", domain.mx, needs=("settings",)),
    Check("spf", "domain", domain.spf, needs=("settings",)),
    Check("dkim", "domain", domain.dkim, needs=("settings",)),
    Check("dmarc", "domain", domain.dmarc, needs=("settings",), after=("spf", "dkim")),
)

_QUEUE: t.Final = (Check("queue", "waiting", queueing.queue, needs=("settings",)),)
"""Where mail waits in an outbox."""

NAMES: t.Final = tuple(check.name for check in (*_FIRST, *_CLEAR_FIRST, *_LAST, *_QUEUE, *_DOMAIN))
"""What ``--only`` takes."""

_ASKING_DNS: t.Final = frozenset(check.name for check in _DOMAIN)


def chosen(
    *,
    tls_first: bool,
    over_smtp: bool,
    outbox: bool = False,
    dns: bool = False,
    send: bool = False,
    only: t.Collection[str] = (),
) -> list[Check]:
    """The checks to do, in the order in which things happen.

    :param tls_first: whether the connection begins with TLS.
    :param over_smtp: whether mail goes to a server.
    :param outbox: whether mail for later waits in an outbox.
    :param dns: with those of the sender's domain.
    :param only: these, and what they need.
    """
    sending = Check("send", "message", conversation.send, needs=("sender",) if over_smtp else ("settings",))
    checks = [
        *_FIRST,
        *(_TLS_FIRST if tls_first else _CLEAR_FIRST),
        *_LAST,
        *(_QUEUE if outbox else ()),
        *(_DOMAIN if dns or _ASKING_DNS & {*only} else ()),
        *((sending,) if send else ()),
    ]
    if not only:
        return checks
    wanted = {*only, *(("send",) if send else ())}
    for check in reversed(checks):
        if check.name in wanted:
            wanted |= {*check.needs, *check.after}
    return [check for check in checks if check.name in wanted]
