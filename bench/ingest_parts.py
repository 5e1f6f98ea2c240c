"""The parts of ./dev bench ingest: each serves a project of its own, measures, and checks what it counted."""
import http.client
import json
import pathlib
import random
import subprocess
import time

import ingest_peers
from ingest_server import CLIENT_CORE, ROOT, WEIR, Disk, Project, acknowledged, load, load_command, percentile, pinned

NDJSON_ITEMS = 4_200  # About 1 MB.
EVENT = ('{"event_id":"visible-%d","event_type":"view","user_id":%d,"product_id":7,"price":1.50,'
         '"event_time":"2026-05-01T10:00:00Z","store_id":"S1","note":"as sold at the till"}')


def disk(folder):
    """p50 and p99 of 64 KiB written and synced, in ms: what every acknowledgement waits for at least."""
    with Disk(folder) as one:
        times = one.sync_ms()
    return percentile(times, .5), percentile(times, .99)


def weir(seconds, *more):
    with Project() as project:
        with project.serve() as server:
            loops = load(server.port, "--time", f"{seconds}s", *more)
        project.must_hold(acknowledged(loops))
    return loops


def rates(seconds, rounds):
    """name -> (closed, open) of the round whose closed rate is the median; sides in turns, the disk beside them."""
    sides = {
        "weir serve": lambda: weir(seconds),
        "weir serve, a key each": lambda: weir(seconds, "--keys"),
        "Beast prototype": lambda: ingest_peers.prototype("--time", f"{seconds}s"),
    }
    once = {
        "FastAPI": lambda: ingest_peers.fastapi(seconds, "0"),
        "FastAPI, pydantic": lambda: ingest_peers.fastapi(seconds, "1"),
    }
    taken, syncs = {}, []
    for number in range(rounds):
        syncs.append(disk(ROOT / "build"))
        for name, run in (sides | once if number == 0 else sides).items():
            taken.setdefault(name, []).append(run())
            print(f"{name}: {taken[name][-1][0]['requests_per_second']:,.0f}/s", flush=True)
    middle = {name: sorted(runs, key=lambda loops: loops[0]["requests_per_second"])[len(runs) // 2]
              for name, runs in taken.items()}
    for name, runs in taken.items():
        middle[name][1]["p99_ms"] = sorted(loops[1]["p99_ms"] for loops in runs)[len(runs) // 2]
    return middle, taken, sorted(syncs)[len(syncs) // 2]


def idle_config():
    routes = "".join(f"  http{i}:\n    source: {{ http: {{ route: /in{i}, accept: [json] }} }}\n"
                     f"    contract: {{ columns: {{ id: bigint not null, name: varchar }} }}\n"
                     f"    sink: {{ table: raw.http{i} }}\n" for i in range(10))
    files = "".join(f"  files{i}:\n    source: {{ files: \"in{i}/*.ndjson\", follow: true }}\n"
                    f"    contract: {{ columns: {{ id: bigint not null, name: varchar }} }}\n"
                    f"    sink: {{ table: raw.files{i} }}\n" for i in range(10))
    return f"weir: 1\nname: idle\npipelines:\n{routes}{files}"


def idle(starts=5, seconds=30):
    """20 pipelines, 10 of them behind routes and 10 following files: ready in ms (first start, later ones), MiB, % CPU."""
    first, later = [], []
    for _ in range(starts):
        with Project(config=idle_config()) as project:
            for times in (first, later):
                with project.serve() as server:
                    times.append(server.until_ready() * 1e3)
    with Project(config=idle_config()) as project:
        with project.serve() as server:
            server.until_ready()
            time.sleep(10)
            rss, cpu = server.rss_mib(), server.cpu_seconds()
            time.sleep(seconds)
            cpu = (server.cpu_seconds() - cpu) / seconds * 100
            for i in range(10):
                post(server.port, '{"id": 1}', path=f"/in{i}?ack=committed")
    return {"ready_first_ms": percentile(first, .5), "ready_ms": percentile(later, .5), "rss_mib": rss, "cpu_percent": cpu}


def post(port, body, path="/orders?ack=committed", wanted=200):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == wanted, (answer.status, text)


def bodies(mebibytes, rounds):
    """MB/s of durable NDJSON bodies of 1 MB; what the prototype does with them, and the disk alone with such pieces.
    Medians of so many rounds, sides in turns."""
    def how(mebibytes):
        return ["--items", str(NDJSON_ITEMS), "--connections", "8", "--requests", str(max(8, mebibytes * 1024**2 // 10**6)),
                "--time", "600s", "--open", "0"]

    ours, peers, alone = [], [], []
    for _ in range(rounds):
        with Project() as project:
            with Disk(project.folder) as one:
                alone.append(one.megabytes_per_second(min(mebibytes, 512) << 20))
            with project.serve() as server:
                loops = load(server.port, *how(mebibytes))
            project.must_hold(acknowledged(loops, NDJSON_ITEMS))
        ours.append(loops[0])
        peers.append(ingest_peers.prototype(*how(min(mebibytes, 512)))[0]["megabytes_per_second"])
    ours.sort(key=lambda loop: loop["megabytes_per_second"])
    middle = ours[rounds // 2]
    return {"megabytes_per_second": middle["megabytes_per_second"], "peer_megabytes_per_second": sorted(peers)[rounds // 2],
            "p50_ms": middle["p50_ms"], "p99_ms": middle["p99_ms"], "disk_megabytes_per_second": sorted(alone)[rounds // 2],
            "slowest": ours[0]["megabytes_per_second"], "fastest": ours[-1]["megabytes_per_second"],
            "megabytes": mebibytes * 1.048576}


def seen(project, server, events, begin):
    """ms from the sending of an event to its commit, from when on every new query sees it; every 20th is asked for."""
    generator, times = random.Random(1), []
    for number in range(begin, begin + events):
        time.sleep(generator.expovariate(12))
        begun = time.monotonic()
        post(server.port, EVENT % (number, number))
        times.append((time.monotonic() - begun) * 1e3)
        if number % 20 == 0:
            assert project.rows(f"event_id = 'visible-{number}'") == 1, f"event {number} is not there"
    return times


def visible(commits, events=150):
    """Event -> visible with flush: {every: 100ms}; in a new table, then after so many commits."""
    with Project("every: 100ms") as project:
        with project.serve() as server:
            new = seen(project, server, events, 0)
        project.set_flush("every: 1ms")
        begun = time.monotonic()
        with project.serve() as server:
            for number in range(commits):
                post(server.port, EVENT % (events + number, number))
        each = (time.monotonic() - begun) / max(1, commits) * 1e3
        project.set_flush("every: 100ms")
        with project.serve() as server:
            old = seen(project, server, events, events + commits)
        project.must_hold(2 * events + commits)
    return {"commits": commits, "ms_per_commit": each, "new_p50_ms": percentile(new, .5), "new_p99_ms": percentile(new, .99),
            "p50_ms": percentile(old, .5), "p99_ms": percentile(old, .99)}, {"new": new, "after": old}


def sustained(seconds, rate):
    """So many single events a second for so long: (second, events not committed yet, MiB) once a second."""
    with Project() as project:
        with project.serve() as server:
            client = subprocess.Popen(load_command(server.port, "--time", f"{seconds}s", "--rate", str(rate)),
                                      stdout=subprocess.PIPE, text=True)
            samples, begun = [], time.monotonic()
            while client.poll() is None:
                time.sleep(max(0, begun + len(samples) + 1 - time.monotonic()))
                samples.append((len(samples) + 1, server.lag(), server.rss_mib()))
            out = client.communicate()[0]
        assert client.returncode == 0, out
        loops = json.loads(out)["loops"]
        project.must_hold(acknowledged(loops))
    return samples[:seconds], loops[0]


def restart(mebibytes):
    """Seconds from the start of a server over so much log that nobody committed to its first acknowledgement."""
    with Project("every: 1h, rows: 1000000000, bytes: 1TiB") as project:
        requests = mebibytes * 1024**2 // 2_400
        with project.serve() as server:
            post(server.port, EVENT % (0, 0))  # The next batch is an hour away.
            loops = load(server.port, "--items", "10", "--requests", str(requests), "--time", "600s", "--open", "0")
            log = server.metric("weir_queue_bytes")
            server.kill()
        project.set_flush("every: 500ms")
        with project.serve() as server:
            post(server.port, EVENT % (1, 1), "/orders", 202)
            took = time.monotonic() - server.begun
            while server.metric("weir_queue_bytes") != 0:
                time.sleep(0.2)
            caught_up = time.monotonic() - server.begun
        project.must_hold(acknowledged(loops, 10) + 2)
    return {"log_mebibytes": log / 2**20, "first_ack_s": took, "committed_s": caught_up}


def sweep(folder, requests):
    """System D's benchmark into a folder: sizes of requests, then numbers of clients."""
    with Project() as project:
        with project.serve() as server:
            command = pinned(CLIENT_CORE, [WEIR, "bench", "ingest", "--url", f"http://127.0.0.1:{server.port}/orders",
                                           "--time", "2s", "--requests", str(requests), "--out", str(folder)])
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        rows = [line.split(",") for line in (pathlib.Path(folder) / "sweep.csv").read_text().splitlines()[1:]]
        project.must_hold(sum(int(row[0]) * int(row[2]) for row in rows))
    return (pathlib.Path(folder) / "sweep.md").read_text()
