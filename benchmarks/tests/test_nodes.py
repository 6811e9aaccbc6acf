"""Nodes that the suite starts: given keys, ended, and their failures told. The program is the model behind the real command line."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from lib.nodes import CannotStart, Nodes, directory_bytes, free_port

BENCHMARKS = Path(__file__).resolve().parent.parent
PROGRAM = """#!{python}
import os, stat, sys, time
sys.path.insert(0, {benchmarks!r})
from tests import model
arguments = sys.argv[1:]
assert arguments[0] == "serve", arguments
named = dict(zip(arguments[1::2], arguments[2::2]))
assert named["--etcd"] == named["--kafka"] == "off" and named["--peer"]
if "--settle" in named:
    sys.exit("the configuration cannot be used: --settle")
os.makedirs(named["--data-dir"])
keys = named["--import-keys"]
assert stat.S_IMODE(os.stat(keys).st_mode) == 0o600
time.sleep(0.2)
model.KEYS.clear()
with model.Model(ports=[int(named["--http"].rpartition(":")[2])]):
    time.sleep(0.3)
    for line in open(keys):
        name, text, role = line.split()
        model.KEYS[text] = (name, role)
    time.sleep(300)
"""
KEYS = [("admin", "secret-1", "admin"), ("reader", "secret-2", "viewer")]


class NodesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.program = self.folder / "program"
        self.program.write_text(PROGRAM.format(python=sys.executable, benchmarks=str(BENCHMARKS)))
        self.program.chmod(0o755)
        self.url = f"http://127.0.0.1:{free_port()}"

    def nodes(self, *flags):
        made = Nodes(str(self.program), [self.url], self.folder / "data", KEYS, flags)
        self.addCleanup(made.close)
        return made

    def test_a_node_is_started_and_ended(self):
        nodes = self.nodes()
        nodes.start()
        node = nodes.node(self.url)
        self.assertGreater(node.resident_bytes(), 0)
        self.assertEqual(nodes.figures()[0]["url"], self.url)
        pid = node.process.pid
        nodes.close()
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)
        self.assertEqual(list((self.folder / "data").iterdir()), [])

    def test_keys_are_for_the_owner_alone(self):
        nodes = self.nodes()
        self.assertEqual(stat.S_IMODE(nodes.keys_file.stat().st_mode), 0o600)
        self.assertEqual(nodes.keys_file.read_text(), "admin secret-1 admin\nreader secret-2 viewer\n")

    def test_three_nodes_know_each_other(self):
        urls = [f"http://127.0.0.1:{free_port()}" for _ in range(3)]
        nodes = Nodes(str(self.program), urls, self.folder / "data", KEYS)
        commands = [node.command for node in nodes.nodes]
        (members,) = {command[command.index("--cluster") + 1] for command in commands}
        for command, number in zip(commands, "123"):
            peer = command[command.index("--peer") + 1]
            self.assertIn(f"n{number}={peer}", members.split(","))
        nodes.close()

    def test_a_node_that_ends_at_once_is_told_with_its_last_words(self):
        nodes = self.nodes("--settle", "0")
        with self.assertRaisesRegex(CannotStart, "ended with code 1: the configuration cannot be used: --settle"):
            nodes.start()

    def test_a_port_that_is_taken_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", int(self.url.rpartition(":")[2])))
            taken.listen()
            with self.assertRaisesRegex(CannotStart, "somebody already serves"):
                self.nodes().start()

    def test_no_program_is_told(self):
        with self.assertRaisesRegex(CannotStart, "is not a program"):
            Nodes(str(self.folder / "nothing"), [self.url], self.folder / "data", KEYS)

    def test_the_command_starts_a_node_and_leaves_nothing(self):
        command = [
            sys.executable,
            str(BENCHMARKS / "run_benchmark.py"),
            "--start",
            "one",
            "--binary",
            str(self.program),
            "--host",
            self.url,
        ]
        command += ["--under", str(self.folder / "data"), "--output-dir", str(self.folder / "results"), "--scenarios", "read,single"]
        command += ["--quick", "--duration", "0.3", "--warm-up", "0.1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(next((self.folder / "results").iterdir()).read_text())
        self.assertEqual((result["mode"], result["started_nodes"]), ("single", "one"))
        self.assertEqual(list((self.folder / "data").iterdir()), [])

    def test_whoever_stops_it_ends_the_nodes(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.stop_with(number)

    def stop_with(self, number):
        command = [
            sys.executable,
            str(BENCHMARKS / "run_benchmark.py"),
            "--start",
            "one",
            "--binary",
            str(self.program),
            "--host",
            self.url,
        ]
        command += ["--under", str(self.folder / "data"), "--output-dir", str(self.folder / "results"), "--duration", "60"]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        for line in run.stdout:
            if line.startswith("[1/10]"):
                break
        time.sleep(0.5)
        run.send_signal(number)
        told = run.communicate(timeout=60)[0]
        self.assertEqual(run.returncode, 130, told)
        self.assertEqual(list((self.folder / "data").iterdir()), [])
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", int(self.url.rpartition(":")[2]))), 0)

    def test_bytes_of_a_directory(self):
        (self.folder / "file").write_bytes(b"x" * 100_000)
        self.assertGreaterEqual(directory_bytes(self.folder), 100_000)


if __name__ == "__main__":
    unittest.main()
