"""S6: what the agreement of a majority costs: writes to the leader beside reads from a follower, alike in size and users."""

from lib.scenario import Scenario, Stage
from lib.users import ConfigUser
from locust import task

WRITES, READS = "writes to the leader", "reads from a follower"


class OverheadWriter(ConfigUser):
    """Writes keys that were not there."""

    @task
    def put(self):
        self.write_new()


class OverheadReader(ConfigUser):
    """Reads keys that were there before the load."""

    @task
    def get(self):
        self.read_any()


def stages(session):
    users, cluster, size = session.plan.overhead_users, session.cluster, session.plan.payload
    yield Stage(WRITES, OverheadWriter, users, writes=[cluster.leader], payload=size)
    yield Stage(READS, OverheadReader, users, reads=cluster.followers[:1], payload=size)


def derive(stages):
    """Reads are linearizable, so they have asked the leader, too: this is the cost of replication and the disk, not of Raft alone."""
    write, read = stages[WRITES], stages[READS]
    return {
        f"write_less_read_{name}": round(write[name] - read[name], 3)
        for name in ("p50_ms", "p95_ms", "p99_ms")
        if write[name] is not None and read[name] is not None
    }


SCENARIO = Scenario(6, "raft-overhead", "Raft overhead", "mixed", stages, derive)
