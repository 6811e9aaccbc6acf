"""S7: the newest 50 records of a namespace's audit trail, when it is longer and longer."""

import json

from lib.scenario import Scenario, Stage
from lib.users import ConfigUser
from locust import task

LIMIT = 50


class Auditor(ConfigUser):
    """Asks for the newest records. The first one must be that of the last write."""

    def on_start(self):
        super().on_start()
        self.newest = self.session.last_audit_key
        self.asked = 0

    @task
    def audit(self):
        self.asked += 1
        url = f"{self.stage.reads[0]}/api/v1/namespaces/{self.newest.namespace}/audit?limit={LIMIT}"
        # Reading JSON is the client's work, not the server's: most answers are only searched.
        check = self.check_all if self.asked % 100 == 1 else self.check_newest
        self.send("GET", url, "GET audit", self.read_headers, check=check)

    def check_newest(self, content):
        return None if self.newest.name.encode() in content else "the newest record is missing"

    def check_all(self, content):
        try:
            records = json.loads(content)
            names = [record["key"] for record in records]
            times = [record["timestamp"] for record in records]
        except (ValueError, KeyError, TypeError):
            return "no array of records"
        if len(names) != LIMIT:
            return f"{len(names)} records instead of {LIMIT}"
        if names[0] != self.newest.name:
            return "the newest record is not the first"
        return None if times == sorted(times, reverse=True) else "records are not in the order of their times"


def stages(session):
    for mark in session.plan.audit_marks:
        if mark <= session.entries or mark == session.plan.audit_marks[0]:
            yield Stage(f"after {mark:,} writes", Auditor, 1, reads=[session.cluster.leader], before=lambda mark=mark: write(session, mark))


def write(session, mark):
    failures = len(session.seeding_failures)
    session.write_audited(mark)
    return {"audited_writes": session.audit_written, "write_failures": len(session.seeding_failures) - failures}


SCENARIO = Scenario(7, "audit-query", "Audit query", "audit", stages)
