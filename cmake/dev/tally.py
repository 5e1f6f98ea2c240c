"""Counts what ./dev test left in a folder: `python3 tally.py build/results`.

Reads *.ctest.xml (with the GoogleTest reports beside it, which divide one ctest test into its
cases), *.pytest.xml, *.cases.log and steps.txt. Prints what failed, then the sums on the last line.
Exits 1 when something failed or nothing ran.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml


class Sums:
    def __init__(self):
        self.passed, self.skipped, self.failed = 0, 0, []

    def add_case(self, name, case):
        if case.find("failure") is not None or case.find("error") is not None:
            self.failed.append(name)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            self.skipped += 1
        else:
            self.passed += 1


def add_gtest(sums, report, test):
    """The cases of one GoogleTest program; false when the report is not to be had."""
    try:
        cases = list(xml.parse(report).getroot().iter("testcase"))
    except (OSError, xml.ParseError):
        return False
    failed_before = len(sums.failed)
    for case in cases:
        sums.add_case(f"{test}: {case.get('classname')}.{case.get('name')}", case)
    if test_failed(test, report) and len(sums.failed) == failed_before:
        sums.failed.append(f"{test}: the program failed though its cases passed")
    return True


FAILED_PROGRAMS = set()


def test_failed(test, report):
    return (report.parent, test) in FAILED_PROGRAMS


def add_ctest(sums, file):
    reports = file.with_name(file.name.replace(".ctest.xml", ".gtest"))
    for case in xml.parse(file).getroot().iter("testcase"):
        name = case.get("name")
        if case.find("failure") is not None:
            FAILED_PROGRAMS.add((reports, name))
        if not add_gtest(sums, reports / f"{name}.xml", name):
            sums.add_case(f"ctest: {name}", case)


def add_cases(sums, file):
    text = file.read_text(errors="replace")
    counts = re.findall(r"^(\d+) passed, (\d+) failed", text, re.MULTILINE)
    code = int(text.rsplit("exit code ", 1)[1])
    if not counts:
        (sums.failed.append(f"{file.stem}: no count, exit code {code}"))
        return
    passed, failed = map(int, counts[-1])
    sums.passed += passed
    sums.failed += [f"{file.stem}: a scenario (see build/results/{file.name})"] * failed
    if code != 0 and failed == 0:
        sums.failed.append(f"{file.stem}: exit code {code} though no scenario failed")


def main(folder):
    sums = Sums()
    for file in sorted(folder.glob("*.ctest.xml")):
        add_ctest(sums, file)
    for file in sorted(folder.glob("*.pytest.xml")):
        for case in xml.parse(file).getroot().iter("testcase"):
            sums.add_case(f"{case.get('classname')}: {case.get('name')}", case)
    for file in sorted(folder.glob("*.cases.log")):
        add_cases(sums, file)
    steps = folder / "steps.txt"
    for line in steps.read_text().splitlines() if steps.exists() else []:
        verdict, name = line.split(" ", 1)
        if verdict == "passed":
            sums.passed += 1
        else:
            sums.failed.append(name)
    for name in sums.failed:
        print(f"FAILED {name}")
    if sums.skipped:
        print(f"{sums.skipped} skipped")
    print(f"{sums.passed} passed, {len(sums.failed)} failed")
    return 0 if sums.passed and not sums.failed else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
