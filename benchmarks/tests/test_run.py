"""The whole command against the model: clean runs pass, and each planted fault is found."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tests.model import Faults, Model

BENCHMARKS = Path(__file__).resolve().parent.parent
SHORT = ["--quick", "--duration", "0.3", "--warm-up", "0.1"]


def run(model, *more, mode="cluster"):
    with tempfile.TemporaryDirectory() as results:
        command = [sys.executable, str(BENCHMARKS / "run_benchmark.py"), "--nodes", ",".join(model.urls), "--mode", mode]
        command += [*SHORT, "--output-dir", results, *more]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        found = list(Path(results).iterdir())
        result = json.loads(found[0].read_text()) if found else None
        return done.returncode, done.stdout + done.stderr, result


class RunTest(unittest.TestCase):
    def test_all_scenarios_on_three_nodes(self):
        with Model() as model:
            code, told, result = run(model)
            self.assertEqual(model.store.namespaces, {}, "everything is cleaned up")
        self.assertEqual(code, 0, told)
        self.assertIn("[9/10] S9 Snapshot and restore", told)
        tier = result["tiers"][0]
        self.assertEqual([scenario["number"] for scenario in tier["scenarios"]], list(range(1, 11)))
        self.assertEqual(tier["proof"]["lost"], 0)
        self.assertEqual(tier["proof"]["verified"], tier["proof"]["acknowledged"])
        self.assertEqual(tier["cluster"]["leader_changes"], 0)
        self.assertGreater(tier["proof"]["acknowledged"], 300)
        stages = {stage["label"]: stage for scenario in tier["scenarios"] for stage in scenario.get("stages", [])}
        self.assertGreater(stages["10 users, all nodes in turn"]["requests"], 0)
        self.assertGreater(stages["1 user, all nodes in turn"]["requests"], 0)
        concurrent = tier["scenarios"][1]["stages"][1]
        self.assertGreater(concurrent["redirects"], 0)
        self.assertIn("snapshot", tier["scenarios"][8]["stages"][0])

    def test_a_node_alone_with_the_other_client(self):
        with Model(1) as model:
            code, told, result = run(model, "--client", "requests", "--scenarios", "write,mixed,single", mode="single")
        self.assertEqual(code, 0, told)
        self.assertEqual(result["tiers"][0]["scenarios"][-1]["may_be_left_out"], True)

    def test_data_stays_if_it_shall(self):
        with Model(1) as model:
            code, told, _ = run(model, "--scenarios", "3", "--no-cleanup", mode="single")
            self.assertEqual(code, 0, told)
            self.assertEqual(len(model.store.namespaces), 11)
            self.assertEqual(len(model.store.entries), 200)

    def assert_found(self, words, *more, **faults):
        with Model(faults=Faults(**faults)) as model:
            code, told, result = run(model, "--scenarios", "write,mixed", "--payloads", "10B,1KB", *more)
        self.assertEqual(code, 1, told)
        self.assertTrue(any(words in fault for fault in result["faults"]), result["faults"])
        return result

    def test_a_lost_write_is_found(self):
        result = self.assert_found("acknowledged writes are lost", lose_every=101)
        proof = result["tiers"][0]["proof"]
        self.assertGreater(proof["lost"], 0)
        self.assertEqual(proof["verified"] + proof["lost"], proof["acknowledged"])

    def test_a_changed_byte_is_found(self):
        self.assert_found("acknowledged writes are lost", corrupt_every=101)

    def test_a_failure_is_found(self):
        result = self.assert_found("requests failed", fail_every=301)
        self.assertEqual(result["tiers"][0]["proof"]["lost"], 0)

    def test_a_write_that_counts_twice_is_found(self):
        self.assert_found("more versions", double_every=101)

    def test_a_leader_change_is_found(self):
        self.assert_found("leader changes", elect_after=400)

    def test_a_stale_read_is_found(self):
        self.assert_found("requests failed", "--scenarios", "mixed", stale_reads=True)

    def test_a_wrong_key_is_told_at_once(self):
        with Model() as model:
            code, told, _ = run(model, "--api-key", "nonsense")
        self.assertEqual(code, 1)
        self.assertIn("the API key is refused (401)", told)


if __name__ == "__main__":
    unittest.main()
