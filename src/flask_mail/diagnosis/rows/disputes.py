"""Words of two causes in one reply: which of them it is about, and where that cannot be told.

"Sender address rejected: not logged in" is about the login, "Authentication failed: account disabled" about the
account: some words say only that something was refused, others say why. Only what is settled here is decided; where
words of two other causes stand side by side, neither is a guess to make.
"""

from __future__ import annotations

import typing as t

from .row import Row

_OWN_WORDS = 0
_WORDS = 2

BESIDE: t.Final = {
    "account-suspended": "auth-wrong spam-content",
    "auth-app-password": "auth-wrong",
    "auth-code": "auth-wrong",
    "auth-disabled": "auth-wrong",
    "auth-required": "recipient-rejected relay-denied sender-rejected",
    "auth-unsupported": "auth-wrong syntax",
    "auth-wrong": "recipient-unknown",
    "cert-expired": "cert-untrusted",
    "cert-hostname": "cert-untrusted",
    "greylisted": "ip-blocked rate-limit recipient-rejected sender-rejected server-busy spam-content",
    "helo-rejected": "recipient-unknown syntax",
    "ip-blocked": "auth-wrong relay-denied recipient-rejected sender-rejected server-busy spam-content",
    "mailbox-full": "recipient-rejected",
    "oauth-failed": "auth-wrong",
    "quota": "auth-wrong rate-limit spam-content",
    "rate-limit": "auth-wrong ip-blocked quota server-busy spam-content unauthenticated-domain",
    "sender-not-allowed": "auth-wrong sender-rejected syntax",
    "sender-rejected": "ip-blocked recipient-rejected server-busy spam-content syntax",
    "server-busy": "auth-wrong",
    "spam-content": "ip-blocked unauthenticated-domain",
    "tls-mode-mismatch": "syntax",
    "tls-required": "auth-unsupported auth-wrong",
    "unauthenticated-domain": "ip-blocked recipient-rejected sender-rejected server-busy spam-content syntax",
    "utf8-unsupported": "syntax",
}
"""For each cause: those whose words may stand beside its own without being meant."""


def is_open(row: Row) -> bool:
    """Whether other causes' words may dispute *row*: not a provider's own, and not what rests on no words at all."""
    return _OWN_WORDS < row.rank <= _WORDS


def may_dispute(other: Row, first: Row) -> bool:
    """Whether *other*'s words would leave open what a reply is about that *first* stands for, too."""
    return other.rank <= _WORDS and other.cause not in (first.cause, *BESIDE.get(first.cause, "").split())
