"""Snapshot and restore, measured while a load goes on. Times are wall-clock times as the one who waits sees them."""

import time
from pathlib import Path

from lib.cluster import NoLeader, health
from lib.http import Client, Unreachable
from lib.nodes import CannotStart, directory_bytes, free_port

SNAPSHOT = "/api/v1/admin/snapshot"
SAMPLE = 200
READY_SECONDS = 120


def milliseconds(since):
    return round((time.monotonic() - since) * 1000, 1)


class Snapshots:
    """The steps of S9 for one session."""

    def __init__(self, session):
        self.session = session
        self.faults = session.faults

    def take(self):
        """By the server's own call; where it has none, by `manifold ctl` on a node that this run started."""
        client = Client(self.session.api_key)
        begun = time.monotonic()
        try:
            answer = client.request("POST", self.session.cluster.leader + SNAPSHOT, b"{}")
        except Unreachable as error:
            self.faults.append(f"snapshot: {error}")
            return {"snapshot": {"by": f"POST {SNAPSHOT}", "failed": str(error)}}
        finally:
            client.close()
        took = milliseconds(begun)
        if answer.status in (200, 201):
            return {"snapshot": {"by": f"POST {SNAPSHOT}", "milliseconds": took, "answer": answer.json()}}
        if answer.status not in (404, 405):
            self.faults.append(f"snapshot: POST {SNAPSHOT} is answered {answer}")
            return {"snapshot": {"by": f"POST {SNAPSHOT}", "failed": str(answer)}}
        if self.session.nodes is None:
            return {"snapshot": {"not_measured": f"POST {SNAPSHOT} is answered {answer.status}, and the nodes are not of this run"}}
        path, took = self._save()
        size = path.stat().st_size
        path.unlink()
        return {"snapshot": {"by": "manifold ctl snapshot save", "milliseconds": took, "bytes": size}}

    def _save(self):
        nodes = self.session.nodes
        path = nodes.directory / f"{time.monotonic_ns()}.backup"
        begun = time.monotonic()
        nodes.control("snapshot", "save", path, "--data-dir", nodes.node(self.session.cluster.leader).directory)
        return path, milliseconds(begun)

    def restart_follower(self):
        """SIGKILL, one second of absence, and the time from its start until it says that it is ready."""
        self.session.cluster.find_leader(READY_SECONDS)
        url = self.session.cluster.followers[0]
        node = self.session.nodes.node(url)
        self.session.watch.leave_out(url)
        node.kill()
        time.sleep(1)
        begun = time.monotonic()
        node.start()
        took = self._until_ready(node)
        if took is None:
            self.faults.append(f"{url} was killed and is not ready {READY_SECONDS} s after its start")
        else:
            self.session.watch.take_back(url)
        return {"follower_restart": {"milliseconds": took, "total_milliseconds": milliseconds(begun)}}

    @staticmethod
    def _until_ready(node):
        begun = time.monotonic()
        client = Client(seconds=5)
        try:
            while time.monotonic() - begun < READY_SECONDS and not node.has_ended():
                told = health(client, node.url)
                if told and told.get("status") == "ready" and told["cluster"].get("leaderKnown"):
                    return milliseconds(begun)
                time.sleep(0.01)
        finally:
            client.close()
        return None

    def restore(self):
        """A backup becomes the data of a node that stands alone; everything in a sample must be there."""
        nodes = self.session.nodes
        try:
            path, saved = self._save()
            data = nodes.directory / f"restored-{path.stem}"
            begun = time.monotonic()
            nodes.control("restore", path, "--data-dir", data)
            restored = milliseconds(begun)
        except (CannotStart, NoLeader) as error:
            self.faults.append(f"restore: {error}")
            return {"restore": {"failed": str(error)}}
        size = path.stat().st_size
        path.unlink()
        return {"restore": {"saved_ms": saved, "bytes": size, "restored_ms": restored, **self._serve(data)}}

    def _serve(self, data):
        fresh = self.session.nodes.fresh(f"http://127.0.0.1:{free_port()}", Path(data))
        fresh.start()
        try:
            ready = self._until_ready(fresh)
            if ready is None:
                self.faults.append(f"restore: the fresh node is not ready {READY_SECONDS} s after its start")
                return {"ready_ms": None}
            wrong = self._wrong(fresh.url)
            if wrong:
                self.faults.append(f"restore: {len(wrong)} of {SAMPLE} keys are wrong on the fresh node: {wrong[0]}")
            return {"ready_ms": ready, "sampled": SAMPLE, "wrong": len(wrong), "disk_bytes": directory_bytes(data)}
        finally:
            fresh.stop()

    def _wrong(self, url):
        """Keys from before the load, which nobody writes any more."""
        session = self.session
        client = Client(session.api_key)
        wrong = []
        for key in session.dice.sample(session.seeded, min(SAMPLE, len(session.seeded))):
            try:
                answer = client.request("GET", url + key.path)
                verdict = session.ledger.judge(key, answer.json() if answer.status == 200 else None)
            except Unreachable as error:
                wrong.append(str(error))
                continue
            if verdict.lost:
                wrong.append(f"{key.namespace}/{key.name}: {verdict.reason}")
        client.close()
        return wrong
