"""S3: one user reads random keys from one follower."""

from lib.scenario import Scenario, Stage
from lib.users import ConfigUser
from locust import task


class SequentialReader(ConfigUser):
    """Reads keys that were there before the load."""

    @task
    def get(self):
        self.read_any()


def stages(session):
    yield Stage("1 user, one follower", SequentialReader, 1, reads=session.cluster.followers[:1], payload=session.plan.payload)


SCENARIO = Scenario(3, "sequential-read", "Sequential read", "read", stages)
