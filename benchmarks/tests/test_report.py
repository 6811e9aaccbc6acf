"""Percentiles, files, and what makes a run a failure."""

import json
import random
import tempfile
import unittest
from pathlib import Path

from lib.report import REDIRECT, Recorder, faults, line, percentile, write


def clean_result():
    stage = {"label": "1 user", "requests": 5, "failures_also_unmeasured": 0}
    proof = {"acknowledged": 3, "verified": 3, "lost": 0, "surplus": 0, "seeding_failures": 0}
    cluster = {"leader_changes": 0, "unready": 0}
    tier = {"tier": "small", "scenarios": [{"name": "mixed", "stages": [stage]}], "proof": proof, "cluster": cluster}
    return {"started": "2026-01-02T03:04:05Z", "tier": "small", "mode": "cluster", "tiers": [tier]}


class ReportTest(unittest.TestCase):
    def test_percentiles_are_exact(self):
        values = sorted(random.Random(1).sample(range(100_000), 1_000))
        self.assertEqual(percentile(values, 0.5), values[499])
        self.assertEqual(percentile(values, 0.99), values[989])
        self.assertEqual(percentile([4], 0.99), 4)
        self.assertIsNone(percentile([], 0.5))

    def test_figures(self):
        recorder = Recorder()
        recorder.on_request("GET", 1000.0, 10)
        recorder.open()
        for number in range(1, 101):
            recorder.on_request("GET", number / 10, 100)
        recorder.on_request(REDIRECT, 900.0, 0)
        recorder.on_request("PUT", 20.0, 50, exception="500 broken")
        recorder.close()
        recorder.on_request("PUT", 5000.0, 50, exception="500 broken")
        figures = recorder.figures(2.0)
        self.assertEqual((figures["requests"], figures["failures"], figures["redirects"]), (101, 1, 1))
        self.assertEqual(figures["failures_also_unmeasured"], 2)
        self.assertEqual(figures["requests_per_second"], 50.5)
        self.assertEqual((figures["p50_ms"], figures["p95_ms"], figures["max_ms"]), (5.1, 9.6, 20.0))
        self.assertEqual(figures["by_name"]["GET"]["p99_ms"], 9.9)
        self.assertEqual(figures["response_bytes"], {"mean": 99.5, "max": 100, "total": 10_050})
        self.assertEqual(figures["errors"], {"PUT: 500 broken": 2})
        self.assertIn("2 FAILED", line("x", figures))

    def test_nothing_measured_is_told_as_nothing(self):
        figures = Recorder().figures(1.0)
        self.assertEqual((figures["requests"], figures["p50_ms"], figures["error_rate"]), (0, None, 0.0))
        self.assertIn("p50       -", line("x", figures))

    def test_a_result_is_named_by_time_and_tier(self):
        with tempfile.TemporaryDirectory() as directory:
            path = write(clean_result(), directory)
            self.assertEqual(path.name, "20260102T030405Z-small-cluster.json")
            self.assertEqual(json.loads(path.read_text())["tier"], "small")
            self.assertEqual([found.name for found in Path(directory).iterdir()], [path.name])

    def test_what_is_clean_has_no_faults(self):
        self.assertEqual(faults(clean_result()), [])

    def test_every_fault_is_found(self):
        for change, words in (
            (lambda tier: tier["proof"].update(lost=1, verified=2), "acknowledged writes are lost"),
            (lambda tier: tier["proof"].update(verified=2), "only 2 looked at"),
            (lambda tier: tier["proof"].update(surplus=1), "more versions"),
            (lambda tier: tier["proof"].update(seeding_failures=1), "failed before the load"),
            (lambda tier: tier["cluster"].update(leader_changes=1), "leader changes"),
            (lambda tier: tier["cluster"].update(unready=1), "not ready"),
            (lambda tier: tier["scenarios"][0]["stages"][0].update(failures_also_unmeasured=1), "requests failed"),
            (lambda tier: tier["scenarios"][0]["stages"][0].update(requests=0), "no request was answered"),
            (lambda tier: tier["scenarios"][0].update(faults=["restore: no"]), "restore: no"),
            (lambda tier: tier["scenarios"].append({"name": "x", "not_run": "y"}), "was not run"),
        ):
            result = clean_result()
            change(result["tiers"][0])
            self.assertTrue(any(words in fault for fault in faults(result)), words)


if __name__ == "__main__":
    unittest.main()
