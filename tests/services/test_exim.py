"""Mail to a real Exim."""

from __future__ import annotations

import collections.abc as c

import pytest

from ..servers import Authority
from ..servers.exim import Exim
from .contract import Contract


@pytest.fixture(scope="module")
def server(authority: Authority) -> c.Iterator[Exim]:
    with Exim(authority.pem("localhost", "127.0.0.1")) as server:
        yield server


class TestExim(Contract):
    pass
