"""docs/requirements.md is the table of tests/conformance: each line names tests there are."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/conformance"))
import table  # noqa: E402


class Requirements(unittest.TestCase):
    def test_the_table_is_that_of_the_tests_there_are(self):
        listed = json.loads(subprocess.run(
            ["ctest", "--show-only=json-v1"], cwd=os.environ["TAPEDECK_BUILD"], check=True,
            capture_output=True, text=True).stdout)
        known = {table.plain(test["name"]) for test in listed["tests"]}
        known |= {method for method, _ in table.methods()}
        self.assertEqual(table.table(known, set()), (ROOT / "docs/requirements.md").read_text())


if __name__ == "__main__":
    unittest.main()
