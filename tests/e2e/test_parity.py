"""client/README.md promises http.client's abilities line by line: each line names a test there is."""
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).parents[2]
BUILD = os.environ["TAPEDECK_BUILD"]


def known_tests():
    known = set()
    for program in ("client_tests", "http_tests"):
        suite = ""
        for line in subprocess.run([f"{BUILD}/tests/client/{program}", "--gtest_list_tests"],
                                   capture_output=True, check=True, text=True).stdout.splitlines():
            name = line.split("#")[0].strip().split("/")
            if line.startswith(" "):
                known.add(f"{suite}.{name[0]}")
            else:
                # Prefix/Suite. for tests with parameters
                suite = (name[-1] if name[-1].endswith(".") else name[0]).rstrip(".")
    return known


class Parity(unittest.TestCase):
    def test_every_line_names_tests_that_exist(self):
        table = (ROOT / "client/README.md").read_text().split("| http.client |")[1].split("\n\n")[0]
        lines = table.splitlines()[2:]
        self.assertGreater(len(lines), 50)
        known = known_tests()
        for line in lines:
            named = re.findall("`([^`]+)`", line.strip("| ").rsplit(" | ", 1)[1])
            self.assertTrue(named, line)
            suite = ""
            for name in named:
                if name.startswith("tests/"):
                    self.assertTrue((ROOT / name).is_file(), line)
                    continue
                suite = name.split(".")[0] or suite
                self.assertIn(f"{suite}.{name.split('.')[1]}", known, line)


if __name__ == "__main__":
    unittest.main()
