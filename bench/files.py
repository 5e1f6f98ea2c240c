#!/usr/bin/env python3
"""Files through `weir run` beside DuckDB on the same bytes, in one run.

  ./dev bench files [ROWS]     JSON and CSV events, ROWS of them (1,000,000)
  ./dev bench files report     that, rejects, growth and start; writes docs/benchmarks/files.md and its plots

Both sides read the same file (171 bytes an event as JSON, one in fifty bad), cast, filter by three rules
and write zstd-1 Parquet; Weir also keeps each refused record with its reason and commits a table. Figures
are medians of WEIR_BENCH_RUNS (5), sides in turns, and no figure counts before its output was checked.
"""
import atexit
import json
import os
import pathlib
import shutil
import sys
import tempfile

from measure import in_turns, machine, measured, medians, plot

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/weir"))
RUNS = int(os.environ.get("WEIR_BENCH_RUNS", "5"))
REPORT = ROOT / "docs/benchmarks/files.md"
COLUMNS = ["event_id", "user_id", "product_id", "event_type", "price", "event_timestamp", "country"]
CONFIG = """
weir: 1
name: bench
pipelines:
  events:
    source: { files: "in/*" }
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
READERS = {
    "ndjson": "read_json(?, format='newline_delimited', ignore_errors=true, columns={%s})",
    "csv": "read_csv(?, header=true, auto_detect=false, delim=',', quote='\"', ignore_errors=true, columns={%s})",
}
DUCKDB = """
import duckdb, sys
c = duckdb.connect(config={"threads": 2})
c.execute("SET enable_progress_bar = false")
n = c.execute('''COPY (
  SELECT try_cast(event_id AS UUID) AS event_id, try_cast(user_id AS BIGINT) AS user_id, try_cast(product_id AS BIGINT) AS product_id,
         event_type, try_cast(price AS DECIMAL(10,2)) AS price, try_cast(event_timestamp AS TIMESTAMPTZ) AS event_timestamp, country
  FROM READER
  WHERE try_cast(event_id AS UUID) IS NOT NULL AND try_cast(user_id AS BIGINT) IS NOT NULL
    AND try_cast(event_timestamp AS TIMESTAMPTZ) IS NOT NULL AND event_type IN ('view', 'purchase')
    AND (event_type <> 'purchase' OR try_cast(price AS DECIMAL(10,2)) IS NOT NULL)
    AND (price IS NULL OR try_cast(price AS DECIMAL(10,2)) BETWEEN 0 AND 100000)
) TO 'out.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)''', [sys.argv[1]]).fetchone()[0]
print(n)
"""


def event(i, bad, kind_of_file):
    """One line: event number i of a file, its user missing where it is bad."""
    kind = "purchase" if i % 10 < 3 else "view"
    price = f"{(i * 7919) % 50000 / 100 + 1:.2f}" if kind == "purchase" else None
    user = None if bad else str(1 + (i * 2654435761) % 5000)
    event_id = "%08x-%04x-4000-8000-%012x" % (i * 2654435761 % 2**32, i % 65536, i)
    when = "2026-05-%02dT%02d:%02d:%02d.%03dZ" % (1 + i // 40000 % 28, i // 3600 % 24, i // 60 % 60, i % 60, i % 1000)
    country = "de fr uk us nl".split()[i % 5]
    if kind_of_file == "csv":
        return f"{event_id},{user or ''},{i % 800},{kind},{price or ''},{when},{country}\n"
    return ('{"event_id": "%s", "user_id": %s, "product_id": %d, "event_type": "%s", "price": %s, '
            '"event_timestamp": "%s", "country": "%s"}\n'
            % (event_id, user or "null", i % 800, kind, price or "null", when, country))


def load_afresh(path):
    """Two files of one size, just written, differ by 8 to 20 ms per 171 MB read, as their pages happen to lie in the
    page cache. Loaded from the disk again, and read more than once, they cost the same."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    for _ in range(3):
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


class Project:
    """A folder with a project and one input file."""

    def __init__(self, kind, rows, bad_of_1000):
        self.kind, self.rows = kind, rows
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-"))
        # Not before all is measured: ext4 without a journal looks long for an inode where many were just freed.
        atexit.register(shutil.rmtree, self.folder)
        (self.folder / "in").mkdir()
        (self.folder / "weir.yaml").write_text(CONFIG)
        self.input = self.folder / f"in/events.{kind}"
        self.good = 0
        with open(self.input, "w", encoding="utf-8") as file:
            if kind == "csv":
                file.write(",".join(COLUMNS) + "\n")
            for i in range(rows):
                bad = (i * 7 + 3) % 1000 < bad_of_1000
                file.write(event(i, bad, kind))
                self.good += not bad
        load_afresh(self.input)

    def put_away_the_last_run(self):
        used = pathlib.Path(tempfile.mkdtemp(prefix="used-", dir=self.folder))
        for made in (".weir", "lake"):
            if (self.folder / made).exists():
                (self.folder / made).rename(used / made)

    def run_weir(self):
        self.put_away_the_last_run()
        figures, text = measured([WEIR, "run", "--json"], self.folder)
        counts = json.loads(text)["pipelines"][0]["counts"]
        assert counts["read"] == self.rows and counts["accepted"] == self.good, counts
        assert counts["rejected"] == self.rows - self.good, counts
        return figures

    def run_nothing(self):
        figures, text = measured([WEIR, "run", "--json"], self.folder)
        assert json.loads(text)["pipelines"][0]["counts"]["read"] == 0, text
        return figures

    def run_duckdb(self):
        reader = READERS[self.kind] % ", ".join(f"{name}: 'VARCHAR'" for name in COLUMNS)
        figures, text = measured([sys.executable, "-c", DUCKDB.replace("READER", reader), str(self.input)], self.folder)
        assert int(text) == self.good, text
        return figures


def show(rows, heads=("wall s", "CPU s", "peak MiB")):
    """A Markdown table of name -> figures; numbers under 100 with two digits behind the point."""
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    for name, figures in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{x:.3f}" if x < 10 else f"{x:.0f}" for x in figures) + " |")
    return "\n".join(lines)


def beside_duckdb(kind, rows):
    project = Project(kind, rows, 20)
    found = in_turns(RUNS, {"weir": project.run_weir, "duckdb": project.run_duckdb})
    found["ratio"] = tuple(a / b for a, b in zip(found["weir"], found["duckdb"]))
    title = f"{rows:,} events as {kind}, {project.input.stat().st_size / 1e6:.0f} MB, {project.good:,} good"
    print(f"### {title}\n\n{show(found)}\n", flush=True)
    return title, found


def rejects(rows):
    projects = {share: Project("ndjson", rows, share) for share in (0, 10, 100, 500)}
    # The difference is smaller than what one run differs from the next.
    found = in_turns(3 * RUNS, {f"{share / 10:g} % bad": project.run_weir for share, project in projects.items()})
    print(show(found), flush=True)
    return found


def growth():
    found = {}
    for power in (4, 5, 6, 7):
        project = Project("ndjson", 10**power, 20)
        found[f"{10**power:,}"] = medians([project.run_weir() for _ in range(RUNS if power < 7 else 3)])
    print(show(found), flush=True)
    return found


def start():
    project = Project("ndjson", 1000, 20)
    project.run_weir()
    return medians([project.run_nothing() for _ in range(4 * RUNS + 1)])


def report():
    at = machine()
    sides = [beside_duckdb(kind, 10**6) for kind in ("ndjson", "csv")]
    bad, grown, idle = rejects(10**6), growth(), start()
    over = (bad["1 % bad"][1] / bad["0 % bad"][1] - 1) * 100
    step = [(grown[b][1] - grown[a][1]) / (float(b.replace(",", "")) - float(a.replace(",", ""))) * 1e6
            for a, b in (("100,000", "1,000,000"), ("1,000,000", "10,000,000"))]
    plot(REPORT.parent / "files-growth.svg", "Growth: JSON events, one in fifty bad", "rows", "CPU s per million rows",
         {"weir": [(name, figures[1] / float(name.replace(",", "")) * 1e6) for name, figures in grown.items()]})
    plot(REPORT.parent / "files-rss.svg", "Growth: peak memory", "rows", "MiB",
         {"weir": [(name, figures[2]) for name, figures in grown.items()]})
    plot(REPORT.parent / "files-rejects.svg", "Rejects: a million JSON events", "bad records", "seconds",
         {"wall": [(n, f[0]) for n, f in bad.items()], "CPU": [(n, f[1]) for n, f in bad.items()]})
    REPORT.write_text(f"""# Files into a table, beside DuckDB

Made by `./dev bench files report` (`bench/files.py`); its first lines say what both sides do. {at}.
Medians of {RUNS}, sides in turns, output checked before a figure counts.

""" + "".join(f"## {title}\n\n{show(found)}\n\n" for title, found in sides) + f"""## Rejects

A million JSON events; each bad one is kept with its bytes, its place and its reason.
One in a hundred bad costs {over:.1f} % more CPU than none.

{show(bad)}

![seconds over the share of bad records](files-rejects.svg)

## Growth

One more million rows costs {step[0]:.2f} CPU s between 10^5 and 10^6 rows, {step[1]:.2f} between 10^6 and 10^7.

{show(grown)}

![CPU seconds per million rows](files-growth.svg)

![peak memory](files-rss.svg)

## Start

`weir run` with nothing new to read: {idle[0] * 1000:.0f} ms wall, {idle[1] * 1000:.0f} ms CPU, {idle[2]:.0f} MiB peak.
""")
    print(f"wrote {REPORT.relative_to(ROOT)}")


def main():
    if sys.argv[1:] == ["report"]:
        report()
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{machine()}; medians of {RUNS}\n")
    for kind in ("ndjson", "csv"):
        beside_duckdb(kind, rows)


if __name__ == "__main__":
    main()
