#!/usr/bin/env python3
"""The documentation, executed: what README.md, docs/user/ and the examples' READMEs show is what happens.

    python3 tests/docs_test.py                      all pages, with WEIR_BIN or build/release/weir
    python3 tests/docs_test.py --rewrite [PAGE..]   what came becomes what is expected, and the reference is
                                                    generated; read the diff before you keep it

tests/scenario/page.py says how a block is marked.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from scenario import page

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIR = pathlib.Path(os.environ.get("WEIR_BIN") or ROOT / "build/release/weir").resolve()
REFERENCE = ROOT / "docs/user/reference.md"
REFERENCE_HEAD = """\
# Reference of all keys

Made by `weir config reference` from the tables that the program itself reads; do not edit it. Commands,
exit codes and variables of the environment are in [commands](commands.md). A key of the language that is
missing here is refused with `config.not_built`, and so is, in this version, any connection or schedule.

"""
# Pages that begin with a project that a newcomer can paste.
SIXTY_SECONDS = ["files", "contracts", "dead-letters", "models", "gen", "query"]


def pages():
    found = [ROOT / "README.md", *ROOT.glob("docs/user/*.md"), *ROOT.glob("examples/*/README.md")]
    return sorted(path for path in found if path != REFERENCE)


def play(path):
    name = str(path.relative_to(ROOT))

    def copy_example(folder):
        shutil.copytree(path.parent, folder, dirs_exist_ok=True)

    player = page.Player(name, page.parse(name, path.read_text("utf-8")), page.programs(WEIR))
    return player.play(copy_example if name.startswith("examples/") else None)


def play_or_error(path):
    try:
        return play(path)
    except Exception as error:  # Told by the page's test.
        return error


def reference():
    made = subprocess.run([WEIR, "config", "reference"], capture_output=True, text=True, timeout=60, check=True)
    return REFERENCE_HEAD + made.stdout


class Pages(unittest.TestCase):
    """One test for each page, made below; four are played at a time: they mostly wait for the disk."""

    @classmethod
    def setUpClass(cls):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            cls.played = dict(zip(pages(), pool.map(play_or_error, pages())))

    def check(self, path):
        player = self.played[path]
        if isinstance(player, Exception):
            raise player
        wrong = [f"{path.relative_to(ROOT)}:{each.line}: {each.message}" for each in player.wrong]
        self.assertFalse(wrong, "\n" + "\n\n".join(wrong))
        if player.skipped:
            self.skipTest("; ".join(player.skipped))


def add_page(path):
    name = re.sub(r"\W+", "_", str(path.relative_to(ROOT).with_suffix("")).lower())
    setattr(Pages, f"test_{name}", lambda self: self.check(path))


for each_page in pages():
    add_page(each_page)


class Whole(unittest.TestCase):
    def test_the_reference_is_what_the_program_says(self):
        self.assertEqual(REFERENCE.read_text("utf-8"), reference(), "python3 tests/docs_test.py --rewrite")

    def test_pages_begin_with_a_project_to_paste(self):
        for name in SIXTY_SECONDS:
            path = ROOT / f"docs/user/{name}.md"
            blocks = page.parse(path.name, path.read_text("utf-8"))
            self.assertEqual(("write", "weir.yaml"), (blocks[0].kind, blocks[0].target), path)
            self.assertIn("console", [block.kind for block in blocks], path)

    def test_every_page_can_be_found_from_the_readme(self):
        told = (ROOT / "README.md").read_text("utf-8")
        for path in ROOT.glob("docs/user/*.md"):
            self.assertIn(f"(docs/user/{path.name})", told)


class TheTestItself(unittest.TestCase):
    """A test that cannot fail proves nothing."""

    def played(self, text, timeout=60.0):
        return page.Player("x.md", page.parse("x.md", text), {}, timeout).play()

    def wrong(self, text, timeout=60.0):
        return [(each.line, each.message) for each in self.played(text, timeout).wrong]

    def refused(self, text):
        with self.assertRaises(page.PageError) as caught:
            self.played(text)
        return str(caught.exception)

    def test_a_page_that_says_what_happens_passes(self):
        self.assertEqual([], self.wrong(
            "```csv file=in/a.csv\nid\n1\n```\n```csv append=in/a.csv\n2\n```\n"
            "```console\n$ cat in/a.csv\nid\n...\n$ tail -n 1 \\\n>   in/a.csv\n{{int}}\n$ true\n```\n"))

    def test_a_wrong_expectation_fails_with_its_line(self):
        (line, message), = self.wrong("text\n\n```console\n$ echo four\nfive\n```\n")
        self.assertEqual(4, line)
        self.assertIn("-five", message)
        self.assertIn("+four", message)

    def test_output_that_the_page_does_not_show_fails(self):
        self.assertEqual(1, len(self.wrong("```console\n$ echo four\n```\n")))

    def test_an_exit_code_that_the_page_does_not_show_fails(self):
        (_, message), = self.wrong("```console\n$ exit 3\n```\n")
        self.assertIn("ended with 3", message)
        self.assertEqual([], self.wrong("```console\n$ (exit 3); echo \"exit $?\"\nexit 3\n```\n"))

    def test_errors_are_seen_too(self):
        self.assertEqual(1, len(self.wrong("```console\n$ echo oh >&2\n```\n")))

    def test_a_command_that_does_not_end_fails(self):
        (_, message), = self.wrong("```console\n$ sleep 60\n```\n", timeout=0.2)
        self.assertIn("took longer", message)

    def test_a_block_that_is_neither_executed_nor_marked_fails(self):
        for opening in ("```", "```yaml", "```sh", "```sql", "```json"):
            self.assertIn("x.md:2: the block is neither", self.refused(f"\n{opening}\nweir run\n```\n"))
        for opening in ("```text", "```yaml text", "```sh text"):
            self.assertEqual([], self.wrong(f"{opening}\nweir run\n```\n"))

    def test_a_block_that_cannot_be_read_fails(self):
        self.assertIn("not closed", self.refused("```text\nx\n"))
        self.assertIn("x.md:2: a console block begins", self.refused("```console\nweir run\n```\n"))
        self.assertIn("'fil=a' says nothing", self.refused("```yaml fil=a\n```\n"))

    def test_a_time_and_an_instance_may_differ_and_nothing_else(self):
        self.assertEqual([], self.wrong("```console\n$ echo a: 2 rows in 5 ms, b/0123abcd/1\n"
                                        "a: 2 rows in 1.2 s, b/ffff0000/1\n```\n"))
        self.assertEqual(1, len(self.wrong("```console\n$ echo a: 2 rows in 5 ms\na: 3 rows in 5 ms\n```\n")))

    def test_a_block_that_needs_what_is_missing_is_skipped_and_said(self):
        player = self.played("```console needs=sys,no_such_module\n$ false\n```\n")
        self.assertEqual(([], ["x.md:2: needs no_such_module"]), (player.wrong, player.skipped))

    def test_a_new_project_is_empty(self):
        self.assertEqual([], self.wrong("```text file=a\nx\n```\n" + page.NEW_PROJECT + "\n```console\n$ ls\n```\n"))

    def test_commands_print_to_a_terminal_and_a_progress_bar_is_gone(self):
        self.assertEqual([], self.wrong("```console\n$ test -t 1 && stty size <&1\n40 100\n```\n"))
        self.assertEqual(["a", "b"], page.seen("a\n\r\x1b[K10 %\r\x1b[K20 %\r\x1b[Kb\n"))

    def test_a_rewrite_keeps_what_still_matches(self):
        text = "```console\n$ echo 1 in 5 ms; echo 2\n1 in 7 ms\n3\n```\nend\n"
        self.assertEqual("```console\n$ echo 1 in 5 ms; echo 2\n1 in 7 ms\n2\n```\nend\n",
                         page.rewritten(text, self.played(text).fresh))


def rewrite(arguments):
    REFERENCE.write_text(reference(), "utf-8")
    for path in [pathlib.Path(each).resolve() for each in arguments] or pages():
        text = path.read_text("utf-8")
        player = play(path)
        path.write_text(page.rewritten(text, player.fresh), "utf-8")
        for each in player.wrong:
            print(f"{path.relative_to(ROOT)}:{each.line}: {each.message}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--rewrite"]:
        rewrite(sys.argv[2:])
    else:
        unittest.main()
