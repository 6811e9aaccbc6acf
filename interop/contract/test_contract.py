"""The contract's file, what holds answers against it, and the runner on the model: it passes there, and finds what is changed."""

import re
import subprocess
import sys
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

CONTRACT = Path(__file__).resolve().parent
sys.path[:0] = [str(CONTRACT), str(CONTRACT.parent.parent / "benchmarks")]

from matching import differences  # noqa: E402
from tests.model import Handler, Model, Store  # noqa: E402

replay = SourceFileLoader("replay", str(CONTRACT / "replay")).load_module()


class FileTest(unittest.TestCase):
    def test_every_line_is_a_case_of_its_own(self):
        cases = replay.cases()
        names = [case["case"] for case in cases]
        self.assertEqual(len(names), len(set(names)))
        saved = set()
        for case in cases:
            self.assertIn(case["of"], replay.GROUPS, case)
            self.assertTrue(("ask" in case) != ("raw" in case), case)
            self.assertLessEqual(set(case), {"case", "of", "about", "to", "key", "slow", "ask", "raw", "answer"}, case)
            used = set(re.findall(r"\{(?:saved|position):(\w+)\}", str(case)))
            self.assertLessEqual(used, saved, case["case"])
            saved |= set(case["answer"].get("save", {}))

    def test_every_line_of_the_wire_contract_is_there(self):
        asked = {(case["ask"].get("method", "GET"), str(case["ask"]["path"])) for case in replay.cases() if "ask" in case}
        namespace = "/api/v1/namespaces/{ns}"
        for method, path in (
            ("GET", "/health"),
            ("GET", "/health/ready"),
            ("GET", "/api/v1/namespaces"),
            *((method, namespace) for method in ("GET", "PUT", "DELETE")),
            ("GET", f"{namespace}/config"),
            *((method, f"{namespace}/config/a") for method in ("GET", "PUT", "DELETE")),
            ("GET", f"{namespace}/audit"),
            ("GET", "/api/v1/configs"),
            ("GET", "/metrics"),
            ("GET", "/swagger/v1/swagger.json"),
        ):
            self.assertIn((method, path), asked)


class MatchingTest(unittest.TestCase):
    def test_what_fits(self):
        for template, value in (
            ({"a": "$int", "b": "$text?"}, {"a": 1, "b": None}),
            ({"a": 1, "$more": True}, {"a": 1, "b": 2}),
            ("$time", "2026-01-02T03:04:05.1234567+00:00"),
            ("$time", "2026-01-02T03:04:05Z"),
            ("$match:a+", "aaa"),
            ({"$each": "$int", "$count": 2}, [1, 2]),
            ({"$each": {"n": "$int"}, "$descending": "n"}, [{"n": 2}, {"n": 2}, {"n": 1}]),
            ({"$contains": {"a": 1}}, [{"a": 2}, {"a": 1}]),
            ({"$lacks": {"a": 1}}, [{"a": 2}]),
            ({"$repeat": "ab", "$times": 2}, "abab"),
            (["$any", None], [5, None]),
        ):
            self.assertEqual(differences(template, value), [], template)

    def test_what_does_not(self):
        for template, value in (
            ({"a": 1}, {"a": 1, "b": 2}),
            ({"a": 1, "b": None, "$more": True}, {"a": 1}),
            (1, True),
            (1, "1"),
            ("$int", True),
            ("$int", "1"),
            ("$text", None),
            ("$time", "2026-13-02T03:04:05Z"),
            ("$time", "2026-01-02 03:04:05"),
            ("$time", 1700000000),
            ("$match:a+", "aab"),
            ({"$each": "$int"}, [1, "2"]),
            ({"$each": "$int", "$count": 1}, [1, 2]),
            ({"$each": {"n": "$int"}, "$descending": "n"}, [{"n": 1}, {"n": 2}]),
            ({"$contains": {"a": 1}}, []),
            ({"$lacks": {"a": 1}}, [{"a": 1}]),
            ({"$repeat": "ab", "$times": 2}, "ababab"),
            ([], [1]),
            ([], {}),
            ({"a": 1}, [1]),
            (None, 0),
        ):
            self.assertNotEqual(differences(template, value), [], (template, value))


def play(model, *more):
    command = [sys.executable, str(CONTRACT / "replay"), "--nodes", ",".join(model.urls), "--no-slow", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


class ReplayTest(unittest.TestCase):
    def test_the_model_keeps_the_contract(self):
        with Model() as model:
            code, told = play(model, "--only", "wire,roles,bad-input")
            self.assertEqual(code, 0, told)
            self.assertEqual(model.store.namespaces, {})

    def test_a_node_alone_keeps_it_too(self):
        with Model(1) as model:
            code, told = play(model, "--only", "wire,roles,bad-input")
        self.assertEqual(code, 0, told)

    def assert_found(self, case, change):
        original = {name: getattr(kind, name) for kind, name in ((Handler, "answer"), (Store, "put"))}
        try:
            change()
            with Model() as model:
                code, told = play(model, "--only", "wire,roles,bad-input")
        finally:
            Handler.answer, Store.put = original["answer"], original["put"]
        self.assertEqual(code, 1)
        self.assertRegex(told, f"FAILED .*: {case}", told)

    def test_a_status_that_is_otherwise_is_found(self):
        answer = Handler.answer

        def created(self, status, *more):
            answer(self, 201 if status == 200 and self.command == "PUT" else status, *more)

        self.assert_found("config-create", lambda: setattr(Handler, "answer", created))

    def test_a_field_that_is_missing_is_found(self):
        answer = Handler.answer

        def without(self, status, told=None, *more):
            answer(self, status, {k: v for k, v in told.items() if k != "updatedBy"} if isinstance(told, dict) else told, *more)

        self.assert_found("config-get", lambda: setattr(Handler, "answer", without))

    def test_a_problem_that_is_none_is_found(self):
        answer = Handler.answer

        def plain(self, status, told=None, headers=None, kind="application/json"):
            answer(self, status, told, headers, "application/json")

        self.assert_found("config-absent", lambda: setattr(Handler, "answer", plain))

    def test_a_redirect_that_is_relative_is_found(self):
        answer = Handler.answer

        def relative(self, status, told=None, headers=None, *more):
            headers = {"Location": self.path} if status == 307 else headers
            answer(self, status, told, headers, *more)

        self.assert_found("redirect-put", lambda: setattr(Handler, "answer", relative))


if __name__ == "__main__":
    unittest.main()
