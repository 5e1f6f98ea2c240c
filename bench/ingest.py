#!/usr/bin/env python3
"""Records over HTTP: how fast `weir serve` acknowledges them durably, and what becomes of them.

  ./dev bench ingest [SECONDS]            single 250-byte events, 64 connections, beside the prototype and FastAPI
  ./dev bench ingest idle                 20 idle pipelines: ready, RSS, CPU
  ./dev bench ingest bodies [MIB]         NDJSON bodies of 1 MB beside the disk's own pace (2048)
  ./dev bench ingest visible [COMMITS]    event -> visible to a query, in a new table and after so many commits (1000)
  ./dev bench ingest sustained [SECONDS [RATE]]   half of the peak for so long (60): lag and RSS each second
  ./dev bench ingest restart [MIB]        first acknowledgement after kill -9 with so much log (1024)
  ./dev bench ingest sweep                1 to 10,000 items a request, 1 to 10,000 clients (weir bench ingest --out)
  ./dev bench ingest report               all of it, about 8 minutes; writes docs/benchmarks/ingest.md with plots and raw
                                          numbers. `report try` does little of each, into build/, to see that it works

The server is pinned to one core and the client (weir bench ingest) to another. A rate is that of a closed loop; then
comes an open loop at 70 % of it, where latency counts from the time a request was due. Every part counts what was
acknowledged in the table before a figure counts, and each answer must be the one that is expected.
"""
import pathlib
import sys
import tempfile

import ingest_parts as parts
from measure import machine, plot

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPORT = ROOT / "docs/benchmarks/ingest.md"
# How much of each: seconds and rounds of a rate, seconds, MiB, commits, events, seconds and starts, requests.
WHOLE = {"rates": (4, 3), "sustained": 60, "bodies": (2048, 5), "restart": 1024, "visible": (1000, 150), "idle": (5, 30), "sweep": 1000}
TRY = {"rates": (1, 1), "sustained": 5, "bodies": (32, 1), "restart": 32, "visible": (10, 20), "idle": (1, 3), "sweep": 20}


def table(heads, rows):
    return "\n".join(["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1),
                      *("| " + " | ".join(row) + " |" for row in rows)])


def verdict(what, figure, bar, holds):
    return [what, figure, bar, "holds" if holds else "**does not hold**"]


def rates_text(middle, sync):
    ours, bare = (middle[name][0]["requests_per_second"] for name in ("weir serve", "Beast prototype"))
    keyed, fast = (middle[name][0]["requests_per_second"] for name in ("weir serve, a key each", "FastAPI"))
    shown = table(["server", "events/s", "p50 ms", "p99 ms", "at 70 %: p50 ms", "p99 ms", "p99.9 ms"],
                  [[name, f"{closed['requests_per_second']:,.0f}"] + [f"{figure:.2f}" for figure in (
                      closed["p50_ms"], closed["p99_ms"], opened["p50_ms"], opened["p99_ms"], opened["p999_ms"])]
                   for name, (closed, opened) in middle.items()])
    at_70 = middle["weir serve"][1]["p99_ms"]
    bars = [verdict("events a second, durable", f"{ours / fast:.1f} x FastAPI", "12 x", ours >= 12 * fast),
            verdict("", f"{ours / bare:.2f} x the prototype", "0.75 x", ours >= 0.75 * bare),
            verdict("with an Idempotency-Key each", f"{keyed / bare:.2f} x the prototype", "0.6 x", keyed >= 0.6 * bare),
            verdict("latency at 70 % of peak, open loop", f"p99 {at_70:.1f} ms", "3 ms", at_70 <= 3)]
    return f"{shown}\n\nThe disk alone, 64 KiB written and synced: p50 {sync[0]:.2f} ms, p99 {sync[1]:.2f} ms.", bars


def idle_text(found):
    text = (f"Ready (process start to 200 at `/readyz`) {found['ready_ms']:.0f} ms, the first start of a project "
            f"{found['ready_first_ms']:.0f} ms; {found['rss_mib']:.0f} MiB and {found['cpu_percent']:.2f} % of a core when idle.")
    ready = max(found["ready_ms"], found["ready_first_ms"])
    return text, [verdict("idle, 20 pipelines: ready", f"{ready:.0f} ms", "300 ms", ready <= 300),
                  verdict("idle: RSS", f"{found['rss_mib']:.0f} MiB", "60 MiB", found["rss_mib"] <= 60),
                  verdict("idle: CPU", f"{found['cpu_percent']:.2f} %", "1 %", found["cpu_percent"] < 1)]


def bodies_text(found):
    rate, alone = found["megabytes_per_second"], found["disk_megabytes_per_second"]
    bar = min(alone / 2, 700)
    text = (f"{found['megabytes']:,.0f} MB: {rate:.0f} MB/s (rounds from {found['slowest']:.0f} to {found['fastest']:.0f}; p50 {found['p50_ms']:.1f} ms, "
            f"p99 {found['p99_ms']:.1f} ms for a body); "
            f"the prototype on the same core {found['peer_megabytes_per_second']:.0f} MB/s; "
            f"the disk alone writes and syncs pieces of that size at {alone:.0f} MB/s.")
    return text, [verdict("NDJSON bodies of 1 MB, durable", f"{rate:.0f} MB/s", f"{bar:.0f} MB/s", rate >= bar)]


def visible_text(found):
    text = (f"In a new table p50 {found['new_p50_ms']:.0f} ms, p99 {found['new_p99_ms']:.0f} ms; after {found['commits']:,} commits "
            f"({found['ms_per_commit']:.0f} ms each, one event a commit) p50 {found['p50_ms']:.0f} ms, p99 {found['p99_ms']:.0f} ms.")
    worst = max(found["p99_ms"], found["new_p99_ms"])
    return text, [verdict(f"event to visible, up to {found['commits']:,} commits", f"p99 {worst:.0f} ms", "400 ms", worst <= 400)]


def grown(samples, which):
    """The last third over the middle third."""
    third = max(1, len(samples) // 3)
    mean = [sum(sample[which] for sample in part) / len(part) for part in (samples[third:2 * third], samples[-third:])]
    return mean[1] - mean[0]


def sustained_text(samples, loop):
    lag, rss = grown(samples, 1), grown(samples, 2)
    rate = loop["offered_per_second"]
    text = (f"{rate:,.0f} events/s offered for {len(samples)} s, {loop['requests_per_second']:,.0f} a second acknowledged, p99 "
            f"{loop['p99_ms']:.1f} ms. Not committed yet: at most {max(s[1] for s in samples):,.0f} events, in the last third "
            f"{lag:+,.0f} over the middle one; RSS at most {max(s[2] for s in samples):.0f} MiB, {rss:+.1f} MiB.")
    kept_up = loop["requests_per_second"] >= 0.95 * rate
    steady = kept_up and lag <= 0.5 * rate and rss <= 0.1 * max(s[2] for s in samples)
    return text, [verdict("half of the peak, sustained", f"lag {lag:+,.0f} events, RSS {rss:+.1f} MiB", "no growth", steady)]


def restart_text(found):
    text = (f"{found['log_mebibytes']:,.0f} MiB of log after kill -9: the first acknowledgement {found['first_ack_s']:.2f} s after the "
            f"start of the process, all of it committed after {found['committed_s']:.0f} s.")
    return text, [verdict("restart with 1 GiB of log: first acknowledgement", f"{found['first_ack_s']:.2f} s", "2 s",
                          found["first_ack_s"] <= 2)]


def raw(folder, name, heads, rows):
    path = folder / f"ingest-{name}.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in [heads, *rows]) + "\n")


def raw_rates(folder, taken):
    keys = ["requests_per_second", "mean_ms", "p50_ms", "p95_ms", "p99_ms", "p999_ms", "errors"]
    raw(folder, "rates", ["server", "round", "loop", *keys],
        [[name.replace(",", ""), number, loop["loop"], *(loop[key] for key in keys)]
         for name, runs in taken.items() for number, loops in enumerate(runs) for loop in loops])


def draw(folder, middle, times, samples):
    plot(folder / "ingest-latency.svg", "Latency at 70 % of each server's peak", "", "ms",
         {name: [(label, middle[name][1][key]) for label, key in (("P50", "p50_ms"), ("P95", "p95_ms"), ("P99", "p99_ms"))]
          for name in ("weir serve", "Beast prototype", "FastAPI")})
    shares = (.1, .25, .5, .75, .9, .99)
    plot(folder / "ingest-visible.svg", "Event to visible, flush: {every: 100ms}", "share of events", "ms",
         {name: [(f"{share:.0%}", parts.percentile(values, share)) for share in shares] for name, values in times.items()})
    label = [str(second) if second % 10 == 0 else "" for second, _, _ in samples]
    plot(folder / "ingest-lag.svg", "Half of the peak, sustained: events not committed yet", "second", "events",
         {"lag": [(label[i], sample[1]) for i, sample in enumerate(samples)]})
    plot(folder / "ingest-rss.svg", "Half of the peak, sustained: memory", "second", "MiB",
         {"RSS": [(label[i], sample[2]) for i, sample in enumerate(samples)]})


def report(page, much):
    at = machine()
    page.parent.mkdir(parents=True, exist_ok=True)
    middle, taken, sync = parts.rates(*much["rates"])
    samples, loop = parts.sustained(much["sustained"], middle["weir serve"][0]["requests_per_second"] / 2)
    idle, bodies, restart = parts.idle(*much["idle"]), parts.bodies(*much["bodies"]), parts.restart(much["restart"])
    visible, times = parts.visible(*much["visible"])
    with tempfile.TemporaryDirectory() as folder:
        swept = parts.sweep(folder, much["sweep"])
        for path in pathlib.Path(folder).iterdir():
            if path.suffix != ".md":
                (page.parent / f"ingest-{path.name}").write_text(path.read_text())
    raw_rates(page.parent, taken)
    raw(page.parent, "sustained", ["second", "events_not_committed", "rss_mib"], samples)
    raw(page.parent, "visible", ["table", "ms"], [[name, f"{ms:.1f}"] for name, values in times.items() for ms in values])
    draw(page.parent, middle, times, samples)
    texts = {"Rate and latency": rates_text(middle, sync), "Half of the peak, for a minute": sustained_text(samples, loop),
             "Bodies of 1 MB": bodies_text(bodies), "Event to query": visible_text(visible),
             "Restart": restart_text(restart), "Idle": idle_text(idle)}
    bars = table(["what", "measured", "bar", ""], [bar for _, found in texts.values() for bar in found])
    plots = {"Rate and latency": "![latency](ingest-latency.svg)\n\nRaw: [every round](ingest-rates.csv).",
             "Half of the peak, for a minute": "![lag](ingest-lag.svg)\n\n![memory](ingest-rss.svg)\n\nRaw: [each second](ingest-sustained.csv).",
             "Event to query": "![event to query](ingest-visible.svg)\n\nRaw: [each event](ingest-visible.csv)."}
    body = "".join(f"## {title}\n\n{METHOD[title]}\n\n{text}\n\n" + (plots[title] + "\n\n" if title in plots else "")
                   for title, (text, _) in texts.items())
    page.write_text(f"""# Records over HTTP

Made by `./dev bench ingest report` (`bench/ingest.py`, whose other verbs run one part each). {at}.
Server and client are pinned to a core each; what was acknowledged was counted in the table before a figure counted.

{bars}

{body}## Sizes of requests, and clients at once

`weir bench ingest --out DIR`: 1,000 requests of each size, then two seconds for each number of clients.

{swept}
![latency by size](ingest-sweep-size-latency.svg)

![throughput by size](ingest-sweep-size-rate.svg)

![latency by clients](ingest-sweep-clients-latency.svg)

![throughput by clients](ingest-sweep-clients-rate.svg)

Raw: [the sweep](ingest-sweep.csv).
""")
    print(f"wrote {page}")


METHOD = {
    "Rate and latency": "Single JSON events of 250 bytes over 64 connections that are kept alive, each answered 202 when it is on the\n"
                        "disk. FastAPI under uvicorn appends and syncs each event; the prototype (`bench/ingest_prototype.cc`) is\n"
                        "Boost.Beast and a group commit without routes, checks, keys or recovery. Rates of a closed loop, the median of\n"
                        "three rounds (FastAPI: one), sides in turns; latency at 70 % of it counts from when a request was due, and its\n"
                        "p99 is the median of the rounds. Commits into the table run beside, on the same core.",
    "Half of the peak, for a minute": "An open loop of single events at half of the rate above; the server decodes, checks and commits them meanwhile.",
    "Bodies of 1 MB": "Eight connections; medians of five rounds, sides in turns. The disk's own pace is one writer with one fdatasync for each piece, in a file that was\n"
                      "written with zeros ahead.",
    "Event to query": "From the sending of one event to the end of its commit (`?ack=committed`), from when on every query that begins sees\n"
                      "it; one in twenty is asked for. Events come at random times, twelve a second, with `flush: {every: 100ms}`.",
    "Restart": "The log holds requests of ten events that no batch has read; the server died by kill -9.",
    "Idle": "Ten pipelines behind routes and ten that follow folders. Starts: the median of five, the slower of a project's first\n"
            "and its second; memory after ten seconds, CPU over thirty.",
}


def single(seconds):
    text, bars = rates_text(*(lambda found: (found[0], found[2]))(parts.rates(seconds, 1)))
    return text, bars


def main():
    what, numbers = (sys.argv[1:2] or ["10"])[0], [float(each) for each in sys.argv[2:] if each != "try"]
    number = int(numbers[0]) if numbers else None
    if what == "report":
        trying = sys.argv[2:] == ["try"]
        report(ROOT / "build/bench-ingest/ingest.md" if trying else REPORT, TRY if trying else WHOLE)
        return
    if what == "sweep":
        with tempfile.TemporaryDirectory() as folder:
            print(parts.sweep(folder, number or 1000))
        return
    one = {
        "idle": lambda: idle_text(parts.idle()),
        "bodies": lambda: bodies_text(parts.bodies(number or 2048, 3)),
        "visible": lambda: visible_text(parts.visible(1000 if number is None else number)[0]),
        "sustained": lambda: sustained_text(*parts.sustained(
            number or 60, numbers[1] if len(numbers) > 1 else parts.weir(5)[0]["requests_per_second"] / 2)),
        "restart": lambda: restart_text(parts.restart(number or 1024)),
    }.get(what) or (lambda: single(int(what)))
    text, bars = one()
    print(f"{machine()}\n\n{text}\n\n{table(['what', 'measured', 'bar', ''], bars)}")


if __name__ == "__main__":
    main()
