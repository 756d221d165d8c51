"""The labels, and whether what they name may pass by itself."""

from __future__ import annotations

import typing as t

_PASSING = "refused timeout network-unreachable closed-early greylisted rate-limit quota server-busy"
_LASTING = (
    "auth-app-password auth-code auth-wrong auth-disabled auth-required auth-unsupported oauth-failed tls-required "
    "tls-mode-mismatch cert-untrusted cert-hostname cert-expired dns sender-not-allowed relay-denied too-large "
    "helo-rejected syntax not-smtp utf8-unsupported credentials-encoding account-suspended"
)
_AS_THE_CODE_SAYS = (
    "sender-rejected recipient-unknown recipient-rejected mailbox-full spam-content ip-blocked "
    "unauthenticated-domain unknown"
)

CAUSES: t.Final[dict[str, bool | None]] = {
    **dict.fromkeys(_LASTING.split(), False),
    **dict.fromkeys(_PASSING.split(), True),
    **dict.fromkeys(_AS_THE_CODE_SAYS.split(), None),
}
"""Every label; whether trying again later may help, or ``None`` where the reply code's first digit tells."""
