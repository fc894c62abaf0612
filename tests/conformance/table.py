#!/usr/bin/env python3
"""docs/requirements.md from requirements.tsv: each requirement, the tests that hold it, how they ended.

    table.py RESULTS.xml > docs/requirements.md    after ctest --output-junit RESULTS.xml
"""
import pathlib
import re
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).parents[2]
HEAD = """# Requirements and the tests that hold them

Made by `scripts/requirements` from `tests/conformance/requirements.tsv` and a run of the suite. What is
left to choice is in [conformance.md](conformance.md).

| source | requirement | held by | verdict |
|---|---|---|---|
"""


def requirements():
    """(source, requirement, names of tests, why it deviates or "")"""
    for line in (ROOT / "tests/conformance/requirements.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        source, what, *tests = line.split("\t")
        deviates = what.startswith("deviates: ")
        if len(tests) != (0 if deviates else 1):
            sys.exit(f"requirements.tsv: not source, requirement, tests: {line}")
        yield source, what, [] if deviates else tests[0].split(), what if deviates else ""


def methods():
    """test_admin.test_x: e2e.admin"""
    for file in (ROOT / "tests/e2e").glob("test_*.py"):
        for method in re.findall(r"^    def (test_\w+)", file.read_text(), re.M):
            yield f"{file.stem}.{method}", "e2e." + file.stem.removeprefix("test_")


def plain(name):
    """Suite.Test of ctest's Prefix/Suite.Test/Parameter"""
    suite, _, test = name.partition(".")
    return f"{suite.rsplit('/', 1)[-1]}.{test.split('/')[0]}"


def verdict(names, passed, failed):
    if unknown := [name for name in names if name not in passed and name not in failed]:
        sys.exit(f"requirements.tsv: no such test: {', '.join(unknown)}")
    return "FAILS" if failed & set(names) else "holds"


def table(passed, failed):
    rows = []
    for source, what, names, deviation in requirements():
        held = " ".join(f"`{name}`" for name in names) or "–"
        rows.append(f"| {source} | {what} | {held} | "
                    f"{'deviates' if deviation else verdict(names, passed, failed)} |\n")
    return HEAD + "".join(rows)


def main():
    passed, failed = set(), set()
    for case in xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
        (passed if case.get("status") == "run" else failed).add(case.get("name"))
    for method, module in methods():
        (passed if module in passed else failed).add(method)
    sys.stdout.write(table({plain(name) for name in passed}, {plain(name) for name in failed}))


if __name__ == "__main__":
    main()
