"""S4: more and more users read random keys from all nodes in turn."""

from lib.scenario import Scenario, Stage
from lib.users import ConfigUser
from locust import task


class ConcurrentReader(ConfigUser):
    """Reads keys that were there before the load; each request goes to the next node."""

    @task
    def get(self):
        self.read_any()


def stages(session):
    for users in session.plan.ramp:
        label = f"{users} user{'s' * (users > 1)}, all nodes in turn"
        yield Stage(label, ConcurrentReader, users, reads=session.cluster.urls, payload=session.plan.payload)


SCENARIO = Scenario(4, "concurrent-read", "Concurrent read", "read", stages)
