"""Nodes that the suite starts by itself, on loopback addresses and empty directories, and ends by their process ids."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lib.cluster import Cluster
from lib.http import Client

STOP_SECONDS = 20
READY_SECONDS = 60
# As long as one node leads without a change before it is believed that it goes on.
SETTLED_SECONDS = 10
TICKS = os.sysconf("SC_CLK_TCK")


class CannotStart(Exception):
    """A node could not be started, or ended at once."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def directory_bytes(path):
    """Bytes that its files take on the disk."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512
            except OSError:
                pass  # It was deleted meanwhile.
    return total


@dataclass
class Node:
    """One process."""

    url: str
    directory: Path
    command: list
    log: Path
    process: subprocess.Popen | None = None
    cpu_before: float = 0.0
    rss_max: int = field(default=0)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def has_ended(self):
        return self.process is None or self.process.poll() is not None

    def kill(self):
        """At once, as a power cut would."""
        self.cpu_before += self.cpu_seconds()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.has_ended():
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu_seconds(self):
        """User and system time of the process as it is now."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except (OSError, AttributeError):
            return 0.0
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self):
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except (OSError, AttributeError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def figures(self):
        return {
            "url": self.url,
            "cpu_seconds": round(self.cpu_before + self.cpu_seconds(), 2),
            "resident_bytes": self.resident_bytes(),
            "disk_bytes": directory_bytes(self.directory),
        }


class Nodes:
    """One node, or three that found a cluster, below a directory of their own that goes with them."""

    def __init__(self, binary, urls, under, keys, flags=()):
        if not os.access(binary, os.X_OK):
            raise CannotStart(f"{binary} is not a program: build it, and name it with --binary")
        self.binary = str(Path(binary).resolve())
        # Absolute and short: the administrative socket lies in it.
        Path(under).mkdir(parents=True, exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix="config-bench-", dir=Path(under).resolve()))
        # Name, text and role of each.
        self.keys = keys
        self.keys_file = self.directory / "keys"
        self.keys_file.touch(mode=0o600)
        self.keys_file.write_text("".join(f"{name} {text} {role}\n" for name, text, role in keys))
        self.flags = list(flags)
        self.nodes = []
        peers = [f"127.0.0.1:{free_port()}" for _ in urls]
        members = ",".join(f"n{number}={peer}" for number, peer in enumerate(peers, 1))
        for number, (url, peer) in enumerate(zip(urls, peers), 1):
            founding = ["--peer", peer, "--cluster", members] if len(urls) > 1 else ["--peer", "off"]
            self.nodes.append(self._node(f"n{number}", url, founding))

    def _node(self, name, url, more):
        directory = self.directory / name
        command = [self.binary, "serve", "--data-dir", str(directory), "--name", name, "--http", urlsplit(url).netloc]
        command += ["--etcd", "off", "--kafka", "off", "--import-keys", str(self.keys_file), *more, *self.flags]
        return Node(url, directory, command, self.directory / f"{name}.log")

    def start(self):
        for node in self.nodes:
            place = urlsplit(node.url)
            with socket.socket() as probe:
                if probe.connect_ex((place.hostname, place.port)) == 0:
                    raise CannotStart(f"somebody already serves at {node.url}: name another --host, or leave --start out")
        for node in self.nodes:
            node.start()
        self.wait()

    def wait(self, seconds=READY_SECONDS):
        """Until all are ready, and know the keys, which whoever leads imports after it began to lead."""
        urls = [node.url for node in self.nodes]
        end = time.monotonic() + seconds
        self._settle(Cluster(urls), end)
        for _, text, _ in self.keys:
            client = Client(text)
            for url in urls:
                while client.request_once("GET", f"{url}/api/v1/namespaces").status == 401:
                    if time.monotonic() > end:
                        raise CannotStart(f"{url} does not know the keys that it was to import")
                    self._sleep(0.1)
            client.close()

    def _settle(self, cluster, end):
        """A cluster that was just founded hands each shard to the node that should lead it; what is measured begins after that."""
        leader, since = None, 0.0
        while leader is None or (len(self.nodes) > 1 and time.monotonic() - since < SETTLED_SECONDS):
            found = cluster.find_leader(max(1.0, end - time.monotonic()), sleep=self._sleep)
            if found != leader:
                leader, since = found, time.monotonic()
            if len(self.nodes) > 1:
                self._sleep(0.2)

    def _sleep(self, seconds):
        for node in self.nodes:
            if node.has_ended():
                told = node.log.read_text(errors="replace").strip().splitlines()[-3:]
                raise CannotStart(f"{node.url} ended with code {node.process.returncode}: {' | '.join(told)}")
        time.sleep(seconds)

    def node(self, url):
        return next(node for node in self.nodes if node.url == url)

    def fresh(self, url, data):
        """One more node, alone, on a data directory that is there already."""
        node = self._node("fresh", url, ["--peer", "off"])
        node.directory = Path(data)
        node.command[node.command.index("--data-dir") + 1] = str(data)
        return node

    def control(self, *arguments, seconds=300):
        """Runs `manifold ctl`; gives its standard output. Raises CannotStart with what it said."""
        done = subprocess.run([self.binary, "ctl", *map(str, arguments)], capture_output=True, text=True, timeout=seconds, check=False)
        if done.returncode:
            raise CannotStart(f"manifold ctl {arguments[0]} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout

    def figures(self):
        return [node.figures() for node in self.nodes]

    def close(self, keep=False):
        for node in self.nodes:
            node.stop()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)
