"""The built folder runs on a machine that has glibc and nothing else.

Makes a root out of Debian's libc6 package alone, copies weir and lib/ into it, and runs the program
there. Skipped, in so many words, where it cannot be done: without root or without mmdebstrap.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("WEIR_BIN", ROOT / "build/release/weir"))


def release():
    values = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return values["VERSION_CODENAME"].strip('"')


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("mmdebstrap"), "needs root and mmdebstrap")
class BareRoot(unittest.TestCase):
    def test_the_folder_runs_where_there_is_nothing_but_glibc(self):
        with tempfile.TemporaryDirectory() as folder:
            bare = pathlib.Path(folder, "root")
            subprocess.run(["mmdebstrap", "--quiet", "--variant=extract", "--include=libc6", release(), str(bare),
                            *self.sources()], check=True, timeout=300)
            self.assertFalse(list(bare.glob("usr/lib/*/libstdc++*")) + list(bare.glob("usr/lib/*/libssl*")))
            place = bare / "opt/weir"
            place.mkdir(parents=True)
            shutil.copy2(PROGRAM, place)
            shutil.copytree(PROGRAM.parent / "lib", place / "lib")
            (bare / "proc").mkdir(exist_ok=True)
            # The loader finds $ORIGIN by /proc, which every machine has; the mount ends with the command.
            inside = 'mount -t proc proc "$1/proc" && exec env -i "$(command -v chroot)" "$1" /opt/weir/weir version'
            ran = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", inside, "sh", str(bare)],
                                 text=True, capture_output=True, timeout=60)
            self.assertEqual((0, ""), (ran.returncode, ran.stderr))
            self.assertIn("weir", ran.stdout)

    @staticmethod
    def sources():
        known = [pathlib.Path("/etc/apt/sources.list.d/debian.sources"), pathlib.Path("/etc/apt/sources.list")]
        return [str(path) for path in known if path.is_file()][:1]


if __name__ == "__main__":
    unittest.main()
