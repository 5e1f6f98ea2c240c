#!/usr/bin/env python3
"""Writes the generated half of dependencies.lock: `python3 cmake/dev/lock.py`.

The lines `apt`, `want` and `npm NAME` above the mark are written by a person; the `pip` lines below
it are what pip resolves `want` to, for each Python that a supported system ships, with the hash of
every file. All groups live in one environment, so they are resolved together and then divided: a
package belongs to the first group that needs it.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

LOCK = pathlib.Path(__file__).resolve().parents[2] / "dependencies.lock"
MARK = "# ---- written by cmake/dev/lock.py ----"
PYTHONS = ("3.11", "3.12", "3.13")
GLIBCS = [f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)] + ["manylinux2014_x86_64"]


def resolve(wanted, constraints, python):
    """{name==version: {sha256}} of everything that `wanted` needs under one Python."""
    with tempfile.TemporaryDirectory() as folder:
        report, limits = pathlib.Path(folder, "report.json"), pathlib.Path(folder, "limits.txt")
        limits.write_text("\n".join(constraints))
        command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed",
                   "--only-binary=:all:", "--python-version", python, "--target", folder,
                   "--report", str(report), "-c", str(limits)]
        for platform in GLIBCS:
            command += ["--platform", platform]
        subprocess.run(command + list(wanted), check=True)
        found = {}
        for item in json.loads(report.read_text())["install"]:
            name = f"{item['metadata']['name'].lower().replace('_', '-')}=={item['metadata']['version']}"
            found[name] = {item["download_info"]["archive_info"]["hashes"]["sha256"]}
        return found


def pip_lines(wants):
    """One line per package: group, name==version, hashes of the files of all Pythons."""
    groups, lines = {}, {}
    for python in PYTHONS:
        everything = resolve([want for _, want in wants], [], python)
        taken = set()
        for group in dict.fromkeys(group for group, _ in wants):
            own = [want for named, want in wants if named == group]
            for name in sorted(set(resolve(own, everything, python)) - taken):
                taken.add(name)
                groups.setdefault(name, group)
                lines.setdefault(name, set()).update(everything[name])
    order = {group: index for index, (group, _) in enumerate(wants)}
    for name in sorted(lines, key=lambda name: (order[groups[name]], name)):
        yield " ".join(["pip", groups[name], name, *(f"sha256:{digest}" for digest in sorted(lines[name]))])


def main():
    by_hand = LOCK.read_text().split(MARK)[0]
    wants = [tuple(line.split()[1:3]) for line in by_hand.splitlines() if line.startswith("want ")]
    LOCK.write_text(by_hand + MARK + "\n" + "\n".join(pip_lines(wants)) + "\n")


if __name__ == "__main__":
    main()
