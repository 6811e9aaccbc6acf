"""S5: four reads from any node for each write to the leader. Who wrote reads what they wrote, at any node and at once."""

from lib.scenario import Scenario, Stage
from lib.users import ConfigUser
from locust import task


class MixedUser(ConfigUser):
    """Every second write is to a key of its own that is there already."""

    def on_start(self):
        super().on_start()
        self.own = None
        self.writes = 0

    @task(4)
    def get(self):
        if self.own is not None and self.turns % 4 == 0:
            self.read(self.own)
        else:
            self.read_any()

    @task(1)
    def put(self):
        self.writes += 1
        if self.own is None or self.writes % 2:
            self.own = self.write_new()
        elif self.write(self.own) is None:
            self.own = None


def stages(session):
    users, cluster = session.plan.mixed_users, session.cluster
    label = f"{users} users, 80 % reads, 20 % writes"
    yield Stage(label, MixedUser, users, writes=[cluster.leader], reads=cluster.urls, payload=session.plan.payload)


SCENARIO = Scenario(5, "mixed", "Mixed", "mixed", stages)
