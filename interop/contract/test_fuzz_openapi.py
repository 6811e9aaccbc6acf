"""The fuzzer on the model: what is documented passes, and what is not is found. Installs Schemathesis the first time."""

import subprocess
import sys
import unittest
from pathlib import Path

CONTRACT = Path(__file__).resolve().parent
sys.path[:0] = [str(CONTRACT.parent.parent / "benchmarks")]

from tests.model import OPENAPI, Handler, Model, Problem  # noqa: E402


def fuzz(model, *more):
    command = [
        sys.executable,
        str(CONTRACT / "fuzz_openapi"),
        "--url",
        model.urls[0],
        "--examples",
        "10",
        "--seconds",
        "10",
        "--seed",
        "5",
        *more,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    return done.returncode, done.stdout + done.stderr


class FuzzTest(unittest.TestCase):
    def test_what_is_documented_passes(self):
        with Model(1) as model:
            code, told = fuzz(model)
        self.assertEqual(code, 0, told)
        self.assertIn("5 operations, seed 5", told)

    def assert_found(self, words, name, change):
        original = getattr(Handler, name)
        try:
            setattr(Handler, name, change(original))
            with Model(1) as model:
                code, told = fuzz(model, "--leave-out", "^/health", "--phases", "fuzzing")
        finally:
            setattr(Handler, name, original)
        self.assertEqual(code, 1, told)
        self.assertIn(words, told)

    def test_a_server_error_is_found(self):
        def change(original):
            def get_key(self, namespace, key, actor):
                if len(key) > 3:
                    raise Problem(500, "Broken", "a planted fault")
                return original(self, namespace, key, actor)

            return get_key

        self.assert_found("Server error", "get_key", change)

    def test_a_status_that_is_not_documented_is_found(self):
        def change(_):
            def put_key(self, *_):
                raise Problem(418, "Teapot", "nobody said so")

            return put_key

        self.assert_found("Undocumented", "put_key", change)

    def test_a_body_that_is_not_documented_is_found(self):
        self.assert_found("Response violates schema", "get_key", lambda _: lambda self, *_: (200, "12"))

    def test_who_is_refused_everywhere_has_asked_nothing(self):
        with Model(1) as model:
            code, told = fuzz(model, "--api-key", "nonsense", "--leave-out", "^/health")
        self.assertEqual(code, 1, told)

    def test_streams_are_left_out_and_told(self):
        path = "/api/v1/watch"
        OPENAPI["paths"][path] = {"get": {"responses": {"200": {"description": "-", "content": {"text/event-stream": {}}}}}}
        try:
            with Model(1) as model:
                code, told = fuzz(model, "--phases", "fuzzing")
        finally:
            del OPENAPI["paths"][path]
        self.assertIn(f"left out: GET {path}", told)
        self.assertEqual(code, 0, told)


if __name__ == "__main__":
    unittest.main()
