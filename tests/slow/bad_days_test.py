"""What happens when the outside fails: code, place, next step; exit 1; state intact; goes on when mended."""
import os
import shutil
import signal
import subprocess
import time
import unittest

from weir_project import Project, event


def lines(first, count):
    return "\n".join(event(i) for i in range(first, first + count)) + "\n"


class BadDays(unittest.TestCase):
    def assert_rows(self, project, rows):
        self.assertEqual(project.query("select count(*) as n, count(distinct id) as d from raw.events"), [(rows, rows)])
        project.verify()

    def test_disk_full(self):
        with Project(rows=1000) as project:
            lake = project.folder / "lake"
            lake.mkdir()
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", lake], capture_output=True).returncode:
                self.skipTest("mounting needs root")
            try:
                project.write("in/a.ndjson", lines(0, 20000))
                code, _, err = project.call("run")
                self.assertEqual(code, 1, err)
                self.assertIn("file.full", err)
                self.assertIn("df -h", err)
                committed = project.verify()["counts"]["accepted"]
                self.assertLess(committed, 20000)
                subprocess.run(["mount", "-o", "remount,size=64m", lake], check=True)
                project.weir("run")
                self.assert_rows(project, 20000)
            finally:
                subprocess.run(["umount", "-l", lake], check=True)

    def test_read_only_lake(self):
        with Project() as project:
            lake = project.folder / "lake"
            lake.mkdir()
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", lake], capture_output=True).returncode:
                self.skipTest("mounting needs root")
            try:
                project.write("in/a.ndjson", lines(0, 10))
                code, _, err = project.call("run")
                self.assertEqual(code, 1, err)
                self.assertIn("file.read_only", err)
                subprocess.run(["mount", "-o", "remount,rw", lake], check=True)
                project.weir("run")
                self.assert_rows(project, 10)
            finally:
                subprocess.run(["umount", "-l", lake], check=True)

    def test_unreadable_file(self):
        with Project() as project:
            project.write("in/a.ndjson", lines(0, 10))
            os.symlink("loop.ndjson", project.folder / "in/loop.ndjson")  # ELOOP, for root too
            code, _, err = project.call("run")
            if code == 0:  # A link that leads nowhere is no input.
                self.assert_rows(project, 10)
            else:
                self.assertEqual(code, 1, err)
                self.assertIn("loop.ndjson", err)
            (project.folder / "in/loop.ndjson").unlink()
            project.weir("run")
            self.assert_rows(project, 10)

    def test_lake_deleted_behind_our_back(self):
        with Project() as project:
            project.write("in/a.ndjson", lines(0, 10))
            project.run()
            shutil.move(project.folder / "lake", project.folder / "kept")
            project.write("in/b.ndjson", lines(10, 10))
            code, _, err = project.call("run")
            self.assertEqual(code, 1, err)
            self.assertIn("table.lost", err)
            self.assertEqual(project.call("verify")[0], 1)
            shutil.rmtree(project.folder / "lake", ignore_errors=True)
            shutil.move(project.folder / "kept", project.folder / "lake")
            project.weir("run")
            self.assert_rows(project, 20)

    def test_two_runs_at_once(self):
        with Project() as project:
            project.write("in/a.ndjson", lines(0, 10))
            first = project.start("run", failpoint="commit.planned:1:pause")
            self.wait_until_stopped(first)
            code, _, err = project.call("run")
            self.assertEqual(code, 75, err)
            self.assertIn(f"pid {first.pid}", err)
            self.assertIn("since 20", err)
            self.assertEqual(project.call("table", "ls")[0], 0, "reading goes on")
            self.assertEqual(project.call("check")[0], 0)
            first.send_signal(signal.SIGCONT)
            self.assertEqual(first.wait(timeout=60), 0)
            first.communicate()
            self.assert_rows(project, 10)

    def test_signals_end_a_run_cleanly(self):
        for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
            with self.subTest(signal=number), Project(rows=50) as project:
                project.write("in/a.ndjson", lines(0, 30000))
                process = project.start("run")
                time.sleep(0.6)
                process.send_signal(number)
                _, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, expected, err)
                self.assertRegex(err, r"stopped: (nothing was|1 batch is|[0-9,]+ batches are) committed")
                project.verify()
                project.weir("run")
                self.assert_rows(project, 30000)

    def changed_after_the_plan(self, project, change):
        # More than weir reads ahead of a plan: most of the file is still to be read when it changes.
        project.write("in/a.ndjson", lines(0, 1000).replace("}\n", ', "pad": "' + "x" * 40_000 + '"}\n'))
        process = project.start("run", failpoint="commit.planned:1:pause")
        self.wait_until_stopped(process)
        change()
        process.send_signal(signal.SIGCONT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        return err

    def test_a_file_that_grows_after_the_plan_counts_once(self):
        with Project() as project:
            def grow():
                with open(project.folder / "in/a.ndjson", "a", encoding="utf-8") as file:
                    file.write(lines(1000, 500))
            self.changed_after_the_plan(project, grow)
            self.assert_rows(project, 1500)

    def test_a_file_that_is_replaced_after_the_plan_is_a_lost_object(self):
        with Project() as project:
            err = self.changed_after_the_plan(project, lambda: project.write("in/a.ndjson", lines(5000, 300)))
            self.assertIn("voided", err)
            self.assert_rows(project, 300)
            letters = project.query("select kind, reasons[1].code as code from dead_letters.events")
            self.assertEqual(letters, [("object", "object.lost")])

    def wait_until_stopped(self, process):
        deadline = time.monotonic() + 30
        while True:
            with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
                if stat.read().split(") ")[1][0] == "T":
                    return
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)



if __name__ == "__main__":
    unittest.main()
