"""A small HTTP client on the standard library, for everything that is not measured. It follows 307 with method and body."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

HOPS_MAX = 5
SECONDS = 60.0


class Unreachable(Exception):
    """No answer came."""


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        """The body, or None if it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __str__(self):
        problem = self.json()
        told = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
        return f"{self.status} {told or self.body[:200].decode(errors='replace')}".strip()


class Client:
    """Connections that are kept, one for each server. Not to be shared by threads or greenlets."""

    def __init__(self, api_key=None, seconds=SECONDS):
        self.api_key = api_key
        self.seconds = seconds
        self._connections = {}

    def request(self, method, url, body=None, headers=None):
        """Follows redirects. Raises Unreachable."""
        for _ in range(HOPS_MAX):
            answer = self.request_once(method, url, body, headers)
            location = answer.headers.get("location")
            if answer.status != 307 or not location:
                return answer
            url = urljoin(url, location)
        raise Unreachable(f"{url}: more than {HOPS_MAX} redirects")

    def request_once(self, method, url, body=None, headers=None):
        is_kept = urlsplit(url).netloc in self._connections
        try:
            return self._request_once(method, url, body, headers)
        except Unreachable:
            # A connection that was kept may have ended long ago. What changes something is never sent twice.
            if method != "GET" or not is_kept:
                raise
        return self._request_once(method, url, body, headers)

    def _request_once(self, method, url, body, headers):
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": "application/json", **(headers or {})} if body is not None else dict(headers or {})
        if self.api_key:
            headers.setdefault("X-Api-Key", self.api_key)
        connection = self._connections.pop(parts.netloc, None)
        if connection is None:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(parts.hostname, parts.port, timeout=self.seconds)
        try:
            connection.request(method, path or "/", body=body, headers=headers)
            response = connection.getresponse()
            answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unreachable(f"{method} {url}: {error or type(error).__name__}") from error
        if response.will_close:
            connection.close()
        else:
            self._connections[parts.netloc] = connection
        return answer

    def close(self):
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
