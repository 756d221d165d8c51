"""Mail to a real Postfix."""

from __future__ import annotations

import collections.abc as c
import os

import pytest

from ..servers import Authority
from ..servers.postfix import Postfix
from .contract import Contract


@pytest.fixture(scope="module")
def server(authority: Authority) -> c.Iterator[Postfix]:
    if os.geteuid() != 0 and not os.environ.get("CI"):
        pytest.skip("only root can start Postfix")
    with Postfix(authority.pem("localhost", "127.0.0.1")) as server:
        yield server


class TestPostfix(Contract):
    pass
