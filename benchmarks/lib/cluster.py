"""Who leads, who follows, and whether that changes while a load runs: asked of the health endpoint."""

import threading
import time
from urllib.parse import urlsplit, urlunsplit

from lib.http import Client, Unreachable

PORT_STEP = 100
NODES_OF_A_CLUSTER = 3
POLL_SECONDS = 0.2
HEALTH_SECONDS = 5.0


def node_urls(host, mode):
    """The nodes behind `--host`: itself, and for a cluster those 100 and 200 ports above it."""
    parts = urlsplit(host.rstrip("/"))
    if not parts.scheme or not parts.hostname:
        raise ValueError(f"--host is a URL such as http://127.0.0.1:6100, and not {host}")
    if mode == "single":
        return [host.rstrip("/")]
    port = parts.port or 80
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = lambda number: (parts.scheme, f"{name}:{port + PORT_STEP * number}", "", "", "")
    return [urlunsplit(place(number)) for number in range(NODES_OF_A_CLUSTER)]


class NoLeader(Exception):
    """Nobody said that it leads for as long as it was waited for."""


def health(client, url):
    """What `/health/ready` says, or None if nothing that can be understood."""
    try:
        told = client.request_once("GET", f"{url}/health/ready").json()
    except Unreachable:
        return None
    return told if isinstance(told, dict) and isinstance(told.get("cluster"), dict) else None


class Cluster:
    """The nodes of a run."""

    def __init__(self, urls):
        self.urls = list(urls)
        self.leader = None
        self._client = Client(seconds=HEALTH_SECONDS)

    @property
    def followers(self):
        """Those that do not lead; a node alone reads from itself."""
        return [url for url in self.urls if url != self.leader] or [self.leader]

    def find_leader(self, seconds=60.0, clock=time.monotonic, sleep=time.sleep):
        """Waits until every node is ready and one leads; gives its URL."""
        try:
            return self._find_leader(clock() + seconds, clock, sleep)
        finally:
            self._client.close()

    def _find_leader(self, end, clock, sleep):
        while True:
            told = {url: health(self._client, url) for url in self.urls}
            leaders = [url for url, said in told.items() if said and said["cluster"].get("role") == "leader"]
            if len(leaders) == 1 and all(
                said and said.get("status") == "ready" and said["cluster"].get("leader") for said in told.values()
            ):
                self.leader = leaders[0]
                return self.leader
            if clock() >= end:
                said = "; ".join(f"{url}: {said if said else 'no answer'}" for url, said in told.items())
                raise NoLeader(f"not every node is ready with one of them leading. {said}")
            sleep(POLL_SECONDS)


class HealthLog:
    """What the nodes said over time. Terms only rise and a leader stays one while nothing goes wrong."""

    def __init__(self):
        self.first = None
        self.last = None
        self.leader_changes = 0
        self.unready = 0
        self.polls = 0
        self.events = []

    def heard(self, seconds, url, said):
        """`said` is what `/health/ready` answered, or None."""
        self.polls += 1
        if said is None or said.get("status") != "ready" or not said["cluster"].get("leaderKnown", True):
            self.unready += 1
            self._note(seconds, url, "no answer" if said is None else f"status {said.get('status')}")
            return
        cluster = said["cluster"]
        term, leader = cluster.get("term"), cluster.get("leader")
        if leader is None and self.last is not None and term == self.last[0]:
            return  # It has not heard yet where the leader's door is.
        place = (term, leader)
        if self.last is None:
            self.first = self.last = place
        elif place != self.last and not self._is_older(place):
            # Where the leader's door is may be heard of after who leads.
            self.leader_changes += self.last[0] != term or self.last[1] is not None
            self._note(seconds, url, f"term {place[0]}, leader {place[1]}")
            self.last = place

    def _is_older(self, place):
        """A follower that has not heard of the new term yet."""
        return isinstance(place[0], int) and isinstance(self.last[0], int) and place[0] < self.last[0]

    def _note(self, seconds, url, what):
        if len(self.events) < 100:
            self.events.append({"seconds": round(seconds, 2), "node": url, "what": what})

    def figures(self):
        place = lambda place: None if place is None else {"term": place[0], "leader": place[1]}
        return {
            "first": place(self.first),
            "last": place(self.last),
            "leader_changes": self.leader_changes,
            "unready": self.unready,
            "polls": self.polls,
            "events": self.events,
        }


class HealthWatch:
    """Polls all nodes in the background until it is stopped."""

    def __init__(self, urls):
        self.log = HealthLog()
        self._urls = list(urls)
        # Nodes that are down because this run stopped them, and when they were back.
        self._left_out = set()
        self._back = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._begun = time.monotonic()

    def leave_out(self, url):
        """This run is about to stop this node."""
        self._left_out.add(url)

    def take_back(self, url):
        """It is ready again; what was asked before that does not count."""
        self._back[url] = time.monotonic()
        self._left_out.discard(url)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join(HEALTH_SECONDS * len(self._urls) + POLL_SECONDS)

    def _run(self):
        client = Client(seconds=HEALTH_SECONDS)
        while not self._is_over.wait(POLL_SECONDS):
            for url in self._urls:
                if url in self._left_out:
                    continue
                asked = time.monotonic()
                said = health(client, url)
                if url not in self._left_out and asked > self._back.get(url, 0.0):
                    self.log.heard(time.monotonic() - self._begun, url, said)
        client.close()
