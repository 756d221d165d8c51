"""``--hypothesis-profile=long`` is for a night's run; it has to be known before tests are collected."""

from . import strategies as strategies
