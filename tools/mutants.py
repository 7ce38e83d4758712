#!/usr/bin/env python3
"""Plants known faults, one at a time: each must make its named test fail. Run by `./dev mutants`.

tests/mutants/mutants.txt has lines `name | test program | gtest filter`; the name is that of a
SIEGEL_MUTANT("name") in src/, planted once or in several modules: a line for each program. The test
must pass without the fault and fail with it.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 300


def read_list(text):
    """[(name, program, filter)]; raises ValueError naming the line."""
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"line {number}: `name | test program | gtest filter`, not `{line}`")
        rows.append(tuple(parts))
    # A name may be planted in several modules: one row for each program that must see it.
    seen = [row[:2] for row in rows]
    for pair in seen:
        if seen.count(pair) > 1:
            raise ValueError(f"{pair[0]} is listed twice for {pair[1]}")
    return rows


def planted(root):
    """The names of the faults planted in src/."""
    names = set()
    for path in (root / "src").rglob("*"):
        if path.name.endswith("_test.cpp") or path.name == "mutant.h":
            continue
        if path.suffix in (".cpp", ".h"):
            names.update(re.findall(r'SIEGEL_MUTANT\("([^"]+)"\)', path.read_text()))
    return names


def run(program, test_filter, mutant):
    """(how it ended, number of tests that ran): "passed", "failed", "crashed" or "timeout"."""
    environment = {k: v for k, v in os.environ.items() if k != "SIEGEL_MUTANT"}
    if mutant:
        environment["SIEGEL_MUTANT"] = mutant
    try:
        done = subprocess.run([program, f"--gtest_filter={test_filter}"], env=environment,
                              timeout=TIMEOUT_S, capture_output=True, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        return "timeout", 0
    ran = re.search(r"\[=+\] (\d+) tests? .* ran\.", done.stdout)
    skipped = re.search(r"\[  SKIPPED \] (\d+) test", done.stdout)
    count = int(ran[1]) - (int(skipped[1]) if skipped else 0) if ran else 0
    if done.returncode == 0:
        return "passed", count
    return ("failed" if "[  FAILED  ]" in done.stdout and ran else "crashed"), count


def verdict(program, test_filter, name):
    """(whether the fault was caught, what to say about it)."""
    how, count = run(program, test_filter, None)
    if how != "passed":
        return False, f"the test {how} without the fault"
    if count == 0:
        return False, "the filter names no test that runs here"
    how, _ = run(program, test_filter, name)
    if how == "passed":
        return False, "SURVIVED: the test passes with the fault"
    return True, f"caught ({how})"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", nargs="*", help="only these faults")
    parser.add_argument("--build", default="build/mutants")
    parser.add_argument("--list", default="tests/mutants/mutants.txt")
    arguments = parser.parse_args()
    try:
        rows = read_list((ROOT / arguments.list).read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"mutants: {arguments.list}: {error}")
    in_source, listed = planted(ROOT), {row[0] for row in rows}
    bad = 0
    for name in sorted(in_source - listed):
        print(f"{name}: planted in src/, but no test is named for it in {arguments.list}")
        bad += 1
    for name in sorted(listed - in_source):
        print(f"{name}: listed, but planted nowhere in src/")
        bad += 1
    caught = 0
    for name, program, test_filter in rows:
        if name not in in_source or (arguments.name and name not in arguments.name):
            continue
        path = ROOT / arguments.build / "tests" / program
        ok, text = (verdict(path, test_filter, name) if path.is_file() else
                    (False, f"{program} is not built"))
        print(f"{name:36} {text:46} {program} {test_filter}", flush=True)
        caught += ok
        bad += not ok
    print(f"mutants: {caught} of {caught + bad} caught")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
