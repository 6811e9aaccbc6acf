"""Runs the unit tests of a directory, and closes with a line that ./check counts.

python run.py DIRECTORY TOP [WORD of the tests' names]
"""

import sys
import unittest


def main(start, top, word=""):
    sys.path.insert(0, top)
    loader = unittest.TestLoader()
    if word:
        loader.testNamePatterns = [f"*{word}*"]
    found = unittest.TextTestRunner(verbosity=2, warnings="ignore").run(loader.discover(start, top_level_dir=top))
    failed = len(found.failures) + len(found.errors) + len(found.unexpectedSuccesses)
    passed = found.testsRun - failed - len(found.skipped)
    print(f"test result: {'FAILED' if failed else 'ok'}. {passed} passed; {failed} failed; {len(found.skipped)} ignored", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
