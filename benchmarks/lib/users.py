"""Locust's users that the scenarios are made of. Both of Locust's clients serve: see `--client`."""

import json
import os
import time

import gevent
from locust import FastHttpUser, HttpUser, constant

from lib.report import REDIRECT
from lib.running import session, stage_of

HOPS_MAX = 5
SECONDS = 60.0
CLIENT = os.environ.get("BENCH_CLIENT", "fast")
Base = {"fast": FastHttpUser, "requests": HttpUser}[CLIENT]


class ConfigUser(Base):
    """Sends one request after the other and follows 307 itself, so that both clients do it alike and its cost is in the latency."""

    abstract = True
    wait_time = constant(0)
    # Never repeated by the client itself: a write that is sent twice is two versions.
    max_retries = 0
    network_timeout = SECONDS
    connection_timeout = SECONDS
    insecure = True
    # Only looked at by Locust when a file is run by itself.
    host = "http://127.0.0.1:6100"
    _numbers = iter(range(1 << 62))

    def on_start(self):
        self.session = session(self.host)
        self.stage = self.session.stage or stage_of(type(self), self.session)
        self.number = next(self._numbers)
        self.turns = self.sent = self.number
        self.write_headers = {"X-Api-Key": self.session.api_key, "Content-Type": "application/json"}
        self.read_headers = {"X-Api-Key": self.session.reader_key}
        self.more = {} if CLIENT == "fast" else {"timeout": SECONDS}

    def send(self, method, url, name, headers, body=None, check=None):
        """Gives the answer's body if it is 200 and `check` finds nothing wrong with it, else None; failures are counted."""
        started = time.perf_counter()
        for _ in range(HOPS_MAX):
            arguments = {"name": name, "headers": headers, "catch_response": True, "allow_redirects": False, **self.more}
            with self.client.request(method, url, data=body, **arguments) as response:
                location = response.headers.get("location") if response.status_code == 307 else None
                if location:
                    response.request_meta["name"] = REDIRECT
                    response.success()
                    url = location
                    continue
                response.request_meta["response_time"] = (time.perf_counter() - started) * 1000
                content = response.content or b""
                if response.status_code != 200:
                    response.failure(self._reason(response, content))
                    return None
                wrong = check(content) if check else None
                if wrong:
                    response.failure(wrong)
                    return None
                response.success()
                return content
        return None

    @staticmethod
    def _reason(response, content):
        if not response.status_code:
            return f"no answer: {getattr(response, 'error', None) or 'the connection ended'}"
        try:
            problem = json.loads(content)
            told = problem.get("detail") or problem.get("title")
        except (ValueError, AttributeError):
            told = content[:100].decode(errors="replace")
        return f"{response.status_code} {told}"

    def has_room(self):
        """A stage that has written all it may ends at once; until then its users wait."""
        if self.stage.bytes_sent <= self.session.plan.stage_bytes_max:
            return True
        self.stage.is_full.set()
        gevent.sleep(0.05)
        return False

    def write(self, key, name="PUT config"):
        """Writes a new value to a key of this user's, and takes down what was answered. Gives the serial if it was acknowledged."""
        if not self.has_room():
            return None
        self.stage.bytes_sent += key.size
        ledger, values = self.session.ledger, self.session.values
        serial = ledger.next_serial()
        ledger.is_doubtful(key, serial)
        self.sent += 1
        url = self.stage.writes[self.sent % len(self.stage.writes)] + key.path
        content = self.send("PUT", url, name, self.write_headers, values.body(serial, key.size))
        if content is None:
            return None
        key.doubts -= 1
        ledger.was_acknowledged(key, serial)
        return serial

    def write_new(self, name="PUT config"):
        """Writes a key that was not there; gives it if that was acknowledged."""
        if not self.has_room():
            return None
        self.turns += 1
        key = self.session.ledger.new_key(self.session.namespace(self.turns), self.stage.payload)
        return key if self.write(key, name) else None

    def read(self, key, name="GET config"):
        """Reads a key that nobody else writes now: its value must be the last one that was acknowledged."""
        self.turns += 1
        url = self.stage.reads[self.turns % len(self.stage.reads)] + key.path
        expected = self.session.values.value(key.serial, key.size)

        def check(content):
            return None if expected in content else "another value than the one that was written last"

        return self.send("GET", url, name, self.read_headers, check=check)

    def read_any(self):
        """A random key of those that were there before the load."""
        return self.read(self.session.dice.choice(self.session.seeded))
