"""Someone who uses a web site: a browser of a few lines, with cookies and forms."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urljoin

from werkzeug.test import encode_multipart

PATIENCE = 30.0
"""How long to wait for a page, in seconds."""


class Visitor:
    """A visitor of one site, with cookies of their own.

    :param site: the address of the front page.
    """

    def __init__(self, site: str) -> None:
        self.site = site
        self._browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),  # the site is on this machine, whatever the environment says
            urllib.request.HTTPCookieProcessor(),
        )

    def open(self, url: str) -> str:
        """Follow a link; returns the page."""
        return self._fetch(urllib.request.Request(urljoin(self.site, url)))

    def submit(self, url: str, **fields: Any) -> str:
        """Send a form; a field can be a werkzeug ``FileStorage``. Returns the page it leads to."""
        boundary, body = encode_multipart(fields)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Origin": self.site.rstrip("/")}
        return self._fetch(urllib.request.Request(urljoin(self.site, url), body, headers))

    def press(self, page: str, action: str) -> str:
        """Press the button of *page* that leads to *action*."""
        if f'action="{action}"' not in page:
            raise OSError(f"{self.site} shows no button that leads to {action}")
        return self.submit(action)

    def _fetch(self, request: urllib.request.Request) -> str:
        try:
            with self._browser.open(request, timeout=PATIENCE) as response:
                return response.read().decode()
        except (urllib.error.HTTPError, http.client.HTTPException) as error:
            raise OSError(f"{request.get_method()} {request.full_url}: {error}") from error
