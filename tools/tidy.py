#!/usr/bin/env python3
"""The rules of this house that no compiler knows. Run by `./dev lint`.

Each finding is one line `path:line: [rule] what, and what to write instead`. Warnings (W) do not
fail. A line of C++ may be excepted with a reason: `// tidy: allow RULE: reason`, on it or above it.
"""

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LINE_MAX = 100
FILE_MAX = 800
ERROR_CODE = re.compile(r"\b[EWI]-[A-Z]{2,3}-\d{3}\b")


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str
    warning: bool = False

    def __str__(self):
        mark = "W " if self.warning else ""
        return f"{self.path}:{self.line}: {mark}[{self.rule}] {self.text}"


class Tree:
    """The files of a checkout: those git knows and new ones that it does not ignore."""

    def __init__(self, root, names=None):
        self.root = Path(root)
        if names is None:
            listed = subprocess.run(
                ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                cwd=self.root, check=True, capture_output=True).stdout.decode()
            names = [name for name in listed.split("\0") if name]
        self.known = {name for name in names if (self.root / name).is_file()}
        self.names = sorted(self.known)
        self._texts = {}

    def text(self, name):
        """The text of a file, None if it is not UTF-8 text."""
        if name not in self._texts:
            raw = (self.root / name).read_bytes()
            try:
                self._texts[name] = None if b"\0" in raw else raw.decode("utf-8")
            except UnicodeDecodeError:
                self._texts[name] = None
        return self._texts[name]

    def code(self):
        return [n for n in self.names if n.endswith((".cpp", ".h")) and self.text(n) is not None]


# Reading C++ just far enough

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^\s()\\]{0,16})\(.*?\)(?P=d)"'
    r"|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.S)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """C++ with comments blanked out, every character in its place."""
    return TOKEN.sub(lambda m: _blank(m[0]) if m[0][:2] in ("//", "/*") else m[0], text)


def bare(text):
    """C++ with comments and the contents of literals blanked out, every character in its place."""
    return TOKEN.sub(
        lambda m: _blank(m[0]) if m[0][:2] in ("//", "/*") else f'"{_blank(m[0][1:-1])}"', text)


def allowed(lines, number, rule):
    """Whether line `number` (from 1) is excepted from a rule, with a reason."""
    mark = re.compile(r"//\s*tidy: allow " + re.escape(rule) + r": \S+")
    return any(mark.search(lines[i]) for i in (number - 1, number - 2) if i >= 0)


# Text


def is_data(name):
    return name.startswith(("tests/golden/", "tests/fuzz/corpus/")) or name == "LICENSE"


# Written in pieces, so that this file does not find itself.
MARKERS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
PLACES = re.compile(r"/wor" + r"k/|\.\./shar" + r"ed|shared/vec" + r"tors|/far" + r"m/"
                    r"|/ho" + r"me/\w|/ro" + r"ot/")
LONG_LINES = (".cpp", ".h", ".py", ".cmake", ".sh", "CMakeLists.txt", "dev", ".ci/run")


def check_text(tree):
    for name in tree.names:
        text = tree.text(name)
        if text is None or is_data(name):
            continue
        if text and not text.endswith("\n"):
            yield Finding(name, text.count("\n") + 1, "end-of-file", "the last line has no end")
        lines = text.split("\n")
        if name.endswith((".cpp", ".h", ".py")) and len(lines) > FILE_MAX:
            yield Finding(name, 1, "file-length", f"{len(lines)} lines: is it one thing?", True)
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                yield Finding(name, number, "trailing-blanks", "blanks at the end of the line")
            if "\t" in line:
                yield Finding(name, number, "tab", "a tab: write spaces")
            if name.endswith(LONG_LINES) and len(line) > LINE_MAX:
                yield Finding(name, number, "line-length",
                              f"{len(line)} characters, {LINE_MAX} allowed")
            if MARKERS.search(line):
                yield Finding(name, number, "marker", "leftover: do it, or say it in the docs")
            if name != ".ci/run" and PLACES.search(line):
                yield Finding(name, number, "place", "a path that exists on one machine only")


# Words that do not belong into the code


@dataclass(frozen=True)
class Ban:
    rule: str
    pattern: str
    instead: str
    places: tuple = ("src/", "tests/")  # where it is refused
    except_in: tuple = ()
    in_tests: bool = True


PURE = ("src/recorder/", "src/country/", "src/shop/")
LIBRARIES = ("src/",)
BANS = (
    Ban("clock", r"\bsystem_clock::now\b|\bsteady_clock::now\b|\bclock_gettime\b|\bgettimeofday\b",
        "take a Clock (base/time.h)", except_in=("src/base/", "tests/bench/")),
    Ban("sleep", r"\bsleep_for\b|\bsleep_until\b|\busleep\b|::sleep\s*\(|\bnanosleep\b",
        "wait on a Condition (base/thread.h)", except_in=("src/base/",)),
    Ban("chance", r"\brandom_device\b|\bstd::rand\b|\bsrand\s*\(|\bmt19937",
        "take a Random (base/random.h)", except_in=("src/base/",)),
    Ban("floating-point", r"\bdouble\b|\bfloat\b", "use Money, Quantity or a scaled integer",
        except_in=("src/print/", "tests/bench/")),
    Ban("throw", r"\bthrow\b", "return an Error (base/result.h)", in_tests=False),
    Ban("std-format", r"\bstd::format\b|#\s*include\s*<format>", "use fmt::format"),
    Ban("std-expected", r"\bstd::expected\b|\btl::expected\b", "use Result (base/result.h)"),
    Ban("printing", r"\b(?:f|s|sn|v|vf)?printf\s*\(|\bf?puts\s*\(|\bperror\s*\("
        r"|\bstd::c(?:out|err|log)\b|\bfmt::print\b",
        "return a text or write to a Sink; only app/ prints", places=LIBRARIES,
        except_in=("src/app/", "src/base/check.cpp"), in_tests=False),
    Ban("mutable-global",
        r"^(?:static |inline )+(?!.*\bconst(?:expr|init|eval)?\b)[\w:<>, ]+ \w+(?:\{|;| =)",
        "pass it as an argument", places=LIBRARIES, in_tests=False),
    Ban("pure", r"#\s*include\s*(?:<(?:thread|mutex|shared_mutex|condition_variable|future"
        r"|semaphore|latch|barrier|stop_token|coroutine|fstream|filesystem|cstdio)>"
        r"|\"base/(?:thread|file)\.h\")|\bco_(?:await|return|yield)\b|\bstd::j?thread\b"
        r"|\bstd::mutex\b|\bClock\b|\bsystem_clock\s*\(|\bsystem_random\s*\(",
        "no thread, lock, clock, chance, file or coroutine here: take the value as an argument",
        places=PURE, in_tests=False),
)


def is_test(name):
    """Tests, contract suites, and headers beside the code that only tests include (`test_x.h`)."""
    return (name.startswith("tests/") or name.endswith("_test.cpp") or "/testing/" in name
            or name.rsplit("/", 1)[-1].startswith("test_"))


def check_bans(tree):
    for name in tree.code():
        source = tree.text(name)
        lines = source.split("\n")
        # Includes in quotes are literals too: those lines are kept.
        text = "\n".join(kept if re.match(r"\s*#\s*include", kept) else line for line, kept in
                         zip(bare(source).split("\n"), without_comments(source).split("\n")))
        for ban in BANS:
            if not name.startswith(ban.places) or name.startswith(ban.except_in or ("\0",)):
                continue
            if not ban.in_tests and is_test(name):
                continue
            for number, line in enumerate(text.split("\n"), 1):
                if re.search(ban.pattern, line) and not allowed(lines, number, ban.rule):
                    yield Finding(name, number, ban.rule,
                                  f"`{lines[number - 1].strip()[:60]}`: {ban.instead}")
        for number, line in enumerate(text.split("\n"), 1):
            near = lines[number - 1] + (lines[number - 2] if number > 1 else "")
            if re.search(r"\bshared_ptr\b", line) and "//" not in near:
                yield Finding(name, number, "shared-ptr", "say in a comment why it is shared")


def check_code_form(tree):
    for name in tree.code():
        source = tree.text(name)
        if name.endswith(".h") and "#pragma once" not in source:
            yield Finding(name, 1, "pragma-once", "a header begins with #pragma once")
        for number, line in enumerate(source.split("\n"), 1):
            if "NOLINT" in line and not re.search(
                    r"NOLINT(?:NEXTLINE|BEGIN)?\([\w.,\- ]+\): \S|NOLINTEND\(", line):
                yield Finding(name, number, "nolint", "write `NOLINT(check): reason`")


# Modules and includes


@dataclass(frozen=True)
class Module:
    name: str
    kind: str
    headers: frozenset
    depends: frozenset
    test_depends: frozenset


def read_modules(text):
    """The graph that CMake writes: `name|kind|headers|depends|test_depends` per line."""
    modules = {}
    for line in text.split("\n"):
        if not line.strip():
            continue
        name, kind, headers, depends, test_depends = line.split("|")
        modules[name] = Module(name, kind, *(frozenset(filter(None, part.split(",")))
                                             for part in (headers, depends, test_depends)))
    return modules


def owner(modules, path):
    """The module whose folder holds a path relative to src/, the deepest one."""
    parts = path.split("/")[:-1]
    while parts:
        if "/".join(parts) in modules:
            return modules["/".join(parts)]
        parts.pop()
    return None


INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def check_include(tree, modules, name, included):
    """What is wrong with one include of a file, None if nothing is."""
    here = owner(modules, name[4:]) if name.startswith("src/") else None
    if f"src/{included}" not in tree.known:
        folder = name.rsplit("/", 1)[0]
        if name.startswith("tests/") and {f"tests/{included}", f"{folder}/{included}"} & tree.known:
            return None  # Tests outside src/ have helpers of their own.
        return "no such file: includes start at src/"
    there = owner(modules, included)
    if there is None:
        return "it belongs to no module (siegel_module in its folder's CMakeLists.txt)"
    if here is not None and there.name == here.name:
        return None
    if included[len(there.name) + 1:] not in there.headers:
        return f"it is not among the HEADERS of {there.name}: use what the module promises"
    if here is None:
        return None
    declared = here.depends | (here.test_depends if is_test(name) else frozenset())
    if there.name not in declared:
        return f"{here.name} does not declare {there.name} in DEPENDS"
    return None


def is_built(tree, name):
    """Whether a source file is in a module's folder, or named by a CMakeLists.txt above it."""
    path = Path(name)
    for folder in path.parents:
        lists = f"{folder}/CMakeLists.txt"
        text = tree.text(lists) if lists in tree.known else ""
        if folder == path.parent and "siegel_module(" in text:
            return True
        if re.search(r"(?<![\w/.])" + re.escape(str(path.relative_to(folder))) + r"\b", text):
            return True
    return False


def check_modules(tree, modules):
    for name in tree.code():
        if name.startswith("src/"):
            folder = name.rsplit("/", 1)[0]
            if name.endswith(".cpp") and not is_built(tree, name):
                yield Finding(name, 1, "unlisted",
                              "nobody builds it: its folder has no siegel_module()")
        for number, line in enumerate(without_comments(tree.text(name)).split("\n"), 1):
            match = INCLUDE.match(line)
            wrong = match and check_include(tree, modules, name, match[1])
            if wrong:
                yield Finding(name, number, "include", f"\"{match[1]}\": {wrong}")
    for module in modules.values():
        for header in sorted(module.headers):
            if f"src/{module.name}/{header}" not in tree.known:
                yield Finding(f"src/{module.name}/CMakeLists.txt", 1, "headers",
                              f"{header} does not exist")


# Documents

ERRORS = "docs/reference/errors.md"


def check_error_codes(tree):
    if ERRORS not in tree.names:
        yield Finding(ERRORS, 1, "error-code", "the list of error codes is missing")
        return
    documented = {}
    for number, line in enumerate(tree.text(ERRORS).split("\n"), 1):
        match = re.match(r"\| (" + ERROR_CODE.pattern + r") \|", line)
        if not match:
            continue
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if match[1] in documented:
            yield Finding(ERRORS, number, "error-code", f"{match[1]} has two rows")
        if len(cells) != 4 or not all(cells):
            yield Finding(ERRORS, number, "error-code",
                          f"{match[1]}: code, Deutsch, English, what to do")
        documented[match[1]] = number
    used = set()
    for name in tree.code():
        if not name.startswith("src/") or is_test(name):
            continue
        for number, line in enumerate(without_comments(tree.text(name)).split("\n"), 1):
            for literal in re.findall(r'"(?:\\.|[^"\\])*"', line):
                for code in ERROR_CODE.findall(literal):
                    used.add(code)
                    if code not in documented:
                        yield Finding(name, number, "error-code", f"{code} has no row in {ERRORS}")
    for code in sorted(set(documented) - used):
        yield Finding(ERRORS, documented[code], "error-code", f"{code} is used nowhere")


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def check_links(tree):
    for name in tree.names:
        if not name.endswith(".md"):
            continue
        folder = (tree.root / name).parent
        fenced = False
        for number, line in enumerate(tree.text(name).split("\n"), 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            for target in [] if fenced else LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z]+:|#", target):
                    continue
                if not (folder / target.split("#")[0]).exists():
                    yield Finding(name, number, "link", f"{target} does not exist")
    index = "docs/decisions/README.md"
    linked = set(LINK.findall(tree.text(index))) if index in tree.names else set()
    for name in tree.names:
        if not re.fullmatch(r"docs/decisions/\d{4}-[^/]+\.md", name):
            continue
        if name.split("/")[-1] not in linked:
            yield Finding(name, 1, "decision", f"{index} does not link it")


def check_all(tree, modules):
    findings = []
    for found in (check_text(tree), check_bans(tree), check_code_form(tree),
                  check_modules(tree, modules), check_error_codes(tree), check_links(tree)):
        findings.extend(found)
    return sorted(findings, key=lambda f: (f.warning, f.path, f.line))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--modules", default="build/dev/modules.txt",
                        help="the graph that CMake wrote")
    arguments = parser.parse_args()
    root = Path(__file__).resolve().parent.parent
    graph = root / arguments.modules
    if not graph.is_file():
        sys.exit(f"tidy: {arguments.modules} is missing: run ./dev build first")
    findings = check_all(Tree(root), read_modules(graph.read_text()))
    for finding in findings:
        print(finding)
    wrong = sum(not finding.warning for finding in findings)
    if wrong:
        print(f"tidy: {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
