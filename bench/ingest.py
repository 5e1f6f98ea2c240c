#!/usr/bin/env python3
"""./dev bench ingest [SECONDS]: durable acknowledgements of 250-byte events over HTTP, 64 connections, keep-alive.

Measured one after the other, server pinned to one core and client (weir bench ingest) to another: `weir serve`, with and
without an Idempotency-Key per request; the bare Beast + group-commit prototype of this folder; and FastAPI under uvicorn,
which appends and syncs each event, with and without its pydantic model. For each: a closed loop for the rate, then an
open loop at 70 % of it, where latency counts from the time a request was due. Afterwards each acknowledged event of Weir
is counted in its table. Prints a Markdown table and the ratios to the bars of the issue.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/weir"))
PEER = ROOT / "bench/ingest_peer"
CONFIG = """
weir: 1
name: bench
pipelines:
  orders:
    source: { http: { route: /orders, accept: [json, ndjson] } }
    contract:
      columns:
        event_id: varchar not null
        event_type: varchar not null
        user_id: bigint not null
        product_id: bigint
        price: decimal(10,2)
        event_time: timestamptz not null
        store_id: varchar
        note: varchar
    sink: { table: raw.orders }
"""
SERVER_CORE, CLIENT_CORE = (0, 1) if (os.cpu_count() or 1) > 1 else (0, 0)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def pinned(core, command):
    return ["taskset", "-c", str(core), *command]


class Server:
    """A process that listens, pinned, until the end of the block."""

    def __init__(self, command, port, folder, **environment):
        self.port = port
        self.process = subprocess.Popen(pinned(SERVER_CORE, command), cwd=folder, env={**os.environ, **environment},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server does not listen: " + " ".join(self.process.args))

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def load(port, seconds, *more):
    command = [WEIR, "bench", "ingest", "--json", "--time", f"{seconds}s", "--url", f"http://127.0.0.1:{port}/orders", *more]
    done = subprocess.run(pinned(CLIENT_CORE, command), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["loops"]


def peer_python(cache):
    """FastAPI and its like, in a folder of the cache that belongs to one content of requirements.txt."""
    venv = cache / "ingest-peer"
    mark = venv / "requirements.txt"
    wanted = (PEER / "requirements.txt").read_text()
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
                        "--no-deps", "--require-hashes", "-r", str(PEER / "requirements.txt")], check=True)
        mark.write_text(wanted)
    return str(venv / "bin/python")


def weir(seconds, folder, *more):
    (folder / "weir.yaml").write_text(CONFIG)
    port = free_port()
    with Server([WEIR, "serve", "--listen", f"127.0.0.1:{port}"], port, folder):
        loops = load(port, seconds, *more)
    done = subprocess.run([WEIR, "query", "--json", "select count(*) as n from raw.orders"], cwd=folder, capture_output=True,
                          text=True, check=True)
    counted = json.loads(done.stdout)["rows"][0]["n"]
    acknowledged = sum(loop["statuses"].get("202", 0) for loop in loops)
    if counted != acknowledged:
        raise SystemExit(f"{acknowledged} events were acknowledged, and {counted} are in the table")
    return loops


def prototype(seconds, folder):
    build = ROOT / "build/release"
    subprocess.run(["cmake", "--build", str(build), "--target", "ingest_prototype"], check=True, stdout=subprocess.DEVNULL)
    port = free_port()
    with Server([str(build / "bench/ingest_prototype"), str(port), "log"], port, folder):
        return load(port, seconds)


def fastapi(seconds, folder, checks):
    port = free_port()
    python = peer_python(pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "weir")
    command = [python, "-m", "uvicorn", "app:app", "--port", str(port), "--app-dir", str(PEER), "--no-access-log"]
    with Server(command, port, folder, PEER_LOG=str(folder / "log"), PEER_CHECKS=checks):
        return load(port, seconds)


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    measured = {}
    runs = {
        "weir serve": weir,
        "weir serve, a key each": lambda seconds, folder: weir(seconds, folder, "--keys"),
        "Beast prototype": prototype,
        "FastAPI": lambda seconds, folder: fastapi(seconds, folder, "0"),
        "FastAPI, pydantic": lambda seconds, folder: fastapi(seconds, folder, "1"),
    }
    for name, run in runs.items():
        folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-", dir=ROOT / "build"))
        try:
            measured[name] = run(seconds, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{name}: {measured[name][0]['requests_per_second']:.0f}/s", file=sys.stderr)
    print("| server | events/s | p50 ms | p99 ms | at 70 %: p50 ms | p99 ms | p99.9 ms |\n|---|---|---|---|---|---|---|")
    for name, (closed, opened) in measured.items():
        print(f"| {name} | {closed['requests_per_second']:,.0f} | {closed['p50_ms']:.2f} | {closed['p99_ms']:.2f} | "
              f"{opened['p50_ms']:.2f} | {opened['p99_ms']:.2f} | {opened['p999_ms']:.2f} |")
    rate = {name: loops[0]["requests_per_second"] for name, loops in measured.items()}
    ours = rate["weir serve"]
    print(f"\nweir serve is {ours / rate['FastAPI']:.1f} x FastAPI (bar 12), {ours / rate['Beast prototype']:.2f} x the prototype "
          f"(bar 0.75), with keys {rate['weir serve, a key each'] / rate['Beast prototype']:.2f} x (bar 0.6)")


if __name__ == "__main__":
    main()
