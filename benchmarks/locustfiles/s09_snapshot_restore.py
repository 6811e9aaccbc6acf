"""S9: a snapshot is taken while one user writes and one reads; a node is killed and comes back; a fresh one starts from the snapshot."""

from lib.scenario import Scenario, Stage
from lib.snapshots import Snapshots
from lib.users import ConfigUser
from locust import task


class Bystander(ConfigUser):
    """Goes on with its work, so that what stalls is seen: the longest latencies are the stage's max_ms."""

    @task
    def put(self):
        self.write_new()

    @task
    def get(self):
        self.read_any()


def stages(session):
    cluster = session.cluster
    snapshots = Snapshots(session)
    common = {"writes": [cluster.leader], "reads": [cluster.leader], "payload": session.plan.payload}
    yield Stage("2 users, a snapshot is taken", Bystander, 2, beside=snapshots.take, **common)
    if session.nodes is not None:
        if len(cluster.urls) > 1:
            yield Stage("2 users, a follower is killed and comes back", Bystander, 2, beside=snapshots.restart_follower, **common)
        yield Stage("2 users, a fresh node is restored", Bystander, 2, beside=snapshots.restore, **common)


SCENARIO = Scenario(9, "snapshot-restore", "Snapshot and restore", "snapshot", stages)
