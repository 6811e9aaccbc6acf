"""S8: ten users write larger and larger values."""

from lib.data import size_label
from lib.scenario import Scenario, Stage
from lib.users import ConfigUser
from locust import task


class PayloadWriter(ConfigUser):
    """Writes keys that were not there."""

    @task
    def put(self):
        self.write_new()


def stages(session):
    users = session.plan.sweep_users
    for size in session.plan.payloads:
        yield Stage(f"{users} users, {size_label(size)}", PayloadWriter, users, writes=[session.cluster.leader], payload=size)


SCENARIO = Scenario(8, "payload-sweep", "Payload sweep", "payload", stages)
