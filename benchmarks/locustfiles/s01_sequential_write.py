"""S1: one user writes to the leader, with each payload in turn."""

from lib.data import size_label
from lib.scenario import Scenario, Stage
from lib.users import ConfigUser
from locust import task


class SequentialWriter(ConfigUser):
    """Writes keys that were not there."""

    @task
    def put(self):
        self.write_new()


def stages(session):
    leader = [session.cluster.leader]
    for size in session.plan.payloads:
        yield Stage(f"1 user, {size_label(size)}, leader", SequentialWriter, 1, writes=leader, payload=size)


SCENARIO = Scenario(1, "sequential-write", "Sequential write", "write", stages)
