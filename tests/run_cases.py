#!/usr/bin/env python3
"""Runs scenario files (tests/README.md): tests/run_cases.py [FILES] [--filter TEXT] [--rewrite]."""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile
import time

from scenario import case_file, play

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main(arguments):
    options = parse_arguments(arguments)
    paths = find_cases(options)
    binary = pathlib.Path(os.environ.get("WEIR_BIN") or ROOT / "build/release/weir").resolve()
    if options.list:
        print("\n".join(paths))
        return 0
    if not paths:
        print("no case matches", file=sys.stderr)
        return 2
    if not os.access(binary, os.X_OK):
        print(f"{binary} is not there: build it, or set WEIR_BIN", file=sys.stderr)
        return 2
    outcomes = {"passed": 0, "failed": 0, "skipped": 0, "rewritten": 0}
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        for path, outcome, detail in pool.map(lambda p: run_case(p, binary, options), paths):
            outcomes[outcome] += 1
            if detail or options.verbose:
                print(f"{outcome}: {path}" + (f"\n{detail}" if detail else ""), flush=True)
    extra = "".join(f", {n} {word}" for word, n in outcomes.items() if n and word in ("skipped", "rewritten"))
    print(f"{outcomes['passed']} passed, {outcomes['failed']} failed{extra}")
    return 1 if outcomes["failed"] else 0


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="Runs scenario files against a weir binary (WEIR_BIN).")
    parser.add_argument("files", nargs="*", help="cases; default: tests/cases/**/*.test")
    parser.add_argument("--filter", default="", help="only cases whose path holds this text")
    parser.add_argument("--rewrite", action="store_true", help="put what came in the place of what was expected")
    parser.add_argument("--verbose", action="store_true", help="show every step and its output")
    parser.add_argument("--keep", action="store_true", help="keep the folders of failed cases")
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="set for every case")
    return parser.parse_args(arguments)


def find_cases(options):
    if options.files:
        found = [pathlib.Path(f) for f in options.files]
    else:
        found = [p.relative_to(pathlib.Path.cwd()) if p.is_relative_to(pathlib.Path.cwd()) else p
                 for p in (ROOT / "tests/cases").rglob("*.test")]
    return sorted(str(p) for p in found if options.filter in str(p))


def run_case(path, binary, options):
    """(path, passed | failed | skipped | rewritten, what to tell)."""
    started = time.monotonic()
    try:
        case = case_file.parse(path, pathlib.Path(path).read_text("utf-8"))
    except (case_file.CaseError, OSError, UnicodeDecodeError) as error:
        return path, "failed", str(error)
    missing = [tool for tool in case.headers.get("needs", "").split() if not shutil.which(tool)]
    if missing:
        return path, "skipped", f"needs {', '.join(missing)}"
    talk = []
    folder = tempfile.mkdtemp(prefix="weir_case_")
    failure = None
    try:
        player = play.Player(case, folder, binary, ROOT, options.env, talk.append if options.verbose else None)
        player.play(keep_going=options.rewrite)
    except play.StepFailed as failed:
        failure = str(failed)
        if options.rewrite and rewrite(path, case, player.fresh):
            return path, "rewritten", failure
        if options.keep:
            failure += f"\nits folder: {folder}"
    finally:
        if not (failure and options.keep):
            shutil.rmtree(folder, ignore_errors=True)
    talk.append(f"{time.monotonic() - started:.2f} s")
    told = "\n".join("  " + line for line in talk) if options.verbose else ""
    return path, "failed" if failure else "passed", "\n".join(t for t in (told, failure) if t)


def rewrite(path, case, fresh):
    text = case.with_expectations(fresh)
    changed = text != "\n".join(case.lines) + "\n"
    if changed:
        pathlib.Path(path).write_text(text, "utf-8")
    return changed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
