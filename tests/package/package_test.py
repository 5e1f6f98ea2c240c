"""What ./dev build leaves can be copied to a machine with glibc and nothing else.

Looks at the program named by WEIR_BIN (build/release/weir): which file each library comes from,
whose OpenSSL it binds to, and the hardening that the flags ask for.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("WEIR_BIN", ROOT / "build/release/weir"))
GLIBC = re.compile(r"(linux-vdso|ld-linux.*|libc|libm|libdl|libpthread|librt|libresolv|libutil|libanl|libmvec)\.so\.\d+")


def output_of(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, timeout=60, **options).stdout


def loaded(program):
    """{library: file} of everything the loader would map."""
    found = {}
    for line in output_of("ldd", str(program)).splitlines():
        words = line.split()
        name = pathlib.Path(words[0]).name
        found[name] = words[2] if len(words) > 2 and words[1] == "=>" else words[0]
    return found


class Libraries(unittest.TestCase):
    def test_every_library_that_is_not_glibc_comes_from_lib(self):
        lib = PROGRAM.parent / "lib"
        for name, file in loaded(PROGRAM).items():
            with self.subTest(name):
                if GLIBC.fullmatch(name):
                    self.assertFalse((lib / name).exists(), "glibc must be the machine's own")
                else:
                    self.assertEqual(str(lib / name), file)

    def test_a_copy_elsewhere_is_whole_and_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy2(PROGRAM, folder)
            shutil.copytree(PROGRAM.parent / "lib", pathlib.Path(folder, "lib"))
            copy = pathlib.Path(folder, PROGRAM.name)
            for name, file in loaded(copy).items():
                self.assertTrue(GLIBC.fullmatch(name) or file.startswith(folder), f"{name} => {file}")
            ran = subprocess.run([str(copy), "version"], env={}, text=True, capture_output=True, timeout=60)
            self.assertEqual(0, ran.returncode, ran.stderr)

    def test_lib_holds_nothing_that_is_not_loaded(self):
        present = {file.name for file in (PROGRAM.parent / "lib").iterdir()}
        self.assertEqual(set(), present - set(loaded(PROGRAM)))

    def test_no_path_of_the_build_machine_is_searched(self):
        paths = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", output_of("readelf", "-dW", str(PROGRAM)))
        self.assertEqual(["$ORIGIN/lib"], paths)


class Openssl(unittest.TestCase):
    def test_every_openssl_name_binds_to_the_system_s_openssl(self):
        # The program binds all at start (BIND_NOW), so that the loader's own report is complete.
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, "bindings")
            subprocess.run([str(PROGRAM), "version"], env={"LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": str(log)},
                           capture_output=True, timeout=60, check=True)
            report = "".join(file.read_text(errors="replace") for file in pathlib.Path(folder).iterdir())
        pattern = rf"binding file {re.escape(str(PROGRAM))} \[0\] to (\S+) \[0\]: normal symbol `((?:EVP|SSL|CRYPTO|OPENSSL|X509|BIO)_\w+|SHA\d+)'"
        bound = re.findall(pattern, report)
        self.assertTrue(bound, "the program uses no OpenSSL, or the report is of another form")
        self.assertEqual([], [(name, file) for file, name in bound if not re.search(r"/lib(crypto|ssl)\.so", file)])


class Hardening(unittest.TestCase):
    def test_the_program_is_position_independent_and_bound_at_start(self):
        header, dynamic = output_of("readelf", "-hW", str(PROGRAM)), output_of("readelf", "-dW", str(PROGRAM))
        self.assertRegex(header, r"Type:\s+DYN")
        self.assertRegex(dynamic, r"FLAGS_1.*\bNOW\b.*\bPIE\b")
        self.assertNotIn("TEXTREL", dynamic)

    def test_tables_are_read_only_and_the_stack_is_not_executable(self):
        segments = output_of("readelf", "-lW", str(PROGRAM))
        self.assertIn("GNU_RELRO", segments)
        self.assertRegex(segments, r"GNU_STACK\s.*\sRW\s")

    def test_calls_are_guarded(self):
        symbols = output_of("readelf", "--dyn-syms", "-W", str(PROGRAM))
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk@")

    def test_no_path_of_the_work_tree_is_inside(self):
        self.assertNotIn(str(ROOT).encode() + b"/src", PROGRAM.read_bytes())


if __name__ == "__main__":
    unittest.main()
