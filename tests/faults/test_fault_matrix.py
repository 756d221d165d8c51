"""Every fault at every step of a conversation: how it ends is declared here, cell by cell.

A row is a step, a column what happens at it. What a cell says:

===  ========================================================================================
R    refused: the class smtplib has for the step, with the server's own first words
D    closed in order: ``SMTPServerDisconnected``
X    reset: ``ConnectionResetError``
T    too slow: ``TimeoutError``
G    what came is no reply: the class smtplib has for the step, with code -1; who greets so is no mail server, and
     trying again does not help
S    no TLS: ``ssl.SSLError``, and trying again does not help
E    closed during the handshake: ``ssl.SSLEOFError``
P    the proxy refused or is none: ``ConnectionError``
ok   success: the message was taken before
?    in doubt: the server may have taken the message though its reply never came
===  ========================================================================================

The step *connect* has no words of SMTP, so its faults are those of a proxy on the way (HTTP CONNECT): 403, 503 and 421
for the refusals. Over CHUNKING the content comes along with MAIL, so that whoever does not close in order may have it,
and whoever does once he has answered to each RCPT.
"""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextlib
import dataclasses as d
import smtplib
import socket
import ssl
import threading
import time
import tracemalloc
import typing as t

import pytest
from flask import Flask

from flask_mail import DeliveryError
from flask_mail import Mail
from flask_mail import Message

from ..servers import Authority
from .faults import Always
from .faults import DRIP
from .faults import FAULTS
from .faults import hang
from .faults import Once
from .faults import reset
from .mailing import OFFERS
from .proxies import Client
from .proxies import Proxy
from .server import FaultyServer

TIMEOUT = 0.3
MAY_BE_LATE = 10
"""Cells that are tried again by themselves: the others may have taken the processor's time."""
TRIES = 3
"""How often each of them is; one that is late every time is late."""
MANY_SECONDS = 20.0
"""The timeout of the steps that are not at fault, and of all steps where the fault is not that they take time: however
slow the machine, they are not given up, and whoever waits where there is nothing to wait for is late."""

APPS = threading.Lock()
"""Held while an application is made: Werkzeug compiles its routes, which Python 3.11 sometimes fails to do in several
threads at once ("AST constructor recursion depth mismatch")."""

COLUMNS = "4xx  5xx  421  close reset hang garbage drip endless 1_MB_line"
TABLE = """
connect      P    P    P    P    P    T    P    T    P    P
greeting     R    R    R    D    X    T    G    T    G    G
EHLO         R    R    R    D    X    T    G    T    G    G
STARTTLS     R    R    R    D    X    T    G    T    G    G
handshake    S    S    S    E    X    T    S    T    S    S
second_EHLO  R    R    R    D    X    T    G    T    G    G
AUTH         R    R    R    D    X    T    G    T    G    G
MAIL         R    R    R    D    X    T    G    T    G    G
RCPT         R    R    R    D    X    T    G    T    G    G
DATA         R    R    R    D    X    T    G    T    G    G
final_dot    R    R    R    D?   X?   T?   G?   T?   G?   G?
QUIT         ok   ok   ok   ok   ok   ok   ok   ok   ok   ok
"""
TABLE_OF_CHUNKING = """
MAIL         R    R    R    D    X?   T?   G?   T?   G?   G?
RCPT         R    R    R    D    X?   T?   G?   T?   G?   G?
DATA         R    R    R    D?   X?   T?   G?   T?   G?   G?
final_dot    R    R    R    D?   X?   T?   G?   T?   G?   G?
QUIT         ok   ok   ok   ok   ok   ok   ok   ok   ok   ok
"""
STAGES: dict[str, tuple[str, type[Exception]]] = {  # our name of the step, and smtplib's class
    "connect": ("connect", ConnectionError),
    "greeting": ("greeting", smtplib.SMTPConnectError),
    "EHLO": ("ehlo", smtplib.SMTPHeloError),
    "STARTTLS": ("starttls", smtplib.SMTPResponseException),
    "handshake": ("tls", ssl.SSLError),
    "second EHLO": ("ehlo", smtplib.SMTPHeloError),
    "AUTH": ("auth", smtplib.SMTPAuthenticationError),
    "MAIL": ("mail", smtplib.SMTPSenderRefused),
    "RCPT": ("rcpt", smtplib.SMTPRecipientsRefused),
    "DATA": ("data", smtplib.SMTPDataError),
    "final dot": ("end-of-data", smtplib.SMTPDataError),
    "QUIT": ("quit", Exception),
}
OTHERS: dict[str, type[Exception]] = {
    "D": smtplib.SMTPServerDisconnected,
    "X": ConnectionResetError,
    "T": TimeoutError,
    "S": ssl.SSLError,
    "E": ssl.SSLEOFError,
    "P": ConnectionError,
}
PERMANENT = {("R", "5xx"), ("P", "4xx"), ("P", "421"), ("P", "garbage"), ("P", "endless"), ("P", "1 MB line")}


@d.dataclass(frozen=True)
class Cell:
    offer: str
    stage: str
    fault: str
    result: str
    way: str

    def __str__(self) -> str:
        return f"{self.offer}-{self.stage}-{self.fault}-{self.way}".replace(" ", "_")


def _cells() -> c.Iterator[Cell]:
    columns = [name.replace("_", " ") for name in COLUMNS.split()]
    for offer in OFFERS:
        for row in (TABLE_OF_CHUNKING if offer == "CHUNKING" else TABLE).split("\n")[1:-1]:
            stage, *results = row.split()
            stage = stage.replace("_", " ")
            if offer == "PIPELINING" and stage not in ("MAIL", "RCPT", "DATA", "final dot", "QUIT"):
                continue
            for fault, result in zip(columns, results, strict=True):
                for way in ("send", "connect", "send_many"):
                    yield Cell(offer, stage, fault, result, way)


CELLS = list(_cells())


@d.dataclass
class Outcome:
    error: Exception | None
    seconds: float
    taken: int
    smuggled: bytes

    @property
    def late(self) -> bool:
        return self.seconds > TIMEOUT + 1


def http(status: str) -> c.Callable[[Client], None]:
    return lambda client: client.send(f"HTTP/1.1 {status}\r\n\r\n".encode())


def drip_head(client: Client) -> None:
    for octet in b"HTTP/1.1 200 fine" + b"x" * 10_000:
        client.send(bytes([octet]))
        client.server.stopping.wait(DRIP)


def endless_head(client: Client) -> None:
    client.send(b"HTTP/1.1 200 fine\r\n")
    while True:
        client.send(b"Via: another\r\n" * 500)


PROXY_FAULTS: dict[str, c.Callable[[Client], t.Any]] = {
    "4xx": http("403 not you"),
    "5xx": http("503 not now"),
    "421": http("421 misdirected"),
    "close": lambda client: client.finish(),
    "reset": t.cast(t.Any, reset),
    "hang": t.cast(t.Any, hang),
    "garbage": lambda client: client.send(b"\x80\xff 220 no proxy here\r\n"),
    "drip": drip_head,
    "endless": endless_head,
    "1 MB line": lambda client: client.send(b"HTTP/1.1 200 " + b"x" * 1_000_000 + b"\r\n\r\n"),
}


@contextlib.contextmanager
def troubled(cell: Cell, context: ssl.SSLContext) -> c.Iterator[tuple[FaultyServer, dict[str, t.Any]]]:
    """A server, or a proxy before it, with the fault of *cell*; and the settings that lead there."""
    kind = Always if cell.way == "send_many" else Once  # it may connect again, and is to find the same
    trouble = None if cell.stage == "connect" else kind(cell.stage, cell.fault)
    tls = {"context": context, "mechanisms": "PLAIN", "accounts": {"me": "a password"}}
    with FaultyServer(*OFFERS[cell.offer], trouble=trouble, **tls) as server:  # type: ignore[arg-type]
        config: dict[str, t.Any] = {**server.config, "MAIL_USE_TLS": True}
        config.update(MAIL_USERNAME="me", MAIL_PASSWORD="a password")
        if cell.stage != "connect":
            yield server, config
            return
        with Proxy("http", trouble=PROXY_FAULTS[cell.fault]) as proxy:
            yield server, {**config, "MAIL_PROXY": proxy.url()}


def timeouts(cell: Cell) -> dict[str, float]:
    """Only where the time is to run out, at the step at fault, does it run out soon."""
    if not cell.result.startswith("T"):
        return {"default": MANY_SECONDS}
    at_content = cell.offer == "CHUNKING" and cell.stage == "DATA"
    return {"default": MANY_SECONDS, "end-of-data" if at_content else STAGES[cell.stage][0]: TIMEOUT}


def outcome(cell: Cell, authority: Authority, context: ssl.SSLContext) -> Outcome:
    with APPS:
        app = Flask("app_of_a_test")
    with troubled(cell, context) as (server, config):
        app.config.update(config, MAIL_DEFAULT_SENDER="from@example.com", MAIL_TLS_CA=authority.ca_file)
        app.config.update(MAIL_POOL_SIZE=0, MAIL_TIMEOUT=timeouts(cell))
        mail = Mail(app)
        message = Message("Hello", ["to@example.com"], "x")
        error: Exception | None = None
        start = time.monotonic()
        try:
            if cell.way == "send":
                mail.send(message)
            elif cell.way == "send_many":
                [result] = mail.send_many([message])
                error = result.error
            else:
                with mail.connect() as connection:
                    connection.send(message)
        except Exception as caught:
            error = caught
        return Outcome(error, time.monotonic() - start, len(server.taken), server.smuggled)


@pytest.fixture(scope="module")
def outcomes(authority: Authority) -> dict[Cell, Outcome]:
    """How all cells end; they mostly wait, so they are tried side by side."""
    context = authority.server_context()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        tried = pool.map(lambda cell: outcome(cell, authority, context), CELLS)
        ended = dict(zip(CELLS, tried, strict=True))
    try_again_what_was_late(ended, lambda cell: outcome(cell, authority, context))
    return ended


def try_again_what_was_late(ended: dict[Cell, Outcome], again: c.Callable[[Cell], Outcome]) -> None:
    """Nothing else is a reason for another try: not a wrong error, and not that time ran out where it may not."""
    late = [cell for cell in ended if ended[cell].late]
    for cell in late[:MAY_BE_LATE]:
        for _ in range(TRIES):
            ended[cell] = again(cell)
            if not ended[cell].late:
                break


def test_the_matrix_is_whole() -> None:
    assert len({(cell.stage, cell.fault) for cell in CELLS}) == 12 * 10
    assert {cell.fault for cell in CELLS} == set(FAULTS) == set(PROXY_FAULTS)


def test_time_runs_out_where_that_is_declared_and_nowhere_else() -> None:
    for cell in CELLS:
        soon = [stage for stage, seconds in timeouts(cell).items() if seconds < MANY_SECONDS]
        assert len(soon) == cell.result.startswith("T"), cell


@pytest.mark.parametrize(
    ("first", "then", "tries", "last"),
    [
        (5.0, [0.1], 1, 0.1),  # the machine was slow
        (5.0, [5.0, 5.0, 0.1], 3, 0.1),
        (5.0, [5.0, 5.0, 5.0, 0.1], 3, 5.0),  # it is late
        (0.5, [], 0, 0.5),  # and what went wrong in time went wrong
    ],
)
def test_only_what_was_late_is_tried_again(first: float, then: list[float], tries: int, last: float) -> None:
    ended = {cell: Outcome(TimeoutError(), first, 0, b"") for cell in CELLS[: MAY_BE_LATE + 2]}
    tried: list[Cell] = []

    def again(cell: Cell) -> Outcome:
        tried.append(cell)
        return Outcome(None, then[tried.count(cell) - 1], 1, b"")

    try_again_what_was_late(ended, again)
    assert len(tried) == tries * MAY_BE_LATE
    assert [each.seconds for each in ended.values()] == [last] * MAY_BE_LATE + [first] * 2


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_fault_ends_in_time_and_as_declared(cell: Cell, outcomes: dict[Cell, Outcome]) -> None:
    ended = outcomes[cell]
    assert not ended.late, ended
    assert ended.smuggled == b""
    if cell.result == "ok":
        assert (ended.error, ended.taken) == (None, 1)
        return
    kind = cell.result[0]
    error = ended.error
    assert isinstance(error, DeliveryError)
    stage, refused = STAGES[cell.stage]
    if cell.offer == "CHUNKING" and stage == "data":
        stage = "end-of-data"  # there is no DATA: its place is taken by BDAT
    assert isinstance(error, OTHERS.get(kind, refused))
    if (cell.stage, cell.fault) == ("greeting", "reset") and error.stage == "connect":
        return  # the reset came before the client had noticed that it was connected
    assert error.stage == stage
    lasting = kind == "S" or (kind, cell.fault) in PERMANENT or (kind, cell.stage) == ("G", "greeting")
    assert error.transient is not lasting
    assert error.in_doubt is cell.result.endswith("?")
    assert ended.taken == 0
    if stage not in ("connect", "tls"):  # where smtplib, too, lets out what the socket says
        assert isinstance(error, smtplib.SMTPException)
    assert (error.reply is not None) is (kind == "R")
    if kind == "R":
        assert str(error.reply) == FAULTS[cell.fault]
        assert str(FAULTS[cell.fault]) in "".join(error.__notes__)
    if kind == "P" and cell.fault in ("4xx", "5xx", "421"):
        assert {"4xx": "403 not you", "5xx": "503 not now", "421": "421 misdirected"}[cell.fault] in str(error)
    assert "hide the first" not in f"{error} {error.__notes__}"


def test_nobody_listens_or_nobody_answers(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    app = Flask("app_of_a_test")
    app.config.update(MAIL_PORT=port, MAIL_TIMEOUT=TIMEOUT, MAIL_DEFAULT_SENDER="from@example.com")
    message = Message("Hello", ["to@example.com"], "x")
    with pytest.raises(ConnectionRefusedError) as refused:
        Mail(app).send(message)
    assert t.cast(t.Any, refused.value).stage == "connect"
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # once the backlog is full, nobody is answered any more
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        app.config.update(MAIL_PORT=full.getsockname()[1])
        start = time.monotonic()
        with pytest.raises(TimeoutError) as slow:
            Mail(app).send(message)
        assert time.monotonic() - start < TIMEOUT + 1
        assert t.cast(t.Any, slow.value).stage == "connect"


def test_no_fault_takes_memory(authority: Authority) -> None:
    """The allowance is 8 MiB; what is measured here is far below, the server's own memory included."""
    context = authority.server_context()
    tracemalloc.start()
    try:
        for cell in CELLS:
            if cell.fault not in ("endless", "1 MB line") or cell.way != "send":
                continue
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            outcome(cell, authority, context)
            assert tracemalloc.get_traced_memory()[1] - before < 2**21, cell
    finally:
        tracemalloc.stop()
