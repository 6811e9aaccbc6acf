"""What the programs here share: options, cases, and a report that is the same in every run.

A case is a function that takes a `Run` and says lines. Names of topics and groups carry a tag of the run, so that a
server may be asked again and again; the tag is taken out of what is printed, and so is the server's own address.
"""

import argparse
import hashlib
import secrets
import signal
import sys
import time

CASE_SECONDS = 90

_cases = {}


def case(function):
    """Registers a case under its function's name."""
    _cases[function.__name__.replace("_", "-")] = function
    return function


class OutOfTime(Exception):
    """A case took longer than CASE_SECONDS."""


class Run:
    """One case's server, names and lines."""

    def __init__(self, options, tag, name):
        self.bootstrap = options.bootstrap
        self.ca = options.ca
        self.mechanism, self.user, self.password = (options.sasl or "::").split(":", 2)
        self.tag = tag
        self.case = name
        self.lines = []
        self.administrator = None

    def name(self, suffix=""):
        """A topic's or group's name that no other run and no other case has."""
        return self.tag + self.case + suffix

    def say(self, *words):
        """Adds a line to the report."""
        line = " ".join(str(word) for word in words)
        self.lines.append(line.replace(self.tag, "").replace(self.bootstrap, "BOOTSTRAP"))

    def say_sorted(self, lines):
        """Adds lines whose order means nothing."""
        for line in sorted(lines):
            self.say(line)


def digest(values):
    """A short name for what a list of byte strings holds, in its order."""
    sha = hashlib.sha256()
    for value in values:
        sha.update(len(value).to_bytes(4, "big") + value)
    return sha.hexdigest()[:16]


def main(description, error_name):
    """Runs the cases that the command line asks for; `error_name` names a client's exception."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bootstrap", metavar="HOST:PORT", default="127.0.0.1:9092")
    parser.add_argument("--only", metavar="NAME", action="append", help="only this case; may be given again")
    parser.add_argument("--list", action="store_true", help="print the names of the cases")
    parser.add_argument("--sasl", metavar="MECHANISM:USER:PASSWORD", help="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
    parser.add_argument("--ca", metavar="FILE", help="speak TLS and trust this certificate authority")
    options = parser.parse_args()
    if options.list:
        print("\n".join(_cases))
        return
    unknown = [name for name in options.only or [] if name not in _cases]
    if unknown:
        parser.error(f"no case is named {unknown[0]}")

    def out_of_time(_signal, _frame):
        raise OutOfTime

    signal.signal(signal.SIGALRM, out_of_time)
    tag = f"r{secrets.token_hex(4)}-"
    for name in options.only or _cases:
        run = Run(options, tag, name)
        begin = time.monotonic()
        signal.alarm(CASE_SECONDS)
        try:
            _cases[name](run)
        except Exception as error:  # Whatever it is belongs into the report, and the next case is tried.
            run.say("error", error_name(error))
            print(f"{name}: {error!r}", file=sys.stderr)
        signal.alarm(0)
        print(f"{name}: {time.monotonic() - begin:.1f} s", file=sys.stderr)
        print(f"case {name}")
        for line in run.lines:
            print(f"  {line}")
        sys.stdout.flush()
