"""Each rule of tidy.py fails on a tree that breaks it, and on that one only."""
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cpp
import tidy

# A small project that keeps every rule.
SOUND = {
    "src/layers.txt": "# room rank\nbase 0\nenv 1\nconfig 2\nengine 3\nsource 8\nsink 8\n",
    "src/base/README.md": "# base\n",
    "src/base/CMakeLists.txt": "weir_room(base\n  SOURCES a.cc\n  TESTS a_test.cc)\n",
    "src/base/a.h": "#pragma once\n#include <string>\nnamespace weir {\nint A();\n}\n",
    "src/base/a.cc": '#include "base/a.h"\nnamespace weir {\nint A() { return 1; }\n}\n',
    "src/base/a_test.cc": '#include "base/a.h"\n#include <gtest/gtest.h>\nTEST(A, IsOne) { std::printf("%d", weir::A()); }\n',
    "src/env/README.md": "# env\nSee [base](../base/README.md#base).\n",
    "src/env/CMakeLists.txt": "weir_room(env\n  SOURCES files.cc\n  DEPS base)\n",
    "src/env/files_internal.h": "#pragma once\n",
    "src/env/files.cc": '#include "base/a.h"\n#include "env/files_internal.h"\nint F() { return std::time(nullptr); }\n',
    "src/source/README.md": "# source\n",
    "src/source/CMakeLists.txt": "weir_room(source\n  SOURCES http/http_source.cc rest/rest_source.cc\n  DEPS base)\n",
    "src/source/http/http.h": "#pragma once\n",
    "src/source/http/http_source.cc": '#include "source/http/http.h"\n#include "base/a.h"\n',
    "src/source/rest/rest_source.cc": "int R() { return 0; }\n",
    "README.md": "[env](src/env/README.md) and [elsewhere](https://example.com/x)\n```\n[not a link](nowhere)\n```\n",
}

LONG_FUNCTION = "int Long(int n) {\n" + "  ++n;\n" * 80 + "  return n;\n}\n"

# (what is broken, the files that break it, the rule, a word of the message)
BREAKS = [
    ("an include of a higher room", {"src/base/a.cc": '#include "env/clock.h"\n'}, "layers", "rank"),
    ("an include of a room of the same rank", {"src/source/rest/rest_source.cc": '#include "sink/sink.h"\n'}, "layers", "rank"),
    ("an include not written from src/", {"src/base/a.cc": '#include "a.h"\n'}, "layers", "written from src/"),
    ("testing/ in a source", {"src/base/a.cc": '#include "testing/fake.h"\n'}, "layers", "testing/"),
    ("a room without a rank", {"src/cellar/README.md": "# cellar\n"}, "layers", "no rank"),
    ("a private header of another room", {"src/source/rest/rest_source.cc": '#include "env/files_internal.h"\n'}, "internal", "face"),
    ("a kind that knows another kind", {"src/source/rest/rest_source.cc": '#include "source/http/http.h"\n'}, "kinds", "http"),
    ("a link to a higher room", {"src/base/CMakeLists.txt": "weir_room(base SOURCES a.cc DEPS env TESTS a_test.cc)\n"}, "links", "lower rank"),
    ("an include without a link", {"src/env/CMakeLists.txt": "weir_room(env SOURCES files.cc)\n"}, "links", "DEPS does not name"),
    ("a source that no target owns", {"src/base/left.cc": "int L() { return 0; }\n"}, "dead-file", "names this file"),
    ("a source that only a comment names", {"src/base/left.cc": "\n", "src/base/CMakeLists.txt": "weir_room(base SOURCES a.cc TESTS a_test.cc)  # left.cc\n"},
     "dead-file", "names this file"),
    ("duckdb.h outside engine/", {"src/base/a.cc": '#include "duckdb.h"\n'}, "libraries", "engine/"),
    ("Beast outside net/", {"src/env/files.cc": "#include <boost/beast/http.hpp>\n"}, "libraries", "net/"),
    ("sqlite3.h outside catalog/", {"src/env/files.cc": "#include <sqlite3.h>\n"}, "libraries", "catalog/"),
    ("a library in base/", {"src/base/a.cc": "#include <fmt/core.h>\n"}, "libraries", "standard library"),
    ("a heavy header in a face", {"src/base/a.h": '#pragma once\n#include "arrow/api.h"\n'}, "heavy-header", "type_fwd"),
    ("a file of 801 lines", {"src/base/a.cc": "\n" * 801}, "file-length", "the limit is 800"),
    ("a header of 201 lines", {"src/base/a.h": "#pragma once\n" * 201}, "header-length", "the limit is 200"),
    ("a function of 83 lines", {"src/base/a.cc": LONG_FUNCTION}, "function-length", "Long has 83 lines"),
    ("a long member function", {"src/base/a.h": "#pragma once\nclass A {\n public:\n" + LONG_FUNCTION + "};\n"}, "function-length", "Long"),
    ("a long test", {"src/base/a_test.cc": "TEST(A, Long) {\n" + "  A();\n" * 80 + "}\n"}, "function-length", "TEST(A, Long)"),
    ("std::regex", {"src/base/a.cc": 'std::regex r("a");\n'}, "banned", "overflows the stack"),
    ("sprintf", {"src/base/a.cc": "void F(char* s) { sprintf(s, 1); }\n"}, "banned", "fmt::format"),
    ("strcpy", {"src/base/a.cc": "void F(char* s) { strcpy(s, s); }\n"}, "banned", "std::string"),
    ("std::stoi", {"src/base/a.cc": "int F() { return std::stoi(x); }\n"}, "banned", "from_chars"),
    ("a detached thread", {"src/base/a.cc": "void F() { t.detach(); }\n"}, "banned", "joined"),
    ("system()", {"src/env/files.cc": 'void F() { std::system("ls"); }\n'}, "banned", "posix_spawn"),
    ("rand()", {"src/base/a.cc": "int F() { return rand(); }\n"}, "banned", "env/random.h"),
    ("random_device, in a test too", {"src/base/a_test.cc": "std::random_device seed;\n"}, "banned", "env/random.h"),
    ("time() outside env/", {"src/base/a.cc": "auto F() { return time(nullptr); }\n"}, "banned", "env/clock.h"),
    ("system_clock outside env/", {"src/base/a.cc": "auto F() { return std::chrono::system_clock::now(); }\n"}, "banned", "env/clock.h"),
    ("std::cout outside cli/ and app/", {"src/base/a.cc": "void F() { std::cout << 1; }\n"}, "banned", "telemetry/"),
    ("a write by std::filesystem outside env/", {"src/base/a.cc": "void F() { std::filesystem::remove_all(p); }\n"}, "banned", "env/files.h"),
    ("std::ofstream outside env/", {"src/base/a.cc": "std::ofstream out(p);\n"}, "banned", "env/files.h"),
    ("assert", {"src/base/a.cc": "void F() { assert(true); }\n"}, "banned", "WEIR_CHECK"),
    ("using namespace in a header", {"src/base/a.h": "#pragma once\nusing namespace std;\n"}, "banned", "using namespace"),
    ("a header without its guard", {"src/base/a.h": "int A();\n"}, "pragma-once", "#pragma once"),
    ("a room without a README", {"src/base/README.md": None}, "readme", "purpose"),
    ("a README of 41 lines", {"src/base/README.md": "# base\n" + "x\n" * 40}, "readme", "41 lines"),
    ("a link to no file", {"README.md": "[a](docs/none.md)\n"}, "dead-link", "leads nowhere"),
    ("a link to no heading", {"README.md": "[a](src/env/README.md#absent)\n"}, "dead-link", "no heading"),
    ("a retired word in a path", {"docs/file-helpers.md": "# x\n"}, "retired-word", "helper"),
]


def findings_of(changes):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**SOUND, **changes}.items():
            if text is not None:
                file = pathlib.Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        return tidy.findings(folder)


class Rules(unittest.TestCase):
    def test_a_sound_tree_has_no_finding(self):
        self.assertEqual([], findings_of({}))

    def test_each_rule_can_fail(self):
        for what, changes, rule, word in BREAKS:
            with self.subTest(what):
                found = [f"{finding.rule}: {finding.message}" for finding in findings_of(changes)]
                self.assertTrue(any(line.startswith(rule + ":") and word in line for line in found), found)

    def test_a_softer_limit_is_a_note(self):
        found = findings_of({"src/base/a.cc": "\n" * 500})
        self.assertEqual([("file-length", False)], [(finding.rule, finding.is_error) for finding in found])

    def test_every_rule_is_tried(self):
        text = pathlib.Path(tidy.__file__).read_text()
        rules = {word for line in text.splitlines() if "Finding(" in line for word in re.findall(r', "([a-z-]+)",', line)}
        self.assertGreater(len(rules), 9)
        self.assertLessEqual(rules, {rule for _, _, rule, _ in BREAKS})

    def test_comments_and_literals_are_not_code(self):
        self.assertEqual([], findings_of({"src/base/a.cc": '// time(nullptr)\n/* std::regex */\nconst char* k = "system(";\n'
                                          'auto r = R"x(\nstd::cout << "1";\n)x";\n'}))


class Functions(unittest.TestCase):
    CASES = [
        ("int F() { if (a) { b(); } }", ["F"]),
        ("namespace a {\nnamespace {\nvoid G(int b) const {}\n}\n}", ["G"]),
        ("class A {\n public:\n  A() : b_{1}, c_(2) {}\n  int d() { return 1; }\n};", ["A", "d"]),
        ("const int kTable[] = {1, f(2), {3}};", []),
        ("enum class E { kA, kB };\nstruct S { int x = 0; };", []),
        ("template <typename T>\nstruct S<T> { T Get() { return T{}; } };", ["Get"]),
        ("Result<int> F(std::vector<int> a = {}) { return a; }", ["F"]),
        ("#define X(a) { a }\nvoid F() {}", ["F"]),
        ("extern \"C\" int L(int a) { return a; }", ["L"]),
    ]

    def test_bodies_are_found_in_scopes_alone(self):
        for text, names in self.CASES:
            with self.subTest(text):
                self.assertEqual(names, [name for _, _, name in cpp.functions(cpp.without_words(text))])


if __name__ == "__main__":
    unittest.main()
