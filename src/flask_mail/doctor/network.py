"""The checks of the way to the server: its name, the proxy, its port."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextlib
import dataclasses as d
import ipaddress
import os
import socket
import typing as t
import urllib.parse

from ..errors import DeliveryError
from ..transports.connect import Endpoint
from ..transports.connect import open_socket
from ..transports.timeouts import Timeouts
from .configuration import transport
from .counsel import offered_ports
from .counsel import trouble_of
from .exam import Exam
from .exam import Seen

_FROM_THE_START = (465, 2465, 994)
"""The ports that begin with TLS."""

USUAL = (587, 465, 2525, 25)
"""The ports mail is handed in at, where the provider names none."""


def dns(exam: Exam) -> Seen:
    """Whether the server's name leads to an address."""
    if (skipped := _unused(exam)) is not None:
        return skipped
    endpoint = exam.endpoint()
    if is_address(endpoint.host):
        return Seen(exam.say("dns-address", host=endpoint.host))
    try:
        with endpoint.at("connect"):
            found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except DeliveryError as error:
        if endpoint.proxy is None:
            raise
        return Seen(str(error), (d.replace(trouble_of(error, exam), grave=False),))
    addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
    more = exam.say("dns-more", count=len(addresses) - 2) if len(addresses) > 2 else ""
    return Seen(", ".join(addresses[:2]) + more)


def is_address(host: str) -> bool:
    """Whether *host* needs no looking up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _unused(exam: Exam) -> Seen | None:
    other = transport(exam)
    return None if other is None else Seen(exam.say("skipped-transport", transport=other), skipped=True)


def proxy(exam: Exam) -> Seen:
    """Whether the proxy answers; also one that mail does not use."""
    if (skipped := _unused(exam)) is not None:
        return skipped
    url = exam.values["MAIL_PROXY"]
    if url is None:
        name = next((name for name in ("ALL_PROXY", "all_proxy") if os.environ.get(name)), None)
        unused = () if name is None else (exam.trouble("proxy-unused", grave=False, name=name),)
        return Seen(exam.say("proxy-none"), unused)
    parts = urllib.parse.urlsplit(str(url))
    host, port = parts.hostname or "", parts.port or (1080 if parts.scheme.startswith("socks") else 3128)
    shown = f"{parts.scheme}://{host}:{port}"
    try:
        socket.create_connection((host, port), exam.endpoint().timeouts.of("connect")).close()
    except (OSError, ValueError) as error:
        return Seen(shown, (exam.trouble("proxy-down", proxy=shown, error=str(error)),))
    return Seen(shown)


def connect(exam: Exam) -> Seen:
    """Whether the port answers; where it does not in time, which others do."""
    endpoint = exam.endpoint()
    first = _patient(endpoint, 0.6)
    try:
        sock = exam.reached(open_socket(first))
    except DeliveryError as error:
        if not isinstance(error, TimeoutError):
            raise
        return _other_ports(exam, endpoint, error)
    return Seen(f"{endpoint.host}:{endpoint.port}" if endpoint.proxy else _peer(sock))


def _peer(sock: socket.socket) -> str:
    address: t.Any = sock.getpeername()
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"


def _patient(endpoint: Endpoint, share: float) -> Endpoint:
    """*endpoint*, to be connected to in *share* of the time."""
    seconds = min(endpoint.timeouts.of("connect"), endpoint.timeouts.total * share)
    return d.replace(endpoint, timeouts=Timeouts(seconds, total=endpoint.timeouts.total))


def _other_ports(exam: Exam, endpoint: Endpoint, error: DeliveryError) -> Seen:
    """After a timeout: a port that answers tells that this one is blocked; none, that all may be."""
    ports = [port for port in offered_ports(exam.provider) or USUAL if port != endpoint.port]
    answering = _answering(_patient(endpoint, 0.3), ports)
    fields: dict[str, t.Any] = {"port": endpoint.port, "host": endpoint.host, "tried": ", ".join(map(str, ports))}
    if answering:
        trouble = exam.trouble("port-blocked", answering=", ".join(map(str, answering)), **fields)
        how = exam.say("use-tls" if answering[0] in _FROM_THE_START else "use-starttls")
        trouble = d.replace(trouble, remedy=exam.say("use-port", port=answering[0], how=how))
    else:
        trouble = exam.trouble("ports-blocked", **fields)
        trouble = d.replace(trouble, link=trouble_of(error, exam).link)
    return Seen(exam.say("connect-timeout", port=endpoint.port), (trouble,))


def _answering(endpoint: Endpoint, ports: c.Sequence[int]) -> list[int]:
    """Those of *ports* that take a connection, in their order; all are tried at once."""

    def answers(port: int) -> bool:
        with contextlib.suppress(DeliveryError):
            open_socket(d.replace(endpoint, port=port)).close()
            return True
        return False

    with concurrent.futures.ThreadPoolExecutor(max(len(ports), 1)) as threads:
        return [port for port, yes in zip(ports, threads.map(answers, ports), strict=True) if yes]
