"""./dev itself: what it says, what it refuses, what it asks of a machine that lacks something.

Runs the script with a PATH and a cache of the test's own; nothing is installed and nothing fetched.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERBS = "setup build demo test bench fuzz fmt tidy run clean ci".split()


def dev(*arguments, **environment):
    return subprocess.run([str(ROOT / "dev"), *arguments], text=True, capture_output=True, timeout=60,
                          env={**os.environ, **environment})


def shell(script, folder, **environment):
    """Runs lines of bash with the functions of ./dev, without running a verb."""
    text = (ROOT / "dev").read_text().replace('main "$@"', "").replace(
        'ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)', f"ROOT={ROOT}")
    return subprocess.run(["bash", "-c", text + script], text=True, capture_output=True, timeout=60, cwd=folder,
                          env={**os.environ, "XDG_CACHE_HOME": folder, **environment})


def path_without(folder, *names):
    """A PATH that holds every command of this machine except some."""
    place = pathlib.Path(folder, "bin")
    place.mkdir()
    for directory in os.environ["PATH"].split(":") + ["/usr/sbin", "/sbin"]:
        for file in pathlib.Path(directory).glob("*") if pathlib.Path(directory).is_dir() else []:
            link = place / file.name
            if file.name not in names and not link.exists() and not link.is_symlink():
                link.symlink_to(file)
    return str(place)


class Words(unittest.TestCase):
    def test_help_lists_every_verb(self):
        told = dev("help").stdout
        for verb in VERBS:
            self.assertRegex(told, rf"(?m)^  {verb}\b")

    def test_no_verb_is_help(self):
        self.assertEqual(dev("help").stdout, dev().stdout)

    def test_an_unknown_verb_is_refused_by_name(self):
        ran = dev("frobnicate")
        self.assertNotEqual(0, ran.returncode)
        self.assertIn("there is no verb frobnicate", ran.stderr)

    def test_an_unknown_test_set_is_refused_before_the_last_results_go(self):
        before = sorted((ROOT / "build/results").glob("*"))
        self.assertIn("there is no test set all", dev("test", "all").stderr)
        self.assertEqual(before, sorted((ROOT / "build/results").glob("*")))


class Missing(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def test_without_apt_it_names_exactly_what_is_missing(self):
        path = path_without(self.folder, "apt-get", "dpkg-query", "ninja", "cmake")
        ran = shell("install_packages build", self.folder, PATH=path)
        self.assertNotEqual(0, ran.returncode)
        self.assertIn("no apt-get", ran.stderr)
        self.assertIn("packages are missing: cmake ninja-build\n", ran.stderr)

    def test_without_apt_and_nothing_missing_it_goes_on(self):
        ran = shell("install_packages build && echo went on", self.folder, PATH=path_without(self.folder, "apt-get", "dpkg-query"))
        self.assertEqual(("went on\n", 0), (ran.stdout, ran.returncode), ran.stderr)

    def test_nothing_missing_asks_for_no_sudo(self):
        path = path_without(self.folder, "apt-get", "sudo")
        self.assertEqual(0, shell("install_packages build", self.folder, PATH=path).returncode)

    def test_ubuntu_s_names_are_taken_from_the_table(self):
        script = 'is_ubuntu() { return 0; }; dpkg-query() { :; }; missing_packages build'
        ran = shell(script, self.folder)
        self.assertIn("libboost1.83-dev", ran.stdout.split())
        self.assertNotIn("libboost1.81-dev", ran.stdout.split())
        self.assertIn("g++", ran.stdout.split())


class Fetched(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.prelude = "mkdir -p $CACHE/downloads\n"

    def test_a_file_with_another_hash_is_refused_and_not_kept(self):
        ran = shell(self.prelude + "kept a.tgz sha256:0000 bash -c 'echo other >a.tgz'", self.folder)
        self.assertNotEqual(0, ran.returncode)
        self.assertIn("a.tgz is not the file that dependencies.lock names", ran.stderr)
        self.assertFalse(pathlib.Path(self.folder, "weir/downloads/a.tgz").exists())

    def test_a_file_that_is_there_is_not_fetched_again(self):
        script = self.prelude + "echo one >one; h=$(hash_of sha256 one)\nkept a.tgz $h cp $PWD/one .\nkept a.tgz $h false && echo kept"
        ran = shell(script, self.folder)
        self.assertEqual("kept\n", ran.stdout, ran.stderr)

    def test_a_spoilt_file_of_the_cache_is_fetched_again(self):
        script = self.prelude + ("echo one >one; h=$(hash_of sha256 one); echo spoilt >$CACHE/downloads/a.tgz\n"
                                 "kept a.tgz $h cp $PWD/one . && cat $CACHE/downloads/a.tgz")
        self.assertEqual("one\n", shell(script, self.folder).stdout)

    def test_every_locked_thing_has_a_hash(self):
        for line in (ROOT / "dependencies.lock").read_text().splitlines():
            if line.startswith(("pip ", "npm ", "sdist ")):
                self.assertRegex(line, r" sha(256:[0-9a-f]{64}|512:[A-Za-z0-9+/]{86}==)")


class SecondRun(unittest.TestCase):
    def test_it_does_nothing_in_under_a_second(self):
        cache = os.environ.get("XDG_CACHE_HOME", str(pathlib.Path.home() / ".cache"))
        shell("set_up test", ".", XDG_CACHE_HOME=cache)
        start = time.monotonic()
        again = shell("set_up test", ".", XDG_CACHE_HOME=cache)
        took = time.monotonic() - start
        self.assertEqual((0, "", ""), (again.returncode, again.stdout, again.stderr))
        self.assertLess(took, 1.0)


if __name__ == "__main__":
    unittest.main()
