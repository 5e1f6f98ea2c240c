"""weir completion in the shells themselves: bash, and zsh and fish where they are installed."""
import os
import pathlib
import shutil
import subprocess
import unittest

from weir_project import WEIR, Project

# What is typed, and what Tab offers.
CASES = [
    ("weir ", {"init", "run", "sql", "table"}),
    ("weir ver", {"verify", "version"}),
    ("weir table ", {"ls", "show", "history", "files", "compact", "rollback"}),
    ("weir table show raw.", {"raw.events"}),
    ("weir run ", {"events", "gold.kinds"}),
    ("weir run --st", {"--strict"}),
    ("weir run --strict ev", {"events"}),
    ("weir gen ", {"producer"}),
    ("weir dlq ls ", {"events"}),
    ("weir query -o nd", {"ndjson"}),
    ("weir init --example first", {"first-light"}),
    ("weir completion ", {"bash", "zsh", "fish"}),
    ("weir -q run ev", {"events"}),
]

BASH = """
source <(weir completion bash)
COMP_LINE=$1; COMP_POINT=${#1}
read -ra COMP_WORDS <<<"$1"
[[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_weir
printf '%s\\n' "${COMPREPLY[@]}"
"""
GENERATOR = """  producer:
    source: { generate: { fields: { id: i } } }
    sink: { files: "out/{seq}.csv" }
"""


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project()
        text = (cls.project.folder / "weir.yaml").read_text()
        cls.project.write("weir.yaml", text + GENERATOR)
        cls.project.write("models/gold/kinds.sql", "SELECT kind FROM raw.events\n")
        cls.project.write("in/a.csv", "id,kind,price,at\n1,view,,2026-05-01T10:00:00Z\n")
        cls.project.weir("run")
        cls.path = os.path.dirname(os.path.abspath(WEIR)) + ":" + os.environ["PATH"]

    @classmethod
    def tearDownClass(cls):
        cls.project.__exit__()

    def call(self, *command):
        made = subprocess.run(command, cwd=self.project.folder, env=dict(os.environ, PATH=self.path),
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(made.stderr, "")
        return set(made.stdout.split())

    def check(self, offered, wanted, typed):
        """All that is wanted, and where a word was begun nothing else."""
        self.assertLessEqual(wanted, offered, typed)
        if not typed.endswith(" "):
            self.assertEqual(offered, wanted, typed)

    def test_bash(self):
        for typed, wanted in CASES:
            self.check(self.call("bash", "-c", BASH, "bash", typed), wanted, typed)

    def test_bash_knows_it_as_the_completion_of_weir(self):
        shown = subprocess.run(["bash", "-c", "source <(weir completion bash); complete -p weir"], capture_output=True,
                               text=True, env=dict(os.environ, PATH=self.path), check=True, timeout=60).stdout
        self.assertEqual(shown.strip(), "complete -o default -F _weir weir")

    def test_fish(self):
        if not shutil.which("fish"):
            self.skipTest("fish is not installed")
        for typed, wanted in CASES:
            script = f"weir completion fish | source; complete -C '{typed}'"
            offered = {word for word in self.call("fish", "-c", script) if word}
            self.check(offered, wanted, typed)

    def test_zsh_reads_the_script(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        self.call("zsh", "-fc", "autoload -U compinit; compinit -D; source <(weir completion zsh); (( $+functions[_weir] ))")

    def test_a_project_with_faults_offers_no_names_and_says_nothing(self):
        with Project("weir: 1\nname: [") as broken:
            made = subprocess.run([WEIR, "complete", "run", ""], cwd=broken.folder, capture_output=True, text=True, timeout=60)
            self.assertEqual((made.returncode, made.stdout, made.stderr), (0, "", ""))
        made = subprocess.run([WEIR, "complete", ""], cwd=pathlib.Path("/"), capture_output=True, text=True, timeout=60)
        self.assertIn("init\n", made.stdout)


if __name__ == "__main__":
    unittest.main()
