"""The part of Dovecot that Postfix asks whether a login is right (Dovecot's authentication protocol, version 1)."""

from __future__ import annotations

import base64
import socketserver
import threading

from .recording import HOST
from .recording import PASSWORD
from .recording import USERNAME

GREETING = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00\nDONE\n"


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(GREETING.encode())
        for line in self.rfile:
            verb, *arguments = line.decode().rstrip("\n").split("\t")
            if verb == "AUTH":
                self.wfile.write(self._judged(arguments[0], arguments[-1]).encode())

    def _judged(self, number: str, response: str) -> str:
        _, username, password = base64.b64decode(response.removeprefix("resp=")).decode().split("\0")
        verdict = "OK" if (username, password) == (USERNAME, PASSWORD) else "FAIL"
        return f"{verdict}\t{number}\tuser={username}\n"


class Dovecot(socketserver.ThreadingTCPServer):
    """Knows one user, and the mechanism PLAIN."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Conversation)
        self.port: int = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self) -> None:
        """Stop, and close what listens."""
        self.shutdown()
        self._thread.join()
        self.server_close()
