"""Hypothesis: no deadline on shared machines, and ``--hypothesis-profile=long`` for a night's run."""

from hypothesis import settings

settings.register_profile("here", deadline=None)
settings.register_profile("long", deadline=None, max_examples=5_000)
settings.load_profile("here")
