"""What was seen of a load: exact percentiles, errors by text, one line for people and one object for programs."""

import array
import json
import math
import os
import time
from pathlib import Path

FORMAT = 1
PERCENTILES = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}
ERROR_TEXTS_MAX = 20
REDIRECT = "redirect to the leader"


def percentile(ascending, share):
    """The smallest value that at least `share` of them do not exceed (nearest rank)."""
    if not ascending:
        return None
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]


class Group:
    """Requests of one name."""

    def __init__(self):
        self.times = array.array("d")
        self.failures = 0
        self.bytes_total = 0
        self.bytes_max = 0

    def add(self, milliseconds, size, failed):
        self.times.append(milliseconds)
        self.failures += failed
        self.bytes_total += size
        self.bytes_max = max(self.bytes_max, size)

    def figures(self, seconds):
        ascending = sorted(self.times)
        count = len(ascending)
        rounded = lambda value: None if value is None else round(value, 3)
        return {
            "requests": count,
            "failures": self.failures,
            "error_rate": self.failures / count if count else 0.0,
            "requests_per_second": round(count / seconds, 2) if seconds else 0.0,
            "mean_ms": rounded(sum(ascending) / count if count else None),
            **{name: rounded(percentile(ascending, share)) for name, share in PERCENTILES.items()},
            "max_ms": rounded(ascending[-1] if count else None),
            "response_bytes": {
                "mean": round(self.bytes_total / count, 1) if count else 0,
                "max": self.bytes_max,
                "total": self.bytes_total,
            },
        }


class Recorder:
    """Listens to Locust's requests. Locust's own statistics round to milliseconds and two digits; this keeps all of them."""

    def __init__(self):
        self.is_open = False
        self.errors = {}
        # Failures count whether anything is measured at the moment or not.
        self.failures = 0
        self.groups = {}
        self.redirects = Group()

    def open(self):
        self.groups, self.redirects = {}, Group()
        self.is_open = True

    def close(self):
        self.is_open = False

    def on_request(self, name, response_time, response_length, exception=None, **_):
        if exception is not None:
            self.failures += 1
            text = f"{name}: {exception}"[:300]
            if text not in self.errors and len(self.errors) == ERROR_TEXTS_MAX:
                text = "others"
            self.errors[text] = self.errors.get(text, 0) + 1
        if self.is_open:
            group = self.redirects if name == REDIRECT else self.groups.setdefault(name, Group())
            group.add(response_time or 0.0, response_length or 0, exception is not None)

    def figures(self, seconds):
        everything = Group()
        for group in self.groups.values():
            everything.times.extend(group.times)
            everything.failures += group.failures
            everything.bytes_total += group.bytes_total
            everything.bytes_max = max(everything.bytes_max, group.bytes_max)
        return {
            **everything.figures(seconds),
            "seconds": round(seconds, 3),
            "redirects": len(self.redirects.times),
            "failures_also_unmeasured": self.failures,
            "by_name": {name: group.figures(seconds) for name, group in sorted(self.groups.items())},
            "errors": dict(sorted(self.errors.items())),
        }


def line(label, figures):
    """One stage for people."""
    milliseconds = lambda name: "-" if figures[name] is None else f"{figures[name]:.1f}"
    text = (
        f"{label:<34} {figures['requests_per_second']:>9,.0f} req/s"
        f"  p50 {milliseconds('p50_ms'):>7}  p95 {milliseconds('p95_ms'):>7}  p99 {milliseconds('p99_ms'):>7}"
        f"  max {milliseconds('max_ms'):>8} ms"
    )
    if figures["failures_also_unmeasured"]:
        text += f"  {figures['failures_also_unmeasured']} FAILED"
    return text


def timestamp(seconds=None):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def write(result, directory):
    """Writes one result, whole or not at all, and gives its path."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    moment = result["started"].replace("-", "").replace(":", "")
    path = directory / f"{moment}-{result['tier']}-{result['mode']}.json"
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(unfinished, path)
    return path


def faults(result):
    """Everything for which a run counts as failed, in words."""
    found = []
    for tier in result["tiers"]:
        name = tier["tier"]
        for scenario in tier["scenarios"]:
            if "not_run" in scenario and not scenario.get("may_be_left_out"):
                found.append(f"{name}: {scenario['name']} was not run: {scenario['not_run']}")
            found += [f"{name}: {scenario['name']}: {what}" for what in scenario.get("faults", [])]
            for stage in scenario.get("stages", []):
                where = f"{name}: {scenario['name']}, {stage['label']}"
                if stage["failures_also_unmeasured"]:
                    found.append(f"{where}: {stage['failures_also_unmeasured']} requests failed")
                if not stage["requests"]:
                    found.append(f"{where}: no request was answered")
        proof = tier["proof"]
        if proof["lost"]:
            found.append(f"{name}: {proof['lost']} acknowledged writes are lost")
        if proof["surplus"]:
            found.append(f"{name}: {proof['surplus']} keys have more versions than writes were sent")
        if proof["verified"] + proof["lost"] != proof["acknowledged"]:
            found.append(f"{name}: {proof['acknowledged']} writes were acknowledged, and only {proof['verified']} looked at")
        if proof["seeding_failures"]:
            found.append(f"{name}: {proof['seeding_failures']} writes failed before the load")
        changes = tier["cluster"]["leader_changes"]
        if changes:
            found.append(f"{name}: {changes} leader changes")
        if tier["cluster"]["unready"]:
            found.append(f"{name}: a node was not ready {tier['cluster']['unready']} times when it was asked")
    return found
