"""weir sql on a real pseudo-terminal: what a person types and sees. Nothing is timed; a wait has a generous end."""
import os
import pathlib
import pty
import select
import subprocess
import tempfile
import termios
import time
import unittest

from weir_project import WEIR, Project

WAIT_SECONDS = 60
UP, DOWN, LEFT, HOME = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[H"


class Shell:
    def __init__(self, project, home):
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (40, 100))
        self.before = termios.tcgetattr(self.slave)
        environment = {"PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm", "NO_COLOR": "1"}
        self.process = subprocess.Popen([WEIR, "sql"], cwd=project.folder, env=environment, stdin=self.slave,
                                        stdout=self.slave, stderr=self.slave, start_new_session=True)
        self.seen = ""
        self.expect("weir> ")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, text):
        """Waits for `text`; what came up to its end, and is not looked at again."""
        end = time.monotonic() + WAIT_SECONDS
        while text not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {self.seen!r}"
            if select.select([self.master], [], [], 0.5)[0]:
                self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
        came, self.seen = self.seen.split(text, 1)
        return came + text

    def run(self, statement, answer):
        self.type(statement + "\r")
        self.expect(answer)
        return self.expect("weir> ")

    def leave(self):
        self.type("\x04")
        return self.process.wait(WAIT_SECONDS)


class ShellTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project()
        cls.project.write("in/a.csv", "id,kind,price,at\n1,view,,2026-05-01T10:00:00Z\n2,purchase,9.50,2026-05-01T10:00:01Z\n")
        cls.project.weir("run")

    @classmethod
    def tearDownClass(cls):
        cls.project.__exit__()

    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.addCleanup(self.home.cleanup)

    def shell(self):
        return Shell(self.project, self.home.name)

    def test_a_statement_has_many_lines_and_ends_with_a_semicolon(self):
        with self.shell() as shell:
            shell.type("select id, kind -- not here;\r")
            shell.expect("...> ")
            shell.type("from raw.events where kind <> ';' order by id;\r")
            self.assertIn("purchase", shell.expect("weir> "))
            self.assertEqual(shell.leave(), 0)

    def test_two_statements_on_a_line(self):
        with self.shell() as shell:
            shell.type("select 11 as a; select 22 as b;\r")
            shell.expect("11")
            shell.expect("22")

    def test_an_error_ends_the_statement_and_not_the_shell(self):
        with self.shell() as shell:
            shell.run("select nothing_like_it from raw.events;", "error[engine.bind]")
            shell.run("select 40 + 2 as n;", "42")
            shell.run("delete from raw.events;", "error[query.not_select]")

    def test_ctrl_c_drops_what_is_typed(self):
        with self.shell() as shell:
            shell.type("select 1,\r")
            shell.expect("...> ")
            shell.type("this is wrong\x03")
            shell.expect("^C")
            shell.expect("weir> ")
            shell.run("select 6 * 7 as n;", "42")

    def test_ctrl_c_cancels_the_query_and_not_the_shell(self):
        with self.shell() as shell:
            for _ in range(2):
                shell.type("select sum(a.range * b.range % 7) from range(100000000) a, range(1000000) b;\r")
                shell.type("\x03")
                shell.expect("error[engine.cancelled]")
                shell.expect("weir> ")
            shell.run("select 6 * 7 as n;", "42")
            self.assertEqual(shell.leave(), 0)

    def test_what_was_typed_ahead_is_taken(self):
        with self.shell() as shell:
            shell.type("select 1 as a;\rselect 40 + 2 as n;\r")
            shell.expect("42")

    def test_keys_that_edit(self):
        with self.shell() as shell:
            shell.run("select 41 as n;" + LEFT * 6 + "\x7f2" + HOME + "\x05", "42")      # 41 becomes 42
            shell.run("nonsense\x15select 'größe' as n;", "größe\r\n")
            shell.run("select 1 wrong\x17as n;", "1\r\n")
            shell.run("select 'ö" + LEFT + "\x04ä' as x;", "ä\r\n")

    def test_history_goes_back_and_lasts(self):
        with self.shell() as shell:
            shell.run("select 10 + 1 as n;", "11")
            shell.run("select 20 + 2 as n;", "22")
            shell.run(UP + UP, "11")
            shell.run(UP + UP + UP + DOWN, "22")
            self.assertEqual(shell.leave(), 0)
        history = pathlib.Path(self.home.name, ".local/state/weir/sql_history").read_text().splitlines()
        self.assertEqual(history[:3], ["select 10 + 1 as n;", "select 20 + 2 as n;", "select 10 + 1 as n;"])
        with self.shell() as shell:
            shell.run(UP, "22")

    def test_tab_completes_tables_columns_and_keywords(self):
        with self.shell() as shell:
            for typed, becomes in (("sel\t", "select "), ("pri\t", "price "), ("from raw.ev\t", "raw.events "),
                                   ("where kin\t", "kind ")):
                shell.type(typed)     # And waits: what comes at once is pasted, and its tabs are blanks.
                shell.expect(becomes)
            shell.run("= 'purchase';", "9.50")
            shell.type("SEL\t")
            shell.expect("SELECT ")
            shell.type("\x15_\t")
            shell.expect("_ingested_at")
            shell.expect("_source")
            shell.type("\x15from dead_letters.\t\x15")
            shell.run("select 6 * 7 as n;", "42")

    def test_commands(self):
        with self.shell() as shell:
            shell.run(".tables", "raw.events\r\n")
            shell.run(".help", ".quit")
            shell.run(".tabels", "there is no .tabels")
            shell.type(".quit\r")
            self.assertEqual(shell.process.wait(WAIT_SECONDS), 0)

    def test_the_terminal_is_left_as_it_was(self):
        with self.shell() as shell:
            self.assertNotEqual(termios.tcgetattr(shell.slave), shell.before)
            self.assertEqual(shell.leave(), 0)
            self.assertEqual(termios.tcgetattr(shell.slave), shell.before)

    def test_a_table_that_grew_meanwhile_is_read_anew(self):
        with self.shell() as shell:
            shell.run("select count(*) + 100 as n from raw.events;", "102")
            self.project.write("in/b.csv", "id,kind,price,at\n3,view,,2026-05-01T10:00:00Z\n")
            self.project.weir("run")
            shell.run("select count(*) + 100 as n from raw.events;", "103")


if __name__ == "__main__":
    unittest.main()
