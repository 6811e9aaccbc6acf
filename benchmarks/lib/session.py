"""One tier's run: its nodes, its data, and the proof at its end that nothing acknowledged is missing."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from lib.data import PAYLOADS, Ledger, Tier, Values
from lib.http import Client, Unreachable

WORKERS = 16
# A namespace's keys are read in one answer while their values are not more than this.
LIST_BYTES_MAX = 32 << 20
# Keys that are read one by one from every node, whatever the lists said.
SAMPLE = 500
REASONS_MAX = 20


@dataclass
class Plan:
    """How much is to be done."""

    seconds: float = 10.0
    warm_up: float = 1.0
    ramp: tuple = (1, 10, 50, 100)
    payloads: tuple = tuple(PAYLOADS.values())
    payload: int = PAYLOADS["1KB"]
    mixed_users: int = 50
    overhead_users: int = 10
    sweep_users: int = 10
    stage_bytes_max: int = 512 << 20
    audit_marks: tuple = (1_000, 10_000, 100_000)
    entries_max: int | None = None


@dataclass
class Proof:
    """What reading everything back said."""

    acknowledged: int = 0
    verified: int = 0
    lost: int = 0
    surplus: int = 0
    doubtful: int = 0
    keys: int = 0
    seeding_failures: int = 0
    reasons: list = field(default_factory=list)

    def add(self, key, verdict):
        self.verified += verdict.verified
        self.lost += verdict.lost
        self.surplus += verdict.reason is not None and not verdict.lost
        if verdict.reason and len(self.reasons) < REASONS_MAX:
            self.reasons.append(f"{key.namespace}/{key.name}: {verdict.reason}")


class Refused(Exception):
    """The server did not do what the run cannot go on without."""


class Session:
    """What users of a stage and the steps between stages share."""

    def __init__(self, tier: Tier, cluster, api_key, reader_key=None, seed=None, plan=None):
        self.tier = tier
        self.cluster = cluster
        self.api_key = api_key
        self.reader_key = reader_key or api_key
        self.plan = plan or Plan()
        self.seed = random.SystemRandom().getrandbits(32) if seed is None else seed
        self.values = Values(self.seed)
        self.ledger = Ledger(self.values)
        self.dice = random.Random(self.seed)
        self.seeded = []
        self.seeding_failures = []
        self.audit_written = 0
        self.last_audit_key = None
        self.stage = None
        # The nodes of this run if it started them, and who watches their health.
        self.nodes = None
        self.watch = None
        # What went wrong in other ways than a failed request.
        self.faults = []

    @property
    def entries(self):
        return min(self.tier.entries, self.plan.entries_max or self.tier.entries)

    def namespace(self, serial):
        """Namespaces of the tier in turn."""
        return self.tier.namespace(serial % self.tier.namespaces + 1)

    def check_key(self):
        """That the key is taken, before anything is measured."""
        answer = Client(self.api_key).request("GET", f"{self.cluster.leader}/api/v1/namespaces")
        if answer.status == 401:
            raise Refused(f"the API key is refused (401): {answer}. Name one with --api-key, or in BENCH_API_KEY")
        if answer.status != 200 or not isinstance(answer.json(), list):
            raise Refused(f"GET /api/v1/namespaces is answered {answer}")

    def _each(self, work, items, workers=WORKERS):
        """Does `work(client, item)` for all items, each worker with connections of its own."""
        items = iter(list(items))

        def worker(_):
            client = Client(self.api_key)
            try:
                # One iterator for all of them.
                for item in items:
                    work(client, item)
            finally:
                client.close()

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(worker, range(workers)))

    def write(self, client, key, url=None):
        """Writes a new value to a key and takes down what was answered. Gives whether it was acknowledged."""
        serial = self.ledger.next_serial()
        self.ledger.is_doubtful(key, serial)
        try:
            answer = client.request("PUT", (url or self.cluster.leader) + key.path, self.values.body(serial, key.size))
        except Unreachable as error:
            self.seeding_failures.append(str(error))
            return False
        if answer.status != 200:
            self.seeding_failures.append(f"PUT {key.path}: {answer}")
            return False
        key.doubts -= 1
        self.ledger.was_acknowledged(key, serial)
        return True

    def seed_store(self, told=lambda done, of: None):
        """Creates the tier's namespaces and entries."""
        client = Client(self.api_key)
        for name in [*self.tier.namespace_names, self.tier.audit_namespace]:
            answer = client.request("PUT", f"{self.cluster.leader}/api/v1/namespaces/{name}", b"{}")
            if answer.status != 200:
                raise Refused(f"PUT /api/v1/namespaces/{name} is answered {answer}")
        client.close()
        done = 0

        def work(client, number):
            nonlocal done
            key = self.ledger.new_key(self.namespace(number), self.plan.payload)
            if self.write(client, key):
                self.seeded.append(key)
            done += 1
            if done % 1_000 == 0:
                told(done, self.entries)
            if len(self.seeding_failures) > 100:
                raise Refused(f"too many writes fail: {self.seeding_failures[0]}")

        self._each(work, range(self.entries))
        if not self.seeded:
            raise Refused(f"no entry was written: {self.seeding_failures[0]}")

    def write_audited(self, count):
        """Writes until the audit namespace has had `count` changes, every second one to a key that is there."""
        lacking = count - self.audit_written
        if lacking <= 0:
            return
        keys = [self.ledger.new_key(self.tier.audit_namespace, PAYLOADS["10B"]) for _ in range((lacking + 1) // 2)]
        second = keys[: lacking - len(keys)]

        def work(client, key):
            if self.write(client, key):
                self.audit_written += 1

        self._each(work, keys)
        self._each(work, second)
        # The newest record is then known.
        last = self.ledger.new_key(self.tier.audit_namespace, PAYLOADS["10B"])
        client = Client(self.api_key)
        if self.write(client, last):
            self.audit_written += 1
        client.close()
        self.last_audit_key = last

    def read_back(self):
        """Reads every key that was ever acknowledged and compares hash and version. Gives a Proof."""
        proof = Proof(acknowledged=self.ledger.acknowledged, doubtful=self.ledger.doubtful)
        proof.seeding_failures = len(self.seeding_failures)
        proof.reasons += self.seeding_failures[:REASONS_MAX]
        keys = [key for key in self.ledger.keys if key.acknowledged]
        proof.keys = len(keys)
        one_by_one = self._read_lists(keys, proof)
        self._each(lambda client, key: self._read_one(client, key, self.cluster.leader, proof), one_by_one)
        sample = self.dice.sample(keys, min(SAMPLE, len(keys)))
        for url in self.cluster.urls:
            self._each(lambda client, key, url=url: self._read_sample(client, key, url, proof), sample)
        return proof

    def _read_lists(self, keys, proof):
        """Adds to the proof what whole namespaces show to be right, and gives the rest."""
        by_namespace = {}
        for key in keys:
            by_namespace.setdefault(key.namespace, []).append(key)
        rest = [key for found in by_namespace.values() if sum(key.size for key in found) > LIST_BYTES_MAX for key in found]
        small = [name for name, found in by_namespace.items() if sum(key.size for key in found) <= LIST_BYTES_MAX]

        def work(client, name):
            try:
                entries = client.request("GET", f"{self.cluster.leader}/api/v1/namespaces/{name}/config").json()
            except Unreachable:
                entries = None
            there = {entry.get("key"): entry for entry in entries} if isinstance(entries, list) else {}
            for key in by_namespace[name]:
                verdict = self.ledger.judge(key, there.get(key.name))
                if verdict.reason is None:
                    proof.add(key, verdict)
                else:
                    rest.append(key)

        self._each(work, small, workers=4)
        return rest

    def _entry(self, client, key, url):
        """The entry, None for a 404; raises Unreachable for anything else."""
        answer = client.request("GET", url + key.path)
        if answer.status == 404:
            return None
        entry = answer.json()
        if answer.status != 200 or not isinstance(entry, dict):
            raise Unreachable(f"GET {key.path}: {answer}")
        return entry

    def _read_one(self, client, key, url, proof):
        for is_last in (False, True):
            try:
                proof.add(key, self.ledger.judge(key, self._entry(client, key, url)))
                return
            except Unreachable as error:
                if is_last:
                    # Nobody can tell: what cannot be read back counts as lost.
                    proof.lost += key.acknowledged
                    if len(proof.reasons) < REASONS_MAX:
                        proof.reasons.append(str(error))

    def _read_sample(self, client, key, url, proof):
        """A wrong one on any node is lost, too, though it was counted as verified on the leader."""
        try:
            verdict = self.ledger.judge(key, self._entry(client, key, url))
        except Unreachable as error:
            verdict = self.ledger.judge(key, None)
            verdict.reason = str(error)
        if verdict.lost:
            proof.verified -= min(verdict.lost, proof.verified)
            proof.lost += verdict.lost
            if len(proof.reasons) < REASONS_MAX:
                proof.reasons.append(f"at {url}: {key.namespace}/{key.name}: {verdict.reason}")

    def clean_up(self):
        """Deletes the run's namespaces with all their keys; gives what could not be deleted."""
        client = Client(self.api_key)
        left = []
        for name in [*self.tier.namespace_names, self.tier.audit_namespace]:
            try:
                answer = client.request("DELETE", f"{self.cluster.leader}/api/v1/namespaces/{name}")
                if answer.status not in (204, 404):
                    left.append(f"{name}: {answer}")
            except Unreachable as error:
                left.append(f"{name}: {error}")
        client.close()
        return left
