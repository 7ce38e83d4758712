#!/usr/bin/env python3
"""How far the requirements are done, and which tests prove it. Run by `./dev requirements`.

docs/requirements.md has one line an item: `NUMBER | state | what is asked | tests: names or -`.
A GoogleTest proves numbers with RecordProperty("proves", "DIK-003 TSS-012"), called before anything
can skip the test; its results are read from <build>/results/*.json. A test that is no GoogleTest
writes a file of the same form there.

Fails if an item is missing, doubled or has no known state; if a test proves a number that does not
exist; if an item is called done and no test proves it, or a test that proves it fails. A proof that
was skipped on this machine (no vectors, say) is counted apart and fails nothing.
"""

import argparse
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ITEMS = {"FCC": 61, "TSS": 44, "BIO": 118, "DIK": 50, "AMA": 78}
STATES = ("done", "partly", "planned", "not-applicable")
NUMBER = re.compile(r"[A-Z]{3}-\d{3}")
LINE = re.compile(
    r"^(?P<number>[A-Z]{3}-\d{3}) \| (?P<state>\S+) \| (?P<text>.+) \| tests: (?P<tests>.*)$")


@dataclass
class Item:
    number: str
    state: str
    text: str
    line: int


@dataclass
class Proof:
    """What the instances of one test (one, or several of a parameterised one) came to."""
    numbers: set = field(default_factory=set)
    results: set = field(default_factory=set)

    @property
    def result(self):
        if "failed" in self.results:
            return "failed"
        return "passed" if "passed" in self.results else "skipped"


def expected_numbers():
    return [f"{prefix}-{n:03}" for prefix, count in ITEMS.items() for n in range(1, count + 1)]


def read_items(text):
    """(items by number, what is wrong with the file)."""
    items, wrong = {}, []
    for number, line in enumerate(text.split("\n"), 1):
        if not re.match(r"[A-Z]{3}-\d", line):
            continue
        match = LINE.match(line)
        if not match:
            wrong.append(f"line {number}: not of the form `NUMBER | state | text | tests: ...`")
            continue
        name = match["number"]
        if name in items:
            wrong.append(f"line {number}: {name} is there twice")
        if match["state"] not in STATES:
            wrong.append(
                f"line {number}: {name}: `{match['state']}` is none of {', '.join(STATES)}")
        if match["state"] == "not-applicable" and "Instead:" not in match["text"]:
            wrong.append(f"line {number}: {name}: say the reason, and `Instead:` what replaces it")
        items[name] = Item(name, match["state"], match["text"], number)
    known = set(expected_numbers())
    wrong += [f"{name} is missing" for name in sorted(known - set(items))]
    wrong += [f"{name} does not exist" for name in sorted(set(items) - known)]
    return items, wrong


def plain_name(suite, test):
    """`Suite.Test` without the parts that a parameterised test adds."""
    parts = suite.split("/")
    typed = len(parts) == 1 or parts[-1].isdigit()
    return f"{parts[0] if typed else parts[1]}.{test.split('/')[0]}"


def read_results(folder):
    """Proofs by test name, from all results of a folder."""
    proofs = {}
    for path in sorted(Path(folder).glob("*.json")):
        try:
            suites = json.loads(path.read_text()).get("testsuites", [])
        except ValueError:  # A program that crashed leaves half a file: ctest has said so.
            continue
        for suite in suites:
            for test in suite.get("testsuite", []):
                if "proves" not in test or test.get("status") == "NOTRUN":
                    continue
                proof = proofs.setdefault(plain_name(suite["name"], test["name"]), Proof())
                proof.numbers.update(NUMBER.findall(test["proves"]))
                if test.get("failures"):
                    proof.results.add("failed")
                else:
                    proof.results.add("skipped" if test.get("result") == "SKIPPED" else "passed")
    return proofs


def tests_of(proofs, number):
    return sorted(name for name, proof in proofs.items() if number in proof.numbers)


def check(items, proofs):
    """(what is wrong, what deserves a look)."""
    wrong, look = [], []
    for name, proof in sorted(proofs.items()):
        for number in sorted(proof.numbers - set(items)):
            wrong.append(f"{name} proves {number}, which does not exist")
    for number, item in sorted(items.items()):
        tests = tests_of(proofs, number)
        results = {proofs[test].result for test in tests}
        if item.state == "done":
            if not tests:
                wrong.append(f"{number} is called done, but no test proves it")
            elif "failed" in results:
                failed = [test for test in tests if proofs[test].result == "failed"]
                wrong.append(f"{number} is called done, but {', '.join(failed)} fails")
            elif results == {"skipped"}:
                look.append(f"{number} is done; its proof was skipped here ({', '.join(tests)})")
        elif item.state == "planned" and "passed" in results:
            look.append(f"{number} is called planned, but {', '.join(tests)} proves it")
    return wrong, look


def table(items, proofs):
    head = ["", *STATES, "proven", "of"]
    rows = [head]
    for prefix in (*ITEMS, "all"):
        mine = [item for item in items.values() if prefix in ("all", item.number[:3])]
        proven = sum(any(proofs[test].result == "passed" for test in tests_of(proofs, item.number))
                     for item in mine)
        rows.append([prefix, *(str(sum(item.state == state for item in mine)) for state in STATES),
                     str(proven), str(len(mine))])
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths))
                     for row in rows)


def with_tests(text, proofs):
    """The file with the tests of each line filled in from the results; others stay as they are."""
    lines = text.split("\n")
    for i, line in enumerate(lines):
        match = LINE.match(line)
        if match:
            tests = ", ".join(tests_of(proofs, match["number"])) or "-"
            lines[i] = f"{match['number']} | {match['state']} | {match['text']} | tests: {tests}"
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--results", default=str(ROOT / "build/dev/results"))
    parser.add_argument("--file", default=str(ROOT / "docs/requirements.md"))
    parser.add_argument("--write", action="store_true", help="fill in the tests from the results")
    parser.add_argument("--list", metavar="STATE", help="print the items of a state")
    arguments = parser.parse_args()
    path = Path(arguments.file)
    text = path.read_text(encoding="utf-8")
    items, wrong = read_items(text)
    if not any(Path(arguments.results).glob("*.json")):
        sys.exit("requirements: there are no results yet: run ./dev test")
    proofs = read_results(arguments.results)
    if arguments.write:
        path.write_text(with_tests(text, proofs), encoding="utf-8")
    for item in items.values():
        if item.state == arguments.list:
            print(f"{item.number}  {item.text}")
    more, look = check(items, proofs)
    wrong += more
    for line in look:
        print(f"look: {line}")
    for line in wrong:
        print(f"wrong: {line}")
    print(table(items, proofs))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
