"""``flask mail ...``: one file for each command, thin; what they do is done elsewhere."""

from __future__ import annotations

import click

from .doctor import doctor
from .providers import providers
from .sending import send_test

COMMANDS: dict[str, click.Command] = {"doctor": doctor, "providers": providers, "send-test": send_test}
"""What stands under ``flask mail``."""
