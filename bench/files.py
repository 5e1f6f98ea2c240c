#!/usr/bin/env python3
"""./dev bench files [ROWS]: JSON events through `weir run` beside DuckDB on the same bytes, in one run.

Both read the same NDJSON file (171 bytes an event, one in fifty bad), cast, filter by three rules and
write zstd Parquet. Weir also keeps every refused record with its reason and commits a table. Prints
wall and CPU seconds and peak RSS, the median of WEIR_BENCH_RUNS (default 3). Results are checked.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/weir"))
RUNS = int(os.environ.get("WEIR_BENCH_RUNS", "3"))
CONFIG = """
weir: 1
name: bench
pipelines:
  events:
    source: { files: "in/*.ndjson" }
    contract:
      columns:
        event_id: uuid not null
        user_id: bigint not null
        product_id: bigint
        event_type: varchar not null
        price: decimal(10,2)
        event_timestamp: timestamptz not null
        country: varchar
      rules:
        - { name: known_type, expect: "event_type in ('view', 'purchase')" }
        - { name: purchase_needs_price, when: "event_type = 'purchase'", expect: "price is not null" }
        - { name: price_in_range, when: "price is not null", expect: "price between 0 and 100000" }
    sink: { table: raw.events }
"""
DUCKDB = """
import duckdb, sys
c = duckdb.connect(config={"threads": 2})
c.execute("SET enable_progress_bar = false")
n = c.execute('''COPY (
  SELECT try_cast(event_id AS UUID) AS event_id, try_cast(user_id AS BIGINT) AS user_id, try_cast(product_id AS BIGINT) AS product_id,
         event_type, try_cast(price AS DECIMAL(10,2)) AS price, try_cast(event_timestamp AS TIMESTAMPTZ) AS event_timestamp, country
  FROM read_json(?, format='newline_delimited', ignore_errors=true, columns={event_id: 'VARCHAR', user_id: 'VARCHAR',
       product_id: 'VARCHAR', event_type: 'VARCHAR', price: 'VARCHAR', event_timestamp: 'VARCHAR', country: 'VARCHAR'})
  WHERE try_cast(event_id AS UUID) IS NOT NULL AND try_cast(user_id AS BIGINT) IS NOT NULL
    AND try_cast(event_timestamp AS TIMESTAMPTZ) IS NOT NULL AND event_type IN ('view', 'purchase')
    AND (event_type <> 'purchase' OR try_cast(price AS DECIMAL(10,2)) IS NOT NULL)
) TO 'out.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)''', [sys.argv[1]]).fetchone()[0]
print(n)
"""


def generate(path, rows):
    """Writes the events; returns how many are good."""
    good = 0
    with open(path, "w", encoding="utf-8") as file:
        for i in range(rows):
            bad = i % 50 == 7
            kind = "purchase" if i % 10 < 3 else "view"
            price = f"{(i * 7919) % 50000 / 100 + 1:.2f}" if kind == "purchase" else "null"
            user = "null" if bad else str(1 + (i * 2654435761) % 5000)
            file.write('{"event_id": "%08x-%04x-4000-8000-%012x", "user_id": %s, "product_id": %d, "event_type": "%s", '
                       '"price": %s, "event_timestamp": "2026-05-%02dT%02d:%02d:%02d.%03dZ", "country": "%s"}\n'
                       % (i * 2654435761 % 2**32, i % 65536, i, user, i % 800, kind, price, 1 + i // 40000 % 28,
                          i // 3600 % 24, i // 60 % 60, i % 60, i % 1000, "de fr uk us nl".split()[i % 5]))
            good += not bad
    return good


def measured(command, folder):
    """Wall seconds, CPU seconds and peak RSS in MiB of a command, and what it printed."""
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.PIPE, text=True)
        error = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        out.seek(0)
        text = out.read()
    assert os.waitstatus_to_exitcode(status) == 0, error
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text


def run_weir(folder, good):
    shutil.rmtree(folder / ".weir", ignore_errors=True)
    shutil.rmtree(folder / "lake", ignore_errors=True)
    wall, cpu, rss, text = measured([WEIR, "run", "--json"], folder)
    counts = json.loads(text)["pipelines"][0]["counts"]
    assert counts["accepted"] == good and counts["read"] == counts["accepted"] + counts["rejected"], counts
    return wall, cpu, rss


def run_duckdb(folder, good):
    wall, cpu, rss, text = measured([sys.executable, "-c", DUCKDB, str(folder / "in/events.ndjson")], folder)
    assert int(text) == good, text
    return wall, cpu, rss


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        (folder / "in").mkdir()
        (folder / "weir.yaml").write_text(CONFIG)
        good = generate(folder / "in/events.ndjson", rows)
        size = (folder / "in/events.ndjson").stat().st_size
        print(f"{rows:,} events, {size / 1e6:.0f} MB, {good:,} good; median of {RUNS}; "
              f"load {os.getloadavg()[0]:.1f}")
        print(f"{'':8} {'wall s':>8} {'CPU s':>8} {'peak MiB':>9}")
        taken = {"weir": [], "duckdb": []}
        for _ in range(RUNS):  # In turns, so that a noisy minute hits both.
            taken["weir"].append(run_weir(folder, good))
            taken["duckdb"].append(run_duckdb(folder, good))
        medians = {}
        for name, runs in taken.items():
            medians[name] = [sorted(run[i] for run in runs)[len(runs) // 2] for i in range(3)]
            print(f"{name:8} {medians[name][0]:8.2f} {medians[name][1]:8.2f} {medians[name][2]:9.0f}")
        ratios = [a / b for a, b in zip(medians["weir"], medians["duckdb"])]
        print(f"{'ratio':8} {ratios[0]:8.2f} {ratios[1]:8.2f} {ratios[2]:9.2f}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
