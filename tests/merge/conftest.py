from __future__ import annotations

import pathlib

import pytest

from .site import Site


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Site:
    return Site(tmp_path)
