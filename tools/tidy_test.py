#!/usr/bin/env python3
"""Tests of tidy.py: every rule is seen to find something, and to leave the right thing alone."""

import tempfile
import unittest
from pathlib import Path

import tidy

MODULES = tidy.read_modules("base|ground|bytes.h||\n"
                            "model|domain|money.h|base|\n"
                            "journal|socket|journal.h|base,model|\n"
                            "journal/sqlite|plug||base,journal|model\n"
                            "recorder|service||base|\n"
                            "print|socket||base|\n"
                            "app|app||base|\n")
LISTS = "siegel_module(x ground)\n"
HEAD = "| Code | Deutsch | English | What to do |\n|---|---|---|---|\n"
ROW = "| E-ENC-001 | Falsch. | Wrong. | Mend it. |\n"


def findings(files, modules=None):
    """What tidy says about a tree that has these files besides what every tree needs."""
    base = {"src/base/bytes.h": "#pragma once\n", "src/model/money.h": "#pragma once\n",
            "src/journal/journal.h": "#pragma once\n", tidy.ERRORS: HEAD}
    base.update({f"src/{name}/CMakeLists.txt": LISTS for name in MODULES})
    base.update(files)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in base.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tidy.check_all(tidy.Tree(folder, base.keys()), modules or MODULES)


def rules(files):
    return [finding.rule for finding in findings(files) if not finding.warning]


class Text(unittest.TestCase):
    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual(rules({}), [])

    def test_long_lines_count_characters_not_bytes(self):
        self.assertEqual(rules({"src/base/a.cpp": "// " + "ü" * 97 + "\n"}), [])
        self.assertEqual(rules({"src/base/a.cpp": "// " + "ü" * 98 + "\n"}), ["line-length"])

    def test_tabs_blanks_and_a_missing_end_are_found(self):
        self.assertEqual(rules({"README.md": "a\tb\n"}), ["tab"])
        self.assertEqual(rules({"README.md": "a \n"}), ["trailing-blanks"])
        self.assertEqual(rules({"README.md": "a"}), ["end-of-file"])

    def test_data_is_left_alone(self):
        self.assertEqual(rules({"tests/golden/a.txt": "a\t \r\n", "tests/fuzz/corpus/x/a": "\t",
                                "a.tar": b"\0\t \n"}), [])

    def test_markers_are_found(self):
        for word in ("TO" + "DO", "FIX" + "ME", "XX" + "X"):
            self.assertEqual(rules({"README.md": f"{word}: later\n"}), ["marker"])
        self.assertEqual(rules({"src/base/a.cpp": 'const char* name = "/tmp/XXXXXX";\n'}), [])

    def test_places_of_one_machine_are_found_but_in_the_ci_script(self):
        line = "../shar" + "ed/x\n"
        self.assertEqual(rules({"README.md": line}), ["place"])
        self.assertEqual(rules({".ci/run": line}), [])

    def test_a_long_file_is_a_warning(self):
        found = findings({"src/base/a.cpp": "\n" * 900})
        self.assertEqual([(f.rule, f.warning) for f in found], [("file-length", True)])


class Words(unittest.TestCase):
    def found(self, name, line):
        return rules({name: line + "\n"})

    def test_each_banned_word_is_found_in_a_library(self):
        for rule, line in (
                ("clock", "auto t = std::chrono::system_clock::now();"),
                ("clock", "auto t = steady_clock::now();"),
                ("sleep", "std::this_thread::sleep_for(d);"),
                ("chance", "std::random_device device;"),
                ("chance", "int x = std::rand();"),
                ("floating-point", "double x = y;"),
                ("floating-point", "float x = y;"),
                ("throw", "throw 1;"),
                ("std-format", 'auto s = std::format("{}", 1);'),
                ("std-expected", "std::expected<int, int> x() {"),
                ("printing", 'printf("a");'),
                ("printing", "std::cout << 1;"),
                ("printing", 'fmt::print("a");'),
                ("mutable-global", "static int counter = 0;"),
                ("shared-ptr", "std::shared_ptr<int> x;")):
            self.assertEqual(self.found("src/model/a.cpp", line), [rule], line)

    def test_words_in_comments_and_texts_are_left_alone(self):
        for line in ("// throw double", '/* std::cout */ auto s = "throw float";',
                     'auto s = R"(throw double)";', "const auto c = '\"'; // throw"):
            self.assertEqual(self.found("src/model/a.cpp", line), [], line)

    def test_code_after_a_quote_character_is_still_seen(self):
        self.assertEqual(self.found("src/model/a.cpp", "f('\"'); throw 1; g('\"');"), ["throw"])
        self.assertEqual(self.found("src/model/a.cpp", "f(1'000); throw 1; g(1'000);"), ["throw"])

    def test_the_places_that_may_are_left_alone(self):
        self.assertEqual(self.found("src/base/time.cpp", "auto t = steady_clock::now();"), [])
        self.assertEqual(self.found("src/print/draw.cpp", "double x = y;"), [])
        self.assertEqual(self.found("src/app/main.cpp", 'fmt::print("a");'), [])
        self.assertEqual(self.found("src/model/a_test.cpp", "throw 1;"), [])
        self.assertEqual(self.found("src/model/a.cpp", "static constexpr int lines_max = 1;"), [])
        self.assertEqual(self.found("src/model/a.cpp", "static int lines(int x);"), [])

    def test_an_exception_needs_its_rule_and_a_reason(self):
        banned = "double x = y;"
        self.assertEqual(self.found("src/model/a.cpp",
                                    f"// tidy: allow floating-point: a ratio\n{banned}"), [])
        self.assertEqual(self.found("src/model/a.cpp", f"// tidy: allow throw: a ratio\n{banned}"),
                         ["floating-point"])
        self.assertEqual(self.found("src/model/a.cpp", f"// tidy: allow floating-point:\n{banned}"),
                         ["floating-point"])

    def test_shared_ownership_needs_a_reason(self):
        self.assertEqual(self.found("src/model/a.cpp", "// Both end it.\nshared_ptr<T> x;"), [])

    def test_the_pure_parts_see_no_world(self):
        for line in ("#include <thread>", "#include <fstream>", "co_await x;",
                     "void f(const Clock& c);", '#include "base/file.h"',
                     "auto n = system_clock().now();"):
            self.assertIn("pure", self.found("src/recorder/a.cpp", line), line)
        self.assertEqual(self.found("src/recorder/a_test.cpp", "#include <thread>"), [])
        self.assertEqual(self.found("src/recorder/a.cpp", "#include <chrono>"), [])

    def test_headers_and_nolint_have_their_form(self):
        self.assertEqual(rules({"src/base/a.h": "int f();\n"}), ["pragma-once"])
        self.assertEqual(self.found("src/base/a.cpp", "int x;  // NOLINT"), ["nolint"])
        self.assertEqual(self.found("src/base/a.cpp", "int x;  // NOLINT(cert-a): it is"), [])


class Modules(unittest.TestCase):
    def found(self, name, included):
        return rules({name: f'#include "{included}"\n'})

    def test_what_is_declared_may_be_included(self):
        self.assertEqual(self.found("src/model/a.cpp", "base/bytes.h"), [])
        self.assertEqual(self.found("src/model/a.cpp", "model/money.h"), [])
        self.assertEqual(self.found("src/journal/sqlite/a.cpp", "journal/journal.h"), [])

    def test_what_is_not_declared_is_refused(self):
        self.assertEqual(self.found("src/base/a.cpp", "model/money.h"), ["include"])
        self.assertEqual(self.found("src/journal/sqlite/a.cpp", "model/money.h"), ["include"])

    def test_tests_may_use_what_only_they_declare(self):
        self.assertEqual(self.found("src/journal/sqlite/a_test.cpp", "model/money.h"), [])
        self.assertEqual(rules({"src/journal/sqlite/test_a.h":
                                '#pragma once\n#include "model/money.h"\n'}), [])

    def test_private_headers_stay_private(self):
        files = {"src/model/inner.h": "#pragma once\n"}
        inner = '#include "model/inner.h"\n'
        self.assertEqual(rules({**files, "src/model/a.cpp": inner}), [])
        self.assertEqual(rules({**files, "src/journal/a.cpp": inner}), ["include"])
        self.assertEqual(rules({**files, "tests/system/a.cpp": inner}), ["include"])

    def test_a_file_that_does_not_exist_is_refused(self):
        self.assertEqual(self.found("src/model/a.cpp", "money.h"), ["include"])

    def test_a_file_that_nobody_builds_is_found(self):
        self.assertEqual(rules({"src/lost/a.cpp": "\n"}), ["unlisted"])
        self.assertEqual(rules({"src/app/program/main.cpp": "\n"}), ["unlisted"])
        lists = LISTS + "add_executable(siegel program/main.cpp)\n"
        self.assertEqual(rules({"src/app/program/main.cpp": "\n",
                                "src/app/CMakeLists.txt": lists}), [])

    def test_a_promised_header_must_exist(self):
        modules = dict(MODULES)
        modules.update(tidy.read_modules("base|ground|bytes.h,gone.h||"))
        self.assertEqual([f.rule for f in findings({}, modules)], ["headers"])


class Documents(unittest.TestCase):
    CODE = 'return invalid("E-ENC-001", "x");\n'

    def test_codes_and_rows_belong_together(self):
        self.assertEqual(rules({"src/base/a.cpp": self.CODE, tidy.ERRORS: HEAD + ROW}), [])
        self.assertEqual(rules({"src/base/a.cpp": self.CODE}), ["error-code"])
        self.assertEqual(rules({tidy.ERRORS: HEAD + ROW}), ["error-code"])
        self.assertEqual(rules({"src/base/a.cpp": "// E-ENC-001\n"}), [])
        self.assertEqual(rules({"src/base/a_test.cpp": self.CODE}), [])

    def test_a_row_is_complete_and_single(self):
        code = {"src/base/a.cpp": self.CODE}
        self.assertEqual(rules({**code, tidy.ERRORS: HEAD + ROW + ROW}), ["error-code"])
        self.assertEqual(rules({**code, tidy.ERRORS: HEAD + "| E-ENC-001 | Falsch. | Wrong. |\n"}),
                         ["error-code"])

    def test_links_lead_somewhere(self):
        self.assertEqual(rules({"README.md": "[a](docs/a.md)\n"}), ["link"])
        self.assertEqual(rules({"README.md": "[a](docs/a.md#x) [b](https://x.y)\n",
                                "docs/a.md": "\n"}), [])
        self.assertEqual(rules({"README.md": "```\n[a](b)\n```\n`[a](b)`\n"}), [])

    def test_each_decision_is_listed(self):
        page = {"docs/decisions/0001-a.md": "\n"}
        self.assertEqual(rules({**page, "docs/decisions/README.md": "\n"}), ["decision"])
        self.assertEqual(rules({**page, "docs/decisions/README.md": "[a](0001-a.md)\n"}), [])


if __name__ == "__main__":
    unittest.main()
