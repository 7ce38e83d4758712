#!/usr/bin/env python3
"""Tests of mutants.py, with shell scripts in the place of test programs."""

import os
import tempfile
import unittest
from pathlib import Path

import mutants

RAN = 'echo "[==========] 2 tests from 1 test suite ran. (1 ms total)"\n'
FAILS = RAN + 'echo "[  FAILED  ] 1 test, listed below:"\nexit 1\n'


class Mutants(unittest.TestCase):
    def verdict(self, script):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "program"
            program.write_text("#!/bin/sh\n" + script)
            program.chmod(0o755)
            os.environ["SIEGEL_MUTANT"] = "left over from outside"
            try:
                return mutants.verdict(program, "S.t", "fault")
            finally:
                del os.environ["SIEGEL_MUTANT"]

    def test_a_test_that_fails_with_the_fault_catches_it(self):
        script = f'if [ "$SIEGEL_MUTANT" = fault ]; then\n{FAILS}fi\n{RAN}'
        self.assertEqual(self.verdict(script), (True, "caught (failed)"))

    def test_a_crash_catches_it_too(self):
        script = f'if [ "$SIEGEL_MUTANT" = fault ]; then kill -9 $$; fi\n{RAN}'
        self.assertEqual(self.verdict(script), (True, "caught (crashed)"))

    def test_a_test_that_passes_with_the_fault_lets_it_survive(self):
        self.assertFalse(self.verdict(RAN)[0])

    def test_a_test_that_fails_without_the_fault_proves_nothing(self):
        self.assertFalse(self.verdict(FAILS)[0])

    def test_a_filter_that_names_nothing_proves_nothing(self):
        script = 'echo "[==========] 0 tests from 0 test suites ran. (0 ms total)"\n'
        self.assertEqual(self.verdict(script)[1], "the filter names no test that runs here")

    def test_skipped_tests_prove_nothing(self):
        script = RAN + 'echo "[  SKIPPED ] 2 tests, listed below:"\n'
        self.assertFalse(self.verdict(script)[0])

    def test_the_list_is_read_and_refused_when_wrong(self):
        self.assertEqual(mutants.read_list("# head\na | p | S.*  # why\n\n"), [("a", "p", "S.*")])
        self.assertEqual(len(mutants.read_list("a | p | S.t\na | q | S.u")), 2)
        for text in ("a | p", "a | | S.t", "a | p | S.t\na | p | S.u"):
            with self.assertRaises(ValueError):
                mutants.read_list(text)

    def test_planted_faults_are_found_in_the_source(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "src" / "x"
            source.mkdir(parents=True)
            (source / "x.cpp").write_text('if (SIEGEL_MUTANT("no-fsync")) return;\n')
            (source / "mutant.h").write_text('// SIEGEL_MUTANT("name")\n')
            self.assertEqual(mutants.planted(Path(folder)), {"no-fsync"})


if __name__ == "__main__":
    unittest.main()
