#!/usr/bin/env python3
"""./dev bench follow [FILES]: how soon a record is in a query after its file was closed, and what idling costs.

One pipeline is followed with flush: {every: 100ms}. Files of ten records are written and renamed into
place at random times, five a second on average. For each: the time from the rename until the table's
pointer moved in the catalog, which is when every new query sees the record (looked at every 2 ms), and,
for one file in ten, until a `weir query` that was started again and again returned it. Then, with all
files there, the CPU seconds of 20 s in which nothing comes, and whether the ledger was written.
"""
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/weir"))
CONFIG = """
weir: 1
name: bench
pipelines:
  events:
    source: { files: "in/*.ndjson", follow: true }
    contract: { columns: { id: bigint not null, kind: varchar not null } }
    flush: { every: 100ms }
    sink: { table: raw.events }
"""


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Followed:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "in").mkdir()
        (self.folder / "weir.yaml").write_text(CONFIG)
        self.process = subprocess.Popen([WEIR, "run", "--follow", "-q"], cwd=folder)
        while not (self.folder / ".weir/weir.db").exists():
            time.sleep(0.05)
        time.sleep(1)
        self.ledger = sqlite3.connect(f"file:{self.folder}/.weir/weir.db?mode=ro", uri=True, timeout=30)
        self.written = 0

    def put(self):
        name = f"{self.written:06}.ndjson"
        hidden = self.folder / "in" / ("." + name)
        hidden.write_text("".join('{"id": %d, "kind": "view"}\n' % (self.written * 10 + i) for i in range(10)))
        hidden.rename(self.folder / "in" / name)
        self.written += 1
        return f"in/{name}", time.monotonic()

    def committed(self, name):
        return self.ledger.execute("SELECT 1 FROM weir_objects WHERE object = ? AND done = 1", (name,)).fetchone()

    def queried(self):
        out = subprocess.run([WEIR, "query", f"select 1 as x from raw.events where id = {self.written * 10 - 1}", "-o", "csv"],
                             cwd=self.folder, capture_output=True, text=True).stdout
        return out == "x\n1\n"

    def until(self, seen, begun, pause):
        while not seen():
            time.sleep(pause)
            assert time.monotonic() - begun < 60, "it never came"
        return time.monotonic() - begun


def main():
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    generator = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        followed = Followed(folder)
        visible, queried = [], []
        for number in range(files):
            time.sleep(generator.expovariate(5))
            name, begun = followed.put()
            if number % 10 == 9:
                queried.append(followed.until(followed.queried, begun, 0))
            else:
                visible.append(followed.until(lambda: followed.committed(name), begun, 0.002))
        for what, times in (("visible to a new query", visible), ("returned by weir query", queried)):
            print(f"{what:24} p50 {percentile(times, .5) * 1e3:4.0f} ms  p90 {percentile(times, .9) * 1e3:4.0f} ms  "
                  f"p99 {percentile(times, .99) * 1e3:4.0f} ms  of {len(times)}")
        time.sleep(2)
        state = pathlib.Path(folder) / ".weir"
        before = [(path.name, path.stat().st_mtime_ns) for path in sorted(state.glob("weir.db*")) if path.suffix != ".db-shm"]
        cpu = cpu_seconds(followed.process.pid)
        time.sleep(20)
        cpu = cpu_seconds(followed.process.pid) - cpu
        after = [(path.name, path.stat().st_mtime_ns) for path in sorted(state.glob("weir.db*")) if path.suffix != ".db-shm"]
        print(f"idle, {files} files there       {cpu / 20 * 100:.2f} % of a core, ledger {'not written' if before == after else 'WRITTEN'}")
        followed.process.send_signal(signal.SIGTERM)
        assert followed.process.wait(30) == 0
        report = json.loads(subprocess.run([WEIR, "verify", "--json"], cwd=folder, capture_output=True, text=True).stdout)
        assert report["ok"] and report["counts"]["accepted"] == files * 10, report


if __name__ == "__main__":
    main()
