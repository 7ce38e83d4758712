#!/usr/bin/env python3
"""Tests of requirements.py."""

import json
import tempfile
import unittest
from pathlib import Path

import requirements


def page(**states):
    """A complete page: everything planned but what is named (`DIK_003="done"`)."""
    lines = []
    for number in requirements.expected_numbers():
        state = states.get(number.replace("-", "_"), "planned")
        lines.append(f"{number} | {state} | something | tests: -")
    return "\n".join(lines)


def results(*tests):
    """A results folder read back; a test is (suite, name, proves, how it ended)."""
    suites = []
    for suite, name, proves, end in tests:
        test = {"name": name, "status": "RUN", "result": "COMPLETED"}
        if proves is not None:
            test["proves"] = proves
        if end == "skipped":
            test["result"] = "SKIPPED"
        if end == "failed":
            test["failures"] = [{"failure": "1 != 2"}]
        suites.append({"name": suite, "testsuite": [test]})
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.json").write_text(json.dumps({"testsuites": suites}))
        (Path(folder) / "half.json").write_text('{"testsuites": [')
        return requirements.read_results(folder)


class Page(unittest.TestCase):
    def test_a_complete_page_is_right(self):
        items, wrong = requirements.read_items(page())
        self.assertEqual((len(items), wrong), (351, []))

    def test_a_missing_item_is_wrong(self):
        text = page().replace("DIK-003 | planned | something | tests: -\n", "")
        self.assertEqual(requirements.read_items(text)[1], ["DIK-003 is missing"])

    def test_a_doubled_item_is_wrong(self):
        wrong = requirements.read_items(page() + "\nDIK-003 | planned | again | tests: -")[1]
        self.assertEqual(wrong, ["line 352: DIK-003 is there twice"])

    def test_a_number_that_was_never_given_is_wrong(self):
        wrong = requirements.read_items(page() + "\nDIK-051 | planned | new | tests: -")[1]
        self.assertEqual(wrong, ["DIK-051 does not exist"])

    def test_an_unknown_state_is_wrong(self):
        self.assertIn("`nearly` is none of", requirements.read_items(page(DIK_003="nearly"))[1][0])

    def test_a_line_of_another_form_is_wrong(self):
        text = page().replace("DIK-003 | planned", "DIK-003 planned")
        self.assertIn("not of the form", requirements.read_items(text)[1][0])

    def test_not_applicable_names_what_takes_its_place(self):
        text = page(BIO_001="not-applicable")
        self.assertIn("Instead:", requirements.read_items(text)[1][0])
        text = text.replace("BIO-001 | not-applicable | something",
                            "BIO-001 | not-applicable | Windows only. Instead: nothing needed")
        self.assertEqual(requirements.read_items(text)[1], [])


class Proofs(unittest.TestCase):
    def check(self, text, *tests):
        items, wrong = requirements.read_items(text)
        self.assertEqual(wrong, [])
        return requirements.check(items, results(*tests))

    def test_done_and_proven_is_right(self):
        wrong, _ = self.check(page(DIK_003="done"), ("S", "t", "DIK-003, TSS-001", "passed"))
        self.assertEqual(wrong, [])

    def test_done_without_a_test_is_wrong(self):
        self.assertEqual(self.check(page(DIK_003="done"))[0],
                         ["DIK-003 is called done, but no test proves it"])

    def test_done_with_a_failing_test_is_wrong(self):
        wrong, _ = self.check(page(DIK_003="done"), ("S", "t", "DIK-003", "failed"),
                              ("S", "u", "DIK-003", "passed"))
        self.assertEqual(wrong, ["DIK-003 is called done, but S.t fails"])

    def test_one_failing_instance_fails_a_parameterised_test(self):
        wrong, _ = self.check(page(DIK_003="done"), ("All/S", "t/0", "DIK-003", "passed"),
                              ("All/S", "t/1", "DIK-003", "failed"))
        self.assertEqual(wrong, ["DIK-003 is called done, but S.t fails"])

    def test_a_proof_skipped_on_this_machine_is_told_but_not_wrong(self):
        wrong, look = self.check(page(DIK_003="done"), ("S", "t", "DIK-003", "skipped"))
        self.assertEqual((wrong, len(look)), ([], 1))

    def test_a_number_that_does_not_exist_is_wrong(self):
        self.assertEqual(self.check(page(), ("S", "t", "DIK-099", "passed"))[0],
                         ["S.t proves DIK-099, which does not exist"])

    def test_proven_but_planned_deserves_a_look(self):
        wrong, look = self.check(page(), ("S", "t", "DIK-003", "passed"))
        self.assertEqual((wrong, len(look)), ([], 1))

    def test_tests_without_proofs_count_for_nothing(self):
        self.assertEqual(results(("S", "t", None, "passed")), {})

    def test_write_fills_in_the_tests_of_a_line_and_leaves_the_rest(self):
        text = "# Head\n" + page(DIK_003="done") + "\ntail | x"
        written = requirements.with_tests(text, results(("S", "t", "DIK-003", "passed")))
        self.assertIn("DIK-003 | done | something | tests: S.t\n", written)
        self.assertEqual(written.replace("tests: S.t", "tests: -"), text)

    def test_the_table_counts_states_and_proofs(self):
        items, _ = requirements.read_items(page(DIK_003="done"))
        rows = requirements.table(items, results(("S", "t", "DIK-003", "passed"))).split("\n")
        self.assertEqual(rows[-1].split(), ["all", "1", "0", "350", "0", "1", "351"])


if __name__ == "__main__":
    unittest.main()
