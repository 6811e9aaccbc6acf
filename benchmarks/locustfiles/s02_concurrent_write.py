"""S2: more and more users write to all nodes in turn and follow 307 to the leader."""

from lib.scenario import Scenario, Stage
from lib.users import ConfigUser
from locust import task


class ConcurrentWriter(ConfigUser):
    """Writes keys that were not there; each request goes to the next node."""

    @task
    def put(self):
        self.write_new()


def stages(session):
    for users in session.plan.ramp:
        label = f"{users} user{'s' * (users > 1)}, all nodes in turn"
        yield Stage(label, ConcurrentWriter, users, writes=session.cluster.urls, payload=session.plan.payload)


SCENARIO = Scenario(2, "concurrent-write", "Concurrent write", "write", stages)
