#!/usr/bin/env python3
"""Tests of the runner itself, against a fake weir: above all, a wrong expectation must fail."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(TESTS))

from scenario import case_file, expect  # noqa: E402

FAKE_WEIR = r"""#!/bin/sh
case "$1" in
  say) shift; printf "$@" ;;
  exit) exit "$2" ;;
  complain) echo "error: $2" >&2; exit 78 ;;
  die) if [ -n "$WEIR_FAILPOINT" ]; then echo "armed $WEIR_FAILPOINT"; kill -9 $$; fi; echo "not armed" ;;
  serve) trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done ;;
  sleep) sleep 30 ;;
  where) pwd ;;
esac
"""


class RunnerCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.weir = pathlib.Path(self.folder.name) / "fake_weir"
        self.weir.write_text(FAKE_WEIR)
        self.weir.chmod(0o755)

    def run_case(self, text, *options):
        path = pathlib.Path(self.folder.name) / "case.test"
        path.write_text("# what: a case\n" + text, "utf-8")
        result = subprocess.run(
            [sys.executable, TESTS / "run_cases.py", path, *options], capture_output=True, text=True, timeout=60,
            env={**os.environ, "WEIR_BIN": str(self.weir)})
        return result, path

    def test_what_holds_passes(self):
        cases = {
            "exact output": "run weir say 'a\\nb\\n'\n---- 0\na\nb\n",
            "no block: only exit 0 is asked for": "run weir say x\n",
            "another exit code": "run weir exit 3\n---- 3\n",
            "any exit code": "run! weir exit 5\n",
            "stderr": "run weir complain no\n---- 78\nstderr:\nerror: no\n",
            "stderr is not looked at without its section": "run weir complain no\n---- 78\n",
            "wildcards": "run weir say '7 rows in 12.3 s\\n2026-01-01T00:00:00Z\\n'\n---- 0\n{{int}} rows in {{duration}}\n{{time}}\n",
            "any lines": "run weir say 'a\\nb\\nc\\nd\\n'\n---- 0\na\n{{...}}\nd\n",
            "blank lines within": "run weir say 'a\\n\\nb\\n'\n---- 0\na\n\nb\n\nrun weir exit 0\n",
            "escaped lines": "run weir say 'run weir\\n\\n'\n---- 0\n\\run weir\n\\\n",
            "files, append and remove": "file d/a\n| 1\n|\n|  2\nappend d/a\n| 3\nrun cat d/a\n---- 0\n1\n\n 2\n3\n\n"
                                        "remove d\nrun test -e d\n---- 1\n",
            "bytes": "bytes a\n| \\xff\\n\n| é\nappend-bytes a\n| \\x00\nrun od -An -tx1 a\n---- 0\n ff 0a c3 a9 00\n",
            "standard input": "run cat\n| hello\n---- 0\nhello\n",
            "env": "env X=1 2\nrun echo \"$X\"\n---- 0\n1 2\n",
            "python": "file a\n| x\npython\n| print(len(open('a').read()))\n---- 0\n2\n",
            "death at a failpoint": "kill-at file.after_link:2 weir die\n----\narmed file.after_link:2:kill\n\n"
                                    "run weir die\n---- 0\nnot armed\n",
            "the folder's name": "run weir where\n---- 0\n$DIR\n",
            "in the background": "start s weir serve\nwait-for s ready\nstop s\n---- 0\nready\nbye\n",
            "a comment after a block": "run weir say 'a\\n'\n---- 0\na\n\n# then\nrun weir exit 0\n",
            "copy": "copy tests/README.md x/README.md\nrun head -c 2 x/README.md\n---- 0\n# \n".replace("# \n", "\\# \n"),
        }
        for what, text in cases.items():
            with self.subTest(what):
                result, _ = self.run_case(text)
                self.assertEqual(result.stdout.splitlines()[-1:], ["1 passed, 0 failed"], result.stdout + result.stderr)
                self.assertEqual(result.returncode, 0)

    def test_what_does_not_hold_fails(self):
        cases = {
            "other output": ("run weir say 'a\\n'\n---- 0\nb\n", "-b"),
            "more output": ("run weir say 'a\\nb\\n'\n---- 0\na\n", "+b"),
            "less output": ("run weir say 'a\\n'\n---- 0\na\nb\n", "-b"),
            "output where none is expected": ("run weir say 'a\\n'\n---- 0\n", "+a"),
            "exit code": ("run weir exit 3\n---- 0\n", "exit 3, expected 0"),
            "exit code without a block": ("run weir exit 1\n", "exit 1, expected 0"),
            "stderr": ("run weir complain yes\n---- 78\nstderr:\nerror: no\n", "+error: yes"),
            "a wildcard that does not match": ("run weir say 'x rows\\n'\n---- 0\n{{int}} rows\n", "-{{int}} rows"),
            "any exit, but other output": ("run! weir say 'a\\n'\n----\nb\n", "-b"),
            "survival of a failpoint": ("kill-at a weir say hello\n", "expected death at failpoint a"),
            "a later step": ("run weir exit 0\nrun weir exit 1\n", "case.test:3"),
            "python that fails": ("python\n| assert 1 == 2\n", "AssertionError"),
            "a wait in vain": ("start s weir say bye\nwait-for s ready\nrun true\n", "'ready' never came"),
            "time": ("# timeout: 0.3\nrun weir sleep\n", "longer than 0.3 s"),
            "a path out of the folder": ("file ../a\n| x\nrun true\n", "leads out"),
            "removing what is not there": ("remove a\nrun true\n", "a is not there"),
            "an unknown verb": ("rnu weir exit 0\n", "did you mean 'run'?"),
            "an unknown wildcard": ("run weir say 1\n---- 0\n{{number}}\n", "unknown wildcard {{number}}"),
            "a file without content lines but a block": ("file a\n---- 0\n", "has no output to expect"),
            "nothing checked": ("file a\n| x\n", "nothing is run"),
        }
        for what, (text, told) in cases.items():
            with self.subTest(what):
                result, _ = self.run_case(text)
                self.assertEqual(result.stdout.splitlines()[-1:], ["0 passed, 1 failed"], result.stdout + result.stderr)
                self.assertEqual(result.returncode, 1)
                self.assertIn(told, result.stdout)

    def test_a_missing_tool_skips_and_says_so(self):
        result, _ = self.run_case("# needs: no_such_tool_here\nrun weir exit 0\n")
        self.assertIn("needs no_such_tool_here", result.stdout)
        self.assertEqual(result.stdout.splitlines()[-1], "0 passed, 0 failed, 1 skipped")

    def test_rewrite_keeps_matching_wildcards_and_then_passes(self):
        before = ("run weir say 'a\\nbatch 17 at 2026-01-01T00:00:00Z\\nnew\\nrun x\\n\\n'\n---- 1\nold\nbatch {{int}} at {{time}}\n\n"
                  "# next\nrun weir complain no\n---- 0\nstderr:\nwas\n")
        after = ("run weir say 'a\\nbatch 17 at 2026-01-01T00:00:00Z\\nnew\\nrun x\\n\\n'\n---- 0\na\nbatch {{int}} at {{time}}\nnew\n\\run x\n\\\n\n"
                 "# next\nrun weir complain no\n---- 78\nstderr:\nerror: no\n")
        result, path = self.run_case(before, "--rewrite")
        self.assertEqual(result.stdout.splitlines()[-1], "0 passed, 0 failed, 1 rewritten", result.stdout)
        self.assertEqual(path.read_text(), "# what: a case\n" + after)
        result, _ = self.run_case(after)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_rewrite_cannot_mend_what_has_no_expectation(self):
        result, path = self.run_case("run weir exit 1\n", "--rewrite")
        self.assertEqual(result.returncode, 1)
        self.assertIn("0 passed, 1 failed", result.stdout)

    def test_a_missing_binary_is_no_success(self):
        self.weir.unlink()
        result, _ = self.run_case("run true\n")
        self.assertEqual(result.returncode, 2)


class Lines(unittest.TestCase):
    def test_wildcards(self):
        cases = [
            ("{{int}}", "-12,345", True), ("{{int}}", "1.5", False), ("{{num}}", "1.5e-3", True),
            ("{{uuid}}", "01234567-89ab-cdef-0123-456789abcdef", True), ("{{uuid}}", "0123", False),
            ("{{time}}", "2026-01-01 00:00:00.123+00", True), ("{{time}}", "2026-01-01", False),
            ("a.c", "abc", False), ("a{{*}}c", "ac", True), ("a{{*}}c", "acb", False), ("{{bytes}}", "1.5 KiB", True),
            ("{{duration}}", "4 min 10 s", True), ("{{hex}}", "0aF", False), ("(a|b)", "a", False),
        ]
        for expected, actual, holds in cases:
            with self.subTest(expected=expected, actual=actual):
                self.assertEqual(expect.line_matches(expected, actual), holds)

    def test_any_lines(self):
        cases = [
            (["{{...}}"], [], True), (["{{...}}"], ["a", "b"], True), (["a", "{{...}}"], ["b"], False),
            (["{{...}}", "z"], ["z", "z"], True), (["{{...}}", "a", "{{...}}", "b"], ["a", "x", "a", "b"], True), ([], ["a"], False),
        ]
        for expected, actual, holds in cases:
            with self.subTest(expected=expected, actual=actual):
                self.assertEqual(expect.lines_match(expected, actual), holds)

    def test_rewriting_keeps_any_lines_between_lines_that_stand(self):
        self.assertEqual(expect.rewritten(["a", "{{...}}", "d", "e"], ["a", "b", "c", "d", "x"]), ["a", "{{...}}", "d", "x"])

    def test_every_escaped_line_is_read_back_as_it_was(self):
        for lines in (["run x"], ["\\a"], ["---- 0"], ["# t"], ["stderr:"], ["a", "", ""], ["", "a"], ["a", "", "# t"], [""]):
            block = case_file.block_lines(case_file.Expectation(0, 0, 0, lines), False)
            text = "# what: x\nrun weir\n" + "\n".join(block) + "\n\nrun weir\n"
            case = case_file.parse("x", text)
            with self.subTest(lines=lines):
                self.assertEqual(case.steps[0].expectation.stdout, lines)
                self.assertEqual(len(case.steps), 2)


if __name__ == "__main__":
    unittest.main()
