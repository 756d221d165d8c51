"""``flask mail ...``: one file for each command, thin; what they do is done elsewhere."""

from __future__ import annotations

import click

from .doctor import doctor
from .lint import lint
from .merge import merge
from .outbox import outbox
from .preview import preview
from .providers import providers
from .sending import send_test
from .unsent import unsent
from .worker import worker

COMMANDS: dict[str, click.Command] = {
    "doctor": doctor,
    "lint": lint,
    "merge": merge,
    "outbox": outbox,
    "preview": preview,
    "providers": providers,
    "send-test": send_test,
    "unsent": unsent,
    "worker": worker,
}
"""What stands under ``flask mail``."""
