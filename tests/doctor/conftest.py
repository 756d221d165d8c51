"""What the doctor's tests stand on."""

from __future__ import annotations

import collections.abc as c
import contextlib
import socket

import pytest

from .names import NameServer


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no language but what a test sets."""
    for name in ("ALL_PROXY", "all_proxy", "NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def name_server() -> c.Iterator[c.Callable[..., NameServer]]:
    """Start a name server; it stops after the test."""
    with contextlib.ExitStack() as stack:

        def start(records: dict[str, list[str]], *, silent: bool = False) -> NameServer:
            return stack.enter_context(NameServer(records, silent=silent))

        yield start


@pytest.fixture
def free_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def deaf_port() -> c.Iterator[int]:
    """A port that takes no connection and does not refuse one either: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = int(listener.getsockname()[1])
        for _ in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(("127.0.0.1", port))
        yield port
